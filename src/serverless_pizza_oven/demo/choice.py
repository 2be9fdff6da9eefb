"""Which oven is meant, and for how long to bake: the options, and which of them go together."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pizza_oven.item import MAX_BAKING_TIME_SECS
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.errors import UsageError

MAX_PIZZAS = 100_000

ON_AWS = BakingTimes(15, 30)
LOCALLY = BakingTimes(2, 5)


@dataclass(frozen=True, slots=True)
class Embedded:
    """An oven of the demo's own, on this machine, for as long as it runs."""

    capacity: int | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """The oven of a stack."""

    stack: str


@dataclass(frozen=True, slots=True)
class Queues:
    """An oven of which the queues are known, and perhaps the table."""

    new_items: str
    waiting_items: str
    baked_items: str
    table: str | None

    @property
    def region(self) -> str | None:
        """The AWS region that the URLs name."""
        found = re.search(r"(?:^|\.)sqs\.([a-z0-9-]+)\.amazonaws\.com", _host(self.new_items))
        return found[1] if found else None

    @property
    def endpoint_url(self) -> str | None:
        """The emulator that the URLs name, if they are not of AWS."""
        if re.search(r"\.amazonaws\.com(\.cn)?$", _host(self.new_items)):
            return None
        parts = urlsplit(self.new_items)
        return f"{parts.scheme}://{parts.netloc}"


Choice = Embedded | Deployed | Queues


def choose(
    *,
    stack: str | None,
    new_items: str | None,
    waiting_items: str | None,
    baked_items: str | None,
    table: str | None,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
    capacity: int | None,
) -> Choice:
    """Find out which oven the options mean. Raises UsageError where they do not go together.

    Only a named stack or named queues can mean AWS.
    """
    urls = {"--in": new_items, "--waiting": waiting_items, "--out": baked_items}
    named = [option for option, url in urls.items() if url]
    if stack and named:
        raise UsageError(f"--stack names an oven and so does {named[0]}: give one of them")
    if table and not named:
        raise UsageError("--table goes with --in, --waiting and --out: a stack knows its own")
    if capacity is not None and (stack or named or endpoint_url or profile or region):
        raise UsageError("--capacity is for an oven that the demo makes on this machine: another has its own")
    if capacity is not None and not 1 <= capacity <= names.MAX_CAPACITY:
        raise UsageError(f"--capacity must be from 1 to {names.MAX_CAPACITY} slots, not {capacity}")
    if stack is not None:
        names.check_stack(stack)
        return Deployed(stack)
    if named:
        return _queues(urls, table)
    if (profile or region) and not endpoint_url:
        option = "--profile" if profile else "--region"
        raise UsageError(
            f"{option} needs an oven: name it with --stack NAME, or its queues with --in and so on"
        )
    return Deployed(names.STACK_IN_AN_EMULATOR) if endpoint_url else Embedded(capacity)


def baking_times(text: str | None, *, on_aws: bool) -> BakingTimes:
    """Read MIN-MAX, or one number, in whole seconds. Raises UsageError."""
    if text is None:
        return ON_AWS if on_aws else LOCALLY
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", text)
    if not found:
        raise UsageError(f"--bake takes whole seconds, such as 15-30 or 20, not {text}")
    times = BakingTimes(int(found[1]), int(found[2] or found[1]))
    if times.least > times.most:
        raise UsageError(f"--bake {text}: the first number must not be above the second")
    if times.most > MAX_BAKING_TIME_SECS:
        raise UsageError(f"--bake {text}: nothing bakes for more than {MAX_BAKING_TIME_SECS} seconds, a year")
    return times


def check_count(count: int) -> None:
    """Raises UsageError where nobody could send so many."""
    if not 1 <= count <= MAX_PIZZAS:
        raise UsageError(f"--n must be from 1 to {MAX_PIZZAS} pizzas, not {count}")


def _queues(urls: dict[str, str | None], table: str | None) -> Queues:
    missing = [option for option, url in urls.items() if not url]
    if missing:
        raise UsageError(f"an oven has three queues: {' and '.join(missing)} must be given, too")
    for option, url in urls.items():
        if not re.fullmatch(r"https?://[^/\s]+/\S+", url or ""):
            raise UsageError(f"{option} takes the URL of a queue, not {url}")
    if len({_host(url or "") for url in urls.values()}) > 1:
        raise UsageError("--in, --waiting and --out must be queues of one AWS region, or of one emulator")
    return Queues(urls["--in"] or "", urls["--waiting"] or "", urls["--out"] or "", table)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
