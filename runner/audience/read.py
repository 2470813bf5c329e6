"""A source → its rows in the engine: which files, which column, which rows; every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from duckdb import DuckDBPyConnection

from runner.audience.engine import count
from runner.audience.filter import Cells, select_rows, trim_cell
from runner.audience.kinds import READERS
from runner.audience.load import drop_read, keep_read
from runner.audience.rows import Wanted
from runner.audience.shape import Shape, find_column, find_named, fold_name, no_such_column
from runner.audience.sheets import Sheet
from runner.audience.sql_hints import hint_name
from runner.audience.tables import Means, Table
from runner.audience.where import Where, parse_where
from runner.errors import SourceUnreadable, about_key
from runner.model.config import Source, SourceKind
from runner.templates import render, render_sql

_MOMENTS = frozenset({"current_date", "current_time", "current_timestamp", "now", "today"})


_FROM_FILES = frozenset({SourceKind.FILE, SourceKind.TEMPLATE})
"""Kinds that are called by a path, which stays what a row's file is called: it is there to be opened."""


_LONG = 100_000
"""So many rows of one file are kept as they were read, since to copy them takes half as long as to read them."""

_MOST_KEPT = 50
"""So many files of one source at most: each makes the view larger, in which the engine finds them."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """A table of a source, or a page of one: its file or page, if it has one, and how many rows it has.

    `before` says how many of the source's rows stand before its own.
    """

    path: str | None
    before: int
    rows: int


@dataclass(slots=True)
class ReadSource:
    """A source whose rows are in the engine, in `table`; they are still to be selected where it has a `where`.

    Rows are numbered through all its files, from 1, as they stand in them. `lacks_next` says that the first page of a
    `url` has nothing where its `next` leads. `kept` are tables of rows that were not copied to those of other files,
    each with how many of the source's rows stand before its own.
    """

    source: Source
    index: int
    label: str
    table: str
    files: list[FileRows] = field(default_factory=list)
    where: Where | None = None
    cells: Cells | None = None
    lacks_next: bool = False
    kept: dict[str, int] = field(default_factory=dict)

    def find_file(self, row: int) -> tuple[str | None, int]:
        """The file in which this row of the source stands, if it has files, and its number among the file's rows."""
        for file in reversed(self.files):
            if row > file.before:
                return file.path, row - file.before
        return None, row


@dataclass(frozen=True, slots=True)
class _Found:
    """A table's name and shape, and where the cells are that are asked for."""

    name: str
    shape: Shape
    wanted: Wanted


def create_rows(connection: DuckDBPyConnection, table: str) -> None:
    """Make what sources are read into, until `unite_rows`; and the table with `_hurt`, for rows that can't be read."""
    connection.execute(f"CREATE TABLE {table}_copied (source INTEGER, row BIGINT, text VARCHAR)")
    connection.execute(f"CREATE TABLE {table}_hurt (source INTEGER, row BIGINT, text VARCHAR, why VARCHAR)")


def unite_rows(connection: DuckDBPyConnection, table: str, sources: Sequence[ReadSource]) -> None:
    """Make the view `table` (source, row, text) of all rows of these sources, which were selected."""
    kept = [
        f"SELECT {read.index} AS source, {before} + rowid + 1 AS row, text FROM {name}"
        for read in sources
        for name, before in read.kept.items()
    ]
    connection.execute(f"CREATE VIEW {table} AS {' UNION ALL '.join([f'FROM {table}_copied', *kept])}")


def drop_rows(connection: DuckDBPyConnection, table: str, sources: Sequence[ReadSource]) -> None:
    """Let go of the view, and of all that is behind it."""
    connection.execute(f"DROP VIEW {table}")
    for name in (f"{table}_copied", f"{table}_hurt", *(name for read in sources for name in read.kept)):
        connection.execute(f"DROP TABLE {name}")


def read_source(connection: DuckDBPyConnection, source: Source, index: int, *, table: str, means: Means) -> ReadSource:
    """Read the rows of `source` into `table`; those of a source with a `where` wait for `select_source`.

    Raises SourceUnreadable or TemplateFailed where any of it can't be read.
    """
    read = ReadSource(source, index, _name_source(source, means.context), table)
    with about_key("column"):
        wanted = render(source.column, means.context) if source.column is not None else None
    with about_key("where"):
        if source.where is not None:
            read.where = parse_where(connection, *render_sql(source.where, means.context))
    first: _Found | None = None
    with closing(READERS[source.kind](source, means, connection)) as tables:
        for each in tables:
            with closing(each):
                found = _find_cells(each, wanted, read)
                first = first or found
                _refuse_difference(first, found)
                _insert_table(connection, each, found, read)
    return read


def _name_source(source: Source, context: Mapping[str, object]) -> str:
    """What messages call a source: its path, else the key that says its kind."""
    return render(source.text, context).strip() if source.kind in _FROM_FILES else source.kind.value


def select_source(connection: DuckDBPyConnection, read: ReadSource) -> None:
    """Of a source with a `where`, select the rows for which it holds; others are no rows of the source.

    Raises SourceUnreadable where the expression can't be computed.
    """
    if read.where is None or read.cells is None:
        return
    cells = read.cells.table
    with about_key("where"):
        select_rows(connection, read.cells, read.where, f"the `where` of `{read.label}`")
    chosen = f"(SELECT * FROM {cells} WHERE row IN (SELECT row FROM selected))"
    _insert(connection, read, chosen, 0)
    connection.execute("DROP TABLE selected")
    connection.execute(f"DROP TABLE {cells}")


def tell_apart(sources: Sequence[ReadSource]) -> None:
    """Let each source be called by its line too, where others are called alike.

    So no two rows of a campaign have the same source, file and number, though a file be named for two of its columns.
    """
    calls = Counter(read.label for read in sources)
    lines = Counter((read.label, read.source.place.line) for read in sources)
    for read in sources:
        if calls[read.label] == 1:
            continue
        place = read.source.place
        where = f"line {place.line}" if lines[read.label, place.line] == 1 else f"line {place.line}:{place.column}"
        read.label = f"{read.label} ({where})"
        if read.source.kind not in _FROM_FILES:
            read.files = [replace(page, path=page.path and f"{page.path} ({where})") for page in read.files]


def _find_cells(table: Table, wanted: str | None, read: ReadSource) -> _Found:
    shape, name = table.shape, table.name
    with about_key("where"):
        where = read.where
        others = [_find_other(shape, other, name, where) for other in where.names.values()] if where is not None else []
    with about_key("column"):
        column = find_column(shape, wanted, name)
    return _Found(name, shape, Wanted(column, tuple(others)))


def _find_other(shape: Shape, name: str, file: str, where: Where) -> int:
    place = find_named(shape, name, file)
    if place is not None:
        return place
    error = no_such_column(shape, name, file)
    if fold_name(name) in _MOMENTS:
        error.hint = "write `{{ today }}` or `{{ now }}`: those of planning"
    else:
        known = [other.strip() for other in shape.names or ()]
        error.hint = hint_name(name, where.expression, known) or error.hint
    raise error


def _refuse_difference(first: _Found, other: _Found) -> None:
    """Raise SourceUnreadable where two files of one glob have not the same columns, or not the same one is meant."""
    differing = set(_name_columns(first)) ^ set(_name_columns(other))
    meant = {_name_column(first), _name_column(other)}
    if differing or len(meant) > 1:
        name = min(differing or meant)
        files = f"`{first.name}` and `{other.name}`"
        message = f"{files} have different columns, or a different one is meant: `{name}`"
        hint = "name files with the same columns, or make a source of each"
        raise SourceUnreadable(message, hint=hint, code="different-columns")


def _name_columns(table: _Found) -> list[str]:
    """What the columns of a table are called when they are compared; their numbers where it has no header."""
    names = table.shape.names
    return [str(n + 1) for n in range(table.shape.width)] if names is None else [n for n in map(fold_name, names) if n]


def _name_column(table: _Found) -> str:
    names = table.shape.names
    return str(table.wanted.column + 1) if names is None else fold_name(names[table.wanted.column])


def _insert_table(connection: DuckDBPyConnection, table: Table, found: _Found, read: ReadSource) -> None:
    """Add the rows of one more table to the source."""
    relation = table.load(connection, found.wanted)
    before = sum(file.rows for file in read.files)
    rows = count(connection, f"SELECT count(*) FROM {relation}")
    pages = table.pages if isinstance(table, Sheet) else ()
    read.lacks_next = isinstance(table, Sheet) and table.lacks_next
    start = before
    for path, held in pages or ((table.file, rows),):
        read.files.append(FileRows(path, start, held))
        start += held
    kept = f"{read.table}_{read.index}_{before}"
    is_long = read.where is None and rows >= _LONG and len(read.kept) < _MOST_KEPT
    if is_long and keep_read(connection, relation, kept):
        read.kept[kept] = before
    elif read.where is None:
        _insert(connection, read, f"(SELECT place AS row, text, hurt FROM {relation})", before)
    else:
        _insert_cells(connection, found, read, read.where, f"(SELECT {before} + place AS row, * FROM {relation})")
    drop_read(connection)


def _insert_cells(connection: DuckDBPyConnection, table: _Found, read: ReadSource, where: Where, relation: str) -> None:
    """Keep the rows with the cells that `where` names, until its expression can be computed."""
    has_decimal_commas = table.shape.delimiter != ","
    names = tuple(where.names.values())
    trimmed = ", ".join(["row", "text", "hurt", *(f"{trim_cell(f'w{n}')} AS w{n}" for n in range(len(names)))])
    if read.cells is None:
        column = table.wanted.others.index(table.wanted.column) if table.wanted.column in table.wanted.others else None
        read.cells = Cells(f"{read.table}_cells_{read.index}", names, column, has_decimal_commas)
        connection.execute(f"CREATE TABLE {read.cells.table} AS SELECT {trimmed} FROM {relation}")
        return
    read.cells = replace(read.cells, has_decimal_commas=read.cells.has_decimal_commas and has_decimal_commas)
    connection.execute(f"INSERT INTO {read.cells.table} SELECT {trimmed} FROM {relation}")


def _insert(connection: DuckDBPyConnection, read: ReadSource, rows: str, before: int) -> None:
    """Add `rows`, a relation (row, text, hurt), to the source's; those that can't be read get no text to be judged."""
    place = f"{read.index}, {before} + row"
    text = "CASE WHEN hurt = '' THEN text END"
    connection.execute(f"INSERT INTO {read.table}_copied SELECT {place}, {text} FROM {rows}")
    connection.execute(f"INSERT INTO {read.table}_hurt SELECT {place}, text, hurt FROM {rows} WHERE hurt <> ''")
