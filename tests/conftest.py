"""What every test stands on: no way out of this machine, a clean environment, projects in folders of their own."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no defect; a failing example is to be repeated from what the log shows.
settings.register_profile("campaign", deadline=None, print_blob=True)
settings.load_profile("campaign")

FOREIGN = ("CAMPAIGN_",)
FOREIGN_NAMES = frozenset({"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "VOICEPARTNER_API_KEY", "STATE_URL"})

PROJECT = """\
version: 1
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
defaults:
  account: main
  notify: {email: ops@example.fr}
"""


class LeftTheMachine(BaseException):
    """A test tried to reach something else than loopback. No handler of ordinary exceptions hides it."""


def _is_loopback(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    # `.invalid` is reserved for names that nobody can have, so a test may look one up in vain.
    if not name or name == "localhost" or name.endswith(".invalid"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise LeftTheMachine(f"{event} to {address[0]}: tests reach loopback alone")
    elif event == "socket.getaddrinfo" and not _is_loopback(arguments[0]):
        raise LeftTheMachine(f"look-up of {arguments[0]}: tests reach loopback alone")


sys.addaudithook(_guard)


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Nothing of the developer's or CI's environment changes what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN) or name in FOREIGN_NAMES or name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """A function that writes files into a folder of their own and answers that folder.

    Without a `campaigns.yaml` among them, it is a project with one account, `main`, and its defaults.
    """

    def write(files: Mapping[str, str | bytes]) -> Path:
        root = tmp_path / "project"
        for name, content in {"campaigns.yaml": PROJECT, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (root / "campaigns").mkdir(exist_ok=True)
        return root

    return write
