"""Why slots are not held, or not any more."""

from serverless_pizza_oven.errors import ToolError


class HoldError(ToolError):
    """The slots are not held."""


class NotHeldInTimeError(HoldError):
    """No slots within the time that was given. The item is cancelled."""


class HoldRefusedError(HoldError):
    """The item never gets slots: it was released or removed while it waited, or its id was used before."""


class LeaseLostError(HoldError):
    """The slots may be somebody else's: the lease was not extended in time, or was ended by somebody."""
