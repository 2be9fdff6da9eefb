"""Shrinks a failing schedule: removes and lowers its recorded draws as long as it still fails."""

from collections.abc import Callable, Iterator

Fails = Callable[[list[int]], list[int] | None]
"""Plays a script. Returns its draws if it fails as before, else None."""

ATTEMPTS = 1000


def shrink(drawn: list[int], fails: Fails, attempts: int = ATTEMPTS) -> list[int]:
    """Returns the shortest and lowest draws found within `attempts`. Missing draws count as 0."""
    best = _trimmed(drawn)
    left = attempts
    improved = True
    while improved and left > 0:
        improved = False
        for candidate in _candidates(best):
            if left <= 0:
                break
            left -= 1
            played = fails(candidate)
            if played is not None and _weight(_trimmed(candidate)) < _weight(best):
                best = _trimmed(candidate)
                improved = True
                break
    return best


def _candidates(draws: list[int]) -> Iterator[list[int]]:
    width = len(draws)
    while width:
        for start in range(0, len(draws), width):
            end = start + width
            yield draws[:start] + draws[end:]
            if any(draws[start:end]):
                yield draws[:start] + [0] * len(draws[start:end]) + draws[end:]
        width //= 2
    for place, drawn in enumerate(draws):
        for lower in (drawn // 2, drawn - 1):
            if 0 <= lower < drawn:
                yield [*draws[:place], lower, *draws[place + 1 :]]


def _trimmed(draws: list[int]) -> list[int]:
    end = len(draws)
    while end and not draws[end - 1]:
        end -= 1
    return [int(drawn) for drawn in draws[:end]]


def _weight(draws: list[int]) -> tuple[int, int, int]:
    return sum(drawn > 0 for drawn in draws), len(draws), sum(draws)
