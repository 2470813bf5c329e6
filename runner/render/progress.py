"""The progress of a run: a bar on a terminal, plain lines in a log; where nobody can read it, silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event as Bell
from threading import RLock, Thread
from typing import IO

from runner.model.clock import Clock
from runner.model.events import (
    AccountStopped,
    CampaignStopped,
    ChunkAnswered,
    Event,
    Requesting,
    RunEnded,
    RunStarted,
    Waiting,
)
from runner.model.ledger import ChunkStatus
from runner.render.page import tidy
from runner.render.problems import printable
from runner.render.words import render_duration, render_people

HEARTBEAT_S = 60.0
Tell = Callable[[Event], None]


@dataclass(slots=True)
class Count:
    """How far a run is, counted from what it told."""

    people: int = 0
    requests: int = 0
    people_done: int = 0
    requests_done: int = 0
    started_at: datetime | None = None
    finishes_at: datetime | None = None
    waiting_until: datetime | None = None
    why: str = ""
    costs: dict[str, Decimal] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Count this event."""
        if not isinstance(event, Waiting):
            self.waiting_until = None
        match event:
            case RunStarted():
                self.people, self.requests = event.people, event.requests
                self.started_at, self.finishes_at = event.at, event.finishes_at
            case Waiting():
                self.waiting_until, self.why = event.at + timedelta(seconds=event.seconds), event.why
            case ChunkAnswered():
                self.requests_done += 1
                self.requests = max(self.requests, self.requests_done)
                if event.status is not ChunkStatus.REJECTED:
                    self.people_done += event.recipients
                if event.cost is not None and event.currency is not None:
                    self.costs[event.currency] = self.costs.get(event.currency, Decimal(0)) + event.cost

    def estimate_finish(self, now: datetime) -> datetime | None:
        """When all is done: as planned, or later where the requests so far took longer; None where nobody knows."""
        if self.started_at is None or not self.requests_done:
            return self.finishes_at
        pace = self.started_at + (now - self.started_at) * (self.requests / self.requests_done)
        return pace if self.finishes_at is None else max(pace, self.finishes_at)

    @property
    def summary(self) -> str:
        """`12/40 requests, 5,812/20,000 people`."""
        return f"{self.requests_done:,}/{self.requests:,} requests, {self.people_done:,}/{self.people:,} people"


def describe_change(event: Event) -> str | None:
    """What must be read of this event at once, whatever the progress; None where it is only progress."""
    match event:
        case ChunkAnswered() if event.status is not ChunkStatus.ACCEPTED or event.reason or event.rows:
            rows = "".join(f"; refused alone: {tidy(row)}" for row in event.rows)
            reason = f": {tidy(event.reason)}" if event.reason else ""
            settle = f"; settle it: campaign resolve {event.chunk} …" if event.status is ChunkStatus.UNKNOWN else ""
            head = f"{printable(event.label)}: chunk {event.chunk} of {render_people(event.recipients)} {event.status}"
            return f"{head}{reason}{rows}{settle}"
        case CampaignStopped():
            return f"{printable(event.label)} stops: {tidy(event.reason)}{_say_hint(event.hint)}"
        case AccountStopped():
            return f"account {printable(event.account)} stops: {tidy(event.reason)}{_say_hint(event.hint)}"
        case _:
            return None


def _say_hint(hint: str | None) -> str:
    return f"; {tidy(hint)}" if hint else ""


class Forgiving:
    """A stream whose failures are silence: that nobody can read progress must not stop what is under way."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


class Lines:
    """Progress as plain lines, each with its time in UTC; `verbose` tells of every chunk."""

    def __init__(self, stream: IO[str], *, verbose: bool = False) -> None:
        self._stream = Forgiving(stream)
        self._verbose = verbose
        self._count = Count()
        self._lock = RLock()

    def note(self, event: Event) -> None:
        """Count this event, and print a line where it is a change."""
        with self._lock:
            self._count.note(event)
            change = describe_change(event)
            if change is None and self._verbose:
                change = _describe_step(event)
            if change is not None:
                self._print(event.at, change)
            if isinstance(event, (RunStarted, RunEnded)):
                self.beat(event.at)

    def beat(self, now: datetime) -> None:
        """Print how far the run is."""
        with self._lock:
            count = self._count
            if count.started_at is not None:
                self._print(now, count.summary + _say_finish(count, now) + _say_waiting(count, now))

    def _print(self, at: datetime, text: str) -> None:
        self._stream.write(f"{at.astimezone(UTC):%H:%M:%SZ} {text}\n")
        self._stream.flush()


def _describe_step(event: Event) -> str | None:
    match event:
        case Requesting():
            probe = ", a probe" if event.probe else ""
            return f"{printable(event.label)}: sending to {render_people(event.recipients)}{probe}"
        case ChunkAnswered():
            return f"{printable(event.label)}: chunk {event.chunk} of {render_people(event.recipients)} {event.status}"
        case Waiting():
            return f"waiting {render_duration(event.seconds)}: {tidy(event.why)}"
        case _:
            return None


def _say_finish(count: Count, now: datetime) -> str:
    finish = count.estimate_finish(now)
    if finish is None or count.requests_done >= count.requests:
        return ""
    return f", done about {finish.astimezone(UTC):%H:%M}"


def _say_waiting(count: Count, now: datetime) -> str:
    if count.waiting_until is None or count.waiting_until <= now:
        return ""
    return f", next request in {render_duration((count.waiting_until - now).total_seconds())}: {tidy(count.why)}"


@contextmanager
def open_progress(
    stream: IO[str], *, clock: Clock, zone: str, terminal: bool, color: bool = False, verbose: bool = False
) -> Iterator[Tell]:
    """Show on `stream` what the listener that is yielded is told: a bar where it is a terminal, else plain lines."""
    shown: AbstractContextManager[Tell]
    if terminal:
        from runner.render.bar import open_bar

        shown = open_bar(stream, clock=clock, zone=zone, color=color)
    else:
        shown = open_lines(stream, clock=clock, verbose=verbose)
    with shown as tell:
        yield tell


@contextmanager
def open_lines(
    stream: IO[str], *, clock: Clock, verbose: bool = False, heartbeat_s: float = HEARTBEAT_S
) -> Iterator[Tell]:
    """Plain lines: one each `heartbeat_s` seconds and one at each change."""
    lines = Lines(stream, verbose=verbose)
    bell = Bell()
    beat = Thread(target=_beat, args=(lines, clock, bell, heartbeat_s), daemon=True)
    beat.start()
    try:
        yield lines.note
    finally:
        bell.set()
        beat.join()


def _beat(lines: Lines, clock: Clock, bell: Bell, heartbeat_s: float) -> None:
    while not bell.wait(heartbeat_s):
        lines.beat(clock.now())
