"""When requests leave, as bars on real time: one lane an account, in percent of the width or units of the lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from runner.model.plan import Lane, Plan
from runner.render.language import Language
from runner.render.sentences import clip
from runner.render.timetable import Slot, find_slots

RUNS = 40
"""Campaigns that a lane shows one by one; of more, neighbours stand together."""
TRACKS = 12
"""Accounts that are shown; the others are counted."""
BARS = 240
"""Bars of one lane; where it has more requests, neighbours are one bar."""
LABEL = 60
WIDTH, HEIGHT = 1000, 60
"""A lane's own units, which are stretched to the page."""
STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One campaign's requests in a lane, as a path of bars and their outline."""

    label: str
    path: str
    hill: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """An account's lane on real time; `hill` is the outline of what is reached so far, waits included."""

    account: str
    told: str
    finish: str
    finish_x: float
    hill: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of the time axis."""

    x: float
    told: str
    anchor: str


def draw_lanes(plan: Plan, language: Language) -> tuple[tuple[Track, ...], tuple[Tick, ...]]:
    """Each account's requests on real time from the moment of planning to the finish, and the axis below them."""
    shown = plan.lanes[:TRACKS]
    slots = [slot for slot in find_slots(plan) if slot.lane in shown]
    if not slots:
        return (), ()
    span = max(timedelta(minutes=1), max(slot.ends_at for slot in slots) - plan.created_at) * 1.02
    tracks = tuple(
        _draw_track(plan, list(group), span, language)
        for _, group in groupby(sorted(slots, key=lambda slot: _rank(plan, slot)), key=lambda slot: slot.lane.account)
    )
    return tracks, tuple(_draw_ticks(plan, span, language))


def _rank(plan: Plan, slot: Slot) -> int:
    return plan.lanes.index(slot.lane)


def _draw_track(plan: Plan, slots: Sequence[Slot], span: timedelta, language: Language) -> Track:
    people = sum(slot.campaign.rows.pending for slot in slots)
    requests = sum(slot.campaign.requests for slot in slots)
    finish = max(slot.ends_at for slot in slots)
    runs, reached, stride = [], 0, max(1, requests * len(plan.lanes[:TRACKS]) // BARS)
    for some in _gather(slots):
        runs.append(_draw_run(plan, some, (reached, people), language, span=span, stride=stride))
        reached += sum(slot.campaign.rows.pending for slot in some)
    return Track(
        account=_tell_account(slots[0].lane, plan.timezone),
        told=f"{language.count('requests', requests)}, {language.count('people', people)}",
        finish=tell_second(plan, finish, slots[0].lane.timezone, language),
        finish_x=_percent(finish - plan.created_at, span),
        hill="".join(("M0 ", str(HEIGHT), *(run.hill for run in runs), f"V{HEIGHT}z")),
        runs=tuple(runs),
    )


def _tell_account(lane: Lane, zone: str) -> str:
    """The account, with its zone where that is not the one of the axis."""
    account = clip(lane.account, LABEL)
    return account if lane.timezone == zone else f"{account} ({lane.timezone})"


def _gather(slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
    """Slots one by one, or as many neighbours together as keep their number small."""
    size = -(-len(slots) // RUNS)
    for first in range(0, len(slots), size):
        yield slots[first : first + size]


def _draw_run(
    plan: Plan, slots: Sequence[Slot], reached: tuple[int, int], language: Language, *, span: timedelta, stride: int
) -> Run:
    """The requests of neighbouring campaigns: a bar each, as high as the share of people reached by then."""
    before, people = reached
    here = sum(slot.campaign.rows.pending for slot in slots)
    requests = sum(slot.campaign.requests for slot in slots)
    lane, earlier = slots[0].lane, slots[0].earlier
    bars, steps = [], []
    for first in range(0, requests, stride):
        last = min(first + stride, requests)
        x = _percent(lane.leaves_after(earlier + first), span) * WIDTH / 100
        end = _percent(lane.leaves_after(earlier + last - 1) + timedelta(seconds=lane.answer), span) * WIDTH / 100
        high = HEIGHT * (before + here * last / requests) / max(people, 1)
        bars.append(f"M{x:.1f} {HEIGHT}v-{max(high, 1.5):.1f}h{max(end - x, 2.4):.1f}V{HEIGHT}z")
        steps.append(f"H{x:.1f}V{HEIGHT - high:.1f}H{end:.1f}")
    label = clip(slots[0].campaign.label, LABEL)
    if len(slots) > 1:
        label += f" {language.say('more', n=language.number(len(slots) - 1))}"
    start = _percent(slots[0].starts_at - plan.created_at, span)
    return Run(
        label=label,
        path="".join(bars),
        hill="".join(steps),
        x=start,
        width=_percent(slots[-1].ends_at - plan.created_at, span) - start,
    )


def _draw_ticks(plan: Plan, span: timedelta, language: Language) -> Iterator[Tick]:
    """Round times of the reader's zone, at most six of them."""
    zone = ZoneInfo(plan.timezone)
    step = next((step for step in STEPS if span / step <= 5), DAY * -(-span // (5 * DAY)))
    begin = plan.created_at.astimezone(UTC)
    midnight = begin.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    moment = midnight + step * -((midnight - begin) // step)
    while moment < begin + span:
        x = _percent(moment - begin, span)
        anchor = "start" if x < 4 else "end" if x > 96 else "middle"
        local = moment.astimezone(zone)
        told = language.day(local) if step >= DAY else _tell_tick(local, step, language)
        yield Tick(x=x, told=told, anchor=anchor)
        moment += step


def _tell_tick(local: datetime, step: timedelta, language: Language) -> str:
    return f"{local:%H:%M:%S}" if step < timedelta(minutes=1) else language.clock(local)


def tell_second(plan: Plan, moment: datetime, zone: str, language: Language) -> str:
    """A time of day to the second, with its day where that is not the day of planning."""
    home = ZoneInfo(zone)
    local = moment.astimezone(home)
    same = local.date() == plan.created_at.astimezone(home).date()
    return f"{local:%H:%M:%S}" if same else f"{language.day(local)}, {local:%H:%M:%S}"


def _percent(part: timedelta, span: timedelta) -> float:
    return 100 * (part / span)
