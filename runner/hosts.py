"""May this host be connected to: the list of the environment, and what no list can allow."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata

from runner.errors import HostRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

VARIABLE = "CAMPAIGN_ALLOW_HOSTS"

_NAME = re.compile(r"[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?(\.[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?)*", re.ASCII)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse_allowed_hosts(text: str | None) -> frozenset[str] | None:
    """The hosts that CAMPAIGN_ALLOW_HOSTS names, a comma list; None, which allows all, where it is not set.

    A list that is set and empty allows nothing. Raises HostRefused for an item that can't be a host.
    """
    if text is None:
        return None
    return frozenset(_parse_item(item) for item in text.split(",") if item.strip())


def check_host(host: str, allowed: frozenset[str] | None) -> None:
    """Raise HostRefused where `host`, a name or an address, may not be connected to."""
    check_address(host)
    if allowed is not None and _spell(host) not in allowed:
        hint = f"{VARIABLE} names the hosts that may be connected to: {', '.join(sorted(allowed)) or 'none'}"
        raise HostRefused(f"`{host}` is not among the hosts that {VARIABLE} allows", hint=hint)


def check_address(address: str) -> None:
    """Raise HostRefused where `address` is link-local, in whatever spelling: cloud machines keep their keys there."""
    found = _find_address(address)
    if found is not None and any(one.is_link_local for one in _unwrap(found)):
        raise HostRefused(f"`{address}` is a link-local address, to which nothing ever connects")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself: `localhost`, or an address of the loopback in whatever spelling."""
    found = _find_address(host)
    return any(one.is_loopback for one in _unwrap(found)) if found is not None else _tidy(host) == "localhost"


def _parse_item(item: str) -> str:
    spelled = _spell(item)
    if _find_address(item) is None and not _NAME.fullmatch(spelled):
        hint = "write names or addresses alone, without scheme, port or path, separated by commas"
        raise HostRefused(f"`{item.strip()}` in {VARIABLE} is no host", hint=hint)
    return spelled


def _spell(host: str) -> str:
    """The one spelling of a host in which two are compared."""
    found = _find_address(host)
    if found is not None:
        return str(_unwrap(found)[-1])
    tidy = _tidy(host)
    try:
        return tidy if tidy.isascii() else tidy.encode("idna").decode("ascii")
    except UnicodeError:
        return tidy


def _tidy(host: str) -> str:
    composed = unicodedata.normalize("NFKC", host).replace("。", ".").strip().lower()
    return composed.removeprefix("[").removesuffix("]").removesuffix(".")


def _find_address(host: str) -> Address | None:
    """The address that the system's resolver would read in `host`, or None where it is a name.

    It also reads decimal, octal, hexadecimal and shortened IPv4 (`2852039166`, `0xA9FEA9FE`, `169.254.43518`).
    """
    tidy = _tidy(host)
    try:
        return ipaddress.ip_address(tidy.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(tidy)) if tidy else None
    except (OSError, ValueError):
        return None


def _unwrap(address: Address) -> tuple[Address, ...]:
    """The address, then the IPv4 address that it carries, where it is one of IPv6 that does."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    carried: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return (address, *(one for one in carried if one is not None))
