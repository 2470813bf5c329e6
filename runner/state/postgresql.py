"""The one connection to a PostgreSQL state: what it is set to, its transactions, and its failures as errors of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar, final

from sqlalchemy import URL, Connection, RootTransaction, Update, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from runner.errors import LockLost, StateRefused
from runner.state.sessiongrip import SessionGrip, end_session, take_session
from runner.state.sqlstates import SessionLost, translate
from runner.state.tables import campaigns
from runner.state.transactions import Transactions

Value = TypeVar("Value")

for _index in campaigns.indexes:
    # Said here, since its mere mention has SQLAlchemy load all that it knows of PostgreSQL: a tenth of a plan's start.
    _index.dialect_options["postgresql"]["where"] = _index.dialect_options["sqlite"]["where"]

OLDEST = 140_000
"""PostgreSQL 14: the first that notices by itself that whoever holds a lock is gone."""

PATIENCE_S = 10.0
SHARE_TO_WAIT, SHARE_TO_HEAR = 0.4, 0.8
"""Of a request's `timeout`: how long a recording may wait for others, and how long for a server that says nothing."""

SETTINGS: Mapping[str, str] = {
    # Who waits for another's recording gives up, and says so.
    "lock_timeout": "10s",
    # A process that froze in the middle of a recording keeps others waiting no longer than this.
    "idle_in_transaction_session_timeout": "30s",
    # Between two chunks a session is idle for as long as the provider's limit wants it.
    "idle_session_timeout": "0",
    # Whoever waited for another's recording then sees what that recorded.
    "default_transaction_isolation": "read committed",
    # A killed process loses its lock within this time, also while a statement of it still runs.
    "client_connection_check_interval": "5s",
}
"""What a session is set to, and must answer when it is asked (the manual's chapter on client connection defaults)."""

LINK: Mapping[str, str] = {
    # The server learns within half a minute that a cable was cut, and with the session goes its lock.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""The same for the link to the server; a socket of this machine knows no such thing, so they are not asked back."""

ARGUMENTS: Mapping[str, object] = {
    "connect_timeout": int(PATIENCE_S),
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "campaign",
    # A transaction begins by our own words: the driver's would be one more question for a server that is far away.
    "autocommit": True,
    # A statement that the server prepared in one session means nothing to the next one that a pooler gives us.
    "prepare_threshold": None,
}
"""The same on this side of the link."""

# Weaker than `on`, a commit may be lost with the server; `remote_apply` is stronger than it.
DURABLE = (
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
DURABLE_ALONE = f"{DURABLE} FROM state FOR UPDATE"
IS_DURABLE = ("on", "remote_apply")
IS_DURABLE_ALONE = text(f"({DURABLE_ALONE}) IN {IS_DURABLE}")
LOOK = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@final
class PostgresqlTransactions(Transactions):
    """One session of a PostgreSQL server; whoever holds a lock in it records in it.

    A session that was lost is replaced by a new one with the next transaction. That one holds no lock, so the fence
    lets it record no chunk; answers, which are not fenced, are recorded in it all the same.
    """

    def __init__(self, url: URL, name: str, *, recording: bool) -> None:
        self._name, self._recording = name, recording
        self._settings = {**SETTINGS, **LINK, "default_transaction_read_only": "off" if recording else "on"}
        try:
            self._engine = create_engine(url, poolclass=NullPool, connect_args=dict(ARGUMENTS))
            from runner.state.sessions import SILENCE_S, connect
        except ImportError as error:
            hint = "install it with `pip install 'campaign-runner[postgres]'`"
            message = "a state on PostgreSQL needs the driver psycopg, which is the extra `postgres`"
            raise StateRefused(message, hint=hint, code="state-driver-missing") from error
        event.listen(self._engine, "do_connect", connect)
        self._patience_s, self._silence_s = PATIENCE_S, SILENCE_S
        self._connection: Connection | None = None
        with self._telling():
            self._connect()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the state, for as long as the block lasts; nobody waits for it."""
        with self._transaction(lambda connection: connection.exec_driver_sql(LOOK)) as connection:
            yield connection

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        """A durable transaction: no other may record meanwhile, and at the block's end it is on the server's disk."""
        with self._transaction(self._begin_alone) as connection:
            yield connection

    @contextmanager
    def making(self) -> Iterator[Connection]:
        """A durable transaction where there is no state yet."""
        with self._transaction(self._begin_durably) as connection:
            yield connection

    @contextmanager
    def fenced(self) -> Iterator[Connection]:
        """A durable transaction of whoever holds a lock: the lock goes with the session."""
        try:
            with self.recording() as connection:
                yield connection
        except SessionLost as lost:
            message = f"this run has lost its lock with its session: {lost.message}"
            raise LockLost(message, hint="nothing more was sent: apply again to go on") from lost

    def change(self, change: Update, values: Mapping[str, object]) -> int:
        """One change as a durable transaction of its own, which waits for others; answer how many rows it found.

        None are found where the server does not keep to what makes it durable, as `recording` then says.
        """
        with self._telling():
            return self._in_session(lambda connection: _change_alone(connection, change, values))

    def take(self, state_id: str, fingerprint: bytes) -> SessionGrip | None:
        """The session's own lock on the account, in the very session that records."""
        with self.reading() as connection:
            return take_session(self, connection, state_id, fingerprint)

    def end_holder(self, state_id: str, fingerprint: bytes) -> bool:
        """End the server's session that holds this lock, if any does; its process can record nothing more."""
        with self.recording() as connection:
            return end_session(connection, state_id, fingerprint)

    def limit_waits(self, timeout: timedelta) -> None:
        """Wait for others, and for a server that says nothing, for a part of `timeout` at most."""
        self._patience_s = min(self._patience_s, timeout.total_seconds() * SHARE_TO_WAIT)
        self._silence_s = min(self._silence_s, timeout.total_seconds() * SHARE_TO_HEAR)
        self._settings["lock_timeout"] = _spell(self._patience_s)
        if self._connection is not None:
            with self._telling():
                self._set(self._connection)

    def find_risk(self) -> str | None:
        """What no session can mend is the server's own."""
        with self.reading() as connection:
            if connection.execute(text("SHOW fsync")).scalar() != "off":
                return None
        return f"the server of `{self._name}` runs with fsync=off: a power cut may lose what was recorded"

    def close(self) -> None:
        """Let go of the state; the server lets go of the session's locks."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()

    @contextmanager
    def _transaction(self, begin: Callable[[Connection], object]) -> Iterator[Connection]:
        with self._telling(), self._begin(begin) as transaction:
            yield transaction.connection

    def _begin(self, begin: Callable[[Connection], object]) -> RootTransaction:
        """A transaction in which only `begin` was done."""
        return self._in_session(lambda connection: _begin_in(connection, begin))

    def _in_session(self, step: Callable[[Connection], Value]) -> Value:
        """Do this in the session that there is; once more in a new one where the last one was lost meanwhile."""
        if self._connection is not None:
            try:
                return step(self._connection)
            except DBAPIError as error:
                # Whoever waited for a silent server has no time left to wait for a new session of it.
                if not error.connection_invalidated or self._is_silence(error):
                    raise
                self.close()
        return step(self._connect())

    @staticmethod
    def _is_silence(error: DBAPIError) -> bool:
        from runner.state.sessions import FellSilent

        return isinstance(error.orig, FellSilent)

    def _begin_durably(self, connection: Connection, durable: str = DURABLE) -> None:
        connection.exec_driver_sql("BEGIN")
        answer = connection.exec_driver_sql(durable).scalar()
        if answer not in IS_DURABLE:
            raise self._refuse_setting("synchronous_commit", answer, "on")

    def _begin_alone(self, connection: Connection) -> None:
        self._begin_durably(connection, DURABLE_ALONE)

    def _connect(self) -> Connection:
        with ExitStack() as until_set:
            connection = self._engine.connect()
            until_set.callback(connection.close)
            self._set(connection)
            until_set.pop_all()
        self._connection = connection
        return connection

    def _set(self, connection: Connection) -> None:
        session: Any = connection.connection.driver_connection
        session.patience_s = self._silence_s
        with connection.begin():
            version: int = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
            if version < OLDEST:
                message = f"`{self._name}` is served by PostgreSQL {version // 10_000}: 14 or later is needed"
                raise StateRefused(message, hint="move the state to a newer server", code="state-server")
            # In one statement: a server far away takes as long for each.
            each = (func.set_config(name, value, text("false")) for name, value in self._settings.items())
            answers = connection.execute(select(*each)).one()
            for (name, value), answer in zip(self._settings.items(), answers, strict=True):
                if name not in LINK and answer != value:
                    raise self._refuse_setting(name, answer, value)

    def _refuse_setting(self, name: str, answer: object, value: str) -> StateRefused:
        message = f"the server of `{self._name}` keeps {name} at {answer}, and {value} is what keeps the state safe"
        return StateRefused(message, hint="let the role that the runner uses set it", code="state-server")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            told = translate(error, self._name, self._patience_s, recording=self._recording)
            if isinstance(told, SessionLost):
                self.close()
            if told is None:
                raise
            raise told from error


def _begin_in(connection: Connection, begin: Callable[[Connection], object]) -> RootTransaction:
    with ExitStack() as until_begun:
        transaction = connection.begin()
        until_begun.callback(transaction.close)
        begin(connection)
        until_begun.pop_all()
    return transaction


def _change_alone(connection: Connection, change: Update, values: Mapping[str, object]) -> int:
    # What it finds is looked at again once it has waited: so the server does at this level of isolation, row by row.
    # For the server it is a transaction of its own; what begins here is SQLAlchemy's book of it alone.
    with connection.begin():
        return connection.execute(_wait_for_others(change), values).rowcount


@lru_cache(maxsize=4)
def _wait_for_others(change: Update) -> Update:
    return change.where(IS_DURABLE_ALONE)


def _spell(seconds: float) -> str:
    """A duration as the server spells it when it is asked."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{seconds * 1000:.0f}ms"
