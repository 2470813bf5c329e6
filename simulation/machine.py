"""The machine of a history: one true time, a wall clock that people and NTP move, and boots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from runner.model.clock import Instant

EPOCH = datetime(2026, 12, 1, 9, tzinfo=UTC)
UPTIME_S = 1000.0


@dataclass(slots=True)
class Machine:
    """The clock of whoever is no process under the director: the operator, and the laws.

    `now_s` is the true time in seconds since the history began, by which the provider counts. `wall_ahead_s` is how far
    the wall clock is ahead of it, `furthest_ahead_s` how far it ever was; `moved_at_s` is when somebody last moved it,
    `moved_ahead_at_s` when forwards.
    """

    now_s: float = 0.0
    boot: int = 1
    booted_at_s: float = -UPTIME_S
    wall_ahead_s: float = 0.0
    moved_at_s: float = float("-inf")
    moved_ahead_at_s: float = float("-inf")
    furthest_ahead_s: float = 0.0
    _due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    @property
    def next_s(self) -> float:
        """When something happens by itself next; infinity where nothing will."""
        return self._due[0][0] if self._due else float("inf")

    def schedule(self, at_s: float, happen: Callable[[], None]) -> None:
        """Let something happen by itself, whoever lets time pass until then."""
        self._due.append((at_s, happen))
        self._due.sort(key=lambda due: due[0])

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.advance_to(self.now_s + seconds)

    def advance_to(self, moment_s: float) -> None:
        """Let time pass until then, where that is not over."""
        while self._due and self._due[0][0] <= moment_s:
            at_s, happen = self._due.pop(0)
            self.now_s = max(self.now_s, at_s)
            happen()
        self.now_s = max(self.now_s, moment_s)

    def move_wall(self, by_s: float) -> None:
        """Somebody sets the clock."""
        self.wall_ahead_s += by_s
        self.moved_at_s = self.now_s
        if by_s > 0:
            self.moved_ahead_at_s = self.now_s
        self.furthest_ahead_s = max(self.furthest_ahead_s, self.wall_ahead_s)

    def start_again(self, uptime_s: float) -> None:
        """The machine boots, or another one that has been up for so long takes its disk."""
        self.boot += 1
        self.booted_at_s = self.now_s - uptime_s

    def now(self) -> datetime:
        """The wall clock's time."""
        return EPOCH + timedelta(seconds=self.now_s + self.wall_ahead_s)

    def read(self) -> Instant:
        """The wall clock, the time since boot, and the boot."""
        return Instant(self.now(), self.now_s - self.booted_at_s, f"boot-{self.boot}")

    def wait(self, seconds: float) -> None:
        """Nothing else happens meanwhile."""
        self.advance(seconds)
