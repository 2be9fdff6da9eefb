"""What emulators of AWS other than the local stack cannot do with the template."""

import json
import urllib.request
from collections.abc import Mapping

LOCAL_STACK_PATH = "/_oven/counts"
"""A path that the local stack answers, and no other emulator."""

LIMITS = {"Alarms": "DISABLED", "Interior": "UNLOCKED"}
"""What a new oven has in another emulator, unless chosen otherwise.

MiniStack 1.5.33 refuses alarms on metric math. With IAM enforced, it gives `aws:PrincipalArn` of a function
as the session of its role: with a locked interior the functions are refused, and nothing bakes.
"""

ANSWER_SECS = 5


def is_local_stack(endpoint_url: str) -> bool:
    """Whether an emulator is the local stack, which `oven local`, the demo and the tests start."""
    # Not through a proxy: an emulator is nearly always on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(endpoint_url.rstrip("/") + LOCAL_STACK_PATH, timeout=ANSWER_SECS) as answer:
            return "invocations" in json.load(answer)
    except (OSError, ValueError):
        # URLError and HTTPError are OSErrors.
        return False


def limits(parameters: Mapping[str, str]) -> dict[str, str]:
    """What a new oven in another emulator needs and `parameters` do not choose."""
    return {name: value for name, value in LIMITS.items() if name not in parameters}
