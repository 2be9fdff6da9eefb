"""IAM: what a condition of a policy sees of the caller."""

import functools
import re
from typing import Any

_SESSION = re.compile(r":sts::(\d+):assumed-role/([^/]+)/")


def report_the_role_of_a_session(iam_evaluator: Any, iam_service: Any) -> None:
    """Give `aws:PrincipalArn` of a role's session as the role, with its path. MiniStack gives the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    resolve = iam_evaluator._resolve_condition_key

    @functools.wraps(resolve)
    def resolved(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or not (session := _SESSION.search(value)):
            return value
        account, name = session.groups()
        role = iam_service._roles.get_scoped(account, None, name) or {}
        return role.get("Arn", f"arn:aws:iam::{account}:role/{name}")

    iam_evaluator._resolve_condition_key = resolved
