"""Campaigns that somebody stopped by hand, from whatever machine: a flag that each recording of a chunk reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from runner.errors import CampaignStoppedByHand
from runner.model.ledger import NewChunk
from runner.model.names import HandStop
from runner.state.tables import stops

ALL = ("",)
STOPS = select(stops).order_by(stops.c.campaign)


def read_stops(connection: Connection) -> tuple[HandStop, ...]:
    """What is stopped, by the words that stopped it."""
    rows = connection.execute(STOPS)
    return tuple(HandStop(glob=row.campaign, by=row.by, at=row.at) for row in rows)


def stop(connection: Connection, globs: Sequence[str], by: str, at: datetime) -> None:
    """Stop the campaigns that these globs are about, or all without any; what is stopped already stays as it is."""
    known = {known.glob for known in read_stops(connection)}
    for glob in sorted(set(globs or ALL) - known):
        connection.execute(insert(stops).values(campaign=glob, by=by, at=at))


def resume(connection: Connection, globs: Sequence[str]) -> tuple[str, ...]:
    """Let go on what these very globs stopped, or what was stopped without any; answer those that stopped nothing."""
    known = {known.glob for known in read_stops(connection)}
    connection.execute(delete(stops).where(stops.c.campaign.in_(globs or ALL)))
    return tuple(glob for glob in globs or ALL if glob not in known)


def refuse_stopped(connection: Connection, chunk: NewChunk) -> None:
    """Raise CampaignStoppedByHand where somebody has stopped the campaign of this chunk."""
    for known in read_stops(connection):
        if known.covers(chunk):
            raise CampaignStoppedByHand(known.describe(), hint=known.describe_end())
