"""The real adapters and the real SDK, with faults in AWS's own wire format between functions and services.

An item may come out twice if an answer was lost: the oven delivers at least once. The test prints how often
(`make faults`).
"""

import json
import random
import sys
import time

import pytest

from tests.stack.clients import Client, ids, pizza
from tests.stack.ovens import TestOven, running_test_oven
from tests.wire.faulty_network import THROTTLES, FaultyNetwork, faulty_network

CAPACITY = 14


def connect(oven: TestOven, network: FaultyNetwork) -> None:
    """Route the functions' requests through the network."""
    functions = oven.aws.lambda_functions
    for function in ("BakeItems", "ItemRemoved"):
        name = oven.stack.outputs[f"{function}FunctionName"]
        settings = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": settings | {"AWS_ENDPOINT_URL": network.endpoint_url}},
        )


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_faults_lose_no_item_overfill_no_oven_and_leave_nothing(
    share: float, request: pytest.FixtureRequest
) -> None:
    count = request.config.getoption("--items")
    begun = time.monotonic()
    chooser = random.Random(count)
    items = [
        pizza(f"item-{n}", secs=chooser.randint(0, 2), size=chooser.choice((1, 1, 2, 3)))
        for n in range(count)
    ]

    # The proxy is another host than the one that the requests were signed for.
    with running_test_oven(CAPACITY, enforce_iam=False) as oven:
        client = Client(oven)
        with faulty_network(oven.endpoint_url, share, seed=count) as network:
            connect(oven, network)
            client.send(*items)
            client.collect_after_crashes(items)
            requests, faults = network.requests(), network.faults()

        assert client.baked_ids == ids(items)
        assert client.dead == []
        assert client.fullest() <= CAPACITY
        assert client.bakings().keys() == set(ids(items))
    assert requests.keys() == THROTTLES.keys()
    assert faults
    figures = {
        "items": count,
        "requests": requests.total(),
        "faults": faults.total(),
        "copies": len(client.copies),
        "seconds": round(time.monotonic() - begun),
        "kinds": dict(faults.most_common()),
    }
    sys.stderr.write(f"{json.dumps(figures)}\n")
