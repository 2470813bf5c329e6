"""`query`: not read yet."""

from __future__ import annotations

from collections.abc import Generator

from duckdb import DuckDBPyConnection

from runner.audience.tables import Means, Table
from runner.errors import SourceUnreadable
from runner.model.config import Source


def read_query(_source: Source, _means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """Not read yet."""
    yield from ()
    raise SourceUnreadable("`query` is not read yet")
