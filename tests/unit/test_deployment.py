"""The requests to AWS that deploy a stack, and their order."""

import contextlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment import account_quotas, names
from serverless_pizza_oven.deployment.account_quotas import AccountQuotas
from serverless_pizza_oven.deployment.change_set import Governance
from serverless_pizza_oven.deployment.deploying import deploy, update_parameters
from serverless_pizza_oven.deployment.inventory import losses
from serverless_pizza_oven.deployment.package import StoredFile
from serverless_pizza_oven.deployment.preflight import check_names_are_free
from serverless_pizza_oven.deployment.progress import EventLog, StillRunningError, follow
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.deployment.teardown import check_unprotected, destroy
from serverless_pizza_oven.deployment.template import default_parameters, template_path
from serverless_pizza_oven.deployment.upload import upload
from serverless_pizza_oven.errors import AwsError, DeploymentError, UsageError

NO_STACK = ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
QUEUE_MISSING = "AWS.SimpleQueueService.NonExistentQueue"
TABLE_MISSING = "ResourceNotFoundException"


class Service:
    """Answers each request with the given answer. A given error code is raised."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def __getattr__(self, action: str) -> Any:
        def answer(**arguments: Any) -> Any:
            self.asked.append((action, arguments))
            given = self._answers.get(action, {})
            if isinstance(given, BaseException):
                raise given
            if isinstance(given, str):
                raise ClientError({"Error": {"Code": given, "Message": "no"}}, action)
            return given

        return answer

    def actions(self) -> list[str]:
        return [action for action, _ in self.asked]


class S3(Service):
    """The same, with an endpoint."""

    meta = SimpleNamespace(endpoint_url="https://s3.eu-west-1.amazonaws.com")


def account(**services: Service) -> Aws:
    plain: Any = {
        "account": lambda: "123456789012",
        "region": "eu-west-1",
        "endpoint_url": None,
        "whereabouts": "in eu-west-1",
    }
    return cast("Aws", SimpleNamespace(**plain, **services))


# Names


def test_the_names_are_checked_as_the_template_does() -> None:
    template = template_path().read_text()
    found = re.search(r"QueueNamePrefix:.*?Default: (\S+)\s+AllowedPattern: \"(\S+)\"", template, re.DOTALL)

    assert found
    assert found.groups() == (names.DEFAULT_PREFIX, names.PREFIX)
    assert re.search(rf"BakingTableName:.*?Default: {names.DEFAULT_TABLE}\n", template, re.DOTALL)


def test_the_longest_prefix_makes_no_queue_name_that_is_too_long() -> None:
    names.check_prefix("x" * 60)

    suffixes = re.findall(r"QueueName: !Sub \$\{QueueNamePrefix\}(\S+)", template_path().read_text())
    assert len(suffixes) == 5
    assert all(60 + len(suffix) <= 80 for suffix in suffixes)


@pytest.mark.parametrize(
    ("queue", "table", "taken"),
    [
        ({}, TABLE_MISSING, "the queue lunch-NewItems exists already"),
        (QUEUE_MISSING, {}, "the table lunch-BakingTable exists already"),
    ],
)
def test_names_that_another_oven_has_are_not_free(queue: Any, table: Any, taken: str) -> None:
    aws = account(sqs=Service(get_queue_url=queue), dynamodb=Service(describe_table=table))

    with pytest.raises(DeploymentError, match=f"{taken}.*choose other names with --prefix"):
        check_names_are_free(aws, {"QueueNamePrefix": "lunch", "BakingTableName": names.table_of("lunch")})


def test_names_that_nobody_has_are_free_and_a_refusal_is_no_answer() -> None:
    free = Service(describe_table=TABLE_MISSING)
    check_names_are_free(account(sqs=Service(get_queue_url=QUEUE_MISSING), dynamodb=free), {})
    assert free.asked == [("describe_table", {"TableName": "BakingTable"})]

    with pytest.raises(AwsError, match="AccessDenied"):
        check_names_are_free(account(sqs=Service(get_queue_url="AccessDenied"), dynamodb=free), {})


# Parameters


def test_what_is_not_named_keeps_its_value_unless_the_template_no_longer_has_it() -> None:
    stack = {
        "StackStatus": "UPDATE_COMPLETE",
        "Parameters": [{"ParameterKey": key, "ParameterValue": "1"} for key in ("Named", "Kept", "Dropped")],
    }
    template = "Parameters: {Named: {Default: 0}, Kept: {Default: 0}, New: {Default: 0}}"
    release = Release(template, StoredFile(b"", "zip"))
    cloudformation = Service(describe_stacks={"Stacks": [stack]}, create_change_set="ValidationError")
    vars(cloudformation)["get_paginator"] = lambda _action: Service(paginate=[])

    with pytest.raises(DeploymentError):
        deploy(
            account(cloudformation=cloudformation, s3=S3()),
            "mine",
            {"Named": "2"},
            print,
            release=release,
        )

    asked = dict(cloudformation.asked)["create_change_set"]
    assert asked["Parameters"] == [
        {"ParameterKey": "Named", "ParameterValue": "2"},
        {"ParameterKey": "Kept", "UsePreviousValue": True},
    ]


@pytest.mark.parametrize("name", ["QueueNamePrefix", "BakingTableName"])
def test_an_oven_keeps_its_names_for_with_others_it_would_be_another_and_empty(name: str) -> None:
    stack = {
        "StackStatus": "UPDATE_COMPLETE",
        "Parameters": [{"ParameterKey": name, "ParameterValue": "lunch"}],
    }
    cloudformation = Service(describe_stacks={"Stacks": [stack]})

    with pytest.raises(UsageError, match=f"{name} of mine is lunch: with dinner everything .* would be lost"):
        update_parameters(account(cloudformation=cloudformation), Stack("mine", {}), {name: "dinner"}, print)

    assert cloudformation.actions() == ["describe_stacks"]


# Tags and the service role


def change_set_of(stack: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The requests to CloudFormation when a stack is deployed or its parameters are changed."""
    cloudformation = Service(describe_stacks={"Stacks": [stack]}, create_change_set="ValidationError")
    aws = account(cloudformation=cloudformation, s3=S3())
    with contextlib.suppress(DeploymentError):
        if options:
            release = Release("Parameters: {New: {Default: 0}}", StoredFile(b"", "zip"))
            deploy(aws, "mine", {}, print, release=release, **options)
        else:
            update_parameters(aws, Stack("mine", {}), {"Named": "2"}, print)
    return dict(cloudformation.asked)["create_change_set"]


TAGGED = {
    "StackStatus": "UPDATE_COMPLETE",
    "Tags": [
        {"Key": "application", "Value": "theirs"},
        {"Key": "team", "Value": "a"},
        {"Key": "aws:servicecatalog:product", "Value": "p"},
    ],
}


def test_an_update_keeps_the_tags_of_the_stack_and_changes_those_that_are_named() -> None:
    asked = change_set_of(TAGGED, governance=Governance({"team": "b", "cost": "1"}))

    assert {tag["Key"]: tag["Value"] for tag in asked["Tags"]} == {
        "application": "theirs",
        "team": "b",
        "cost": "1",
    }


def test_a_change_of_parameters_keeps_the_tags_and_adds_none() -> None:
    assert change_set_of(TAGGED)["Tags"] == [
        {"Key": "application", "Value": "theirs"},
        {"Key": "team", "Value": "a"},
    ]
    assert change_set_of({"StackStatus": "UPDATE_COMPLETE"})["Tags"] == []


def test_the_service_role_is_named_if_one_was_chosen_or_cloudformation_goes_on_with_the_stacks_own() -> None:
    role = "arn:aws:iam::123456789012:role/deployer"

    assert change_set_of(TAGGED, governance=Governance(role_arn=role))["RoleARN"] == role
    assert "RoleARN" not in change_set_of(TAGGED)


# Quotas


class Paged(Service):
    """Answers in one page."""

    def get_paginator(self, action: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: [getattr(self, action)(**arguments)])


def test_quotas_are_read_as_far_as_the_caller_may() -> None:
    settings = {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}
    quotas = {
        "Quotas": [{"QuotaName": account_quotas.STARTS, "Value": 300.0}, {"QuotaName": "x", "Value": 1.0}]
    }
    allowed = account(
        lambda_functions=Service(get_account_settings=settings),
        service_quotas=Paged(list_service_quotas=quotas),
    )
    refused = account(
        lambda_functions=Service(get_account_settings="AccessDeniedException"),
        service_quotas=Paged(list_service_quotas="AccessDeniedException"),
    )

    assert account_quotas.read_quotas(allowed) == AccountQuotas(10, 300.0)
    assert account_quotas.read_quotas(refused) == AccountQuotas()
    assert account_quotas.read_quotas(refused).in_words() == ""


def test_a_shortage_is_told_for_the_oven_that_has_it() -> None:
    new = AccountQuotas(instances=10, starts=10, transitions=100)

    told = " ".join(account_quotas.shortages(new, 14, 5))
    assert "Lambda runs 10 function instances at once; this oven may need 19." in told
    assert "Step Functions starts 10 executions a second" in told
    assert "Step Functions makes 100 transitions a second" in told
    assert account_quotas.shortages(AccountQuotas(1000, 150, 800), 4000, 5) == []
    assert account_quotas.shortages(AccountQuotas(instances=10), 5, 5) == []
    assert account_quotas.shortages(AccountQuotas(), 4000, 1000) == []


# Protection


@pytest.mark.parametrize(
    "description",
    [
        {"EnableTerminationProtection": True},
        {"Parameters": [{"ParameterKey": "Protection", "ParameterValue": "ENABLED"}]},
    ],
    ids=["stack", "table"],
)
def test_a_protected_stack_is_told_with_what_lifts_that(description: Any) -> None:
    with pytest.raises(DeploymentError, match=r"mine is protected.*oven deploy --stack mine --no-protect"):
        check_unprotected(account(cloudformation=Service(describe_stacks={"Stacks": [description]})), "mine")


def test_a_stack_without_protection_passes() -> None:
    description = {
        "EnableTerminationProtection": False,
        "Parameters": [{"ParameterKey": "Protection", "ParameterValue": "DISABLED"}],
    }

    check_unprotected(account(cloudformation=Service(describe_stacks={"Stacks": [description]})), "mine")


# What would be lost


def test_what_was_removed_by_hand_is_gone_already_and_the_rest_is_counted() -> None:
    class Queues(Service):
        def get_queue_attributes(self, QueueUrl: str, **_: Any) -> Any:  # noqa: N803 - the SDK's name
            if QueueUrl == "waiting":
                raise ClientError({"Error": {"Code": QUEUE_MISSING}}, "GetQueueAttributes")
            return {"Attributes": {"ApproximateNumberOfMessages": "3"}}

    queues = {"New": "new", "Waiting": "waiting", "Baked": "baked"}
    outputs = {f"{name}ItemsQueueUrl": url for name, url in queues.items()} | {"NewItemsDLQUrl": "dead"}
    stack = Stack("mine", outputs | {"BakingTableName": "table"})

    lost = losses(account(sqs=Queues(), dynamodb=Service(get_item=TABLE_MISSING)), stack)

    assert lost == {
        "new items": 3,
        "items in the line": None,
        "items in the oven": None,
        "baked items": 3,
        "dead letters": 3,
    }


# The functions' package


RELEASE = Release("A: {CodeUri: lambda/}\nB: {CodeUri: lambda/}\n", StoredFile(b"zip", "zip"))


def test_a_release_is_uploaded_once_and_only_into_a_bucket_of_the_account() -> None:
    said: list[str] = []
    there, not_there = S3(), S3(head_bucket="404", head_object="404")

    upload(account(s3=there), RELEASE, said.append)
    assert not said
    upload(account(s3=not_there), RELEASE, said.append)
    assert len(said) == 1

    look, put = ["head_object", "head_object"], ["head_object", "put_object", "head_object", "put_object"]
    assert there.actions() == ["head_bucket", *look]
    assert not_there.actions() == ["head_bucket", "create_bucket", "put_public_access_block", *put]
    for action, arguments in there.asked + not_there.asked:
        assert action == "create_bucket" or arguments["ExpectedBucketOwner"] == "123456789012"


def test_nothing_is_uploaded_into_a_bucket_of_somebody_else() -> None:
    s3 = S3(head_bucket="403")

    with pytest.raises(AwsError):
        upload(account(s3=s3), RELEASE, lambda _: None)

    assert s3.actions() == ["head_bucket"]


def test_a_bucket_that_was_chosen_is_used_as_it_is_and_may_be_another_accounts() -> None:
    s3 = S3(head_bucket={"BucketRegion": "eu-west-1"}, head_object="404")

    url = upload(account(s3=s3), RELEASE, lambda _: None, "artifacts")

    assert s3.actions() == ["head_bucket", "head_object", "put_object", "head_object", "put_object"]
    assert all("ExpectedBucketOwner" not in arguments for _, arguments in s3.asked)
    assert url.startswith("https://s3.eu-west-1.amazonaws.com/artifacts/")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("404", "there is no bucket artifacts: name an existing one with --bucket"),
        (
            {"BucketRegion": "us-east-1"},
            "artifacts is in us-east-1: name one in the region of the oven, eu-west-1",
        ),
    ],
)
def test_a_bucket_that_cannot_be_used_is_told_before_anything_is_uploaded(found: Any, told: str) -> None:
    s3 = S3(head_bucket=found)

    with pytest.raises(DeploymentError, match=told):
        upload(account(s3=s3), RELEASE, lambda _: None, "artifacts")

    assert s3.actions() == ["head_bucket"]


def test_the_template_goes_up_with_the_address_of_the_package_and_is_named_by_its_url() -> None:
    s3 = S3(head_object="404")

    url = upload(account(s3=s3), RELEASE, lambda _: None)

    package, template = (arguments for action, arguments in s3.asked if action == "put_object")
    where = f"s3://{package['Bucket']}/{package['Key']}"
    assert template["Body"].decode() == f"A: {{CodeUri: {where}}}\nB: {{CodeUri: {where}}}\n"
    assert url == f"https://s3.eu-west-1.amazonaws.com/{template['Bucket']}/{template['Key']}"
    assert url.endswith(".yml")


def test_a_template_of_more_bytes_than_a_request_takes_is_deployed_by_its_url() -> None:
    large = Release(f"Parameters: {{New: {{Default: {'x' * 60_000}}}}}", StoredFile(b"", "zip"))
    cloudformation = Service(describe_stacks=NO_STACK, create_change_set="ValidationError")

    with pytest.raises(DeploymentError):
        deploy(account(cloudformation=cloudformation, s3=S3()), "mine", {}, print, release=large)

    asked = dict(cloudformation.asked)["create_change_set"]
    assert "TemplateBody" not in asked
    assert asked["TemplateURL"].startswith("https://s3.eu-west-1.amazonaws.com/pizza-oven-123456789012-")


# The events

OWN = "AWS::CloudFormation::Stack"
PAGE = 10


class Told(Service):
    """A CloudFormation with these events, the oldest first, and a stack that does not change."""

    def __init__(self, *events: tuple[str, str, str]) -> None:
        super().__init__(describe_stacks={"Stacks": [{"StackStatus": "CREATE_COMPLETE", "StackId": "id"}]})
        self.pages_told = 0
        self._events: list[dict[str, str]] = []
        for event in events:
            self.happens(*event)

    def rests(self, status: str) -> None:
        """Set the state of the stack."""
        self._answers["describe_stacks"] = {"Stacks": [{"StackStatus": status, "StackId": "id"}]}

    def happens(self, status: str, resource: str, kind: str, reason: str = "") -> None:
        """One more event."""
        number = str(len(self._events))
        self._events.append(
            {
                "EventId": number,
                "ResourceStatus": status,
                "LogicalResourceId": resource,
                "ResourceType": kind,
                "ResourceStatusReason": reason,
            }
        )

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: self._pages())

    def _pages(self) -> Iterator[Any]:
        newest_first = self._events[::-1]
        for start in range(0, len(newest_first), PAGE):
            self.pages_told += 1
            yield {"StackEvents": newest_first[start : start + PAGE]}


def test_of_the_resources_only_what_is_over_is_told_and_all_of_the_stack() -> None:
    said: list[str] = []
    cloudformation = Told()
    aws = account(cloudformation=cloudformation)
    events = EventLog(aws, "mine")
    for event in (
        ("CREATE_IN_PROGRESS", "mine", OWN),
        ("CREATE_IN_PROGRESS", "NewItems", "AWS::SQS::Queue"),
        ("CREATE_COMPLETE", "NewItems", "AWS::SQS::Queue"),
        ("CREATE_FAILED", "BakedItems", "AWS::SQS::Queue"),
        ("CREATE_COMPLETE", "mine", OWN),
    ):
        cloudformation.happens(*event)

    follow(aws, "mine", events, said.append, lambda _: None)

    assert [tuple(line.split()[:2]) for line in said] == [
        ("CREATE_IN_PROGRESS", "mine"),
        ("CREATE_COMPLETE", "NewItems"),
        ("CREATE_FAILED", "BakedItems"),
        ("CREATE_COMPLETE", "mine"),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        "(Service: Sqs, Status Code: 400, Error Code: AWS.SimpleQueueService.QueueDeletedRecently)",
    ],
)
def test_who_recreates_a_queue_too_soon_is_told_to_wait(reason: str) -> None:
    cloudformation = Told()
    aws = account(cloudformation=cloudformation)
    events = EventLog(aws, "mine")
    cloudformation.happens("CREATE_FAILED", "NewItems", "AWS::SQS::Queue", reason)
    cloudformation.happens("ROLLBACK_COMPLETE", "mine", OWN)
    cloudformation.rests("ROLLBACK_COMPLETE")

    with pytest.raises(DeploymentError, match="wait a minute, remove the failed stack with oven destroy"):
        follow(aws, "mine", events, lambda _: None, lambda _: None)


def test_a_description_of_before_the_change_does_not_end_it() -> None:
    cloudformation = Told(("CREATE_COMPLETE", "mine", OWN))
    still_to_come = [("UPDATE_IN_PROGRESS", "mine", OWN), ("UPDATE_COMPLETE", "mine", OWN)]
    aws = account(cloudformation=cloudformation)
    said: list[str] = []

    events = EventLog(aws, "mine")
    follow(aws, "mine", events, said.append, lambda _: cloudformation.happens(*still_to_come.pop(0)))

    assert [line.split()[0] for line in said] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


@pytest.mark.parametrize("new", [1, PAGE, PAGE + 1, 3 * PAGE])
def test_of_a_long_story_only_what_is_new_is_read_and_told(new: int) -> None:
    cloudformation = Told(*[("UPDATE_COMPLETE", f"old-{n}", "AWS::SQS::Queue") for n in range(1000)])
    aws = account(cloudformation=cloudformation)

    events = EventLog(aws, "mine")
    for number in range(new):
        cloudformation.happens("UPDATE_COMPLETE", f"new-{number}", "AWS::SQS::Queue")
    told = events.new()

    assert [event["LogicalResourceId"] for event in told] == [f"new-{number}" for number in range(new)]
    assert events.new() == []
    assert cloudformation.pages_told <= 1 + (new // PAGE + 1) + 1


def test_who_leaves_is_told_that_cloudformation_goes_on_and_how_to_look() -> None:
    class Asked(Told):
        def delete_stack(self, **_: Any) -> None:
            self._answers["describe_stacks"] = KeyboardInterrupt()

    with pytest.raises(StillRunningError) as left:
        destroy(account(cloudformation=Asked()), "mine", lambda _: None)

    assert left.value.exit_code == 130
    assert "goes on by itself" in str(left.value)
    assert "describe-stack-events --stack-name mine --region eu-west-1" in str(left.value)


class Deleting(Told):
    """A CloudFormation with an oven, whose deletion waits for the executions."""

    def __init__(self, states: "StepFunctions") -> None:
        super().__init__()
        self._states = states
        self._asked_to = False

    def delete_stack(self, **_: Any) -> None:
        self._asked_to = True

    def describe_stacks(self, **_: Any) -> Any:
        gone = self._asked_to and not self._states.running
        status = "DELETE_COMPLETE" if gone else "DELETE_IN_PROGRESS" if self._asked_to else "CREATE_COMPLETE"
        outputs = [{"OutputKey": "ItemStatesArn", "OutputValue": "machine"}]
        return {"Stacks": [{"StackStatus": status, "StackId": "id", "Outputs": outputs}]}


class StepFunctions:
    """With executions that run until they are stopped. One of them ends just before."""

    def __init__(self, *running: str) -> None:
        self.running = list(running)
        self._ending = running[0]

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._page)

    def _page(self, **asked: str) -> Any:
        assert asked == {"stateMachineArn": "machine", "statusFilter": "RUNNING"}
        return [{"executions": [{"executionArn": arn} for arn in self.running]}]

    def stop_execution(self, executionArn: str) -> None:  # noqa: N803
        self.running.remove(executionArn)
        if executionArn == self._ending:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "StopExecution")


def test_what_bakes_is_stopped_while_its_stack_is_deleted_which_would_wait_for_it() -> None:
    states = StepFunctions("just ends", "for a day", "for a year")
    aws = account(cloudformation=Deleting(states), stepfunctions=cast("Service", states))
    slept: list[float] = []

    def sleep(secs: float) -> None:
        slept.append(secs)
        assert len(slept) < 10, "it would wait for ever"

    destroy(aws, "mine", lambda _: None, sleep)

    assert states.running == []
    assert len(slept) == 2


def test_the_commands_and_the_template_have_one_default_capacity() -> None:
    assert str(names.DEFAULT_CAPACITY) == default_parameters()["BakingTableCapacityCount"]
