"""The addresses of a `url`: which may be asked, which may follow, and how messages call them."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

from runner.errors import SourceUnreadable
from runner.hosts import check_host, is_loopback


def label(url: str) -> str:
    """An address as messages call it: without what may be secret in it, be it a user or a parameter."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def check_url(url: str, allowed_hosts: frozenset[str] | None) -> None:
    """Raise SourceUnreadable or HostRefused where this address may not be asked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise no_address() from None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise no_address()
    check_host(host, allowed_hosts)
    if parts.scheme == "http" and not is_loopback(host):
        message = f"`{label(url)}` is plain http, which everybody on the way could read and change"
        raise SourceUnreadable(message, hint="write `https://`", code="insecure-address")


def join_next(url: str, following: str, name: str) -> str:
    """The address of the next page, of the same origin. Raises SourceUnreadable for any other."""
    try:
        joined = urljoin(url, following.strip()).partition("#")[0]
        origins = {_find_origin(url), _find_origin(joined)}
        has_user = urlsplit(joined).username is not None
    except ValueError:
        raise no_address() from None
    if len(origins) > 1 or has_user:
        message = f"{name} leads to a page of another origin: `{label(joined)}`"
        hint = "a next page has the same scheme, host and port; make a source of each"
        raise SourceUnreadable(message, hint=hint, code="url-failed")
    return joined


def no_address() -> SourceUnreadable:
    """The error that says so."""
    message, hint = (
        "`url` is no http or https address",
        "write the whole address, such as https://crm.example.fr/customers",
    )
    return SourceUnreadable(message, hint=hint, code="invalid-address")


def _find_origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
