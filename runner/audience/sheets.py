"""Rows of which each cell is known apart → a table in a file without a name, which the engine reads back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.engine import count
from runner.audience.handles import open_spool
from runner.audience.load import read_spool
from runner.audience.rows import Wanted
from runner.audience.shape import Shape, refuse_width
from runner.audience.text import WITH_REPLACEMENTS
from runner.errors import SourceUnreadable

NESTED = "\x1e"
"""Starts a cell that is a list or a map, which is no text."""

Row = tuple[str, str, Sequence[str]]
"""Why the row can't be read (a `Hurt`, else nothing), what it says where it can't, and its cells."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table whose rows were written down cell by cell, so that no quote or line end in one can move another.

    Where the rows stood on pages, `pages` says how each is called and how many it has, and `lacks_next` that nothing
    stands on the first where the next one's address was said to be.
    """

    name: str
    file: str | None
    shape: Shape
    spool: BinaryIO
    rows: int
    pages: tuple[tuple[str, int], ...] = ()
    lacks_next: bool = False

    def load(self, connection: DuckDBPyConnection, wanted: Wanted) -> str:
        """Bring its rows into the engine. Raises SourceUnreadable where the engine finds more or fewer of them."""
        cells = [f"c{place}" for place in range(self.shape.width)]
        source = read_spool(self.spool, ["broken", "said", *cells])
        column = f"coalesce(c{wanted.column}, chr(10))"
        is_nested = f"starts_with({column}, chr({ord(NESTED)}))"
        others = [f"ltrim(coalesce(c{o}, chr(10)), chr({ord(NESTED)})) AS w{n}" for n, o in enumerate(wanted.others)]
        query = ", ".join(
            [
                f"CASE WHEN broken <> '' THEN said WHEN {is_nested} THEN {column}[2:] ELSE {column} END AS text",
                f"CASE WHEN broken = '' AND {is_nested} THEN 'nested' ELSE broken END AS hurt",
                *others,
            ]
        )
        try:
            connection.execute(f"CREATE OR REPLACE TABLE read AS SELECT {query} FROM {source}")
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise _unaccounted(self.name) from error
        if count(connection, "SELECT count(*) FROM read") != self.rows:
            raise _unaccounted(self.name)
        return "(SELECT rowid + 1 AS place, * FROM read)"

    def close(self) -> None:
        """Let go of its file."""
        self.spool.close()


def write_sheet(name: str, rows: Iterable[Row], *, names: Sequence[str] | None, file: str | None = None) -> Sheet:
    """A sheet of `rows`, with as many columns as `names`, which may grow while the rows are made; with one for None.

    Rows with fewer cells are filled up. Raises SourceUnreadable where there are too many columns.
    """
    with ExitStack() as stack:
        spool = stack.enter_context(open_spool())
        written, narrowest = _write(spool, rows)
        width = 1 if names is None else len(names)
        refuse_width(name, width)
        if narrowest < width:
            spool = stack.enter_context(_fill_up(spool, width))
        stack.pop_all()
    shape = Shape(None, None if names is None else tuple(names), width, 0, 0)
    return Sheet(name, file, shape, spool, written)


def _write(spool: BinaryIO, rows: Iterable[Row]) -> tuple[int, float]:
    """How many rows were written, and how many cells the narrowest has."""
    written, narrowest = 0, float("inf")
    text = io.TextIOWrapper(spool, encoding="utf-8", errors=WITH_REPLACEMENTS, newline="")
    # Not every Python quotes a carriage return by itself, and without quotes it would end the row.
    write = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
    for broken, said, cells in rows:
        write((broken, said, *cells))
        written += 1
        narrowest = min(narrowest, len(cells))
    text.detach()
    return written, narrowest


# Cells are bounded where they are read; in a sheet of this program's own, one may be longer than the usual bound.
csv.field_size_limit(2**31 - 1)


def _fill_up(spool: BinaryIO, width: int) -> BinaryIO:
    """A copy of the sheet's file in which every row has `width` cells; the file itself is closed."""
    spool.seek(0)
    with io.TextIOWrapper(spool, encoding="utf-8", newline="") as text:
        copy = open_spool()
        _write(copy, _widen(csv.reader(text), width))
    return copy


def _widen(rows: Iterator[list[str]], width: int) -> Iterator[Row]:
    for broken, said, *cells in rows:
        yield broken, said, cells + [""] * (width - len(cells))


def _unaccounted(name: str) -> SourceUnreadable:
    return SourceUnreadable(f"`{name}` has rows for which the engine can't account")
