"""Any sequence of recording, answering, dying, finding and settling keeps the laws of the ledger."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from runner.errors import AlreadyHeld, AlreadySettled, LockLost, SettlementRefused, TooManyInDoubt
from runner.model.clock import Instant
from runner.model.ledger import Acceptance, ChunkStatus, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.state.fence import Held
from runner.state.lock import hold_account, this_holder
from runner.state.open import State, open_state

PEOPLE = [bytes([n]) * 16 for n in (0x00, 0x01, 0x27, 0x2C, 0x80, 0xAB, 0xD8, 0xFF)]
CONTENTS = [KeptContent(audio=audio, notify_email="ops@example.fr") for audio in ("first", "second")]
IDENTITIES = [("recall", None), ("recall", "2"), ("hours", None)]
TIMEOUT = timedelta(seconds=30)
MAX_IN_DOUBT = 3
HOLDING = ("accepted", "unknown", "sending")


@dataclass
class Clock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def read(self) -> Instant:
        return Instant(self.now(), self.seconds, "this-boot")

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Expected:
    """What a chunk must be, by the contract and not by the database."""

    name: str
    held: Held
    identity: tuple[str, str | None]
    content: KeptContent
    people: frozenset[bytes]
    recorded_s: float
    status: str = "sending"
    ended: bool = False
    settled: bool = False

    @property
    def holds(self) -> bool:
        return self.status in HOLDING

    @property
    def in_doubt(self) -> bool:
        return self.status in ("sending", "unknown")

    def may_be_released(self, now_s: float) -> bool:
        return self.ended or now_s - self.recorded_s >= 2 * TIMEOUT.total_seconds()


class LedgerLaws(RuleBasedStateMachine):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="ledger"))
        self.clock = Clock()
        key = Secret("the key of a state that tests alone open")
        self.state: State = open_state(url, root=self.root, key=key, pin=None, clock=self.clock)
        self.chunks: list[Expected] = []
        self.refused: set[tuple[tuple[str, str | None], bytes, bytes]] = set()
        self.recorded = 0
        self.lock = ExitStack()
        self.held = self.take()
        self.lost: list[Held] = []

    def teardown(self) -> None:
        self.lock.close()
        self.state.close()
        shutil.rmtree(self.root)

    def take(self) -> Held:
        holder = this_holder(self.clock, "campaign apply")
        lock = hold_account(
            self.state, fingerprint=b"f" * 16, account="main", holder=holder, wait=timedelta(0), clock=self.clock
        )
        return self.lock.enter_context(lock)

    def live(self, identity: tuple[str, str | None]) -> dict[bytes, Expected]:
        return {p: chunk for chunk in self.chunks if chunk.identity == identity and chunk.holds for p in chunk.people}

    @rule(
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3),
        identity=st.sampled_from(IDENTITIES),
        content=st.sampled_from(CONTENTS),
        by_lost=st.integers(0, 9),
    )
    def record(self, people, identity, content, by_lost):
        lost = by_lost == 0 and bool(self.lost)
        held = self.lost[-1] if lost else self.held
        chunk = NewChunk(
            campaign=identity[0],
            edition=identity[1],
            content=content,
            pseudonyms=tuple(people),
            probe=False,
            largest_probe=0,
            timeout=TIMEOUT,
        )
        doubt = sum(known.in_doubt for known in self.chunks)
        twice = len(set(people)) < len(people) or not self.live(identity).keys().isdisjoint(people)
        error = LockLost if lost else TooManyInDoubt if doubt >= MAX_IN_DOUBT else AlreadyHeld if twice else None
        if error is not None:
            with pytest.raises(error):
                self.state.ledger.record_sending(held, chunk, self.clock.read(), max_in_doubt=MAX_IN_DOUBT)
            return
        name = self.state.ledger.record_sending(held, chunk, self.clock.read(), max_in_doubt=MAX_IN_DOUBT)
        self.recorded += 1
        self.chunks.append(Expected(name, held, identity, content, frozenset(people), self.clock.seconds))

    @precondition(lambda self: any(chunk.in_doubt or chunk.settled for chunk in self.chunks))
    @rule(answer=st.sampled_from(["accepted", "rejected", "refused", "unknown", "lost"]), data=st.data())
    def answer(self, answer, data):
        """Any run may answer for its own chunk, also one that lost the lock, or whose chunk was found or settled."""
        chunk = data.draw(st.sampled_from([known for known in self.chunks if known.in_doubt or known.settled]))
        if answer == "refused" and len(chunk.people) > 1:
            answer = "rejected"
        opposite = {"accepted": "released", "rejected": "accepted", "refused": "accepted"}.get(answer)
        if chunk.settled and chunk.status == opposite:
            with pytest.raises(AlreadySettled):
                self.give(answer, chunk)
            return
        self.give(answer, chunk)
        if chunk.settled:
            return
        chunk.status = {"refused": "rejected", "lost": "unknown"}.get(answer, answer)
        chunk.ended = chunk.ended or answer != "lost"
        if answer == "refused":
            self.refused.add((chunk.identity, chunk.content.digest, next(iter(chunk.people))))

    def give(self, answer: str, chunk: Expected) -> None:
        ledger, now = self.state.ledger, self.clock.read()
        match answer:
            case "accepted":
                ledger.record_accepted(chunk.held, chunk.name, Acceptance(provider_id="p"), now)
            case "rejected":
                ledger.record_rejected(chunk.held, chunk.name, [*chunk.people], "no", now)
            case "refused":
                ledger.record_refused(chunk.held, chunk.name, next(iter(chunk.people)), "no", now)
            case "unknown":
                ledger.record_unknown(chunk.held, chunk.name, "?", now)
            case "lost":
                ledger.record_unknown(chunk.held, chunk.name, "?", None)

    @rule()
    def another_run_takes_over(self):
        self.lost.append(self.held)
        self.lock.close()
        self.held = self.take()

    @rule()
    def find_what_was_left(self):
        left = [chunk for chunk in self.chunks if chunk.status == "sending" and chunk.held != self.held]
        assert self.state.ledger.sweep(self.held, self.clock) == tuple(chunk.name for chunk in left)
        for chunk in left:
            chunk.status = "unknown"

    @precondition(lambda self: self.chunks)
    @rule(accepted=st.booleans(), data=st.data())
    def settle(self, accepted, data):
        chunk = data.draw(st.sampled_from(self.chunks))
        needs_end = chunk.status == "sending" or not accepted
        if not chunk.in_doubt or (needs_end and not chunk.may_be_released(self.clock.seconds)):
            with pytest.raises(SettlementRefused):
                self.state.ledger.settle(chunk.name, accepted=accepted, provider_id=None, by="ops", clock=self.clock)
            return
        self.state.ledger.settle(chunk.name, accepted=accepted, provider_id=None, by="ops", clock=self.clock)
        chunk.status, chunk.settled = "accepted" if accepted else "released", True

    @rule(seconds=st.sampled_from([1.0, 30.0, 60.0]))
    def time_passes(self, seconds):
        self.clock.wait(seconds)

    @invariant()
    def nobody_is_held_twice_and_everybody_is_accounted_for(self):
        for identity in {chunk.identity for chunk in self.chunks}:
            live = self.live(identity)
            assert len(live) == sum(len(c.people) for c in self.chunks if c.identity == identity and c.holds)
            for content in CONTENTS:
                pages = self.state.ledger.read_people(*identity, content.digest)
                found = [(reason, page[at : at + 16]) for reason, page in pages for at in range(0, len(page), 16)]
                expected = {(chunk.status, p) for p, chunk in live.items()}
                expected |= {
                    ("refused", p)
                    for whom, digest, p in self.refused
                    if whom == identity and digest == content.digest and p not in live
                }
                assert sorted(found) == sorted(expected)

    @invariant()
    def records_add_up(self):
        records = {(r.campaign, r.edition): r for r in self.state.ledger.campaigns()}
        assert set(records) == {chunk.identity for chunk in self.chunks}
        for identity, record in records.items():
            own = [chunk for chunk in self.chunks if chunk.identity == identity]
            assert record.chunks == {s: sum(c.status == s for c in own) for s in ChunkStatus}
            for status in HOLDING:
                assert record.people[status] == sum(len(c.people) for c in own if c.status == status)
        assert self.state.serial == self.recorded
        assert self.state.ledger.in_doubt(self.held) == sum(chunk.in_doubt for chunk in self.chunks) <= MAX_IN_DOUBT


def run_histories(request, kind: str, examples: int, steps: int) -> None:
    def begin() -> LedgerLaws:
        if kind == "sqlite":
            return LedgerLaws("sqlite:///state.db")
        cluster = request.getfixturevalue("cluster")
        return LedgerLaws(cluster.url(cluster.new_schema()))

    run_state_machine_as_test(begin, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None))


def test_any_history_keeps_the_laws(request, kind):
    # A server is asked over a socket, so its histories take several times as long.
    run_histories(request, kind, 6 if kind == "sqlite" else 2, 20)


@pytest.mark.slow
def test_many_more_histories_keep_the_laws(request, kind):
    run_histories(request, kind, 60 if kind == "sqlite" else 12, 50)
