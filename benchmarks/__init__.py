"""Measurements of the oven on this machine. Run all of them with `make bench`."""
