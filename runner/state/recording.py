"""What a run records before it sends: that a chunk is about to be sent, under the lock and fenced by it.

What else holds people the same way, adoption, is recorded the same way.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, select
from sqlalchemy.exc import IntegrityError

from runner.errors import AlreadyHeld, ProbeNeeded, StateRefused, TooManyInDoubt
from runner.model.clock import Instant
from runner.model.ledger import Adoption, ChunkStatus, KeptContent, NewChunk
from runner.state.answers import clean_reason
from runner.state.chunks import DOUBT, LAST_IS_DOUBT, name_account, name_campaign
from runner.state.dialects import is_held_twice, record_chunk
from runner.state.fence import FENCE, Held, refuse_lost, refuse_older
from runner.state.people import CAMPAIGN_ID
from runner.state.renaming import RENAMED, refuse_renamed
from runner.state.stops import refuse_stopped
from runner.state.tables import campaigns, contents, insert_row, state, stops

LETTERS = "bcdfghjkmnpqrstvwxz"
NAME_LENGTH = 10
"""A chunk's name has letters alone: digits could be taken for a telephone number, and be masked; vowels make words."""

# To build a statement takes longer than to carry it out: what each chunk needs is built once.
# And all that must hold for it is asked at once, since a server far away takes as long for each question.
# Of few joins, since it takes a server longer to plan them than to carry them out.
CAMPAIGN = CAMPAIGN_ID.scalar_subquery()
CONTENT_ID = select(contents.c.id).where(contents.c.campaign_id == CAMPAIGN, contents.c.digest == bindparam("digest"))
KNOWN = FENCE.add_columns(
    state.c.serial,
    state.c.retired_at,
    CAMPAIGN.label("campaign_id"),
    CONTENT_ID.scalar_subquery().label("content_id"),
)
KNOWN_BEFORE_SENDING = KNOWN.add_columns(
    exists().select_from(stops).label("stopped"),
    RENAMED.scalar_subquery().label("renamed_id"),
    DOUBT.scalar_subquery().label("in_doubt"),
    LAST_IS_DOUBT.scalar_subquery().label("last_is_doubt"),
)


def record_sending(
    connection: Connection, held: Held, chunk: NewChunk, instant: Instant, *, max_in_doubt: int, serial: int
) -> tuple[str, int]:
    """Record the chunk as `sending` with all its people; answer its name and the serial. See Ledger.record_sending.

    `serial` is the last one that this process knows of.
    """
    known = connection.execute(KNOWN_BEFORE_SENDING, _ask_of(chunk, held)).one()
    refuse_lost(held, known)
    if known.serial < serial:
        raise refuse_older(f"the state is at serial {known.serial}, and this run has recorded up to {serial}")
    _refuse_retired(known.retired_at)
    if known.stopped:
        refuse_stopped(connection, chunk)
    if known.renamed_id is not None:
        refuse_renamed(connection, chunk, known.renamed_id)
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
    _record(connection, recorded, chunk)
    return name, known.serial + 1


def record_adopted(connection: Connection, held: Held, adoption: Adoption, instant: Instant) -> str:
    """Record people as reached by something else: accepted, for a request that was never ours; answer the chunk."""
    known = connection.execute(KNOWN, _ask_of(adoption, held)).one()
    refuse_lost(held, known)
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
    _record(connection, recorded, adoption)
    return name


def _ask_of(new: NewChunk | Adoption, held: Held) -> dict[str, object]:
    return {
        **name_account(held),
        **held.grip.numbers,
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
        chunks, are = ("1 chunk", "is") if in_doubt == 1 else (f"{in_doubt} chunks", "are")
        message = f"{chunks} of account `{held.account}` {are} in doubt, and max_in_doubt is {max_in_doubt}"
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


def _record(connection: Connection, recorded: Mapping[str, object], new: NewChunk | Adoption) -> None:
    try:
        record_chunk(connection, recorded, new.pseudonyms)
    except IntegrityError as error:
        if not is_held_twice(error):
            raise
        message = f"somebody of this chunk is held by campaign `{new.campaign}` already; nothing of it was sent"
        hint = "another run has sent for this campaign meanwhile: apply again, which plans anew"
        raise AlreadyHeld(message, hint=hint) from error
