"""Around the oven: the `oven` command, and all that it does."""
