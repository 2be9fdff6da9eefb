"""Wrong usage in our own words: what an option takes, by the range it was declared with."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.text import plain

Parsing: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""Click's usage errors. Typer has brought that class under several names."""


@contextmanager
def usage_errors(command: str, within: str = "") -> Iterator[None]:
    """Raise as our own, in one line, what Click finds wrong with the options of a command.

    Where they stand `within` another option, that is named, too.
    """
    try:
        yield
    except Parsing as error:
        path = error.ctx.command_path if error.ctx else command
        raise UsageError(f"{within}{_told(error)} (see {path} --help)") from error


def _told(error: Any) -> str:
    parameter, given = getattr(error, "param", None), _given(error)
    taken = _taken(error.ctx.command.callback, parameter.name) if parameter and error.ctx else ""
    if not taken or given is None:
        return plain(error.format_message()).rstrip(".")
    return f"{_name(parameter)} takes {taken}, not {plain(str(given)) or repr('')}"


def _given(error: Any) -> object:
    """The value that Pydantic refused, which reads them all for Typer."""
    refused = getattr(error.__cause__, "errors", None)
    return refused()[0]["input"] if refused else None


def _name(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name)


def _taken(function: Any, name: str) -> str:
    """What a parameter of the command takes, in words, by its annotation; nothing where that is any text."""
    annotated = get_type_hints(inspect.unwrap(function), include_extras=True).get(name)
    if get_origin(annotated) is not Annotated:
        return ""
    kind, declared = get_args(annotated)
    # Of `int | None` the first.
    kind = next(iter(get_args(kind)), kind)
    if kind is int:
        return _range(declared.min, declared.max)
    if isinstance(kind, type) and issubclass(kind, Enum):
        *others, last = [str(each.value) for each in kind]
        return f"{', '.join(others)} or {last}"
    return ""


def _range(least: float | None, most: float | None) -> str:
    if most is not None:
        return f"a whole number from {least or 0} to {most}"
    return "a whole number" if least is None else f"a whole number, {least} or more"
