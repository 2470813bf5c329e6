"""The progress of a run on a terminal: a bar that moves, and above it what must be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from runner.model.clock import Clock
from runner.model.events import Event
from runner.render.count import STOPPING, Count, Forgiving, Tell, describe_change

LOOKS_PER_S = 4


class Bar:
    """What the terminal shows: drawn anew several times a second, so that waiting is seen to go by."""

    def __init__(self, clock: Clock, zone: str, is_stopping: Callable[[], bool]) -> None:
        self._clock = clock
        self._zone = zone
        self._is_stopping = is_stopping
        self.count = Count()

    def __rich__(self) -> Group:
        """The bar, how far the run is, and what it waits for."""
        count, now = self.count, self._clock.now()
        bar = ProgressBar(total=max(count.people, 1), completed=count.people_done)
        following = Text(count.describe_next(now), style="dim")
        if self._is_stopping() and count.under_way:
            following = Text(STOPPING, style="yellow")
        # A bar does not end its line by itself: an empty text does.
        return Group(bar, Text(), Text(count.describe(now, self._zone)), following)


@contextmanager
def open_bar(
    stream: IO[str], *, clock: Clock, zone: str, is_stopping: Callable[[], bool], color: bool
) -> Iterator[Tell]:
    """A bar on the terminal `stream`; what must be read scrolls above it."""
    forgiving = cast("IO[str]", Forgiving(stream))
    console = Console(file=forgiving, no_color=not color, highlight=False, markup=False, emoji=False)
    bar = Bar(clock, zone, is_stopping)
    with Live(bar, console=console, refresh_per_second=LOOKS_PER_S) as live:

        def tell(event: Event) -> None:
            bar.count.note(event)
            change = describe_change(event)
            if change is not None:
                console.print(Text(change))
            live.refresh()

        yield tell
