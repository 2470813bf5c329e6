"""Who holds people for one recording: by this a campaign is found again under another name."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, exists, func, select

from runner.model.ledger import HOLDING, Hearers
from runner.state.people import PAGE, find_campaign_id, page_of, read_page
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


def read_hearers(connection: Connection, hearers: Hearers, after: bytes) -> tuple[bytes, bytes | None]:
    """The next of these people, pseudonym after pseudonym, and the last of them; None where there are no more."""
    # Asked of each person, so that they come in the order of the primary key: to join would sort all for each page.
    heard = exists().where(
        chunks.c.id == recipients.c.chunk_id, chunks.c.content_id == contents.c.id, _holds(hearers.audio)
    )
    campaign_id = find_campaign_id(connection, hearers.name, hearers.edition)
    chosen = (
        select(recipients.c.pseudonym)
        .where(recipients.c.campaign_id == campaign_id, recipients.c.pseudonym > after, heard)
        .order_by(recipients.c.pseudonym)
    )
    return read_page(connection, page_of(chosen), {"page": PAGE})


def _holds(audio: str) -> ColumnElement[bool]:
    return (contents.c.audio == audio) & chunks.c.status.in_(sorted(HOLDING))
