"""All chance there is in a simulation: drawn from a seed, written down, and played again."""

from collections.abc import Sequence
from random import Random


class RandomSource:
    """Draws from a seed. The same seed draws the same on any machine."""

    def __init__(self, seed: int) -> None:
        # Of all its methods only random() promises that:
        # https://docs.python.org/3/library/random.html#notes-on-reproducibility
        self._random = Random(seed).random  # noqa: S311 - no secret hangs on it

    def below(self, count: int) -> int:
        """One of 0, 1, ... count - 1."""
        return int(self._random() * count)

    def chance(self, rate: float) -> bool:
        """True with a probability of `rate`."""
        return self._random() < rate


class RecordingSource(RandomSource):
    """Writes down what it draws."""

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
    """Draws what it is told, and then nothing but 0: the first choice, and that nothing happens."""

    def __init__(self, told: Sequence[int]) -> None:
        super().__init__(0)
        self._told = told
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
        return self._told[len(self.drawn)] if len(self.drawn) < len(self._told) else 0


def written(draws: Sequence[int]) -> str:
    """Draws as text: numbers with commas between them, and 0x7 for seven zeros in a row."""
    words: list[str] = []
    zeros = 0
    for drawn in [*draws, 1]:
        if drawn:
            words += [f"0x{zeros}"] * (zeros > 0)
            words.append(str(int(drawn)))
        zeros = 0 if drawn else zeros + 1
    return ",".join(words[:-1])


def read(text: str) -> list[int]:
    """The draws of a text. Raises ValueError where it has none."""
    draws: list[int] = []
    for word in filter(None, text.split(",")):
        zeros = word.removeprefix("0x")
        draws += [int(word)] if zeros == word else [0] * int(zeros)
    return draws
