"""The sliding window: never above the limit in any window, at the full rate, over restarts and clock changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runner.model.clock import Instant
from runner.model.config import Limits
from runner.model.ledger import Departure
from runner.sending.pacing import MARGIN_S, Window

EPOCH = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that tests set: `wall_shift` moves the wall without moving the time since boot."""

    seconds: float = 1000.0
    boot_id: str = "boot-1"
    wall_shift: float = 0.0
    waited: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds + self.wall_shift)

    def read(self) -> Instant:
        return Instant(self.now(), self.seconds, self.boot_id)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


def send(window: Window, clock: SetClock, answer_s: float) -> tuple[float, float]:
    clock.wait(window.wait_s())
    started = clock.seconds
    clock.seconds += answer_s
    window.note_end(clock.read())
    return started, clock.seconds


@given(
    st.integers(1, 6),
    st.floats(0.5, 60),
    st.lists(st.tuples(st.floats(0.001, 20), st.floats(0, 1), st.booleans()), min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_requests_than_the_limit_wherever_they_arrive(
    requests: int, per_s: float, answers: list[tuple[float, float, bool]]
) -> None:
    clock = SetClock()
    limits = Limits(requests=requests, per=timedelta(seconds=per_s))
    window, departures, arrivals = Window([limits], [], clock), [], []
    for answer_s, position, restarts in answers:
        if restarts:
            clock.wall_shift += 100.0
            window = Window([limits], departures[-requests:], clock)
        clock.wait(window.wait_s())
        start = clock.read()
        clock.seconds += answer_s
        window.note_end(clock.read())
        departures.append(Departure(started=start, ended=clock.read(), timeout=timedelta(seconds=30)))
        arrivals.append(start.boottime_s + position * answer_s)
    for first, arrival in enumerate(arrivals[requests:]):
        assert arrival - arrivals[first] >= per_s


def test_the_full_rate_is_used_when_answers_are_quick() -> None:
    clock = SetClock()
    window = Window([Limits()], [], clock)
    starts = [send(window, clock, 0.2)[0] for _ in range(50)]
    bound = 9 * (60 + 0.2) + 4 * 0.2
    assert bound <= starts[-1] - starts[0] <= 1.02 * bound


@given(st.integers(1, 8), st.floats(1, 100), st.floats(0.001, 1), st.integers(1, 40))
def test_one_request_at_a_time_takes_exactly_as_long_as_it_must(
    requests: int, per_s: float, share: float, number: int
) -> None:
    """No more than R requests in P seconds, each answered after L, with R L at most P + L: nobody can be faster."""
    clock, answer_s = SetClock(), share * per_s / requests
    window = Window([Limits(requests=requests, per=timedelta(seconds=per_s))], [], clock)
    began = clock.seconds
    for _ in range(number):
        send(window, clock, answer_s)
    windows, rest = divmod(number - 1, requests)
    bound = windows * (per_s + MARGIN_S + answer_s) + (rest + 1) * answer_s
    assert abs(clock.seconds - began - bound) < 1e-4


def test_five_requests_leave_at_once_and_the_sixth_waits_for_the_first() -> None:
    clock = SetClock()
    window = Window([Limits()], [], clock)
    ends = [send(window, clock, 1)[1] for _ in range(5)]
    assert clock.waited == [0.0] * 5
    assert abs(window.wait_s() - (ends[0] + 60 + MARGIN_S - clock.seconds)) < 1e-6


def test_a_restart_goes_on_where_the_run_before_it_ended() -> None:
    clock = SetClock()
    end = clock.read()
    clock.seconds += 10
    window = Window([Limits(requests=1)], [Departure(started=end, ended=end, timeout=timedelta(seconds=30))], clock)
    assert abs(window.wait_s() - (50 + MARGIN_S)) < 1e-6


def test_a_request_without_an_answer_counts_until_its_bytes_can_no_longer_arrive() -> None:
    """To write them takes 30 s at most, since the kernel ends who takes longer, and to deliver them 30 s more."""
    clock = SetClock()
    start = clock.read()
    clock.seconds += 10
    window = Window([Limits(requests=1)], [Departure(started=start, ended=None, timeout=timedelta(seconds=30))], clock)
    assert abs(window.wait_s() - (50 + 60 + MARGIN_S)) < 1e-6


def test_a_departure_of_another_machine_that_lies_in_the_future_closes_a_whole_window() -> None:
    clock = SetClock()
    elsewhere = Instant(clock.now() + timedelta(hours=5), 5.0, "boot-2")
    window = Window([Limits(requests=1)], [Departure(started=elsewhere, ended=elsewhere, timeout=timedelta(0))], clock)
    assert abs(window.wait_s() - (60 + MARGIN_S)) < 1e-6


def test_a_jump_of_the_wall_clock_changes_nothing_within_one_boot() -> None:
    clock = SetClock()
    end = clock.read()
    clock.seconds += 10
    clock.wall_shift = 7 * 86400
    window = Window([Limits(requests=1)], [Departure(started=end, ended=end, timeout=timedelta(0))], clock)
    assert abs(window.wait_s() - (50 + MARGIN_S)) < 1e-6


def test_too_many_requests_wait_as_long_as_the_answer_says_else_a_whole_window() -> None:
    for retry_after, wait_s in ((timedelta(seconds=7), 7), (timedelta(0), 0), (None, 60)):
        clock = SetClock()
        window = Window([Limits()], [], clock)
        send(window, clock, 0.1)
        window.note_too_many(retry_after)
        assert abs(window.wait_s() - wait_s) < 0.01


def test_after_too_many_requests_without_a_word_the_rate_is_what_the_provider_took() -> None:
    clock = SetClock()
    window = Window([Limits(requests=5)], [], clock)
    for _ in range(4):
        send(window, clock, 0.1)
    window.note_too_many(None)
    clock.wait(60)
    assert [send(window, clock, 0)[0] - clock.seconds for _ in range(3)] == [0.0] * 3
    assert window.wait_s() > 59
    window.note_accepted()
    assert window.wait_s() == 0


def test_accounts_that_share_a_key_keep_the_limits_of_each() -> None:
    clock = SetClock()
    often, rarely = Limits(requests=2, per=timedelta(seconds=4)), Limits(requests=20, per=timedelta(seconds=60))
    window = Window([often, rarely], [], clock)
    starts = [send(window, clock, 0.0)[0] for _ in range(45)]
    for limit in (often, rarely):
        for first, start in enumerate(starts[limit.requests :]):
            assert start - starts[first] >= limit.per.total_seconds()
