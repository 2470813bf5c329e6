"""From the ledger to a Status: which campaigns and chunks it tells of, in which order, and what they cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from runner import __version__
from runner.model.clock import Clock
from runner.model.config import Project
from runner.model.ledger import HOLDING, IN_DOUBT, CampaignRecord, ChunkRecord, ChunkStatus
from runner.model.names import Named
from runner.model.status import CampaignStatus, DayStatus, Status
from runner.plan.estimate import Price, estimate_people, find_price
from runner.plan.selection import Selection
from runner.state.open import State
from runner.state.settlement import DIED, has_gone, may_settle_not_sent


def build_status(
    project: Project, state: State | None, selection: Selection, clock: Clock, *, sandbox: bool = False
) -> Status:
    """What the ledger knows of these campaigns. Raises NothingSelected where a glob matches none, sent or not."""
    built = Status(
        created_at=clock.now(),
        runner_version=__version__,
        timezone=find_zone(project),
        language=project.language,
        is_rehearsal=sandbox,
    )
    # In this order: a chunk that is `sending` here, and in the end still is, was so when the campaigns were counted.
    recorded = state.ledger.chunks() if state is not None else ()
    records = state.ledger.campaigns() if state is not None else ()
    selection.refuse_slips([*project.campaigns, *project.failing, *records])
    if state is None:
        return built
    told = [_tell_gone(chunk, state) for chunk in recorded if selection.includes(chunk)]
    gone = [chunk for chunk, is_gone in told if is_gone]
    chunks = [chunk for chunk, _ in told]
    doubtful = [chunk for chunk in chunks if chunk.status in IN_DOUBT]
    stops = state.ledger.stops()
    campaigns: list[Named] = [*project.campaigns, *project.failing, *records]
    selected = [campaign for campaign in campaigns if selection.includes(campaign)]
    known = list(filter(selection.includes, records))
    return replace(
        built,
        others=len(records) - len(known),
        stops=stops if selection.is_everything else tuple(stop for stop in stops if any(map(stop.covers, selected))),
        state_id=state.id,
        serial=state.serial,
        campaigns=tuple(_tell_campaigns(_count_gone(known, gone), project, state)),
        in_doubt=tuple(sorted(doubtful, key=lambda c: (c.status is not ChunkStatus.UNKNOWN, c.recorded_at, c.chunk))),
        gone=frozenset(chunk.chunk for chunk in gone),
        overdue=frozenset(chunk.chunk for chunk in doubtful if _is_overdue(chunk, state, clock)),
        counted_fewer=tuple(chunk for chunk in chunks if _is_counted_fewer(chunk)),
        days=tuple(_tell_days(chunks, ZoneInfo(built.timezone))),
    )


def _tell_campaigns(records: Iterable[CampaignRecord], project: Project, state: State) -> Iterator[CampaignStatus]:
    """Each campaign with its costs, the latest activity first."""
    prices: dict[str, Price | None] = {}
    kinds = {campaign.label: campaign.delivery.kinds for campaign in project.campaigns}
    by_label = sorted(records, key=lambda record: record.label)
    for record in sorted(by_label, key=lambda record: record.last_activity, reverse=True):
        if record.account not in prices:
            learnt = state.ledger.learnt_price(record.account)
            prices[record.account] = find_price(project.accounts.get(record.account), learnt)
        price = prices[record.account]
        known = CampaignStatus(
            record=record,
            cost_unknown=state.ledger.campaign_cost(record.campaign, record.edition)[1],
            currency=price.currency if price is not None else None,
        )
        yield replace(known, estimated_cost=estimate_people(known.sent_to, kinds.get(record.label), price))


def _tell_gone(chunk: ChunkRecord, state: State) -> tuple[ChunkRecord, bool]:
    """The chunk as the next run will find it, and whether that is otherwise than the ledger has it.

    So it is where its sender has gone and, after that was seen, still no answer was recorded.
    """
    sender = state.ledger.find_sender(chunk.chunk) if chunk.status is ChunkStatus.SENDING else None
    if sender is None or not has_gone(sender):
        return chunk, False
    known = state.ledger.find_chunk(chunk.chunk)
    if known is None or known.status is not ChunkStatus.SENDING:
        return chunk, False
    return replace(chunk, status=ChunkStatus.UNKNOWN, reason=DIED), True


def _count_gone(records: Iterable[CampaignRecord], gone: Iterable[ChunkRecord]) -> Iterator[CampaignRecord]:
    """The campaigns with these chunks and their people counted as `unknown`, no longer as `sending`."""
    people, chunks = Counter[str](), Counter[str]()
    for chunk in gone:
        people[chunk.label] += chunk.recipients
        chunks[chunk.label] += 1
    for record in records:
        if record.label not in chunks:
            yield record
            continue
        yield replace(
            record,
            people=_move_to_unknown(record.people, people[record.label]),
            chunks=_move_to_unknown(record.chunks, chunks[record.label]),
        )


def _move_to_unknown(counts: Mapping[str, int], number: int) -> dict[str, int]:
    unknown, sending = ChunkStatus.UNKNOWN.value, ChunkStatus.SENDING.value
    return {**counts, unknown: counts.get(unknown, 0) + number, sending: counts.get(sending, 0) - number}


def _is_overdue(chunk: ChunkRecord, state: State, clock: Clock) -> bool:
    """Whether the chunk is `sending` though it can't be sent any more: the next run makes it `unknown`."""
    if chunk.status is not ChunkStatus.SENDING:
        return False
    sender = state.ledger.find_sender(chunk.chunk)
    return sender is not None and may_settle_not_sent(sender, clock.read())


def _is_counted_fewer(chunk: ChunkRecord) -> bool:
    return chunk.status is ChunkStatus.ACCEPTED and chunk.counted is not None and chunk.counted < chunk.recipients


def _tell_days(chunks: Iterable[ChunkRecord], zone: ZoneInfo) -> Iterator[DayStatus]:
    """The days on which chunks were recorded, each with what those chunks are now."""
    by_day: defaultdict[date, list[ChunkRecord]] = defaultdict(list)
    for chunk in chunks:
        by_day[chunk.recorded_at.astimezone(zone).date()].append(chunk)
    for day, recorded in sorted(by_day.items()):
        people: Counter[str] = Counter()
        costs: defaultdict[str, Decimal] = defaultdict(Decimal)
        for chunk in recorded:
            if chunk.status in HOLDING:
                people[chunk.status] += chunk.recipients
            if chunk.cost is not None and chunk.currency is not None:
                costs[chunk.currency] += chunk.cost
        yield DayStatus(
            day=day,
            people=dict(people),
            chunks=dict(Counter(chunk.status for chunk in recorded)),
            adopted=sum(chunk.recipients for chunk in recorded if chunk.adopted),
            costs=dict(costs),
        )


def find_zone(project: Project) -> str:
    """The zone in which a reader wants times: that of the project's first account."""
    return next(iter(project.accounts.values())).timezone
