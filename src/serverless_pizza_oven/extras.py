"""The extras of the package: libraries that some commands need, and that are installed on request."""

from importlib.metadata import PackageNotFoundError, requires, version

from serverless_pizza_oven.errors import ToolError

PACKAGE = "serverless-pizza-oven"


class MissingExtraError(ToolError):
    """A command needs an extra that is not installed."""

    exit_code = 5


def require(extra: str, needed_by: str) -> None:
    """Check that the libraries of an extra are installed, in the versions that it asks for.

    `needed_by` is the command or the option that needs them. Raises MissingExtraError.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - few commands need an extra

    for requirement in map(Requirement, requires(PACKAGE) or ()):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}) or not marker.evaluate({"extra": extra}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            raise needs_extra(needed_by, extra) from None
        if not requirement.specifier.contains(installed, prereleases=True):
            raise needs_extra(
                needed_by, extra, f"{requirement.name}{requirement.specifier}, and {installed} is installed"
            )


def needs_extra(needed_by: str, extra: str, needed: str = "") -> MissingExtraError:
    """The error of a command or option that needs an extra. `needed` names the missing part, if not all is
    missing."""
    return MissingExtraError(
        f"{needed_by} needs {needed or f'the extra {extra}'}: pip install '{PACKAGE}[{extra}]'"
    )
