"""How a connection is made: to which addresses, and what the kernel is told about it."""

from __future__ import annotations

import socket
import struct
import threading
from datetime import timedelta

from runner.hosts import check_address
from runner.providers.failures import GivenUp

LINGER_NONE = struct.pack("ii", 1, 0)
"""SO_LINGER with which a close, or the process's end, throws away what the kernel has not sent yet."""


def socket_options(timeout: timedelta) -> list[tuple[int, int, int] | tuple[int, int, bytes]]:
    """What a dead sender left in the kernel must not arrive later: it goes with the process, and after `timeout`."""
    options: list[tuple[int, int, int] | tuple[int, int, bytes]] = [(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)]
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(timeout.total_seconds() * 1000)))
    return options


def find_addresses(host: str, port: int, within_s: float) -> list[str]:
    """The addresses of `host`, of which there is at least one.

    Raises OSError or UnicodeError where the name is not known, GivenUp where that takes too long, and HostRefused where
    one of them is link-local.
    """
    try:
        # An address, however it is spelled, needs no look-up.
        found = _ask_system(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = _look_up(host, port, within_s)
    for address in found:
        check_address(address)
    return found


def _ask_system(host: str, port: int, flags: int = 0) -> list[str]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return sorted({str(entry[4][0]) for entry in entries})


def _look_up(host: str, port: int, within_s: float) -> list[str]:
    """The system's look-up knows no timeout, so it gets one."""
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            found.extend(_ask_system(host, port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, name="look-up", daemon=True)
    thread.start()
    thread.join(within_s)
    if failed:
        raise failed[0]
    if not found:
        raise GivenUp(f"the provider's name was not looked up within {within_s:.1f} s")
    return found
