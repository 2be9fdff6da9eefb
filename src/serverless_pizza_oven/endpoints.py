"""Endpoint URLs: whether a text is one, and whether it leads to this machine."""

import ipaddress
from urllib.parse import urlsplit

from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url


def is_url(text: str) -> bool:
    """Whether the SDK accepts the text as an endpoint URL."""
    try:
        parts = urlsplit(text)
        # The port is parsed, and may raise, when it is read.
        _ = parts.port
    except ValueError:
        return False
    is_host = is_valid_endpoint_url(text) or is_valid_ipv6_endpoint_url(text)
    return parts.scheme in ("http", "https") and bool(is_host)


def is_on_this_machine(endpoint_url: str | None) -> bool:
    """Whether the endpoint is on this machine: an emulator, and surely not AWS."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
