"""The local stack's Step Functions behave as on AWS for workflows that hold slots for real work."""

import io
import itertools
import json
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws, local
from serverless_pizza_oven.local.emulator import running_emulator
from tests.emulator_log import clean_log
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.ovens import local_session

ROLE = "arn:aws:iam::000000000000:role/workflow"
LAMBDA = "arn:aws:states:::lambda:invoke"
SEND = "arn:aws:states:::sqs:sendMessage"
NESTED = "arn:aws:states:::states:startExecution.sync:2"

FUNCTION = """
import time

class GreetingError(Exception):
    pass

def handler(event, context):
    print("called")
    counts = context.client_context and context.client_context.custom
    time.sleep(event.get("sleep", 0))
    if event.get("fail") or counts and counts["retries"] < event["failures"]:
        raise GreetingError("hello")
    return counts
"""

_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """An empty embedded AWS with one function, `greeter`."""
    with clean_log() as log, running_emulator(free_port(), log=log) as endpoint_url:
        emulator = local(endpoint_url)
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("greeter.py", textwrap.dedent(FUNCTION))
        emulator.lambda_functions.create_function(
            FunctionName="greeter",
            Runtime="python3.13",
            Role=ROLE,
            Handler="greeter.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=10,
        )
        yield emulator


@pytest.fixture
def start(aws: Aws) -> Callable[..., str]:
    """Start an execution of new states, the first of which is the first one. The ARN of the execution."""

    def started(states: dict[str, Any], given: Any = None) -> str:
        arn = state_machine(aws, states)
        execution = aws.stepfunctions.start_execution(
            stateMachineArn=arn, name=f"run-{next(_numbers)}", input=json.dumps(given or {})
        )
        return execution["executionArn"]

    return started


@pytest.fixture
def queue(aws: Aws) -> str:
    """The URL of a new queue."""
    return aws.sqs.create_queue(QueueName=f"queue-{next(_numbers)}")["QueueUrl"]


def state_machine(aws: Aws, states: dict[str, Any], **fields: Any) -> str:
    """The ARN of a new state machine, which begins with the first state."""
    definition = {"StartAt": next(iter(states)), "States": states, **fields}
    created = aws.stepfunctions.create_state_machine(
        name=f"machine-{next(_numbers)}", definition=json.dumps(definition), roleArn=ROLE
    )
    return created["stateMachineArn"]


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A state that is the last one, unless it names the next one."""
    last = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **last, **fields}


def greet(payload: Any, **fields: Any) -> dict[str, Any]:
    """A state that invokes `greeter`."""
    parameters = {"FunctionName": "greeter", "Payload": payload, **fields.pop("Parameters", {})}
    return task(LAMBDA, parameters, **fields)


def wait_for_token(queue: str, **fields: Any) -> dict[str, Any]:
    """A state that sends a token to a queue and waits for its answer."""
    body = {"token.$": "$$.Task.Token", "execution.$": "$$.Execution.Name"}
    return task(f"{SEND}.waitForTaskToken", {"QueueUrl": queue, "MessageBody": body}, **fields)


def ended(aws: Aws, arn: str) -> dict[str, Any]:
    """The execution, once it has ended."""

    def description() -> dict[str, Any]:
        return dict(aws.stepfunctions.describe_execution(executionArn=arn))

    eventually("it ends", lambda: description()["status"] != "RUNNING")
    return description()


def output(aws: Aws, arn: str) -> Any:
    """What the execution returns."""
    description = ended(aws, arn)
    assert description["status"] == "SUCCEEDED", description
    return json.loads(description["output"])


def received(aws: Aws, queue: str) -> dict[str, Any]:
    """The next message of a queue."""
    messages = aws.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    body: dict[str, Any] = json.loads(messages[0]["Body"])
    return body


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """The error code of a request that is refused."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def entered(aws: Aws, arn: str) -> list[str]:
    """The names of the states that the execution has entered."""
    events = aws.stepfunctions.get_execution_history(executionArn=arn)["events"]
    return [
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    ]


# The context object, paths and intrinsic functions


def test_a_state_reads_the_context_object(aws: Aws, start: Callable[..., str]) -> None:
    parameters = {
        "input.$": "$$.Execution.Input",
        "name.$": "$$.Execution.Name",
        "redrives.$": "$$.Execution.RedriveCount",
        "retries.$": "$$.State.RetryCount",
        "entered.$": "$$.State.EnteredTime",
    }

    arn = start({"Read": {"Type": "Pass", "Parameters": parameters, "End": True}}, {"a": 1})

    read = output(aws, arn)
    assert read.pop("entered").endswith("Z")
    assert read == {"input": {"a": 1}, "name": arn.rpartition(":")[2], "redrives": 0, "retries": 0}


def test_the_client_context_reaches_the_function_with_each_attempts_count(
    aws: Aws, start: Callable[..., str]
) -> None:
    counts = '\'\\{"custom":\\{"retries":{},"redrives":{}\\}\\}\''
    values = "$$.State.RetryCount, $$.Execution.RedriveCount"
    client_context = {"ClientContext.$": f"States.Base64Encode(States.Format({counts}, {values}))"}
    retry = [{"ErrorEquals": ["GreetingError"], "IntervalSeconds": 1, "MaxAttempts": 1}]

    counted = start({"Greet": greet({"failures": 1}, Parameters=client_context, Retry=retry)})
    without = start({"Greet": greet({})})

    assert output(aws, counted)["Payload"] == {"retries": 1, "redrives": 0}
    assert output(aws, without)["Payload"] is None


def test_a_client_context_that_is_no_json_fails_the_task(aws: Aws, start: Callable[..., str]) -> None:
    arn = start({"Greet": greet({}, Parameters={"ClientContext": "e25vdCBqc29ufQ=="})})

    assert ended(aws, arn)["error"] == "Lambda.InvalidRequestContentException"


def test_a_functions_error_is_caught_by_its_name_and_its_cause_can_be_read(
    aws: Aws, start: Callable[..., str]
) -> None:
    read = {
        "cause.$": "States.StringToJson($.error.Cause)",
        "merged.$": "States.JsonMerge($.a, $.b, false)",
        "text.$": "States.Format('{} of {}', $.n, $.b.x)",
        "sum.$": "States.MathAdd($.n, 2)",
    }
    catch = [{"ErrorEquals": ["GreetingError"], "ResultPath": "$.error", "Next": "Read"}]
    states = {
        "Greet": greet({"fail": True}, Catch=catch),
        "Read": {"Type": "Pass", "Parameters": read, "End": True},
    }

    given = output(aws, start(states, {"a": {"x": 1, "y": 2}, "b": {"x": 3}, "n": 4}))

    assert given["cause"]["errorType"] == "GreetingError"
    assert given["cause"]["errorMessage"] == "hello"
    assert given["merged"] == {"x": 3, "y": 2}
    assert given["text"] == "4 of 3"
    assert given["sum"] == 6


def test_a_throttled_invocation_has_the_name_that_aws_gives_it(aws: Aws, start: Callable[..., str]) -> None:
    aws.lambda_functions.put_function_concurrency(FunctionName="greeter", ReservedConcurrentExecutions=0)
    try:
        assert ended(aws, start({"Greet": greet({})}))["error"] == "Lambda.TooManyRequestsException"
    finally:
        aws.lambda_functions.delete_function_concurrency(FunctionName="greeter")


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("$.missing", "States.Runtime"),
        ("$$.Execution.Missing", "States.Runtime"),
        ("States.Format('{}', $.missing)", "States.Runtime"),
        ("States.StringToJson('no json')", "States.IntrinsicFailure"),
    ],
)
def test_a_parameter_that_cannot_be_had_fails_the_execution(
    aws: Aws, start: Callable[..., str], expression: str, error: str
) -> None:
    arn = start({"Read": {"Type": "Pass", "Parameters": {"value.$": expression}, "End": True}})

    assert ended(aws, arn)["error"] == error


# Waits and timeouts


@pytest.mark.parametrize(("field", "at_least"), [("SecondsPath", 2), ("TimestampPath", 1)])
def test_a_wait_takes_its_time_from_the_input(
    aws: Aws, start: Callable[..., str], field: str, at_least: float
) -> None:
    in_two_seconds = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    given = {"SecondsPath": 2, "TimestampPath": in_two_seconds}
    begun = time.monotonic()

    output(aws, start({"Wait": {"Type": "Wait", field: f"$.{field}", "End": True}}, given))

    assert time.monotonic() - begun > at_least


@pytest.mark.parametrize(
    ("field", "value"),
    [("SecondsPath", "1"), ("SecondsPath", -1), ("TimestampPath", 1), ("TimestampPath", "tomorrow")],
)
def test_a_wait_for_no_time_fails_the_execution(
    aws: Aws, start: Callable[..., str], field: str, value: Any
) -> None:
    arn = start({"Wait": {"Type": "Wait", field: "$.time", "End": True}}, {"time": value})

    assert ended(aws, arn)["error"] == "States.Runtime"


def test_a_task_times_out_after_the_time_in_its_input(aws: Aws, start: Callable[..., str]) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "Late"}]
    states = {
        "Greet": greet({"sleep": 3}, TimeoutSecondsPath="$.atMost", Catch=catch),
        "Late": {"Type": "Pass", "End": True},
    }

    assert output(aws, start(states, {"atMost": 1}))["error"]["Error"] == "States.Timeout"
    assert ended(aws, start(states, {"atMost": "1"}))["error"] == "States.Runtime"


def test_an_execution_times_out_as_its_state_machine_says(aws: Aws, queue: str) -> None:
    waits = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}

    for states in (waits, {"Hold": wait_for_token(queue)}):
        machine = state_machine(aws, states, TimeoutSeconds=1)
        arn = aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
        assert ended(aws, arn)["status"] == "TIMED_OUT"
    token = received(aws, queue)["token"]
    assert refusal(aws.stepfunctions.send_task_success, taskToken=token, output="1") == "TaskTimedOut"


# Task tokens


def test_the_answer_to_a_task_token_is_the_output_of_the_task(
    aws: Aws, start: Callable[..., str], queue: str
) -> None:
    states = aws.stepfunctions
    arn = start({"Hold": wait_for_token(queue)})
    message = received(aws, queue)
    token = message["token"]

    assert message["execution"] == arn.rpartition(":")[2]
    assert 500 < len(token) <= 2048
    assert refusal(states.send_task_success, taskToken=token, output="no json") == "InvalidOutput"
    assert refusal(states.send_task_success, taskToken="another", output="{}") == "InvalidToken"
    states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='{"until": 5}')
    for again in (states.send_task_success, states.send_task_failure, states.send_task_heartbeat):
        request = {"output": "{}"} if again == states.send_task_success else {}
        assert refusal(again, taskToken=token, **request) == "TaskTimedOut"
    assert output(aws, arn) == {"until": 5}


def test_a_failure_sent_for_a_task_token_is_caught_by_its_name(
    aws: Aws, start: Callable[..., str], queue: str
) -> None:
    catch = [{"ErrorEquals": ["Oven.Gone"], "Next": "Gone"}]
    arn = start({"Hold": wait_for_token(queue, Catch=catch), "Gone": {"Type": "Pass", "End": True}})

    token = received(aws, queue)["token"]
    aws.stepfunctions.send_task_failure(taskToken=token, error="Oven.Gone", cause="no slots")

    assert output(aws, arn) == {"Error": "Oven.Gone", "Cause": "no slots"}


@pytest.mark.parametrize("limit", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_the_token_of_a_task_that_timed_out_is_refused(
    aws: Aws, start: Callable[..., str], queue: str, limit: str
) -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arn = start({"Hold": wait_for_token(queue, Retry=retry, **{limit: 1})})

    first = received(aws, queue)["token"]
    second = received(aws, queue)["token"]

    assert first != second
    assert refusal(aws.stepfunctions.send_task_success, taskToken=first, output="1") == "TaskTimedOut"
    aws.stepfunctions.send_task_success(taskToken=second, output="2")
    assert output(aws, arn) == 2


def test_heartbeats_keep_a_task_alive(aws: Aws, start: Callable[..., str], queue: str) -> None:
    arn = start({"Hold": wait_for_token(queue, HeartbeatSeconds=1)})
    token = received(aws, queue)["token"]

    for _ in range(4):
        time.sleep(0.5)
        aws.stepfunctions.send_task_heartbeat(taskToken=token)

    assert ended(aws, arn)["error"] == "States.Timeout"
    assert refusal(aws.stepfunctions.send_task_heartbeat, taskToken=token) == "TaskTimedOut"


def test_the_token_of_a_stopped_execution_is_refused(aws: Aws, start: Callable[..., str], queue: str) -> None:
    arn = start({"Hold": wait_for_token(queue)})
    token = received(aws, queue)["token"]

    aws.stepfunctions.stop_execution(executionArn=arn)

    assert refusal(aws.stepfunctions.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"


def test_a_message_is_sent_without_waiting(aws: Aws, start: Callable[..., str], queue: str) -> None:
    body = {"type": "release", "item.$": "$$.Execution.Name"}
    parameters = {"QueueUrl": queue, "MessageBody": body}

    arn = start({"Send": task(SEND, parameters)})

    assert "MessageId" in output(aws, arn)
    assert received(aws, queue) == {"type": "release", "item": arn.rpartition(":")[2]}


# Stops and redrives


def test_a_stop_ends_an_execution_at_once_with_its_error_and_cause(
    aws: Aws, start: Callable[..., str]
) -> None:
    arn = start(
        {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Fail"}, "Fail": {"Type": "Fail", "Error": "late"}}
    )
    eventually("it waits", lambda: entered(aws, arn) == ["Wait"])

    stopped = aws.stepfunctions.stop_execution(executionArn=arn, error="Oven.Released", cause="by its owner")
    time.sleep(1.2)

    description = ended(aws, arn)
    assert (description["status"], description["error"], description["cause"]) == (
        "ABORTED",
        "Oven.Released",
        "by its owner",
    )
    assert description["stopDate"] == stopped["stopDate"]
    assert entered(aws, arn) == ["Wait"]


def test_a_stop_ends_the_branches_of_a_state(aws: Aws, start: Callable[..., str]) -> None:
    branch = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    arn = start(
        {
            "Both": {"Type": "Parallel", "Branches": [branch, branch], "Next": "Late"},
            "Late": {"Type": "Pass", "End": True},
        }
    )
    eventually("they wait", lambda: entered(aws, arn) == ["Both"])

    aws.stepfunctions.stop_execution(executionArn=arn)

    # A branch that does not end writes a traceback, which the log of this module's emulator must not have.
    assert ended(aws, arn)["status"] == "ABORTED"
    assert entered(aws, arn) == ["Both"]


def test_a_stop_ends_the_retries_of_a_task(aws: Aws, start: Callable[..., str]) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 100}]
    arn = start({"Greet": greet({"fail": True}, Retry=retry)})

    def attempts() -> int:
        events = aws.stepfunctions.get_execution_history(executionArn=arn)["events"]
        return sum(event["type"] == "TaskFailed" for event in events)

    eventually("it was tried", lambda: attempts() > 0)
    aws.stepfunctions.stop_execution(executionArn=arn)
    tried = attempts()
    time.sleep(2)

    assert attempts() == tried
    assert ended(aws, arn)["status"] == "ABORTED"


def test_a_stop_of_an_ended_execution_tells_when_it_ended(aws: Aws, start: Callable[..., str]) -> None:
    states = aws.stepfunctions
    done = start({"Pass": {"Type": "Pass", "End": True}})
    failed = start({"Fail": {"Type": "Fail"}})

    for arn, status in ((done, "SUCCEEDED"), (failed, "FAILED")):
        stop_date = ended(aws, arn)["stopDate"]
        assert states.stop_execution(executionArn=arn, error="late")["stopDate"] == stop_date
        assert ended(aws, arn)["status"] == status
    assert refusal(states.stop_execution, executionArn=f"{done}-unknown") == "ExecutionDoesNotExist"


def test_a_redrive_restarts_an_execution_from_the_state_in_which_it_ended(
    aws: Aws, start: Callable[..., str], queue: str
) -> None:
    states = aws.stepfunctions
    count = {"Type": "Pass", "Parameters": {"redrives.$": "$$.Execution.RedriveCount"}, "End": True}
    arn = start(
        {
            "First": {"Type": "Pass", "Next": "Hold"},
            "Hold": wait_for_token(queue, Next="Count"),
            "Count": count,
        }
    )
    first = received(aws, queue)["token"]
    assert refusal(states.redrive_execution, executionArn=arn) == "ExecutionNotRedrivable"
    states.stop_execution(executionArn=arn, error="by hand")
    assert states.describe_execution(executionArn=arn)["redriveStatus"] == "REDRIVABLE"
    states.redrive_execution(executionArn=arn)
    second = received(aws, queue)["token"]

    assert refusal(states.send_task_success, taskToken=first, output="{}") == "TaskTimedOut"
    states.send_task_success(taskToken=second, output="{}")
    assert output(aws, arn) == {"redrives": 1}
    assert ended(aws, arn)["redriveCount"] == 1
    assert entered(aws, arn) == ["First", "Hold", "Hold", "Count"]
    assert refusal(states.redrive_execution, executionArn=arn) == "ExecutionNotRedrivable"


# Executions that start others


def nested(aws: Aws, child: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A state that runs a new state machine of one state, named as the execution."""
    parameters = {
        "StateMachineArn": state_machine(aws, {"Child": child}),
        "Name.$": "$$.Execution.Name",
        "Input.$": "$",
    }
    return task(NESTED, parameters, **fields)


def test_a_task_runs_another_state_machine_and_returns_its_output_as_json(
    aws: Aws, start: Callable[..., str]
) -> None:
    child = nested(aws, {"Type": "Wait", "Seconds": 1, "End": True})

    arn = start({"Work": child}, {"id": "order-1"})

    done = output(aws, arn)
    assert done["Output"] == done["Input"] == {"id": "order-1"}
    assert done["Name"] == arn.rpartition(":")[2]
    assert done["Status"] == "SUCCEEDED"
    assert isinstance(done["StartDate"], int)


def test_the_failure_of_a_nested_execution_is_described_in_the_cause(
    aws: Aws, start: Callable[..., str]
) -> None:
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Read"}]
    failing = nested(aws, {"Type": "Fail", "Error": "Dough", "Cause": "too old"}, Catch=catch)
    read = {"Type": "Pass", "Parameters": {"child.$": "States.StringToJson($.Cause)"}, "End": True}

    child = output(aws, start({"Work": failing, "Read": read}))["child"]

    assert (child["Status"], child["Error"], child["Cause"]) == ("FAILED", "Dough", "too old")


def test_a_nested_execution_whose_name_is_used_up_fails_the_task(aws: Aws, start: Callable[..., str]) -> None:
    catch = [{"ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "Next": "Used"}]
    work = nested(aws, {"Type": "Pass", "End": True}, ResultPath=None, Next="Again")
    again = {**work, "Next": "Used", "Catch": catch}

    arn = start({"Work": work, "Again": again, "Used": {"Type": "Pass", "End": True}})

    assert output(aws, arn)["Error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_stop_stops_the_nested_execution(aws: Aws, start: Callable[..., str]) -> None:
    work = nested(aws, {"Type": "Wait", "Seconds": 60, "End": True})
    arn = start({"Work": work})
    machine = work["Parameters"]["StateMachineArn"]
    child = f"{machine.replace(':stateMachine:', ':execution:')}:{arn.rpartition(':')[2]}"

    def runs() -> bool:
        started = aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
        return [execution["executionArn"] for execution in started] == [child]

    eventually("it runs", runs)
    aws.stepfunctions.stop_execution(executionArn=arn)

    assert ended(aws, child)["status"] == "ABORTED"


# IAM


@pytest.fixture(scope="module")
def strict_aws() -> Iterator[Aws]:
    """An empty embedded AWS that enforces IAM, with one role, `workflow`."""
    with clean_log() as log, running_emulator(free_port(), enforce_iam=True, log=log) as endpoint_url:
        emulator = local(endpoint_url)
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        iam_of(emulator).create_role(RoleName="workflow", AssumeRolePolicyDocument=policy(trust))
        yield emulator


def iam_of(aws: Aws) -> Any:
    return local_session().client("iam", endpoint_url=aws.endpoint_url)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def caller(aws: Aws, name: str, *statements: dict[str, Any]) -> Any:
    """A client of Step Functions with the key of a new user."""
    iam = iam_of(aws)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_a_caller_starts_stops_and_redrives_only_what_its_policy_allows(strict_aws: Aws) -> None:
    waits = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
    machine, other = state_machine(strict_aws, waits), state_machine(strict_aws, waits)
    executions = f"{machine.replace(':stateMachine:', ':execution:')}:*"
    oven = caller(
        strict_aws,
        "oven",
        allow("states:StartExecution", resource=machine),
        allow("states:StopExecution", "states:RedriveExecution", resource=executions),
        allow("states:SendTaskSuccess", resource="*"),
    )
    nobody = caller(strict_aws, "nobody", allow("states:ListStateMachines", resource="*"))
    denied = "AccessDeniedException"

    arn = oven.start_execution(stateMachineArn=machine, name="a")["executionArn"]
    elsewhere = strict_aws.stepfunctions.start_execution(stateMachineArn=other, name="b")["executionArn"]

    assert refusal(oven.start_execution, stateMachineArn=other) == denied
    assert refusal(oven.stop_execution, executionArn=elsewhere) == denied
    assert refusal(nobody.stop_execution, executionArn=arn) == denied
    oven.stop_execution(executionArn=arn)
    assert refusal(nobody.redrive_execution, executionArn=arn) == denied
    oven.redrive_execution(executionArn=arn)
    assert refusal(nobody.send_task_success, taskToken="t", output="1") == denied
    assert refusal(oven.send_task_success, taskToken="t", output="1") == "InvalidToken"


def test_a_task_does_only_what_the_role_of_its_state_machine_allows(strict_aws: Aws) -> None:
    url = strict_aws.sqs.create_queue(QueueName="mine")["QueueUrl"]
    child = state_machine(strict_aws, {"Pass": {"Type": "Pass", "End": True}})
    executions = f"{child.replace(':stateMachine:', ':execution:')}:*"
    grants = {
        "Lambda.AWSLambdaException": [
            allow("lambda:InvokeFunction", resource="arn:aws:lambda:*:*:function:greeter")
        ],
        "SQS.AmazonSQSException": [allow("sqs:SendMessage", resource="arn:aws:sqs:*:*:mine")],
        "StepFunctions.AccessDeniedException": [
            allow("states:StartExecution", resource=child),
            allow("states:DescribeExecution", "states:StopExecution", resource=executions),
        ],
    }
    tasks = {
        "Lambda.AWSLambdaException": greet({}),
        "SQS.AmazonSQSException": task(SEND, {"QueueUrl": url, "MessageBody": "sent"}),
        "StepFunctions.AccessDeniedException": task(NESTED, {"StateMachineArn": child}),
    }

    def run(state: dict[str, Any]) -> dict[str, Any]:
        arn = strict_aws.stepfunctions.start_execution(
            stateMachineArn=state_machine(strict_aws, {"Task": state})
        )
        return ended(strict_aws, arn["executionArn"])

    def grant(*statements: dict[str, Any]) -> None:
        iam_of(strict_aws).put_role_policy(
            RoleName="workflow", PolicyName="all", PolicyDocument=policy(*statements)
        )

    for error, state in tasks.items():
        grant(
            *(statement for name, statements in grants.items() if name != error for statement in statements)
        )
        assert run(state)["error"] == error
        grant(*grants[error])
        # There is no such function.
        allowed = "Lambda.ResourceNotFoundException" if state["Resource"] == LAMBDA else None
        assert run(state).get("error") == allowed


def test_a_queues_policy_refuses_the_message_of_a_task(strict_aws: Aws) -> None:
    url = strict_aws.sqs.create_queue(QueueName="closed")["QueueUrl"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    strict_aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(deny)})
    iam_of(strict_aws).put_role_policy(
        RoleName="workflow", PolicyName="all", PolicyDocument=policy(allow("sqs:*", resource="*"))
    )
    machine = state_machine(strict_aws, {"Send": task(SEND, {"QueueUrl": url, "MessageBody": "sent"})})

    arn = strict_aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]

    assert ended(strict_aws, arn)["error"] == "SQS.AmazonSQSException"
