"""Alarms, dashboard, traces, encryption key and protection in the template."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pizza_oven.functions.metrics import COUNTED, NAMESPACE, SEEN
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.throttling import WITHIN_SECS, quotas_of
from tests.unit.resolved import ROOT, ResolvedTemplate, as_list, source, statements

METRICS = {
    (NAMESPACE, "Stack"): {*COUNTED.values(), *SEEN.values(), "WaitingTime"},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "QueueName"): {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "FunctionName"): {"Duration", "Errors", "Throttles"},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    ("AWS/States", "StateMachineArn"): {
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsAborted",
        "ExecutionsTimedOut",
        "ExecutionThrottled",
    },
    # The same page, of the API: StartExecution of all state machines of the account.
    ("AWS/States", "APIName"): {"ThrottledEvents"},
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    ("AWS/DynamoDB", "TableName"): {"WriteThrottleEvents"},
}
"""The metrics that exist for the resources of the stack, by namespace and dimension."""

THINGS = {
    "Stack": {"pizzeria"},
    "QueueName": {
        f"{queue}.QueueName" for queue in ("NewItems", "NewItemsDLQ", "WaitingItems", "BakedItems")
    },
    "FunctionName": {"BakeItems", "ItemRemoved"},
    "StateMachineArn": {"ItemStates"},
    "TableName": {"BakingTable"},
    "APIName": {"StartExecution"},
}

ALARM = "AWS::CloudWatch::Alarm"
TOPIC = "arn:aws-cn:sns:cn-north-1:123456789012:on-call"
THROUGH_DYNAMODB = {"kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"}
KEY = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234"


@pytest.fixture(scope="module")
def alarms() -> dict[str, dict[str, Any]]:
    """All there can be."""
    return ResolvedTemplate(LongestLine=500).of_type(ALARM)


def looked_at(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm."""
    if "Metrics" not in alarm:
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]


def exists(namespace: str, dimension: str, thing: str, name: str) -> bool:
    return name in METRICS[namespace, dimension] and thing in THINGS[dimension]


# Alarms


def test_an_alarm_tells_of_each_way_in_which_an_oven_is_ill(alarms: dict[str, dict[str, Any]]) -> None:
    assert {
        name: {(metric["MetricName"], metric["Dimensions"][0]["Value"]) for metric in looked_at(alarm)}
        for name, alarm in alarms.items()
    } == {
        "DeadLettersAlarm": {
            ("ApproximateNumberOfMessagesVisible", "NewItemsDLQ.QueueName"),
            ("Rejected", "pizzeria"),
        },
        "OldestWaitingAlarm": {
            ("ApproximateAgeOfOldestMessage", "WaitingItems.QueueName"),
            ("OldestWaiting", "pizzeria"),
        },
        "ExecutionsFailedAlarm": {("ExecutionsFailed", "ItemStates"), ("ExecutionsTimedOut", "ItemStates")},
        "FunctionErrorsAlarm": {("Errors", "BakeItems"), ("Errors", "ItemRemoved"), ("Failed", "pizzeria")},
        "ThrottlesAlarm": {
            ("Throttles", "BakeItems"),
            ("Throttles", "ItemRemoved"),
            ("WriteThrottleEvents", "BakingTable"),
            ("ExecutionThrottled", "ItemStates"),
            ("ThrottledEvents", "StartExecution"),
        },
        "OverdueAlarm": {("Overdue", "pizzeria")},
        "LineTooLongAlarm": {("ApproximateNumberOfMessagesVisible", "WaitingItems.QueueName")},
    }


def test_oven_status_tells_of_the_same_throttled_requests_as_the_alarm_and_the_dashboard() -> None:
    template = ResolvedTemplate(Dashboard="ENABLED")
    stack = Stack(
        "pizzeria",
        {
            "BakingTableName": "BakingTable",
            "ItemStatesArn": "ItemStates",
            "BakeItemsFunctionName": "BakeItems",
            "ItemRemovedFunctionName": "ItemRemoved",
        },
    )
    told = {
        (metric.namespace, metric.dimension, metric.value, metric.name)
        for quota in quotas_of(stack)
        for metric in quota.throttled
    }

    assert told == {
        (metric["Namespace"], dimension["Name"], dimension["Value"], metric["MetricName"])
        for metric in looked_at(template["ThrottlesAlarm"])
        for dimension in metric["Dimensions"]
    }
    assert told <= set(drawn())
    periods = {query["MetricStat"]["Period"] for query in template["ThrottlesAlarm"]["Metrics"][1:]}
    assert periods == {WITHIN_SECS}


def test_an_alarm_looks_at_metrics_that_exist(alarms: dict[str, dict[str, Any]]) -> None:
    for alarm in alarms.values():
        for metric in looked_at(alarm):
            [dimension] = metric["Dimensions"]
            assert exists(metric["Namespace"], dimension["Name"], dimension["Value"], metric["MetricName"])


def test_the_description_of_the_parameter_tells_how_many_metrics_are_paid_for() -> None:
    # An alarm is charged for each metric that it uses, ten of an account excepted:
    # https://aws.amazon.com/cloudwatch/pricing/
    used = sum(len(looked_at(alarm)) for alarm in ResolvedTemplate().of_type(ALARM).values())
    assert f"these use {used}." in source()["Parameters"]["Alarms"]["Description"]


def test_an_alarm_says_what_to_do_first_and_where_to_read_on(alarms: dict[str, dict[str, Any]]) -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    headings = {line[3:].lower().replace(" ", "-") for line in runbook.splitlines() if line.startswith("## ")}
    for name, alarm in alarms.items():
        assert alarm["AlarmName"] == f"pizzeria-{name.removesuffix('Alarm')}"
        words, _, section = alarm["AlarmDescription"].rpartition(" See docs/runbook.md#")
        assert section in headings
        assert len(words) > 50


def test_the_oldest_in_line_alarms_at_half_of_its_retention() -> None:
    alarm = ResolvedTemplate(MessageRetentionPeriod=3600)["OldestWaitingAlarm"]
    [expression] = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
    assert (expression, alarm["Threshold"]) == ("100 * MAX(METRICS()) / 3600", 50)
    assert {query["MetricStat"]["Stat"] for query in alarm["Metrics"] if "MetricStat" in query} == {"Maximum"}
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_a_line_alarms_at_the_length_that_was_chosen(alarms: dict[str, dict[str, Any]]) -> None:
    assert alarms["LineTooLongAlarm"]["Threshold"] == 500
    assert "LineTooLongAlarm" not in ResolvedTemplate().resources


# Missing data is not breaching. SQS sends no data about a queue that is not used.
KEEPS_ITS_STATE = {"DeadLettersAlarm", "LineTooLongAlarm"}


def test_an_alarm_knows_what_silence_means(alarms: dict[str, dict[str, Any]]) -> None:
    assert {name: alarm["TreatMissingData"] for name, alarm in alarms.items()} == {
        name: "ignore" if name in KEEPS_ITS_STATE else "notBreaching" for name in alarms
    }


def test_alarms_of_several_metrics_compare_one_expression(alarms: dict[str, dict[str, Any]]) -> None:
    for alarm in alarms.values():
        compared = [query for query in alarm.get("Metrics", []) if query.get("ReturnData", True)]
        assert all("Expression" in query for query in compared)
        assert len(compared) == ("Metrics" in alarm)


def test_a_topic_is_told_of_each_alarm_and_of_its_end() -> None:
    for alarm in ResolvedTemplate(AlarmTopicArn=TOPIC, LongestLine=1).of_type(ALARM).values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([TOPIC], [TOPIC])
    for alarm in ResolvedTemplate().of_type(ALARM).values():
        assert not {"AlarmActions", "OKActions"} & alarm.keys()


def test_alarms_can_be_left_out_and_that_on_our_own_metrics_goes_with_them() -> None:
    assert not ResolvedTemplate(Alarms="DISABLED", LongestLine=1).of_type(ALARM)
    without = ResolvedTemplate(Metrics="DISABLED")
    assert "OverdueAlarm" not in without.resources
    assert not [
        m
        for alarm in without.of_type(ALARM).values()
        for m in looked_at(alarm)
        if m["Namespace"] == NAMESPACE
    ]
    assert without["BakeItems"]["Environment"]["Variables"]["METRICS"] == "DISABLED"


# The dashboard


def widgets() -> list[dict[str, Any]]:
    body: dict[str, Any] = json.loads(ResolvedTemplate(Dashboard="ENABLED")["OvenDashboard"]["DashboardBody"])
    return [widget["properties"] for widget in body["widgets"]]


def drawn() -> Iterator[tuple[str, str, str, str]]:
    """The namespace, dimension, thing and name of each metric of the dashboard."""
    for widget in widgets():
        for namespace, name, dimension, thing, _ in widget["metrics"]:
            yield namespace, dimension, thing, name


def test_a_dashboard_is_made_only_if_one_is_wanted() -> None:
    assert not ResolvedTemplate().of_type("AWS::CloudWatch::Dashboard")
    assert ResolvedTemplate(Dashboard="ENABLED")["OvenDashboard"]["DashboardName"] == "pizzeria"


def test_the_dashboard_draws_metrics_that_exist() -> None:
    wrong = [metric for metric in drawn() if not exists(*metric)]
    assert not wrong


def test_the_dashboard_draws_each_of_our_own_metrics() -> None:
    assert {name for namespace, _, _, name in drawn() if namespace == NAMESPACE} == METRICS[
        NAMESPACE, "Stack"
    ]


def test_the_dashboard_draws_where_the_oven_is() -> None:
    assert {widget["region"] for widget in widgets()} == {"cn-north-1"}
    assert widgets()[0]["annotations"]["horizontal"][0]["value"] == 14


# Traces


def test_nothing_is_traced_unless_it_is_wanted() -> None:
    traced = ResolvedTemplate(Tracing="ENABLED")
    for stack, mode in ((ResolvedTemplate(), "PassThrough"), (traced, "Active")):
        assert [stack[name]["TracingConfig"] for name in ("BakeItems", "ItemRemoved")] == [{"Mode": mode}] * 2
        assert stack["ItemStates"]["TracingConfiguration"] == {"Enabled": mode == "Active"}


@pytest.mark.parametrize("role", ["BakeItemsRole", "ItemRemovedRole", "ItemStatesRole"])
def test_what_is_traced_may_say_so_and_nothing_else_is_allowed_on_everything(role: str) -> None:
    everywhere = [s for s in statements(ResolvedTemplate(Tracing="ENABLED")[role]) if s["Resource"] == "*"]
    (allowed,) = [s for s in everywhere if s["Action"] != "states:SendTaskSuccess"]
    assert {"xray:PutTraceSegments", "xray:PutTelemetryRecords"} <= set(allowed["Action"])
    assert all(action.startswith("xray:") for action in allowed["Action"])


# A key of one's own


def test_a_key_of_ones_own_encrypts_all_that_holds_items_or_tells_of_them() -> None:
    stack = ResolvedTemplate(KmsKeyArn=KEY)
    for queue in stack.of_type("AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == KEY
        # SQS takes the one or the other; in an update, what is not said stays as it was.
        assert queue["SqsManagedSseEnabled"] is False
    assert stack["BakingTable"]["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": KEY,
    }
    assert [log["KmsKeyId"] for log in stack.of_type("AWS::Logs::LogGroup").values()] == [KEY, KEY]
    assert stack["ItemStates"]["EncryptionConfiguration"] == {
        "Type": "CUSTOMER_MANAGED_KMS_KEY",
        "KmsKeyId": KEY,
    }


def test_without_one_aws_encrypts_with_its_own_keys() -> None:
    stack = ResolvedTemplate()
    assert all(queue["SqsManagedSseEnabled"] for queue in stack.of_type("AWS::SQS::Queue").values())
    # Explicit, so that an update without a key turns this on again.
    assert stack["BakingTable"]["SSESpecification"] == {"SSEEnabled": False}
    assert stack["ItemStates"]["EncryptionConfiguration"] == {"Type": "AWS_OWNED_KEY"}
    assert "KmsMasterKeyId" not in json.dumps(stack.resources)


@pytest.mark.parametrize("role", ["BakeItemsRole", "ItemRemovedRole", "ItemStatesRole"])
def test_a_role_may_use_the_key_if_there_is_one_and_no_other(role: str) -> None:
    def key_rights(stack: ResolvedTemplate) -> list[tuple[Any, Any]]:
        return [
            (set(as_list(s["Action"])), s["Resource"])
            for s in statements(stack[role])
            if any(action.startswith("kms:") for action in as_list(s["Action"]))
        ]

    granted = key_rights(ResolvedTemplate(KmsKeyArn=KEY))
    assert granted[0] == ({"kms:Decrypt", "kms:GenerateDataKey"}, KEY)
    # Permissions that DynamoDB needs for those who write to the table.
    assert granted[1:] == ([] if role == "ItemStatesRole" else [(THROUGH_DYNAMODB, KEY)])
    assert key_rights(ResolvedTemplate()) == []


@pytest.mark.parametrize("role", ["BakeItemsRole", "ItemRemovedRole"])
def test_what_a_role_may_do_with_the_key_for_the_table_it_may_do_by_dynamodb_alone(role: str) -> None:
    conditions = [
        statement.get("Condition")
        for statement in statements(ResolvedTemplate(KmsKeyArn=KEY)[role])
        if "kms:Encrypt" in as_list(statement["Action"])
    ]
    assert conditions == [{"StringLike": {"kms:ViaService": "dynamodb.*"}}]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("KmsKeyArn", KEY, "alias/oven"),
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/mrk-12ab", KEY.replace("key/", "alias/")),
        ("AlarmTopicArn", TOPIC, "on-call"),
    ],
)
def test_an_arn_is_checked_before_anything_is_made(parameter: str, good: str, bad: str) -> None:
    pattern = source()["Parameters"][parameter]["AllowedPattern"]

    assert re.fullmatch(pattern, good)
    assert re.fullmatch(pattern, "")
    assert not re.fullmatch(pattern, bad)


# Protection


def test_the_table_is_protected_if_that_is_wanted() -> None:
    assert ResolvedTemplate(Protection="ENABLED")["BakingTable"]["DeletionProtectionEnabled"] is True
    assert ResolvedTemplate()["BakingTable"]["DeletionProtectionEnabled"] is False
