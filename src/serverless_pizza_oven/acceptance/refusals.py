"""Checks that AWS refuses what only the oven's functions may do.

Each check tries it, in a way that does no harm if it is allowed: a received message is visible again at
once, a write of the row has a condition that never holds, and a message that is sent belongs to this run.
"""

import json
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from pizza_oven.aws.baking_table import KEY
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import Check, Finding, failed, not_shown, ok

BY_POLICY = "explicit deny in a resource-based policy"
"""Part of AWS's message if the policy of a queue or a table denied the request
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html)."""


NO_LEAVING_ITEMS = "the stack has no queue Leaving Items: it is of an older release"


def receive_new_items(context: CheckContext) -> Finding:
    """Nobody but Bake Items receives from New Items."""
    return _refused(context, "received from New Items", lambda: _receive(context, context.stack.new_items))


def receive_line(context: CheckContext) -> Finding:
    """Nobody but Bake Items receives from the line: that would block it."""
    return _refused(context, "received from the line", lambda: _receive(context, context.stack.waiting_items))


def send_baked_items(context: CheckContext) -> Finding:
    """Nobody but Item Removed sends to Baked Items."""
    forged = json.dumps(context.traffic.item("forged", 0))
    return _refused(
        context,
        "sent to Baked Items",
        lambda: context.aws.sqs.send_message(QueueUrl=context.stack.baked_items, MessageBody=forged),
    )


def receive_leaving_items(context: CheckContext) -> Finding:
    """Nobody but Bake Items receives from Leaving Items."""
    url = _leaving_items(context)
    if url is None:
        return not_shown(NO_LEAVING_ITEMS)
    return _refused(context, "received from Leaving Items", lambda: _receive(context, url))


def send_leaving_items(context: CheckContext) -> Finding:
    """Nobody but Item Removed sends to Leaving Items: its messages free slots."""
    url = _leaving_items(context)
    if url is None:
        return not_shown(NO_LEAVING_ITEMS)
    # It frees nothing: no item of this id is in the oven.
    forged = json.dumps({"id": f"{context.run}-forged", "size": 1})
    return _refused(
        context,
        "sent to Leaving Items",
        lambda: context.aws.sqs.send_message(QueueUrl=url, MessageBody=forged),
    )


def write_row(context: CheckContext) -> Finding:
    """Nobody but the functions writes the row."""
    return _refused(context, "written the row", lambda: _write(context))


def plain_http(context: CheckContext) -> Finding:
    """The queues and the table refuse requests without TLS."""
    if context.template.parameters.get("RefusePlainHttp") == "false":
        return not_shown("the stack has RefusePlainHttp=false, so it takes plain HTTP")
    table, plain = context.stack.table, context.aws.over_plain_http()
    asked: dict[str, Callable[[], object]] = {
        url.rpartition("/")[2]: lambda url=url: plain.sqs.get_queue_attributes(QueueUrl=url)  # type: ignore[misc]
        for url in (queue.physical_id for queue in context.template.of_type("AWS::SQS::Queue"))
    }
    asked[table] = lambda: plain.dynamodb.get_item(TableName=table, Key=KEY)
    try:
        taken = [name for name, ask in asked.items() if not _refusal(ask)]
    except BotoCoreError as error:
        return not_shown(f"AWS cannot be reached over plain HTTP from here: {error}")
    if taken:
        return failed(f"{', '.join(taken)} took a request over plain HTTP", _restore(context))
    return ok(f"{len(asked)} requests over plain HTTP were refused")


def _leaving_items(context: CheckContext) -> str | None:
    """The URL of Leaving Items, which is no output of the stack."""
    found = [
        queue for queue in context.template.of_type("AWS::SQS::Queue") if queue.logical_id == "LeavingItems"
    ]
    return found[0].physical_id if found else None


def _refused(context: CheckContext, done: str, attempt: Callable[[], object]) -> Finding:
    if context.template.parameters.get("Interior") == "UNLOCKED":
        return not_shown("the stack has Interior=UNLOCKED, so IAM alone decides")
    answer = _refusal(attempt)
    if not answer and context.is_emulated and not context.once(_enforces_iam):
        return not_shown(f"{context.aws.endpoint_url} is an emulator that does not enforce IAM")
    if not answer:
        return failed(f"this check has {done}: nothing refused it", _restore(context))
    if BY_POLICY in answer:
        return ok("refused by the oven's own policy")
    return ok(f"refused: {_short(answer)}")


def _refusal(attempt: Callable[[], object]) -> str:
    """Try it. Returns AWS's message if access is denied, and an empty text if not."""
    try:
        attempt()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "AccessDenied" in code or "NotAuthorized" in code:
            return error.response["Error"].get("Message", code)
        if code == "ConditionalCheckFailedException":
            return ""
        raise
    return ""


def _enforces_iam(context: CheckContext) -> bool:
    try:
        context.aws.as_nobody().sts.get_caller_identity()
    except ClientError:
        return True
    return False


def _receive(context: CheckContext, queue_url: str) -> None:
    context.aws.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=1, VisibilityTimeout=0)


def _write(context: CheckContext) -> None:
    context.aws.dynamodb.update_item(
        TableName=context.stack.table,
        Key=KEY,
        UpdateExpression="REMOVE neverThere",
        ConditionExpression="attribute_exists(neverThere)",
    )


def _restore(context: CheckContext) -> str:
    return (
        f"restore the policies: the checks queue policies and table policy of {context.stack.name} say which"
    )


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}..."


CHECKS = (
    Check("receive from New Items", receive_new_items),
    Check("receive from the line", receive_line),
    Check("send to Baked Items", send_baked_items),
    Check("receive from Leaving Items", receive_leaving_items),
    Check("send to Leaving Items", send_leaving_items),
    Check("write the row", write_row, "it asks no policies of tables"),
    Check("plain HTTP", plain_http, "it asks no policies of tables"),
)
