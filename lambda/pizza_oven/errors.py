"""What can go wrong."""


class PizzaOvenError(Exception):
    """The root of every error of this project."""


class MalformedItemError(PizzaOvenError):
    """A message that can never be baked. The text is the reason that its sender reads in the dead letters."""

    def __init__(self, rule: str, quoting: str = "") -> None:
        """The text is the `rule` that is broken, and after it what is quoted of the message."""
        super().__init__(rule + quoting)
        self.rule = rule
        """What a log may know: not a word of the message."""
        self.item_id: str | None = None
        """Of the item, where it has a sound one."""


class ServiceError(PizzaOvenError):
    """An AWS request failed and its retries are used up; whether it took effect is unknown."""


class HandedOutError(ServiceError):
    """An item is out, but its slots are not free yet. The state machine knows this by its name."""
