"""A state on a PostgreSQL server, which several machines share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import final

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError

from runner.errors import StateRefused
from runner.model.secret import Secret
from runner.state.homes import Fill, Home
from runner.state.postgresql import PostgresqlTransactions
from runner.state.tables import metadata
from runner.state.tables import state as state_table
from runner.state.transactions import Transactions
from runner.state.versions import migrate

NO_KEY = "a state on PostgreSQL needs `state_key`: a key on this machine alone would be no key for the others"

# Two that make a state at once wait for each other, by a lock that no account's can be.
MAKING = text("SELECT pg_advisory_xact_lock(hashtextextended('campaign-runner', 0))")
TIMELINE = text(
    "SELECT (SELECT system_identifier::text FROM pg_control_system()) || ':'"
    " || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"
)
# A dump that is put back makes the database, or the tables in it, anew.
TABLE = text(
    "SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database())"
    " || '.' || to_regclass('state')::oid::text"
)
DUPLICATE_TABLE = "42P07"


@final
class StateServer(Home):
    """The database that a `postgresql://` URL names, and in it the schema that comes first in its search path."""

    def __init__(self, url: str) -> None:
        try:
            parts: URL = make_url(url).set(drivername="postgresql+psycopg")
        except (ArgumentError, ValueError):
            hint = "write postgresql://USER@HOST/DATABASE"
            raise StateRefused("`state` is no URL", hint=hint, code="state-url") from None
        self._url = parts
        named = parts.set(drivername="postgresql", password=None, query={})
        self.name = named.render_as_string(hide_password=True)

    def find(self, *, recording: bool) -> PostgresqlTransactions | None:
        """The state in this database; None where it has no such tables."""
        opened = PostgresqlTransactions(self._url, self.name, recording=recording)
        with ExitStack() as until_found:
            until_found.callback(opened.close)
            with opened.reading() as connection:
                self._refuse_standby(connection)
                if not inspect(connection).has_table(state_table.name):
                    return None
                columns = {column["name"] for column in inspect(connection).get_columns(state_table.name)}
                if not {"singleton", "version", "state_id", "check_value"} <= columns:
                    raise self.refuse_foreign()
            until_found.pop_all()
        return opened

    def make(self, fill: Fill, find_key: Callable[[], Secret]) -> bool:
        """Make all tables and the state's row in one transaction."""
        find_key()
        opened = PostgresqlTransactions(self._url, self.name, recording=True)
        try:
            with opened.making() as connection:
                self._refuse_standby(connection)
                connection.execute(MAKING)
                if inspect(connection).has_table(state_table.name):
                    return False
                if any(inspect(connection).has_table(table) for table in metadata.tables):
                    raise self.refuse_foreign()
                fill(connection)
        finally:
            opened.close()
        return True

    def read_key(self) -> Secret:
        """No key lies beside a server."""
        raise StateRefused(NO_KEY, hint="set `state_key: ${CAMPAIGN_STATE_KEY}`", code="state-key-missing")

    def find_key(self) -> Secret:
        """No key lies beside a server, and none is made there."""
        return self.read_key()

    def find_or_make_key(self) -> Secret:
        """No key is made beside a server."""
        return self.read_key()

    def upgrade(self, transactions: Transactions, version: int, *, recording: bool) -> Transactions:
        """Upgrade the tables in place. Raises StateRefused for whoever only reads: they can't be changed for that."""
        if not recording:
            message = f"`{self.name}` was made by an older release (its version is {version})"
            hint = "the next `campaign apply` upgrades it; all machines that share it then need this release"
            raise StateRefused(message, hint=hint, code="state-version")
        with transactions.recording() as connection:
            migrate(connection)
        return transactions

    def find_traces(self) -> str | None:
        """A server keeps none."""
        return None

    def find_doubt(self) -> str | None:
        """A server tells all that is asked of it."""
        return None

    def find_timeline(self, connection: Connection) -> str | None:
        """The server's identity, its timeline (the manual's chapter on continuous archiving), and the tables' own.

        The first changes when a dump is put back elsewhere, the second when a standby is promoted or a backup restored,
        the last when a dump is put back here. Where the server does not show the first two, they are empty.
        """
        try:
            with connection.begin_nested():
                server: str | None = connection.execute(TIMELINE).scalar()
        except (ProgrammingError, DBAPIError) as error:
            if error.connection_invalidated:
                raise
            server = None
        return f"{server or ''}:{connection.execute(TABLE).scalar()}"

    def _refuse_standby(self, connection: Connection) -> None:
        if connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
            message = f"`{self.name}` is a standby, which lags behind what was recorded"
            raise StateRefused(message, hint="let `state` name the primary", code="state-server")
