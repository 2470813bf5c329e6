"""The one way in which time enters."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from runner.model.units import UNITS


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading of the clock: the wall, and the seconds since this boot, which no clock change moves."""

    wall: datetime
    boottime_s: float
    boot_id: str


class Clock(Protocol):
    """Wall time, time since boot, and waiting."""

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC."""
        ...

    def read(self) -> Instant:
        """All that is needed to compare this moment with one that another process recorded."""
        ...

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass; a signal's handler may run meanwhile, and the wait goes on after it."""
        ...


def spell_moment(moment: datetime) -> str:
    """An instant for a message, in the zone of this machine and with its offset: `2026-11-24 11:00:05+01:00`."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def spell_duration(duration: timedelta) -> str:
    """A duration as options take it, in the largest unit that says it whole: `7d`, `50m`."""
    seconds = int(duration.total_seconds())
    fitting = (f"{seconds // size}{unit}" for unit, size in UNITS.items() if seconds and seconds % size == 0)
    return next(fitting, "0s")


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


class SystemClock:
    """The machine's own clocks.

    Time since boot is CLOCK_BOOTTIME where the system has it (it counts suspension, which CLOCK_MONOTONIC does not);
    elsewhere it is the monotonic clock under a boot id that matches no other process, so that it is never compared.
    """

    def __init__(self) -> None:
        self._clock_id = getattr(time, "CLOCK_BOOTTIME", None)
        self._boot_id = _boot_id() if self._clock_id is not None else "unknown"

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC."""
        return datetime.now(UTC)

    def read(self) -> Instant:
        """The wall clock, the time since boot, and the boot that it counts from."""
        boottime = time.clock_gettime(self._clock_id) if self._clock_id is not None else time.monotonic()
        return Instant(self.now(), boottime, self._boot_id)

    def wait(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        time.sleep(max(0.0, seconds))
