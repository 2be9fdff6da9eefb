"""Observers of a world: they are called with what happens in it."""

from collections.abc import Sequence
from typing import Any

from pizza_oven.item import Item
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.queue_messages import Delivery


class Observer:
    """Called with each event of a world. Each method does nothing until it is overridden."""

    sees_requests = True
    """Whether requests are reported even in a world without faults. That takes time."""

    def request_landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        """A request of a function instance has just taken effect."""

    def fault_happened(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        """A fault happens to a request of a function instance."""

    def event_lost(self, baking: Baking) -> None:
        """EventBridge does not deliver the event that an execution has failed."""

    def batch_delivered(self, actor: str, batch: Sequence[Delivery]) -> None:
        """An instance of Bake Items is invoked with a batch of New Items."""

    def batch_handled(self, batch: Sequence[Delivery], error: str) -> None:
        """Bake Items has ended. The messages of the batch are deleted, or will be visible again."""

    def execution_started(self, baking: Baking) -> None:
        """An execution has started."""

    def execution_redriven(self, baking: Baking) -> None:
        """An operator redrives a failed execution."""

    def execution_ended(self, baking: Baking) -> None:
        """An execution has ended."""

    def owner_told(self, item_id: str, until: float) -> None:
        """A task of a user's workflow is told that its item has slots until then, in seconds since 1970."""

    def item_baked(self, item: Item) -> None:
        """An item has arrived in Baked Items."""
