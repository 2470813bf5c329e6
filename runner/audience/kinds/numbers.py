"""`numbers`: a list in the YAML file itself."""

from __future__ import annotations

from collections.abc import Generator

from duckdb import DuckDBPyConnection

from runner.audience.sheets import write_sheet
from runner.audience.tables import Means, Table
from runner.model.config import Source
from runner.templates import render


def read_numbers(source: Source, means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """The listed texts, as a table of one column without a name."""
    rows = (("", "", (render(text, means.context),)) for text in source.numbers)
    yield write_sheet("numbers", rows, names=None)
