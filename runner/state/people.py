"""The people of a campaign, page after page, as the engine takes them."""

from __future__ import annotations

from sqlalchemy import Connection, Select, bindparam, case, exists, func, literal, select

from runner.model.ledger import ChunkStatus
from runner.state.chunks import is_campaign
from runner.state.dialects import Hexadecimal
from runner.state.tables import campaigns, chunks, contents, recipients, refused

PAGE = 100_000
"""People a page: some 3 MB of text."""

CAMPAIGN_ID = select(campaigns.c.id).where(is_campaign(bindparam("name"), bindparam("edition")))

LETTERS = {ChunkStatus.ACCEPTED: "A", ChunkStatus.UNKNOWN: "U", ChunkStatus.SENDING: "S"}
REFUSED = "R"

Page = tuple[str | None, bytes | None]
"""People, joined by commas, and the last of their pseudonyms; nothing where there are no more."""


def find_campaign_id(connection: Connection, name: str, edition: str | None) -> int | None:
    """The surrogate id of a campaign, None where the ledger has none of this identity."""
    return connection.execute(CAMPAIGN_ID, {"name": name, "edition": edition}).scalar()


def read_held(connection: Connection, campaign_id: int, _digest: bytes, after: bytes) -> Page:
    """The next people that the campaign holds."""
    letter = case(LETTERS, value=chunks.c.status)
    held = (
        select(recipients.c.pseudonym, letter.label("letter"))
        .join(chunks, recipients.c.chunk_id == chunks.c.id)
        .where(recipients.c.campaign_id == campaign_id, recipients.c.pseudonym > after)
    )
    return _read_page(connection, held.order_by(recipients.c.pseudonym))


def read_refused(connection: Connection, campaign_id: int, digest: bytes, after: bytes) -> Page:
    """The next people that were refused with this content, and that no other content has reached."""
    held = exists().where(recipients.c.campaign_id == campaign_id, recipients.c.pseudonym == refused.c.pseudonym)
    alone = (
        select(refused.c.pseudonym, literal(REFUSED).label("letter"))
        .join(contents)
        .where(contents.c.campaign_id == campaign_id, contents.c.digest == digest, refused.c.pseudonym > after, ~held)
    )
    return _read_page(connection, alone.order_by(refused.c.pseudonym))


def read_refused_alone(connection: Connection, name: str, edition: str | None, digest: bytes) -> tuple[str, ...]:
    """The names of chunks whose one number was refused with this content, after the last that was accepted."""
    campaign_id = find_campaign_id(connection, name, edition)
    accepted = select(func.coalesce(func.max(chunks.c.id), 0)).where(
        chunks.c.campaign_id == campaign_id, chunks.c.status == ChunkStatus.ACCEPTED
    )
    alone = (
        select(chunks.c.name)
        .join(refused, refused.c.chunk_id == chunks.c.id)
        .join(contents, refused.c.content_id == contents.c.id)
        .where(contents.c.campaign_id == campaign_id, contents.c.digest == digest)
        .where(chunks.c.id > accepted.scalar_subquery())
    )
    return tuple(connection.execute(alone.order_by(chunks.c.id)).scalars())


def _read_page(connection: Connection, query: Select[tuple[bytes, str]]) -> Page:
    people = query.limit(PAGE).subquery()
    # Joined by the database: a Python object a person would take ten times as long.
    digits = Hexadecimal(people.c.pseudonym)
    text = func.aggregate_strings(digits.concat(people.c.letter), ",")
    last = func.coalesce(func.max(digits), "")
    row = connection.execute(select(text, last)).one()
    return row[0], bytes.fromhex(row[1]) or None
