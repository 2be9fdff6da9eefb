"""The errors of the oven. PizzaOvenError is the root of every error of the project."""


class PizzaOvenError(Exception):
    """The root of every error of this project."""


class MalformedItemError(PizzaOvenError):
    """A message that can never be baked. The text is the reason that its sender reads in the dead-letter
    queue."""

    def __init__(self, rule: str, quoting: str = "") -> None:
        """The text is the `rule` that is broken, followed by what is quoted of the message."""
        super().__init__(rule + quoting)
        self.rule = rule
        """The part that may be logged: it quotes nothing of the message."""
        self.item_id: str | None = None
        """The id of the item, if the message has a valid one."""


class ServiceError(PizzaOvenError):
    """A request to AWS failed, retries included. Whether it took effect is unknown."""


class ThrottledError(ServiceError):
    """AWS refused a request because a quota was used up. To try again at once makes it worse."""


class HandedOutError(ServiceError):
    """An item is in Baked Items, but its slots are not free yet. The state machine knows this error by
    its name."""


class StillHeldError(PizzaOvenError):
    """The lease of a held item was extended. The state machine knows this error by its name, and reads the
    text."""

    def __init__(self, until: float, moment: str = "") -> None:
        """The text is the moment in which the lease ends, or `until`, in seconds since 1970."""
        super().__init__(moment or str(until))
        self.until = until


class RedrivenError(PizzaOvenError):
    """An operator had an execution redriven that ended before. The state machine knows this error by its
    name."""
