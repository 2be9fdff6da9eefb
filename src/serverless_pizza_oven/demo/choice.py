"""The options of the demo: finds the oven that they mean, and checks that they go together."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pizza_oven.item import MAX_BAKING_TIME_SECS
from serverless_pizza_oven.demo.menu import BakingTimes
from serverless_pizza_oven.demo.ovens import Account, Connect, EmbeddedOven, OvenChoice, QueuesOven, StackOven
from serverless_pizza_oven.deployment import names
from serverless_pizza_oven.errors import UsageError

MAX_PIZZAS = 100_000


@dataclass(frozen=True, slots=True)
class OvenNames:
    """The options that name an oven. An option that was not given is None."""

    stack: str | None = None
    new_items: str | None = None
    waiting_items: str | None = None
    baked_items: str | None = None
    """The URLs of its queues."""
    table: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None

    @property
    def queue_urls(self) -> dict[str, str]:
        """The URLs that were given, by their options."""
        urls = {"--in": self.new_items, "--waiting": self.waiting_items, "--out": self.baked_items}
        return {option: url for option, url in urls.items() if url}


def choose(
    given: OvenNames, capacity: int | None, connect: Connect, *, with_page: bool = False
) -> OvenChoice:
    """Find out which oven the options mean. Raises UsageError where they do not go together.

    Only the name of a stack, or the URLs of queues, can mean an oven on AWS.
    """
    urls = given.queue_urls
    if given.stack and urls:
        raise UsageError(f"--stack names an oven and so does {next(iter(urls))}: give one of them")
    if given.table and not urls:
        raise UsageError("--table goes with --in, --waiting and --out: a stack knows its own")
    if capacity is not None and given != OvenNames():
        raise UsageError("--capacity is for an oven that the demo makes on this machine: another has its own")
    if capacity is not None and not 1 <= capacity <= names.MAX_CAPACITY:
        raise UsageError(f"--capacity must be from 1 to {names.MAX_CAPACITY} slots, not {capacity}")
    if with_page and urls:
        raise UsageError("--view shows the oven of a stack: name it with --stack instead of its queues")
    if given.stack is not None:
        names.check_stack(given.stack)
        return StackOven(given.stack, _account(given, connect))
    if urls:
        return _queues_oven(given, connect)
    if given.endpoint_url:
        return StackOven(names.STACK_IN_AN_EMULATOR, _account(given, connect))
    if given.profile or given.region:
        option = "--profile" if given.profile else "--region"
        raise UsageError(
            f"{option} needs an oven: name it with --stack NAME, or its queues with --in and so on"
        )
    return EmbeddedOven(capacity)


def baking_times(text: str | None, default: BakingTimes) -> BakingTimes:
    """Read MIN-MAX, or one number, in whole seconds. Raises UsageError."""
    if text is None:
        return default
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", text)
    if not found:
        raise UsageError(f"--bake takes whole seconds, such as 15-30 or 20, not {text}")
    times = BakingTimes(int(found[1]), int(found[2] or found[1]))
    if times.least > times.most:
        raise UsageError(f"--bake {text}: the first number must not be above the second")
    if times.most > MAX_BAKING_TIME_SECS:
        raise UsageError(f"--bake {text}: an item bakes for at most {MAX_BAKING_TIME_SECS} seconds")
    return times


def check_count(count: int) -> None:
    """Raises UsageError where the demo cannot send so many pizzas."""
    if not 1 <= count <= MAX_PIZZAS:
        raise UsageError(f"--n must be from 1 to {MAX_PIZZAS} pizzas, not {count}")


def _account(given: OvenNames, connect: Connect) -> Account:
    """The account of the options; what they leave open, the URL of New Items tells."""
    url = given.new_items
    return Account(
        given.endpoint_url or (_endpoint_of(url) if url else None),
        given.profile,
        given.region or (_region_of(url) if url else None),
        connect,
    )


def _queues_oven(given: OvenNames, connect: Connect) -> QueuesOven:
    urls = given.queue_urls
    missing = [option for option in ("--in", "--waiting", "--out") if option not in urls]
    if missing:
        raise UsageError(f"an oven has three queues: {' and '.join(missing)} must be given, too")
    for option, url in urls.items():
        if not re.fullmatch(r"https?://[^/\s]+/\S+", url):
            raise UsageError(f"{option} takes the URL of a queue, not {url}")
    if len({_host(url) for url in urls.values()}) > 1:
        raise UsageError("--in, --waiting and --out must be queues of one AWS region, or of one emulator")
    return QueuesOven(urls["--in"], urls["--waiting"], urls["--out"], given.table, _account(given, connect))


def _region_of(url: str) -> str | None:
    """The AWS region that the URL of a queue names."""
    found = re.search(r"(?:^|\.)sqs\.([a-z0-9-]+)\.amazonaws\.com", _host(url))
    return found[1] if found else None


def _endpoint_of(url: str) -> str | None:
    """The emulator that the URL of a queue names, if it is not of AWS."""
    if re.search(r"\.amazonaws\.com(\.cn)?$", _host(url)):
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
