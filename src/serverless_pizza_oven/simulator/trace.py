"""Prints what happens in a schedule, line by line."""

from collections.abc import Callable, Sequence
from typing import Any

from pizza_oven.execution import Execution
from pizza_oven.item import Item
from pizza_oven.messages import DeadLetter, WaitingMessage
from pizza_oven.row import Counts, Lease, Refused, Row
from pizza_oven.settlement import Settlement
from serverless_pizza_oven.simulator.executions import Baking
from serverless_pizza_oven.simulator.invariants import Invariants
from serverless_pizza_oven.simulator.loop import SECOND, START
from serverless_pizza_oven.simulator.queue_messages import Delivery


class Trace(Invariants):
    """Invariants that also keep a line for each thing that happens."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def send(self, body: str) -> None:
        self._add("sender", f"sends {body!r}")
        super().send(body)

    def set_capacity(self, capacity: int) -> None:
        self._add("deployment", f"the capacity is {capacity}")
        super().set_capacity(capacity)

    def request_landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        shown = ", ".join(_shown(arg) for arg in args)
        self._add(actor, f"{action}({shown})" + ("" if answer is None else f" -> {_shown(answer)}"))
        super().request_landed(actor, action, args, answer)

    def fault_happened(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        shown = ", ".join(_shown(arg) for arg in args)
        self._add(actor, f"! {fault.replace('_', ' ')}: {action}({shown})")
        super().fault_happened(actor, fault, action, args)

    def event_lost(self, baking: Baking) -> None:
        self._add("EventBridge", f"loses the event that {baking.item.id} is {baking.status}")
        super().event_lost(baking)

    def batch_delivered(self, actor: str, batch: Sequence[Delivery]) -> None:
        messages = ", ".join(f"{received.body} ({received.receive_count}.)" for received in batch)
        self._add(actor, f"is invoked with {messages}")
        super().batch_delivered(actor, batch)

    def batch_handled(self, batch: Sequence[Delivery], error: str) -> None:
        kept = [received.body for received in batch if not received.stored.deleted]
        outcome = f"come again: {', '.join(kept)}" if kept else "all messages are handled"
        self._add(self._actors[batch[0].id], f"ends; {error or outcome}")
        super().batch_handled(batch, error)

    def execution_redriven(self, baking: Baking) -> None:
        self._add("operator", f"has {baking.item.id} redriven")
        super().execution_redriven(baking)

    def execution_ended(self, baking: Baking) -> None:
        self._add(baking.item.id, f"its execution is {baking.status}")
        super().execution_ended(baking)

    def item_baked(self, item: Item) -> None:
        self._add(item.id, "is out")
        super().item_baked(item)

    def _add(self, actor: str, text: str) -> None:
        secs = (self._world.loop.now - START) / SECOND
        self.lines.append(f"{secs:11.6f}  {actor:14}  {text}")


def _since_start(secs: float) -> str:
    return f"{secs - START / SECOND:.3f}"


def _settlement(settlement: Settlement) -> str:
    """The parts that are not empty."""
    parts = {
        "loads": settlement.loads,
        "joining": settlement.joining,
        "served": [f"#{sequence}" for sequence in settlement.served.sequences],
        "next size": settlement.clear_wake_up_unless_fits,
    }
    return ", ".join(f"{name} {_shown(part)}" for name, part in parts.items() if part)


_SHOWN: dict[type, Callable[[Any], str]] = {
    Refused: lambda refused: f"refused: {_shown(refused.row)}",
    Counts: lambda counts: f"[{counts.occupied} occupied, {counts.waiting} waiting]",
    Settlement: _settlement,
    Row: lambda row: f"[{row.occupied} occupied, {row.waiting} waiting, leased: {_shown(row.leases)}]",
    Lease: lambda lease: f"{lease.size} until {_since_start(lease.until)}",
    Item: lambda item: item.id,
    Execution: lambda execution: f"{execution.status}, started at {_since_start(execution.started_at)}",
    WaitingMessage: lambda message: f"{message.body} (#{message.sequence})",
    DeadLetter: lambda letter: f"{letter.body!r} because {letter.reason!r}",
    dict: lambda entries: f"{{{', '.join(f'{key}: {_shown(entry)}' for key, entry in entries.items())}}}",
    list: lambda entries: f"[{', '.join(map(_shown, entries))}]",
    float: _since_start,
}


def _shown(value: Any) -> str:
    return _SHOWN.get(type(value), repr)(value)
