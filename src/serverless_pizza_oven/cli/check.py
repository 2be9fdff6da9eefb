"""`oven check`: tests a deployed oven from end to end."""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from serverless_pizza_oven.acceptance.check_context import CheckContext
from serverless_pizza_oven.acceptance.findings import CheckResult, Verdict
from serverless_pizza_oven.acceptance.measurements import latencies_document
from serverless_pizza_oven.acceptance.runner import CheckReport, groups, run
from serverless_pizza_oven.acceptance.scratch import scratch_oven
from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.cli.console import console
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.cli.signals import exit_when_terminated
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import ToolError, UsageError
from serverless_pizza_oven.text import counted, plain

FAILED = 1
"""The exit code if a check failed."""

_STYLES = {Verdict.OK: "green", Verdict.FAILED: "bold red", Verdict.NOT_SHOWN: "yellow"}
_NAME_WIDTH = 28


def check(
    target: Target,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="Create an oven for the check, and delete it afterwards.")
    ] = False,
    long: Annotated[
        bool,
        typer.Option("--long", help="Also check what takes 20 minutes: a stuck item, and an alarm."),
    ] = False,
    latencies: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what was measured to a file, for `oven simulate --latencies`.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, at the end.")] = False,
) -> None:
    """Test a deployed oven from end to end, in two minutes.

    Examples:

    - `oven check --stack spo`
    - `oven check --stack spo --latencies here.json`, then `oven simulate --latencies here.json`
    - `oven check --scratch --region eu-west-1`: leaves your own ovens alone

    It compares what is deployed with the stack's template, and sends some 20 items through the oven, for less
    than two cents. Afterwards it removes them. The oven must be idle, and nobody else may receive from Baked
    Items meanwhile. You need the policies operator.json and receiver.json of docs/policies; with --scratch, a
    deployer's, too.

    Each check prints `ok`, `FAILED` or `not shown`, what AWS answered, and what to do. Exits with 0 if no
    check failed; with 1 if one did, or if the oven is not idle.
    """
    if scratch and target.stack:
        raise UsageError("--scratch creates an oven of its own: leave out --stack")
    exit_when_terminated()
    name = f"check-{secrets.token_hex(4)}"
    with _oven(target, name, scratch=scratch) as (aws, oven):
        context = CheckContext(aws, oven, name, time.time, time.sleep)
        report = run(context, groups(with_long=long), _ignore if as_json else _show, say)
        measured = latencies_document(context, datetime.now(UTC).isoformat(timespec="seconds"))
    if latencies:
        _write(latencies, measured)
    if as_json:
        typer.echo(json.dumps({**_as_json(report, oven), "latencies": measured["latencies"]}))
    else:
        typer.echo(_summary(report))
    if report.count(Verdict.FAILED):
        raise typer.Exit(FAILED)


@contextlib.contextmanager
def _oven(target: Target, name: str, *, scratch: bool) -> Iterator[tuple[Aws, Stack]]:
    if not scratch:
        yield target.find()
        return
    aws = target.connect()
    with scratch_oven(aws, name, say, time.sleep) as made:
        yield aws, made


def _show(result: CheckResult) -> None:
    finding = result.finding
    line = Text.assemble(
        (f"{finding.verdict.value:<10}", _STYLES[finding.verdict]),
        f"{result.name:<{_NAME_WIDTH}}",
        plain(finding.seen),
    )
    if finding.advice:
        line.append(f"\n{'':<10}{'-> ' + plain(finding.advice)}")
    console().print(line, soft_wrap=True)


def _ignore(_result: CheckResult) -> None:
    """With --json, everything is printed at the end."""


def _summary(report: CheckReport) -> str:
    counts = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    return (
        f"{counts}. {counted(report.items, 'item')}, {report.secs:.0f} s, ${report.dollars:.4f} "
        "before the free tier."
    )


def _as_json(report: CheckReport, oven: Stack) -> dict[str, Any]:
    return {
        "stack": oven.name,
        "ok": not report.count(Verdict.FAILED),
        "counts": {
            "ok": report.count(Verdict.OK),
            "failed": report.count(Verdict.FAILED),
            "notShown": report.count(Verdict.NOT_SHOWN),
        },
        "seconds": round(report.secs, 1),
        "items": report.items,
        "dollars": round(report.dollars, 6),
        "checks": [
            {
                "group": result.group,
                "name": result.name,
                "verdict": result.finding.verdict.value,
                "seen": result.finding.seen,
                "advice": result.finding.advice or None,
            }
            for result in report.results
        ],
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}") from error
