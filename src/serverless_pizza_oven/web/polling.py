"""Reads the status of an oven while a page is open, and posts it on the board."""

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
"""The interval between two reads, for all pages together."""

RETRY_EVERY_SECS = 2.0
"""The interval while the oven does not answer."""

DEAD_LETTERS_EVERY_SECS = 10.0
"""The least interval between two reads of dead letters. A read hides them from others for a moment."""

NO_DEAD_LETTERS: dict[str, Any] = {"letters": [], "letterNote": "There are none."}


class StatusPoller:
    """Reads an oven, and posts the event `look` with its status, or `trouble` with the error."""

    def __init__(
        self,
        oven: WatchedOven,
        board: Board,
        figures: LiveFigures,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """The `timer` returns seconds from any origin."""
        self._oven = oven
        self._board = board
        self._figures = figures
        self._timer = timer
        self._dead_letters = NO_DEAD_LETTERS
        self._dead_letters_read_at = -DEAD_LETTERS_EVERY_SECS
        self._dead_letters_read: int | None = 0
        """The number of dead letters at the last read. None if it failed."""

    def run(self) -> None:
        """Poll until the board is closed."""
        while self._board.wait_for_readers():
            began = self._timer()
            every = POLL_EVERY_SECS if self.poll() else RETRY_EVERY_SECS
            self._board.closed.wait(max(began + every - self._timer(), 0))

    def poll(self) -> bool:
        """Read the oven once. Returns whether that succeeded."""
        try:
            status = self._oven.read_status()
            self._update_dead_letters(status)
            posted = event("look", {**self._figures.add(status), **self._dead_letters})
        except Exception as error:
            # Catch unexpected errors, too: this thread must run as long as the page.
            self._board.post(event("trouble", {"said": describe_error(error)}))
            return False
        self._board.post(posted)
        return True

    def _update_dead_letters(self, status: Status) -> None:
        """Read dead letters if their number has changed."""
        count = status.depths.dead
        next_read_at = self._dead_letters_read_at + DEAD_LETTERS_EVERY_SECS
        if count == self._dead_letters_read or self._timer() < next_read_at:
            return
        # None until it succeeds, so that a failed read is tried again.
        self._dead_letters_read_at, self._dead_letters_read = self._timer(), None
        try:
            self._dead_letters = self._read_dead_letters() if count else NO_DEAD_LETTERS
        except PizzaOvenError as error:
            # A user who may only see the numbers still sees them.
            self._dead_letters = {"letters": [], "letterNote": f"They cannot be read: {error}"}
        else:
            self._dead_letters_read = count

    def _read_dead_letters(self) -> dict[str, Any]:
        return {"letters": [asdict(letter) for letter in self._oven.read_dead_letters()], "letterNote": ""}


def event(kind: str, data: Any) -> bytes:
    """A server-sent event. JSON contains no line breaks, so the data is one line."""
    return ServerSentEvent(json.dumps(data, separators=(",", ":")), event=kind).encode()
