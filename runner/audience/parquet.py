"""Parquet, which the engine reads itself, each cell as the text that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.engine import count, is_nested, quote_name, quote_text
from runner.audience.handles import find_path, name_for_engine
from runner.audience.rows import Hurt, Wanted
from runner.audience.shape import Shape, refuse_width
from runner.audience.text import refuse_change, stamp_file
from runner.errors import SourceUnreadable
from runner.numbers import mask_numbers

_LOSSY = frozenset({"FLOAT"})


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file that is open, with the types of its columns."""

    name: str
    handle: BinaryIO
    stamp: tuple[int, int]
    shape: Shape
    types: Sequence[str]

    @property
    def file(self) -> str:
        """The path of the file."""
        return self.name

    def load(self, connection: DuckDBPyConnection, wanted: Wanted) -> str:
        """Bring its rows into the engine. Raises SourceUnreadable where that can't be done, or a digit may be lost."""
        kind = self.types[wanted.column]
        if kind in _LOSSY:
            message = f"the column of `{self.name}` holds numbers of {kind}, which keeps seven digits: others are lost"
            raise SourceUnreadable(message, hint="export the column as text", code="not-a-table")
        nested = f"CASE WHEN {self._name(wanted.column)} IS NULL THEN '' ELSE '{Hurt.NESTED}' END"
        cells = [f"{self._spell(place)} AS w{index}" for index, place in enumerate(wanted.others)]
        hurt = nested if is_nested(kind) else "''"
        query = ", ".join([f"{self._spell(wanted.column)} AS text", f"{hurt} AS hurt", *cells])
        source = _read(self.handle)
        try:
            connection.execute(f"CREATE OR REPLACE TABLE read AS SELECT {query} FROM {source}")
            said = count(connection, f"SELECT num_rows FROM parquet_file_metadata({_spell_path(self.handle)})")
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise _unreadable(self.name, self.handle, error) from error
        if count(connection, "SELECT count(*) FROM read") != said:
            raise SourceUnreadable(f"`{self.name}` says that it has {said:,} rows, and has not as many")
        refuse_change(self.handle, self.stamp, self.name)
        return "(SELECT rowid + 1 AS place, * FROM read)"

    def close(self) -> None:
        """Let go of the file."""
        self.handle.close()

    def _spell(self, place: int) -> str:
        return f"coalesce({self._name(place)}::VARCHAR, '')"

    def _name(self, place: int) -> str:
        return quote_name((self.shape.names or ())[place])


def open_parquet(connection: DuckDBPyConnection, file: BinaryIO, name: str) -> ParquetTable:
    """The table in a file, which belongs to it from now on. Raises SourceUnreadable where it is none."""
    stamp = stamp_file(file)
    try:
        columns = connection.execute(f"DESCRIBE SELECT * FROM {_read(file)}").fetchall()
    except duckdb.Error as error:
        raise _unreadable(name, file, error) from error
    refuse_width(name, len(columns))
    shape = Shape(None, tuple(column[0] for column in columns), len(columns), 0, 0)
    return ParquetTable(name, file, stamp, shape, [column[1] for column in columns])


def _read(file: BinaryIO) -> str:
    return f"read_parquet({_spell_path(file)}, binary_as_string = true, hive_partitioning = false)"


def _spell_path(file: BinaryIO) -> str:
    return quote_text(name_for_engine(file))


def _unreadable(name: str, file: BinaryIO, error: duckdb.Error) -> SourceUnreadable:
    said = str(error).splitlines()[0].partition(": ")[2].replace(find_path(file), name)
    message = f"`{name}` is no Parquet file, or is damaged: {mask_numbers(said)}"
    return SourceUnreadable(message, hint="check what it is, or export it again", code="not-a-table")
