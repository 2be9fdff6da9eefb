"""`oven demo`."""


def demo() -> None:
    """Send pizzas through an oven and watch them bake."""
