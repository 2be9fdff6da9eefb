"""Tasks of users' workflows in memory, which wait until their items have slots."""

from collections.abc import Callable


class MemoryTaskTokens:
    """Implements TaskTokens. A task waits for each token that it has not seen yet."""

    def __init__(self, on_told: Callable[[str, float], object] = lambda _item_id, _until: None) -> None:
        self.gone: set[str] = set()
        """Tokens of tasks that have ended."""
        self._on_told = on_told

    def succeed(self, token: str, item_id: str, until: float) -> bool:
        if token in self.gone:
            return False
        self.gone.add(token)
        self._on_told(item_id, until)
        return True
