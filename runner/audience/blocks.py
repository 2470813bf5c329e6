"""A file's bytes, block by block: its lines, counted apart from whoever reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, NamedTuple

from runner.audience.handles import READS_AT_A_PLACE, read_at

BLOCK = 1 << 20

_EMPTY = re.compile(rb"\n(?=\n)")


class LineCounts(NamedTuple):
    """How many lines a text has, and how many of them have no character. However they end, lines are physical."""

    lines: int
    empty: int


def count_aside(file: BinaryIO) -> Future[LineCounts]:
    """The lines, counted by a thread of their own where the system lets two read one file."""
    if READS_AT_A_PLACE:
        with_one_thread = ThreadPoolExecutor(max_workers=1)
        counting = with_one_thread.submit(_count_lines, file)
        with_one_thread.shutdown(wait=False)
        return counting
    counted: Future[LineCounts] = Future()
    counted.set_result(_count_lines(file))
    return counted


def find_line(file: BinaryIO, place: int) -> int:
    """The line, from 1, in which the byte at this place stands."""
    ends = at = 0
    for raw in read_blocks(file, whole_line_ends=True):
        block = raw[: place - at].replace(b"\r\n", b"\n")
        ends += block.count(b"\n") + block.count(b"\r")
        at += len(raw)
        if at >= place:
            break
    return ends + 1


def _count_lines(file: BinaryIO) -> LineCounts:
    ends = empty = 0
    last = b"\n"
    for raw in read_blocks(file, whole_line_ends=True):
        block = raw.replace(b"\r\n", b"\n") if b"\r" in raw else raw
        ends += block.count(b"\n") + (block.count(b"\r") if b"\r" in block else 0)
        empty += len(_EMPTY.findall(last + block))
        last = block[-1:]
    return LineCounts(ends + (last not in (b"\n", b"\r")), empty)


def read_blocks(file: BinaryIO, *, whole_line_ends: bool = False) -> Iterator[bytes]:
    """The file's bytes from its start; with `whole_line_ends` no block ends between a return and its line feed."""
    place = 0
    held = b""
    while read := read_at(file, place, BLOCK - len(held)):
        place += len(read)
        block = held + read
        held = b"\r" if whole_line_ends and block.endswith(b"\r") else b""
        yield block[: len(block) - len(held)]
    if held:
        yield held
