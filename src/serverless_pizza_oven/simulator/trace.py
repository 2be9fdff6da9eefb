"""What happened in a schedule, told so that a person can follow it."""

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
from serverless_pizza_oven.simulator.memory_queues import Received


class Trace(Invariants):
    """Invariants that also keep a line for each thing that happened."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def send(self, body: str) -> None:
        self._tell("sender", f"sends {body!r}")
        super().send(body)

    def lower(self, capacity: int) -> None:
        self._tell("deployment", f"the capacity is {capacity}")
        super().lower(capacity)

    def landed(self, actor: str, action: str, args: tuple[Any, ...], answer: Any) -> None:
        told = ", ".join(_shown(arg) for arg in args)
        self._tell(actor, f"{action}({told})" + ("" if answer is None else f" -> {_shown(answer)}"))
        super().landed(actor, action, args, answer)

    def struck(self, actor: str, fault: str, action: str, args: tuple[Any, ...]) -> None:
        told = ", ".join(_shown(arg) for arg in args)
        self._tell(actor, f"! {fault.replace('_', ' ')}: {action}({told})")
        super().struck(actor, fault, action, args)

    def happened(self, what: str) -> None:
        self._tell("", what)
        super().happened(what)

    def delivered(self, actor: str, batch: Sequence[Received]) -> None:
        messages = ", ".join(f"{received.body} ({received.receive_count}.)" for received in batch)
        self._tell(actor, f"is invoked with {messages}")
        super().delivered(actor, batch)

    def done_with(self, batch: Sequence[Received], error: str) -> None:
        come_again = [received.body for received in batch if not received.letter.gone]
        told = f"come again: {', '.join(come_again)}" if come_again else "all messages are handled"
        self._tell(self._actors[batch[0].id], f"ends; {error or told}")
        super().done_with(batch, error)

    def closed(self, baking: Baking) -> None:
        self._tell(baking.item.id, f"its execution is {baking.status}")
        super().closed(baking)

    def baked(self, item: Item) -> None:
        self._tell(item.id, "is out")
        super().baked(item)

    def _tell(self, who: str, what: str) -> None:
        secs = (self._world.loop.now - START) / SECOND
        self.lines.append(f"{secs:11.6f}  {who:14}  {what}")


def _since_start(secs: float) -> str:
    return f"{secs - START / SECOND:.3f}"


def _settlement(settlement: Settlement) -> str:
    """Its parts that are not empty."""
    parts = {
        "loads": settlement.loads,
        "joining": settlement.joining,
        "served": [f"#{sequence}" for sequence in settlement.served.sequences],
        "next size": settlement.next_size,
    }
    return ", ".join(f"{name} {_shown(part)}" for name, part in parts.items() if part)


_SHOWN: dict[type, Callable[[Any], str]] = {
    Refused: lambda refused: f"refused: {_shown(refused.row)}",
    Counts: lambda counts: f"[{counts.occupied} occupied, {counts.waiting} waiting]",
    Settlement: _settlement,
    Row: lambda row: f"[{row.occupied} occupied, {row.waiting} waiting, leased: {_shown(row.leases)}]",
    Lease: lambda lease: f"{lease.size} until {_since_start(lease.until)}",
    Item: lambda item: item.id,
    Execution: lambda execution: f"{execution.status}, begun at {_since_start(execution.started_at)}",
    WaitingMessage: lambda waiting: f"{waiting.body} (#{waiting.sequence})",
    DeadLetter: lambda letter: f"{letter.body!r} because {letter.reason!r}",
    dict: lambda entries: f"{{{', '.join(f'{key}: {_shown(entry)}' for key, entry in entries.items())}}}",
    list: lambda entries: f"[{', '.join(map(_shown, entries))}]",
    float: _since_start,
}


def _shown(value: Any) -> str:
    return _SHOWN.get(type(value), repr)(value)
