"""Campaigns as the ledger knows them: people and chunks by status, costs, contents, prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, select

from runner.model.ledger import HOLDING, IN_DOUBT, CampaignRecord, ChunkStatus, KeptContent
from runner.state.chunks import is_campaign
from runner.state.tables import campaigns, chunks, contents, recipients, refused

PRICED = chunks.c.cost.is_not(None) & chunks.c.currency.is_not(None)
REFUSED = "refused"
PEOPLE = (*(status.value for status in sorted(HOLDING)), REFUSED)
CHUNKS = tuple(status.value for status in ChunkStatus)


@dataclass(slots=True)
class _Counts:
    """What the chunks of one campaign add up to."""

    people: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    chunks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHUNKS, 0))
    costs: dict[str, Decimal] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)
    account: str = ""
    first_content: KeptContent | None = None
    accepted_contents: set[bytes] = field(default_factory=set)


def read_campaigns(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[CampaignRecord, ...]:
    """The campaigns for which the conditions on `campaigns` hold, by name and edition."""
    names = select(campaigns).where(*conditions).order_by(campaigns.c.name, campaigns.c.edition.nulls_first())
    rows = connection.execute(names).all()
    if not rows:
        return ()
    chosen = chunks.c.campaign_id.in_(select(campaigns.c.id).where(*conditions))
    counts: defaultdict[int, _Counts] = defaultdict(_Counts)
    _count_chunks(connection, chosen, counts)
    _count_refused(connection, chosen, counts)
    for campaign_id, costs in _read_costs(connection, chosen):
        counts[campaign_id].costs = costs
    _read_contents(connection, chosen, counts)
    return tuple(_build_record(row, counts[row.id]) for row in rows)


def find_cost(connection: Connection, name: str, edition: str | None) -> tuple[dict[str, Decimal], int]:
    """What the campaign cost so far by currency, and the people it holds whose cost no answer has told."""
    chosen = chunks.c.campaign_id.in_(select(campaigns.c.id).where(is_campaign(name, edition)))
    costs = dict(_read_costs(connection, chosen))
    unpriced = chunks.c.status.in_(sorted(IN_DOUBT)) | ((chunks.c.status == ChunkStatus.ACCEPTED) & ~PRICED)
    people = connection.execute(select(func.sum(chunks.c.recipients)).where(chosen, unpriced)).scalar()
    return next(iter(costs.values()), {}), people or 0


def find_price(connection: Connection, account: str) -> tuple[Decimal, str] | None:
    """What one person of this account cost, and in which currency, by the newest answer that tells.

    Fewer messages may be counted than people were sent, and more, where a long one counts twice: what one person costs
    is never told too low. An answer that costs nothing tells no price.
    """
    c = chunks.c
    told = (c.account == account, c.status == ChunkStatus.ACCEPTED, PRICED, c.counted > 0, c.cost > 0)
    query = select(c.cost, c.counted, c.recipients, c.currency).where(*told).order_by(c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.cost / min(row.counted, row.recipients), row.currency)


def find_audio_name(connection: Connection, name: str, edition: str | None, audio: str) -> str | None:
    """What the provider called this recording in its newest answer to the campaign that tells."""
    query = (
        select(chunks.c.audio_name)
        .join(contents, chunks.c.content_id == contents.c.id)
        .join(campaigns, chunks.c.campaign_id == campaigns.c.id)
        .where(is_campaign(name, edition), contents.c.audio == audio, chunks.c.audio_name.is_not(None))
        .order_by(chunks.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def _count_chunks(connection: Connection, chosen: ColumnElement[bool], counts: defaultdict[int, _Counts]) -> None:
    c = chunks.c
    moments = (func.min(c.recorded_at), func.max(c.recorded_at), func.max(c.ended_at), func.max(c.settled_at))
    query = select(c.campaign_id, c.status, func.count(), func.sum(c.recipients), *moments)
    for campaign_id, status, number, people, *found in connection.execute(
        query.where(chosen).group_by(c.campaign_id, c.status)
    ):
        counted = counts[campaign_id]
        counted.chunks[status] = number
        if status in HOLDING:
            counted.people[status] = people
        counted.moments += [moment for moment in found if moment is not None]
    newest = select(func.max(c.id)).where(chosen).group_by(c.campaign_id)
    for campaign_id, account in connection.execute(select(c.campaign_id, c.account).where(c.id.in_(newest))):
        counts[campaign_id].account = account


def _count_refused(connection: Connection, chosen: ColumnElement[bool], counts: defaultdict[int, _Counts]) -> None:
    """People that were refused with any content, unless another content has reached them."""
    c = chunks.c
    held = exists().where(recipients.c.campaign_id == c.campaign_id, recipients.c.pseudonym == refused.c.pseudonym)
    query = select(c.campaign_id, func.count(refused.c.pseudonym.distinct())).select_from(refused).join(chunks)
    for campaign_id, people in connection.execute(query.where(chosen, ~held).group_by(c.campaign_id)):
        counts[campaign_id].people[REFUSED] = people


def _read_costs(connection: Connection, chosen: ColumnElement[bool]) -> Iterator[tuple[int, dict[str, Decimal]]]:
    c = chunks.c
    # Summed here and not in SQL, which would add them as binary fractions.
    query = select(c.campaign_id, c.currency, c.cost, func.count().label("number")).where(chosen, PRICED)
    costs: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in connection.execute(query.group_by(c.campaign_id, c.currency, c.cost).order_by(c.currency)):
        by_currency = costs[row.campaign_id]
        by_currency[row.currency] = by_currency.get(row.currency, Decimal(0)) + row.cost * row.number
    yield from costs.items()


def _read_contents(connection: Connection, chosen: ColumnElement[bool], counts: defaultdict[int, _Counts]) -> None:
    c = chunks.c
    first = select(func.min(c.id)).where(chosen, c.status.in_(sorted(HOLDING))).group_by(c.campaign_id)
    firsts = select(contents).join(chunks, c.content_id == contents.c.id).where(c.id.in_(first))
    for row in connection.execute(firsts):
        counts[row.campaign_id].first_content = _read_content(row)
    accepted = select(contents.c.campaign_id, contents.c.digest).join(chunks, c.content_id == contents.c.id)
    for row in connection.execute(accepted.where(chosen, c.status == ChunkStatus.ACCEPTED).distinct()):
        counts[row.campaign_id].accepted_contents.add(row.digest)


def _read_content(row: Row[Any]) -> KeptContent:
    return KeptContent(
        audio=row.audio,
        notify_email=row.notify_email,
        sender_pseudonym=row.sender_pseudonym,
        sender_masked=row.sender_masked,
        notify_url=row.notify_url,
        schedule=row.schedule,
    )


def _build_record(row: Row[Any], counts: _Counts) -> CampaignRecord:
    return CampaignRecord(
        campaign=row.name,
        edition=row.edition,
        account=counts.account,
        people=counts.people,
        chunks=counts.chunks,
        costs=counts.costs,
        first_activity=min(counts.moments),
        last_activity=max(counts.moments),
        first_content=counts.first_content,
        accepted_contents=frozenset(counts.accepted_contents),
    )
