"""`template`: a Jinja file in the project, which prints one number or one row of CSV a line."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import BinaryIO

from duckdb import DuckDBPyConnection

from runner.audience.engine import open_engine
from runner.audience.files import find_files, find_one, open_file, say_error
from runner.audience.handles import open_spool
from runner.audience.kinds.file import read_file
from runner.audience.rows import Wanted
from runner.audience.tables import Means, Table, find_text_table
from runner.audience.text import WITH_REPLACEMENTS, read_text
from runner.errors import SourceUnreadable
from runner.model.config import Source
from runner.templates import TemplateFailed, render, render_file
from runner.templates.context import Named
from runner.templates.limits import Rows

MOST_BYTES = 1 << 20
"""The largest template."""

_FETCHED = 4_096


def read_template(source: Source, means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """The table that the template prints."""
    path = find_one(means.root, render(source.text, means.context))
    with ExitStack() as stack:
        printed = stack.enter_context(open_spool())
        try:
            _print(_read_source(means, path), means, printed)
            text = read_text(printed, path)
        except TemplateFailed as error:
            message = f"`{path}`, {error.message}" if error.message.startswith("line") else f"`{path}`: {error.message}"
            raise TemplateFailed(message, hint=error.hint, code=error.code) from None
        except OSError as error:
            raise SourceUnreadable(f"`{path}` can't be read: {say_error(error)}") from error
        if text.file is printed:
            stack.pop_all()
    table = find_text_table(text, None, allow_empty=source.allow_empty)
    if table is not None:
        yield table


def _read_source(means: Means, path: str) -> str:
    with open_file(means.root, path) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        message = f"`{path}` has more than {MOST_BYTES >> 20} MB, which is much for a template"
        raise SourceUnreadable(message, hint="keep rows in a file of their own, and read them by `rows`")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"`{path}` is no template: it is not UTF-8"
        raise SourceUnreadable(message, hint="save it as UTF-8", code="not-a-table") from None


def _print(template: str, means: Means, printed: BinaryIO) -> None:
    with closing(_OtherFiles(means)) as files:
        pieces = render_file(template, means.context, files.find_rows)
        printed.writelines(piece.encode("utf-8", WITH_REPLACEMENTS) for piece in pieces)
    printed.flush()


@dataclass(slots=True)
class _OtherFiles:
    """The files that a template reads by `rows`, each of them once, and kept in an engine of their own."""

    means: Means
    engines: ExitStack = field(default_factory=ExitStack)
    found: dict[str, Rows] = field(default_factory=dict)

    def find_rows(self, path: str) -> Rows:
        """The rows of one file, as maps by the names of its columns. Raises SourceUnreadable."""
        if not isinstance(path, str):
            raise SourceUnreadable("`rows` takes the path of a file, in quotes", hint='write `rows("data/x.csv")`')
        if path not in self.found:
            self.found[path] = self._read(path)
        return self.found[path]

    def close(self) -> None:
        """Let go of them."""
        self.engines.close()

    def _read(self, path: str) -> Rows:
        connection = self.engines.enter_context(closing(open_engine()))
        first, *others = find_files(self.means.root, path)
        if others:
            message = f"`rows` takes one file, and `{path}` matches {len(others) + 1:,}"
            raise SourceUnreadable(message, hint="call it once for each")
        table = read_file(connection, self.means.root, first, allow_empty=True)
        if table is None:
            return Rows(lambda: iter(()))
        with closing(table):
            names = table.shape.names or tuple(str(place + 1) for place in range(table.shape.width))
            relation = table.load(connection, Wanted(0, tuple(range(table.shape.width))))
        _refuse_hurt(connection, relation, path)
        cells = ", ".join(f"w{place}" for place in range(len(names)))
        query = f"SELECT {cells} FROM {relation} ORDER BY place"
        return Rows(lambda: _fetch(connection, query, [name.strip() for name in names]))


def _refuse_hurt(connection: DuckDBPyConnection, relation: str, path: str) -> None:
    """Raise SourceUnreadable where a row can't be read as one: the template could not say so."""
    hurt = connection.execute(f"SELECT place, hurt FROM {relation} WHERE hurt <> '' ORDER BY place LIMIT 1").fetchone()
    if hurt is not None:
        message = f"row {hurt[0]:,} of `{path}` can't be read as one ({hurt[1]}), and a template needs all of them"
        raise SourceUnreadable(message, hint="mend the file")


def _fetch(connection: DuckDBPyConnection, query: str, names: list[str]) -> Iterator[Mapping[str, str]]:
    # Of two columns with one name, none is meant.
    columns = [(place, name) for place, name in enumerate(names) if name and names.count(name) == 1]
    with connection.cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_FETCHED):
            for row in rows:
                yield Named("row", {name: row[place] or "" for place, name in columns})
