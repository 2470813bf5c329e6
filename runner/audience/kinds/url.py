"""`url`: not read yet."""

from __future__ import annotations

from collections.abc import Generator

from duckdb import DuckDBPyConnection

from runner.audience.tables import Means, Table
from runner.errors import SourceUnreadable
from runner.model.config import Source


def read_url(_source: Source, _means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """Not read yet."""
    yield from ()
    raise SourceUnreadable("`url` is not read yet")
