"""Sessions of the AWS SDK. Those of the commands keep credentials of assumed roles as the AWS CLI does."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.session import Session
from botocore.utils import JSONFileCache

AWS_CLI_CACHE = Path(".aws", "cli", "cache")
"""Where the AWS CLI keeps credentials of assumed roles, in the user's home
(https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html#cli-configure-role-cache)."""

PROVIDERS = ("assume-role", "assume-role-with-web-identity")
"""Those whose credentials the AWS CLI keeps. `aws sso login` and `aws login` have caches of their own."""


def open_session(profile: str | None, region: str | None, cache: Path | None = None) -> Session:
    """Open a session with the credentials of a profile, or of the environment.

    Credentials of assumed roles are kept in `cache`, under the names that the AWS CLI gives them, until they
    expire. So a profile with `mfa_serial` asks for one code an hour, not for one with each command.

    Raises BotoCoreError where there is no such profile.
    """
    session = Session(profile=profile)
    # Else it would be missed later, by whatever reads the configuration first.
    session.get_scoped_config()
    if cache is not None:
        providers = session.get_component("credential_provider")
        for name in PROVIDERS:
            providers.get_provider(name).cache = _Cache(str(cache))
    if region:
        session.set_config_variable("region", region)
    return session


def given_session(key: str, secret: str, region: str) -> Session:
    """Open a session with these credentials, regardless of the user's."""
    session = Session()
    session.set_credentials(key, secret)
    session.set_config_variable("region", region)
    return session


class _Cache(JSONFileCache):
    """Files in a directory. Where none can be written, the credentials are used all the same."""

    def __setitem__(self, key: str, value: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            super().__setitem__(key, value)


def aws_cli_cache() -> Path:
    """The directory where the AWS CLI of this user keeps credentials of assumed roles."""
    return Path(os.path.expanduser("~")) / AWS_CLI_CACHE  # noqa: PTH111 - fails nowhere, even without a home
