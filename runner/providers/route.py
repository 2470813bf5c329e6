"""Where a request goes: straight to the provider, or by the proxy that the account names."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from runner.hosts import check_host, is_loopback
from runner.model.secret import Secret
from runner.providers.failures import GivenUp
from runner.trust import trusted_authorities


@dataclass(frozen=True, slots=True)
class Route:
    """Where the request goes, and the host and port that are connected to: the proxy's where there is one."""

    url: httpx.URL
    proxy: httpx.Proxy | None
    host: str
    port: int


def find_route(url_text: str, proxy: Secret | None, allowed_hosts: frozenset[str] | None) -> Route:
    """The way to `url_text`. A proxy serves https alone: plain http is for this machine, and a proxy would see the key.

    Raises GivenUp for an address that can't be used, HostRefused for one that may not.
    """
    url = _parse_url(url_text, "base_url")
    check_host(url.host, allowed_hosts)
    if url.userinfo:
        raise GivenUp("`base_url` names a user, and the API takes none", final=True)
    if url.scheme == "http" and not is_loopback(url.host):
        raise GivenUp("`base_url` is plain http, which would show the key to everybody on the way", final=True)
    if proxy is None or url.scheme == "http":
        return Route(url, None, url.host, _port(url))
    through = _parse_url(proxy.open(), "proxy")
    check_host(through.host, allowed_hosts)
    tls = trusted_authorities() if through.scheme == "https" else None
    return Route(url, httpx.Proxy(through, ssl_context=tls), through.host, _port(through))


def _parse_url(text: str, key: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise GivenUp(f"`{key}` is no address", final=True) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise GivenUp(f"`{key}` is no http or https address", final=True)
    return url


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
