"""`file`: a path or a glob in the project, of texts, JSON and Parquet, also compressed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TextIO

from duckdb import DuckDBPyConnection

from runner.audience.compression import COMPRESSED, decompress
from runner.audience.files import find_files, open_file, say_error
from runner.audience.item_rows import write_items
from runner.audience.items import Item, read_lines, read_list
from runner.audience.parquet import open_parquet
from runner.audience.tables import Means, Table, find_text_table
from runner.audience.text import open_text, read_text, refuse_change, stamp_file
from runner.errors import SourceUnreadable
from runner.model.config import Source
from runner.templates import render

_JSON: Mapping[str, Callable[[TextIO, str], Iterator[Item]]] = {
    "json": read_list,
    "jsonl": read_lines,
    "ndjson": read_lines,
}


def read_files(source: Source, means: Means, connection: DuckDBPyConnection) -> Generator[Table]:
    """The tables of all files that the source names, in the order of their names."""
    named = render(source.text, means.context).strip()
    paths = find_files(means.root, named)
    try:
        for path in paths:
            table = read_file(connection, means.root, path, allow_empty=source.allow_empty)
            if table is not None:
                yield table
    except OSError as error:
        raise SourceUnreadable(f"`{named}` can't be read: {say_error(error)}") from error


def read_file(connection: DuckDBPyConnection, root: Path, path: str, *, allow_empty: bool) -> Table | None:
    """The table in one file; None where nothing is in it, and may be. Raises SourceUnreadable, or OSError."""
    ending = path.casefold().removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
    with ExitStack() as stack:
        file = stack.enter_context(_open(root, path))
        if ending == "parquet":
            found: Table | None = open_parquet(connection, file, path)
            stack.pop_all()
        elif ending in _JSON:
            found = _read_items(file, path, _JSON[ending], allow_empty=allow_empty)
        else:
            text = read_text(file, path)
            if text.file is file:
                stack.pop_all()
            found = find_text_table(text, path, allow_empty=allow_empty)
    return found


def _open(root: Path, path: str) -> BinaryIO:
    """The file at this path, or what is in it where it is compressed."""
    file = open_file(root, path)
    if not path.casefold().endswith(COMPRESSED):
        return file
    with file:
        stamp = stamp_file(file)
        unpacked = decompress(file, path)
        refuse_change(file, stamp, path)
        return unpacked


def _read_items(
    file: BinaryIO, path: str, read: Callable[[TextIO, str], Iterator[Item]], *, allow_empty: bool
) -> Table | None:
    stamp = stamp_file(file)
    try:
        with open_text(file, path) as text:
            found = write_items(path, read(text, path), file=path)
    except SourceUnreadable as error:
        if error.code == "source-empty" and allow_empty:
            return None
        raise
    refuse_change(file, stamp, path)
    return found
