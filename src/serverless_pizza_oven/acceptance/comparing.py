"""Compare what the template says with what AWS answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serverless_pizza_oven.acceptance.findings import Finding, failed, ok

MOST_TOLD = 3
"""The most differences that a finding names."""

MOST_CHARS = 60
"""The most characters of a value in a finding."""

UNDO = "undo the change by hand: CloudFormation does not see it, and oven deploy leaves it"
"""What to do about a resource that was changed without its stack."""

_KEYS = ("Sid", "Id", "Name")
"""The parts of a list are matched by one of these, since AWS may answer in another order."""


def compared(differences: Sequence[str], agreed: str, advice: str) -> Finding:
    """A finding: ok with the text `agreed` if there are no differences, or failed with the first ones."""
    if not differences:
        return ok(agreed)
    more = len(differences) - MOST_TOLD
    told = "; ".join(differences[:MOST_TOLD])
    return failed(f"{told}; and {more} more" if more > 0 else told, advice)


def differences(where: str, expected: Any, found: Any, *, exact: bool = False) -> Iterator[str]:
    """The differences between two values, as text.

    What AWS adds to its answer is no difference, unless the match must be `exact`, as for a policy. Numbers
    and booleans may be text, as in the attributes of a queue. A value may stand alone or in a list of one.
    """
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name, value in expected.items():
            yield from differences(
                f"{where}.{name}", _of_policy(name, value), _of_policy(name, found.get(name)), exact=exact
            )
        for name in found.keys() - expected.keys() if exact else ():
            yield f"{where}.{name} is {_told(found[name])}, and the template has none"
    elif isinstance(expected, list) or isinstance(found, list):
        yield from _differences_of_lists(where, _as_list(expected), _as_list(found), exact=exact)
    elif _canonical(expected) != _canonical(found):
        yield f"{where} is {_told(found)}, not {_told(expected)}"


def differences_of_json(where: str, expected: Any, text: str | None) -> Iterator[str]:
    """The differences between a value and a JSON document, which must match exactly."""
    if not text:
        yield f"{where} is not there"
        return
    yield from differences(where, expected, json.loads(text), exact=True)


def in_order(value: Any) -> str:
    """Text that is equal for equal values whose lists have the same order."""
    if isinstance(value, Mapping):
        return json.dumps({name: in_order(part) for name, part in value.items()}, sort_keys=True)
    if isinstance(value, list):
        return json.dumps([in_order(part) for part in value])
    return _canonical(value)


def _of_policy(name: str, value: Any) -> Any:
    """The value in one of the forms in which AWS may write a principal or an action.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if name == "Principal" and value == {"AWS": "*"}:
        return "*"
    if name == "Action":
        return [action.lower() for action in _as_list(value)]
    return value


def _differences_of_lists(
    where: str, expected: Sequence[Any], found: Sequence[Any], *, exact: bool
) -> Iterator[str]:
    key = _key_of([*expected, *found])
    if key is None:
        if sorted(map(_sorted, expected)) != sorted(map(_sorted, found)):
            yield f"{where} is {_told(found)}, not {_told(expected)}"
        return
    wanted = {part[key]: part for part in expected}
    there = {part[key]: part for part in found}
    for name, part in wanted.items():
        if name in there:
            yield from differences(f"{where}.{name}", part, there[name], exact=exact)
        else:
            yield f"{where}.{name} is not there"
    for name in there.keys() - wanted.keys():
        yield f"{where}.{name} is there, and not in the template"


def _key_of(parts: Sequence[Any]) -> str | None:
    for key in _KEYS:
        if parts and all(isinstance(part, Mapping) and key in part for part in parts):
            return key
    return None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _sorted(value: Any) -> str:
    """Text that is equal for equal values, in whatever order their lists are."""
    if isinstance(value, Mapping):
        return json.dumps({name: _sorted(part) for name, part in value.items()}, sort_keys=True)
    if isinstance(value, list):
        return json.dumps(sorted(map(_sorted, value)))
    return _canonical(value)


def _canonical(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _told(value: Any) -> str:
    if value is None or value == []:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 3]}..."
