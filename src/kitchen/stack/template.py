"""The template: the one description of the stack, from which CloudFormation makes it."""

from pathlib import Path

CODE_URI = "CodeUri: lambda/"
"""Where the template has the functions' code."""


def template_path() -> Path:
    """Where the template is: beside this package once installed, at the root of a clone."""
    installed = Path(__file__).parents[1] / "template.yml"
    return installed if installed.exists() else Path(__file__).parents[3] / "template.yml"
