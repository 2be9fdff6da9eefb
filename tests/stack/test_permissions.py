"""Each permission of the functions' roles is needed: without it, something of the oven fails.

The emulator does not check the rights of the event source mapping and of writing a log. They are as AWS
documents them.
"""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from pizza_oven.aws.baking_table import KEY
from pizza_oven.item import LEAVING_ITEMS, PILOT_LIGHT, ItemRelease
from pizza_oven.row import Lease
from serverless_pizza_oven.aws import local
from serverless_pizza_oven.deployment.deploying import deploy
from serverless_pizza_oven.local.emulator import running_emulator
from serverless_pizza_oven.local.oven import LocalOven
from serverless_pizza_oven.queue_client import count_messages
from tests.patience import eventually
from tests.ports import free_port
from tests.stack.clients import FOR_LONG_SECS, Client, pizza
from tests.stack.logs import log_lines
from tests.stack.roles import Permission, Role

Drill = Callable[[Client], Callable[[], bool]]
"""Uses the permission in an oven of one slot. Returns whether the result is as expected without it."""

NewSmallOven = Callable[[], LocalOven]


def _unproven() -> set[Permission]:
    """What Lambda asks for on the role's behalf
    (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html)."""
    polling = ("sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:GetQueueAttributes")
    logging = ("logs:CreateLogStream", "logs:PutLogEvents")
    return {
        *(Permission("BakeItems", "ReceiveNewItemsAndSendTriggers", action) for action in polling),
        *(Permission("BakeItems", "WriteTheLog", action) for action in logging),
        *(Permission("ItemRemoved", "WriteTheLog", action) for action in logging),
    }


RARE = {
    Permission("ItemRemoved", "UpdateTheRow", "dynamodb:GetItem"),
    Permission("ItemRemoved", "SendAndReceiveLeavingItems", "sqs:SendMessage"),
    Permission("ItemRemoved", "SendAndReceiveLeavingItems", "sqs:ReceiveMessage"),
    Permission("ItemRemoved", "SendAndReceiveLeavingItems", "sqs:DeleteMessage*"),
    Permission("ItemRemoved", "ServeTheLine", "sqs:ChangeMessageVisibility*"),
    Permission("ItemRemoved", "SendDeadLetters", "sqs:SendMessage*"),
    Permission("ItemRemoved", "DescribeAndStopExecutions", "states:DescribeExecution"),
    Permission("ItemRemoved", "DescribeAndStopExecutions", "states:StopExecution"),
    Permission("ItemRemoved", "TellOwnersOfHeldItems", "states:SendTaskSuccess"),
    Permission("ItemRemoved", "SendTriggers", "sqs:SendMessage"),
}
"""What Item Removed needs only after a fault: a retried task, a throttled write of the row, an item of the
line that cannot be started. tests/unit/test_item_removed.py brings these about; the emulator does not."""


@pytest.fixture(scope="module")
def new_small_oven() -> Iterator[NewSmallOven]:
    """Makes ovens of one slot in one account, each for one test. Their interiors are open to the test."""
    numbers = count(1)
    with running_emulator(free_port(), enforce_iam=True) as endpoint_url:
        aws = local(endpoint_url)

        def made() -> LocalOven:
            name = f"small-{next(numbers)}"
            parameters = {
                "BakingTableCapacityCount": "1",
                "QueueNamePrefix": name,
                "BakingTableName": name,
                "Interior": "UNLOCKED",
                "PilotLight": "DISABLED",
                "RefusePlainHttp": "false",
            }
            return LocalOven(aws, deploy(aws, name, parameters, lambda _line: None), endpoint_url)

        yield made


def _line_is_held(client: Client) -> Callable[[], bool]:
    """The line is locked while a slot is free: the function that finds it locked must retry."""
    _fill(client)
    client.send(pizza("next"))
    client.wait_until_waiting(1)
    in_hand = client.oven.aws.sqs.receive_message(
        QueueUrl=client.stack.waiting_items, VisibilityTimeout=FOR_LONG_SECS
    )
    assert in_hand["Messages"]
    client.stop_baking("hold", error="", cause="")
    return lambda: client.row().waiting == 1 and not client.row().leases


def _follows_a_stopped_item(client: Client) -> Callable[[], bool]:
    """Bake Items serves the next item after the event of the stopped execution."""
    _fill(client)
    client.send(pizza("next"))
    client.wait_until_waiting(1)
    client.stop_baking("hold", error="", cause="")
    return lambda: client.row().waiting == 1


def _leaves_the_line_after_a_stopped_item(client: Client) -> Callable[[], bool]:
    _follows_a_stopped_item(client)
    client.wait_until_baking("next")
    return lambda: count_messages(client.oven.aws, client.stack.waiting_items) == 1


def _is_left_to_bake_items(client: Client) -> Callable[[], bool]:
    """A message says that an item is out and still has its slots."""
    _fill(client)
    sqs, url = client.oven.aws.sqs, _leaving_items(client)
    sqs.send_message(QueueUrl=url, MessageBody='{"id": "hold", "size": 1}')
    client.trigger(LEAVING_ITEMS)
    return lambda: count_messages(client.oven.aws, url) == 1


def _leaving_items(client: Client) -> str:
    found = client.oven.aws.cloudformation.describe_stack_resource(
        StackName=client.stack.name, LogicalResourceId="LeavingItems"
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def _is_triggered(client: Client) -> Callable[[], bool]:
    client.trigger(PILOT_LIGHT)
    return lambda: not client.row().leases


def _is_served(client: Client) -> Callable[[], bool]:
    """Item Removed serves the line. Without the permission it leaves that to Bake Items."""
    _follow_one_that_comes_out(client)
    return lambda: True


def _joins(client: Client) -> Callable[[], bool]:
    _fill(client)
    client.send(pizza("next"))
    return lambda: count_messages(client.oven.aws, client.stack.waiting_items) == 0


def _is_put_back_in_line(client: Client) -> Callable[[], bool]:
    _fill(client)
    client.send(pizza("next"))
    client.wait_until_waiting(1)
    client.trigger()
    return lambda: (
        not client.oven.aws.sqs.receive_message(QueueUrl=client.stack.waiting_items).get("Messages")
    )


def _is_counted_too_long(client: Client) -> Callable[[], bool]:
    client.oven.aws.dynamodb.update_item(
        TableName=client.stack.table,
        Key=KEY,
        UpdateExpression="SET waiting = :one, joinedAt = :long_ago",
        ExpressionAttributeValues={":one": {"N": "1"}, ":long_ago": {"N": "1"}},
    )
    client.trigger(PILOT_LIGHT)
    return lambda: client.row().waiting == 1


def _is_malformed(client: Client) -> Callable[[], bool]:
    client.send_bodies(["no JSON at all"])
    return lambda: (
        count_messages(client.oven.aws, client.stack.dead_letters) == 0
        and count_messages(client.oven.aws, client.stack.new_items) == 1
    )


def _takes_a_slot(client: Client) -> Callable[[], bool]:
    client.send(pizza("new", secs=3600))
    return lambda: not client.row().leases and not client.bakings()


def _begins_to_bake(client: Client) -> Callable[[], bool]:
    client.send(pizza("new", secs=3600))
    return lambda: client.row().leases.keys() == {"new"} and not client.bakings()


def _is_long_overdue(client: Client) -> Callable[[], bool]:
    client.lease_by_hand("ghost", Lease(1, 1))
    client.trigger(PILOT_LIGHT)
    return lambda: client.row().leases.keys() == {"ghost"}


def _is_done(client: Client) -> Callable[[], bool]:
    """Without the permission to free slots, Item Removed leaves that to Bake Items."""
    client.send(pizza("done"))
    return lambda: True


def _is_handed_out(client: Client) -> Callable[[], bool]:
    client.send(pizza("done"))
    return lambda: count_messages(client.oven.aws, client.stack.baked_items) == 0


def _fill(client: Client) -> None:
    client.send(pizza("hold", secs=3600))
    client.wait_until_baking("hold")


def _follow_one_that_comes_out(client: Client) -> None:
    client.reserve(pizza("hold"))
    client.send(pizza("next"))
    client.wait_until_waiting(1)
    client.bake_reserved(pizza("hold"))


def _is_released(client: Client) -> Callable[[], bool]:
    """A release that cannot stop the execution leaves the slots taken."""
    _fill(client)
    client.send_bodies([ItemRelease("hold").body])
    return lambda: "hold" in client.row().leases


def _has_no_owner(client: Client) -> Callable[[], bool]:
    """No task waits with the token of a held item: once that is known, its slots are free."""
    held = {"id": "held", "bakingTimeSecs": FOR_LONG_SECS, "hold": True, "taskToken": "nobody's"}
    client.send(held)
    client.wait_until_baking("held")
    return lambda: "held" in client.row().leases


DRILLS: dict[Permission, Drill] = {
    Permission("BakeItems", "ReceiveNewItemsAndSendTriggers", "sqs:SendMessage"): _line_is_held,
    Permission("BakeItems", "UseTheLine", "sqs:SendMessage*"): _joins,
    Permission("BakeItems", "UseTheLine", "sqs:ReceiveMessage"): _follows_a_stopped_item,
    Permission("BakeItems", "UseTheLine", "sqs:DeleteMessage*"): _leaves_the_line_after_a_stopped_item,
    Permission("BakeItems", "UseTheLine", "sqs:ChangeMessageVisibility*"): _is_put_back_in_line,
    Permission("BakeItems", "UseTheLine", "sqs:GetQueueAttributes"): _is_counted_too_long,
    Permission("BakeItems", "ReceiveLeavingItems", "sqs:ReceiveMessage"): _is_left_to_bake_items,
    Permission("BakeItems", "ReceiveLeavingItems", "sqs:DeleteMessage*"): _is_left_to_bake_items,
    Permission("BakeItems", "UpdateTheRow", "dynamodb:GetItem"): _is_triggered,
    Permission("BakeItems", "SendDeadLetters", "sqs:SendMessage*"): _is_malformed,
    Permission("BakeItems", "UpdateTheRow", "dynamodb:UpdateItem"): _takes_a_slot,
    Permission("BakeItems", "StartExecutions", "states:StartExecution"): _begins_to_bake,
    Permission("BakeItems", "DescribeAndStopExecutions", "states:DescribeExecution"): _is_long_overdue,
    Permission("BakeItems", "DescribeAndStopExecutions", "states:StopExecution"): _is_released,
    Permission("BakeItems", "TellOwnersOfHeldItems", "states:SendTaskSuccess"): _has_no_owner,
    Permission("ItemRemoved", "UpdateTheRow", "dynamodb:UpdateItem"): _is_done,
    Permission("ItemRemoved", "SendBakedItems", "sqs:SendMessage"): _is_handed_out,
    Permission("ItemRemoved", "ServeTheLine", "sqs:ReceiveMessage"): _is_served,
    Permission("ItemRemoved", "ServeTheLine", "sqs:DeleteMessage*"): _is_served,
    Permission("ItemRemoved", "StartExecutions", "states:StartExecution"): _is_served,
}


def test_every_permission_of_the_functions_is_drilled_or_known_not_to_be_provable_here(
    new_small_oven: NewSmallOven,
) -> None:
    oven = new_small_oven()
    granted = Role(oven, "BakeItems").permissions() | Role(oven, "ItemRemoved").permissions()

    assert granted == DRILLS.keys() | _unproven() | RARE


@pytest.mark.parametrize("permission", DRILLS, ids=str)
def test_without_a_permission_something_fails(permission: Permission, new_small_oven: NewSmallOven) -> None:
    oven = new_small_oven()
    client = Client(oven)
    Role(oven, permission.function).take_away(permission)

    is_without = DRILLS[permission](client)

    eventually("the function is refused", lambda: _refusals(oven, permission))
    assert is_without(), f"it holds {client.row()}"


def test_what_was_sent_while_nothing_was_allowed_bakes_once_it_is(new_small_oven: NewSmallOven) -> None:
    oven = new_small_oven()
    oven.aws.sqs.set_queue_attributes(QueueUrl=oven.stack.new_items, Attributes={"VisibilityTimeout": "3"})
    client = Client(oven)
    roles = [Role(oven, "BakeItems"), Role(oven, "ItemRemoved")]
    client.reserve(pizza("before"))
    for role in roles:
        role.take_all_away()
    client.bake_reserved(pizza("before"))
    client.send(pizza("meanwhile"))
    eventually(
        "both functions are refused",
        lambda: all("AccessDenied" in "".join(log_lines(oven, f)) for f in ("BakeItems", "ItemRemoved")),
    )

    for role in roles:
        role.give_back()
    client.collect_until_quiet()

    assert client.baked_ids == ["before", "meanwhile"]
    assert client.dead == []


def _refusals(oven: LocalOven, permission: Permission) -> list[str]:
    """Lines of the function's log that say it may not do this."""
    action = permission.action.removesuffix("*")
    return [
        line for line in log_lines(oven, permission.function) if "AccessDenied" in line and action in line
    ]
