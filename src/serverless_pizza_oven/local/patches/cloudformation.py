"""CloudFormation: creates resources that MiniStack refuses, and deletes what it leaves behind."""

import functools
import time
from collections.abc import Callable
from typing import Any

from serverless_pizza_oven.local.patches.step_functions.executions import forget_executions

RESERVED_SECS = 60
"""How long the name of a deleted queue cannot be used."""


def accept_metric_math_alarms(provisioners: Any) -> None:
    """Create an alarm on metric math as an alarm on its first metric. MiniStack would roll the stack back."""
    record = provisioners._cw_metric_alarm_record

    @functools.wraps(record)
    def recorded(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        metrics = [query["MetricStat"] for query in properties.get("Metrics", ()) if "MetricStat" in query]
        if not metrics:
            alarm: dict[str, Any] = record(name, properties)
            return alarm
        others = {key: value for key, value in properties.items() if key != "Metrics"}
        first = {"Statistic": metrics[0]["Stat"], "Period": metrics[0]["Period"]}
        return {**record(name, {**others, **metrics[0]["Metric"], **first}), "Metrics": properties["Metrics"]}

    provisioners._cw_metric_alarm_record = recorded


def delete_all_of_a_resource(
    provisioners: Any, *, dynamodb: Any, lambda_service: Any, step_functions: Any
) -> None:
    """Delete with a resource what belongs to it, so that a new one of the same name starts empty.

    MiniStack leaves the executions of a state machine, whose names are then taken; the processes of a
    function, which run its old code; the tags and the resource policy of a table.
    """

    def delete_function(name: str) -> None:
        lambda_service._delete_function(name, {})

    def delete_table(name: str) -> None:
        table = dynamodb._tables.get(name, {})
        dynamodb._resource_policies.pop(table.get("TableArn"), None)
        dynamodb._delete_table({"TableName": name})

    def delete_state_machine(arn: str) -> None:
        forget_executions(step_functions, arn)

    _also_on_delete(provisioners, "AWS::Lambda::Function", delete_function)
    _also_on_delete(provisioners, "AWS::DynamoDB::Table", delete_table)
    _also_on_delete(provisioners, "AWS::StepFunctions::StateMachine", delete_state_machine)


def reserve_names_of_deleted_queues(provisioners: Any) -> None:
    """Refuse a queue for 60 s after one of its name was deleted, as SQS does.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    reserved_until: dict[str, float] = {}

    def reserve(url: str) -> None:
        reserved_until[url.rpartition("/")[2]] = time.monotonic() + RESERVED_SECS

    _also_on_delete(provisioners, "AWS::SQS::Queue", reserve)
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SQS::Queue"]
    create = handlers["create"]

    @functools.wraps(create)
    def created(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if time.monotonic() < reserved_until.get(properties.get("QueueName", ""), 0):
            raise provisioners._sqs._Err(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the "
                "same name.",
            )
        return create(logical_id, properties, stack)

    handlers["create"] = created


def _also_on_delete(provisioners: Any, resource_type: str, delete_rest: Callable[[str], None]) -> None:
    """Call `delete_rest` with the physical id of each resource of a type before MiniStack deletes it."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    delete = handlers["delete"]

    @functools.wraps(delete)
    def deleted(physical_id: str, properties: dict[str, Any]) -> None:
        delete_rest(physical_id)
        delete(physical_id, properties)

    handlers["delete"] = deleted
