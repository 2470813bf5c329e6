"""The version of a state's tables, and how an older state is brought up to date."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select, update

from runner.state.tables import formers, measures, metadata, state

FIRST = 1


def _add_what_is_shared(connection: Connection) -> None:
    """Version 2: what a shared state needs, and campaigns stopped by hand."""
    for table, column in (
        ("state", "timeline"),
        ("state", "retired_at"),
        ("chunks", "recorded_server_at"),
        ("chunks", "ended_server_at"),
    ):
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR")
    connection.exec_driver_sql(
        'CREATE TABLE stops (campaign VARCHAR NOT NULL, "by" VARCHAR NOT NULL, at VARCHAR NOT NULL,'
        " CONSTRAINT pk_stops PRIMARY KEY (campaign))"
    )


def _add_what_is_compared(connection: Connection) -> None:
    """Version 3: what plans are held against, and adoption: a chunk's plan and address, former names, measures."""
    for column in ("plan_id", "base_url"):
        connection.exec_driver_sql(f"ALTER TABLE chunks ADD COLUMN {column} VARCHAR")
    connection.exec_driver_sql("ALTER TABLE chunks ADD COLUMN adopted BOOLEAN DEFAULT false NOT NULL")
    for table in (formers, measures):
        table.create(connection)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_add_what_is_shared, _add_what_is_compared)
"""The n-th brings a state from version n to version n + 1; one that was released is never edited again."""

VERSION = FIRST + len(MIGRATIONS)


def create_tables(connection: Connection) -> None:
    """The tables of a new state, as they are in the newest version."""
    metadata.create_all(connection)


def find_version(connection: Connection) -> int:
    """The version of the state, 0 where there is none."""
    if not inspect(connection).has_table(state.name):
        return 0
    return connection.execute(select(state.c.version)).scalar() or 0


def migrate(connection: Connection) -> None:
    """Bring the state up to `VERSION`, in the caller's one transaction; nothing is done where it is there already."""
    for migration in MIGRATIONS[find_version(connection) - FIRST :]:
        migration(connection)
    connection.execute(update(state).where(state.c.version < VERSION).values(version=VERSION))
