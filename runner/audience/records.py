"""Lines of text → records with their cells: CSV as RFC 4180 has it, and what is left of it where quotes don't match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

MOST_RECORD_CHARACTERS = 1 << 18
"""The longest record whose quoted cells go over several lines: eight of the longest cells of a spreadsheet."""

_OPENING = re.compile(' *"')
_QUOTED = re.compile('[^"]*+(?:""[^"]*+)*+"')


class Lines:
    """The physical lines of a text, one by one. Some may be handed back, to be read again.

    `number` counts those that were read for good, `reread` those that were handed back, each time.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.number = 0
        self.reread = 0
        self._lines = iter(lines)
        self._again: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines).removesuffix("\n")
        self.number += 1
        return line

    def copy_while(self, is_plain: Callable[[str], object], write: Callable[[str], object]) -> int:
        """Write the next lines, each with its line feed, as long as they are plain; answer how many were.

        Lines that were handed back are left to be read one by one.
        """
        copied = 0
        for line in self._lines if not self._again else ():
            if not is_plain(line):
                self._again.append(line.removesuffix("\n"))
                break
            write(line)
            copied += 1
        self.number += copied
        return copied

    def hand_back(self, lines: list[str]) -> None:
        """Read these, the last that were read, again."""
        self._again += reversed(lines)
        self.number -= len(lines)
        self.reread += len(lines)


@dataclass(slots=True)
class Record:
    """Some physical lines and the cells in them.

    `hurt` holds the places of cells after whose closing quote something else than a delimiter follows; `has_strays`
    says that a quote is but a sign, inside a cell that does not start with one. For each line, `quoted` says up to
    which character it lies in a quoted cell that an earlier line opened, and from which one in a cell that it leaves
    open. `pieces` are the lines of a cell that is open at the end of the record: its quote is never closed, or not
    within the bound; `is_last` says that it was the first.
    """

    lines: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    hurt: list[int] = field(default_factory=list)
    has_strays: bool = False
    quoted: list[tuple[int, int]] = field(default_factory=list)
    pieces: list[str] | None = None
    is_last: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every quoted cell is closed, and ends there."""
        return self.pieces is None and not self.hurt


def read_record(lines: Lines, delimiter: str | None) -> Record | None:
    """The next record, or None at the end. Without a delimiter, a record has one cell."""
    record = Record()
    characters = 0
    for line in lines:
        record.lines.append(line)
        characters += len(line)
        _take_line(record, line, delimiter)
        if record.pieces is None or characters > MOST_RECORD_CHARACTERS:
            return record
    record.is_last = True
    return record if record.lines else None


def split_raw(line: str, delimiter: str | None) -> list[str]:
    """The line's cells, as if quotes had no meaning."""
    return line.split(delimiter) if delimiter else [line]


def _take_line(record: Record, line: str, delimiter: str | None) -> None:
    if record.pieces is None and '"' not in line:
        record.cells += split_raw(line, delimiter)
        record.quoted.append((0, len(line)))
        return
    position = closed_at = 0
    if record.pieces is not None:
        closing = _QUOTED.match(line)
        if closing is None:
            record.pieces.append(line)
            record.quoted.append((len(line), len(line)))
            return
        closed_at = closing.end()
        record.pieces.append(line[: closed_at - 1])
        position = _end_quoted(record, line, closed_at, delimiter)
    record.quoted.append((closed_at, _take_cells(record, line, position, delimiter)))


def _take_cells(record: Record, line: str, position: int, delimiter: str | None) -> int:
    """Add the cells from `position` on; answer where one opens that the line doesn't close, or the line's end."""
    while position <= len(line):
        opening = _OPENING.match(line, position)
        if opening is None:
            end = _find_end(line, position, delimiter)
            record.cells.append(line[position:end])
            record.has_strays = record.has_strays or '"' in record.cells[-1]
            position = end + 1
            continue
        closing = _QUOTED.match(line, opening.end())
        if closing is None:
            record.pieces = [line[opening.end() :]]
            return opening.start()
        record.pieces = [line[opening.end() : closing.end() - 1]]
        position = _end_quoted(record, line, closing.end(), delimiter)
    return len(line)


def _end_quoted(record: Record, line: str, position: int, delimiter: str | None) -> int:
    """Add the cell whose closing quote stands before `position`; answer where the next one starts."""
    end = _find_end(line, position, delimiter)
    tail = line[position:end].strip(" ")
    if tail:
        record.hurt.append(len(record.cells))
    record.cells.append("\n".join(record.pieces or ()).replace('""', '"') + tail)
    record.pieces = None
    return end + 1


def _find_end(line: str, position: int, delimiter: str | None) -> int:
    end = line.find(delimiter, position) if delimiter else -1
    return end if end >= 0 else len(line)
