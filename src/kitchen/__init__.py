"""Around the oven: the `oven` command, and all that it does. `from kitchen import Oven` is the client."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kitchen.operating.client import Oven

__all__ = ["Oven"]


def __getattr__(name: str) -> Any:
    """Bring the client, and the SDK with it, when it is asked for: the command's help can do without."""
    if name == "Oven":
        from kitchen.operating.client import Oven  # noqa: PLC0415 - see above

        return Oven
    raise AttributeError(f"module {__name__} has no attribute {name}")
