"""`oven check` passes a sound oven, and finds each thing that is broken.

One emulator, which enforces IAM, has two ovens: one is checked whole, by a command that runs beside all other
tests of this module; the other one is broken, one thing after another.
"""

import contextlib
import io
import json
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pizza_oven.aws.baking_table import KEY
from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import CheckGroup, CheckResult, Finding, Verdict
from serverless_pizza_oven.acceptance.latency_samples import history
from serverless_pizza_oven.acceptance.runner import NotIdleError, check_idle, nothing_left, run_check
from serverless_pizza_oven.acceptance.runner import run as run_checks
from serverless_pizza_oven.acceptance.scratch import scratch_oven
from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.deployment.deploying import deploy, update_parameters
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.stack import Stack, is_new
from serverless_pizza_oven.forecast.measured import read_latencies, replaced
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.commands import OVEN, RUN_SECS, environment
from tests.stack.commands import oven as run
from tests.stack.oven_checks import (
    CHECKS,
    NOT_FOR_LONG_SECS,
    FastClock,
    Saboteur,
    cleaned,
    looked,
    new_context,
    policy_that_denies,
    queue_attributes,
)
from tests.stack.ovens import changed_variables
from tests.stack.test_access import as_account, new_user, policy

Break = Callable[[LocalOven], AbstractContextManager[None]]

NOT_SHOWN_HERE = {
    "loop detection",
    "backups",
    "table policy",
    "sequence numbers",
    "plain HTTP",
    "counted transitions",
    "Step Functions quotas",
    "row writes",
}
"""Claims that this emulator cannot show."""


ASKED_BY_THE_EMULATOR = {
    "Effect": "Allow",
    "Action": [
        # In place of lambda:GetEventSourceMapping and lambda:GetFunctionConcurrency.
        "lambda:ListEventSourceMappings",
        "lambda:PutFunctionConcurrency",
        # Of no resource, where AWS asks for that of the rule and of the alarm.
        "events:DescribeRule",
        "events:ListTargetsByRule",
        "cloudwatch:DescribeAlarms",
    ],
    "Resource": "*",
}


@pytest.fixture(scope="module")
def account() -> Iterator[Aws]:
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        yield local(endpoint_url)


def deployed(account: Aws, name: str, **parameters: str) -> LocalOven:
    names = {"QueueNamePrefix": name, "BakingTableName": name, "RefusePlainHttp": "false"}
    capacity = {"BakingTableCapacityCount": "10"}
    stack = deploy(account, name, {**names, **capacity, **parameters}, lambda _line: None)
    assert account.endpoint_url
    return LocalOven(account, stack, account.endpoint_url)


@pytest.fixture(scope="module")
def latencies_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check") / "latencies.json"


@pytest.fixture(scope="module")
def whole_check(account: Aws, latencies_file: Path) -> "Iterator[subprocess.Popen[str]]":
    """`oven check` of a sound oven, by a user with the rights of an operator and a receiver."""
    oven = deployed(account, "sound")
    allowed = policy("operator", oven, PREFIX="sound")
    allowed["Statement"] += [*policy("receiver", oven, PREFIX="sound")["Statement"], ASKED_BY_THE_EMULATOR]
    with subprocess.Popen(
        [OVEN, "check", "--stack", "sound", "--json", "--latencies", str(latencies_file)],
        env=environment(AWS_ENDPOINT_URL=oven.endpoint_url, **new_user(oven, allowed)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.kill()


@pytest.fixture(scope="module")
def oven(account: Aws, whole_check: "subprocess.Popen[str]") -> LocalOven:
    """The oven that tests break. Each test repairs what it broke."""
    return deployed(account, "broken", PilotLight="DISABLED")


@pytest.fixture(scope="module")
def context(oven: LocalOven) -> CheckContext:
    """A run that looks at the configuration, again and again."""
    return new_context(oven)


# The configuration


def physical_id(oven: LocalOven, logical_id: str) -> str:
    found = oven.aws.cloudformation.describe_stack_resource(
        StackName=oven.stack.name, LogicalResourceId=logical_id
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


@contextmanager
def mapping(oven: LocalOven, broken: dict[str, Any], sound: dict[str, Any]) -> Iterator[None]:
    uuid = physical_id(oven, "BakeItemsNewItems")
    oven.aws.lambda_functions.update_event_source_mapping(UUID=uuid, **broken)
    try:
        yield
    finally:
        oven.aws.lambda_functions.update_event_source_mapping(UUID=uuid, **sound)


def mapping_disabled(oven: LocalOven) -> AbstractContextManager[None]:
    return mapping(oven, {"Enabled": False}, {"Enabled": True})


def smaller_batches(oven: LocalOven) -> AbstractContextManager[None]:
    return mapping(oven, {"BatchSize": 3}, {"BatchSize": 10})


@contextmanager
def function_times_out_sooner(oven: LocalOven) -> Iterator[None]:
    name = physical_id(oven, "BakeItems")
    oven.aws.lambda_functions.update_function_configuration(FunctionName=name, Timeout=3)
    try:
        yield
    finally:
        oven.aws.lambda_functions.update_function_configuration(FunctionName=name, Timeout=10)


def function_has_another_capacity(oven: LocalOven) -> AbstractContextManager[None]:
    return changed_variables(oven.aws, physical_id(oven, "BakeItems"), CAPACITY="99")


@contextmanager
def function_throttled_to_nothing(oven: LocalOven) -> Iterator[None]:
    name = physical_id(oven, "ItemRemoved")
    oven.aws.lambda_functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        oven.aws.lambda_functions.delete_function_concurrency(FunctionName=name)


@contextmanager
def other_code(oven: LocalOven) -> Iterator[None]:
    functions, name = oven.aws.lambda_functions, physical_id(oven, "ItemRemoved")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("other.py", "")
    functions.update_function_code(FunctionName=name, ZipFile=package.getvalue())
    template = oven.aws.cloudformation.get_template(StackName=oven.stack.name, TemplateStage="Processed")
    code = dict(template["TemplateBody"])["Resources"]["ItemRemoved"]["Properties"]["Code"]
    try:
        yield
    finally:
        functions.update_function_code(FunctionName=name, **code)


@contextmanager
def recursion_stopped(oven: LocalOven) -> Iterator[None]:
    name = physical_id(oven, "BakeItems")
    oven.aws.lambda_functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Terminate")
    try:
        yield
    finally:
        oven.aws.lambda_functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")


@contextmanager
def role_may_do_more(oven: LocalOven) -> Iterator[None]:
    iam, role = oven.aws.iam, physical_id(oven, "ItemRemovedRole")
    named = {"RoleName": role, "PolicyName": "ItemRemoved"}
    before: Any = iam.get_role_policy(**named)["PolicyDocument"]
    anything = {"Sid": "Anything", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    wider = {**before, "Statement": [*before["Statement"], anything]}
    iam.put_role_policy(**named, PolicyDocument=json.dumps(wider))
    try:
        yield
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(before))


@contextmanager
def role_policy_removed(oven: LocalOven) -> Iterator[None]:
    iam, role = oven.aws.iam, physical_id(oven, "BakeItemsRole")
    named = {"RoleName": role, "PolicyName": "BakeItems"}
    before = iam.get_role_policy(**named)["PolicyDocument"]
    iam.delete_role_policy(**named)
    try:
        yield
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(before))


@contextmanager
def logs_kept_for_a_day(oven: LocalOven) -> Iterator[None]:
    group = oven.stack.outputs["BakeItemsLogGroup"]
    oven.aws.logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    try:
        yield
    finally:
        oven.aws.logs.put_retention_policy(logGroupName=group, retentionInDays=14)


def new_items_come_again_sooner(oven: LocalOven) -> AbstractContextManager[None]:
    return queue_attributes(oven, oven.stack.new_items, VisibilityTimeout="5")


def new_items_have_no_dead_letters(oven: LocalOven) -> AbstractContextManager[None]:
    return queue_attributes(oven, oven.stack.new_items, RedrivePolicy="")


def line_is_not_encrypted(oven: LocalOven) -> AbstractContextManager[None]:
    return queue_attributes(oven, oven.stack.waiting_items, SqsManagedSseEnabled="false")


def line_has_no_policy(oven: LocalOven) -> AbstractContextManager[None]:
    return queue_attributes(oven, oven.stack.waiting_items, Policy="")


def policy_has_a_statement_more(oven: LocalOven) -> AbstractContextManager[None]:
    url = oven.stack.baked_items
    return queue_attributes(oven, url, Policy=policy_that_denies(oven, url, "sqs:SendMessage"))


@contextmanager
def table_is_protected(oven: LocalOven) -> Iterator[None]:
    oven.aws.dynamodb.update_table(TableName=oven.stack.table, DeletionProtectionEnabled=True)
    try:
        yield
    finally:
        oven.aws.dynamodb.update_table(TableName=oven.stack.table, DeletionProtectionEnabled=False)


@contextmanager
def no_backups(oven: LocalOven) -> Iterator[None]:
    def set_to(enabled: bool) -> None:
        oven.aws.dynamodb.update_continuous_backups(
            TableName=oven.stack.table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled},
        )

    set_to(False)
    try:
        yield
    finally:
        set_to(True)


@contextmanager
def table_has_no_policy(oven: LocalOven) -> Iterator[None]:
    table = oven.aws.dynamodb.describe_table(TableName=oven.stack.table)["Table"]["TableArn"]
    with contextlib.suppress(oven.aws.dynamodb.exceptions.PolicyNotFoundException):
        oven.aws.dynamodb.delete_resource_policy(ResourceArn=table)
    try:
        yield
    finally:
        (told,) = new_context(oven).template.of_type("AWS::DynamoDB::Table")
        document = told.properties["ResourcePolicy"]["PolicyDocument"]
        oven.aws.dynamodb.put_resource_policy(ResourceArn=table, Policy=json.dumps(document))


@contextmanager
def definition_changed(oven: LocalOven) -> Iterator[None]:
    states, arn = oven.aws.stepfunctions, oven.stack.outputs["ItemStatesArn"]
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]
    changed = json.loads(before)
    changed["States"]["Removed"]["Retry"].reverse()
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=arn, definition=before)


@contextmanager
def rule_disabled(oven: LocalOven) -> Iterator[None]:
    rule = physical_id(oven, "BakingFailed")
    oven.aws.events.disable_rule(Name=rule)
    try:
        yield
    finally:
        oven.aws.events.enable_rule(Name=rule)


@contextmanager
def rule_has_another_target(oven: LocalOven) -> Iterator[None]:
    rule = physical_id(oven, "PilotLightRule")
    targets = oven.aws.events.list_targets_by_rule(Rule=rule)["Targets"]
    oven.aws.events.put_targets(Rule=rule, Targets=[{**targets[0], "Input": "{}"}])
    try:
        yield
    finally:
        oven.aws.events.put_targets(Rule=rule, Targets=targets)


@contextmanager
def alarm_gone(oven: LocalOven) -> Iterator[None]:
    name = f"{oven.stack.name}-Overdue"
    (alarm,) = oven.aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    oven.aws.cloudwatch.delete_alarms(AlarmNames=[name])
    try:
        yield
    finally:
        put_alarm(oven, {**alarm})


@contextmanager
def alarm_rings_later(oven: LocalOven) -> Iterator[None]:
    name = f"{oven.stack.name}-Overdue"
    (alarm,) = oven.aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    put_alarm(oven, {**alarm, "Threshold": 100.0})
    try:
        yield
    finally:
        put_alarm(oven, {**alarm})


def put_alarm(oven: LocalOven, alarm: dict[str, Any]) -> None:
    """Make an alarm as it was described."""
    told: tuple[str, ...] = (
        "StateValue",
        "StateReason",
        "StateReasonData",
        "StateUpdatedTimestamp",
        "EvaluationState",
    )
    told += ("AlarmArn", "AlarmConfigurationUpdatedTimestamp", "StateTransitionedTimestamp")
    oven.aws.cloudwatch.put_metric_alarm(**{name: part for name, part in alarm.items() if name not in told})


@pytest.mark.parametrize(
    ("name", "broken", "told"),
    [
        ("mapping", mapping_disabled, "is Disabled"),
        ("mapping", smaller_batches, "mapping.BatchSize is 3, not 10"),
        ("functions", function_times_out_sooner, "BakeItems.Timeout is 3, not 10"),
        ("functions", function_has_another_capacity, "CAPACITY is 99, not 10"),
        ("functions", function_throttled_to_nothing, "ReservedConcurrentExecutions is 0, not not set"),
        ("code", other_code, "the code of broken-ItemRemoved"),
        ("loop detection", recursion_stopped, "BakeItems.RecursiveLoop is Terminate"),
        ("roles", role_may_do_more, "Anything is there, and not in the template"),
        ("roles", role_policy_removed, "NoSuchEntity"),
        ("logs", logs_kept_for_a_day, "BakeItemsLog.retentionInDays is 1, not 14"),
        ("queues", new_items_come_again_sooner, "NewItems.VisibilityTimeout is 5, not 60"),
        ("queues", new_items_have_no_dead_letters, "NewItems.RedrivePolicy is not there"),
        ("queue encryption", line_is_not_encrypted, "WaitingItems.SqsManagedSseEnabled is false"),
        ("queue policies", line_has_no_policy, "the policy of broken-WaitingItems.fifo is not there"),
        ("queue policies", policy_has_a_statement_more, "broken-BakedItems.Statement.Nobody is there"),
        ("table", table_is_protected, "table.DeletionProtectionEnabled is true, not false"),
        ("backups", no_backups, "point-in-time recovery is DISABLED"),
        ("table policy", table_has_no_policy, "the policy of the table broken is not there"),
        ("definition", definition_changed, "in another order"),
        ("rules", rule_disabled, "BakingFailed.State is DISABLED"),
        ("rules", rule_has_another_target, "PilotLightRule.Targets.NewItems.Input is {}"),
        ("alarms", alarm_gone, "there is no alarm broken-Overdue"),
        ("alarms", alarm_rings_later, "OverdueAlarm.Threshold is 100"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_what_is_deployed_and_not_as_the_template_says_is_found(
    name: str, broken: Break, told: str, oven: LocalOven, context: CheckContext
) -> None:
    with broken(oven):
        found = looked(name, context)

    assert found.verdict is Verdict.FAILED
    assert told in found.seen
    if not CHECKS[name].emulators_lack:
        # An updated function is pending for a moment.
        eventually("it is mended", lambda: looked(name, context).verdict is Verdict.OK)


# What the oven does


def baked_by_hand(oven: LocalOven, item_id: str, body: dict[str, Any]) -> Saboteur:
    """Put a copy of an item into Baked Items as soon as its execution exists."""

    def act() -> bool:
        states = oven.aws.stepfunctions
        arn = oven.stack.outputs["ItemStatesArn"].replace(":stateMachine:", ":execution:")
        try:
            states.describe_execution(executionArn=f"{arn}:{item_id}")
        except states.exceptions.ExecutionDoesNotExist:
            return False
        oven.aws.sqs.send_message(QueueUrl=oven.stack.baked_items, MessageBody=json.dumps(body))
        return True

    return Saboteur(act)


@contextmanager
def leftover_lease(oven: LocalOven, item_id: str) -> Iterator[None]:
    """A lease of an item that no longer bakes and is not reconciled yet."""
    lease = {"#lease": f"@{item_id}"}
    oven.aws.dynamodb.update_item(
        TableName=oven.stack.table,
        Key=KEY,
        UpdateExpression="SET #lease = :until ADD occupied :one",
        ExpressionAttributeNames=lease,
        ExpressionAttributeValues={":until": {"N": str(int(time.time()) + 3600)}, ":one": {"N": "1"}},
    )
    try:
        yield
    finally:
        oven.aws.dynamodb.update_item(
            TableName=oven.stack.table,
            Key=KEY,
            UpdateExpression="REMOVE #lease ADD occupied :minus",
            ExpressionAttributeNames=lease,
            ExpressionAttributeValues={":minus": {"N": "-1"}},
        )


def is_failed(finding: Finding, told: str) -> None:
    assert finding.verdict is Verdict.FAILED, finding
    assert told in finding.seen


def test_an_item_that_does_not_come_out_and_one_that_took_several_tries_are_found(oven: LocalOven) -> None:
    nobody = policy_that_denies(oven, oven.stack.baked_items, "sqs:SendMessage")
    with cleaned(new_context(oven)) as context:

        def has_been_tried() -> bool:
            if not any("Failed" in event["type"] for event in history(context, f"{context.run}-first")):
                return False
            context.clock = lambda: time.time() + 100
            return True

        context.sleep = Saboteur(has_been_tried).sleep
        with queue_attributes(oven, oven.stack.baked_items, Policy=nobody):
            is_failed(looked("round trip", context), f"{context.run}-first did not come out")
        context.clock = time.time
        context.receive_baked_until(lambda: context.traffic.baked)
        is_failed(looked("transitions", context), "retries")


def test_a_malformed_message_that_becomes_no_dead_letter_is_found(oven: LocalOven) -> None:
    nobody = policy_that_denies(oven, oven.stack.dead_letters, "sqs:SendMessage")
    soon = queue_attributes(oven, oven.stack.new_items, VisibilityTimeout="3")
    with soon, cleaned(new_context(oven, patience_secs=NOT_FOR_LONG_SECS)) as context:
        refused = queue_attributes(oven, oven.stack.dead_letters, Policy=nobody)
        with refused:
            is_failed(looked("dead letter", context), "no dead letter came in 5 s")


def test_an_item_that_comes_out_twice_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context, queue_attributes(oven, oven.stack.baked_items, Policy=""):
        copy = context.traffic.item("thrice", 1)
        context.sleep = baked_by_hand(oven, copy["id"], copy).sleep
        is_failed(looked("once", context), "it came out 2 times")


def test_a_queue_that_takes_no_large_items_is_found(oven: LocalOven) -> None:
    small = queue_attributes(oven, oven.stack.new_items, MaximumMessageSize="1024")
    with cleaned(new_context(oven)) as context, small:
        is_failed(looked("large batch", context), "sending to")


def test_an_item_that_overtakes_another_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context:
        third = context.traffic.item("order-3", 0)

        def starts_by_itself() -> bool:
            if context.row().waiting < 2:
                return False
            oven.aws.stepfunctions.start_execution(
                stateMachineArn=oven.stack.outputs["ItemStatesArn"],
                name=third["id"],
                input=json.dumps(third, separators=(",", ":")),
            )
            return True

        context.sleep = Saboteur(starts_by_itself).sleep
        is_failed(looked("order", context), "an item was loaded past another, or too early")
        # An emulator's numbers are small.
        assert looked("sequence numbers", context).verdict is Verdict.NOT_SHOWN


def test_a_lease_that_is_left_is_found_in_the_row(oven: LocalOven) -> None:
    with leftover_lease(oven, "ghost"):
        is_failed(looked("empty row", new_context(oven, patience_secs=1)), "1 slots occupied by ['ghost']")


def test_slots_that_are_taken_beside_an_item_and_an_event_that_does_not_come_are_found(
    oven: LocalOven,
) -> None:
    with cleaned(new_context(oven)) as context, rule_disabled(oven):

        def is_stopped_for_long() -> bool:
            states = oven.aws.stepfunctions
            arn = context.execution_arn(f"{context.run}-ledger")
            try:
                if states.describe_execution(executionArn=arn)["status"] != "ABORTED":
                    return False
            except states.exceptions.ExecutionDoesNotExist:
                return False
            context.clock = lambda: time.time() + 100
            return True

        context.sleep = Saboteur(is_stopped_for_long).sleep
        with leftover_lease(oven, "ghost"):
            is_failed(looked("started twice", context), "2 slots were occupied")
        is_failed(looked("stopped", context), "the slots were not free 30 s after the execution was stopped")
        assert looked("started again", context).verdict is Verdict.NOT_SHOWN


def test_an_item_that_comes_out_although_it_was_stopped_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context, queue_attributes(oven, oven.stack.baked_items, Policy=""):
        copy = context.traffic.item("ledger", 3600)
        context.sleep = baked_by_hand(oven, copy["id"], copy).sleep
        is_failed(looked("started again", context), "it came out 1 times")


def test_a_held_item_that_gets_no_slots_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven, patience_secs=1)) as context:
        with mapping_disabled(oven):
            is_failed(looked("released", context), "got no slots")
        context.traffic.release(f"{context.run}-held")


def test_a_lease_that_ends_without_a_dead_letter_is_found(oven: LocalOven) -> None:
    nobody = policy_that_denies(oven, oven.stack.dead_letters, "sqs:SendMessage")
    with cleaned(new_context(oven, patience_secs=3 * NOT_FOR_LONG_SECS)) as context:
        with queue_attributes(oven, oven.stack.dead_letters, Policy=nobody):
            is_failed(looked("lease ended", context), "no dead letter came in")
        context.patience_secs = 60
        context.receive_letters_until(lambda: context.traffic.letters)


def test_what_nobody_refuses_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context:
        for name, url in (
            ("receive from New Items", oven.stack.new_items),
            ("receive from the line", oven.stack.waiting_items),
            ("send to Baked Items", oven.stack.baked_items),
            ("receive from Leaving Items", physical_id(oven, "LeavingItems")),
            ("send to Leaving Items", physical_id(oven, "LeavingItems")),
        ):
            assert looked(name, context).verdict is Verdict.OK
            with queue_attributes(oven, url, Policy=""):
                is_failed(looked(name, context), "nothing refused it")
    # The emulator does not ask the policy of the table.
    is_failed(looked("write the row", context), "nothing refused it")


def test_plain_http_is_refused_where_the_template_says_so(oven: LocalOven) -> None:
    update_parameters(oven.aws, oven.stack, {"RefusePlainHttp": "true"}, lambda _line: None)
    try:
        # The queues refuse it. The emulator does not ask the policy of the table.
        is_failed(looked("plain HTTP", new_context(oven)), "broken took a request over plain HTTP")
    finally:
        update_parameters(oven.aws, oven.stack, {"RefusePlainHttp": "false"}, lambda _line: None)


def test_a_pilot_light_that_does_not_come_is_found(oven: LocalOven) -> None:
    update_parameters(oven.aws, oven.stack, {"PilotLight": "ENABLED"}, lambda _line: None)
    rule = physical_id(oven, "PilotLightRule")
    oven.aws.events.disable_rule(Name=rule)
    try:
        clock = FastClock(40)
        is_failed(
            looked("pilot light", new_context(oven, clock=clock.time, sleep=clock.sleep)),
            "Bake Items was not invoked in 90 s",
        )
    finally:
        update_parameters(oven.aws, oven.stack, {"PilotLight": "DISABLED"}, lambda _line: None)


def test_what_is_left_in_the_oven_is_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven, patience_secs=1)) as context, mapping_disabled(oven):
        context.traffic.send(context.traffic.item("left", 0))
        is_failed(nothing_left(context), "1 in New Items")


# What takes long


def test_the_age_of_a_stuck_item_and_the_alarm_of_a_dead_letter_are_told(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context:

        def rings() -> bool:
            if context.depth(oven.stack.dead_letters) == 0:
                return False
            oven.aws.cloudwatch.set_alarm_state(
                AlarmName="broken-DeadLetters", StateValue="ALARM", StateReason="a dead letter"
            )
            return True

        context.sleep = Saboteur(rings).sleep
        assert looked("stuck head", context).verdict is Verdict.OK
        rang = looked("dead letter alarm", context)
        assert rang.verdict is Verdict.OK, rang
        assert "broken-DeadLetters rang" in rang.seen
    oven.aws.cloudwatch.set_alarm_state(
        AlarmName="broken-DeadLetters", StateValue="OK", StateReason="it is gone"
    )


def test_an_age_that_is_not_told_and_an_alarm_that_does_not_ring_are_found(oven: LocalOven) -> None:
    with cleaned(new_context(oven)) as context, queue_attributes(oven, oven.stack.waiting_items, Policy=""):

        def is_taken() -> bool:
            sqs, line = oven.aws.sqs, oven.stack.waiting_items
            taken = sqs.receive_message(QueueUrl=line, VisibilityTimeout=60).get("Messages", [])
            for message in taken:
                sqs.delete_message(QueueUrl=line, ReceiptHandle=message["ReceiptHandle"])
                context.patience_secs = NOT_FOR_LONG_SECS
            return bool(taken)

        context.sleep = Saboteur(is_taken).sleep
        is_failed(looked("stuck head", context), "did not come out")
        is_failed(looked("dead letter alarm", context), "no alarm within 20 minutes")
        correct_the_count(oven)


def correct_the_count(oven: LocalOven) -> None:
    """The item that was taken from the line counts there still."""
    oven.aws.dynamodb.update_item(
        TableName=oven.stack.table,
        Key=KEY,
        UpdateExpression="SET waiting = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )


# The command


def test_an_oven_that_is_in_use_or_paused_is_left_alone(oven: LocalOven) -> None:
    oven.aws.sqs.send_message(QueueUrl=oven.stack.dead_letters, MessageBody="somebody's")
    refused = run("check", "--stack", "broken", "--endpoint-url", oven.endpoint_url)
    oven.aws.sqs.purge_queue(QueueUrl=oven.stack.dead_letters)
    paused = Stack(oven.stack.name, {**oven.stack.outputs, "Admission": "PAUSED"})

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the oven is not idle: 1 dead letters. Nothing was sent" in refused.stderr
    with pytest.raises(NotIdleError, match="the oven is paused"):
        check_idle(new_context(replace(oven, stack=paused)))


def test_ctrl_c_leaves_nothing_of_it_behind(oven: LocalOven) -> None:
    command = [OVEN, "check", "--stack", "broken", "--endpoint-url", oven.endpoint_url]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as check:
        assert check.stdout
        lines = [next(check.stdout)]
        while not lines[-1].startswith("ok        dead letter"):
            lines.append(next(check.stdout))
        # The next one sends an item three times.
        eventually("it bakes", lambda: read_row(oven.aws, oven.stack).occupied)
        check.send_signal(signal.SIGINT)
        _, told = check.communicate(timeout=RUN_SECS)

    assert lines[0].startswith("ok        mapping                     Enabled")
    assert check.returncode == 130
    assert "Removing what the check has sent." in told
    assert "Nothing is left of it." in told
    left = run("status", "--json", "--stack", "broken", "--endpoint-url", oven.endpoint_url)
    status = json.loads(left.stdout)
    assert (status["occupied"], status["waiting"]) == (0, 0)
    assert set(status["queues"].values()) == {0}


def test_nothing_is_sent_to_an_oven_that_would_not_take_it(oven: LocalOven) -> None:
    told: list[CheckResult] = []
    said: list[str] = []
    chosen = [
        CheckGroup("first", [CHECKS["mapping"]], announcement="It takes minutes."),
        CheckGroup("then", [CHECKS["order"]], sends_items=True, announcement="It takes hours."),
    ]
    with mapping_disabled(oven):
        report = run_checks(new_context(oven), chosen, told.append, said.append)

    verdicts = [(result.name, result.finding.verdict.value) for result in told]
    assert verdicts == [("mapping", "FAILED"), ("order", "not shown"), ("nothing left", "ok")]
    assert said == ["It takes minutes."]
    assert report.results == told
    assert report.items == 0


def test_what_the_rights_do_not_reach_to_is_not_shown(oven: LocalOven) -> None:
    user = new_user(oven, policy("sender", oven, PREFIX="broken"))
    account = as_account(oven, user["AWS_ACCESS_KEY_ID"], user["AWS_SECRET_ACCESS_KEY"])

    finding = run_check(CHECKS["table"], new_context(replace(oven, aws=account)))

    assert finding.verdict is Verdict.NOT_SHOWN
    assert "AccessDenied" in finding.seen
    assert "operator.json" in finding.advice


def test_an_oven_that_is_made_for_the_check_is_removed_whatever_happens(account: Aws) -> None:
    def interrupted() -> None:
        with scratch_oven(account, "check-a1", print, time.sleep) as made:
            assert made.name == "check-a1"
            assert made.new_items.endswith("/check-a1-NewItems")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert is_new(account, "check-a1")


def test_a_sound_oven_is_found_sound_by_an_operator_and_receiver(
    whole_check: "subprocess.Popen[str]", latencies_file: Path, oven: LocalOven
) -> None:
    out, told = whole_check.communicate(timeout=RUN_SECS)

    assert whole_check.returncode == 0, out + told
    report = json.loads(out)
    verdicts = {check["name"]: check["verdict"] for check in report["checks"]}
    assert [name for name, verdict in verdicts.items() if verdict == "FAILED"] == []
    assert {name for name, verdict in verdicts.items() if verdict == "not shown"} == NOT_SHOWN_HERE
    assert verdicts.keys() == CHECKS.keys() - {"stuck head", "dead letter alarm"} | {"nothing left"}
    assert report["ok"] is True
    assert 0 < report["dollars"] < 0.02
    assert report["items"] < 25
    reasons = [check["seen"] for check in report["checks"] if check["verdict"] == "not shown"]
    assert all(reasons)
    assert replaced(read_latencies(str(latencies_file))) == list(report["latencies"])
