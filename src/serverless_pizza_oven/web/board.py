"""The newest event, for any number of open pages."""

import asyncio
import threading
from collections.abc import AsyncIterator

Waker = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Board:
    """One thread posts events, and pages read them. A slow page skips all but the newest event.

    So the board holds one event for any number of pages, and none without a page.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._newest: bytes | None = None
        self._posted = 0
        self._readers: set[Waker] = set()
        self._watched = threading.Event()

    def post(self, event: bytes) -> None:
        """Give an event to all open pages, and to pages that open before the next event."""
        with self._lock:
            self._posted += 1
            self._newest = event if self._readers else None
            self._wake()

    def wait_for_readers(self, secs: float | None = None) -> bool:
        """Wait up to `secs` until a page is open. Returns whether one is."""
        return self._watched.wait(secs) and not self.closed.is_set()

    def close(self) -> None:
        """End the events of all pages."""
        with self._lock:
            self.closed.set()
            self._watched.set()
            self._wake()

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the newest event, and then each new one, until the board is closed."""
        posted_anew = asyncio.Event()
        reader = (asyncio.get_running_loop(), posted_anew)
        self._add(reader)
        try:
            seen = 0
            while not self.closed.is_set():
                posted_anew.clear()
                event, posted = self._newest_event()
                if event is not None and posted > seen:
                    yield event
                seen = posted
                await posted_anew.wait()
        finally:
            self._remove(reader)

    def _newest_event(self) -> tuple[bytes | None, int]:
        with self._lock:
            return self._newest, self._posted

    def _add(self, reader: Waker) -> None:
        with self._lock:
            self._readers.add(reader)
            self._watched.set()

    def _remove(self, reader: Waker) -> None:
        with self._lock:
            self._readers.discard(reader)
            if not self._readers and not self.closed.is_set():
                self._watched.clear()
                self._newest = None

    def _wake(self) -> None:
        for loop, posted_anew in self._readers:
            loop.call_soon_threadsafe(posted_anew.set)
