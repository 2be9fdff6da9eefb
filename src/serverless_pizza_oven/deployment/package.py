"""Build the functions' package: the oven and its libraries. The same code makes the same bytes."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

import pizza_oven
from serverless_pizza_oven.errors import ToolError

SHIPPED = ("aws-lambda-powertools",)
"""What the oven imports besides botocore, which the Lambda runtime has."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackageError(ToolError):
    """A library that the functions need is not installed."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file for S3."""

    content: bytes
    suffix: str

    @property
    def key(self) -> str:
        """A name that changes with the content."""
        return f"pizza-oven-{hashlib.sha256(self.content).hexdigest()[:16]}.{self.suffix}"


def build_package(oven: Path | None = None) -> StoredFile:
    """Zip the oven (the installed one, if none is given) and its libraries. Raises PackageError."""
    files = dict(_oven_files(oven or Path(pizza_oven.__path__[0])))
    for name in _with_dependencies(SHIPPED):
        files.update(_library_files(name))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Lambda runs as another user than the one who built the zip.
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            package.writestr(entry, files[name].read_bytes())
    return StoredFile(archive.getvalue(), "zip")


def _oven_files(root: Path) -> Iterator[tuple[str, Path]]:
    for path in root.rglob("*.py"):
        yield f"pizza_oven/{path.relative_to(root).as_posix()}", path


def _with_dependencies(names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needed = map(Requirement, requires(name) or [])
        except PackageNotFoundError as error:
            raise PackageError(f"the functions need {name}: install it with pip install {name}") from error
        waiting += [
            need.name for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return found


def _library_files(name: str) -> Iterator[tuple[str, Path]]:
    for file in distribution(name).files or []:
        if file.suffix == ".py" and ".." not in file.parts:
            yield file.as_posix(), Path(str(file.locate()))
