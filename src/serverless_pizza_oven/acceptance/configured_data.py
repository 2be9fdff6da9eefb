"""Whether the queues and the table are as the template says."""

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
    """The queues keep and hide messages for as long as the template says, and give up after as many tries."""
    told = context.template.of_type("AWS::SQS::Queue")
    differ = [difference for queue in told for difference in _of_queue(context, queue)]
    return compared(differ, ", ".join(_last(queue) for queue in told), UNDO)


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
    """What lies in the queues is encrypted, with the key that the template names."""
    told = context.template.of_type("AWS::SQS::Queue")
    differ: list[str] = []
    for queue in told:
        expected = {name: queue.properties.get(name) for name in _ENCRYPTION}
        if expected["KmsMasterKeyId"]:
            # A key of one's own takes the place of SQS's.
            del expected["SqsManagedSseEnabled"]
        differ += differences(queue.logical_id, expected, _attributes(context, queue))
    key = told[0].properties.get("KmsMasterKeyId")
    return compared(differ, f"by {key}" if key else "by keys of SQS", UNDO)


def queue_policies(context: CheckContext) -> Finding:
    """Who may use the queues is as the template says."""
    differ: list[str] = []
    statements = 0
    by_url = {queue.physical_id: queue for queue in context.template.of_type("AWS::SQS::Queue")}
    for policy in context.template.of_type("AWS::SQS::QueuePolicy"):
        document = policy.properties["PolicyDocument"]
        for url in policy.properties["Queues"]:
            queue = by_url[url]
            found = _attributes(context, queue).get("Policy")
            differ += differences_of_json(f"the policy of {_last(queue)}", document, found)
            statements += len(document["Statement"])
    return compared(differ, f"{statements} statements, as in the template", UNDO)


def table(context: CheckContext) -> Finding:
    """The table is there, paid by request, and protected and encrypted as the template says."""
    (told,) = context.template.of_type("AWS::DynamoDB::Table")
    found = context.aws.dynamodb.describe_table(TableName=told.physical_id)["Table"]
    expected = {
        "TableStatus": "ACTIVE",
        "KeySchema": told.properties["KeySchema"],
        "BillingModeSummary": {"BillingMode": told.properties["BillingMode"]},
        "DeletionProtectionEnabled": told.properties.get("DeletionProtectionEnabled", False),
    }
    key = told.properties.get("SSESpecification", {}).get("KMSMasterKeyId")
    if key:
        expected["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    encrypted = f"encrypted by {key}" if key else "encrypted by a key of DynamoDB"
    return compared(list(differences("table", expected, found)), f"active, by request, {encrypted}", UNDO)


def backups(context: CheckContext) -> Finding:
    """The table can be restored to any second of the last weeks."""
    (told,) = context.template.of_type("AWS::DynamoDB::Table")
    expected = told.properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    answer = context.aws.dynamodb.describe_continuous_backups(TableName=told.physical_id)
    recovery: Mapping[str, Any] = answer["ContinuousBackupsDescription"].get(
        "PointInTimeRecoveryDescription", {}
    )
    status = recovery.get("PointInTimeRecoveryStatus", "DISABLED")
    wanted = "ENABLED" if str(expected).lower() == "true" else "DISABLED"
    return compared(
        list(differences("point-in-time recovery", wanted, status)),
        f"point-in-time recovery is {status}",
        f"aws dynamodb update-continuous-backups --table-name {told.physical_id} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
    )


def table_policy(context: CheckContext) -> Finding:
    """Who may write the row is as the template says."""
    (told,) = context.template.of_type("AWS::DynamoDB::Table")
    arn = context.aws.dynamodb.describe_table(TableName=told.physical_id)["Table"]["TableArn"]
    document = told.properties.get("ResourcePolicy", {}).get("PolicyDocument")
    try:
        found = context.aws.dynamodb.get_resource_policy(ResourceArn=arn).get("Policy")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PolicyNotFoundException":
            raise
        found = None
    if not document and not found:
        return ok("none, as in the template")
    where = f"the policy of the table {told.physical_id}"
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
