"""The template: the one description of the stack, from which CloudFormation makes it."""

from collections.abc import Mapping
from pathlib import Path

try:  # fifteen times as fast, where PyYAML was built with libyaml
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

CODE_URI = "CodeUri: lambda/"
"""How the template names the functions' code."""


def template_path() -> Path:
    """The file: in this package once installed, at the root of a clone."""
    installed = Path(__file__).parents[1] / "template.yml"
    return installed if installed.exists() else Path(__file__).parents[3] / "template.yml"


def default_parameters(template: str | None = None) -> dict[str, str]:
    """The default values of a template's parameters. Without an argument: of the installed template."""
    text = template or template_path().read_text(encoding="utf-8")
    parameters = _ParametersLoader(text).get_single_data()["Parameters"]
    return {name: str(parameter["Default"]) for name, parameter in parameters.items()}


def with_work_type(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters, and with an ARN of work whether it is a function or a workflow, unless they say it."""
    if not parameters.get("WorkArn") or "WorkType" in parameters:
        return parameters
    is_workflow = ":stateMachine:" in parameters["WorkArn"]
    return {**parameters, "WorkType": "WORKFLOW" if is_workflow else "FUNCTION"}


class _ParametersLoader(SafeLoader):
    """Reads a template, and leaves out functions in short form, such as `!Ref`: parameters have none."""


_ParametersLoader.add_multi_constructor("!", lambda *_: None)
