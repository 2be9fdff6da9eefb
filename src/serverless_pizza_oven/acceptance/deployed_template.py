"""The template of a stack, with the stack's parameters and physical ids filled in.

CloudFormation keeps the template, and returns it after SAM's transform. Only the intrinsic functions that the
oven's template uses are resolved
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.sdk_errors import aws_errors

_NO_VALUE = object()

_ARNS = {
    "AWS::SQS::Queue": "sqs:{region}:{account}:{last}",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{id}",
    "AWS::IAM::Role": "iam::{account}:role{path}{id}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{id}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{id}:*",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{id}",
}
"""The attribute Arn, without `arn:<partition>:`. `last` is the end of the physical id."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the stack, as the template declares it."""

    logical_id: str
    type: str
    physical_id: str
    properties: Mapping[str, Any]


class DeployedTemplate:
    """The resources that the template of a stack declares."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        physical_ids: Mapping[str, str],
        stack_id: str,
    ) -> None:
        """The `template` after SAM's transform, and the stack's own parameters, physical ids and ARN."""
        _, partition, _, region, account, name = stack_id.split(":", 5)
        self.parameters = parameters
        self._here = {"partition": partition, "region": region, "account": account}
        self._values: dict[str, Any] = {
            **physical_ids,
            **parameters,
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::StackName": name.split("/")[1],
            "AWS::StackId": stack_id,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
            "AWS::NoValue": _NO_VALUE,
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._values[name],
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._substituted,
            "Fn::Join": lambda joined: joined[0].join(self._resolved(joined[1])),
            "Fn::If": lambda choice: self._resolved(choice[1] if self._holds(choice[0]) else choice[2]),
            # As text, like CloudFormation does.
            "Fn::Equals": lambda pair: str(self._resolved(pair[0])) == str(self._resolved(pair[1])),
            "Fn::And": lambda conditions: all(map(self._is_met, conditions)),
            "Fn::Or": lambda conditions: any(map(self._is_met, conditions)),
            "Fn::Not": lambda conditions: not self._is_met(conditions[0]),
        }
        self._template = template
        self._physical_ids = physical_ids

    @classmethod
    def of(cls, aws: Aws, stack: str) -> "DeployedTemplate":
        """Read the template of a stack from CloudFormation. Raises AwsError and DeploymentError.

        Needs `cloudformation:GetTemplate`, `cloudformation:ListStackResources` and
        `cloudformation:DescribeStacks`.
        """
        with aws_errors(f"reading the template of {stack}"):
            description = aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            body: Any = aws.cloudformation.get_template(StackName=stack, TemplateStage="Processed")[
                "TemplateBody"
            ]
            resources = (
                aws.cloudformation.get_paginator("list_stack_resources")
                .paginate(StackName=stack)
                .build_full_result()["StackResourceSummaries"]
            )
        if isinstance(body, str):
            # The SDK parses JSON, which the oven's template is after the transform.
            raise DeploymentError(f"the template of {stack} is not the oven's: SAM has not transformed it")
        return cls(
            body,
            {found["ParameterKey"]: found["ParameterValue"] for found in description.get("Parameters", [])},
            {found["LogicalResourceId"]: found.get("PhysicalResourceId", "") for found in resources},
            description["StackId"],
        )

    def of_type(self, kind: str) -> list[Resource]:
        """The resources of a type whose conditions hold, in the order of the template."""
        return [
            self[logical_id]
            for logical_id, resource in self._template["Resources"].items()
            if resource["Type"] == kind
            and ("Condition" not in resource or self._holds(resource["Condition"]))
        ]

    def __getitem__(self, logical_id: str) -> Resource:
        """The resource of a logical id. Raises DeploymentError if the stack has none."""
        if logical_id not in self._physical_ids:
            raise DeploymentError(
                f"the stack has no resource {logical_id}: bring it up to date with oven deploy"
            )
        resource = self._template["Resources"][logical_id]
        properties = self._resolved(resource.get("Properties", {}))
        return Resource(logical_id, resource["Type"], self._physical_ids[logical_id], properties)

    def _attribute(self, named: list[str] | str) -> Any:
        logical_id, _, attribute = (named if isinstance(named, str) else ".".join(named)).partition(".")
        resource = self._template["Resources"][logical_id]
        physical_id = self._physical_ids[logical_id]
        last = re.split("[:/]", physical_id)[-1]
        if attribute in ("QueueName", "Name"):
            return last
        if attribute != "Arn":
            raise LookupError(f"{logical_id}.{attribute}")
        if physical_id.startswith("arn:"):
            return physical_id
        path = self._resolved(resource.get("Properties", {}).get("Path", "/"))
        arn = _ARNS[resource["Type"]].format(
            id=physical_id, last=last, path=path if isinstance(path, str) else "/", **self._here
        )
        return f"arn:{self._here['partition']}:{arn}"

    def _substituted(self, argument: Any) -> str:
        text, own = (
            (argument, {}) if isinstance(argument, str) else (argument[0], self._resolved(argument[1]))
        )

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(own[name])
            return str(self._values[name] if name in self._values else self._attribute(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _holds(self, condition: str) -> bool:
        return self._is_met(self._template["Conditions"][condition])

    def _is_met(self, condition: Mapping[str, Any]) -> bool:
        if "Condition" in condition:
            return self._holds(condition["Condition"])
        return bool(self._resolved(condition))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [part for part in map(self._resolved, value) if part is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions[name](argument)
        return dict(self._resolved_parts(value))

    def _resolved_parts(self, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, part in value.items():
            resolved = self._resolved(part)
            if resolved is not _NO_VALUE:
                yield name, resolved
