"""docs/reference/*.md: the pages that are made from the template and the code.

A fact stands in one place: the template describes parameters and outputs, the commands their options,
the errors, the checks and the simulator's settings have docstrings. A test fails when a page is not current.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from pictures.reference.checks_page import checks_page
from pictures.reference.commands_page import commands_page
from pictures.reference.costs_page import costs_page
from pictures.reference.errors_page import errors_page
from pictures.reference.metrics_page import metrics_page
from pictures.reference.parameters_page import parameters_page
from pictures.reference.simulation_page import simulation_page

FOLDER = Path("docs/reference")

PAGES: Mapping[str, Callable[[], str]] = {
    "parameters.md": parameters_page,
    "costs.md": costs_page,
    "commands.md": commands_page,
    "checks.md": checks_page,
    "metrics.md": metrics_page,
    "errors.md": errors_page,
    "simulation.md": simulation_page,
}
