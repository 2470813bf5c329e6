"""What a run records of an answer: what became of its chunk, and of the people whom that holds.

An answer is not fenced: it is the truth about a request that its run alone has made, and to lose it would leave an
`unknown` for no reason. So a run may record the answer to its own chunk while that is `sending`, and also after the
next holder of the lock has found it and made it `unknown`: an answer beats a guess. Once an operator has settled the
chunk, an answer that says the same adds what it knows, one that tells nothing changes nothing, and one that says the
opposite raises AlreadySettled, loudly, since somebody must learn of it. To record the same answer again changes
nothing: a commit whose end is not known is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from runner.errors import AlreadySettled, StateRefused
from runner.model.clock import Instant
from runner.model.ledger import IN_DOUBT, Acceptance, ChunkStatus
from runner.state.dialects import ServerMoment
from runner.state.fence import Held, check_fence
from runner.state.tables import chunks, recipients, refused
from runner.state.transactions import Transactions

LONG_DIGITS = re.compile(r"\d(?:[\s().-]{0,2}\d){8,}")

# To build a statement takes longer than to carry it out: what each answer needs is built once.
FIND_OWN = select(chunks).where(chunks.c.name == bindparam("chunk")).with_for_update()
ANSWER = update(chunks).where(chunks.c.id == bindparam("answered"))
ANSWER_ENDED = ANSWER.values(ended_server_at=ServerMoment())
ACCEPT_SENDING = (
    update(chunks)
    .where(
        chunks.c.name == bindparam("answered"),
        chunks.c.run_id == bindparam("answering"),
        chunks.c.status == ChunkStatus.SENDING,
    )
    .values(status=ChunkStatus.ACCEPTED, ended_server_at=ServerMoment())
)
FREE_ALL = delete(recipients).where(
    recipients.c.campaign_id == bindparam("campaign_id"), recipients.c.chunk_id == bindparam("chunk_id")
)
FREE = FREE_ALL.where(recipients.c.pseudonym.in_(bindparam("people", expanding=True)))
FORGET_REFUSAL = delete(refused).where(
    refused.c.content_id == bindparam("content_id"), refused.c.pseudonym == bindparam("pseudonym")
)
REFUSE = insert(refused)


def accept_sending(transactions: Transactions, held: Held, chunk: str, acceptance: Acceptance, ended: Instant) -> bool:
    """Record what nearly every answer is, the first to this run's own chunk; False where it is not `sending` still."""
    own = {"answered": chunk, "answering": held.run_id}
    return transactions.change(ACCEPT_SENDING, {**own, **_spell_end(ended), **_tell(acceptance)}) == 1


def record_accepted(connection: Connection, held: Held, chunk: str, acceptance: Acceptance, ended: Instant) -> None:
    """The provider took the chunk, whatever it has become meanwhile."""
    found = _find_own(connection, held, chunk)
    if found.status == ChunkStatus.RELEASED:
        message = f"chunk {chunk} was settled as not sent, and now the provider says that it took it"
        hint = "its people may be reached twice: stop the campaign, and see `campaign status`"
        raise AlreadySettled(message, hint=hint)
    if _may_answer(found, ChunkStatus.ACCEPTED) or found.settled_at is not None:
        _answer(connection, found, ChunkStatus.ACCEPTED, ended, _tell(acceptance))


def record_rejected(
    connection: Connection, held: Held, chunk: str, people: Sequence[bytes], reason: str, ended: Instant
) -> bool:
    """The provider did not take the chunk: `people`, all of it, are pending again. Answers whether that is new."""
    found = _find_own(connection, held, chunk)
    if found.status == ChunkStatus.ACCEPTED and found.settled_at is not None:
        message = f"chunk {chunk} was settled as accepted, and now the provider says that it refused it: {reason}"
        raise AlreadySettled(message, hint="its people count as reached; a new edition of the campaign can reach them")
    if not _may_answer(found, ChunkStatus.REJECTED):
        return False
    if len(people) != found.recipients:
        raise ValueError(f"chunk {chunk} has {found.recipients} people, and {len(people)} were refused")
    _answer(connection, found, ChunkStatus.REJECTED, ended, {"reason": clean_reason(reason)})
    connection.execute(FREE, {**_name_chunk(found), "people": list(people)})
    return True


def record_unknown(connection: Connection, held: Held, chunk: str, reason: str, ended: Instant | None) -> None:
    """Bytes of the chunk left, and no answer says what became of them."""
    found = _find_own(connection, held, chunk)
    if _may_answer(found, ChunkStatus.UNKNOWN):
        _answer(connection, found, ChunkStatus.UNKNOWN, ended, {"reason": clean_reason(reason)})


def record_refused(connection: Connection, held: Held, chunk: str, person: bytes, reason: str, ended: Instant) -> None:
    """The provider did not take `person`, alone in this chunk: they are not tried again with this content."""
    found = _find_own(connection, held, chunk)
    if record_rejected(connection, held, chunk, (person,), reason, ended):
        refusal = {"content_id": found.content_id, "pseudonym": person}
        connection.execute(FORGET_REFUSAL, refusal)
        connection.execute(REFUSE, {**refusal, "chunk_id": found.id})


def forgive_refused(connection: Connection, held: Held, names: Sequence[str]) -> None:
    """It was no number that these chunks were refused for: their people are pending again."""
    check_fence(connection, held)
    forgiven = select(chunks.c.id).where(chunks.c.name.in_(names))
    connection.execute(delete(refused).where(refused.c.chunk_id.in_(forgiven)))


def free_people(connection: Connection, chunk: Row[*tuple[Any, ...]]) -> None:
    """Whoever this row of `chunks` holds is held no longer. It looks at everybody whom the campaign holds."""
    connection.execute(FREE_ALL, _name_chunk(chunk))


def _name_chunk(chunk: Row[*tuple[Any, ...]]) -> dict[str, int]:
    return {"campaign_id": chunk.campaign_id, "chunk_id": chunk.id}


def clean_reason(reason: str) -> str:
    """An answer's words without what could be a telephone number: this room can't tell, so it keeps no long digits."""
    return LONG_DIGITS.sub("•••", reason)


def _find_own(connection: Connection, held: Held, chunk: str) -> Row[Any]:
    found: Row[Any] | None = connection.execute(FIND_OWN, {"chunk": chunk}).one_or_none()
    if found is None:
        message = f"chunk {chunk} was recorded, and the state knows it no more: an older copy took its place"
        hint = "end every run; put back the newer state, or count the people of this chunk as unknown"
        raise StateRefused(message, hint=hint, code="state-older")
    if found.run_id != held.run_id:
        raise ValueError(f"chunk {chunk} was not recorded by this run, so this run has no answer to it")
    return found


def _may_answer(found: Row[Any], status: ChunkStatus) -> bool:
    """Whether an answer still changes the chunk: not when it is recorded already, nor when an operator settled it."""
    if found.status not in IN_DOUBT and found.status != status and found.settled_at is None:
        raise ValueError(f"a chunk that is {found.status} can't become {status}")
    return found.status in IN_DOUBT


def _answer(
    connection: Connection, found: Row[Any], status: ChunkStatus, ended: Instant | None, told: dict[str, Any]
) -> None:
    statement, end = (ANSWER, {}) if ended is None else (ANSWER_ENDED, _spell_end(ended))
    connection.execute(statement, {"answered": found.id, "status": status, **end, **told})


def _tell(acceptance: Acceptance) -> dict[str, Any]:
    return {
        "provider_id": acceptance.provider_id,
        "cost": acceptance.cost,
        "currency": acceptance.currency,
        "counted": acceptance.counted,
        "audio_name": acceptance.audio_name,
        "reason": None,
    }


def _spell_end(ended: Instant) -> dict[str, object]:
    return {"ended_at": ended.wall, "ended_boottime_s": ended.boottime_s, "ended_boot_id": ended.boot_id}
