"""The options of `oven simulate`, read into a request."""

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from pizza_oven.item import MAX_BAKING_TIME_SECS
from serverless_pizza_oven.deployment.names import DEFAULT_CAPACITY, MAX_CAPACITY
from serverless_pizza_oven.errors import UsageError
from serverless_pizza_oven.forecast.arrivals import DAY, Arrivals, read_arrivals
from serverless_pizza_oven.forecast.columns import read_columns
from serverless_pizza_oven.forecast.conditions import FaultLevel, RegionQuotas, change_faults, change_quotas
from serverless_pizza_oven.forecast.distribution import Distribution
from serverless_pizza_oven.forecast.file_workload import read_workload
from serverless_pizza_oven.forecast.holders import DEFAULT_LEASE_SECS, MIN_LEASE_SECS, MOST_ROUNDS
from serverless_pizza_oven.forecast.input_file import InputFiles
from serverless_pizza_oven.forecast.measured import read_latencies
from serverless_pizza_oven.forecast.profile import read_profile
from serverless_pizza_oven.forecast.request import ForecastRequest
from serverless_pizza_oven.forecast.sample_size import default_count, notes_on
from serverless_pizza_oven.forecast.workload import MAX_DAYS, DrawnWorkload, Workload, check_distributions
from serverless_pizza_oven.simulator.conditions import Setup
from serverless_pizza_oven.simulator.latencies import AWS
from serverless_pizza_oven.text import duration

MAX_ITEMS = 10_000_000


@dataclass(frozen=True, slots=True)
class ForecastOptions:
    """The options of `oven simulate` that say what is simulated, with their defaults and their help."""

    items: Annotated[
        int | None,
        typer.Option(
            "--items",
            min=1,
            max=MAX_ITEMS,
            metavar="N",
            help="How many items.",
            show_default="100 at once or steady, else whole days, or until the line settles; all of a file",
        ),
    ] = None
    arrivals: Annotated[
        str,
        typer.Option(
            "--arrivals",
            metavar="HOW",
            help="How they arrive: `at-once`, `steady:RATE`, `poisson:RATE`, `daily:RATE`, `hours:PROFILE`, "
            "a file, or `-`.",
        ),
    ] = "at-once"
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="FIELD=COLUMN,…",
            help="What a file calls its columns: `time=submit,start=begin,end=end,size=procs`.",
        ),
    ] = None
    bake: Annotated[
        str, typer.Option("--bake", metavar="SECS", help="Baking times: `20`, `5m-40m` or `15-30:9,60:1`.")
    ] = "15-30"
    size: Annotated[
        str, typer.Option("--size", metavar="SLOTS", help="Slots of each: `1`, `1-3` or `1:8,2:1,4:1`.")
    ] = "1"
    hold: Annotated[
        bool,
        typer.Option("--hold", help="The items are held, and released after --bake: work of unknown length."),
    ] = False
    lease: Annotated[
        str | None,
        typer.Option(
            "--lease",
            metavar="SECS",
            help="With --hold, the lease: `60`, `5m`. Extended at each third.",
            show_default=str(DEFAULT_LEASE_SECS),
        ),
    ] = None
    capacity: Annotated[
        int, typer.Option("--capacity", min=1, max=MAX_CAPACITY, metavar="N", help="The slots of the oven.")
    ] = DEFAULT_CAPACITY
    max_concurrency: Annotated[
        int,
        typer.Option(
            "--max-concurrency", min=2, max=1000, metavar="N", help="The stack's `MaximumConcurrency`."
        ),
    ] = 5
    no_pilot_light: Annotated[
        bool, typer.Option("--no-pilot-light", help="With the stack's `PilotLight` disabled.")
    ] = False
    region: Annotated[
        RegionQuotas,
        typer.Option(
            "--region-quotas",
            help="The quotas of us-east-1, us-west-2 and eu-west-1 (large), or of any other region.",
        ),
    ] = RegionQuotas.LARGE
    quotas: Annotated[
        list[str] | None,
        typer.Option(
            "--quota",
            metavar="NAME=N",
            help="Another quota: `starts=600`. `new-account`: the quotas of one. Repeatable.",
        ),
    ] = None
    faults: Annotated[
        FaultLevel, typer.Option("--faults", help="What goes wrong. `rough` is much worse than AWS.")
    ] = FaultLevel.NONE
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME=RATE",
            help="Another rate of a fault: `refused=0.02`. Repeatable.",
        ),
    ] = None
    latencies: Annotated[
        str | None,
        typer.Option(
            "--latencies",
            metavar="FILE",
            help="Latencies measured by `oven check --latencies FILE`, instead of those assumed.",
        ),
    ] = None
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, metavar="N", help="Draw other items, times and latencies."),
    ] = 0


def read_request(options: ForecastOptions, files: InputFiles | None = None) -> ForecastRequest:
    """Make a request from the options of `oven simulate`. Raises UsageError.

    Requests that read the same pipe share `files`.
    """
    setup = Setup(options.capacity, max_concurrency=options.max_concurrency)
    return ForecastRequest(
        _workload(options, files or InputFiles()),
        replace(setup, pilot_light_secs=None) if options.no_pilot_light else setup,
        change_quotas(RegionQuotas(options.region).quotas, options.quotas or ()),
        read_latencies(options.latencies) if options.latencies else AWS,
        faults=change_faults(FaultLevel(options.faults).faults, options.rates or ()),
        seed=options.seed,
        lease_secs=_lease_secs(options),
    )


def _lease_secs(options: ForecastOptions) -> int | None:
    if not options.hold:
        if options.lease is not None:
            raise UsageError("--lease is for items that are held: add --hold")
        return None
    if options.lease is None:
        return DEFAULT_LEASE_SECS
    lease = _distribution("--lease", options.lease, "60 or 5m, without ranges or", is_time=True)
    if lease.least != lease.most or not MIN_LEASE_SECS <= lease.least <= MAX_BAKING_TIME_SECS:
        raise UsageError(
            f"--lease takes one time from {MIN_LEASE_SECS} to {MAX_BAKING_TIME_SECS} seconds, "
            f"not {options.lease}"
        )
    return lease.least


def _workload(options: ForecastOptions, files: InputFiles) -> Workload:
    baking_secs = _distribution("--bake", options.bake, "20, 15-30, 5m-40m, or 15-30:9,60:1", is_time=True)
    slots = _distribution("--size", options.size, "20, 15-30, or 15-30:9,60:1")
    check_distributions(baking_secs, slots, options.capacity)
    try:
        arrivals = _arrivals(options.arrivals)
    except ValueError as error:
        raise UsageError(f"--arrivals {options.arrivals}: {error}") from None
    columns = read_columns(options.columns) if options.columns else {}
    if arrivals is not None:
        if columns:
            raise UsageError("--columns is for a file of arrivals: name it with --arrivals FILE")
        count = default_count(arrivals, baking_secs) if options.items is None else options.items
        notes = notes_on(count, arrivals, baking_secs, slots, options.capacity)
        notes += _notes_on_lease(_lease_secs(options), baking_secs)
        workload = DrawnWorkload(count, arrivals, baking_secs, slots, notes)
        _check_duration(options.arrivals, workload)
        return workload
    source = files.find(options.arrivals)
    if source is None:
        raise UsageError(
            "--arrivals takes at-once, steady:RATE, poisson:RATE, daily:RATE, hours:PROFILE, a file, or - "
            f"for standard input: there is no file {options.arrivals!r}"
        )
    return read_workload(source, options.capacity, options.items, baking_secs, slots, columns)


def _notes_on_lease(lease_secs: int | None, held_secs: Distribution) -> tuple[str, ...]:
    # The last extension is up to a third of the lease old when a round begins.
    longest = MOST_ROUNDS * (lease_secs or MAX_BAKING_TIME_SECS) * 2 // 3
    if held_secs.most <= longest:
        return ()
    note = (
        f"Too short a lease: an execution ends after about {MOST_ROUNDS:,} rounds, with this lease after "
        f"{duration(longest)}. Items are held for up to {duration(held_secs.most)}."
    )
    return (note,)


def _arrivals(text: str) -> Arrivals | None:
    kind, _, profile = text.partition(":")
    return read_profile(profile) if kind == "hours" else read_arrivals(text)


def _check_duration(arriving: str, workload: DrawnWorkload) -> None:
    days = (workload.count - 1) * workload.when.gap / DAY
    if days > MAX_DAYS:
        raise UsageError(
            f"--arrivals {arriving}: {workload.count} items take {int(days)} days to arrive, and a "
            f"simulation takes at most {MAX_DAYS}: fewer of them, with --items, or more in a day"
        )


def _distribution(option: str, text: str, examples: str, *, is_time: bool = False) -> Distribution:
    try:
        return Distribution.read(text, is_time=is_time)
    except ValueError as error:
        raise UsageError(f"{option} takes numbers such as {examples} with weights: {error}") from None
