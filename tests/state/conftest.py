"""A state of its own for each test, a clock that stands until it is moved, and processes beside ours.

What every state promises is tested on a SQLite file and on a PostgreSQL server of the tests' own, by `desk` and
`open_again`; what only one of them can promise is marked so, by its `kind`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from runner.model.clock import Instant
from runner.model.ledger import Acceptance, Holder, KeptContent, NewChunk
from runner.model.plan import Reason
from runner.model.secret import Secret
from runner.state.lock import Held, hold_account, this_holder
from runner.state.open import State, open_state

ROOT = Path(__file__).resolve().parents[2]
SQLITE = "sqlite:///.campaign/state.db"
KEY = Secret("the key of a state that tests alone open")
FINGERPRINT = b"f" * 16


@dataclass
class StandingClock:
    """A clock that moves only when it is told to, or waited for."""

    wall: datetime = datetime(2026, 11, 24, 10, tzinfo=UTC)
    boottime_s: float = 1000.0
    boot_id: str = "this-boot"

    def now(self) -> datetime:
        return self.wall

    def read(self) -> Instant:
        return Instant(self.wall, self.boottime_s, self.boot_id)

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.boottime_s += seconds


def person(number: int) -> bytes:
    """The pseudonym of somebody."""
    return sha256(str(number).encode()).digest()[:16]


def content(audio: str = "audio-1", **other: object) -> KeptContent:
    return KeptContent(**{"audio": audio, "notify_email": "ops@example.fr", **other})


def new_chunk(*people: int, name: str = "recall", edition: str | None = None, **other: object) -> NewChunk:
    values = {"content": content(), "probe": False, "largest_probe": 0, "timeout": timedelta(seconds=30), **other}
    return NewChunk(campaign=name, edition=edition, pseudonyms=tuple(map(person, people)), **values)


def cut_people(pages: Iterable[tuple[Reason, bytes]]) -> list[tuple[Reason, bytes]]:
    """Each person of the ledger's pages, behind the reason."""
    return [(reason, page[at : at + 16]) for reason, page in pages for at in range(0, len(page), 16)]


@dataclass
class Desk:
    """One state, one account's lock on it, and short ways to record."""

    state: State
    clock: StandingClock
    stack: ExitStack
    held: Held = field(init=False)
    recorded: dict[str, Sequence[bytes]] = field(default_factory=dict)

    OTHER_FINGERPRINT = b"o" * 16
    person = staticmethod(person)
    cut_people = staticmethod(cut_people)
    content = staticmethod(content)
    new_chunk = staticmethod(new_chunk)

    def __post_init__(self) -> None:
        self.held = self.stack.enter_context(self.hold())

    @property
    def ledger(self):
        return self.state.ledger

    def hold(self, account: str = "main", fingerprint: bytes = FINGERPRINT, holder: Holder | None = None):
        holder = holder or this_holder(self.clock, "campaign apply")
        return hold_account(
            self.state, fingerprint=fingerprint, account=account, holder=holder, wait=timedelta(0), clock=self.clock
        )

    def take_over(self) -> Held:
        """Give the lock back, and take it again as the next run does; the old hold is answered, to misbehave with."""
        old = self.held
        self.stack.close()
        self.held = self.stack.enter_context(self.hold())
        return old

    def record(self, *people: int, held: Held | None = None, max_in_doubt: int = 5, **chunk: object) -> str:
        new = new_chunk(*people, **chunk)
        name = self.ledger.record_sending(held or self.held, new, self.clock.read(), max_in_doubt=max_in_doubt)
        self.recorded[name] = new.pseudonyms
        return name

    def accept(self, chunk: str, held: Held | None = None, **told: object) -> None:
        acceptance = Acceptance(**{"provider_id": "p1", **told})
        self.ledger.record_accepted(held or self.held, chunk, acceptance, self.clock.read())

    def reject(self, chunk: str, held: Held | None = None, reason: str = "no") -> None:
        self.ledger.record_rejected(held or self.held, chunk, self.recorded[chunk], reason, self.clock.read())

    def refuse(self, chunk: str, held: Held | None = None, reason: str = "no") -> None:
        person = self.recorded[chunk][0]
        self.ledger.record_refused(held or self.held, chunk, person, reason, self.clock.read())

    def doubt(self, chunk: str, held: Held | None = None, *, ended: bool = True) -> None:
        self.ledger.record_unknown(held or self.held, chunk, "lost", self.clock.read() if ended else None)

    def settle(self, chunk: str, *, accepted: bool, provider_id: str | None = None) -> None:
        by, clock = "ops@host", self.clock
        self.ledger.settle(chunk, accepted=accepted, provider_id=provider_id, by=by, clock=clock)

    def people(self, name: str = "recall", edition: str | None = None, audio: str = "audio-1") -> dict[int, str]:
        """Why each of the people 0 to 99 may not be sent to, by a letter, be the ledger asked for all or for these."""
        known = {person(n): n for n in range(100)}
        whose = (name, edition, content(audio).digest)
        asked = ([person(n) for n in range(60)], [person(n) for n in range(60, 100)])
        read, found = (
            {known[who]: reason[0].upper() for reason, who in cut_people(pages)}
            for pages in (self.ledger.read_people(*whose), self.ledger.find_people(*whose, asked))
        )
        assert read == found
        return read


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Path:
    """A project with a state in which nothing was ever recorded: copied for each test, which is faster than made."""
    root = tmp_path_factory.mktemp("made-once")
    open_state(SQLITE, root=root, key=KEY, pin=None, clock=StandingClock()).close()
    return root


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request) -> str:
    """What keeps the test's state."""
    return request.param


@pytest.fixture
def url(request, kind) -> str:
    """Where the test's state is."""
    if kind == "sqlite":
        return SQLITE
    cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.new_schema())


@pytest.fixture
def open_again(kind, url, tmp_path, clock, made_once) -> Iterator[Callable[[], State]]:
    """A function that opens the test's state, and makes it where it is gone."""
    if kind == "sqlite":
        shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    with ExitStack() as stack:
        make = partial(open_state, url, root=tmp_path, key=KEY, pin=None, clock=clock)
        yield lambda: stack.enter_context(make())


@pytest.fixture
def desk(open_again, clock) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(open_again(), clock, stack)


@pytest.fixture
def start(tmp_path, url) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """A function that runs Python text as a process of its own, in the test's folder; what still runs at the end dies.

    The text sees `root`, `url`, `key`, `clock` and the names of the state's room.
    """
    head = f"""
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from runner.errors import *
from runner.model.clock import SystemClock
from runner.model.ledger import *
from runner.model.secret import Secret
from runner.state.lock import *
from runner.state.open import *
root, url, key, clock = Path({str(tmp_path)!r}), {url!r}, Secret({KEY.open()!r}), SystemClock()
def tell(*words): print(*words, flush=True)
"""
    with ExitStack() as stack:

        def run(text: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", head + text],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run
