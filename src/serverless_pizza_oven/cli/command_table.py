"""The commands: their names, what each does in a line, and where it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

import typer

from serverless_pizza_oven.cli.option_groups import expanded

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, which is imported when it is run: most of them need the AWS SDK, which takes long."""

    name: str
    place: str
    """Its function, as `module:function` of this package."""
    summary: str
    """The first line of the function's docstring."""
    runs_another: bool = False
    """Whether its first argument is a command to run: what follows is no option of ours."""

    def load(self) -> Function:
        """Import its function."""
        module, _, function = self.place.partition(":")
        found: Function = getattr(import_module(f"serverless_pizza_oven.cli.{module}"), function)
        return found


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """Commands of two words. The first word is the name of the group."""

    name: str
    summary: str
    commands: Sequence[Command]


PANELS: Mapping[str, Sequence[Command | CommandGroup]] = {
    "Try it": (
        Command("demo", "demo:demo", "Send pizzas through an oven and watch them bake."),
        Command("local", "local:local", "Run an oven on this machine until Ctrl-C, without an AWS account."),
        Command("view", "view:view", "Show an oven in the browser, live, until Ctrl-C."),
    ),
    "Plan it": (
        Command("simulate", "simulate:simulate", "Estimate waiting time, cost and limits before you deploy."),
        Command("cost", "cost:cost", "Show what an oven costs: idle, for a million items, and this month."),
    ),
    "Deploy it": (
        Command("deploy", "deploy:deploy", "Create an oven in your account, or update one."),
        Command("check", "check:check", "Test a deployed oven from end to end, in two minutes."),
        Command(
            "package", "package:package", "Upload the functions' code and write a template that stands alone."
        ),
        Command("destroy", "destroy:destroy", "Delete an oven and everything in it. Asks first."),
    ),
    "Use it": (
        Command("send", "send:send", "Send one item or many to be baked."),
        Command("collect", "collect:collect", "Receive baked items and print them, one in a line."),
        Command("hold", "hold:hold", "Hold slots while a command runs.", runs_another=True),
        Command("release", "release:release", "Free the slots of an item, or cancel it if it waits."),
        Command("extend", "release:extend", "Extend the lease of an item that is held."),
    ),
    "See what it does": (
        Command("status", "status:status", "Show what bakes and until when, what waits, and what failed."),
        Command("item", "item:item", "Show where an item is: in line, baking or held, and how it ended."),
        Command("logs", "logs:logs", "Show the logs of both functions, or of one item."),
    ),
    "Steer it": (
        Command("capacity", "steer:capacity", "Change the capacity of an oven in use, or print it."),
        Command("pause", "steer:pause", "Admit no more items. Items in the oven bake on and come out."),
        Command("resume", "steer:resume", "Admit items again after oven pause, those in line first."),
        Command("trigger", "steer:trigger", "Make Bake Items look at the line and at overdue items now."),
        Command("remove", "remove:remove", "Take an item out of the oven or out of the line."),
        CommandGroup(
            "dlq",
            "List, redrive or discard the messages in the dead-letter queue.",
            (
                Command(
                    "list",
                    "dlq_list:list_dead_letters",
                    "List the messages in the dead-letter queue, oldest first, with reasons.",
                ),
                Command("redrive", "dlq_redrive:redrive", "Send dead letters back to New Items."),
                Command("discard", "dlq_discard:discard", "Print dead letters and delete them."),
            ),
        ),
    ),
}
"""By the headings of `oven --help`."""


def all_commands() -> Iterator[Command]:
    """Every command, those of groups too."""
    for commands in PANELS.values():
        for command in commands:
            yield from command.commands if isinstance(command, CommandGroup) else [command]


def add_commands(app: typer.Typer, called: str) -> None:
    """Add all commands. Only the command or the group of the name `called` is imported, and can be run."""
    for panel, commands in PANELS.items():
        for command in commands:
            is_called = command.name == called
            if isinstance(command, CommandGroup):
                group = typer.Typer(no_args_is_help=True)
                for each in command.commands:
                    _add(group, each, is_called=is_called)
                app.add_typer(group, name=command.name, help=command.summary, rich_help_panel=panel)
            else:
                _add(app, command, panel, is_called=is_called)


def _add(app: typer.Typer, command: Command, panel: str | None = None, *, is_called: bool) -> None:
    add = app.command(
        command.name,
        help=None if is_called else command.summary,
        rich_help_panel=panel,
        context_settings={"allow_interspersed_args": not command.runs_another},
    )
    add(expanded(command.load()) if is_called else _not_imported)


def _not_imported() -> None:
    """Stand in for the commands that are not called, in the help that lists them."""
