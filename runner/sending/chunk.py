"""The four steps of one chunk: connect, record it as sending, send it, record the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from runner.errors import RunnerError, StateUnavailable
from runner.model.clock import Clock, Instant
from runner.model.config import Account, Content
from runner.model.events import Event, Requesting
from runner.model.ledger import Acceptance, ChunkStatus, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.model.verdict import Accepted, ChunkRefused, NotSent, Unknown, Verdict
from runner.plan.content import hide_numbers
from runner.providers import http, voicepartner
from runner.pseudonyms import Pseudonyms
from runner.state.lock import Held
from runner.state.open import State

Tell = Callable[[Event], None]
Exchange = http.Answer | http.Lost | NotSent

PATIENCE_TO_RECORD_S = 60.0


class StartRefused(Exception):
    """A reason to stop came before the chunk was recorded: nothing was sent."""


class AnswerNotRecorded(RunnerError):
    """The state could not be written for a minute: an answer is known, and its chunk is in doubt all the same."""

    code = "answer-not-recorded"
    exit_code = 3

    def __init__(self, chunk: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.chunk = chunk


class LedgerBypassed(AssertionError):
    """A request left without its record: a defect of this program, after which nothing more may be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How this run reaches one account's provider: the address, the key, the lock that is held, and the ledger.

    `post` makes one request; everything that leaves goes through it.
    """

    account: Account
    base_url: str
    api_key: Secret
    proxy: Secret | None
    allowed_hosts: frozenset[str] | None
    held: Held
    state: State
    clock: Clock
    post: Callable[..., Exchange] = http.send


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The numbers of one request, with what their people hear."""

    campaign: str
    edition: str | None
    label: str
    content: Content
    kept_content: KeptContent
    schedule: datetime | None
    numbers: Sequence[int]
    probe: bool
    largest_probe: int
    plan_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a chunk.

    `chunk` is its id, None where nothing was recorded since nothing was sent. `ended` is the moment after which no
    byte of the request can arrive any more; None where none left.
    """

    chunk: str | None
    verdict: Verdict
    ended: Instant | None = None

    @property
    def status(self) -> ChunkStatus:
        """What the chunk became in the ledger."""
        if isinstance(self.verdict, Accepted):
            return ChunkStatus.ACCEPTED
        return ChunkStatus.UNKNOWN if isinstance(self.verdict, Unknown) else ChunkStatus.REJECTED

    def find_remark(self, sent: int) -> str | None:
        """What a reader should know of the answer: why it was refused, or that it counts fewer people than sent."""
        if not isinstance(self.verdict, Accepted):
            return self.verdict.reason
        counted = self.verdict.acceptance.counted
        return f"the provider counted {counted} of {sent} people" if counted is not None and counted < sent else None


def send_chunk(chunk: Chunk, door: Door, tell: Tell, refuse_late: Callable[[], None]) -> Outcome:
    """Carry one chunk through the four steps. `refuse_late` is asked last, when the connection stands.

    Raises what `refuse_late` does, and LockLost, TooManyInDoubt, ProbeNeeded, AlreadyHeld or StateUnavailable where the
    ledger can't record the chunk: nothing was sent then.
    """
    recorded: list[str] = []

    def record_sending() -> None:
        refuse_late()
        recorded.append(_record_sending(chunk, door))

    people = len(chunk.numbers)
    tell(Requesting(at=door.clock.now(), label=chunk.label, recipients=people, probe=chunk.probe))
    answer = door.post(
        f"{door.base_url.rstrip('/')}/campaign/send",
        voicepartner.build_body(door.api_key, chunk.content, chunk.schedule, chunk.numbers),
        timeout=door.account.timeout,
        before_first_byte=record_sending,
        clock=door.clock,
        proxy=door.proxy,
        allowed_hosts=door.allowed_hosts,
    )
    return _record_answer(chunk, door, recorded[0] if recorded else None, answer)


def _record_sending(chunk: Chunk, door: Door) -> str:
    return door.state.ledger.record_sending(
        door.held,
        NewChunk(
            campaign=chunk.campaign,
            edition=chunk.edition,
            content=chunk.kept_content,
            pseudonyms=door.state.pseudonyms.of_numbers(chunk.numbers),
            probe=chunk.probe,
            largest_probe=chunk.largest_probe,
            timeout=door.account.timeout,
            plan_id=chunk.plan_id,
            base_url=door.account.base_url.text,
        ),
        door.clock.read(),
        max_in_doubt=door.account.max_in_doubt,
    )


def _record_answer(chunk: Chunk, door: Door, recorded: str | None, answer: Exchange) -> Outcome:
    if recorded is None:
        return Outcome(chunk=None, verdict=_refuse_silence(answer))
    verdict, ended = _place(answer, chunk.numbers, door.clock)
    _until_recorded(recorded, verdict, door, lambda: _record_verdict(recorded, chunk, verdict, ended, door))
    return Outcome(chunk=recorded, verdict=verdict, ended=ended)


def _place(answer: Exchange, numbers: Sequence[int], clock: Clock) -> tuple[Verdict, Instant]:
    match answer:
        case http.Answer():
            return voicepartner.judge_answer(answer, numbers), answer.ended
        case http.Lost():
            return Unknown(answer.reason), answer.ended
        case NotSent():
            return answer, clock.read()


def _refuse_silence(answer: Exchange) -> NotSent:
    """Only a request that never left may be without a record; anything else is a defect that must not be sent past."""
    if not isinstance(answer, NotSent):
        raise LedgerBypassed("a request left that was not recorded first")
    return answer


def _record_verdict(recorded: str, chunk: Chunk, verdict: Verdict, ended: Instant, door: Door) -> None:
    ledger, held, pseudonyms = door.state.ledger, door.held, door.state.pseudonyms
    match verdict:
        case Accepted():
            ledger.record_accepted(held, recorded, _hide_numbers(verdict.acceptance, pseudonyms), ended)
        case Unknown():
            ledger.record_unknown(held, recorded, verdict.reason, ended)
        case ChunkRefused() if len(chunk.numbers) == 1:
            person = pseudonyms.of_number(chunk.numbers[0])
            ledger.record_refused(held, recorded, person, verdict.reason, ended)
        case _:
            ledger.record_rejected(held, recorded, pseudonyms.of_numbers(chunk.numbers), verdict.reason, ended)


def _hide_numbers(acceptance: Acceptance, pseudonyms: Pseudonyms) -> Acceptance:
    """What the ledger may keep of it: the name of a recording may hold a number, or the key."""
    named = acceptance.audio_name
    return acceptance if named is None else replace(acceptance, audio_name=hide_numbers(named, pseudonyms))


def _until_recorded(recorded: str, verdict: Verdict, door: Door, record: Callable[[], None]) -> None:
    """Record an answer, again each second while the state can't be written, for a minute.

    An answer that is lost leaves its chunk in doubt, so the error names what an operator needs to settle it.
    """
    give_up_s = door.clock.read().boottime_s + PATIENCE_TO_RECORD_S
    while True:
        try:
            record()
        except StateUnavailable as error:
            if door.clock.read().boottime_s >= give_up_s:
                message = f"the answer of chunk {recorded} could not be recorded: {error.message}"
                raise AnswerNotRecorded(recorded, message, hint=_say_how_to_settle(recorded, verdict)) from error
            door.clock.wait(1.0)
        else:
            return


def _say_how_to_settle(recorded: str, verdict: Verdict) -> str:
    if isinstance(verdict, Accepted):
        accepted = f"--accepted --provider-id {verdict.acceptance.provider_id}"
        return f"it was accepted: mend the state, then `campaign resolve {recorded} {accepted}`"
    if isinstance(verdict, Unknown):
        return f"what became of it is not known: mend the state, find out, then `campaign resolve {recorded} …`"
    return f"it was not sent: mend the state, then `campaign resolve {recorded} --not-sent`"
