"""The roles of an oven's functions, whose permissions tests take away."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serverless_pizza_oven.local.oven import LocalOven
from tests.stack.logs import Function
from tests.stack.ovens import local_session


@dataclass(frozen=True, order=True, slots=True)
class Permission:
    """An action that a statement of a function's role allows."""

    function: Function
    statement: str
    action: str

    def __str__(self) -> str:
        return f"{self.function}-{self.statement}-{self.action}"


class Role:
    """The role of a function. The template gives each one policy, named as the function."""

    def __init__(self, oven: LocalOven, function: Function) -> None:
        self._iam = local_session().client("iam", endpoint_url=oven.endpoint_url)
        self._function = function
        found = oven.aws.cloudformation.describe_stack_resource(
            StackName=oven.stack.name, LogicalResourceId=f"{function}Role"
        )
        self._name = found["StackResourceDetail"]["PhysicalResourceId"]
        (self._policy_name,) = self._iam.list_role_policies(RoleName=self._name)["PolicyNames"]
        policy: Any = self._iam.get_role_policy(RoleName=self._name, PolicyName=self._policy_name)
        self._granted: Mapping[str, Any] = policy["PolicyDocument"]

    def permissions(self) -> set[Permission]:
        """All permissions that it grants."""
        return {
            Permission(self._function, statement["Sid"], action)
            for statement in self._granted["Statement"]
            for action in _actions(statement)
        }

    def take_away(self, *permissions: Permission) -> None:
        """Grant all permissions but these."""
        assert self.permissions() >= set(permissions), f"not granted anyway: one of {permissions}"
        statements = [_without(statement, permissions) for statement in self._granted["Statement"]]
        self._put({**self._granted, "Statement": [s for s in statements if s["Action"]]})

    def take_all_away(self) -> None:
        """Grant no permission."""
        nothing = {"Sid": "Nothing", "Effect": "Deny", "Action": "*", "Resource": "*"}
        self._put({**self._granted, "Statement": [nothing]})

    def give_back(self) -> None:
        """Grant what the template says."""
        self._put(self._granted)

    def _put(self, document: Mapping[str, Any]) -> None:
        self._iam.put_role_policy(
            RoleName=self._name, PolicyName=self._policy_name, PolicyDocument=json.dumps(document)
        )


def _without(statement: Mapping[str, Any], permissions: Sequence[Permission]) -> dict[str, Any]:
    taken = {permission.action for permission in permissions if permission.statement == statement["Sid"]}
    return {**statement, "Action": [action for action in _actions(statement) if action not in taken]}


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions
