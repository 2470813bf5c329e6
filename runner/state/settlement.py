"""What becomes of chunks whose answer nobody recorded: the next run finds them, an operator settles them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from runner.errors import SettlementRefused
from runner.model.clock import Clock, Instant, spell_moment
from runner.model.ledger import IN_DOUBT, ChunkStatus, SenderRecord
from runner.state.answers import free_people
from runner.state.chunks import find_sender, is_account, name_account
from runner.state.fence import Held, check_fence
from runner.state.holders import describe_holder, is_provably_gone
from runner.state.tables import chunks

DIED = "its run ended before the answer was recorded"

LEFT = select(chunks.c.id, chunks.c.name, chunks.c.account_id).where(chunks.c.status == ChunkStatus.SENDING)
LEFT_OF_ACCOUNT = LEFT.where(chunks.c.run_id != bindparam("run_id"), is_account()).order_by(chunks.c.id)
LEFT_OF_ANY = LEFT.with_for_update().order_by(chunks.c.id)


def sweep(connection: Connection, held: Held, now: Instant) -> tuple[str, ...]:
    """Make `unknown` what earlier runs left `sending`, and answer the chunks' names.

    Whoever holds the lock of an API key knows that no other run of that key goes on. A chunk of the same account's
    name under another key is left alone for as long as its sender may still be sending it.
    """
    check_fence(connection, held)
    left = connection.execute(LEFT_OF_ACCOUNT, {"run_id": held.run_id, **name_account(held)}).all()
    found = [row for row in left if row.account_id == held.account_id or _has_ended(connection, row.name, now)]
    return _doubt(connection, found)


def sweep_dead(connection: Connection, now: Instant) -> tuple[str, ...]:
    """Make `unknown` every chunk that is `sending` and that no process can still be sending, and answer their names.

    It needs no lock: of such a chunk no other answer will come than one that its own sender may still record.
    """
    left = connection.execute(LEFT_OF_ANY).all()
    return _doubt(connection, [row for row in left if _has_ended(connection, row.name, now)])


def _doubt(connection: Connection, found: Sequence[Row[*tuple[Any, ...]]]) -> tuple[str, ...]:
    if found:
        swept = update(chunks).where(chunks.c.id.in_([row.id for row in found]))
        connection.execute(swept.values(status=ChunkStatus.UNKNOWN, reason=DIED))
    return tuple(row.name for row in found)


def settle(
    connection: Connection, chunk: str, *, accepted: bool, provider_id: str | None, by: str, clock: Clock
) -> None:
    """Turn a chunk in doubt into `accepted` or `released`. See Ledger.settle."""
    found = connection.execute(
        select(chunks.c.id, chunks.c.campaign_id, chunks.c.status).where(chunks.c.name == chunk).with_for_update()
    ).one_or_none()
    if found is None:
        hint = "`campaign status` lists the chunks in doubt"
        raise SettlementRefused(f"the ledger has no chunk `{chunk}`", hint=hint, code="no-such-chunk")
    if found.status not in IN_DOUBT:
        message = f"chunk {chunk} is {found.status}: only one in doubt can be settled"
        raise SettlementRefused(message, hint=_say_what_stands(found.status, accepted=accepted), code="not-in-doubt")
    # The answer of a chunk that is `sending` may come at any moment, whatever the operator knows.
    if found.status == ChunkStatus.SENDING or not accepted:
        _refuse_sending(connection, chunk, clock.read())
    status = ChunkStatus.ACCEPTED if accepted else ChunkStatus.RELEASED
    told = {} if provider_id is None else {"provider_id": provider_id}
    settled = update(chunks).where(chunks.c.id == found.id)
    connection.execute(settled.values(status=status, settled_at=clock.now(), settled_by=by, **told))
    if not accepted:
        free_people(connection, found)


def _say_what_stands(status: str, *, accepted: bool) -> str:
    """What an operator can do who would now settle a chunk the other way."""
    if accepted and status != ChunkStatus.ACCEPTED:
        return "its people are pending again: exclude them, or set `enabled: false`, before the next `campaign apply`"
    if not accepted and status == ChunkStatus.ACCEPTED:
        return "its people count as reached; a new `edition` of the campaign can reach them"
    return "there is nothing to do"


def may_settle_not_sent(sender: SenderRecord, now: Instant) -> bool:
    """Whether no process can still be sending the chunk.

    So it is when its sender recorded the end of the request, or is provably gone, or `timeout` has passed twice since
    the chunk was recorded: a process that was stopped for longer than `timeout` ends when it wakes, before it can
    write a byte.
    """
    return has_gone(sender) or _find_left(sender, now) <= timedelta(0)


def has_gone(sender: SenderRecord) -> bool:
    """Whether the sender recorded the end of its request, or its process has certainly ended."""
    return sender.ended is not None or is_provably_gone(sender.holder)


def _has_ended(connection: Connection, chunk: str, now: Instant) -> bool:
    sender = find_sender(connection, chunk)
    return sender is not None and may_settle_not_sent(sender, now)


def _refuse_sending(connection: Connection, chunk: str, now: Instant) -> None:
    sender = find_sender(connection, chunk)
    if sender is None or may_settle_not_sent(sender, now):
        return
    moment: datetime = now.wall + _find_left(sender, now)
    message = f"chunk {chunk} may still be under way: {describe_holder(sender.holder)} recorded it"
    until = f"end that process, or wait until {spell_moment(moment)}"
    hint = f"{until}; then look at the provider once more, which may have taken the chunk meanwhile"
    raise SettlementRefused(message, hint=hint, code="still-sending")


def _find_left(sender: SenderRecord, now: Instant) -> timedelta:
    """What is left of twice the timeout: by the time since one boot, else by the server's clock, else by the wall's."""
    recorded = sender.recorded
    if now.boot_id == recorded.boot_id and now.boot_id != "unknown":
        passed = timedelta(seconds=now.boottime_s - recorded.boottime_s)
    elif sender.age is not None:
        passed = sender.age
    else:
        passed = now.wall - recorded.wall
    return 2 * sender.timeout - passed
