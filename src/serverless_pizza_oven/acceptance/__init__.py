"""The acceptance test of a deployed oven, which `oven check` runs.

A check is a function from a `CheckContext` to a `Finding`: ok, FAILED or not shown, with what AWS answered
and what to do. The modules `configured_functions`, `configured_data`, `configured_watch`, `account`, `items`,
`line_order`, `ledger`, `held_items`, `refusals`, `pilot_light`, `measurements` and `long_checks` hold the
checks. `runner` runs them, and `cleaning` removes all that they sent.
"""
