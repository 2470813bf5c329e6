"""One process of a history: it goes step by step, and may be frozen, killed or told to stop at each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner.errors import RunnerError, StateUnavailable
from runner.model.clock import Instant
from runner.model.config import Project
from runner.sending.stop import Stop
from runner.state.lock import Held
from simulation.books import Person, Refusal
from simulation.flight import Flight
from simulation.stage import Place

if TYPE_CHECKING:
    from simulation.world import World

WRITING = frozenset(
    {
        "record_sending",
        "record_accepted",
        "record_rejected",
        "record_unknown",
        "record_refused",
        "forgive_refused",
        "sweep",
        "sweep_dead",
    }
)
"""The transactions that change something, after which the laws are asked."""

SHORTEST_WAIT_S = 1e-6


class Killed(BaseException):
    """The process is gone in the midst of what it did; nothing but its open descriptors is cleaned up."""


@dataclass(slots=True)
class Process:
    """One `apply`. `fuse_s` is when the kernel's timer ends it, `wakes_s` when it may go on, `ended_s` when it ended.

    `flight` is its request that is under way, or was when it ended.
    `turned_s` is a moment before it last looked at exclusions, `connected_s` and `answered_s` when its last
    connection stood and its last answer came.
    `locks` are what it holds, or once held, by account; `planned` whom it meant to reach, by label; `closed_until_s`
    until when the provider wants no request of a key, `blurred` whether a transaction stands that it takes for failed.
    `refused_alone` are those who were refused alone since the last acceptance, by label, `ever_refused` all of them.
    """

    number: int
    world: World
    place: Place
    project: Project
    keys: dict[str, str]
    selected: frozenset[str]
    limit: int | None
    patience: timedelta
    fuse_s: float | None = None
    wakes_s: float = 0.0
    turned_s: float = 0.0
    connected_s: float = 0.0
    answered_s: float = 0.0
    told_to_stop_s: float = float("inf")
    frozen: bool = False
    doomed: bool = False
    ended_s: float = float("inf")
    flight: Flight | None = None
    stop: Stop | None = None
    locks: dict[int, Held] = field(default_factory=dict)
    helds: dict[str, Held] = field(default_factory=dict)
    planned: dict[str, list[int]] = field(default_factory=dict)
    records_seen: int = 0
    released_seen: int = 0
    refused_seen: frozenset[Refusal] = frozenset()
    reached: int = 0
    closed_until_s: dict[str, float] = field(default_factory=dict)
    refused_alone: dict[str, list[int]] = field(default_factory=dict)
    ever_refused: set[Person] = field(default_factory=set)
    blurred: bool = False
    last_numbers: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The process in words."""
        return f"run {self.number}"

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.ended_s < float("inf")

    @property
    def in_flight(self) -> bool:
        """Whether a request of it is still on its way to the provider."""
        return self.flight is not None and self.flight.arrives_s >= self.world.machine.now_s

    @property
    def runs(self) -> frozenset[int]:
        """The rows of its locks in the ledger."""
        return frozenset(held.run_id for held in self.locks.values())

    def live(self, carry_out: Callable[[], None]) -> None:
        """Run until the end, whatever it is."""
        try:
            carry_out()
        except Killed:
            self.tell("is gone")
            self.world.counts["kills"] += 1
        except RunnerError as error:
            self.tell(f"ends: {error.message}")
        except BaseException as error:  # noqa: BLE001
            self.world.broken = error
        finally:
            self.ended_s = self.world.machine.now_s

    def tell(self, text: str) -> None:
        """Add a line to the history."""
        self.world.tell(self.name, text)

    def step(self, where: str, *, danger: float = 1.0) -> None:
        """Between two things that it does: time passes, and anything may happen. `danger` makes trouble likelier."""
        world, rng, weather = self.world, self.world.rng, self.world.weather
        world.machine.advance(rng.random() * 0.01)
        self._end_if_due()
        if rng.random() < weather.kill * danger:
            self.tell(f"is killed {where}")
            raise Killed
        if rng.random() < weather.freeze * danger:
            self._freeze(where)
        elif rng.random() < weather.switch:
            self._let_others_run()

    def wait(self, seconds: float) -> None:
        """Wait as product code does; others run meanwhile."""
        self.turned_s = self.world.machine.now_s
        # No clock stands still, however short the wait.
        self.wait_until(self.turned_s + max(seconds, SHORTEST_WAIT_S))

    def wait_until(self, moment_s: float) -> None:
        """Do nothing until then; others run meanwhile."""
        world = self.world
        self.wakes_s = moment_s
        if world.is_alone(self) and world.rng.random() >= world.weather.switch * 0.3:
            world.machine.advance_to(self.wakes_s)
        else:
            self._let_others_run()

    @contextmanager
    def fused(self, timeout: timedelta) -> Iterator[float]:
        """The kernel ends the process when it does not get out of this block in time. Gives the moment it began."""
        began_s = self.world.machine.now_s
        self.fuse_s = began_s + timeout.total_seconds()
        try:
            yield began_s
        finally:
            self.fuse_s = None

    def transact(self, name: str, operate: Callable[[], Any]) -> Any:  # noqa: ANN401
        """One transaction of the ledger, which may fail, before it stands or after."""
        world = self.world
        self.step(f"before {name}")
        if world.is_state_out() or world.rng.random() < world.weather.unavailable:
            raise self._tell_unavailable(name, "did not stand")
        answer = operate()
        if name in WRITING:
            world.laws.check_people()
            if world.rng.random() < world.weather.unavailable * 0.5:
                self.blurred = True
                raise self._tell_unavailable(name, "stands, and nobody knows")
        return answer

    def _tell_unavailable(self, name: str, truth: str) -> StateUnavailable:
        self.tell(f"can't use the state: {name} {truth}")
        return StateUnavailable(f"{name} failed")

    def _freeze(self, where: str) -> None:
        rng = self.world.rng
        longest = max(account.timeout.total_seconds() for account in self.project.accounts.values())
        seconds = longest * rng.choice((0.1, 0.5, 0.8, 0.95, 1.1, 2.5, 10.0)) * (0.9 + 0.2 * rng.random())
        self.tell(f"is frozen {where}, for {seconds:.1f} s")
        self.world.counts["freezes"] += 1
        self.frozen, self.wakes_s = True, self.world.machine.now_s + seconds
        self._let_others_run()
        self.tell("wakes")

    def _let_others_run(self) -> None:
        self.place.stand_still()
        self.frozen = False
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self.doomed:
            raise Killed
        if self.fuse_s is not None and self.world.machine.now_s > self.fuse_s:
            self.tell("is ended by the kernel: it was stopped for too long")
            raise Killed


@dataclass(slots=True)
class ProcessClock:
    """The machine's clocks for one process; to wait is to let others run."""

    process: Process

    def now(self) -> datetime:
        """The wall clock's time."""
        return self.process.world.machine.now()

    def read(self) -> Instant:
        """All clocks."""
        return self.process.world.machine.read()

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.process.wait(seconds)
