"""The newest of each kind of news, for as many pages as there are."""

import asyncio
import threading
from collections.abc import AsyncIterator

Waker = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Board:
    """One thread posts, pages read. Who reads slowly misses what is not the newest any more.

    So it holds one event of each kind, however many pages there are and however slow they are.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._events: dict[str, tuple[int, bytes]] = {}
        self._posted = 0
        self._readers: set[Waker] = set()
        self._watched = threading.Event()

    def post(self, kind: str, event: bytes, instead_of: str | None = None) -> None:
        """Show an event to all pages, those that come later included, until there is another of its kind.

        One that stood `instead_of` this is taken down.
        """
        with self._lock:
            self._posted += 1
            self._events[kind] = (self._posted, event)
            if instead_of:
                self._events.pop(instead_of, None)
            self._wake()

    def wait_for_readers(self, secs: float | None = None) -> bool:
        """Wait until somebody reads, but no longer than that. Returns whether anybody does."""
        return self._watched.wait(secs) and not self.closed.is_set()

    def close(self) -> None:
        """All pages come to their end."""
        with self._lock:
            self.closed.set()
            self._watched.set()
            self._wake()

    async def read(self) -> AsyncIterator[bytes]:
        """The events that stand here, the oldest first, and then each new one, until the board is closed."""
        reader = (asyncio.get_running_loop(), asyncio.Event())
        self._come(reader)
        try:
            seen = 0
            while not self.closed.is_set():
                reader[1].clear()
                events, seen = self._after(seen)
                for event in events:
                    yield event
                await reader[1].wait()
        finally:
            self._go(reader)

    def _after(self, seen: int) -> tuple[list[bytes], int]:
        with self._lock:
            news = sorted(event for event in self._events.values() if event[0] > seen)
            return [event for _, event in news], self._posted

    def _come(self, reader: Waker) -> None:
        with self._lock:
            self._readers.add(reader)
            self._watched.set()
            if self.closed.is_set():
                reader[1].set()

    def _go(self, reader: Waker) -> None:
        with self._lock:
            self._readers.discard(reader)
            if not self._readers and not self.closed.is_set():
                self._watched.clear()

    def _wake(self) -> None:
        for loop, event in self._readers:
            loop.call_soon_threadsafe(event.set)
