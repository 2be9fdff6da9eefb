"""Looks at the oven while somebody looks at a page."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sse_starlette import ServerSentEvent

from pizza_oven.errors import PizzaOvenError
from serverless_pizza_oven.errors import describe_error
from serverless_pizza_oven.operations.status import Status
from serverless_pizza_oven.web.board import Board
from serverless_pizza_oven.web.figures import LiveFigures
from serverless_pizza_oven.web.watched_oven import WatchedOven

POLL_EVERY_SECS = 1.0
"""At most so often, for all pages together."""

RETRY_EVERY_SECS = 2.0
"""While the oven does not answer."""

PEEK_EVERY_SECS = 10.0
"""How often the dead letters are read, at most: who receives them hides them from others for a moment."""

NO_LETTERS: dict[str, Any] = {"letters": [], "letterNote": "There are none."}


class StatusPoller:
    """Asks an oven, and posts what it sees: a `look`, or what the `trouble` is."""

    def __init__(
        self,
        oven: WatchedOven,
        board: Board,
        figures: LiveFigures,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """The `timer` tells seconds, of whatever origin."""
        self._oven = oven
        self._board = board
        self._figures = figures
        self._timer = timer
        self._letters = NO_LETTERS
        self._peeked_at = -PEEK_EVERY_SECS
        self._peeked_dead: int | None = 0

    def run(self) -> None:
        """Go on until the board is closed."""
        while self._board.wait_for_readers():
            began = self._timer()
            every = POLL_EVERY_SECS if self.look() else RETRY_EVERY_SECS
            self._board.closed.wait(max(began + every - self._timer(), 0))

    def look(self) -> bool:
        """Look once. Returns whether the oven answered, and made sense."""
        try:
            status = self._oven.look()
            self._peek(status)
            seen = event("look", {**self._figures.take(status), **self._letters})
        except Exception as error:
            # Also what nobody thought of, from whatever answers there: this thread ends with the page alone.
            self._board.post(event("trouble", {"said": describe_error(error)}))
            return False
        self._board.post(seen)
        return True

    def _peek(self, status: Status) -> None:
        """Read some dead letters, if there are more or fewer than last time."""
        dead = status.depths.dead
        if dead == self._peeked_dead or self._timer() < self._peeked_at + PEEK_EVERY_SECS:
            return
        # What fails is tried again, whatever their number.
        self._peeked_at, self._peeked_dead = self._timer(), None
        try:
            self._letters = self._read_letters() if dead else NO_LETTERS
        except PizzaOvenError as error:
            # Who may see the numbers alone still sees those.
            self._letters = {"letters": [], "letterNote": f"They cannot be read: {error}"}
        else:
            self._peeked_dead = dead

    def _read_letters(self) -> dict[str, Any]:
        return {"letters": [asdict(letter) for letter in self._oven.letters()], "letterNote": ""}


def event(kind: str, data: Any) -> bytes:
    """A server-sent event. JSON has no line breaks, so it is one line of data."""
    return ServerSentEvent(json.dumps(data, separators=(",", ":")), event=kind).encode()
