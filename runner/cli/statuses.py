"""From the ledger to a Status: which campaigns and chunks it tells of, and in which order."""

from __future__ import annotations

from dataclasses import replace

from runner import __version__
from runner.model.clock import Clock
from runner.model.config import Project
from runner.model.ledger import IN_DOUBT, ChunkRecord, ChunkStatus
from runner.model.status import CampaignStatus, Status
from runner.plan.selection import Selection
from runner.state.open import State


def build_status(project: Project, state: State | None, selection: Selection, clock: Clock) -> Status:
    """What the ledger knows of these campaigns. Raises NothingSelected where a glob matches none, sent or not."""
    built = Status(created_at=clock.now(), runner_version=__version__, timezone=find_zone(project))
    campaigns = _read_campaigns(state) if state is not None else ()
    selection.refuse_slips([*project.campaigns, *project.failing, *campaigns])
    if state is None:
        return built
    chunks = [chunk for chunk in state.ledger.chunks() if selection.includes(chunk)]
    doubtful = [chunk for chunk in chunks if chunk.status in IN_DOUBT]
    return replace(
        built,
        state_id=state.id,
        serial=state.serial,
        campaigns=tuple(campaign for campaign in campaigns if selection.includes(campaign)),
        in_doubt=tuple(sorted(doubtful, key=lambda c: (c.status is not ChunkStatus.UNKNOWN, c.recorded_at, c.chunk))),
        counted_fewer=tuple(chunk for chunk in chunks if _is_counted_fewer(chunk)),
    )


def _read_campaigns(state: State) -> tuple[CampaignStatus, ...]:
    """Every campaign of the ledger, the latest activity first."""
    records = sorted(state.ledger.campaigns(), key=lambda record: record.label)
    records.sort(key=lambda record: record.last_activity, reverse=True)
    return tuple(
        CampaignStatus(record=record, cost_unknown=state.ledger.campaign_cost(record.campaign, record.edition)[1])
        for record in records
    )


def _is_counted_fewer(chunk: ChunkRecord) -> bool:
    return chunk.status is ChunkStatus.ACCEPTED and chunk.counted is not None and chunk.counted < chunk.recipients


def find_zone(project: Project) -> str:
    """The zone in which a reader wants times: that of the project's first account."""
    return next(iter(project.accounts.values())).timezone
