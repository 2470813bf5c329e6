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
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from runner.errors import AlreadyHeld, AlreadySettled, ProbeNeeded, StateRefused, TooManyInDoubt
from runner.model.clock import Instant
from runner.model.ledger import IN_DOUBT, Acceptance, Adoption, ChunkStatus, KeptContent, NewChunk
from runner.state.chunks import DOUBT, LAST_IS_DOUBT, is_campaign, name_account, name_campaign
from runner.state.dialects import ServerMoment, insert_people, is_held_twice
from runner.state.fence import EPOCH, Held, check_fence, refuse_lost
from runner.state.people import CAMPAIGN_ID
from runner.state.renaming import RENAMED, refuse_renamed
from runner.state.stops import refuse_stopped
from runner.state.tables import campaigns, chunks, contents, insert_row, recipients, refused, state, stops

LETTERS = "bcdfghjkmnpqrstvwxz"
NAME_LENGTH = 10
"""A chunk's name has letters alone: digits could be taken for a telephone number, and be masked; vowels make words."""

LONG_DIGITS = re.compile(r"\d(?:[\s().-]{0,2}\d){8,}")

# To build a statement takes longer than to carry it out: what each chunk needs is built once.
# And all that must hold for it is asked at once, since a server far away takes as long for each question.
CONTENT_ID = select(contents.c.id).join(campaigns).where(is_campaign(), contents.c.digest == bindparam("digest"))
KNOWN = select(
    EPOCH.scalar_subquery().label("epoch"),
    select(state.c.retired_at).scalar_subquery().label("retired_at"),
    CAMPAIGN_ID.scalar_subquery().label("campaign_id"),
    CONTENT_ID.scalar_subquery().label("content_id"),
)
KNOWN_BEFORE_SENDING = KNOWN.add_columns(
    exists().select_from(stops).label("stopped"),
    RENAMED.scalar_subquery().label("renamed"),
    DOUBT.scalar_subquery().label("in_doubt"),
    LAST_IS_DOUBT.scalar_subquery().label("last_is_doubt"),
)
RECORD = insert(chunks).values(recorded_server_at=ServerMoment())
RAISE_SERIAL = update(state).values(serial=state.c.serial + 1)
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
FREE = delete(recipients).where(recipients.c.chunk_id == bindparam("chunk_id"))
PEOPLE = select(recipients.c.pseudonym).where(recipients.c.chunk_id == bindparam("chunk_id"))
FORGET_REFUSAL = delete(refused).where(
    refused.c.content_id == bindparam("content_id"), refused.c.pseudonym == bindparam("pseudonym")
)
REFUSE = insert(refused)


def record_sending(connection: Connection, held: Held, chunk: NewChunk, instant: Instant, *, max_in_doubt: int) -> str:
    """Record the chunk as `sending` with all its people, and answer its name. See Ledger.record_sending."""
    known = connection.execute(KNOWN_BEFORE_SENDING, _ask_of(chunk, held)).one()
    refuse_lost(connection, held, known.epoch)
    _refuse_retired(known.retired_at)
    if known.stopped:
        refuse_stopped(connection, chunk)
    refuse_renamed(chunk, known.renamed)
    _refuse_doubt(known.in_doubt, held, max_in_doubt)
    if known.last_is_doubt and 0 < chunk.largest_probe < len(chunk.pseudonyms):
        raise ProbeNeeded
    campaign_id, content_id = _keep(connection, chunk, known)
    name = _make_name()
    recorded = {
        "name": name,
        "campaign_id": campaign_id,
        "content_id": content_id,
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
    known = connection.execute(KNOWN, _ask_of(adoption, held)).one()
    refuse_lost(connection, held, known.epoch)
    _refuse_retired(known.retired_at)
    campaign_id, content_id = _keep(connection, adoption, known)
    name = _make_name()
    recorded = {
        "name": name,
        "campaign_id": campaign_id,
        "content_id": content_id,
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
    told = {
        "provider_id": acceptance.provider_id,
        "cost": acceptance.cost,
        "currency": acceptance.currency,
        "counted": acceptance.counted,
        "audio_name": acceptance.audio_name,
        "reason": None,
    }
    if _accept_sending(connection, held, chunk, ended, told):
        return
    found = _find_own(connection, held, chunk)
    if found.status == ChunkStatus.RELEASED:
        message = f"chunk {chunk} was settled as not sent, and now the provider says that it took it"
        hint = "its people may be reached twice: stop the campaign, and see `campaign status`"
        raise AlreadySettled(message, hint=hint)
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


def _ask_of(new: NewChunk | Adoption, held: Held) -> dict[str, object]:
    return {
        **name_account(held),
        **name_campaign(new.campaign, new.edition),
        "digest": new.content.digest,
        "run_id": held.run_id,
    }


def _refuse_retired(retired_at: datetime | None) -> None:
    if retired_at is not None:
        message = "this state was retired meanwhile: another one goes on with its ledger"
        raise StateRefused(message, hint="let `state` name the one that it was moved to", code="state-retired")


def _refuse_doubt(in_doubt: int, held: Held, max_in_doubt: int) -> None:
    if in_doubt >= max_in_doubt:
        message = f"{in_doubt} chunks of account `{held.account}` are in doubt, and max_in_doubt is {max_in_doubt}"
        hint = "`campaign status` lists them; settle each with `campaign resolve`"
        raise TooManyInDoubt(message, hint=hint)


def _keep(connection: Connection, new: NewChunk | Adoption, known: Row[*tuple[Any, ...]]) -> tuple[int, int]:
    """The surrogate ids of campaign and content, which are kept where the ledger does not know them yet."""
    campaign_id, content_id = known.campaign_id, known.content_id
    if campaign_id is None:
        campaign_id = insert_row(connection, campaigns, {"name": new.campaign, "edition": new.edition})
    if content_id is None:
        content_id = _keep_content(connection, campaign_id, new.content)
    return campaign_id, content_id


def _keep_content(connection: Connection, campaign_id: int, content: KeptContent) -> int:
    values = {
        "campaign_id": campaign_id,
        "digest": content.digest,
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


def _accept_sending(connection: Connection, held: Held, chunk: str, ended: Instant, told: dict[str, Any]) -> bool:
    """Record what nearly every answer is, the first to this run's own chunk; False where it is not `sending` still."""
    own = {"answered": chunk, "answering": held.run_id}
    return connection.execute(ACCEPT_SENDING, {**own, **_spell_end(ended), **told}).rowcount == 1


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


def _spell_end(ended: Instant) -> dict[str, object]:
    return {"ended_at": ended.wall, "ended_boottime_s": ended.boottime_s, "ended_boot_id": ended.boot_id}
