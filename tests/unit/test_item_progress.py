"""What is said of an item that is held."""

import pytest

from pizza_oven.row import Lease
from serverless_pizza_oven.cli.item_progress import told
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.baking_item import BakingItem
from serverless_pizza_oven.operations.hold_requests import LeaseSighting
from serverless_pizza_oven.operations.hold_timing import term_of
from serverless_pizza_oven.operations.item_lookup import HoldReport, ItemReport, ItemStage

NOW = 1_700_000_000.0
LASTING, ENDED = Lease(2, NOW + 60, 1), Lease(2, NOW - 1, 1, ended=True)


@pytest.mark.parametrize(
    ("lease", "said"),
    [
        (LASTING, "is held by anna, in 2 slots, until"),
        (ENDED, "was held by anna, in 2 slots. Its lease has ended, and its slots are being freed"),
    ],
)
def test_a_lease_that_has_ended_is_told_from_one_that_lasts(lease: Lease, said: str) -> None:
    baking = BakingItem.of("seat", lease)
    found = ItemReport("seat", ItemStage.BAKING, NOW - 30, baking, hold=HoldReport("anna", 1))

    assert told(found, NOW, Stack("spo", {})).startswith(said)


def test_a_lease_that_has_ended_is_no_term_of_its_holder() -> None:
    assert term_of(LeaseSighting(LASTING, NOW), asked_at=0) is not None
    assert term_of(LeaseSighting(ENDED, NOW), asked_at=0) is None
