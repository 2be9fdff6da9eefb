"""The tools around the oven: the `oven` command, and a client, `from serverless_pizza_oven import Oven`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serverless_pizza_oven.operations.client import Oven

__all__ = ["Oven"]


def __getattr__(name: str) -> Any:
    """Import the client and the SDK on first use: the help of the commands does not need them."""
    if name == "Oven":
        from serverless_pizza_oven.operations.client import Oven  # noqa: PLC0415 - see above

        return Oven
    raise AttributeError(f"module {__name__} has no attribute {name}")
