"""Options that several commands share, written once: as a dataclass with a field for each option."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

from serverless_pizza_oven.cli.undecodable import check_text


def expanded(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command an option for each field of the dataclasses among its parameters.

    Typer makes an option of each parameter of a function, and knows no other way to declare one. The function
    returned has such parameters; when called, it makes the dataclasses of them, and calls the command. Raises
    UsageError where an argument is no text.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in groups:
            parameters += _parameters_of(groups[parameter.name])
        else:
            annotated = parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            parameters.append(annotated)

    annotations = {parameter.name: parameter.annotation for parameter in parameters}

    def called(**options: Any) -> object:
        check_text(options, annotations)
        for name, group in groups.items():
            options[name] = group(**{field.name: options.pop(field.name) for field in fields(group)})
        return command(**options)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = annotations
    return called


def _parameters_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
        )
        for field in fields(group)
    ]


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default
