"""The extras of the package: libraries that some commands need, and that are installed on request."""

from importlib.metadata import PackageNotFoundError, requires, version

from serverless_pizza_oven.errors import KitchenError

PACKAGE = "serverless-pizza-oven"


class MissingExtraError(KitchenError):
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
            raise _error(needed_by, f"the extra {extra}", extra) from None
        if not requirement.specifier.contains(installed, prereleases=True):
            needed = f"{requirement.name}{requirement.specifier}, and {installed} is installed"
            raise _error(needed_by, needed, extra)


def _error(needed_by: str, needed: str, extra: str) -> MissingExtraError:
    return MissingExtraError(f"{needed_by} needs {needed}: pip install '{PACKAGE}[{extra}]'")
