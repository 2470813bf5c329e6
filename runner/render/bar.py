"""The progress of a run on a terminal: a bar that moves, and above it what must be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from runner.model.clock import Clock
from runner.model.events import Event
from runner.render.count import Count, Forgiving, Tell, describe_change
from runner.render.page import tidy
from runner.render.words import render_costs, render_duration

LOOKS_PER_S = 4


class Bar:
    """What the terminal shows: drawn anew several times a second, so that waiting is seen to go by."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self._clock = clock
        self._zone = zone
        self.count = Count()

    def __rich__(self) -> Group:
        """The bar, how far the run is, and what it waits for."""
        count = self.count
        bar = ProgressBar(total=max(count.people, 1), completed=count.people_done)
        # A bar does not end its line by itself: an empty text does.
        return Group(bar, Text(), Text(count.summary + self._say_pace()), Text(self._say_waiting(), style="dim"))

    def _say_pace(self) -> str:
        now = self._clock.now()
        count = self.count
        parts = []
        if count.started_at is not None and count.people_done:
            minutes = max((now - count.started_at).total_seconds(), 1.0) / 60
            parts.append(f"{count.people_done / minutes:,.0f} a minute")
        if count.costs:
            parts.append(render_costs(count.costs))
        finish = count.estimate_finish(now)
        if finish is not None and count.requests_done < count.requests:
            parts.append(f"done about {finish.astimezone(ZoneInfo(self._zone)):%H:%M}")
        return "".join(f", {part}" for part in parts)

    def _say_waiting(self) -> str:
        count, now = self.count, self._clock.now()
        if count.ended:
            return ""
        if count.waiting_until is None or count.waiting_until <= now:
            return "a request is under way" if count.requests_done < count.requests else ""
        left = (count.waiting_until - now).total_seconds()
        return f"next request in {render_duration(left)}: {tidy(count.why)}"


@contextmanager
def open_bar(stream: IO[str], *, clock: Clock, zone: str, color: bool) -> Iterator[Tell]:
    """A bar on the terminal `stream`; what must be read scrolls above it."""
    forgiving = cast("IO[str]", Forgiving(stream))
    console = Console(file=forgiving, no_color=not color, highlight=False, markup=False, emoji=False)
    bar = Bar(clock, zone)
    with Live(bar, console=console, refresh_per_second=LOOKS_PER_S) as live:

        def tell(event: Event) -> None:
            bar.count.note(event)
            change = describe_change(event)
            if change is not None:
                console.print(Text(change))
            live.refresh()

        yield tell
