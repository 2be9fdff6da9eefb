"""`oven hold`: runs a command while it holds slots."""

import getpass
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from serverless_pizza_oven.cli.guarded_command import PASSED_ON, GuardedCommand
from serverless_pizza_oven.cli.messages import print_error, say
from serverless_pizza_oven.cli.options import Target, check_item_id
from serverless_pizza_oven.cli.undecodable import COMMAND
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.operations.client import Oven
from serverless_pizza_oven.operations.hold_errors import LeaseLostError, NotHeldInTimeError
from serverless_pizza_oven.operations.holding_client import item_id_by, new_claim
from serverless_pizza_oven.operations.slot_holding import MIN_LEASE_SECS
from serverless_pizza_oven.text import slots

NOT_IN_TIME = 75
"""EX_TEMPFAIL of sysexits.h: a later attempt may succeed."""

LEASE_LOST = 124
"""As timeout(1) says that it ended the command."""

NOT_EXECUTABLE = 126
NOT_FOUND = 127
"""As in shells (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html)."""

MOST_GRACE_SECS = 10.0
GRACE_OF_LEASE = 1 / 12
"""The time between SIGTERM and SIGKILL, and from SIGTERM to when the lease may end."""


def hold(
    target: Target,
    command: Annotated[
        list[str], typer.Argument(metavar=COMMAND, help="What to run, after `--`, with its arguments.")
    ],
    item_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The item's id.", show_default="a new one")
    ] = None,
    size: Annotated[int, typer.Option(min=1, metavar="N", help="The slots to hold.")] = 1,
    lease: Annotated[
        int,
        typer.Option(
            min=MIN_LEASE_SECS,
            metavar="SECS",
            help="How long the slots stay taken if this process is killed.",
        ),
    ] = 60,
    wait: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECS", help="How long to wait for slots.", show_default="for ever"),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Fail unless slots are free now.")] = False,
    at_most: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECS", help="End the command after this time.", show_default="never"),
    ] = None,
    conflict_exit_code: Annotated[
        int,
        typer.Option(
            "--conflict-exit-code", "-E", min=0, max=255, metavar="N", help="The code for no slots in time."
        ),
    ] = NOT_IN_TIME,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Hold slots while a command runs.

    Examples:

    - `oven hold --stack spo -- ./deploy.sh production`: wait for a slot, run, release
    - `oven hold --stack spo --size 2 --wait 600 -- make import`: two slots, within ten minutes
    - `oven hold --stack spo --no-wait -E 0 -- ./cleanup.sh`: run it only if a slot is free now
    - `oven hold --stack spo --at-most 3600 -- ./report.sh`: end it after an hour

    Exits with the code of the command, or with 128 and the number of the signal that ended it. Its own codes:
    75 (or -E) no slots in time, 124 the lease was lost or --at-most is over, 126 the command cannot be run,
    127 it is not found, 1 the item was released or removed while it waited or its id was used before; and 2,
    3, 4 as all commands, before the command starts.

    The lease is extended at each third of it. If no extension gets through, the command gets SIGTERM and
    then SIGKILL before the lease ends. So it does when --at-most is over, and when somebody has released or
    removed the item, which is seen within a third of the lease. Between the two signals is a twelfth of the
    lease, at most 10 s. A network that is away for half of a lease of 60 s or more does no harm.

    The command runs in a process group of its own and gets the signals INT, TERM, HUP, QUIT, USR1 and USR2
    that this process gets. Its environment has OVEN_HOLD_ID, for oven release and oven extend. If this
    process is killed, the command is ended likewise, and its slots are free when the lease ends. A process
    that leaves the group, as by setsid, is not ended.
    """
    if wait is not None and no_wait:
        raise UsageError("--wait and --no-wait do not go together")
    if item_id is not None:
        check_item_id(item_id)
    if shutil.which(command[0]) is None:
        print_error(f"{command[0]} is no command that can be run; nothing was sent")
        is_path = os.sep in command[0] and Path(command[0]).exists()
        raise typer.Exit(NOT_EXECUTABLE if is_path else NOT_FOUND)
    claim = new_claim()
    item_id = item_id_by(claim) if item_id is None else item_id
    grace = min(MOST_GRACE_SECS, lease * GRACE_OF_LEASE)
    guarded = GuardedCommand(command, grace, {**os.environ, "OVEN_HOLD_ID": item_id})
    _pass_signals_to(guarded)
    aws, stack = target.find()
    oven = Oven(aws, stack, new_claim=lambda: claim)
    tell = _silent if quiet else say
    if not no_wait:
        tell(f"{item_id} waits for {slots(size)} of {stack.name}.")
    holding = oven.hold(
        item_id,
        size,
        lease,
        0 if no_wait else wait,
        at_most,
        holder=_holder(),
        on_lost=lambda _held: guarded.end(),
        warn_secs=grace,
    )
    try:
        with holding:
            tell(f"{item_id} holds {slots(size)} of {stack.name}.")
            code = guarded.run()
    except OSError as error:
        print_error(f"{command[0]}: {error.strerror}")
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    except NotHeldInTimeError as error:
        print_error(str(error))
        raise typer.Exit(conflict_exit_code) from error
    except LeaseLostError as error:
        print_error(str(error))
        raise typer.Exit(LEASE_LOST) from error
    raise typer.Exit(code)


def _silent(_line: str) -> None:
    """Say nothing."""


def _holder() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a user without a name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _pass_signals_to(command: GuardedCommand) -> None:
    """Pass signals on while the command runs. Before, they end the waiting, which cancels the item."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if command.pass_on(number) or command.has_ended:
            # After the command, the release takes only a moment.
            return
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    for number in PASSED_ON:
        # What a parent ignores, as nohup does, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)
