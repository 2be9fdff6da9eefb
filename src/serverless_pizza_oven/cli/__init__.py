"""The `oven` command. Results go to standard output, progress and errors to standard error."""

from serverless_pizza_oven.cli.main import main

__all__ = ["main"]
