"""What every check is given."""

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
"""How long a step may take that takes a few seconds on a healthy oven."""

STUCK_SECS = 15 * 60
"""How long the head of the line is kept waiting by the long checks."""

PAUSE_SECS = 0.5
"""Between two looks at what should change."""

CLOCKS_APART_SECS = 600
"""How far back logs are searched from the begin of the run: the clock of this machine may be ahead."""

Answer = TypeVar("Answer")


class CheckContext:
    """A deployed oven under test, and the run that tests it."""

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
        """The `run` begins the ids of all that is sent: no other run may have it.

        The `clock` tells seconds since the epoch. Without a `template`, CloudFormation is asked for it.
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
        """Values that CloudWatch was asked for, and charges for."""
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
        """The answer of a function of this context, which is called the first time only.

        Some checks look at different sides of the same thing. What it raises, it raises each time.
        """
        if find_out not in self._known:
            try:
                self._known[find_out] = find_out(self)
            except Exception as error:
                self._known[find_out] = error
        known = self._known[find_out]
        if isinstance(known, Exception):
            raise known
        return cast("Answer", known)

    def until(
        self,
        is_so: Callable[[], object],
        within_secs: float | None = None,
        pause_secs: float = PAUSE_SECS,
    ) -> bool:
        """Wait until it is so. Returns whether it came to that in time: by default, `patience_secs`."""
        give_up = self.clock() + (self.patience_secs if within_secs is None else within_secs)
        while not is_so():
            if self.clock() >= give_up:
                return False
            self.sleep(pause_secs)
        return True

    def receive_baked_until(self, is_so: Callable[[], object], within_secs: float | None = None) -> bool:
        """As `until`, while what comes out is received."""
        return self.until(lambda: is_so() or (self.traffic.receive_baked() and is_so()), within_secs)

    def receive_letters_until(self, is_so: Callable[[], object], within_secs: float | None = None) -> bool:
        """As `until`, while dead letters are received."""
        return self.until(lambda: is_so() or (self.traffic.receive_letters() and is_so()), within_secs)

    def row(self) -> Row:
        """The row of the Baking Table. Raises AwsError."""
        return read_row(self.aws, self.stack)

    def depth(self, queue_url: str) -> int:
        """About how many messages a queue holds, in hand or not. Raises AwsError."""
        return count_messages(self.aws, queue_url)

    def until_decided(self, item_id: str, decision: str) -> bool:
        """Wait until the logs tell of a decision about an item of this run. Raises AwsError."""
        since = self.began_at - CLOCKS_APART_SECS

        def entries() -> list[LogEntry]:
            return read_entries(self.aws, self.stack, since, item_id=item_id, decisions=(decision,))

        return self.until(entries, pause_secs=POLL_SECS)

    @property
    def see_logs(self) -> str:
        """What to do where the functions did not do as they should."""
        return f"see what the functions did: oven logs --stack {self.stack.name}"

    @property
    def item_states_arn(self) -> str:
        return self.stack.outputs["ItemStatesArn"]

    def execution_arn(self, item_id: str) -> str:
        """Of the execution of an item, whether there is one or not."""
        return StepFunctionsItemStates(self.aws.stepfunctions, self.item_states_arn).execution_arn(item_id)
