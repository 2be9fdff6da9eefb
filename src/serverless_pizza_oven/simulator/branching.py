"""Takes the choices of a run in every combination: a run follows a path of choices and finds the other
paths."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from serverless_pizza_oven.simulator.loop import Entry, Loop


class StateSeenError(BaseException):
    """This state was explored already."""


@dataclass(slots=True)
class Choices:
    """Follows a given path, then takes the first option of each choice, and collects the other paths."""

    path: list[int]
    seen: set[int]
    """The states in which a choice was made, in this run or in an earlier one."""
    state: Callable[[], int] = lambda: 0
    """Returns the present state of the world as a number."""
    taken: list[int] = field(default_factory=list)
    untried: list[list[int]] = field(default_factory=list)

    def choose(self, count: int, here: object = None) -> int:
        """Choose one of `count` options. `here` tells apart the choices that are made in one state.

        Raises StateSeenError if all options were explored from this state.
        """
        option = 0
        if len(self.taken) < len(self.path):
            option = self.path[len(self.taken)]
        else:
            state = hash((self.state(), here))
            if state in self.seen:
                raise StateSeenError
            self.seen.add(state)
            self.untried += [[*self.taken, other] for other in range(1, count)]
        self.taken.append(option)
        return option


class BranchingLoop(Loop):
    """Calls that are due at the same moment happen in an order that is chosen.

    Calls with a name in `first` are not part of the choice: they happen before the others.
    """

    def __init__(self, choices: Choices, first: frozenset[str]) -> None:
        super().__init__()
        self._choices = choices
        self._first = first

    def step(self, until: int) -> bool:
        agenda = self._agenda
        if not self._soon and agenda and agenda[0][0] <= until:
            moment = agenda[0][0]
            due: list[Entry] = []
            while agenda and agenda[0][0] == moment:
                due.append(heappop(agenda))
            self.now = moment
            for entry in due:
                heappush(agenda, entry)
            if len(due) > 1:
                first = next((entry for entry in due if entry[2].__qualname__ in self._first), None)
                chosen = first or due[self._choices.choose(len(due))]
                agenda.remove(chosen)
                # With the smallest number, it is the next call.
                heappush(agenda, (moment, due[0][1] - 1, *chosen[2:]))
                agenda.sort()
        return super().step(until)

    def agenda(self) -> list[Entry]:
        """The calls that are due, in order."""
        return sorted(self._agenda)
