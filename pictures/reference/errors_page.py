"""The exit codes of the commands, and the classes of errors."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from pictures.reference.markdown import first_sentence, page, table
from serverless_pizza_oven.cli.signals import INTERRUPTED, TERMINATED

CODE = (Path("lambda/pizza_oven"), Path("src/serverless_pizza_oven"))


def errors_page() -> str:
    classes = {error.name: error for error in sorted(_errors(), key=lambda error: error.name)}
    own = {code: name for name in classes if (code := _sets(classes[name])) and code != INTERRUPTED}
    rows = [["0", "Success.", ""]]
    rows += [[str(code), _meaning(classes[name]), f"`{name}`"] for code, name in sorted(own.items())]
    rows += [[str(INTERRUPTED), "Ctrl-C.", ""], [str(TERMINATED), "SIGTERM.", ""]]
    tree = [
        [f"`{name}`", f"`{base}`", str(_exit_code(error, classes) or ""), _meaning(error)]
        for name, error in classes.items()
        if (base := ast.unparse(error.bases[0])) in classes
    ]
    return page(
        "Errors",
        "The exit codes of the commands, and the classes of errors that Python raises. The root of all is "
        "`pizza_oven.errors.PizzaOvenError`. A message says what happened, with the value, and what to do; "
        "`--debug` adds the traceback.",
        "## Exit codes",
        table(["code", "meaning", "class"], rows),
        "`oven view` and `oven local` run until they are interrupted, and exit with 0.",
        "## Classes",
        table(["class", "is a", "exit code", "meaning"], tree),
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


def _meaning(error: ast.ClassDef) -> str:
    return first_sentence(ast.get_docstring(error))
