"""The pizzas: what is on the menu, and an order of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

MENU = (
    "Margherita",
    "Marinara",
    "Quattro Stagioni",
    "Quattro Formaggi",
    "Capricciosa",
    "Diavola",
    "Napoli",
    "Funghi",
    "Prosciutto",
    "Ortolana",
    "Boscaiola",
    "Bufala",
    "Tonno e Cipolla",
    "Salsiccia e Friarielli",
)


@dataclass(frozen=True, slots=True)
class BakingTimes:
    """The shortest and the longest baking time of an order, in seconds."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least} s" if self.least == self.most else f"{self.least}-{self.most} s"


@dataclass(frozen=True, slots=True)
class Pizza:
    """One pizza, not yet sent."""

    id: str
    name: str
    baking_time_secs: int

    def as_item(self, sent_at: float) -> str:
        """The message for New Items. `sent_at` is in seconds since the epoch."""
        return json.dumps(
            {
                "id": self.id,
                "bakingTimeSecs": self.baking_time_secs,
                "name": self.name,
                "sentAt": round(sent_at, 3),
            }
        )


def new_token(randomness: Random) -> str:
    """What marks the ids of one run: 10 characters that no other run will have.

    Needs a random source without a seed: an id bakes once in 90 days.
    """
    return f"{randomness.getrandbits(40):010x}"


def order(count: int, times: BakingTimes, token: str, chooser: Random) -> Sequence[Pizza]:
    """Choose `count` pizzas. The same chooser chooses the same names and times, whatever the token."""
    return [
        Pizza(
            id=f"pizza-{token}-{number}",
            name=chooser.choice(MENU),
            baking_time_secs=chooser.randint(times.least, times.most),
        )
        for number in range(1, count + 1)
    ]
