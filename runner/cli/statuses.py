"""From the ledger to a Status: which campaigns and chunks it tells of, in which order, and what they cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from runner import __version__
from runner.model.clock import Clock
from runner.model.config import Project
from runner.model.ledger import HOLDING, IN_DOUBT, CampaignRecord, ChunkRecord, ChunkStatus
from runner.model.status import CampaignStatus, DayStatus, Status
from runner.plan.estimate import Price, estimate_people, find_price
from runner.plan.selection import Selection
from runner.state.open import State
from runner.state.settlement import may_settle_not_sent


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
    records = state.ledger.campaigns() if state is not None else ()
    selection.refuse_slips([*project.campaigns, *project.failing, *records])
    if state is None:
        return built
    chunks = [chunk for chunk in state.ledger.chunks() if selection.includes(chunk)]
    doubtful = [chunk for chunk in chunks if chunk.status in IN_DOUBT]
    return replace(
        built,
        state_id=state.id,
        serial=state.serial,
        campaigns=tuple(_tell_campaigns(filter(selection.includes, records), project, state)),
        in_doubt=tuple(sorted(doubtful, key=lambda c: (c.status is not ChunkStatus.UNKNOWN, c.recorded_at, c.chunk))),
        left=frozenset(chunk.chunk for chunk in doubtful if _is_left(chunk, state, clock)),
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


def _is_left(chunk: ChunkRecord, state: State, clock: Clock) -> bool:
    """Whether the chunk is `sending` though no process can be sending it: the next run makes it `unknown`."""
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
