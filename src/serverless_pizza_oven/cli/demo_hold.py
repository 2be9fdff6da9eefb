"""`oven demo --hold`: shell commands take turns for the slots of an oven."""

import json
import os
import random
import secrets
import shlex
import sys
import time
from collections.abc import Sequence

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.demo.demo_oven import DemoOven
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.demo.ovens import OvenChoice, ShowPage
from serverless_pizza_oven.demo.turns import TurnsTaken, take_turns, work_of
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.text import counted, slots

DEFAULT_COMMANDS = 6
MOST_COMMANDS = 50
"""Each is a process."""

DEFAULT_CAPACITY = 2
"""The slots of an oven of the demo's own: so few that commands wait."""

RUN_OVEN = (sys.executable, "-c", "from serverless_pizza_oven.cli import main; main()")
"""The command `oven` of this very installation."""


def demo_hold(
    chosen: OvenChoice,
    show_page: ShowPage,
    options: Sequence[str],
    count: int,
    times: BakingTimes,
    seed: int | None,
    *,
    as_json: bool,
) -> str | None:
    """Have `oven hold` run commands at once. Returns why it failed, or None. Raises ToolError.

    The `options` name the account of the oven to each of them.
    """
    if not 1 <= count <= MOST_COMMANDS:
        raise UsageError(f"--n must be from 1 to {MOST_COMMANDS} commands with --hold, not {count}")
    exit_when_terminated()
    with chosen.opened(show_page, say) as oven:
        taken = _take_turns(oven, options, count, times, seed)
        if as_json:
            typer.echo(json.dumps({"ok": taken.reason is None, "reason": taken.reason, **taken.as_json()}))
        else:
            typer.echo(taken.as_text())
        sys.stdout.flush()
    return taken.reason


def _take_turns(
    oven: DemoOven, options: Sequence[str], count: int, times: BakingTimes, seed: int | None
) -> TurnsTaken:
    if oven.stack_name is None or oven.capacity is None:
        raise UsageError("--hold is for the oven of a stack: name it with --stack instead of its queues")
    token, drawn = secrets.token_hex(3), random.Random(seed)  # noqa: S311 - the times are no secret
    where = [
        "--stack",
        oven.stack_name,
        *(["--endpoint-url", oven.endpoint_url] if oven.endpoint_url else []),
    ]
    commands = [
        [*RUN_OVEN, "hold", *where, *options, "--id", f"demo-{token}-{number}", "--", *work_of(secs)]
        for number, secs in enumerate((drawn.randint(times.least, times.most) for _ in range(count)), 1)
    ]
    shown = shlex.join(["oven", "hold", *where, *options, "--", "sleep", str(times.least)])
    say(f"{counted(count, 'command')} of {times} for {slots(oven.capacity)}, each as by: {shown}")
    return take_turns(commands, os.environ, oven.capacity, time.monotonic, say)
