"""The parameters and outputs of the template."""

import re
from collections.abc import Mapping
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from pictures.reference.markdown import page, table
from serverless_pizza_oven.deployment.template import template_path


def parameters_page() -> str:
    template = yaml_parse(template_path().read_text(encoding="utf-8"))
    parameters = template["Parameters"]
    blocks = []
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        rows = [_row(name, parameters[name]) for name in group["Parameters"]]
        blocks += [
            f"## {group['Label']['default']}",
            table(["parameter", "default", "values", "meaning"], rows),
        ]
    outputs = [[f"`{name}`", output["Description"]] for name, output in template["Outputs"].items()]
    return page(
        "Parameters and outputs",
        "The parameters of the stack, which `oven deploy --parameter NAME=VALUE` sets, and its outputs. "
        "[What each costs](costs.md).",
        *blocks,
        "## Outputs",
        table(["output", "meaning"], outputs),
    )


def _row(name: str, parameter: Mapping[str, Any]) -> list[str]:
    default = str(parameter["Default"]) or "(none)"
    return [f"`{name}`", default, _values(parameter), parameter["Description"]]


def _values(parameter: Mapping[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(str(value) for value in parameter["AllowedValues"])
    if "MaxValue" in parameter:
        return f"{parameter['MinValue']} to {parameter['MaxValue']}"
    if "MinValue" in parameter:
        return f"{parameter['MinValue']} or more"
    return re.sub("^must (be )?", "", parameter.get("ConstraintDescription", ""))
