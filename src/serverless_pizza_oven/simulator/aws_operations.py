"""The requests that the oven makes to AWS, each with its latency, its quota and its count."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from serverless_pizza_oven.simulator.latencies import Latencies, Latency
from serverless_pizza_oven.simulator.loop import Loop
from serverless_pizza_oven.simulator.memory_table import MemoryBakingTable
from serverless_pizza_oven.simulator.quotas import Quotas, TokenBucket


def one_unit() -> int:
    """The units of a request that is counted by itself, whatever its size."""
    return 1


@dataclass(slots=True)
class Operation:
    """One operation of AWS's API, as the oven uses it on one resource."""

    name: str
    latency: Latency
    quota: TokenBucket | None = None
    requests: int = 0
    batch: bool = False
    """Whether its first argument is a list of entries, each of which may fail."""
    units_now: Callable[[], int] = one_unit
    """The units that a request made now takes from its quota."""
    units: int = 0
    """Units that were consumed and are paid for. A throttled request consumes none."""
    attempts: int = 3
    """How often the SDK sends a request, as the oven's clients are configured."""


@dataclass(slots=True)
class Operations:
    """Every operation that the oven uses."""

    get_item: Operation
    update_item: Operation
    update_item_once: Operation
    """Writes of Item Removed, which leaves a refused write to Bake Items."""
    send_to_line: Operation
    receive_from_line: Operation
    delete_from_line: Operation
    put_back_in_line: Operation
    count_line: Operation
    send_trigger: Operation
    receive_new: Operation
    delete_new: Operation
    send_baked: Operation
    send_dead: Operation
    send_leaving: Operation
    receive_leaving: Operation
    delete_leaving: Operation
    start_execution: Operation
    describe_execution: Operation
    stop_execution: Operation
    send_task_success: Operation

    @classmethod
    def of(cls, loop: Loop, latencies: Latencies, quotas: Quotas, table: MemoryBakingTable) -> "Operations":
        """The operations under these quotas.

        A request about the row takes units by the row's size: a write unit for each KB, a read unit for each
        4 KB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
        """

        def line(name: str, latency: Latency, *, batch: bool = False) -> Operation:
            bucket = TokenBucket(loop, f"{name} on the line", quotas.line_requests, quotas.line_requests)
            return Operation(f"sqs.{name}", latency, bucket, batch=batch)

        def states(name: str, latency: Latency, rate: int, burst: int) -> Operation:
            return Operation(f"states.{name}", latency, TokenBucket(loop, name, rate, burst))

        reads = TokenBucket(loop, "read units of the row", quotas.row_reads, quotas.row_reads)
        writes = TokenBucket(loop, "write units of the row", quotas.row_writes, quotas.row_writes)
        send, receive = latencies.send, latencies.receive
        return cls(
            get_item=Operation(
                "dynamodb.GetItem", latencies.read_row, reads, units_now=lambda: -(-table.write_units // 4)
            ),
            update_item=Operation(
                "dynamodb.UpdateItem", latencies.write_row, writes, units_now=lambda: table.write_units
            ),
            update_item_once=Operation(
                "dynamodb.UpdateItem",
                latencies.write_row,
                writes,
                units_now=lambda: table.write_units,
                attempts=1,
            ),
            send_to_line=line("SendMessageBatch", send, batch=True),
            receive_from_line=line("ReceiveMessage", receive),
            delete_from_line=line("DeleteMessageBatch", send, batch=True),
            put_back_in_line=line("ChangeMessageVisibilityBatch", send),
            count_line=line("GetQueueAttributes", receive),
            send_trigger=Operation("sqs.SendMessage", send),
            receive_new=Operation("sqs.ReceiveMessage", receive),
            delete_new=Operation("sqs.DeleteMessageBatch", send, batch=True),
            send_baked=Operation("sqs.SendMessage", send),
            send_dead=Operation("sqs.SendMessageBatch", send, batch=True),
            send_leaving=Operation("sqs.SendMessage", send),
            receive_leaving=Operation("sqs.ReceiveMessage", receive),
            delete_leaving=Operation("sqs.DeleteMessageBatch", send, batch=True),
            start_execution=states(
                "StartExecution", latencies.start_execution, quotas.starts, quotas.starts_burst
            ),
            describe_execution=states(
                "DescribeExecution", latencies.describe_execution, quotas.describes, quotas.describes_burst
            ),
            # Assumed to take as long as StartExecution. Their quotas are as large or larger:
            # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
            stop_execution=states(
                "StopExecution", latencies.start_execution, quotas.starts, quotas.starts_burst
            ),
            send_task_success=replace(
                states("SendTaskSuccess", latencies.start_execution, quotas.starts, quotas.starts_burst),
                attempts=1,
            ),
        )
