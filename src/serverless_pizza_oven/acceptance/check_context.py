"""The argument of every check: the oven under test, and the run."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from pizza_oven.aws.item_states import StepFunctionsItemStates
from pizza_oven.row import Row
from serverless_pizza_oven.acceptance.deployed_template import DeployedTemplate
from serverless_pizza_oven.acceptance.traffic import Traffic
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.inventory import read_row
from serverless_pizza_oven.deployment.progress import Sleep
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.operations.decision_log import POLL_SECS, LogEntry, read_entries
from serverless_pizza_oven.queue_client import count_messages

PATIENCE_SECS = 60
"""How long a step may take. On a healthy oven it takes a few seconds."""

STUCK_SECS = 15 * 60
"""How long the long checks keep an item at the head of the line."""

PAUSE_SECS = 0.5
"""The pause between two reads of what should change."""

CLOCKS_APART_SECS = 600
"""How far before the start of the run logs are searched: the clock of this machine may be ahead."""

Answer = TypeVar("Answer")


class CheckContext:
    """A deployed oven, and one run of the acceptance test."""

    def __init__(
        self,
        aws: Aws,
        stack: Stack,
        run: str,
        clock: Callable[[], float],
        sleep: Sleep,
        *,
        patience_secs: float = PATIENCE_SECS,
        stuck_secs: float = STUCK_SECS,
        template: DeployedTemplate | None = None,
    ) -> None:
        """`run` is the prefix of every id that is sent. It must be unique.

        `clock` returns seconds since the epoch. Without a `template`, CloudFormation is asked for it.
        """
        self.aws = aws
        self.stack = stack
        self.clock = clock
        self.sleep = sleep
        self.patience_secs = patience_secs
        self.stuck_secs = stuck_secs
        self.began_at = clock()
        self.traffic = Traffic(aws, stack, run)
        self._template = template
        self.metrics_asked = 0
        """How many values CloudWatch was asked for. It charges for each."""
        self._known: dict[Hashable, Any] = {}

    @property
    def run(self) -> str:
        return self.traffic.run

    @property
    def is_emulated(self) -> bool:
        """Whether an emulator answers, and not AWS."""
        return self.aws.endpoint_url is not None

    @property
    def template(self) -> DeployedTemplate:
        """The template of the stack. Raises AwsError."""
        if self._template is None:
            self._template = DeployedTemplate.of(self.aws, self.stack.name)
        return self._template

    def once(self, find_out: "Callable[[CheckContext], Answer]") -> Answer:
        """Call a function with this context the first time, and return the same answer, or raise the same
        error, each time: several checks judge the same observations.
        """
        if find_out not in self._known:
            try:
                self._known[find_out] = find_out(self)
            except Exception as error:
                self._known[find_out] = error
        known: Any = self._known[find_out]
        if isinstance(known, Exception):
            raise known
        return cast("Answer", known)

    def known(self, find_out: "Callable[[CheckContext], Answer]") -> Answer | None:
        """The answer of a function that `once` has called. None if it was not called, or has raised."""
        known = self._known.get(find_out)
        return None if isinstance(known, Exception) else known

    def until(
        self,
        condition: Callable[[], object],
        within_secs: float | None = None,
        pause_secs: float = PAUSE_SECS,
    ) -> bool:
        """Wait until a condition holds. Returns False if it does not in time, by default `patience_secs`."""
        give_up = self.clock() + (self.patience_secs if within_secs is None else within_secs)
        while not condition():
            if self.clock() >= give_up:
                return False
            self.sleep(pause_secs)
        return True

    def receive_baked_until(self, condition: Callable[[], object], within_secs: float | None = None) -> bool:
        """As `until`, and receive baked items meanwhile."""
        return self.until(lambda: condition() or (self.traffic.receive_baked() and condition()), within_secs)

    def receive_letters_until(
        self, condition: Callable[[], object], within_secs: float | None = None
    ) -> bool:
        """As `until`, and receive dead letters meanwhile."""
        return self.until(
            lambda: condition() or (self.traffic.receive_letters() and condition()), within_secs
        )

    def row(self) -> Row:
        """The row of the Baking Table. Raises AwsError."""
        return read_row(self.aws, self.stack)

    def depth(self, queue_url: str) -> int:
        """About how many messages a queue has: visible, in flight and delayed. Raises AwsError."""
        return count_messages(self.aws, queue_url)

    def until_decided(self, item_id: str, decision: str) -> bool:
        """Wait until a decision about an item of this run is in the logs. Raises AwsError."""
        since = self.began_at - CLOCKS_APART_SECS

        def entries() -> list[LogEntry]:
            return read_entries(self.aws, self.stack, since, item_id=item_id, decisions=(decision,))

        return self.until(entries, pause_secs=POLL_SECS)

    @property
    def see_logs(self) -> str:
        """The advice if the functions did not do what they should."""
        return f"see what the functions did: oven logs --stack {self.stack.name}"

    @property
    def item_states_arn(self) -> str:
        return self.stack.outputs["ItemStatesArn"]

    def execution_arn(self, item_id: str) -> str:
        """The ARN of the execution of an item, whether there is one or not."""
        return StepFunctionsItemStates(self.aws.stepfunctions, self.item_states_arn).execution_arn(item_id)
