"""Checks of the queues and the table against the template."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.comparing import UNDO, compared, differences, differences_of_json
from serverless_pizza_oven.acceptance.deployed_template import Resource
from serverless_pizza_oven.acceptance.findings import Check, Finding, ok

DEFAULTS = {"VisibilityTimeout": 30, "DelaySeconds": 0, "ReceiveMessageWaitTimeSeconds": 0}
"""Of an SQS queue
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)."""

_PLAIN = (*DEFAULTS, "MessageRetentionPeriod", "MaximumMessageSize", "FifoQueue", "ContentBasedDeduplication")
_JSON = ("RedrivePolicy", "RedriveAllowPolicy")
_ENCRYPTION = ("SqsManagedSseEnabled", "KmsMasterKeyId")


def queues(context: CheckContext) -> Finding:
    """The attributes of the queues are those of the template: retention, visibility, redrive and the like."""
    declared = context.template.of_type("AWS::SQS::Queue")
    different = [difference for queue in declared for difference in _of_queue(context, queue)]
    return compared(different, ", ".join(_last(queue) for queue in declared), UNDO)


def _of_queue(context: CheckContext, queue: Resource) -> Iterator[str]:
    found = _attributes(context, queue)
    wanted = {**DEFAULTS, **queue.properties}
    expected = {name: wanted[name] for name in _PLAIN if name in wanted}
    yield from differences(queue.logical_id, expected, found)
    for name in _JSON:
        where = f"{queue.logical_id}.{name}"
        if name in queue.properties:
            yield from differences_of_json(where, queue.properties[name], found.get(name))
        elif found.get(name):
            yield f"{where} is set, and the template has none"


def queue_encryption(context: CheckContext) -> Finding:
    """The queues are encrypted with the key of the template."""
    declared = context.template.of_type("AWS::SQS::Queue")
    different: list[str] = []
    for queue in declared:
        expected = {name: queue.properties.get(name) for name in _ENCRYPTION}
        if expected["KmsMasterKeyId"]:
            # A key of one's own takes the place of SQS's.
            del expected["SqsManagedSseEnabled"]
        different += differences(queue.logical_id, expected, _attributes(context, queue))
    key = declared[0].properties.get("KmsMasterKeyId")
    return compared(different, f"by {key}" if key else "by keys of SQS", UNDO)


def queue_policies(context: CheckContext) -> Finding:
    """The policies of the queues are those of the template."""
    different: list[str] = []
    statements = 0
    by_url = {queue.physical_id: queue for queue in context.template.of_type("AWS::SQS::Queue")}
    for policy in context.template.of_type("AWS::SQS::QueuePolicy"):
        document = policy.properties["PolicyDocument"]
        for url in policy.properties["Queues"]:
            queue = by_url[url]
            found = _attributes(context, queue).get("Policy")
            different += differences_of_json(f"the policy of {_last(queue)}", document, found)
            statements += len(document["Statement"])
    return compared(different, f"{statements} statements, as in the template", UNDO)


def table(context: CheckContext) -> Finding:
    """The table is active, with the key, billing, protection and encryption of the template."""
    (declared,) = context.template.of_type("AWS::DynamoDB::Table")
    found = context.aws.dynamodb.describe_table(TableName=declared.physical_id)["Table"]
    expected = {
        "TableStatus": "ACTIVE",
        "KeySchema": declared.properties["KeySchema"],
        "BillingModeSummary": {"BillingMode": declared.properties["BillingMode"]},
        "DeletionProtectionEnabled": declared.properties.get("DeletionProtectionEnabled", False),
    }
    key = declared.properties.get("SSESpecification", {}).get("KMSMasterKeyId")
    if key:
        expected["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    encrypted = f"encrypted by {key}" if key else "encrypted by a key of DynamoDB"
    return compared(list(differences("table", expected, found)), f"active, by request, {encrypted}", UNDO)


def backups(context: CheckContext) -> Finding:
    """Point-in-time recovery of the table is on, as in the template."""
    (declared,) = context.template.of_type("AWS::DynamoDB::Table")
    expected = declared.properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    answer = context.aws.dynamodb.describe_continuous_backups(TableName=declared.physical_id)
    recovery: Mapping[str, Any] = answer["ContinuousBackupsDescription"].get(
        "PointInTimeRecoveryDescription", {}
    )
    status = recovery.get("PointInTimeRecoveryStatus", "DISABLED")
    wanted = "ENABLED" if str(expected).lower() == "true" else "DISABLED"
    return compared(
        list(differences("point-in-time recovery", wanted, status)),
        f"point-in-time recovery is {status}",
        f"aws dynamodb update-continuous-backups --table-name {declared.physical_id} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
    )


def table_policy(context: CheckContext) -> Finding:
    """The policy of the table is that of the template."""
    (declared,) = context.template.of_type("AWS::DynamoDB::Table")
    arn = context.aws.dynamodb.describe_table(TableName=declared.physical_id)["Table"]["TableArn"]
    document = declared.properties.get("ResourcePolicy", {}).get("PolicyDocument")
    try:
        found = context.aws.dynamodb.get_resource_policy(ResourceArn=arn).get("Policy")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PolicyNotFoundException":
            raise
        found = None
    if not document and not found:
        return ok("none, as in the template")
    where = f"the policy of the table {declared.physical_id}"
    return compared(
        list(differences_of_json(where, document, found)), f"{len(document['Statement'])} statements", UNDO
    )


def _attributes(context: CheckContext, queue: Resource) -> Mapping[str, str]:
    answer = context.aws.sqs.get_queue_attributes(QueueUrl=queue.physical_id, AttributeNames=["All"])
    return {str(name): value for name, value in answer["Attributes"].items()}


def _last(queue: Resource) -> str:
    return queue.physical_id.rpartition("/")[2]


CHECKS = (
    Check("queues", queues),
    Check("queue encryption", queue_encryption),
    Check("queue policies", queue_policies),
    Check("table", table),
    Check("backups", backups, "it makes no backups"),
    Check("table policy", table_policy, "it keeps no policies of tables"),
)
