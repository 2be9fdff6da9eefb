"""`oven check` with answers that only AWS gives."""

import itertools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from serverless_pizza_oven.acceptance import (
    account,
    configured_data,
    configured_functions,
    measurements,
    refusals,
)
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.comparing import compared, differences
from serverless_pizza_oven.acceptance.deployed_template import DeployedTemplate
from serverless_pizza_oven.acceptance.findings import Check, Verdict, failed, not_shown, ok
from serverless_pizza_oven.acceptance.invocations import invocations
from serverless_pizza_oven.acceptance.latency_samples import percentiles, samples
from serverless_pizza_oven.acceptance.line_order import judge_sequence
from serverless_pizza_oven.acceptance.runner import groups, run_check
from serverless_pizza_oven.deployment.account_quotas import STARTS, TRANSITIONS
from serverless_pizza_oven.deployment.stack import Stack
from tests.unit.resolved import ROOT, translated

if TYPE_CHECKING:
    from serverless_pizza_oven.aws import Aws

STACK_ID = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/pizzeria/9f2c"
QUEUES = "https://sqs.cn-north-1.amazonaws.com.cn/123456789012"
PHYSICAL_IDS = {
    "NewItems": f"{QUEUES}/spo-NewItems",
    "NewItemsDLQ": f"{QUEUES}/spo-DLQ",
    "WaitingItems": f"{QUEUES}/spo-WaitingItems.fifo",
    "BakedItems": f"{QUEUES}/spo-BakedItems",
    "ItemStates": "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:ItemStates-4x3mpl3",
}


def deployed(**parameters: str) -> DeployedTemplate:
    """The template as if it were deployed in China."""
    template = translated()
    defaults = {name: str(told["Default"]) for name, told in template["Parameters"].items()}
    ids = {name: PHYSICAL_IDS.get(name, f"pizzeria-{name}-4x3mpl3") for name in template["Resources"]}
    return DeployedTemplate(template, {**defaults, **parameters}, ids, STACK_ID)


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Something")


class Answering:
    """Answers each method of an SDK client with a given answer, or raises."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.exceptions = SimpleNamespace(ExecutionDoesNotExist=LookupError)

    def __getattr__(self, method: str) -> Any:
        answer = self._answers[method]

        def answered(**_asked: object) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return answered

    def get_paginator(self, method: str) -> Any:
        return SimpleNamespace(paginate=lambda **_asked: [self._answers[method]])


OUTPUTS = {
    "NewItemsQueueUrl": PHYSICAL_IDS["NewItems"],
    "NewItemsDLQUrl": PHYSICAL_IDS["NewItemsDLQ"],
    "WaitingItemsQueueUrl": PHYSICAL_IDS["WaitingItems"],
    "BakedItemsQueueUrl": PHYSICAL_IDS["BakedItems"],
    "BakingTableName": "BakingTable",
    "BakingTableCapacityCount": "14",
    "ItemStatesArn": PHYSICAL_IDS["ItemStates"],
    "BakeItemsLogGroup": "bake-items",
    "ItemRemovedLogGroup": "item-removed",
}


def context(parameters: Mapping[str, str] | None = None, **clients: Any) -> CheckContext:
    """A run on AWS, whose clients give these answers."""
    clients = {"sqs": None, **clients, "endpoint_url": None, "region": "cn-north-1"}
    return CheckContext(
        cast("Aws", SimpleNamespace(**clients)),
        Stack("pizzeria", OUTPUTS),
        "check-1",
        lambda: 1000.0,
        lambda _: None,
        template=deployed(**(parameters or {})),
    )


def test_the_page_names_every_group_of_checks() -> None:
    page = (ROOT / "docs/reference/checks.md").read_text()

    for group in groups(with_long=False):
        assert f"\n| {group.title} | " in page


def test_no_two_checks_have_the_same_name() -> None:
    names = [check.name for group in groups(with_long=True) for check in group.checks]
    assert len(names) == len(set(names))


# The template


def test_every_resource_of_the_template_can_be_resolved_with_all_that_is_optional() -> None:
    template = deployed(
        LongestLine="5",
        Dashboard="ENABLED",
        Tracing="ENABLED",
        KmsKeyArn="arn:aws-cn:kms:cn-north-1:123456789012:key/4x3mpl3",
        AlarmTopicArn="arn:aws-cn:sns:cn-north-1:123456789012:alarms",
    )

    kinds = {resource["Type"] for resource in translated()["Resources"].values()}
    found = [resource for kind in kinds for resource in template.of_type(kind)]
    assert {resource.logical_id for resource in found} == set(translated()["Resources"])
    assert "Fn::" not in str([dict(resource.properties) for resource in found])


def test_names_and_arns_are_those_of_the_partition_and_the_account() -> None:
    template = deployed()

    (mapping,) = template.of_type("AWS::Lambda::EventSourceMapping")
    assert mapping.properties["EventSourceArn"] == "arn:aws-cn:sqs:cn-north-1:123456789012:spo-NewItems"
    assert mapping.properties["Enabled"] is True
    function = template["BakeItems"].properties
    assert function["FunctionName"] == "pizzeria-BakeItems"
    assert function["Role"] == "arn:aws-cn:iam::123456789012:role/pizzeria-BakeItemsRole-4x3mpl3"
    assert function["Environment"]["Variables"]["NEW_ITEMS_URL"] == PHYSICAL_IDS["NewItems"]
    assert function["Environment"]["Variables"]["CAPACITY"] == "14"
    assert "KmsMasterKeyId" not in template["NewItems"].properties
    assert "execution:ItemStates-4x3mpl3:*" in str(template["BakeItemsRole"].properties)
    alarms = [alarm.logical_id for alarm in template.of_type("AWS::CloudWatch::Alarm")]
    assert "OverdueAlarm" in alarms
    assert "LineTooLongAlarm" not in alarms


# Comparing


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (5, "5"),
        (True, "true"),
        (0, 0.0),
        (["a", "b"], ["b", "a"]),
        ("a", ["a"]),
        (None, None),
        ([], None),
        ({"a": 1}, {"a": 1, "added": "by AWS"}),
        ([{"Id": "x", "n": 1}, {"Id": "y"}], [{"Id": "y"}, {"Id": "x", "n": 1, "ReturnData": True}]),
    ],
)
def test_what_aws_tells_in_another_form_is_no_difference(expected: Any, found: Any) -> None:
    assert list(differences("it", expected, found)) == []


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        (5, "6", "it is 6, not 5"),
        (5, None, "it is not set, not 5"),
        ({"a": {"b": 1}}, {"a": {}}, "it.a.b is not set, not 1"),
        (["a"], ["a", "b"], 'it is ["a", "b"], not ["a"]'),
        ([{"Sid": "A"}], [], "it.A is not there"),
        ([], [{"Sid": "A"}], "it.A is there, and not in the template"),
        ("x" * 100, "y", f"it is y, not {'x' * 57}..."),
    ],
)
def test_a_difference_is_told_with_both_values(expected: Any, found: Any, told: str) -> None:
    assert list(differences("it", expected, found)) == [told]


def test_a_policy_is_the_same_whatever_way_aws_writes_it() -> None:
    written = {"Sid": "A", "Principal": "*", "Action": "sqs:SendMessage"}
    told = {"Sid": "A", "Principal": {"AWS": "*"}, "Action": ["SQS:SendMessage"]}

    assert list(differences("it", {"Statement": [written]}, {"Statement": [told]}, exact=True)) == []
    other = {**told, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    assert list(differences("it", {"Statement": [written]}, {"Statement": [other]}, exact=True))


def test_where_it_must_be_exact_what_was_added_is_a_difference() -> None:
    assert list(differences("it", {"a": 1}, {"a": 1, "b": 2}, exact=True)) == [
        "it.b is 2, and the template has none"
    ]


def test_of_many_differences_the_first_are_told() -> None:
    finding = compared([f"difference {n}" for n in range(5)], "", "mend it")

    assert finding == failed("difference 0; difference 1; difference 2; and 2 more", "mend it")


# The account


def with_quotas(instances: int, *quotas: tuple[str, float]) -> CheckContext:
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": instances}
    told = [{"QuotaName": name, "Value": value} for name, value in quotas]
    return context(
        lambda_functions=Answering(get_account_settings={"AccountLimit": limit}),
        service_quotas=Answering(list_service_quotas={"Quotas": told}),
    )


@pytest.mark.parametrize(
    ("instances", "verdict", "told"),
    [
        (1000, Verdict.OK, "1000 function instances at once, of which Bake Items takes up to 5"),
        (10, Verdict.OK, "this oven may need 19"),
        (5, Verdict.FAILED, "none is left for Item Removed"),
    ],
)
def test_the_concurrency_of_the_account_must_leave_some_for_item_removed(
    instances: int, verdict: Verdict, told: str
) -> None:
    finding = account.concurrency(with_quotas(instances))

    assert finding.verdict is verdict
    assert told in finding.seen


def test_the_quotas_of_step_functions_are_told_if_they_can_be_read() -> None:
    told = account.step_functions_quotas(with_quotas(1000, (STARTS, 300.0), (TRANSITIONS, 5000.0)))
    unknown = account.step_functions_quotas(with_quotas(1000))

    assert told == ok("300 executions started and 5,000 state transitions a second")
    assert unknown.verdict is Verdict.NOT_SHOWN


# What an emulator lacks


def test_loop_detection_backups_and_the_policy_of_the_table_are_seen_on_aws() -> None:
    policy = deployed()["BakingTable"].properties["ResourcePolicy"]["PolicyDocument"]
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    sound = context(
        lambda_functions=Answering(get_function_recursion_config={"RecursiveLoop": "Allow"}),
        dynamodb=Answering(
            describe_continuous_backups={"ContinuousBackupsDescription": recovery},
            describe_table={"Table": {"TableArn": "arn"}},
            get_resource_policy={"Policy": str(policy).replace("'", '"')},
        ),
    )

    for check in (configured_functions.loop_detection, configured_data.backups, configured_data.table_policy):
        assert check(sound).verdict is Verdict.OK, check(sound)


def test_a_count_of_state_transitions_and_the_latency_of_writes_are_told_by_cloudwatch() -> None:
    answers = [{"Id": "m0", "Values": [40.0, 2.0]}, {"Id": "m1", "Values": [60.0]}]
    answering = context(
        cloudwatch=Answering(get_metric_data={"MetricDataResults": answers}),
        stepfunctions=Answering(get_execution_history={"events": [{"type": "WaitStateEntered"}]}),
    )
    answering.traffic.sent |= {"a": {}, "b": {}}

    counted = measurements.counted_transitions(answering)

    assert "42 in this account, for 2 executions of this run: 21.0 each" in counted.seen
    assert measurements.row_writes(answering).seen.startswith("21.0 ms on average, 60.0 ms at most")
    silent = context(cloudwatch=Answering(get_metric_data={"MetricDataResults": []}))
    assert measurements.row_writes(silent).verdict is Verdict.NOT_SHOWN
    assert measurements.counted_transitions(silent).verdict is Verdict.NOT_SHOWN


def test_a_sequence_number_is_whole_if_it_would_not_survive_being_rounded() -> None:
    assert judge_sequence("18849496460467696128", "18849496460467696385").verdict is Verdict.OK
    assert judge_sequence("", "18849496460467696385").verdict is Verdict.OK
    assert judge_sequence("", str(2**64)).verdict is Verdict.NOT_SHOWN
    assert judge_sequence("", "7").verdict is Verdict.NOT_SHOWN
    assert judge_sequence("18849496460467696385", "18849496460467696385").verdict is Verdict.FAILED
    assert judge_sequence("", "1.8849496460467696E19").verdict is Verdict.FAILED
    assert judge_sequence("5", "").verdict is Verdict.FAILED


# Refusals


def over_plain_http(sqs: Any, dynamodb: Any) -> CheckContext:
    plain = SimpleNamespace(sqs=sqs, dynamodb=dynamodb)
    return context(over_plain_http=lambda: plain)


def test_plain_http_is_refused_taken_or_cannot_be_tried() -> None:
    denied = refusal("AccessDenied", "Access to the resource is denied")
    refused = over_plain_http(Answering(get_queue_attributes=denied), Answering(get_item=denied))
    taken = over_plain_http(Answering(get_queue_attributes={}), Answering(get_item=denied))
    nothing = EndpointConnectionError(endpoint_url="http://sqs")
    blocked = over_plain_http(Answering(get_queue_attributes=nothing), Answering(get_item=nothing))

    assert refusals.plain_http(refused) == ok("6 requests over plain HTTP were refused")
    taken_by = refusals.plain_http(taken).seen
    assert "spo-NewItems, spo-DLQ, spo-WaitingItems.fifo" in taken_by
    assert "BakingTable" not in taken_by
    assert refusals.plain_http(blocked).verdict is Verdict.NOT_SHOWN
    assert refusals.plain_http(context({"RefusePlainHttp": "false"})).verdict is Verdict.NOT_SHOWN


def test_a_refusal_is_told_by_whose_policy_it_is() -> None:
    def written(answer: Any) -> CheckContext:
        return context(dynamodb=Answering(update_item=answer))

    by_table = refusal("AccessDeniedException", "... with an explicit deny in a resource-based policy")
    by_user = refusal("AccessDeniedException", "no identity-based policy allows it")

    assert refusals.write_row(written(by_table)) == ok("refused by the oven's own policy")
    assert refusals.write_row(written(by_user)) == ok("refused: no identity-based policy allows it")
    taken = refusals.write_row(written(refusal("ConditionalCheckFailedException")))
    assert taken.verdict is Verdict.FAILED
    unlocked = context({"Interior": "UNLOCKED"})
    assert refusals.write_row(unlocked).verdict is Verdict.NOT_SHOWN


# Latencies


def event(stream: str, at_ms: int, message: str) -> dict[str, Any]:
    return {"logStreamName": stream, "timestamp": at_ms, "message": message}


def decision(stream: str, at_ms: int, name: str, item_id: str, **facts: Any) -> dict[str, Any]:
    told = "".join(f', "{fact}": {value}' for fact, value in facts.items())
    return event(stream, at_ms, f'{{"message": "{name}", "item_id": "{item_id}"{told}}}')


COLD_AND_WARM = [
    event("a", 5_000, "INIT_START Runtime Version: python:3.13\n"),
    event("a", 5_420, "START RequestId: 1 Version: $LATEST\n"),
    decision("a", 5_500, "loaded", "check-1-first", waited_secs=0.5),
    event("b", 6_020, "START RequestId: 2 Version: $LATEST\n"),
    event("a", 5_510, "END RequestId: 1\n"),
    event(
        "a",
        5_510,
        "REPORT RequestId: 1\tDuration: 90.00 ms\tInit Duration: 400.00 ms\t\n",
    ),
    decision("b", 6_100, "loaded", "check-1-thrice", waited_secs=0.1),
    event("b", 6_110, "END RequestId: 2\n"),
    event("b", 6_110, "REPORT RequestId: 2\tDuration: 90.00 ms\t\n"),
    event("b", 6_200, "START RequestId: 3 Version: $LATEST\n"),
]
"""The log of Bake Items on AWS: two environments, one of them new, and an unfinished invocation."""


def test_the_log_is_read_as_invocations_whatever_stands_between_their_lines() -> None:
    reading = context(logs=Answering(filter_log_events={"events": COLD_AND_WARM}))

    first, second = invocations(reading.aws, reading.stack, "BakeItems", 0)

    assert (first.began_at, first.init_secs) == (5.42, 0.4)
    assert (second.began_at, second.init_secs) == (6.02, None)
    assert [entry.item_id for entry in second.decision("loaded")] == ["check-1-thrice"]


def test_cold_starts_are_told_from_the_way_of_a_message() -> None:
    reading = context(
        logs=Answering(filter_log_events={"events": COLD_AND_WARM}),
        stepfunctions=Answering(get_execution_history={"events": []}),
    )
    reading.traffic.sent |= {"check-1-first": {}, "check-1-thrice": {}}

    found = samples(reading)

    assert found.keys() == {"poll", "coldStart"}
    assert found["poll"] == pytest.approx([0.02])
    assert found["coldStart"] == pytest.approx([0.4])


def test_without_logs_and_metrics_nothing_is_shown() -> None:
    silent = context(
        logs=Answering(filter_log_events={"events": []}),
        cloudwatch=Answering(get_metric_data={"MetricDataResults": []}),
    )
    seconds = itertools.count(0, 10)
    silent.clock = lambda: next(seconds)

    assert measurements.latencies(silent).verdict is Verdict.NOT_SHOWN
    assert measurements.metrics(silent).verdict is Verdict.NOT_SHOWN
    assert measurements.metrics(context({"Metrics": "DISABLED"})).verdict is Verdict.NOT_SHOWN
    assert measurements.latencies_document(context(), "now")["latencies"] == {}


def test_percentiles_are_those_of_samples_in_milliseconds() -> None:
    assert percentiles([0.003]) == {"p50": 3.0, "p90": 3.0, "p99": 3.0}
    assert percentiles(n / 1000 for n in range(1, 101)) == {"p50": 50.0, "p90": 90.0, "p99": 99.0}


# Errors


def test_a_check_that_may_not_look_shows_nothing_and_another_error_has_failed() -> None:
    def raising(error: Exception) -> Check:
        def look_and_raise(_context: CheckContext) -> Any:
            raise error

        return Check("it", look_and_raise)

    denied = run_check(raising(refusal("AccessDeniedException", "no")), context())
    assert denied.verdict is Verdict.NOT_SHOWN
    assert "operator.json" in denied.advice
    assert run_check(raising(refusal("NoSuchEntity", "gone")), context()).verdict is Verdict.FAILED


def test_what_an_emulator_lacks_is_told_in_place_of_a_failure_there_and_only_there() -> None:
    wrong = Check("it", lambda _context: failed("wrong", "mend it"), "it has none")
    later = Check("it", lambda _context: not_shown("not yet", "ask later"), "it has none")
    off = Check("it", lambda _context: not_shown("switched off"), "it has none")
    on_aws, emulated = context(), context()
    emulated.aws.endpoint_url = "http://127.0.0.1:4566"

    for check in (wrong, later):
        assert run_check(check, emulated) == not_shown("http://127.0.0.1:4566 is an emulator: it has none")
    assert run_check(wrong, on_aws) == failed("wrong", "mend it")
    assert run_check(off, emulated) == not_shown("switched off")
