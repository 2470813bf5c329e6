"""Chunks as the ledger has them: records, what is in doubt, and what pacing and settlement ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, or_, select

from runner.model.clock import Instant
from runner.model.ledger import IN_DOUBT, ChunkRecord, ChunkStatus, Departure, SenderRecord
from runner.state.dialects import read_server_clock
from runner.state.fence import Held
from runner.state.holders import read_holder
from runner.state.tables import campaigns, chunks, recipients, runs

RECORD = (
    chunks.c.name.label("chunk"),
    campaigns.c.name.label("campaign"),
    campaigns.c.edition,
    chunks.c.account,
    chunks.c.status,
    chunks.c.recipients,
    chunks.c.probe,
    chunks.c.recorded_at,
    chunks.c.ended_at.label("answered_at"),
    chunks.c.provider_id,
    chunks.c.cost,
    chunks.c.currency,
    chunks.c.counted,
    chunks.c.audio_name,
    chunks.c.reason,
    chunks.c.adopted,
)
"""The columns of a ChunkRecord, under its names."""


def is_campaign() -> ColumnElement[bool]:
    """The condition that `campaigns` is the one that `name_campaign` names."""
    return (campaigns.c.name == bindparam("campaign")) & campaigns.c.edition.is_not_distinct_from(bindparam("edition"))


def name_campaign(name: str, edition: str | None) -> Mapping[str, str | None]:
    """The parameters of a statement that asks `is_campaign`; an edition that is None is one like any other."""
    return {"campaign": name, "edition": edition}


def is_account() -> ColumnElement[bool]:
    """The condition that a chunk is the account's that `name_account` names, by API key or by name.

    So a new key frees no place.
    """
    return or_(chunks.c.account_id == bindparam("account_id"), chunks.c.account == bindparam("account"))


def name_account(held: Held) -> Mapping[str, int | str]:
    """The parameters of a statement that asks `is_account`."""
    return {"account_id": held.account_id, "account": held.account}


def _select_doubt() -> Select[int]:
    return select(func.count()).select_from(chunks).where(chunks.c.status.in_(sorted(IN_DOUBT)), is_account())


def _select_last_is_doubt() -> Select[bool]:
    answered = (chunks.c.status == ChunkStatus.ACCEPTED) & chunks.c.settled_at.is_(None)
    doubted = (chunks.c.status == ChunkStatus.UNKNOWN) | chunks.c.settled_at.is_not(None)
    asked = (is_account(), answered | doubted, ~chunks.c.adopted)
    return select(doubted).where(*asked).order_by(chunks.c.id.desc()).limit(1)


def _select_requests() -> Select[*tuple[Any, ...]]:
    columns = [c for c in chunks.c if c.name.startswith(("recorded_", "ended_", "timeout_"))]
    return select(*columns).where(chunks.c.account_id == bindparam("account_id")).order_by(chunks.c.id.desc())


# To build a statement takes longer than to carry it out: what each chunk and each run asks is built once.
DOUBT = _select_doubt()
LAST_IS_DOUBT = _select_last_is_doubt()
ENDED_REQUESTS = _select_requests().where(chunks.c.ended_at.is_not(None)).limit(bindparam("newest"))
OPEN_REQUESTS = _select_requests().where(chunks.c.ended_at.is_(None))
RECORDS = select(*RECORD).join(campaigns, chunks.c.campaign_id == campaigns.c.id).order_by(chunks.c.id)
SENDER = select(chunks, runs).join(runs, chunks.c.run_id == runs.c.id).where(chunks.c.name == bindparam("chunk"))


def read_chunks(
    connection: Connection, *conditions: ColumnElement[bool], asked: Mapping[str, str | None] | None = None
) -> tuple[ChunkRecord, ...]:
    """The chunks for which all conditions hold, in the order in which they were recorded."""
    rows = connection.execute(RECORDS.where(*conditions), asked)
    return tuple(ChunkRecord(**row) for row in rows.mappings())


def read_selected(
    connection: Connection, name: str | None, edition: str | None, statuses: Iterable[ChunkStatus] | None
) -> tuple[ChunkRecord, ...]:
    """The chunks of a campaign, or of all, with one of these statuses, or with any."""
    conditions = [] if statuses is None else [chunks.c.status.in_(sorted(statuses))]
    if name is None:
        return read_chunks(connection, *conditions)
    return read_chunks(connection, *conditions, is_campaign(), asked=name_campaign(name, edition))


def read_contacts(connection: Connection, pseudonym: bytes) -> tuple[ChunkRecord, ...]:
    """The chunks that hold this person: those that reached them, and those of which that is not known."""
    # Asked of each campaign, so that each look-up is one of the primary key and none walks through all people.
    each = campaigns.alias("each_campaign")
    holding = select(recipients.c.chunk_id).where(
        recipients.c.campaign_id == each.c.id, recipients.c.pseudonym == pseudonym
    )
    return read_chunks(connection, chunks.c.id.in_(select(holding.scalar_subquery()).select_from(each)))


def find_sender(connection: Connection, chunk: str) -> SenderRecord | None:
    """Who recorded the chunk, and when; None where there is no chunk of this name."""
    row = connection.execute(SENDER, {"chunk": chunk}).one_or_none()
    if row is None:
        return None
    server = read_server_clock(connection) if row.recorded_server_at is not None else None
    return SenderRecord(
        holder=read_holder(row),
        recorded=_read_start(row),
        timeout=timedelta(seconds=row.timeout_s),
        ended=_read_end(row),
        age=None if server is None else server - row.recorded_server_at,
    )


def count_in_doubt(connection: Connection, held: Held) -> int:
    """How many places in doubt the account has taken, over all runs and campaigns."""
    return connection.execute(DOUBT, name_account(held)).scalar_one()


def must_probe(connection: Connection, held: Held) -> bool:
    """Whether the account's newest chunk that was accepted or became unknown is one of the latter.

    One that an operator settled still counts as unknown here: whatever became of it, the provider has answered nothing
    since, and a probe is what finds out whether it does.
    """
    return bool(connection.execute(LAST_IS_DOUBT, name_account(held)).scalar())


def read_departures(connection: Connection, held: Held, newest: int) -> tuple[Departure, ...]:
    """The requests of this API key that pacing must know: the `newest` that ended, and every one with no known end.

    One request of a key is under way at a time, so the newest recorded are those that ended last.
    """
    ended = connection.execute(ENDED_REQUESTS, {"account_id": held.account_id, "newest": newest})
    rows = [*ended, *connection.execute(OPEN_REQUESTS, {"account_id": held.account_id})]
    return tuple(
        Departure(
            started=_translate(_read_start(row), row.recorded_server_at, held),
            ended=None if ended is None else _translate(ended, row.ended_server_at, held),
            timeout=timedelta(seconds=row.timeout_s),
        )
        for row in rows
        for ended in (_read_end(row),)
    )


def _translate(instant: Instant, server_at: datetime | None, held: Held) -> Instant:
    """What another machine or boot recorded, by this machine's wall clock: the server's clock lies between the two."""
    if server_at is None or instant.boot_id == held.boot_id != "unknown":
        return instant
    return replace(instant, wall=server_at - held.skew)


def _read_start(row: Row[Any]) -> Instant:
    return Instant(row.recorded_at, row.recorded_boottime_s, row.recorded_boot_id)


def _read_end(row: Row[Any]) -> Instant | None:
    return None if row.ended_at is None else Instant(row.ended_at, row.ended_boottime_s, row.ended_boot_id)
