"""The folder in which a SQLite state, its key and its locks lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor

from runner.errors import StateUnavailable
from runner.model.clock import SystemClock

OWN_FOLDER = ".campaign"
LOCKS = Path("/proc/locks")
PATIENCE_S = 30.0
POLL_S = 0.05


def is_there(path: Path) -> bool:
    """Whether something has this name, be it a link to nothing. Raises OSError where that can't be told.

    `exists` of Python takes a folder that this user may not enter for one in which nothing is.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def make_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, where it is missing; the project's own one is kept out of git.

    What was made is on the disk when this returns: a power cut may not take a folder whose files were synced.
    """
    missing = [path for path in (folder, *folder.parents) if not is_there(path)]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)
    ignore = folder / ".gitignore"
    if folder.name == OWN_FOLDER and not is_there(ignore):
        ignore.write_text("*\n", encoding="ascii")


def sync_folder(folder: Path) -> None:
    """Put on the disk which files the folder holds, where the system can (POSIX)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, which is made where it is missing and never removed. The caller closes it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


@contextmanager
def hold_making(path: Path) -> Iterator[None]:
    """Let no other process make the state at `path` as long as the block lasts.

    Raises StateUnavailable, and says who makes it, where another process takes longer for that than half a minute.
    """
    descriptor, clock = open_lock(path.with_suffix(".lock")), SystemClock()
    give_up_s = clock.read().boottime_s + PATIENCE_S
    try:
        while not lock_descriptor(descriptor, blocking=False):
            if clock.read().boottime_s >= give_up_s:
                message = f"{_describe_maker(descriptor)} has been making or upgrading `{path}` for {PATIENCE_S:g} s"
                raise StateUnavailable(message, hint="if it was stopped, wake or end it; then run again")
            clock.wait(POLL_S)
        yield
    finally:
        os.close(descriptor)


def _describe_maker(descriptor: int) -> str:
    """The process that holds the lock, where the system tells (proc(5), /proc/locks)."""
    found = os.fstat(descriptor)
    file = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    try:
        locks = [line.split() for line in LOCKS.read_text("ascii").splitlines()]
    except OSError:
        locks = []
    return next((f"process {words[4]}" for words in locks if words[5:6] == [file]), "another process")
