"""The embedded engine: one DuckDB in memory, bounded, that writes no file and connects to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import duckdb
from duckdb import DuckDBPyConnection

from runner.errors import SourceUnreadable

MEMORY_LIMIT = "3GB"
MOST_THREADS = 8

ITEMS = "(SELECT unnest(string_split(part, ',')) AS item FROM (SELECT unnest($parts::VARCHAR[]) AS part))"
"""The items (item VARCHAR) of a page of comma-joined ones, whose parts the parameter `parts` holds."""

_PART = 1 << 16
_NESTED = re.compile(r".*\]|(STRUCT|MAP|UNION|VARIANT)\b.*", re.DOTALL)


def open_engine() -> DuckDBPyConnection:
    """A new engine with nothing in it. It may read the files that this room hands to it until it is sealed."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "allow_community_extensions": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    # The progress bar would go to stdout. Spilled rows would be numbers in a file. Two files, one after the other,
    # may bear the name of one descriptor, so nothing read may be kept by name.
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET temp_directory = ''")
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("SET enable_external_file_cache = false")
    connection.execute("SET preserve_insertion_order = true")
    if count(connection, "SELECT current_setting('threads')") > MOST_THREADS:
        connection.execute(f"SET threads = {MOST_THREADS}")
    return connection


def seal_engine(connection: DuckDBPyConnection) -> None:
    """From now on no statement can read a file, whatever a user wrote, nor open this again."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def count(connection: DuckDBPyConnection, query: str, parameters: object = None) -> int:
    """The whole number that `query` answers in its one row; 0 where it answers NULL or nothing."""
    row = connection.execute(query, parameters).fetchone()
    return int(row[0]) if row is not None and row[0] is not None else 0


def is_nested(kind: str) -> bool:
    """Whether cells of this type of the engine are lists, maps or structures, which are no text."""
    return _NESTED.fullmatch(kind) is not None


def cut_page(page: str) -> list[str]:
    """A page in parts for `ITEMS`, cut between two items: a long text takes the engine several times as long."""
    parts = []
    start = 0
    while (end := page.find(",", start + _PART)) >= 0:
        parts.append(page[start:end])
        start = end + 1
    return [*parts, page[start:]]


def cut_bytes(joined: bytes, size: int) -> list[str]:
    """Items of so many bytes each for `ITEMS`, as hexadecimal digits. Raises ValueError where one is cut short."""
    if len(joined) % size:
        raise ValueError(f"{len(joined)} bytes are no whole number of items of {size}")
    return cut_page(joined.hex(",", size))


def quote_name(name: str) -> str:
    """`name` as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """`text` as a literal."""
    return "'" + text.replace("'", "''") + "'"


def matches(text: str, pattern: str) -> str:
    """An SQL expression: whether the whole of the expression `text` matches `pattern`."""
    return f"regexp_full_match({text}, {quote_text(pattern)})"


@contextmanager
def deadline(connection: DuckDBPyConnection, seconds: float, what: str) -> Iterator[None]:
    """Interrupt whatever runs on `connection` after `seconds`, or past the engine's memory; `what` names it.

    Raises SourceUnreadable where that happens.
    """
    timer = Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        message = f"{what} takes longer than {seconds:g} seconds"
        raise SourceUnreadable(message, hint="simplify it", code="source-too-slow") from error
    except duckdb.OutOfMemoryException as error:
        raise _too_much_memory(what) from error
    finally:
        timer.cancel()


@contextmanager
def bounded_memory(what: str) -> Iterator[None]:
    """Raises SourceUnreadable where the engine's memory does not suffice for `what`."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _too_much_memory(what) from error


def _too_much_memory(what: str) -> SourceUnreadable:
    message = f"{what} needs more than {MEMORY_LIMIT.removesuffix('GB')} GB of memory"
    return SourceUnreadable(message, hint="split it into several campaigns", code="source-too-large")
