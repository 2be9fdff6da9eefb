"""What can go wrong."""


class PizzaOvenError(Exception):
    """The root of every error of this project."""


class MalformedItemError(PizzaOvenError):
    """A message that can never be baked. The text is the reason that its sender reads in the dead letters."""


class ServiceError(PizzaOvenError):
    """An AWS request failed and its retries are used up; whether it took effect is unknown."""
