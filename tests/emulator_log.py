"""The log of an emulator under test."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def clean_log() -> Iterator[Path]:
    """Yields a file for an emulator's log. Fails at the end of the block if the log has a traceback."""
    with tempfile.TemporaryDirectory(prefix="emulator-log-") as folder:
        log = Path(folder) / "log"
        yield log
        written = log.read_text(errors="replace")
        assert "Traceback" not in written, f"the emulator's log has a traceback:\n{written}"
