"""Paths into the data of an execution: fails executions whose paths lead to nothing, as AWS does."""

import functools
import json
from collections.abc import Sequence
from typing import Any


def refuse_missing_values(step_functions: Any) -> None:
    """Fail an execution whose parameters select a value that is not there. MiniStack gives null.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    resolve, evaluate = step_functions._resolve_params_obj, step_functions._eval_intrinsic_arg

    def check(path: str, value: Any, context: Any) -> None:
        local, found = (path[1:], context or {}) if path.startswith("$$.") else (path, value)
        if _is_missing(step_functions._parse_jsonpath_tokens(local) or (), found):
            raise step_functions._ExecutionError(
                "States.Runtime", f"The JSONPath {path} could not be found in {json.dumps(value)}"
            )

    @functools.wraps(resolve)
    def resolved(template: Any, value: Any, context: Any = None) -> Any:
        if isinstance(template, dict):
            for key, path in template.items():
                if key.endswith(".$") and isinstance(path, str) and path.startswith("$"):
                    check(path, value, context)
        return resolve(template, value, context)

    @functools.wraps(evaluate)
    def evaluated(argument: Any, value: Any, context: Any) -> Any:
        if argument[0] == "path":
            check(argument[1], value, context)
        return evaluate(argument, value, context)

    step_functions._resolve_params_obj = resolved
    step_functions._eval_intrinsic_arg = evaluated


def _is_missing(tokens: Sequence[tuple[str, Any]], found: Any) -> bool:
    for kind, name in tokens:
        if kind != "field":
            return False
        if not isinstance(found, dict) or name not in found:
            return True
        found = found[name]
    return False


def refuse_failing_intrinsics(step_functions: Any) -> None:
    """Name the failure of an intrinsic function as AWS does, for example `States.StringToJson` of invalid
    JSON."""
    evaluate = step_functions._evaluate_intrinsic

    @functools.wraps(evaluate)
    def evaluated(expression: str, value: Any, context: Any) -> Any:
        try:
            return evaluate(expression, value, context)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            message = f"{expression}: {error}"
            raise step_functions._ExecutionError("States.IntrinsicFailure", message) from error

    step_functions._evaluate_intrinsic = evaluated


def refuse_unusable_waits(step_functions: Any) -> None:
    """Fail an execution whose Wait selects no usable time. MiniStack does not wait then.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    """
    wait = step_functions._execute_wait

    @functools.wraps(wait)
    def waited(state: dict[str, Any], value: Any, context: Any = None) -> Any:
        given = step_functions._apply_input_path(state, value, context)
        for field in ("SecondsPath", "TimestampPath"):
            if field not in state:
                continue
            time = step_functions._resolve_path_or_ctx(state[field], given, context)
            usable = (
                type(time) is int and time >= 0
                if field == "SecondsPath"
                else isinstance(time, str) and "T" in time and step_functions._parse_ts(time)
            )
            if not usable:
                raise step_functions._ExecutionError(
                    "States.Runtime", f"The {field} {state[field]} is no time to wait: {json.dumps(time)}"
                )
        return wait(state, value, context)

    step_functions._execute_wait = waited
