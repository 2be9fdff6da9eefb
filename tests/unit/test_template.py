"""The resources of the template, checked after its translation from SAM to CloudFormation."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from pizza_oven.errors import HandedOutError, RedrivenError, StillHeldError
from pizza_oven.item import MAX_BAKING_TIME_SECS, Trigger, parse
from pizza_oven.strict_json import MAX_ITEM_BYTES
from pizza_oven.work import MAX_RESULT_BYTES
from tests.unit.linting import lint
from tests.unit.resolved import ROOT, TEMPLATE, ResolvedTemplate, arn, as_list, source, statements, translated


@pytest.fixture(scope="module")
def stack() -> ResolvedTemplate:
    return ResolvedTemplate()


# The template as a whole


def test_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    assert lint(TEMPLATE, tmp_path) == ("", 0)


def test_it_is_no_larger_than_a_template_in_s3_may_be_before_and_after_its_translation() -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    assert max(len(TEMPLATE.read_bytes()), len(json.dumps(translated()))) < 1_000_000


def test_the_parameters_are_grouped_for_the_console_each_once() -> None:
    groups = source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(source()["Parameters"])
    assert all(group["Label"]["default"] for group in groups)


def test_the_code_is_named_at_each_function_where_every_packager_finds_it() -> None:
    # `aws cloudformation package` knows nothing of Globals: a function without the property is packed with
    # all that lies beside the template
    # (https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html).
    functions = [r for r in source()["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    assert [function["Properties"]["CodeUri"] for function in functions] == ["lambda/", "lambda/"]
    assert "CodeUri" not in source()["Globals"]["Function"]


def nulls(part: object, path: str = "") -> list[str]:
    if isinstance(part, dict):
        return [found for name, inner in part.items() for found in nulls(inner, f"{path}/{name}")]
    if isinstance(part, list):
        return [found for number, inner in enumerate(part) for found in nulls(inner, f"{path}/{number}")]
    return [path] if part is None else []


def test_there_is_no_null_in_it_which_cloudformation_would_refuse() -> None:
    # Emulators and the linter do not mind: https://github.com/aws/aws-cdk/issues/29164
    assert nulls(translated()) == []


def test_no_check_of_the_linter_is_ignored_and_those_of_checkov_only_with_a_reason() -> None:
    resources = source()["Resources"].values()
    ignored = [resource["Metadata"] for resource in resources if "Metadata" in resource]
    assert source()["Metadata"].keys() == {"AWS::CloudFormation::Interface"}
    assert ignored
    for metadata in ignored:
        assert metadata.keys() == {"checkov"}
        assert all(len(skipped["comment"]) > 50 for skipped in metadata["checkov"]["skip"])
    assert not list(ROOT.glob(".cfnlintrc*"))
    assert not list(ROOT.glob(".checkov*"))


RESOURCES = {
    "NewItems": "AWS::SQS::Queue",
    "NewItemsDLQ": "AWS::SQS::Queue",
    "WaitingItems": "AWS::SQS::Queue",
    "BakedItems": "AWS::SQS::Queue",
    "LeavingItems": "AWS::SQS::Queue",
    "LeavingItemsPolicy": "AWS::SQS::QueuePolicy",
    "NewItemsPolicy": "AWS::SQS::QueuePolicy",
    "OtherQueuesPolicy": "AWS::SQS::QueuePolicy",
    "WaitingItemsPolicy": "AWS::SQS::QueuePolicy",
    "BakedItemsPolicy": "AWS::SQS::QueuePolicy",
    "BakingTable": "AWS::DynamoDB::Table",
    "ItemStates": "AWS::StepFunctions::StateMachine",
    "ItemStatesRole": "AWS::IAM::Role",
    "BakeItems": "AWS::Lambda::Function",
    "BakeItemsNewItems": "AWS::Lambda::EventSourceMapping",
    "BakeItemsLog": "AWS::Logs::LogGroup",
    "BakeItemsRole": "AWS::IAM::Role",
    "ItemRemoved": "AWS::Lambda::Function",
    "ItemRemovedLog": "AWS::Logs::LogGroup",
    "ItemRemovedRole": "AWS::IAM::Role",
    "BakingFailed": "AWS::Events::Rule",
    "PilotLightRule": "AWS::Events::Rule",
    "DeadLettersAlarm": "AWS::CloudWatch::Alarm",
    "OldestWaitingAlarm": "AWS::CloudWatch::Alarm",
    "ExecutionsFailedAlarm": "AWS::CloudWatch::Alarm",
    "FunctionErrorsAlarm": "AWS::CloudWatch::Alarm",
    "ThrottlesAlarm": "AWS::CloudWatch::Alarm",
    "OverdueAlarm": "AWS::CloudWatch::Alarm",
}


def test_the_stack_is_made_of_these_resources_and_no_others(stack: ResolvedTemplate) -> None:
    assert {name: resource["Type"] for name, resource in stack.resources.items()} == RESOURCES


KEPT = {
    "NewItems": {"QueueName": "spo-NewItems"},
    "NewItemsDLQ": {"QueueName": "spo-DLQ"},
    "WaitingItems": {"QueueName": "spo-WaitingItems.fifo", "FifoQueue": True},
    "BakedItems": {"QueueName": "spo-BakedItems"},
    "LeavingItems": {"QueueName": "spo-LeavingItems"},
    "BakingTable": {"TableName": "BakingTable", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
    "ItemStates": {"StateMachineType": "STANDARD"},
    "BakeItemsLog": {"LogGroupName": "/aws/lambda/pizzeria-BakeItems"},
    "ItemRemovedLog": {"LogGroupName": "/aws/lambda/pizzeria-ItemRemoved"},
}
"""What holds items, or tells of them, by its id in the template; and its properties that say which it is."""

HOLDS_SOMETHING = {
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Table",
    "AWS::StepFunctions::StateMachine",
    "AWS::Logs::LogGroup",
}


def replaced_with(kind: str) -> set[str]:
    """The properties of a type whose change makes CloudFormation replace the resource."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    return {path.split("/")[2] for path in paths}


def test_an_update_from_an_earlier_version_replaces_nothing_that_holds_items(stack: ResolvedTemplate) -> None:
    holding = {
        name: {key: stack[name][key] for key in replaced_with(resource["Type"]) & stack[name].keys()}
        for name, resource in stack.resources.items()
        if resource["Type"] in HOLDS_SOMETHING
    }
    assert holding == KEPT, (
        "Who updates a stack to this would lose what is in these: where an id or one of these properties "
        "changes, CloudFormation makes a new one, and deletes the old. Give them back what they had."
    )


@pytest.mark.parametrize("release", ["1.0.0", "1.1.0"])
def test_an_update_from_a_release_replaces_no_resource_at_all(release: str, stack: ResolvedTemplate) -> None:
    before = ResolvedTemplate(release).resources
    changed = {
        f"{name}.{key}"
        for name in before.keys() & stack.resources.keys()
        for key in replaced_with(stack.resources[name]["Type"])
        if before[name]["Properties"].get(key) != stack[name].get(key)
    }

    assert not changed
    assert not before.keys() - stack.resources.keys()


def test_no_parameter_makes_anything_that_holds_items_go_away() -> None:
    conditional = [name for name in KEPT if "Condition" in translated()["Resources"][name]]
    assert not conditional, "Who changes that parameter would lose what is in these."


def test_no_update_and_no_rollback_takes_a_policy_off_a_queue() -> None:
    # CloudFormation takes a policy off a queue that is no longer in its list, and off each queue of a policy
    # that it deletes. Until 1.1.0 OtherQueuesPolicy had three queues. Two of them get their own after it.
    policies = {
        name: resource
        for name, resource in translated()["Resources"].items()
        if resource["Type"] == "AWS::SQS::QueuePolicy"
    }
    assert {policy["DeletionPolicy"] for policy in policies.values()} == {"Retain"}
    assert {name for name, policy in policies.items() if policy.get("DependsOn") == "OtherQueuesPolicy"} == {
        "WaitingItemsPolicy",
        "BakedItemsPolicy",
    }


def test_nothing_is_bound_to_one_partition_or_region(stack: ResolvedTemplate) -> None:
    everything = json.dumps([stack.resources, stack.outputs])
    assert "arn:aws:" not in everything
    assert not re.search(r"\b(us|eu|ap|sa|ca)-[a-z]+-\d", everything)


# Parameters and outputs


def test_every_parameter_has_a_default_and_a_description() -> None:
    lacking = {
        name
        for name, parameter in source()["Parameters"].items()
        if {"Default", "Description"} - parameter.keys()
    }
    assert not lacking


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("BakingTableCapacityCount", 14),
        ("QueueNamePrefix", "spo"),
        ("BakingTableName", "BakingTable"),
        ("MessageRetentionPeriod", 14 * 24 * 60 * 60),
        ("MaxReceiveCount", 30),
        ("VisibilityTimeout", 60),
    ],
)
def test_a_parameter_of_the_contract_keeps_its_name_and_default(name: str, default: object) -> None:
    assert source()["Parameters"][name]["Default"] == default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NewItemsQueueUrl", "NewItems"),
        ("NewItemsDLQUrl", "NewItemsDLQ"),
        ("WaitingItemsQueueUrl", "WaitingItems"),
        ("BakedItemsQueueUrl", "BakedItems"),
        ("BakingTableName", "BakingTable"),
        ("BakingTableCapacityCount", 14),
        ("ItemStatesArn", "ItemStates"),
        ("BakeItemsFunctionName", "BakeItems"),
        ("ItemRemovedFunctionName", "ItemRemoved"),
        ("BakeItemsLogGroup", "BakeItemsLog"),
        ("ItemRemovedLogGroup", "ItemRemovedLog"),
    ],
)
def test_an_output_tells_what_its_name_says(stack: ResolvedTemplate, name: str, value: object) -> None:
    assert stack.outputs[name] == value


def test_two_ovens_of_an_account_share_no_name() -> None:
    other = ResolvedTemplate(QueueNamePrefix="roma", BakingTableName="Roma")
    names = {name: queue["QueueName"] for name, queue in other.of_type("AWS::SQS::Queue").items()}
    assert names == {
        "NewItems": "roma-NewItems",
        "NewItemsDLQ": "roma-DLQ",
        "WaitingItems": "roma-WaitingItems.fifo",
        "BakedItems": "roma-BakedItems",
        "LeavingItems": "roma-LeavingItems",
    }
    assert other["BakingTable"]["TableName"] == "Roma"
    assert "spo-" not in json.dumps(other.resources)


def test_the_longest_prefix_makes_queue_names_that_sqs_takes() -> None:
    longest = "p" * 60
    assert re.fullmatch(source()["Parameters"]["QueueNamePrefix"]["AllowedPattern"], longest)
    queues = ResolvedTemplate(QueueNamePrefix=longest).of_type("AWS::SQS::Queue").values()
    assert max(len(queue["QueueName"]) for queue in queues) <= 80


# Queues and table

QUEUES = ["NewItems", "NewItemsDLQ", "WaitingItems", "BakedItems", "LeavingItems"]


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_encrypted(stack: ResolvedTemplate, queue: str) -> None:
    assert stack[queue]["SqsManagedSseEnabled"] is True


def test_a_dead_letter_has_room_for_its_reason_and_a_batch_fits_into_an_invocation(
    stack: ResolvedTemplate,
) -> None:
    sizes = {queue: stack[queue]["MaximumMessageSize"] for queue in QUEUES}
    others = {size for queue, size in sizes.items() if queue not in ("NewItemsDLQ", "BakedItems")}
    assert sizes["NewItemsDLQ"] == 1024 * 1024
    assert sizes["BakedItems"] >= MAX_ITEM_BYTES + MAX_RESULT_BYTES
    assert others == {256 * 1024}
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. A quote is two bytes in JSON.
    assert 10 * 2 * max(others) < 6_000_000
    assert max(others) > MAX_ITEM_BYTES


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_keeps_its_messages_as_long_as_the_parameter_says(queue: str) -> None:
    assert ResolvedTemplate(MessageRetentionPeriod=3600)[queue]["MessageRetentionPeriod"] == 3600


def test_new_items_that_fail_time_and_again_become_dead_letters() -> None:
    assert ResolvedTemplate(MaxReceiveCount=7)["NewItems"]["RedrivePolicy"] == {
        "deadLetterTargetArn": "NewItemsDLQ.Arn",
        "maxReceiveCount": 7,
    }


def test_only_new_items_may_be_redriven_to_the_dead_letters(stack: ResolvedTemplate) -> None:
    assert stack["NewItemsDLQ"]["RedriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", "spo-NewItems")],
    }


@pytest.mark.parametrize("queue", ["NewItemsDLQ", "WaitingItems", "BakedItems", "LeavingItems"])
def test_no_other_queue_gives_messages_away(stack: ResolvedTemplate, queue: str) -> None:
    assert "RedrivePolicy" not in stack[queue]


def test_a_new_item_stays_hidden_for_six_times_the_functions_timeout(stack: ResolvedTemplate) -> None:
    six_times = 6 * stack["BakeItems"]["Timeout"]
    parameter = source()["Parameters"]["VisibilityTimeout"]
    assert min(parameter["Default"], parameter["MinValue"]) >= six_times
    assert ResolvedTemplate(VisibilityTimeout=777)["NewItems"]["VisibilityTimeout"] == 777


def test_a_crash_with_messages_of_the_line_locks_it_for_seconds(stack: ResolvedTemplate) -> None:
    # Longer than a round of a few requests takes, and than the long poll before it.
    assert 2 <= stack["WaitingItems"]["VisibilityTimeout"] <= 5


def test_the_table_is_keyed_by_a_string_id(stack: ResolvedTemplate) -> None:
    assert stack["BakingTable"]["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert stack["BakingTable"]["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]


def test_the_table_is_paid_for_on_demand(stack: ResolvedTemplate) -> None:
    assert stack["BakingTable"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_can_be_restored_to_any_point_in_time(stack: ResolvedTemplate) -> None:
    assert stack["BakingTable"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


# Functions

FUNCTIONS = ["BakeItems", "ItemRemoved"]
SUPPORTED_RUNTIMES = {"python3.13", "python3.14"}
"""Those that AWS supports for years to come
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html)."""

ENVIRONMENTS = {
    "BakeItems": {
        "STACK": "pizzeria",
        "METRICS": "ENABLED",
        "BAKING_TABLE": "BakingTable",
        "CAPACITY": 14,
        "NEW_ITEMS_URL": "NewItems",
        "WAITING_ITEMS_URL": "WaitingItems",
        "LEAVING_ITEMS_URL": "LeavingItems",
        "DLQ_URL": "NewItemsDLQ",
        "ITEM_STATES_ARN": "ItemStates",
    },
    "ItemRemoved": {
        "STACK": "pizzeria",
        "METRICS": "ENABLED",
        "BAKING_TABLE": "BakingTable",
        "NEW_ITEMS_URL": "NewItems",
        "CAPACITY": 14,
        "ADMISSION": "OPEN",
        "WAITING_ITEMS_URL": "WaitingItems",
        "DLQ_URL": "NewItemsDLQ",
        "ITEM_STATES_ARN": "ItemStates",
        "BAKED_ITEMS_URL": "BakedItems",
        "LEAVING_ITEMS_URL": "LeavingItems",
    },
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_on_arm_and_a_current_python(stack: ResolvedTemplate, function: str) -> None:
    assert stack[function]["Architectures"] == ["arm64"]
    assert stack[function]["Runtime"] in SUPPORTED_RUNTIMES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_region_without_arm_or_without_recursive_loop_detection_gets_neither(function: str) -> None:
    elsewhere = ResolvedTemplate(Architecture="x86_64", RecursionGuard="OMIT")
    assert elsewhere[function]["Architectures"] == ["x86_64"]
    assert "RecursiveLoop" not in elsewhere[function]
    assert ResolvedTemplate()[function]["RecursiveLoop"] == "Allow"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_handler_exists(stack: ResolvedTemplate, function: str) -> None:
    module, _, name = stack[function]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_told_where_everything_is(stack: ResolvedTemplate, function: str) -> None:
    assert stack[function]["Environment"]["Variables"] == ENVIRONMENTS[function]


def test_the_capacity_is_that_of_the_parameter() -> None:
    assert (
        ResolvedTemplate(BakingTableCapacityCount=200)["BakeItems"]["Environment"]["Variables"]["CAPACITY"]
        == 200
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_role_of_its_own(stack: ResolvedTemplate, function: str) -> None:
    assert stack[function]["Role"] == f"{function}Role.Arn"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_log_of_its_own_that_is_not_kept_for_ever(function: str) -> None:
    stack = ResolvedTemplate(LogRetentionInDays=3)
    assert stack[function]["LoggingConfig"]["LogGroup"] == f"{function}Log"
    assert stack[f"{function}Log"] == {
        "LogGroupName": f"/aws/lambda/pizzeria-{function}",
        "RetentionInDays": 3,
    }


def test_new_items_invoke_bake_items_in_batches_that_may_fail_in_part(stack: ResolvedTemplate) -> None:
    mapping = stack["BakeItemsNewItems"]
    assert mapping["EventSourceArn"] == "NewItems.Arn"
    assert mapping["FunctionName"] == "BakeItems"
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("chosen", [{}, {"MaximumConcurrency": 9}], ids=["default", "chosen"])
def test_as_many_bake_items_work_at_once_as_the_parameter_says(chosen: dict[str, int]) -> None:
    default = source()["Parameters"]["MaximumConcurrency"]["Default"]
    expected = {"MaximumConcurrency": chosen.get("MaximumConcurrency", default)}
    assert ResolvedTemplate(**chosen)["BakeItemsNewItems"]["ScalingConfig"] == expected


# Permissions

TRUSTED = {
    "BakeItemsRole": ("lambda.amazonaws.com", None),
    "ItemRemovedRole": ("lambda.amazonaws.com", None),
    "ItemStatesRole": ("states.amazonaws.com", {"StringEquals": {"aws:SourceAccount": "123456789012"}}),
}

ALLOWED = {
    "BakeItemsRole": {
        "NewItems.Arn": {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage*",
            "sqs:GetQueueAttributes",
            "sqs:SendMessage",
        },
        "WaitingItems.Arn": {
            "sqs:SendMessage*",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage*",
            "sqs:ChangeMessageVisibility*",
            "sqs:GetQueueAttributes",
        },
        "NewItemsDLQ.Arn": {"sqs:SendMessage*"},
        "LeavingItems.Arn": {"sqs:ReceiveMessage", "sqs:DeleteMessage*"},
        arn("dynamodb", "table/BakingTable"): {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "ItemStates": {"states:StartExecution"},
        arn("states", "execution:ItemStates.Name:*"): {"states:DescribeExecution", "states:StopExecution"},
        "*": {"states:SendTaskSuccess"},
        "BakeItemsLog.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "ItemRemovedRole": {
        arn("dynamodb", "table/BakingTable"): {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "BakedItems.Arn": {"sqs:SendMessage"},
        "LeavingItems.Arn": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage*"},
        "WaitingItems.Arn": {"sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:ChangeMessageVisibility*"},
        "NewItemsDLQ.Arn": {"sqs:SendMessage*"},
        "NewItems.Arn": {"sqs:SendMessage"},
        "ItemStates": {"states:StartExecution"},
        arn("states", "execution:ItemStates.Name:*"): {"states:DescribeExecution", "states:StopExecution"},
        "*": {"states:SendTaskSuccess"},
        "ItemRemovedLog.Arn": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "ItemStatesRole": {
        arn("lambda", "function:pizzeria-ItemRemoved"): {"lambda:InvokeFunction"},
    },
}


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_may_do_just_this_to_just_that(stack: ResolvedTemplate, role: str) -> None:
    allowed: dict[str, set[str]] = {}
    for statement in statements(stack[role]):
        assert statement.keys() - {"Sid"} == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            allowed.setdefault(resource, set()).update(as_list(statement["Action"]))
    assert allowed == ALLOWED[role]


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_has_no_rights_but_those_written_in_it(stack: ResolvedTemplate, role: str) -> None:
    assert stack[role].keys() == {"AssumeRolePolicyDocument", "Policies"}
    everywhere = [s for s in statements(stack[role]) if "*" in as_list(s["Resource"])]
    # To tell the owner of a held item is asked of no resource.
    assert all(as_list(s["Action"]) == ["states:SendTaskSuccess"] for s in everywhere)


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_has_the_path_and_the_boundary_that_an_account_demands(role: str) -> None:
    boundary = "arn:aws-cn:iam::123456789012:policy/ovens/bound"
    governed = ResolvedTemplate(RolePath="/ovens/", PermissionsBoundaryArn=boundary)
    assert governed[role]["Path"] == "/ovens/"
    assert governed[role]["PermissionsBoundary"] == boundary
    # A path that is written where none was has CloudFormation replace the role.
    assert "Path" not in ResolvedTemplate()[role]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("PermissionsBoundaryArn", "arn:aws-us-gov:iam::123456789012:policy/a/b", "policy/a"),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::1:role/x"),
        ("RolePath", "/", "ovens"),
        ("RolePath", "/a/b/", "/a"),
    ],
)
def test_a_boundary_and_a_path_are_checked_before_anything_is_made(
    parameter: str, good: str, bad: str
) -> None:
    pattern = source()["Parameters"][parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, good)
    assert not re.fullmatch(pattern, bad)


@pytest.mark.parametrize("role", TRUSTED)
def test_a_role_is_taken_on_by_its_service_alone(stack: ResolvedTemplate, role: str) -> None:
    service, condition = TRUSTED[role]
    [statement] = stack[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Principal"] == {"Service": service}
    assert statement.get("Condition") == condition


GUARDED = {**{queue: f"{queue}.Arn" for queue in QUEUES}, "BakingTable": arn("dynamodb", "table/BakingTable")}
"""By id: what has a policy, and how the policy calls it."""


def rules_of(guarded: str, stack: ResolvedTemplate) -> dict[str, dict[str, Any]]:
    """What the policy of a queue or of the table says, by the statements' ids.

    A queue has one at most: of two, only one would count. And a policy has one queue
    (http://docs.amazonwebservices.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/AccessPolicyLanguage_SpecialInfo.html).
    """
    assert all(len(policy["Queues"]) == 1 for policy in stack.of_type("AWS::SQS::QueuePolicy").values())
    policies = [
        policy["PolicyDocument"]
        for policy in stack.of_type("AWS::SQS::QueuePolicy").values()
        if guarded in policy["Queues"]
    ]
    if guarded == "BakingTable":
        policies = [stack["BakingTable"]["ResourcePolicy"]["PolicyDocument"]]
    assert len(policies) <= 1
    return {
        statement["Sid"]: {key: value for key, value in statement.items() if key not in ("Sid", "Resource")}
        for policy in policies
        for statement in policy["Statement"]
        if statement["Resource"] == GUARDED[guarded]
    }


def denied(actions: str | list[str], **condition: Any) -> dict[str, Any]:
    """Refused to everybody of whom the condition is true."""
    return {"Effect": "Deny", "Principal": "*", "Action": actions, "Condition": condition}


def all_actions(guarded: str) -> str:
    return "dynamodb:*" if guarded == "BakingTable" else "sqs:*"


@pytest.mark.parametrize("guarded", GUARDED)
def test_plain_http_is_refused_to_everybody(stack: ResolvedTemplate, guarded: str) -> None:
    refusal = denied(all_actions(guarded), Bool={"aws:SecureTransport": "false"})
    assert rules_of(guarded, stack)["DenyPlainHttp"] == refusal


@pytest.mark.parametrize("guarded", GUARDED)
def test_plain_http_is_taken_where_it_was_asked_to(guarded: str) -> None:
    assert "DenyPlainHttp" not in rules_of(guarded, ResolvedTemplate(RefusePlainHttp="false"))


@pytest.mark.parametrize("guarded", GUARDED)
def test_other_accounts_are_refused_but_not_aws_itself(stack: ResolvedTemplate, guarded: str) -> None:
    assert rules_of(guarded, stack)["DenyOtherAccounts"] == denied(
        all_actions(guarded),
        StringNotEquals={"aws:PrincipalAccount": "123456789012"},
        BoolIfExists={"aws:PrincipalIsAWSService": "false"},
    )


INTERIOR = {
    "NewItems": {
        "OnlyBakeItemsReceives": denied(
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            ArnNotEquals={"aws:PrincipalArn": "BakeItemsRole.Arn"},
        )
    },
    "NewItemsDLQ": {},
    "WaitingItems": {
        "OnlyTheFunctionsUseTheLine": denied(
            ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            ArnNotEquals={"aws:PrincipalArn": ["BakeItemsRole.Arn", "ItemRemovedRole.Arn"]},
        )
    },
    "BakedItems": {
        "OnlyItemRemovedSends": denied(
            "sqs:SendMessage", ArnNotEquals={"aws:PrincipalArn": "ItemRemovedRole.Arn"}
        )
    },
    "LeavingItems": {
        "OnlyItemRemovedSends": denied(
            "sqs:SendMessage", ArnNotEquals={"aws:PrincipalArn": "ItemRemovedRole.Arn"}
        ),
        "OnlyTheFunctionsReceive": denied(
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            ArnNotEquals={"aws:PrincipalArn": ["BakeItemsRole.Arn", "ItemRemovedRole.Arn"]},
        ),
    },
    "BakingTable": {
        "OnlyTheFunctionsWrite": denied(
            [
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PartiQLDelete",
            ],
            ArnNotEquals={"aws:PrincipalArn": ["BakeItemsRole.Arn", "ItemRemovedRole.Arn"]},
        )
    },
}
"""Actions that only the oven's functions may take."""


@pytest.mark.parametrize("guarded", GUARDED)
def test_the_interior_is_touched_by_the_ovens_own_functions_alone(
    stack: ResolvedTemplate, guarded: str
) -> None:
    kept = {sid: rule for sid, rule in rules_of(guarded, stack).items() if sid.startswith("Only")}
    assert kept == INTERIOR[guarded]


@pytest.mark.parametrize("guarded", GUARDED)
def test_the_interior_can_be_unlocked_for_repairs(guarded: str) -> None:
    unlocked = rules_of(guarded, ResolvedTemplate(Interior="UNLOCKED"))
    assert not [sid for sid in unlocked if sid.startswith("Only")]


OUR_RULES_MAY_SEND = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Condition": {"ArnEquals": {"aws:SourceArn": ["BakingFailed.Arn", "PilotLightRule.Arn"]}},
}


@pytest.mark.parametrize("guarded", GUARDED)
def test_no_policy_lets_anybody_in_but_our_two_rules(stack: ResolvedTemplate, guarded: str) -> None:
    allowing = [rule for rule in rules_of(guarded, stack).values() if rule["Effect"] != "Deny"]
    assert allowing == ([OUR_RULES_MAY_SEND] if guarded == "NewItems" else [])


# Item States


@pytest.fixture
def definition(stack: ResolvedTemplate) -> dict[str, Any]:
    read: dict[str, Any] = stack["ItemStates"]["Definition"]
    return read


TASKS = pytest.mark.parametrize("task", ["Removed", "Unloaded"])


def waits(retry: dict[str, Any]) -> list[float]:
    """The seconds before each retry, without jitter."""
    return [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
        for attempt in range(retry["MaxAttempts"])
    ]


def test_an_item_bakes_as_long_as_it_says_and_is_then_removed(definition: dict[str, Any]) -> None:
    assert definition["StartAt"] == "Baking"
    assert definition["States"].keys() == {"Baking", "Removed", "Unloaded", "Extended", "Held"}
    assert definition["States"]["Baking"] == {
        "Type": "Wait",
        "SecondsPath": "$.bakingTimeSecs",
        "Next": "Removed",
    }


COUNTS = {
    "ClientContext.$": (
        r"""States.Base64Encode(States.Format('\{"custom":\{"retryCount":{},"redriveCount":{}\}\}', """
        "$$.State.RetryCount, $$.Execution.RedriveCount))"
    )
}
"""The counts of retries and redrives are not part of the item."""


def test_item_removed_is_given_the_item_and_the_execution_ends_with_it(definition: dict[str, Any]) -> None:
    removed = definition["States"]["Removed"]
    assert removed["Type"] == "Task"
    assert removed["Resource"] == "arn:aws-cn:states:::lambda:invoke"
    assert (
        removed["Parameters"]
        == {
            "FunctionName": arn("lambda", "function:pizzeria-ItemRemoved"),
            "Payload.$": "$$.Execution.Input",
        }
        | COUNTS
    )
    assert removed["End"] is True


def test_what_is_handed_out_is_not_handed_out_again_while_its_slots_cannot_be_freed(
    definition: dict[str, Any],
) -> None:
    removed, unloaded = definition["States"]["Removed"], definition["States"]["Unloaded"]
    name = HandedOutError.__name__
    assert name in removed["Retry"][0]["ErrorEquals"]
    assert {"ErrorEquals": [name], "ResultPath": "$.error", "Next": "Unloaded"} in removed["Catch"]
    assert unloaded["Resource"] == removed["Resource"]
    payload = {"handedOut.$": "$$.Execution.Name"}
    assert (
        unloaded["Parameters"]
        == {"FunctionName": arn("lambda", "function:pizzeria-ItemRemoved"), "Payload": payload} | COUNTS
    )
    assert unloaded["End"] is True


def test_an_item_whose_lease_was_extended_is_held_until_the_moment_that_the_error_says(
    definition: dict[str, Any],
) -> None:
    states, name = definition["States"], StillHeldError.__name__
    assert name in states["Removed"]["Retry"][0]["ErrorEquals"]
    assert {"ErrorEquals": [name], "ResultPath": "$.error", "Next": "Extended"} in states["Removed"]["Catch"]
    assert states["Extended"]["Parameters"]["lease.$"] == "States.StringToJson($.error.Cause)"
    assert states["Extended"]["Next"] == "Held"
    assert states["Held"] == {"Type": "Wait", "TimestampPath": "$.lease.errorMessage", "Next": "Removed"}


@TASKS
def test_a_redriven_execution_fails_at_once(task: str, definition: dict[str, Any]) -> None:
    retry = definition["States"][task]["Retry"][0]
    assert RedrivenError.__name__ in retry["ErrorEquals"]
    assert retry["MaxAttempts"] == 0


@TASKS
def test_a_try_to_remove_is_given_up_when_the_function_is_surely_dead(
    task: str, stack: ResolvedTemplate, definition: dict[str, Any]
) -> None:
    assert stack["ItemRemoved"]["Timeout"] < definition["States"][task]["TimeoutSeconds"] <= 300


@TASKS
def test_removing_is_tried_again_for_hours_whatever_the_error(task: str, definition: dict[str, Any]) -> None:
    retry = definition["States"][task]["Retry"][-1]
    assert retry["ErrorEquals"] == ["States.ALL"]
    # Jitter picks each wait between nothing and all of it: half of it, over hundreds of tries.
    assert sum(waits(retry)) / 2 >= 6 * 60 * 60


@TASKS
def test_removing_is_tried_again_soon_and_at_least_every_minute(
    task: str, definition: dict[str, Any]
) -> None:
    retry = definition["States"][task]["Retry"][-1]
    assert waits(retry)[0] <= 1
    assert max(waits(retry)) <= 60


def test_all_the_tries_fit_in_the_history_of_an_execution(definition: dict[str, Any]) -> None:
    retries = [definition["States"][task]["Retry"][-1] for task in ("Removed", "Unloaded")]
    # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html; a try makes up to 5 events.
    assert 5 * sum(retry["MaxAttempts"] for retry in retries) < 25_000


def test_an_execution_may_last_a_year_and_the_longest_baking_leaves_a_day_of_it_for_retries(
    definition: dict[str, Any],
) -> None:
    # More than a year has no effect: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    assert definition["TimeoutSeconds"] == 365 * 24 * 60 * 60
    pauses = [sum(waits(definition["States"][task]["Retry"][-1])) for task in ("Removed", "Unloaded")]
    assert definition["TimeoutSeconds"] - MAX_BAKING_TIME_SECS >= 24 * 60 * 60
    assert max(pauses) < 24 * 60 * 60


def test_item_states_has_a_role_of_its_own(stack: ResolvedTemplate) -> None:
    assert stack["ItemStates"]["RoleArn"] == "ItemStatesRole.Arn"


# Other triggers of Bake Items


def test_the_failure_rule_matches_every_sad_end_of_our_executions(stack: ResolvedTemplate) -> None:
    assert stack["BakingFailed"]["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": ["ItemStates"], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    }
    assert stack["BakingFailed"].get("State", "ENABLED") == "ENABLED"


def test_the_failure_rule_sends_a_trigger_that_names_the_item(stack: ResolvedTemplate) -> None:
    [target] = stack["BakingFailed"]["Targets"]
    assert target["Arn"] == "NewItems.Arn"
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"] == {"item": "$.detail.name"}
    # A string fills its place in a template of JSON with its quotes.
    body = transformer["InputTemplate"].replace("<item>", '"margherita"')
    assert parse(body, capacity=1) == Trigger("margherita")


def test_the_pilot_light_sends_a_trigger_each_minute(stack: ResolvedTemplate) -> None:
    rule = stack["PilotLightRule"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    [target] = rule["Targets"]
    assert target["Arn"] == "NewItems.Arn"
    assert parse(target["Input"], capacity=1) == Trigger("pilot-light")


def test_the_pilot_light_is_out_while_the_oven_is_paused() -> None:
    assert ResolvedTemplate(Admission="PAUSED")["PilotLightRule"]["State"] == "DISABLED"


def test_the_pilot_light_can_be_slowed_and_put_out() -> None:
    rule = ResolvedTemplate(PilotLight="DISABLED", PilotLightSchedule="rate(1 hour)")["PilotLightRule"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "DISABLED")
