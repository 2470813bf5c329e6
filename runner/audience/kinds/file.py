"""`file`: a path or a glob in the project."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

from duckdb import DuckDBPyConnection

from runner.audience.files import find_files, open_file, say_error
from runner.audience.tables import Means, Table, find_text_table
from runner.audience.text import read_text
from runner.errors import SourceUnreadable
from runner.model.config import Source
from runner.templates import render


def read_files(source: Source, means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """The tables of all files that the source names, in the order of their names."""
    named = render(source.text, means.context).strip()
    paths = find_files(means.root, named)
    try:
        for path in paths:
            table = read_file(means.root, path, allow_empty=source.allow_empty)
            if table is not None:
                yield table
    except OSError as error:
        raise SourceUnreadable(f"`{named}` can't be read: {say_error(error)}") from error


def read_file(root: Path, path: str, *, allow_empty: bool) -> Table | None:
    """The table in one file; None where nothing is in it, and may be. Raises SourceUnreadable, or OSError."""
    file = open_file(root, path)
    with ExitStack() as stack:
        stack.callback(file.close)
        text = read_text(file, path)
        if text.file is file:
            stack.pop_all()
    return find_text_table(text, path, allow_empty=allow_empty)
