"""Records → rows: which of them are rows, and which can't be read as one. Never is one lost, merged or padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.audience.records import Lines, Record, split_raw
from runner.audience.shape import VALUELESS, Shape
from runner.errors import SourceUnreadable
from runner.numbers import has_number

MOST_REREAD_LINES = 1_000_000
SHOWN_CHARACTERS = 200

Row = tuple[str, ...]
"""The text of the column, why it can't be read (a `Hurt`, else nothing), and the other cells that are wanted."""


class Hurt(StrEnum):
    """Why a row can't be read as one."""

    QUOTES = "quotes"
    MISSING = "missing-cell"
    SURPLUS = "surplus-cells"
    NESTED = "nested"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cells of a table are asked for: the column's, and those of the columns that `where` names."""

    column: int
    others: tuple[int, ...] = ()


def judge_record(record: Record, lines: Lines, shape: Shape, wanted: Wanted, name: str) -> Iterator[Row]:
    """The rows that `record`, the last that was read from `lines`, holds: one, unless its quotes don't match.

    A record without any value is no row. Raises SourceUnreadable where the text ends inside a quoted cell because it
    is cut, or has too many stray quotes.
    """
    if len(record.lines) > 1 or record.pieces is not None:
        yield from _judge_long_record(record, lines, shape, wanted, name)
    elif any(cell.strip(VALUELESS) for cell in record.cells):
        yield _read_row(record, shape, wanted)


def _read_row(record: Record, shape: Shape, wanted: Wanted) -> Row:
    cells, width = record.cells, shape.width
    hurt = None
    if record.hurt and (len(cells) != width or not {wanted.column, *wanted.others}.isdisjoint(record.hurt)):
        hurt = Hurt.QUOTES
    elif len(cells) > width and any(cell.strip(VALUELESS) for cell in cells[width:]):
        hurt = Hurt.SURPLUS
    elif len(cells) <= wanted.column:
        hurt = Hurt.MISSING
    if hurt is not None:
        return _read_hurt("\n".join(record.lines), hurt, wanted)
    return (cells[wanted.column], "", *(cells[other] if other < len(cells) else "" for other in wanted.others))


def _read_hurt(text: str, hurt: Hurt, wanted: Wanted) -> Row:
    return (text[:SHOWN_CHARACTERS], hurt.value, *("" for _ in wanted.others))


def _judge_long_record(record: Record, lines: Lines, shape: Shape, wanted: Wanted, name: str) -> Iterator[Row]:
    """A record over several lines: one row, if nothing says that its quotes swallowed others.

    Where they don't match, the first line is no row that can be read, and the lines after it are read anew. Where they
    do, but a number stands where it would in a row of its own, or the row doesn't fit the table, either reading could
    reach a stranger, or lose somebody: each of the lines is a row that can't be read.
    """
    if record.pieces is not None and record.is_last and not _has_rows(record.lines[1:], shape):
        opened = lines.number - len(record.lines) + 1
        message = f"`{name}` ends inside a quoted cell that line {opened:,} opens: it is cut, or a quote is missing"
        raise SourceUnreadable(message, hint="export it again, or close the quote", code="file-cut")
    if not record.is_whole:
        lines.hand_back(record.lines[1:])
        if lines.reread > MOST_REREAD_LINES:
            message = f"`{name}` has quotes that don't match all over, up to line {lines.number:,}"
            raise SourceUnreadable(message, hint="export it again", code="not-a-table")
        yield _read_hurt(record.lines[0], Hurt.QUOTES, wanted)
    elif _has_swallowed(record, shape, wanted.column) or _is_misfit(record, shape, wanted.column):
        for line in record.lines:
            if line.strip(VALUELESS):
                yield _read_hurt(line, Hurt.QUOTES, wanted)
    elif any(cell.strip(VALUELESS) for cell in record.cells):
        yield _read_row(record, shape, wanted)


def _has_rows(lines: Sequence[str], shape: Shape) -> bool:
    """Whether one of these lines could be a row of its own."""
    return any(line and len(split_raw(line, shape.delimiter)) == shape.width for line in lines)


def _has_swallowed(record: Record, shape: Shape, column: int) -> bool:
    """Whether quoted cells over several lines hold a number where the column of another row would be.

    Where the record's own column is such a cell, one number in it is its own.
    """
    own = column < len(record.cells) and "\n" in record.cells[column]
    found = sum(
        has_number(cell)
        for line, (closed_at, opened_at) in zip(record.lines, record.quoted, strict=True)
        if (cell := _find_quoted(line, closed_at, opened_at, shape.delimiter, column)) is not None
    )
    return found > own


def _is_misfit(record: Record, shape: Shape, column: int) -> bool:
    """Whether a record over several lines is no row that can be read, or a short one whose lines could each be one."""
    cells, width = record.cells, shape.width
    if len(cells) == width:
        return False
    has_surplus = any(cell.strip(VALUELESS) for cell in cells[width:])
    return has_surplus or len(cells) <= column or _has_rows(record.lines[1:], shape)


def _find_quoted(line: str, closed_at: int, opened_at: int, delimiter: str | None, column: int) -> str | None:
    """The line's cell in this column, as if quotes had no meaning, if it lies in quotes that go over lines."""
    cells = split_raw(line, delimiter)
    if column >= len(cells):
        return None
    start = sum(map(len, cells[:column])) + column
    is_quoted = start < closed_at or start + len(cells[column]) > opened_at
    return cells[column] if is_quoted else None
