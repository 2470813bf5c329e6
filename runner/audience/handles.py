"""Open files: how the engine finds this very one, and those that have no name.

Where a system has no files for its descriptors, and lets nobody remove the name of an open file (Windows), a file is
found by its path, and a spool keeps its name until it is closed.
"""

from __future__ import annotations

import os
import re
import tempfile
import weakref
from io import BufferedRandom, FileIO
from pathlib import Path
from typing import BinaryIO

DESCRIPTORS = Path("/dev/fd")
_PATTERN = re.compile(r"([*?\[])")


def find_path(file: BinaryIO) -> str:
    """A path by which this file can be opened, and, where the system has such paths, no other one in its place."""
    return f"{DESCRIPTORS}/{file.fileno()}" if DESCRIPTORS.is_dir() else str(file.name)


def name_for_engine(file: BinaryIO) -> str:
    """That path as the engine takes it: each sign that it would take for a pattern's stands for itself."""
    return _PATTERN.sub(r"[\1]", find_path(file))


def open_spool() -> BinaryIO:
    """A new file to write and read, that has no name, and is gone when it is closed."""
    descriptor, path = tempfile.mkstemp(prefix="campaign-")
    if DESCRIPTORS.is_dir():
        Path(path).unlink()
        return os.fdopen(descriptor, "w+b")
    os.close(descriptor)
    file = BufferedRandom(FileIO(path, "r+b"))
    weakref.finalize(file, Path(path).unlink, missing_ok=True)
    return file


READS_AT_A_PLACE = hasattr(os, "pread")
"""Whether two threads can read one open file, each at its own place."""


def read_at(file: BinaryIO, place: int, size: int) -> bytes:
    """The `size` bytes from a place of a file on, or all that there are; where reading goes on stays as it was."""
    if READS_AT_A_PLACE:
        return os.pread(file.fileno(), size, place)
    at = file.tell()
    file.seek(place)
    found = file.read(size)
    file.seek(at)
    return found
