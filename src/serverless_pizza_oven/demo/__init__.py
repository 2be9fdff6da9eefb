"""The demo: sends pizzas through an oven, counts those that come out, and shows the progress.

`choice` reads the options, and `ovens` has the ovens that they can mean. `menu` makes the pizzas. `run` sends
and counts them, through a `demo_oven` and a `shared_queue`, into a `tally`. `progress_bars` and
`progress_lines` show the progress, and `summary` the result.
"""
