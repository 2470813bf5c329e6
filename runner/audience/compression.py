"""Compressed files → what is in them, in a file without a name: bounded, since a small one can hold a giant."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import BinaryIO, Protocol

from runner.audience.blocks import BLOCK
from runner.audience.files import MOST_BYTES
from runner.audience.handles import open_spool
from runner.errors import SourceUnreadable

MOST_GROWTH = 200
"""How many times its size a file may hold. Lists of numbers shrink to a fifth, rarely to a thirtieth."""
ALWAYS_BYTES = 256 << 20
"""What may be in a file, however small it is."""

_Opening = tuple[Callable[[BinaryIO], "_Unpacked"], tuple[type[Exception], ...]]
"""What opens a compressed file, and the errors that say that it is none, or damaged."""


class _Unpacked(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _find_gzip() -> _Opening:
    return gzip.open, (gzip.BadGzipFile, zlib.error)


def _find_zstandard() -> _Opening:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.open, (zstd.ZstdError,)


_FORMATS: Mapping[str, tuple[str, Callable[[], _Opening]]] = {
    ".gz": ("gzip", _find_gzip),
    ".zst": ("Zstandard", _find_zstandard),
}
COMPRESSED = tuple(_FORMATS)
"""The endings of compressed files."""


def decompress(file: BinaryIO, name: str) -> BinaryIO:
    """What is in `file`, which bears one of the endings `COMPRESSED` and stays open.

    Raises SourceUnreadable where it is not what its ending says, is cut or damaged, or holds too much.
    """
    words, find_opening = _FORMATS[name[name.rindex(".") :].casefold()]
    unpack, damages = find_opening()
    size = os.fstat(file.fileno()).st_size
    most = min(MOST_BYTES, max(ALWAYS_BYTES, size * MOST_GROWTH))
    with ExitStack() as stack:
        spool = stack.enter_context(open_spool())
        try:
            if size:
                _copy(unpack(file), spool, most, name)
        except EOFError as error:
            message = f"`{name}` is cut: what was compressed with {words} has no end"
            raise SourceUnreadable(message, hint="export or copy it again", code="file-cut") from error
        except damages as error:
            message = f"`{name}` is not compressed with {words}, or is damaged"
            raise SourceUnreadable(message, hint="check what it is, or export it again", code="not-a-table") from error
        spool.flush()
        stack.pop_all()
    return spool


def _copy(unpacked: _Unpacked, spool: BinaryIO, most: int, name: str) -> None:
    copied = 0
    while block := unpacked.read(BLOCK):
        copied += len(block)
        if copied > most:
            message = f"`{name}` holds more than {most >> 20:,} MB when it is decompressed"
            hint = f"that is more than {MOST_GROWTH} times its size, or than {MOST_BYTES >> 30} GB: split it"
            raise SourceUnreadable(message, hint=hint, code="source-too-large")
        spool.write(block)
