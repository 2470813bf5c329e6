"""May a new chunk start: a limit of people, a deadline, a signal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from runner.model.clock import Clock
from runner.model.events import Ending


@dataclass(slots=True)
class Stop:
    """Why no further chunk may start, once there is a reason.

    `limit` bounds the people that this run reaches, those in doubt included; `deadline` is counted from the run's
    start. `signalled` is set by a signal's handler at any moment, `interrupted` by that of SIGINT.
    """

    clock: Clock
    limit: int | None = None
    deadline: timedelta | None = None
    signalled: bool = False
    interrupted: bool = False
    reached: int = 0
    _started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._started_s = self.clock.read().boottime_s

    def find_reason(self, wait_s: float = 0.0) -> Ending | None:
        """The reason why no chunk may start `wait_s` seconds from now, or None."""
        if self.signalled:
            return Ending.SIGNAL
        if self.limit is not None and self.reached >= self.limit:
            return Ending.LIMIT
        if self.deadline is not None and self._elapsed_s() + wait_s >= self.deadline.total_seconds():
            return Ending.DEADLINE
        return None

    def most(self, people: int) -> int:
        """How many of `people` may still be sent to under the limit."""
        return people if self.limit is None else min(people, self.limit - self.reached)

    def _elapsed_s(self) -> float:
        return self.clock.read().boottime_s - self._started_s
