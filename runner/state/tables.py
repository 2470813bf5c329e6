"""The tables of the state, the same ones in SQLite and in PostgreSQL.

The database itself keeps the laws: a second live row for one person of a campaign violates a primary key, a status that
the contract does not know violates a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    insert,
    text,
)

from runner.model.ledger import ChunkStatus

Text = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts by its code points, as SQLite sorts it, whatever language the server was set up for."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as ISO 8601 text of one width, so that the texts sort as the moments do."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> str | None:
        """The moment as text."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, _dialect: object) -> datetime | None:
        """The text as a moment."""
        return None if value is None else datetime.fromisoformat(value)


class Amount(TypeDecorator[Decimal]):
    """An amount of money, kept as the text of its digits: binary fractions hold no cents."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: object) -> str | None:
        """The amount as text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: object) -> Decimal | None:
        """The text as an amount."""
        return None if value is None else Decimal(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# One row. `version` is the first thing that is read of a state, so it stays where it is in every release to come.
state = Table(
    "state",
    metadata,
    Column("singleton", Integer, CheckConstraint("singleton = 1", name="one_row"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state_id", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("check_value", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Which server, and which of its histories: it changes when an older copy or a standby takes the server's place.
    Column("timeline", Text),
    # Since when another state goes on with this ledger.
    Column("retired_at", Moment),
)

# One API key at one address, under whatever names; `epoch` is raised by each taking of its lock.
accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", LargeBinary, CheckConstraint("length(fingerprint) = 16", name="bytes"), nullable=False),
    Column("epoch", Integer, nullable=False),
    UniqueConstraint("fingerprint"),
)

# One taking of an account's lock: who held it.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("user", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("pid_namespace", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("since", Moment, nullable=False),
)

# A campaign's rows point at its surrogate id, so that a name can change later and the ledger go on under the new one.
campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("edition", Text),
)
# Two indexes, since to one unique constraint two campaigns without an edition would be different ones.
_plain, _edited = campaigns.c.edition.is_(None), campaigns.c.edition.is_not(None)
Index("uq_campaigns_name", campaigns.c.name, unique=True, sqlite_where=_plain)
Index("uq_campaigns_name_edition", campaigns.c.name, campaigns.c.edition, unique=True, sqlite_where=_edited)

# Every content that a campaign was ever recorded with.
contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("digest", LargeBinary, CheckConstraint("length(digest) = 32", name="bytes"), nullable=False),
    Column("audio", Text, nullable=False),
    Column("notify_email", Text, nullable=False),
    Column("sender_pseudonym", LargeBinary),
    Column("sender_masked", Text),
    Column("notify_url", Text),
    Column("schedule", Text),
    UniqueConstraint("campaign_id", "digest"),
)

# One API request. `account` is the name it had, beside the account that it was: places in doubt belong to both.
# An instant is the wall clock, the seconds since a boot, and which boot; and where a server keeps the state for several
# machines, its clock at the moment of recording.
chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False, index=True),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column(
        "status",
        Enum(
            ChunkStatus,
            name="status",
            native_enum=False,
            create_constraint=True,
            length=16,
            values_callable=lambda statuses: [status.value for status in statuses],
        ),
        nullable=False,
        index=True,
    ),
    Column("recipients", Integer, CheckConstraint("recipients > 0", name="somebody"), nullable=False),
    Column("probe", Boolean, nullable=False),
    Column("timeout_s", Float, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_boottime_s", Float, nullable=False),
    Column("recorded_boot_id", Text, nullable=False),
    Column("ended_at", Moment),
    Column("ended_boottime_s", Float),
    Column("ended_boot_id", Text),
    Column("provider_id", Text),
    Column("cost", Amount),
    Column("currency", Text),
    Column("counted", Integer),
    Column("audio_name", Text),
    Column("reason", Text),
    Column("settled_at", Moment),
    Column("settled_by", Text),
    Column("recorded_server_at", Moment),
    Column("ended_server_at", Moment),
    # The plan that it was sent for, by which a saved plan learns that another one was carried out meanwhile.
    Column("plan_id", Text),
    # The account's address as the project's file said it.
    Column("base_url", Text),
    # People reached by something else: no request of ours, and no acceptance of its content.
    Column("adopted", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("status <> 'released' or settled_at is not null", name="released_by_somebody"),
)

# Who may not be sent to again in a campaign: the people of its chunks that are sending, unknown or accepted.
# A person is the 16 bytes of a pseudonym. The primary key is why nobody is reached twice. Campaign and chunk were kept
# before in the same transaction, and to ask a server for them again for each person takes it longer than to keep them:
# there the chunk is no foreign key, and it is the chunks that refuse to be removed. No index finds people by chunk: it
# would be as large as the table, each chunk would pay for it, and only one whose people are freed would use it.
recipients = Table(
    "recipients",
    metadata,
    Column("campaign_id", Integer, primary_key=True, autoincrement=False),
    Column("pseudonym", LargeBinary, CheckConstraint("length(pseudonym) = 16", name="bytes"), primary_key=True),
    Column("chunk_id", Integer, nullable=False),
    ForeignKeyConstraint(["chunk_id"], ["chunks.id"]).ddl_if("sqlite"),
    sqlite_with_rowid=False,
)

# Whom the provider refused when they stood alone, by the content that it refused to send them.
refused = Table(
    "refused",
    metadata,
    Column("content_id", ForeignKey("contents.id"), primary_key=True),
    Column("pseudonym", LargeBinary, CheckConstraint("length(pseudonym) = 16", name="bytes"), primary_key=True),
    Column("chunk_id", ForeignKey("chunks.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

# The names that a campaign had before. A run that is no later than `last_run` began when the former was its name still.
formers = Table(
    "formers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("edition", Text),
    Column("last_run", Integer, nullable=False),
)

# How much there was the last time something was sent, by what was measured: people of a campaign, rows of an exclusion.
measures = Table(
    "measures",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

# Which campaigns may record nothing more until they are resumed: a glob as it was typed, empty for all of them.
stops = Table(
    "stops",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
)


def insert_row(connection: Connection, into: Table | Insert, values: Mapping[str, Any]) -> int:
    """Insert a row into a table whose key is an integer, and answer the key that it got."""
    statement = insert(into) if isinstance(into, Table) else into
    key = connection.execute(statement, values).inserted_primary_key
    if key is None:
        raise ValueError(f"{statement.table.name} gave no key to its new row")
    return int(key[0])
