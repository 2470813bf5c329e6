"""The progress of a run: a bar on a terminal, plain lines in a log; where nobody can read it, silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Event as Bell
from threading import RLock, Thread
from typing import IO

from runner.model.clock import Clock
from runner.model.events import (
    ChunkAnswered,
    Event,
    Requesting,
    RunEnded,
    RunStarted,
    Waiting,
)
from runner.render.count import Count, Forgiving, Tell, describe_change
from runner.render.page import tidy
from runner.render.problems import printable
from runner.render.words import render_duration, render_people, render_second

HEARTBEAT_S = 60.0


class Lines:
    """Progress as plain lines, each with its time in `zone`; `verbose` tells of every chunk."""

    def __init__(self, stream: IO[str], *, zone: str, verbose: bool = False) -> None:
        self._stream = Forgiving(stream)
        self._zone = zone
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
                parts = (count.describe(now, self._zone), count.describe_next(now))
                self._print(now, ", ".join(filter(None, parts)))

    def _print(self, at: datetime, text: str) -> None:
        self._stream.write(f"{render_second(at, self._zone)} {text}\n")
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


@contextmanager
def open_progress(
    stream: IO[str],
    *,
    clock: Clock,
    zone: str,
    is_stopping: Callable[[], bool],
    terminal: bool,
    color: bool = False,
    verbose: bool = False,
) -> Iterator[Tell]:
    """Show on `stream` what the listener that is yielded is told: a bar where it is a terminal, else plain lines.

    `is_stopping` says whether a signal came, which a bar shows.
    """
    shown: AbstractContextManager[Tell]
    if terminal:
        from runner.render.bar import open_bar

        shown = open_bar(stream, clock=clock, zone=zone, is_stopping=is_stopping, color=color)
    else:
        shown = open_lines(stream, clock=clock, zone=zone, verbose=verbose)
    with shown as tell:
        yield tell


@contextmanager
def open_lines(
    stream: IO[str], *, clock: Clock, zone: str, verbose: bool = False, heartbeat_s: float = HEARTBEAT_S
) -> Iterator[Tell]:
    """Plain lines: one each `heartbeat_s` seconds and one at each change."""
    lines = Lines(stream, zone=zone, verbose=verbose)
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
