"""The people of a campaign, page after page, as the engine takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, Select, bindparam, case, exists, func, literal, select

from runner.model.ledger import ChunkStatus
from runner.pseudonyms import PSEUDONYM_BYTES
from runner.state.chunks import is_campaign, name_campaign
from runner.state.dialects import Hexadecimal, LastHexadecimal, find_statuses
from runner.state.tables import campaigns, chunks, contents, recipients, refused

PAGE = 100_000
"""People a page: some 3 MB of text."""

GREATEST = b"\xff" * PSEUDONYM_BYTES

LETTERS = {ChunkStatus.ACCEPTED.value: "A", ChunkStatus.UNKNOWN.value: "U", ChunkStatus.SENDING.value: "S"}
REFUSED = "R"
LOST = LETTERS[ChunkStatus.UNKNOWN]
"""The letter of people whose chunk is gone: nobody knows what became of them, so they are held."""

CAMPAIGN_ID = select(campaigns.c.id).where(is_campaign())


def _page(query: Select[bytes, str]) -> Select[str, str]:
    people = query.limit(bindparam("page")).subquery()
    # Joined by the database: a Python object a person would take ten times as long.
    digits = Hexadecimal(people.c.pseudonym)
    text = func.aggregate_strings(digits.concat(people.c.letter), ",")
    return select(text, func.coalesce(LastHexadecimal(people.c.pseudonym), ""))


_NEXT = (recipients.c.campaign_id == bindparam("campaign_id")) & (recipients.c.pseudonym > bindparam("after"))
END_OF_PAGE = (
    select(recipients.c.pseudonym).where(_NEXT).order_by(recipients.c.pseudonym).offset(bindparam("others")).limit(1)
)
HELD = (
    select(
        func.aggregate_strings(
            Hexadecimal(recipients.c.pseudonym).concat(case(LETTERS, value=chunks.c.status, else_=LOST)), ","
        )
    )
    .outerjoin(chunks, recipients.c.chunk_id == chunks.c.id)
    .where(_NEXT, recipients.c.pseudonym <= bindparam("last"))
)
_OF_CONTENT = (contents.c.campaign_id == bindparam("campaign_id")) & (contents.c.digest == bindparam("digest"))
_HELD_NOW = exists().where(
    recipients.c.campaign_id == bindparam("campaign_id"), recipients.c.pseudonym == refused.c.pseudonym
)
REFUSED_PEOPLE = _page(
    select(refused.c.pseudonym, literal(REFUSED).label("letter"))
    .join(contents)
    .where(_OF_CONTENT, refused.c.pseudonym > bindparam("after"), ~_HELD_NOW)
    .order_by(refused.c.pseudonym)
)
_LAST_ACCEPTED = select(func.coalesce(func.max(chunks.c.id), 0)).where(
    chunks.c.campaign_id == bindparam("campaign_id"), chunks.c.status == ChunkStatus.ACCEPTED
)
REFUSED_ALONE = (
    select(chunks.c.name)
    .join(refused, refused.c.chunk_id == chunks.c.id)
    .join(contents, refused.c.content_id == contents.c.id)
    .where(_OF_CONTENT, chunks.c.id > _LAST_ACCEPTED.scalar_subquery())
    .order_by(chunks.c.id)
)

Page = tuple[str | None, bytes | None]
"""People, joined by commas, and the last of their pseudonyms; nothing where there are no more."""


ReadPage = Callable[[Connection, int, bytes, bytes], Page]


def find_campaign_id(connection: Connection, name: str, edition: str | None) -> int | None:
    """The surrogate id of a campaign, None where the ledger has none of this identity."""
    return connection.execute(CAMPAIGN_ID, name_campaign(name, edition)).scalar()


def read_held(connection: Connection, campaign_id: int, _digest: bytes, after: bytes) -> Page:
    """The next people that the campaign holds."""
    asked = {"campaign_id": campaign_id, "after": after}
    # The end of the page is found first: to count people off while they are joined takes half as long again.
    last = connection.execute(END_OF_PAGE, {**asked, "others": PAGE - 1}).scalar()
    text = connection.execute(HELD, {**asked, "last": last or GREATEST}).scalar()
    return text, last


def find_held(connection: Connection, campaign_id: int, asked: Sequence[bytes]) -> str:
    """Those of `asked` that the campaign holds, joined by commas; an empty text where it holds none."""
    found = find_statuses(connection, campaign_id, asked)
    return ",".join([f"{pseudonym.hex()}{LETTERS.get(status, LOST)}" for pseudonym, status in found])


def read_refused(connection: Connection, campaign_id: int, digest: bytes, after: bytes) -> Page:
    """The next people that were refused with this content, and that no other content has reached."""
    asked = {"campaign_id": campaign_id, "digest": digest, "after": after, "page": PAGE}
    return _read_page(connection, REFUSED_PEOPLE, asked)


def read_refused_alone(connection: Connection, name: str, edition: str | None, digest: bytes) -> tuple[str, ...]:
    """The names of chunks whose one number was refused with this content, after the last that was accepted."""
    campaign_id = find_campaign_id(connection, name, edition)
    return tuple(connection.execute(REFUSED_ALONE, {"campaign_id": campaign_id, "digest": digest}).scalars())


def _read_page(connection: Connection, page: Select[str, str], after: Mapping[str, object]) -> Page:
    row = connection.execute(page, after).one()
    return row[0], bytes.fromhex(row[1]) or None
