"""How far a run is, counted from what it told, and what of it must be read at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO

from runner.model.events import (
    AccountStopped,
    CampaignStopped,
    ChunkAnswered,
    Event,
    Requesting,
    RunStarted,
    Waiting,
)
from runner.model.ledger import ChunkStatus
from runner.render.page import tidy
from runner.render.problems import printable
from runner.render.words import render_costs, render_duration, render_people, render_soon

STOPPING = (
    "stopping: no further request starts, and an answer under way is awaited and recorded; Ctrl-C again ends at once "
    "and leaves that chunk unknown"
)
"""What comes of a first signal."""

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
    under_way: bool = False
    why: str = ""
    costs: dict[str, Decimal] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Count this event."""
        self.under_way = isinstance(event, Requesting)
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

    def describe(self, now: datetime, zone: str) -> str:
        """How far it is: `12/40 requests, sent to 5,812/20,000 people, 2,010 a minute, 871.80 EUR, done about …`."""
        parts = [
            f"{self.requests_done:,}/{self.requests:,} requests, sent to {self.people_done:,}/{self.people:,} people"
        ]
        if self.started_at is not None and self.people_done:
            # Of what left in the first seconds of a window no rate can be told: they are followed by a wait.
            minutes = max((now - self.started_at).total_seconds() / 60, 1.0)
            parts.append(f"{self.people_done / minutes:,.0f} a minute")
        if self.costs:
            parts.append(render_costs(self.costs))
        finish = self.estimate_finish(now)
        if finish is not None and self.requests_done < self.requests:
            parts.append(f"done about {render_soon(finish, now, zone)}")
        return ", ".join(parts)

    def describe_next(self, now: datetime) -> str:
        """What is waited for: `next request in 41 s: limit of 5 in 60 s`; empty where nothing more comes."""
        if self.waiting_until is None or self.waiting_until <= now:
            return "a request is under way" if self.under_way else ""
        left = (self.waiting_until - now).total_seconds()
        return f"next request in {render_duration(left)}: {tidy(self.why)}"


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
