"""What was recorded day by day, as columns on a calendar: across in percent of the width, upwards in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from runner.render.language import Language

HEIGHT = 130
FEWEST, MOST = 14, 62
"""Days that a calendar shows: at least the former, so that one day does not fill it, and at most the latter."""
GAP = 0.2
"""The part of a day that stays free between two columns."""
DAY = timedelta(days=1)

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a column, and what it stands for; `y` is that of its upper edge."""

    kind: str
    y: float
    height: float
    count: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one day's parts add up to."""

    day: str
    x: float
    width: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A day that is named below the columns."""

    x: float
    told: str
    anchor: str


def find_calendar(first: date, last: date) -> tuple[date, ...]:
    """The days from the first to the last, or a few more before them, or the last of many."""
    shown = min(max((last - first).days + 1, FEWEST), MOST)
    return tuple(last - DAY * back for back in reversed(range(shown)))


def draw_columns(
    calendar: Sequence[date], counts_by_day: Mapping[date, Counts], tell: Callable[[str, int], str], language: Language
) -> tuple[Column, ...]:
    """A column for each day that has counts; the highest is as high as there is room. `tell` names what is counted."""
    shown = [(place, day) for place, day in enumerate(calendar) if any(counts_by_day.get(day, {}).values())]
    highest = max((sum(counts_by_day[day].values()) for _, day in shown), default=1)
    width = 100 / len(calendar)
    return tuple(
        Column(
            day=language.day(day),
            x=width * (place + GAP / 2),
            width=width * (1 - GAP),
            blocks=tuple(_pile(counts_by_day[day], highest, tell)),
        )
        for place, day in shown
    )


def _pile(counts: Counts, highest: int, tell: Callable[[str, int], str]) -> Iterator[Block]:
    top = float(HEIGHT)
    for kind, count in counts.items():
        height = HEIGHT * count / highest
        top -= height
        yield Block(kind=kind, y=top, height=height, count=tell(kind, count))


def mark_calendar(calendar: Sequence[date], language: Language) -> tuple[Mark, ...]:
    """The first, the middle and the last day, by name."""
    middle = len(calendar) // 2
    return (
        Mark(x=0, told=language.day_of_year(calendar[0]), anchor="start"),
        Mark(x=100 * (middle + 0.5) / len(calendar), told=language.day_of_year(calendar[middle]), anchor="middle"),
        Mark(x=100, told=language.day_of_year(calendar[-1]), anchor="end"),
    )
