"""The lock of an account beside a SQLite state: an operating system lock on a file that is never removed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from filelock import lock_descriptor

from runner.errors import StateUnavailable
from runner.state.folders import open_lock


@final
@dataclass(frozen=True, slots=True)
class FileGrip:
    """A locked file. `identity` is its device and inode: whoever removes it lets another runner lock a new one."""

    file: Path
    identity: tuple[int, int]
    descriptor: int

    @property
    def numbers(self) -> Mapping[str, int]:
        """No database knows of it."""
        return {}

    def find_loss(self, _standing: str | None) -> str | None:
        """The file of that name must be the one that was locked."""
        if find_identity(self.file) == self.identity:
            return None
        return f"`{self.file.name}` is not the file that was locked"

    def release(self) -> None:
        """The lock goes with the descriptor; the file stays, since whoever waits has opened it already."""
        os.close(self.descriptor)


def take_file(path: Path) -> FileGrip | None:
    """The lock on this file; None where another process has it, or where the file was removed meanwhile."""
    try:
        descriptor = open_lock(path)
    except OSError as error:
        raise StateUnavailable(f"`{path}` can't be opened: {error.strerror}") from error
    try:
        locked = os.fstat(descriptor)
        identity = (locked.st_dev, locked.st_ino)
        if lock_descriptor(descriptor, blocking=False) and find_identity(path) == identity:
            return FileGrip(path, identity, descriptor)
    except OSError as error:
        os.close(descriptor)
        raise StateUnavailable(f"`{path}` can't be locked: {error.strerror}") from error
    os.close(descriptor)
    return None


def find_identity(file: Path) -> tuple[int, int] | None:
    """The device and inode of the file that has this name now, None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
