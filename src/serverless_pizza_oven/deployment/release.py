"""A release of the oven: its template and its functions' package, which belong together."""

from dataclasses import dataclass
from pathlib import Path

from serverless_pizza_oven.deployment.package import StoredFile, build_package
from serverless_pizza_oven.deployment.template import CODE_URI, template_path


@dataclass(frozen=True, slots=True)
class Release:
    """What a stack is made of, or changed to."""

    template: str
    """As in the repository, where the functions' code lies beside it."""
    package: StoredFile

    @classmethod
    def present(cls) -> "Release":
        """The one installed here. Raises PackageError."""
        return cls(template_path().read_text(), build_package())

    @classmethod
    def of(cls, clone: Path) -> "Release":
        """The one in a clone of the repository, with the libraries that are installed here."""
        return cls((clone / "template.yml").read_text(), build_package(clone / "lambda" / "pizza_oven"))

    def packaged_template(self, code_uri: str) -> StoredFile:
        """The template with the functions' code at an S3 address, as `sam package` would leave it."""
        template = self.template.replace(CODE_URI, f"CodeUri: {code_uri}")
        return StoredFile(template.encode(), "yml")
