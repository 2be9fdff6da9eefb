"""A network between the functions and the emulator that fails as AWS and networks do.

The proxy microburst injects the faults in AWS's wire format.
"""

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from serverless_pizza_oven.local.emulator import HOST
from tests.patience import PATIENCE_SECS, eventually
from tests.ports import free_port

ROOT = Path(__file__).parents[2]

THROTTLES: Mapping[str, tuple[str, ...]] = {
    "dynamodb": (
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
    ),
    "sqs": ("ThrottlingException", "RequestThrottled", "KMS.ThrottlingException", "TooManyRequestsException"),
    "stepfunctions": ("ThrottlingException", "RequestLimitExceeded", "KmsThrottlingException", "SlowDown"),
}
"""The errors by which each service may say that there were too many requests."""

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "InternalServerError": {"error": {"code": "InternalServerError", "status": 500}},
    "InternalFailure": {"error": {"code": "InternalFailure", "status": 500}},
    "ServiceUnavailable": {"error": {"code": "ServiceUnavailable", "status": 503}},
    "no answer for 504 ms, then 504": {"timeout_ms": 504},
    "reset before the request arrived": {"reset": True},
    # The request took effect.
    "answer lost": {"response": {"abort_bytes": 0}},
    "answer cut off": {"response": {"abort_frac": 0.5}},
    "answer truncated": {"response": {"truncate_frac": 0.5}},
    # The functions wait for an answer for 2 s.
    "answer slow": {"latency": {"min": 200, "max": 3000}},
}
"""The other faults, as microburst's rules (https://pypi.org/project/microburst/)."""


def faults_of(service: str) -> dict[str, Mapping[str, Any]]:
    """All kinds of faults that may strike a service, as rules for any service."""
    return {code: {"error": {"code": code}} for code in THROTTLES[service]} | dict(FAULTS)


@dataclass(frozen=True, slots=True)
class FaultyNetwork:
    """The emulator as it is seen through the network."""

    endpoint_url: str
    kinds: tuple[str, ...]
    """The kinds of faults, in the order of the proxy's rules."""

    def is_up(self) -> bool:
        """Whether requests pass."""
        try:
            return bool(self._ask("/_microburst/health"))
        except OSError:
            return False

    def requests(self) -> Counter[str]:
        """How many requests have come by, by service."""
        services = self._ask("/_microburst/stats")["by_service"]
        return Counter({found["service"]: found["requests"] for found in services})

    def faults(self) -> Counter[str]:
        """How many faults of each kind have struck."""
        found: Counter[str] = Counter()
        for rule in self._ask("/_microburst/stats")["by_rule"]:
            found[self.kinds[rule["id"] - 1]] += rule["fired"]
        return found

    def _ask(self, path: str) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint_url).netloc, timeout=PATIENCE_SECS)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.load(connection.getresponse())


@contextlib.contextmanager
def faulty_network(upstream: str, share: float, seed: int) -> Iterator[FaultyNetwork]:
    """Run a network in which faults strike this share of the requests to `upstream`.

    The chances are drawn from `seed`; which request comes when is up to the functions.
    """
    with _proxy(upstream, list(_rules(share)), seed) as network:
        yield network


@contextlib.contextmanager
def chosen_faults(upstream: str) -> Iterator[FaultyNetwork]:
    """Run a network in which each request is struck by the kind of fault that its user agent names."""
    rules = [
        (kind, {"service": service, "headers": {"User-Agent": user_agent(kind)}, **fault})
        for service in THROTTLES
        for kind, fault in faults_of(service).items()
    ]
    with _proxy(upstream, rules, seed=0) as network:
        yield network


def user_agent(kind: str) -> str:
    """The text in the user agent of a client that this kind of fault must strike."""
    return f"fault/{kind.replace(' ', '-').replace(',', '')}/"


@contextlib.contextmanager
def _proxy(upstream: str, kinds_and_rules: Sequence[tuple[str, Any]], seed: int) -> Iterator[FaultyNetwork]:
    kinds, rules = zip(*kinds_and_rules, strict=True)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="network-") as folder:
        config = Path(folder) / "config.json"
        # JSON is YAML, too.
        config.write_text(json.dumps({"rules": rules}))
        options = ["--host", HOST, "--port", str(port), "--upstream", upstream, "--config", str(config)]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.wire.proxy_process", str(seed), *options],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        try:
            network = FaultyNetwork(f"http://{HOST}:{port}", kinds)
            eventually("the network is up", network.is_up)
            yield network
        finally:
            process.terminate()
            process.wait(PATIENCE_SECS)


def _rules(share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each kind of fault with its rule. All kinds strike equally often."""
    for service in THROTTLES:
        faults = faults_of(service)
        each = share / len(faults)
        for n, (kind, fault) in enumerate(faults.items()):
            # The proxy draws for one rule after the other, until one strikes.
            yield kind, {"service": service, "probability": each / (1 - n * each), **fault}
