"""All randomness of a simulation: drawn from a seed, recorded, and replayed from a script."""

from collections.abc import Sequence
from random import Random


class RandomSource:
    """Draws from a seed. The same seed draws the same numbers on any machine."""

    def __init__(self, seed: int) -> None:
        # Only random(), of all methods of Random, promises that:
        # https://docs.python.org/3/library/random.html#notes-on-reproducibility
        self._random = Random(seed).random  # noqa: S311 - not used for secrets

    def below(self, count: int) -> int:
        """One of 0, 1, ... count - 1."""
        return int(self._random() * count)

    def chance(self, rate: float) -> bool:
        """True with a probability of `rate`."""
        return self._random() < rate


class RecordingSource(RandomSource):
    """Records what it draws."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.drawn: list[int] = []

    def below(self, count: int) -> int:
        drawn = int(self._random() * count)
        self.drawn.append(drawn)
        return drawn

    def chance(self, rate: float) -> bool:
        if rate <= 0:
            return False
        drawn = self._random() < rate
        self.drawn.append(drawn)
        return drawn


class ScriptedSource(RandomSource):
    """Draws the numbers of a script, and then only 0: the first option, and no fault."""

    def __init__(self, script: Sequence[int]) -> None:
        super().__init__(0)
        self._script = script
        self.drawn: list[int] = []

    def below(self, count: int) -> int:
        drawn = min(self._next(), count - 1)
        self.drawn.append(drawn)
        return drawn

    def chance(self, rate: float) -> bool:
        if rate <= 0:
            return False
        drawn = self._next() > 0
        self.drawn.append(drawn)
        return drawn

    def _next(self) -> int:
        return self._script[len(self.drawn)] if len(self.drawn) < len(self._script) else 0


def format_draws(draws: Sequence[int]) -> str:
    """Draws as text: numbers separated by commas, with 0x7 for seven zeros in a row."""
    words: list[str] = []
    zeros = 0
    for drawn in [*draws, 1]:
        if drawn:
            words += [f"0x{zeros}"] * (zeros > 0)
            words.append(str(int(drawn)))
        zeros = 0 if drawn else zeros + 1
    return ",".join(words[:-1])


def parse_draws(text: str) -> list[int]:
    """The draws of a text. Raises ValueError if a word is not a number."""
    draws: list[int] = []
    for word in filter(None, text.split(",")):
        zeros = word.removeprefix("0x")
        draws += [int(word)] if zeros == word else [0] * int(zeros)
    return draws
