"""When may the next request of an account leave.

The provider permits `requests` in any sliding `per`, measured where they arrive. An arrival is only known to lie
between its request's start and its answer, so a request may start at s only when fewer than `requests` earlier ones
have an end after s - per, or no end yet. That never breaks the limit: were one more than `requests` arrivals to lie in
[t, t + per), the last-started of them would have started before t + per, when all others had ended no sooner than t,
and the rule would have counted them all. Knowing only starts and ends, nobody can do better.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from runner.model.clock import Clock, Instant
from runner.model.config import Limits
from runner.model.ledger import Departure

MARGIN_S = 0.002
"""Kept between a window's end and the next start: two clocks never tell the same moment to the last digit."""


class Window:
    """The sliding windows of one API key, on this machine's time since boot, in seconds.

    It begins with the departures that the ledger holds, so that restarts, processes and machines share it. `limits`
    are those of every account that has this key: all of them hold.
    """

    def __init__(self, limits: Collection[Limits], departures: Iterable[Departure], clock: Clock) -> None:
        self._limits = tuple(limits)
        self._kept = max(limit.requests for limit in self._limits)
        self._most = self._kept
        self._clock = clock
        now = clock.read()
        self._ends = sorted(_end_of(departure, now) for departure in departures)
        self._closed_until = float("-inf")
        self._closed_why = ""

    @property
    def why(self) -> str:
        """What a request that may not leave yet is waiting for."""
        limit = max(self._limits, key=self._opens_by)
        if self._closed_until > self._opens_by(limit):
            return self._closed_why
        return f"limit of {min(limit.requests, self._most)} in {limit.per.total_seconds():g} s"

    def wait_s(self) -> float:
        """How many seconds from now the next request may leave; 0 where it may leave at once."""
        opens = max(self._closed_until, *map(self._opens_by, self._limits))
        return max(0.0, opens - self._clock.read().boottime_s)

    def note_end(self, ended: Instant) -> None:
        """A request has ended: its answer began to arrive, or its last byte can arrive no later."""
        self._ends = sorted([*self._ends, ended.boottime_s])[-self._kept :]

    def note_too_many(self, retry_after: timedelta | None) -> None:
        """The provider said that these were too many, whoever else uses the key.

        Nothing leaves until `retry_after` has passed. Where the answer did not say, nothing leaves for a whole window,
        and from then on no more requests a window are made than the provider took in the last one.
        """
        if retry_after is not None:
            self.close_for(retry_after.total_seconds(), "the provider's limit")
            return
        per_s = max(limit.per for limit in self._limits).total_seconds()
        self.close_for(per_s, "the provider's limit")
        now = self._clock.read().boottime_s
        taken = sum(1 for end in self._ends if end > now - per_s) - 1
        self._most = max(1, min(self._most, taken))

    def close_for(self, seconds: float, why: str) -> None:
        """Nothing leaves for so long, whatever the limit permits."""
        self._closed_until = max(self._closed_until, self._clock.read().boottime_s + seconds)
        self._closed_why = why

    def note_accepted(self) -> None:
        """The provider takes requests again: after a refusal the rate grows back, one request a window each time."""
        self._most = min(self._kept, self._most + 1)

    def _opens_by(self, limit: Limits) -> float:
        requests = min(limit.requests, self._most)
        if len(self._ends) < requests:
            return float("-inf")
        return self._ends[-requests] + limit.per.total_seconds() + MARGIN_S


def _end_of(departure: Departure, now: Instant) -> float:
    """When the departure's last byte can have arrived, on `now`'s time since boot.

    Within one boot that is a difference of the same clock, which no clock change moves. Across boots and machines it
    is the wall clock's; a departure in the future counts as one that left just now. One without a known end was written
    within `timeout`, after which the kernel would have ended its process, and the kernel has then tried to deliver it
    for `timeout` once more.
    """
    if departure.ended is not None:
        return now.boottime_s - _age_s(departure.ended, now)
    return now.boottime_s - _age_s(departure.started, now) + 2 * departure.timeout.total_seconds()


def _age_s(then: Instant, now: Instant) -> float:
    if then.boot_id == now.boot_id and then.boot_id != "unknown":
        return now.boottime_s - then.boottime_s
    return max(0.0, (now.wall - then.wall).total_seconds())
