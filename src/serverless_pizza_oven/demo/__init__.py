"""The demo: sends pizzas through an oven, counts them out again, and shows how they get on.

`menu` makes the pizzas and `choice` finds out which oven is meant; `sieve` and `oven` talk to it; `run`
sends and counts, into a `tally`; `drawing` and `lines` show the progress; `summary` tells the end.
"""
