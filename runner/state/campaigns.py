"""Campaigns as the ledger knows them: people and chunks by status, costs, contents, prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, exists, func, select

from runner.model.ledger import HOLDING, IN_DOUBT, CampaignRecord, ChunkStatus, KeptContent
from runner.state.chunks import is_campaign, name_campaign
from runner.state.tables import campaigns, chunks, contents, recipients, refused

PRICED = chunks.c.cost.is_not(None) & chunks.c.currency.is_not(None)
REFUSED = "refused"
PEOPLE = (*(status.value for status in sorted(HOLDING)), REFUSED)
CHUNKS = tuple(status.value for status in ChunkStatus)

Which = Mapping[str, str | None]
"""What a question asks for: nothing where it is about all campaigns."""


@dataclass(slots=True)
class _Counts:
    """What the chunks of one campaign add up to."""

    people: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    chunks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHUNKS, 0))
    costs: dict[str, Decimal] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)
    adopted: int = 0
    account: str = ""
    first_content: KeptContent | None = None
    first_account: str | None = None
    first_base_url: str | None = None
    accepted_contents: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Questions:
    """What is asked of campaigns, all of them or one."""

    names: Select[*tuple[Any, ...]]
    numbers: Select[*tuple[Any, ...]]
    accounts: Select[*tuple[Any, ...]]
    refused: Select[*tuple[Any, ...]]
    costs: Select[*tuple[Any, ...]]
    first_contents: Select[*tuple[Any, ...]]
    accepted_contents: Select[*tuple[Any, ...]]


def _build_questions(*conditions: ColumnElement[bool]) -> _Questions:
    c = chunks.c
    chosen = c.campaign_id.in_(select(campaigns.c.id).where(*conditions))
    moments = (func.min(c.recorded_at), func.max(c.recorded_at), func.max(c.ended_at), func.max(c.settled_at))
    adopted = func.sum(case((c.adopted, c.recipients), else_=0))
    newest = select(func.max(c.id)).where(chosen).group_by(c.campaign_id)
    held = exists().where(recipients.c.campaign_id == c.campaign_id, recipients.c.pseudonym == refused.c.pseudonym)
    first = select(func.min(c.id)).where(chosen, c.status.in_(sorted(HOLDING)), ~c.adopted).group_by(c.campaign_id)
    accepted = select(contents.c.campaign_id, contents.c.digest).join(chunks, c.content_id == contents.c.id)
    return _Questions(
        names=select(campaigns).where(*conditions).order_by(campaigns.c.name, campaigns.c.edition.nulls_first()),
        numbers=select(c.campaign_id, c.status, func.count(), func.sum(c.recipients), adopted, *moments)
        .where(chosen)
        .group_by(c.campaign_id, c.status),
        accounts=select(c.campaign_id, c.account).where(c.id.in_(newest)),
        refused=select(c.campaign_id, func.count(refused.c.pseudonym.distinct()))
        .select_from(refused)
        .join(chunks)
        .where(chosen, ~held)
        .group_by(c.campaign_id),
        costs=select(c.campaign_id, c.currency, c.cost, func.count().label("number"))
        .where(chosen, PRICED)
        .group_by(c.campaign_id, c.currency, c.cost)
        .order_by(c.currency),
        first_contents=select(contents, c.account, c.base_url)
        .join(chunks, c.content_id == contents.c.id)
        .where(c.id.in_(first)),
        accepted_contents=accepted.where(chosen, c.status == ChunkStatus.ACCEPTED, ~c.adopted).distinct(),
    )


ALL, ONE = _build_questions(), _build_questions(is_campaign())

UNPRICED_PEOPLE = select(func.sum(chunks.c.recipients)).where(
    chunks.c.campaign_id.in_(select(campaigns.c.id).where(is_campaign())),
    chunks.c.status.in_(sorted(IN_DOUBT)) | ((chunks.c.status == ChunkStatus.ACCEPTED) & ~PRICED & ~chunks.c.adopted),
)
NEWEST_PRICE = (
    select(chunks.c.cost, chunks.c.counted, chunks.c.recipients, chunks.c.currency)
    .where(chunks.c.account == bindparam("account"), chunks.c.status == ChunkStatus.ACCEPTED)
    .where(PRICED, chunks.c.counted > 0, chunks.c.cost > 0)
    .order_by(chunks.c.id.desc())
    .limit(1)
)
NEWEST_AUDIO_NAME = (
    select(chunks.c.audio_name)
    .join(contents, chunks.c.content_id == contents.c.id)
    .join(campaigns, chunks.c.campaign_id == campaigns.c.id)
    .where(is_campaign(), contents.c.audio == bindparam("audio"), chunks.c.audio_name.is_not(None))
    .order_by(chunks.c.id.desc())
    .limit(1)
)


def read_campaigns(connection: Connection) -> tuple[CampaignRecord, ...]:
    """All campaigns, by name and edition."""
    return _read(connection, ALL, {})


def find_campaign(connection: Connection, name: str, edition: str | None) -> CampaignRecord | None:
    """The campaign of this identity, None where the ledger has none."""
    return next(iter(_read(connection, ONE, name_campaign(name, edition))), None)


def find_cost(connection: Connection, name: str, edition: str | None) -> tuple[dict[str, Decimal], int]:
    """What the campaign cost so far by currency, and the people it holds whose cost no answer has told."""
    which = name_campaign(name, edition)
    costs = dict(_read_costs(connection, ONE, which))
    people = connection.execute(UNPRICED_PEOPLE, which).scalar()
    return next(iter(costs.values()), {}), people or 0


def find_price(connection: Connection, account: str) -> tuple[Decimal, str] | None:
    """What one person of this account cost, and in which currency, by the newest answer that tells.

    Fewer messages may be counted than people were sent, and more, where a long one counts twice: what one person costs
    is never told too low. An answer that costs nothing tells no price.
    """
    row = connection.execute(NEWEST_PRICE, {"account": account}).one_or_none()
    return None if row is None else (row.cost / min(row.counted, row.recipients), row.currency)


def find_audio_name(connection: Connection, name: str, edition: str | None, audio: str) -> str | None:
    """What the provider called this recording in its newest answer to the campaign that tells."""
    named = {**name_campaign(name, edition), "audio": audio}
    return connection.execute(NEWEST_AUDIO_NAME, named).scalar()


def _read(connection: Connection, questions: _Questions, which: Which) -> tuple[CampaignRecord, ...]:
    rows = connection.execute(questions.names, which).all()
    if not rows:
        return ()
    counts: defaultdict[int, _Counts] = defaultdict(_Counts)
    _count_chunks(connection, questions, which, counts)
    # People that were refused with any content, unless another content has reached them.
    for campaign_id, people in connection.execute(questions.refused, which):
        counts[campaign_id].people[REFUSED] = people
    for campaign_id, costs in _read_costs(connection, questions, which):
        counts[campaign_id].costs = costs
    for row in connection.execute(questions.first_contents, which):
        counted = counts[row.campaign_id]
        counted.first_content = _read_content(row)
        counted.first_account, counted.first_base_url = row.account, row.base_url
    for row in connection.execute(questions.accepted_contents, which):
        counts[row.campaign_id].accepted_contents.add(row.digest)
    return tuple(_build_record(row, counts[row.id]) for row in rows)


def _count_chunks(
    connection: Connection, questions: _Questions, which: Which, counts: defaultdict[int, _Counts]
) -> None:
    for campaign_id, status, number, people, adopted, *found in connection.execute(questions.numbers, which):
        counted = counts[campaign_id]
        counted.chunks[status] = number
        counted.adopted += adopted
        if status in HOLDING:
            counted.people[status] = people
        counted.moments += [moment for moment in found if moment is not None]
    for campaign_id, account in connection.execute(questions.accounts, which):
        counts[campaign_id].account = account


def _read_costs(
    connection: Connection, questions: _Questions, which: Which
) -> Iterator[tuple[int, dict[str, Decimal]]]:
    costs: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    # Summed here and not in SQL, which would add them as binary fractions.
    for row in connection.execute(questions.costs, which):
        by_currency = costs[row.campaign_id]
        by_currency[row.currency] = by_currency.get(row.currency, Decimal(0)) + row.cost * row.number
    yield from costs.items()


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
        adopted=counts.adopted,
        first_content=counts.first_content,
        first_account=counts.first_account,
        first_base_url=counts.first_base_url,
        accepted_contents=frozenset(counts.accepted_contents),
    )
