"""Where a SQLite state may lie: what its URL says, and the places that can't keep it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from runner.errors import StateRefused

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|lustre|gfs2|ocfs2|glusterfs|gpfs|beegfs|fuse(\.(?!fuse-overlayfs$).*)?)"
)
"""File systems that are shared or served by a program: their locks may lie, and what is synced may not be on a disk.

Not fuse-overlayfs, the root of containers that no root runs: it lies on this machine's own disk."""

BESIDE = frozenset({".key", ".lock"})


def names_server(url: str) -> bool:
    """Whether this URL names a database of a PostgreSQL server."""
    return url.startswith(("postgresql://", "postgresql+psycopg://"))


def find_hosts(url: str) -> tuple[str, ...]:
    """The hosts that a server's URL leads to; none where it leads to a socket of this machine, or to a file."""
    if not names_server(url):
        return ()
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return ()
    asked = parts.normalized_query
    named = [parts.host or "", *asked.get("host", ()), *asked.get("hostaddr", ())]
    hosts = [host for names in named for host in names.split(",")]
    # SQLAlchemy takes HOST:PORT there; an address of IPv6 has more colons than one.
    hosts = [host.partition(":")[0] if host.count(":") == 1 else host for host in hosts]
    return tuple(host for host in hosts if host and not host.startswith(("/", "@")))


def find_path(url: str, root: Path) -> Path:
    """The file that a `sqlite:///` URL names, relative to the project's root.

    Raises StateRefused where it names none; the URL is not repeated, since it may hold a password.
    """
    hint = "write sqlite:///PATH, relative to the project, or sqlite:////PATH from the file system's root"
    try:
        parts = make_url(url)
    except ArgumentError:
        raise StateRefused("`state` is no URL", hint=hint, code="state-url") from None
    if parts.drivername != "sqlite":
        message = f"a state can't be kept by `{parts.drivername}`"
        hint = "write sqlite:///PATH, or postgresql://USER@HOST/DATABASE"
        raise StateRefused(message, hint=hint, code="state-url")
    named = parts.database
    if not named or named.startswith((":", "file:")) or named.endswith("/") or "\0" in named or parts.query:
        raise StateRefused("`state` names no file", hint=hint, code="state-url")
    path = root / named
    if path.suffix in BESIDE:
        raise StateRefused("`state` names what lies beside a state", hint=hint, code="state-url")
    return Path(os.path.realpath(path.parent)) / path.name


def refuse_file(path: Path) -> None:
    """Raise StateRefused where the state's file could be two, or is none."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        hint = f"let `state` name {os.path.realpath(path)} itself"
        raise StateRefused(f"`{path}` is a link to a file, beside which no journal lies", hint=hint, code="state-link")
    if not stat.S_ISREG(found.st_mode):
        raise StateRefused(f"`{path}` is no file", hint="let `state` name a file", code="state-link")
    if found.st_nlink > 1:
        message = f"`{path}` has {found.st_nlink} names: by another one it would be written under other locks"
        raise StateRefused(message, hint="remove its other names (hard links)", code="state-link")
    if found.st_size == 0:
        hint = "put back a copy from before; if it never was a state, remove it"
        raise StateRefused(f"`{path}` is empty", hint=hint, code="state-damaged")


def refuse_read_only(path: Path) -> None:
    """Raise StateRefused where the state, or the folder in which its journal lies, can't be written."""
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            hint = "give this user the right to write the state's file and folder"
            raise StateRefused(f"`{place}` can't be written", hint=hint, code="state-read-only")


def refuse_network(path: Path) -> None:
    """Raise StateRefused where the state's folder lies on a file system whose locks and syncs can't be trusted.

    Only Linux tells (proc(5), mountinfo); elsewhere nothing is refused.
    """
    kind = find_file_system(path.parent, MOUNTS.read_text("utf-8", "surrogateescape") if MOUNTS.exists() else "")
    if NETWORK.fullmatch(kind):
        message = f"`{path}` lies on {kind}, a file system whose locks don't hold"
        hint = "let `state` name a file on a local disk"
        raise StateRefused(message, hint=hint, code="state-network")


def find_file_system(folder: Path, mounts: str) -> str:
    """The type of the file system on which an absolute folder lies, by mountinfo's text; empty where it isn't told."""
    kind, deepest = "", -1
    for line in mounts.splitlines():
        mount, _, rest = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not rest:
            continue
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        # Of two mounts on one point, the later one covers the other.
        if folder.is_relative_to(point) and len(point.parts) >= deepest:
            kind, deepest = rest.split(" ")[0], len(point.parts)
    return kind
