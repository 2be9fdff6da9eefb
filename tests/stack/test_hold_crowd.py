"""Many `oven hold` processes for few slots, some of which are killed, extended or released.

With `--holds 40` (`make holds`) there are 40 of them.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.clients import Client
from tests.stack.hold_crowd import Crowd, Fate
from tests.stack.ovens import TestOven, running_test_oven
from tests.stack.processes import processes
from tests.stack.test_access import new_user, policy

CAPACITY = 4
LEASE_SECS = 10

SHARES = {
    Fate.KILLED: 10,
    Fate.KILLED_IN_LINE: 5,
    Fate.WORKS_LONG: 5,
    Fate.RELEASED: 5,
    Fate.WORKS: 15,
}
"""Of 40 holders."""

SAME_BATCH_SECS = 3.0
"""Items that are loaded by one write start within this time, in any order."""


@pytest.fixture(scope="module")
def oven() -> Iterator[TestOven]:
    with running_test_oven(CAPACITY) as running:
        yield running


def test_slots_are_never_held_by_more_and_always_come_back(
    oven: TestOven, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    count = int(pytestconfig.getoption("--holds"))
    settings = {**new_user(oven, policy("holder", oven)), "AWS_ENDPOINT_URL": oven.endpoint_url}
    client = Client(oven)
    crowd = Crowd(client, settings, tmp_path, LEASE_SECS)
    fates = {fate: round(share * count / 40) for fate, share in SHARES.items()}

    crowd.run(fates, seed=7)

    print(f"\nholders: { ({fate.value: n for fate, n in fates.items()}) }")  # noqa: T201 - the figures
    print(f"commands at once: {crowd.at_once()} of {CAPACITY}")  # noqa: T201
    print(f"slots of killed holders free after the end of their leases, s: {crowd.late_secs()}")  # noqa: T201
    codes = Counter((holder.fate, holder.process.returncode) for holder in crowd.holders)
    assert codes == {
        (fate, {Fate.WORKS: 0, Fate.WORKS_LONG: 0, Fate.RELEASED: 124}.get(fate, -9)): n
        for fate, n in fates.items()
    }
    assert crowd.at_once() <= CAPACITY
    assert crowd.most_occupied <= CAPACITY
    assert not any(holder.beats() for holder in crowd.holders if holder.fate is Fate.KILLED_IN_LINE)
    assert crowd.overtaken(SAME_BATCH_SECS) == []
    for holder in crowd.holders:
        if holder.fate is Fate.KILLED:
            assert holder.lease_ends_at is not None
            assert holder.ended_by_us_at is not None
            # No extension of its was under way for longer.
            assert holder.lease_ends_at < holder.ended_by_us_at + LEASE_SECS + 2
    killed = {h.item_id for h in crowd.holders if h.fate in (Fate.KILLED, Fate.KILLED_IN_LINE)}
    assert {json.loads(letter.body)["id"] for letter in client.dead} == killed
    assert not [found for found in processes() if str(tmp_path) in found.command]
