"""The checks of `oven check`."""

import inspect

from pictures.reference.markdown import page, table
from serverless_pizza_oven.acceptance.runner import groups


def checks_page() -> str:
    rows = [
        [
            group.title,
            f"`{check.name}`",
            (inspect.getdoc(check.function) or "").partition("\n\n")[0].replace("\n", " "),
        ]
        for group in groups(with_long=True)
        for check in group.checks
    ]
    return page(
        "Checks",
        "What [`oven check`](../check.md) shows, in its order. The group `long` runs with `--long`.",
        table(["group", "check", "shows"], rows),
    )
