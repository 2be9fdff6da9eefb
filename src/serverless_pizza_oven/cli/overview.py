"""What `oven` alone prints: the commands that a newcomer needs, and the names of all."""

from serverless_pizza_oven.cli.command_table import PANELS, Command, CommandGroup

FIRST = {
    "demo": "Watch 100 pizzas go through an oven on this machine.",
    "local": "Run an oven on this machine until Ctrl-C, without an AWS account.",
    "send": "Send an item: oven send --bake 5 --wait out.",
    "status": "Show what bakes, what waits, and what failed.",
    "deploy": "Create an oven in your AWS account.",
}
"""In the order in which they are needed."""


def overview() -> str:
    """The text, in lines of at most 80 columns."""
    names = {panel: [_name(each) for each in commands] for panel, commands in PANELS.items()}
    width = max(map(len, names))
    return "\n".join(
        [
            "A serverless pizza oven: items take slots, bake for their time, and free the slots.",
            "",
            "Begin with:",
            *(f"  oven {name:8}{summary}" for name, summary in FIRST.items()),
            "",
            "All commands:",
            *(f"  {panel:{width}}  {', '.join(each)}" for panel, each in names.items()),
            "",
            "oven COMMAND --help    examples and options of a command",
            "oven --help            all commands in a line each, exit codes, shell completion",
        ]
    )


def _name(entry: Command | CommandGroup) -> str:
    if isinstance(entry, Command):
        return entry.name
    return f"{entry.name} {'|'.join(command.name for command in entry.commands)}"
