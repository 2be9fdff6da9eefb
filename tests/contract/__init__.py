"""Tests that hold for every implementation of the oven's ports: in memory, and on AWS."""
