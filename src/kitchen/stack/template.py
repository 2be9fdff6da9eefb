"""The template: the one description of the stack, from which CloudFormation makes it."""

from pathlib import Path

CODE_URI = "CodeUri: lambda/"


def template_path() -> Path:
    """Where the template is: beside this package once installed, at the root of a clone."""
    installed = Path(__file__).parents[1] / "template.yml"
    return installed if installed.exists() else Path(__file__).parents[3] / "template.yml"


def packaged_template(code_uri: str) -> str:
    """The template with the functions' code at an S3 address, as `sam package` would leave it."""
    return template_path().read_text().replace(CODE_URI, f"CodeUri: {code_uri}")
