"""Task tokens: Step Functions tasks of the users' own workflows, which end when their item has its slots."""

import json
from typing import TYPE_CHECKING

from pizza_oven.aws.clients import error_code, service_errors
from pizza_oven.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_GONE = ("TaskDoesNotExist", "TaskTimedOut", "InvalidToken")
"""No task waits with this token any more
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)."""


class StepFunctionsTaskTokens:
    """Implements TaskTokens."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def succeed(self, token: str, item_id: str, until: float) -> bool:
        output = json.dumps({"id": item_id, "until": until})
        try:
            with service_errors(f"telling the task of {item_id} that it has its slots"):
                self._client.send_task_success(taskToken=token, output=output)
        except ServiceError as error:
            if error_code(error.__cause__) in _GONE:
                return False
            raise
        return True
