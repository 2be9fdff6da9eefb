"""The template, translated from SAM to plain CloudFormation and resolved for chosen parameters.

In the resolved form a reference to a resource reads as its logical id, and an attribute as
`<logical id>.<attribute>`. The partition and the region are unusual, so that hard-coded values are found.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from serverless_pizza_oven.deployment.template import CODE_URI

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yml"

PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws-cn",
    "AWS::Region": "cn-north-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "pizzeria",
}
NO_VALUE = object()


@cache
def source() -> dict[str, Any]:
    """The template as it is written."""
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return template


@cache
def translated(release: str | None = None) -> dict[str, Any]:
    """The template as SAM translates it: of a release, or the present one."""
    text = TEMPLATE.read_text() if release is None else _released(release)
    # As after packaging: the code of translated functions is in S3.
    template = yaml_parse(text.replace(CODE_URI, "CodeUri: s3://bucket/key"))
    session = boto3.Session(region_name=PSEUDO_PARAMETERS["AWS::Region"])
    translation: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(template, {})
    return translation


def _released(version: str) -> str:
    with zipfile.ZipFile(ROOT / "tests" / "stack" / "releases" / f"{version}.zip") as archive:
        return archive.read("template.yml").decode()


class ResolvedTemplate:
    """The translated template, with its parameters, conditions and functions resolved."""

    def __init__(self, release: str | None = None, /, **parameters: object) -> None:
        template = translated(release)
        defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
        self._values = {**PSEUDO_PARAMETERS, **defaults, **parameters, "AWS::NoValue": NO_VALUE}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._values.get(name, name),
            "Fn::GetAtt": ".".join,
            "Fn::Sub": self._sub,
            "Fn::Select": lambda choice: self._resolved(choice[1])[int(choice[0])],
            "Fn::Split": lambda parts: self._resolved(parts[1]).split(parts[0]),
            "Fn::Join": lambda joined: joined[0].join(self._resolved(joined[1])),
            # As text, like CloudFormation does.
            "Fn::Equals": lambda pair: str(self._resolved(pair[0])) == str(self._resolved(pair[1])),
            "Fn::And": lambda conditions: all(map(self._is_met, conditions)),
            "Fn::Not": lambda conditions: not self._is_met(conditions[0]),
            "Fn::If": lambda choice: self._resolved(choice[1] if self._holds(choice[0]) else choice[2]),
        }
        self._conditions: dict[str, Any] = template["Conditions"]
        self.resources: dict[str, dict[str, Any]] = {
            logical_id: self._resolved(resource)
            for logical_id, resource in template["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }
        self.outputs = {name: self._resolved(output["Value"]) for name, output in template["Outputs"].items()}

    def __getitem__(self, logical_id: str) -> dict[str, Any]:
        """The properties of a resource."""
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {name: self[name] for name, resource in self.resources.items() if resource["Type"] == kind}

    def _holds(self, condition: str) -> bool:
        return self._is_met(self._conditions[condition])

    def _is_met(self, condition: dict[str, Any]) -> bool:
        return (
            self._holds(condition["Condition"])
            if "Condition" in condition
            else bool(self._resolved(condition))
        )

    def _sub(self, argument: Any) -> str:
        text, named = argument if isinstance(argument, list) else (argument, {})
        values = {**self._values, **{name: self._resolved(value) for name, value in named.items()}}
        return re.sub(r"\$\{([^}]+)\}", lambda match: str(values.get(match[1], match[1])), text)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [part for part in map(self._resolved, value) if part is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        for name, argument in value.items():
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions[name](argument)
        parts = {name: self._resolved(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not NO_VALUE}


def arn(service: str, resource: str) -> str:
    """In the partition, the region and the account of the resolved template."""
    return f"arn:aws-cn:{service}:cn-north-1:123456789012:{resource}"


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a role may do."""
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    """A value that may be alone or in a list."""
    return value if isinstance(value, list) else [value]
