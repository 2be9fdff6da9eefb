"""Step Functions: how many tasks run at the same time."""

import functools
import threading
from typing import Any


def limit_parallel_tasks(step_functions: Any, limit: int) -> None:
    """Run at most `limit` tasks at the same time; the others wait for their turn.

    AWS has a thousand environments for them. Here each is a Python process, and a hundred that start at the
    same time only slow each other down.
    """
    call = step_functions._call_lambda
    turns = threading.Semaphore(limit)

    @functools.wraps(call)
    def in_turn(function: Any, event: Any) -> Any:
        with turns:
            return call(function, event)

    step_functions._call_lambda = in_turn
