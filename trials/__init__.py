"""Tries tools of others with an oven on this machine: `make trials`. They are too large for the tests."""
