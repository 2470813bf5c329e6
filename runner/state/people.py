"""The people of a campaign, page after page, as the engine takes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, exists, func, select, true

from runner.errors import StateRefused
from runner.model.ledger import ChunkStatus
from runner.model.plan import Reason
from runner.pseudonyms import PSEUDONYM_BYTES
from runner.state.chunks import is_campaign, name_campaign
from runner.state.dialects import JoinedBytes, LastHexadecimal, find_statuses
from runner.state.tables import campaigns, chunks, contents, recipients, refused

PAGE = 100_000
"""People a page: some 2 MB."""

GREATEST = b"\xff" * PSEUDONYM_BYTES

REASON_OF = {ChunkStatus.ACCEPTED.value: Reason.ACCEPTED, ChunkStatus.SENDING.value: Reason.SENDING}
LOST = Reason.UNKNOWN
"""The reason of all others, those among them whose chunk is gone: nobody knows what became of them."""

CAMPAIGN_ID = select(campaigns.c.id).where(is_campaign())


def join_people(pseudonym: ColumnElement[bytes], **conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """A query for those people, by the condition that holds for them, as `read_joined` reads them."""
    odd = func.count().filter(func.length(pseudonym) != PSEUDONYM_BYTES).label("odd")
    return select(odd, *(JoinedBytes(pseudonym, held).label(name) for name, held in conditions.items()))


def read_joined(row: Row[*tuple[Any, ...]], name: str) -> bytes:
    """Those people, pseudonym after pseudonym, in any order. Raises StateRefused where one of them can't be told."""
    if row.odd:
        message = "the state is damaged: it holds somebody whose pseudonym is none"
        raise StateRefused(message, hint="put back a copy from before", code="state-damaged")
    return getattr(row, name) or b""


def cut_people(people: bytes) -> list[bytes]:
    """The pseudonyms that `read_joined` answers, one by one, in the order of their bytes."""
    return sorted(people[place : place + PSEUDONYM_BYTES] for place in range(0, len(people), PSEUDONYM_BYTES))


def page_of(query: Select[bytes]) -> Select[*tuple[Any, ...]]:
    """The next page of the people of `query`, which orders them, and their last."""
    people = query.limit(bindparam("page")).subquery()
    last = func.coalesce(LastHexadecimal(people.c.pseudonym), "").label("last")
    return join_people(people.c.pseudonym, people=true()).add_columns(last)


_NEXT = (recipients.c.campaign_id == bindparam("campaign_id")) & (recipients.c.pseudonym > bindparam("after"))
END_OF_PAGE = (
    select(recipients.c.pseudonym).where(_NEXT).order_by(recipients.c.pseudonym).offset(bindparam("others")).limit(1)
)
_NOT_ACCEPTED = chunks.c.status.is_distinct_from(ChunkStatus.ACCEPTED)


def _held(**conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    people = join_people(recipients.c.pseudonym, **conditions).select_from(recipients)
    page = (_NEXT, recipients.c.pseudonym <= bindparam("last"))
    return people.outerjoin(chunks, recipients.c.chunk_id == chunks.c.id).where(*page)


HELD = _held(everybody=true()).add_columns(func.count().filter(_NOT_ACCEPTED).label("others"))
HELD_BY_REASON = _held(
    accepted=~_NOT_ACCEPTED,
    sending=chunks.c.status == ChunkStatus.SENDING,
    unknown=_NOT_ACCEPTED & chunks.c.status.is_distinct_from(ChunkStatus.SENDING),
)
_OF_CONTENT = (contents.c.campaign_id == bindparam("campaign_id")) & (contents.c.digest == bindparam("digest"))
_HELD_NOW = exists().where(
    recipients.c.campaign_id == bindparam("campaign_id"), recipients.c.pseudonym == refused.c.pseudonym
)
REFUSED_PEOPLE = page_of(
    select(refused.c.pseudonym)
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

People = tuple[Reason, bytes]
"""Why people may not be sent to, and their pseudonyms, one after the other in any order."""

Page = tuple[Sequence[People], bytes | None]
"""People, and the last of their pseudonyms; None where there are no more."""

ReadPage = Callable[[Connection, int, bytes, bytes], Page]


def find_campaign_id(connection: Connection, name: str, edition: str | None) -> int | None:
    """The surrogate id of a campaign, None where the ledger has none of this identity."""
    return connection.execute(CAMPAIGN_ID, name_campaign(name, edition)).scalar()


def read_held(connection: Connection, campaign_id: int, _digest: bytes, after: bytes) -> Page:
    """The next people that the campaign holds."""
    asked = {"campaign_id": campaign_id, "after": after}
    # The end of the page is found first: to count people off while they are joined takes half as long again.
    last = connection.execute(END_OF_PAGE, {**asked, "others": PAGE - 1}).scalar()
    page = {**asked, "last": last or GREATEST}
    row = connection.execute(HELD, page).one()
    if not row.others:
        # So it is of nearly every page, and to tell people apart takes half as long again.
        return [(Reason.ACCEPTED, read_joined(row, "everybody"))], last
    row = connection.execute(HELD_BY_REASON, page).one()
    return [(reason, read_joined(row, reason.value)) for reason in (*REASON_OF.values(), LOST)], last


def find_held(connection: Connection, campaign_id: int, asked: Sequence[bytes]) -> Sequence[People]:
    """Those of `asked` that the campaign holds."""
    found = defaultdict(list)
    for pseudonym, status in find_statuses(connection, campaign_id, asked):
        found[REASON_OF.get(status, LOST)].append(pseudonym)
    return [(reason, b"".join(pseudonyms)) for reason, pseudonyms in found.items()]


def read_refused(connection: Connection, campaign_id: int, digest: bytes, after: bytes) -> Page:
    """The next people that were refused with this content, and that no other content has reached."""
    asked = {"campaign_id": campaign_id, "digest": digest, "after": after, "page": PAGE}
    people, last = read_page(connection, REFUSED_PEOPLE, asked)
    return [(Reason.REFUSED, people)], last


def read_refused_alone(connection: Connection, name: str, edition: str | None, digest: bytes) -> tuple[str, ...]:
    """The names of chunks whose one number was refused with this content, after the last that was accepted."""
    campaign_id = find_campaign_id(connection, name, edition)
    return tuple(connection.execute(REFUSED_ALONE, {"campaign_id": campaign_id, "digest": digest}).scalars())


def read_page(
    connection: Connection, page: Select[*tuple[Any, ...]], asked: Mapping[str, object]
) -> tuple[bytes, bytes | None]:
    """What `page_of` asks for: people, and the last of them; None where there are no more."""
    row = connection.execute(page, asked).one()
    return read_joined(row, "people"), bytes.fromhex(row.last) or None
