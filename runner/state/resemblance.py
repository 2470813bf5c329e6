"""Who holds people for one recording: by this a campaign is found again under another name."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, exists, func, select

from runner.model.ledger import HOLDING, Hearers
from runner.state.dialects import Hexadecimal, LastHexadecimal
from runner.state.people import PAGE, Page, find_campaign_id
from runner.state.tables import campaigns, chunks, contents, recipients


def find_hearers(connection: Connection, audio: str) -> tuple[Hearers, ...]:
    """The campaigns that hold people for this recording, by name and edition."""
    query = (
        select(
            campaigns.c.name,
            campaigns.c.edition,
            func.sum(chunks.c.recipients).label("people"),
            func.max(chunks.c.recorded_at).label("last_at"),
        )
        .join(campaigns, chunks.c.campaign_id == campaigns.c.id)
        .join(contents, chunks.c.content_id == contents.c.id)
        .where(_holds(audio))
        .group_by(campaigns.c.name, campaigns.c.edition)
        .order_by(campaigns.c.name, campaigns.c.edition.nulls_first())
    )
    return tuple(Hearers(audio=audio, **row) for row in connection.execute(query).mappings())


def read_hearers(connection: Connection, hearers: Hearers, after: bytes) -> Page:
    """The next of these people."""
    # Asked of each person, so that they come in the order of the primary key: to join would sort all for each page.
    heard = exists().where(
        chunks.c.id == recipients.c.chunk_id, chunks.c.content_id == contents.c.id, _holds(hearers.audio)
    )
    campaign_id = find_campaign_id(connection, hearers.name, hearers.edition)
    chosen = (
        select(recipients.c.pseudonym)
        .where(recipients.c.campaign_id == campaign_id, recipients.c.pseudonym > after, heard)
        .order_by(recipients.c.pseudonym)
        .limit(PAGE)
        .subquery()
    )
    digits = Hexadecimal(chosen.c.pseudonym)
    query = select(func.aggregate_strings(digits, ","), func.coalesce(LastHexadecimal(chosen.c.pseudonym), ""))
    row = connection.execute(query).one()
    return row[0], bytes.fromhex(row[1]) or None


def _holds(audio: str) -> ColumnElement[bool]:
    return (contents.c.audio == audio) & chunks.c.status.in_(sorted(HOLDING))
