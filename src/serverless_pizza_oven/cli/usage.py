"""Errors of usage in one line: what an option takes, as it was declared, and what was given."""

import inspect
from ast import literal_eval
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.text import plain

ParsingError: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""Click's usage errors. Versions of Typer have this class at different places."""


@contextmanager
def usage_errors(command: str, within: str = "") -> Iterator[None]:
    """Raise UsageError, in one line, where Click finds an error in the arguments of a command.

    If they stand `within` another option, such as --compare, the error names that, too.
    """
    try:
        yield
    except ParsingError as error:
        path = error.ctx.command_path if error.ctx else command
        raise UsageError(f"{within}{_explain(error)} (see {path} --help)") from error


def _explain(error: Any) -> str:
    parameter = getattr(error, "param", None)
    taken = _taken(error.ctx.command.callback, parameter.name) if parameter and error.ctx else ""
    given = _given(error) if taken else None
    if given is None:
        return plain(error.format_message()).rstrip(".")
    return f"{_name(parameter)} takes {taken}, not {plain(str(given)) or repr('')}"


def _given(error: Any) -> object:
    """The value that was refused: from the error of Pydantic, by which some versions of Typer read values,
    or from the beginning of the message."""
    refused = getattr(error.__cause__, "errors", None)
    if refused:
        return refused()[0]["input"]
    given, found, _ = str(error.message).rpartition(" is not ")
    if not found:
        return None
    return literal_eval(given) if given.startswith(("'", '"')) else given


def _name(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name)


def _taken(function: Any, name: str) -> str:
    """What a parameter of the command takes, by its annotation; empty if it takes any text."""
    annotated = get_type_hints(inspect.unwrap(function), include_extras=True).get(name)
    if get_origin(annotated) is not Annotated:
        return ""
    kind, declared = get_args(annotated)
    # The first of `int | None`.
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
