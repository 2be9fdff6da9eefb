"""The commands with their options."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from pictures.reference.markdown import page, table
from serverless_pizza_oven.cli.command_table import PANELS, Command, CommandGroup
from serverless_pizza_oven.cli.option_groups import expanded


def commands_page() -> str:
    blocks = []
    for panel, commands in PANELS.items():
        blocks.append(f"## {panel}")
        for name, command in _flat(commands):
            options = table(["option", "default", "meaning"], list(_options(command)))
            blocks += [f"### oven {name}", command.summary, options]
    return page(
        "Commands",
        "Each command and its options. `oven COMMAND --help` has examples. Exit codes: [errors](errors.md).",
        *blocks,
    )


def _flat(commands: Sequence[Command | CommandGroup]) -> Iterator[tuple[str, Command]]:
    for command in commands:
        if isinstance(command, CommandGroup):
            yield from ((f"{command.name} {each.name}", each) for each in command.commands)
        else:
            yield command.name, command


def _options(command: Command) -> Iterator[list[str]]:
    app = typer.Typer(add_completion=False)
    app.command(command.name)(expanded(command.load()))
    found: Any = typer.main.get_command(app)
    for option in found.params:
        names = " ".join([*option.opts, *option.secondary_opts])
        metavar = "" if getattr(option, "is_flag", False) else f" {option.metavar or ''}".rstrip()
        if option.param_type_name == "argument":
            names, metavar = str(option.metavar or option.name.upper()), ""
        yield [f"`{names}{metavar}`", _option_default(option), " ".join((option.help or "").split())]


def _option_default(option: Any) -> str:
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default
    default = option.default
    return "" if default in (None, False, (), []) else str(getattr(default, "value", default))
