"""The template: the one description of the stack, from which CloudFormation makes it."""

from pathlib import Path

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

CODE_URI = "CodeUri: lambda/"
"""How the template names the functions' code."""


def template_path() -> Path:
    """The file: in this package once installed, at the root of a clone."""
    installed = Path(__file__).parents[1] / "template.yml"
    return installed if installed.exists() else Path(__file__).parents[3] / "template.yml"


def default_parameters(template: str | None = None) -> dict[str, str]:
    """The default values of a template's parameters. Without an argument: of the installed template."""
    parameters = yaml_parse(template or template_path().read_text())["Parameters"]
    return {name: str(parameter["Default"]) for name, parameter in parameters.items()}
