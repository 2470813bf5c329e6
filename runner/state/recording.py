"""What a run records of its chunks: that one is about to be sent, and what the provider answered.

That a chunk is about to be sent is recorded under the lock and fenced by it. An answer is not fenced: it is the truth
about a request that its run alone has made, and to lose it would leave an `unknown` for no reason. So a run may record
the answer to its own chunk while that is `sending`, and also after the next holder of the lock has found it and made
it `unknown`: an answer beats a guess. Once an operator has settled the chunk, an answer that says the same adds what
it knows, one that tells nothing changes nothing, and one that says the opposite raises AlreadySettled, loudly, since
somebody must learn of it. To record the same answer again changes nothing: a commit whose end is not known is repeated.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from runner.errors import AlreadyHeld, AlreadySettled, StateRefused, TooManyInDoubt
from runner.model.clock import Instant
from runner.model.ledger import IN_DOUBT, Acceptance, Adoption, ChunkStatus, KeptContent, NewChunk
from runner.state.chunks import count_in_doubt
from runner.state.dialects import ServerMoment, insert_people, is_held_twice
from runner.state.fence import Held, check_fence
from runner.state.people import find_campaign_id
from runner.state.renaming import refuse_renamed
from runner.state.stops import refuse_stopped
from runner.state.tables import campaigns, chunks, contents, insert_row, recipients, refused, state

LETTERS = "bcdfghjkmnpqrstvwxz"
NAME_LENGTH = 10
"""A chunk's name has letters alone: digits could be taken for a telephone number, and be masked; vowels make words."""

LONG_DIGITS = re.compile(r"\d(?:[\s().-]{0,2}\d){8,}")

# To build a statement takes longer than to carry it out: what each chunk needs is built once.
RETIRED = select(state.c.retired_at)
CONTENT_ID = select(contents.c.id).where(
    contents.c.campaign_id == bindparam("campaign_id"), contents.c.digest == bindparam("digest")
)
RECORD = insert(chunks).values(recorded_server_at=ServerMoment())
RAISE_SERIAL = update(state).values(serial=state.c.serial + 1)
FIND_OWN = select(chunks).where(chunks.c.name == bindparam("chunk")).with_for_update()
ANSWER = update(chunks).where(chunks.c.id == bindparam("answered"))
ANSWER_ENDED = ANSWER.values(ended_server_at=ServerMoment())
FREE = delete(recipients).where(recipients.c.chunk_id == bindparam("chunk_id"))
PEOPLE = select(recipients.c.pseudonym).where(recipients.c.chunk_id == bindparam("chunk_id"))
FORGET_REFUSAL = delete(refused).where(
    refused.c.content_id == bindparam("content_id"), refused.c.pseudonym == bindparam("pseudonym")
)
REFUSE = insert(refused)


def record_sending(connection: Connection, held: Held, chunk: NewChunk, instant: Instant, *, max_in_doubt: int) -> str:
    """Record the chunk as `sending` with all its people, and answer its name. See Ledger.record_sending."""
    check_fence(connection, held)
    _refuse_retired(connection)
    refuse_stopped(connection, chunk)
    refuse_renamed(connection, held, chunk)
    _refuse_doubt(connection, held, max_in_doubt)
    campaign_id = _keep_campaign(connection, chunk.campaign, chunk.edition)
    name = _make_name()
    recorded = {
        "name": name,
        "campaign_id": campaign_id,
        "content_id": _keep_content(connection, campaign_id, chunk.content),
        "account_id": held.account_id,
        "account": held.account,
        "run_id": held.run_id,
        "status": ChunkStatus.SENDING,
        "recipients": len(chunk.pseudonyms),
        "probe": chunk.probe,
        "timeout_s": chunk.timeout.total_seconds(),
        "recorded_at": instant.wall,
        "recorded_boottime_s": instant.boottime_s,
        "recorded_boot_id": instant.boot_id,
        "plan_id": chunk.plan_id,
        "base_url": chunk.base_url,
    }
    chunk_id = insert_row(connection, RECORD, recorded)
    _hold_people(connection, campaign_id, chunk_id, chunk.pseudonyms, chunk.campaign)
    connection.execute(RAISE_SERIAL)
    return name


def record_adopted(connection: Connection, held: Held, adoption: Adoption, instant: Instant) -> str:
    """Record people as reached by something else: accepted, for a request that was never ours; answer the chunk."""
    check_fence(connection, held)
    _refuse_retired(connection)
    campaign_id = _keep_campaign(connection, adoption.campaign, adoption.edition)
    name = _make_name()
    recorded = {
        "name": name,
        "campaign_id": campaign_id,
        "content_id": _keep_content(connection, campaign_id, adoption.content),
        "account_id": held.account_id,
        "account": held.account,
        "run_id": held.run_id,
        "status": ChunkStatus.ACCEPTED,
        "recipients": len(adoption.pseudonyms),
        "probe": False,
        "timeout_s": 0.0,
        "recorded_at": instant.wall,
        "recorded_boottime_s": instant.boottime_s,
        "recorded_boot_id": instant.boot_id,
        "reason": clean_reason(f"adopted from {adoption.source}"),
        "settled_at": instant.wall,
        "settled_by": adoption.by,
        "adopted": True,
    }
    chunk_id = insert_row(connection, RECORD, recorded)
    _hold_people(connection, campaign_id, chunk_id, adoption.pseudonyms, adoption.campaign)
    connection.execute(RAISE_SERIAL)
    return name


def record_accepted(connection: Connection, held: Held, chunk: str, acceptance: Acceptance, ended: Instant) -> None:
    """The provider took the chunk."""
    found = _find_own(connection, held, chunk)
    if found.status == ChunkStatus.RELEASED:
        message = f"chunk {chunk} was settled as not sent, and now the provider says that it took it"
        hint = "its people may be reached twice: stop the campaign, and see `campaign status`"
        raise AlreadySettled(message, hint=hint)
    told = {
        "provider_id": acceptance.provider_id,
        "cost": acceptance.cost,
        "currency": acceptance.currency,
        "counted": acceptance.counted,
        "audio_name": acceptance.audio_name,
        "reason": None,
    }
    if _may_answer(found, ChunkStatus.ACCEPTED) or found.settled_at is not None:
        _answer(connection, found, ChunkStatus.ACCEPTED, ended, told)


def record_rejected(connection: Connection, held: Held, chunk: str, reason: str, ended: Instant) -> bool:
    """The provider did not take the chunk: its people are pending again. Answers whether that is new."""
    found = _find_own(connection, held, chunk)
    if found.status == ChunkStatus.ACCEPTED and found.settled_at is not None:
        message = f"chunk {chunk} was settled as accepted, and now the provider says that it refused it: {reason}"
        raise AlreadySettled(message, hint="its people count as reached; a new edition of the campaign can reach them")
    if not _may_answer(found, ChunkStatus.REJECTED):
        return False
    _answer(connection, found, ChunkStatus.REJECTED, ended, {"reason": clean_reason(reason)})
    free_people(connection, found.id)
    return True


def record_unknown(connection: Connection, held: Held, chunk: str, reason: str, ended: Instant | None) -> None:
    """Bytes of the chunk left, and no answer says what became of them."""
    found = _find_own(connection, held, chunk)
    if _may_answer(found, ChunkStatus.UNKNOWN):
        _answer(connection, found, ChunkStatus.UNKNOWN, ended, {"reason": clean_reason(reason)})


def record_refused(connection: Connection, held: Held, chunk: str, reason: str, ended: Instant) -> None:
    """The provider did not take the one number of this chunk: it is not tried again with this content."""
    found = _find_own(connection, held, chunk)
    people = connection.execute(PEOPLE, {"chunk_id": found.id}).scalars().all()
    if record_rejected(connection, held, chunk, reason, ended):
        if len(people) != 1:
            raise ValueError(f"chunk {chunk} has {len(people)} people; only one who stood alone can be refused")
        person = {"content_id": found.content_id, "pseudonym": people[0]}
        connection.execute(FORGET_REFUSAL, person)
        connection.execute(REFUSE, {**person, "chunk_id": found.id})


def forgive_refused(connection: Connection, held: Held, names: Sequence[str]) -> None:
    """It was no number that these chunks were refused for: their people are pending again."""
    check_fence(connection, held)
    forgiven = select(chunks.c.id).where(chunks.c.name.in_(names))
    connection.execute(delete(refused).where(refused.c.chunk_id.in_(forgiven)))


def free_people(connection: Connection, chunk_id: int) -> None:
    """The people of this chunk are held no longer: they are pending again."""
    connection.execute(FREE, {"chunk_id": chunk_id})


def clean_reason(reason: str) -> str:
    """An answer's words without what could be a telephone number: this room can't tell, so it keeps no long digits."""
    return LONG_DIGITS.sub("•••", reason)


def _refuse_retired(connection: Connection) -> None:
    if connection.execute(RETIRED).scalar() is not None:
        message = "this state was retired meanwhile: another one goes on with its ledger"
        raise StateRefused(message, hint="let `state` name the one that it was moved to", code="state-retired")


def _refuse_doubt(connection: Connection, held: Held, max_in_doubt: int) -> None:
    in_doubt = count_in_doubt(connection, held)
    if in_doubt >= max_in_doubt:
        message = f"{in_doubt} chunks of account `{held.account}` are in doubt, and max_in_doubt is {max_in_doubt}"
        hint = "`campaign status` lists them; settle each with `campaign resolve`"
        raise TooManyInDoubt(message, hint=hint)


def _keep_campaign(connection: Connection, name: str, edition: str | None) -> int:
    found = find_campaign_id(connection, name, edition)
    if found is not None:
        return found
    return insert_row(connection, campaigns, {"name": name, "edition": edition})


def _keep_content(connection: Connection, campaign_id: int, content: KeptContent) -> int:
    identity = {"campaign_id": campaign_id, "digest": content.digest}
    found: int | None = connection.execute(CONTENT_ID, identity).scalar()
    if found is not None:
        return found
    values = {
        **identity,
        "audio": content.audio,
        "notify_email": content.notify_email,
        "sender_pseudonym": content.sender_pseudonym,
        "sender_masked": content.sender_masked,
        "notify_url": content.notify_url,
        "schedule": content.schedule,
    }
    return insert_row(connection, contents, values)


def _make_name() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(NAME_LENGTH))


def _hold_people(
    connection: Connection, campaign_id: int, chunk_id: int, pseudonyms: Sequence[bytes], campaign: str
) -> None:
    try:
        insert_people(connection, campaign_id, chunk_id, pseudonyms)
    except IntegrityError as error:
        if not is_held_twice(error):
            raise
        message = f"somebody of this chunk is held by campaign `{campaign}` already; nothing of it was sent"
        hint = "another run has sent for this campaign meanwhile: apply again, which plans anew"
        raise AlreadyHeld(message, hint=hint) from error


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
    if ended is not None:
        told |= {"ended_at": ended.wall, "ended_boottime_s": ended.boottime_s, "ended_boot_id": ended.boot_id}
    statement = ANSWER if ended is None else ANSWER_ENDED
    connection.execute(statement, {"answered": found.id, "status": status, **told})
