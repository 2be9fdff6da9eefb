"""The newest news, for as many pages as there are."""

import asyncio
import threading
from collections.abc import AsyncIterator

Waker = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Board:
    """One thread posts, pages read. Who reads slowly misses what is not the newest any more.

    So it holds one event, however many pages there are and however slow they are; and none without pages.
    """

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._newest: bytes | None = None
        self._posted = 0
        self._readers: set[Waker] = set()
        self._watched = threading.Event()

    def post(self, event: bytes) -> None:
        """Show an event to all pages, and to those that come before the next one."""
        with self._lock:
            self._posted += 1
            self._newest = event if self._readers else None
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
        """The newest event, and then each new one, until the board is closed."""
        news = asyncio.Event()
        reader = (asyncio.get_running_loop(), news)
        self._come(reader)
        try:
            seen = 0
            while not self.closed.is_set():
                news.clear()
                event, posted = self._look()
                if event is not None and posted > seen:
                    yield event
                seen = posted
                await news.wait()
        finally:
            self._go(reader)

    def _look(self) -> tuple[bytes | None, int]:
        with self._lock:
            return self._newest, self._posted

    def _come(self, reader: Waker) -> None:
        with self._lock:
            self._readers.add(reader)
            self._watched.set()

    def _go(self, reader: Waker) -> None:
        with self._lock:
            self._readers.discard(reader)
            if not self._readers and not self.closed.is_set():
                self._watched.clear()
                self._newest = None

    def _wake(self) -> None:
        for loop, news in self._readers:
            loop.call_soon_threadsafe(news.set)
