"""The real adapters and the real SDK, with faults in AWS's own wire format between functions and services.

An item may come out twice if an answer was lost: the oven delivers at least once. The test prints how often
(`make faults`).
"""

import contextlib
import json
import random
import sys
import time
from collections.abc import Iterator

import pytest

from tests.stack.clients import Client, ids, pizza
from tests.stack.ovens import TestOven, changed_variables, running_test_oven
from tests.wire.faulty_network import THROTTLES, FaultyNetwork, faulty_network

CAPACITY = 14


@contextlib.contextmanager
def connected(oven: TestOven, network: FaultyNetwork) -> Iterator[None]:
    """Route the functions' requests through the network."""
    with contextlib.ExitStack() as changes:
        for function in ("BakeItems", "ItemRemoved"):
            name = oven.stack.outputs[f"{function}FunctionName"]
            changes.enter_context(changed_variables(oven.aws, name, AWS_ENDPOINT_URL=network.endpoint_url))
        yield


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
        with faulty_network(oven.endpoint_url, share, seed=count) as network, connected(oven, network):
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
