"""The version of a state's tables, and how an older state is brought up to date."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select, update

from runner.state.tables import metadata, state

FIRST = 1

KEEP_CHUNKS = (
    """\
CREATE OR REPLACE FUNCTION keep_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'a chunk is never removed'; END $$
""",
    """\
CREATE OR REPLACE TRIGGER keep_chunks BEFORE DELETE OR TRUNCATE OR UPDATE OF id ON chunks
FOR EACH STATEMENT EXECUTE FUNCTION keep_chunks()
""",
)
"""In PostgreSQL, where no foreign key keeps a chunk that has people."""


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
    postgresql = connection.dialect.name == "postgresql"
    text, key = ('VARCHAR COLLATE "C"', "SERIAL") if postgresql else ("VARCHAR", "INTEGER")
    if postgresql:
        for column in ("campaign_id", "chunk_id"):
            connection.exec_driver_sql(f"ALTER TABLE recipients DROP CONSTRAINT IF EXISTS fk_recipients_{column}")
        _keep_chunks(connection)
    for statement in (
        f"ALTER TABLE chunks ADD COLUMN plan_id {text}",
        f"ALTER TABLE chunks ADD COLUMN base_url {text}",
        "ALTER TABLE chunks ADD COLUMN adopted BOOLEAN DEFAULT false NOT NULL",
        (
            f"CREATE TABLE formers (id {key} NOT NULL, campaign_id INTEGER NOT NULL, name {text} NOT NULL,"
            f" edition {text}, last_run INTEGER NOT NULL, CONSTRAINT pk_formers PRIMARY KEY (id),"
            " CONSTRAINT fk_formers_campaign_id FOREIGN KEY (campaign_id) REFERENCES campaigns (id))"
        ),
        "CREATE INDEX ix_formers_campaign_id ON formers (campaign_id)",
        (
            f"CREATE TABLE measures (subject {text} NOT NULL, number INTEGER NOT NULL, at {text} NOT NULL,"
            " CONSTRAINT pk_measures PRIMARY KEY (subject))"
        ),
    ):
        connection.exec_driver_sql(statement)


def _drop_index_of_people(connection: Connection) -> None:
    """Version 4: no index finds people by their chunk."""
    connection.exec_driver_sql("DROP INDEX IF EXISTS ix_recipients_chunk_id")


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _add_what_is_shared,
    _add_what_is_compared,
    _drop_index_of_people,
)
"""The n-th brings a state from version n to version n + 1; one that was released is never edited again."""

VERSION = FIRST + len(MIGRATIONS)


def _keep_chunks(connection: Connection) -> None:
    for statement in KEEP_CHUNKS:
        connection.exec_driver_sql(statement)


def create_tables(connection: Connection) -> None:
    """The tables of a new state, as they are in the newest version."""
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        _keep_chunks(connection)


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
