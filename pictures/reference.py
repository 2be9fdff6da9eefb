"""docs/reference/*.md: the pages that are made from the template and the code.

A fact stands in one place: the template describes parameters and outputs, the commands their options,
the errors and the simulator's settings have docstrings. A test fails when a page is not current.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from serverless_pizza_oven.cli.command_table import PANELS, Command, CommandGroup
from serverless_pizza_oven.cli.option_groups import expanded
from serverless_pizza_oven.cli.signals import INTERRUPTED, TERMINATED
from serverless_pizza_oven.deployment.template import template_path
from serverless_pizza_oven.forecast.conditions import (
    MAX_RATE,
    MAX_RATE_OF_REQUEST_FAULTS,
    QUOTA_PRESETS,
    RegionQuotas,
    quotas_of,
    rates_of,
)
from serverless_pizza_oven.forecast.measured import names
from serverless_pizza_oven.simulator import faults, latencies, quotas

FOLDER = Path("docs/reference")
CODE = (Path("lambda/pizza_oven"), Path("src/serverless_pizza_oven"))

COLUMNS = 120

MADE = "<!-- Made by `make reference`. -->"


def parameters_page() -> str:
    """The parameters and outputs of the template."""
    template = yaml_parse(template_path().read_text(encoding="utf-8"))
    parameters = template["Parameters"]
    page = [
        "# Parameters and outputs",
        MADE,
        (
            "The parameters of the stack, which `oven deploy --parameter NAME=VALUE` sets, and its outputs. "
            "[What each costs](../cost.md#what-each-parameter-trades)."
        ),
    ]
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        rows = [
            [
                f"`{name}`",
                _default(parameters[name]),
                _values(parameters[name]),
                parameters[name]["Description"],
            ]
            for name in group["Parameters"]
        ]
        page += [
            f"## {group['Label']['default']}",
            _table(["parameter", "default", "values", "meaning"], rows),
        ]
    outputs = [[f"`{name}`", output["Description"]] for name, output in template["Outputs"].items()]
    return _page([*page, "## Outputs", _table(["output", "meaning"], outputs)])


def _default(parameter: Mapping[str, Any]) -> str:
    return str(parameter["Default"]) or "(none)"


def _values(parameter: Mapping[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(str(value) for value in parameter["AllowedValues"])
    if "MaxValue" in parameter:
        return f"{parameter['MinValue']} to {parameter['MaxValue']}"
    if "MinValue" in parameter:
        return f"{parameter['MinValue']} or more"
    return re.sub("^must (be )?", "", parameter.get("ConstraintDescription", ""))


def commands_page() -> str:
    """The commands with their options."""
    page = [
        "# Commands",
        MADE,
        "Each command and its options. `oven COMMAND --help` has examples. Exit codes: [errors](errors.md).",
    ]
    for panel, commands in PANELS.items():
        page.append(f"## {panel}")
        for name, command in _flat(commands):
            options = _table(["option", "default", "meaning"], list(_options(command)))
            page += [f"### oven {name}", command.summary, options]
    return _page(page)


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


def errors_page() -> str:
    """The exit codes of the commands, and the classes of errors."""
    classes = {error.name: error for error in sorted(_errors(), key=lambda error: error.name)}
    exit_codes = {name: _exit_code(error, classes) for name, error in classes.items()}
    own = {code: name for name in classes if (code := _sets(classes[name])) and code != INTERRUPTED}
    rows = [["0", "Success.", ""]]
    rows += [[str(code), _first_sentence(classes[name]), f"`{name}`"] for code, name in sorted(own.items())]
    rows += [[str(INTERRUPTED), "Ctrl-C.", ""], [str(TERMINATED), "SIGTERM.", ""]]
    tree = [
        [f"`{name}`", f"`{ast.unparse(error.bases[0])}`", str(exit_codes[name] or ""), _first_sentence(error)]
        for name, error in classes.items()
        if ast.unparse(error.bases[0]) in classes
    ]
    return _page(
        [
            "# Errors",
            MADE,
            (
                "The exit codes of the commands, and the classes of errors that Python raises. The root of "
                "all is `pizza_oven.errors.PizzaOvenError`. A message says what happened, with the value, "
                "and what to do; `--debug` adds the traceback."
            ),
            "## Exit codes",
            _table(["code", "meaning", "class"], rows),
            "`oven view` and `oven local` run until they are interrupted, and exit with 0.",
            "## Classes",
            _table(["class", "is a", "exit code", "meaning"], tree),
        ]
    )


def _errors() -> Iterator[ast.ClassDef]:
    """The classes of errors, read from the source: importing all modules would need all extras."""
    for path in (path for folder in CODE for path in folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                yield node


def _sets(error: ast.ClassDef) -> int | None:
    """The exit code that a class itself sets."""
    for node in error.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "exit_code":
            return int(ast.unparse(node.value))
    return None


def _exit_code(error: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> int | None:
    base = classes.get(ast.unparse(error.bases[0]))
    return _sets(error) or (_exit_code(base, classes) if base else None)


def _first_sentence(error: ast.ClassDef) -> str:
    text = " ".join((ast.get_docstring(error) or "").split())
    return text.partition(". ")[0].rstrip(".") + "."


def simulation_page() -> str:
    """The latencies, faults and quotas of the simulator."""
    meanings = _meanings(latencies.__file__, "Latencies")
    times = [
        [
            meanings[field],
            f"`{name}`",
            *map(str, latencies.AWS_PERCENTILES[field]),
            latencies.AWS_SOURCES[field],
        ]
        for name, field in names().items()
    ]
    meanings = _meanings(faults.__file__, "Faults") | _meanings(faults.__file__, "Fault")
    mild, rough = rates_of(faults.MILD), rates_of(faults.ROUGH)
    rates = [
        [f"`{name}`", meanings[name.replace("-", "_")], f"{mild[name]:g}", f"{rough[name]:g}"]
        for name in rough
    ]
    request_faults = " to ".join(
        f"`{each.value.replace('_', '-')}`" for each in (*faults.Fault,)[:: len(faults.Fault) - 1]
    )
    meanings = _meanings(quotas.__file__, "Quotas")
    presets = [each.quotas for each in RegionQuotas] + list(QUOTA_PRESETS.values())
    allowed = [
        [f"`{name}`", meanings[name.replace("-", "_")], *(f"{quotas_of(each)[name]:,}" for each in presets)]
        for name in quotas_of(presets[0])
    ]
    return _page(
        [
            "# What the simulation assumes",
            MADE,
            (
                "The latencies, faults and quotas of `oven simulate`. No AWS account was used: "
                "[how far to believe it](../plan.md#how-far-is-it-to-be-believed)."
            ),
            "## Latencies",
            "In milliseconds. `oven simulate --latencies FILE` replaces them by name.",
            _table(["what takes time", "name", "p50", "p90", "p99", "source"], times),
            "## Faults",
            (
                f"Rates from 0 to {MAX_RATE}. Those of the faults of requests, {request_faults}, may add up "
                f"to {MAX_RATE_OF_REQUEST_FAULTS}."
            ),
            _table(["`--fault`", "what goes wrong", "`mild`", "`rough`"], rates),
            "## Quotas",
            _table(["`--quota`", "of", *RegionQuotas, *QUOTA_PRESETS], allowed),
        ]
    )


def _meanings(source: str, name: str) -> dict[str, str]:
    """The docstrings below the fields of a class."""
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    meanings = {}
    for node, below in zip(found.body, [*found.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign | ast.Assign):
            field = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                meanings[ast.unparse(field).lower()] = " ".join(str(below.value.value).split())
    return meanings


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|")


def _page(blocks: Iterable[str]) -> str:
    return "\n\n".join(_wrapped(block) for block in blocks) + "\n"


def _wrapped(block: str) -> str:
    if block.startswith(("#", "|", "<")):
        return block
    return textwrap.fill(block, COLUMNS, break_long_words=False, break_on_hyphens=False)


PAGES: Mapping[str, Callable[[], str]] = {
    "parameters.md": parameters_page,
    "commands.md": commands_page,
    "errors.md": errors_page,
    "simulation.md": simulation_page,
}


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
