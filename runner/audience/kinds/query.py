"""`query`: one SELECT over the project's own files, or in a database; a sealed process has it answered."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from runner.audience.frames import Kind
from runner.audience.query_values import LABEL
from runner.audience.rows import Wanted
from runner.audience.sealed import run_sealed
from runner.audience.shape import Shape
from runner.audience.tables import Means, Table
from runner.model.config import Source
from runner.templates import render, render_sql

_BLOCK = """(SELECT from_json(?, '{"texts": ["VARCHAR"], "hurts": ["VARCHAR"]}') AS b)"""
"""What stands in a frame of rows; of a block in which all are texts, `hurts` is NULL."""

Frames = Generator[tuple[Kind, bytes]]


def read_query(source: Source, means: Means, _connection: DuckDBPyConnection) -> Generator[Table]:
    """What the query gives, as one table: from its database, else from the project's files.

    Raises SourceUnreadable, TemplateFailed, ReferenceUnresolved or HostRefused where it can't be answered.
    """
    sql, parameters = render_sql(source.text, means.context)
    wanted = render(source.column, means.context) if source.column is not None else None
    request: dict[str, object] = {"root": str(means.root), "sql": sql, "parameters": parameters, "column": wanted}
    work = "engine"
    if source.database is not None:
        work = "database"
        allowed = None if means.allowed_hosts is None else sorted(means.allowed_hosts)
        request |= {"url": means.look_up(source.database).open(), "allowed_hosts": allowed}
    frames = run_sealed(work, request, f"`{LABEL}`")
    try:
        _, head = next(frames)
        yield Answer(tuple(json.loads(head)), frames)
    finally:
        frames.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, as they come: of its columns, whose names are known, it sends the one with the numbers."""

    names: tuple[str, ...]
    frames: Frames
    name: str = LABEL
    file: str | None = None

    @property
    def shape(self) -> Shape:
        """What its columns are called."""
        return Shape(None, self.names, len(self.names), 0, 0)

    def load(self, connection: DuckDBPyConnection, _wanted: Wanted) -> str:
        """Bring its rows into the engine."""
        connection.execute("CREATE OR REPLACE TABLE read (text VARCHAR, hurt VARCHAR)")
        for _, block in self.frames:
            connection.execute(
                f"INSERT INTO read SELECT unnest(b.texts), unnest(b.hurts) FROM {_BLOCK}", [block.decode()]
            )
        return "(SELECT rowid + 1 AS place, text, coalesce(hurt, '') AS hurt FROM read)"

    def close(self) -> None:
        """End the process that sends the rows."""
        self.frames.close()
