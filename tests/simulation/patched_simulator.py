"""The simulator and the oven's code, loaded once more, with one source file changed.

All modules of both are loaded anew, so that they know each other and none of the ordinary ones: an error that
the new transport raises is the error that the new functions catch.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

import pizza_oven
import serverless_pizza_oven

PACKAGES = {
    package.__name__: Path(str(package.__file__)).parent for package in (pizza_oven, serverless_pizza_oven)
}

OVEN = PACKAGES["pizza_oven"]
SIMULATOR = PACKAGES["serverless_pizza_oven"] / "simulator"


class PatchedSimulator:
    """The modules of a separate simulator. Their classes differ from those that a test imports."""

    def __init__(self, texts: Mapping[Path, str]) -> None:
        """Load all modules, with these texts instead of the contents of some files."""
        with _fresh_modules(texts):
            self.schedules = import_module("serverless_pizza_oven.simulator.schedules")
            self.exploration = import_module("serverless_pizza_oven.simulator.exploration")
            self.scenarios = import_module("serverless_pizza_oven.simulator.scenarios")
            self.small_world = import_module("serverless_pizza_oven.simulator.small_world")


@contextmanager
def _fresh_modules(texts: Mapping[Path, str]) -> Iterator[None]:
    """Has imports load modules of both packages anew, and then forgets those that were loaded."""
    ordinary = _take_out()
    # An empty package: the real one loads the client and the SDK, which are not needed here.
    tools = ModuleType("serverless_pizza_oven")
    tools.__path__ = [str(PACKAGES["serverless_pizza_oven"])]
    sys.modules["serverless_pizza_oven"] = tools
    finder = _SourceFinder(texts)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _take_out()
        sys.modules.update(ordinary)


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


class _SourceFinder(MetaPathFinder):
    """Finds the modules of both packages in their source files."""

    def __init__(self, texts: Mapping[Path, str]) -> None:
        self._texts = texts

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        package, *rest = name.split(".")
        if package not in PACKAGES:
            return None
        place = PACKAGES[package].joinpath(*rest)
        is_package = place.is_dir()
        file = place / "__init__.py" if is_package else place.with_suffix(".py")
        return spec_from_loader(name, _SourceLoader(file, self._texts.get(file)), is_package=is_package)


class _SourceLoader(InspectLoader):
    """Loads a module from a source file, or from another text in its place."""

    def __init__(self, file: Path, text: str | None) -> None:
        self._file = file
        self._text = text

    def get_source(self, _name: str) -> str:
        return self._file.read_text(encoding="utf-8") if self._text is None else self._text

    def get_code(self, name: str) -> CodeType:
        if self._text is None:
            return _compiled(self._file)
        return compile(self.get_source(name), self._file, "exec")


@cache
def _compiled(file: Path) -> CodeType:
    """The code of an unchanged file: the same for every mutant."""
    return compile(file.read_text(encoding="utf-8"), file, "exec")
