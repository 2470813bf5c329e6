"""A table in a text → rows in the engine: by its own CSV reader where that is sure, else by ours.

The engine reads a regular table many times faster. Its count is held against the text's lines, which were counted
apart from it: where they differ, or it finds fault, our reader takes the text from its start. Both give the same rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, TextIO

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.engine import count, quote_text
from runner.audience.handles import name_for_engine, open_spool
from runner.audience.records import Lines, read_record
from runner.audience.rows import Wanted, judge_record
from runner.audience.shape import VALUELESS, Shape
from runner.audience.text import Text
from runner.errors import SourceUnreadable

_ABSENT = "\x1f"
"""Divides the cells of a table that has only one: a character that such a table hardly holds."""

_REGULAR = "(SELECT rowid + 1 AS place, text, '' AS hurt FROM read)"
"""The relation over a table that is kept as it was read."""

_MARK = "\x1e"
"""Starts the cell that stands for an odd row in the copy of a table."""

_MOST_BYTES = 4 << 20
"""More than any line, or the cells of any record over several lines, with their quotes doubled."""


def load_rows(connection: DuckDBPyConnection, text: Text, shape: Shape, wanted: Wanted) -> str:
    """Read the rows of `text` into the engine; answer a relation, which holds until the next are read.

    The relation has (place, text, hurt, w0, w1, …): the row's place among the file's rows, from 1; the cell of the
    column; why it can't be read, a `Hurt`, or nothing; and the other cells that are wanted.
    """

    def count_table_lines() -> int:
        counts = text.count_lines()
        return counts.lines - counts.empty - (shape.first_line - shape.empty_before)

    table = _Regular(text.file, shape, wanted, shape.first_line, count_table_lines)
    relation = _load_table(connection, table) if text.is_regular else None
    if relation is None:
        relation = _load_carefully(connection, text, shape, wanted)
    text.refuse_change()
    return relation


def keep_read(connection: DuckDBPyConnection, relation: str, name: str) -> bool:
    """Keep the rows that `load_rows` answered last as the table `name`, in which a row's place is its `rowid` + 1.

    False where they are none: where a row can't be read as one, and where other cells are wanted.
    """
    if relation != _REGULAR:
        return False
    connection.execute(f"ALTER TABLE read RENAME TO {name}")
    return True


def drop_read(connection: DuckDBPyConnection) -> None:
    """Let go of the tables behind the relation that `load_rows` answered last."""
    for table in ("read", "odd"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def is_valueless(cell: str) -> str:
    """An SQL expression: whether this one, a text, is NULL or has no value in it."""
    # Nearly every cell starts with a visible character, which is quicker seen than trimmed.
    starts_visibly = f"{cell} >= '!' AND {cell} < chr(127)"
    return f"({cell} IS NULL OR NOT ({starts_visibly}) AND trim({cell}, {quote_text(VALUELESS)}) = '')"


@dataclass(frozen=True, slots=True)
class _Regular:
    """A table for the engine's own reader: where it starts, and what tells how many lines, but empty ones, follow.

    To tell that may take until they are counted, so it is asked when the engine has read.
    """

    file: BinaryIO
    shape: Shape
    wanted: Wanted
    skip: int
    count_lines: Callable[[], int]


def _load_table(connection: DuckDBPyConnection, table: _Regular) -> str | None:
    """By the engine's own reader; None where it finds fault, or can't account for every line."""
    names = [f"c{place}" for place in range(table.shape.width)]
    others = [f"w{index}" for index in range(len(table.wanted.others))]
    cells = [f"c{cell} AS {name}" for cell, name in zip(table.wanted.others, others, strict=True)]
    source = _csv(table.file, table.shape.delimiter or _ABSENT, names, f"skip = {table.skip}")
    query = f"SELECT {', '.join([f'c{table.wanted.column} AS text', *cells])} FROM {source}"
    try:
        connection.execute(f"CREATE OR REPLACE TABLE read AS {query}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return None
    if count(connection, "SELECT count(*) FROM read") != table.count_lines():
        return None
    if count(connection, f"SELECT count(*) FROM read WHERE {is_valueless('text')}"):
        # A line in whose cells no value stands is no row. That is rare, so the other cells are looked at here alone.
        is_blank = " AND ".join(is_valueless(name) for name in names)
        connection.execute(f"CREATE OR REPLACE TABLE read AS {query} WHERE NOT ({is_blank})")
    columns = ", ".join(["text", "'' AS hurt", *others])
    return f"(SELECT rowid + 1 AS place, {columns} FROM read)"


def _load_carefully(connection: DuckDBPyConnection, text: Text, shape: Shape, wanted: Wanted) -> str:
    """Line by line: the engine gets a copy in which a mark stands for each row that is odd, and those rows apart."""
    others = [f"w{index}" for index in range(len(wanted.others))]
    with open_spool() as copy, open_spool() as odd:
        written = _write_regular(text, shape, wanted, copy, odd)
        relation = _load_table(connection, _Regular(copy, shape, wanted, 1, lambda: written))
        source = read_spool(odd, ["mark", "text", "hurt", *others], skip=1)
        # Here a line feed alone can be a cell, and only it is taken for NULL.
        cells = ", ".join(f"coalesce({cell}, chr(10)) AS {cell}" for cell in ["mark", "text", "hurt", *others])
        connection.execute(f"CREATE OR REPLACE TABLE odd AS SELECT {cells} FROM {source}")
    if relation is None:
        raise SourceUnreadable(f"`{text.name}` has rows for which the engine can't account")
    cells = ", ".join(
        f"CASE WHEN mark IS NULL THEN r.{cell} ELSE o.{cell} END AS {cell}" for cell in ["text", "hurt", *others]
    )
    return f"(SELECT place, {cells} FROM {relation} AS r LEFT JOIN odd AS o ON r.text = o.mark)"


def _write_regular(text: Text, shape: Shape, wanted: Wanted, copy: BinaryIO, odd: BinaryIO) -> int:
    """Write the text's rows for `_load_carefully`; answer how many lines the copy has after its first."""
    delimiter = shape.delimiter or ""
    before, after = delimiter * wanted.column, delimiter * (shape.width - 1 - wanted.column)
    is_plain = _find_plain(shape)
    copied = marks = 0
    with text.open_lines() as file, _written(copy) as plain_text, _written(odd) as odd_text:
        lines = Lines(islice(file, shape.first_line, None))
        # Not every Python quotes a carriage return by itself, and without quotes it would end the row.
        write_odd = csv.writer(odd_text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
        # The engine would take a byte order mark for one, had the first row it at its start.
        plain_text.write("first\n")
        write_odd(["first"])
        while True:
            copied += lines.copy_while(is_plain, plain_text.write)
            record = read_record(lines, shape.delimiter)
            if record is None:
                break
            for row in judge_record(record, lines, shape, wanted, text.name):
                marks += 1
                plain_text.write(f"{before}{_MARK}{marks}{after}\n")
                write_odd((f"{_MARK}{marks}", *row))
        if shape.first_line + lines.number != text.count_lines().lines:
            raise SourceUnreadable(f"`{text.name}` has lines that belong to no row")
    return copied + marks


def _find_plain(shape: Shape) -> Callable[[str], object]:
    """Whether a line, with its line feed, is one whole record as wide as the table, which the engine reads as we do."""
    delimiter = shape.delimiter or _ABSENT
    delimiters = shape.width - 1
    cell = f'(?:"[^"\n]*"|[^"\n{re.escape(delimiter)}]*)'
    is_quoted_well = re.compile(f"{cell}(?:{re.escape(delimiter)}{cell}){{{delimiters}}}\n?").fullmatch

    def is_plain(line: str) -> object:
        is_whole = is_quoted_well(line) if '"' in line else line.count(delimiter) == delimiters
        return is_whole and _MARK not in line and line != "\n"

    return is_plain


@contextmanager
def _written(file: BinaryIO) -> Iterator[TextIO]:
    """Text to be written to `file`, which stays open and holds all of it afterwards."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


def read_spool(file: BinaryIO, names: list[str], skip: int = 0) -> str:
    """What reads a file that `csv.writer` wrote, with a comma and a line feed; a line feed alone in a cell is NULL."""
    # Said, since the engine would take the first line end for it, be it one in a cell.
    return _csv(file, ",", names, f"parallel = false, new_line = '\\n', skip = {skip}")


def _csv(file: BinaryIO, delimiter: str, names: list[str], option: str) -> str:
    """What reads this open file, and no other that may have taken its place, with nothing left to be guessed."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    path = quote_text(name_for_engine(file))
    # A line feed is no cell of a regular line, so that no text is taken for NULL.
    return (
        f"read_csv({path}, auto_detect = false, delim = {quote_text(delimiter)}, quote = '\"',"
        f" escape = '\"', header = false, columns = {{{columns}}}, nullstr = chr(10), compression = 'none',"
        f" encoding = 'utf-8', strict_mode = true, max_line_size = {_MOST_BYTES}, {option})"
    )
