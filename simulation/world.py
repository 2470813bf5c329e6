"""All that a history is made of, in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from runner.model.ledger import Holder
from runner.state.ledger import Ledger
from simulation.books import Person
from simulation.files import Files
from simulation.laws import Laws
from simulation.machine import Machine
from simulation.process import Process
from simulation.provider import Provider
from simulation.weather import Fate, Weather


@dataclass(slots=True)
class World:
    """One history: what there is, what happened, and what is drawn from its seed.

    `holders` maps accounts to the process that took their lock last, `records` and `released` list the labels of
    chunks that were recorded and people who were set free by the operator, in order, `stopped` what the operator
    stopped by hand, `counts` how often what happened. `fate` is that of every request until `fate_until_s`. `broken`
    is why the history can't go on.
    """

    rng: Random
    weather: Weather
    files: Files
    machine: Machine
    provider: Provider
    laws: Laws
    ledger: Ledger
    pseudonyms: dict[int, bytes]
    processes: list[Process] = field(default_factory=list)
    holders: dict[int, Process] = field(default_factory=dict)
    records: list[tuple[str, Process]] = field(default_factory=list)
    released: list[tuple[str, int]] = field(default_factory=list)
    fate: Fate | None = None
    fate_until_s: float = 0.0
    state_out_until_s: float = 0.0
    stopped: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: BaseException | None = None
    lines: list[tuple[float, str, str]] = field(default_factory=list)
    _chunks: dict[str, str] = field(default_factory=dict)

    def tell(self, who: str, text: str) -> None:
        """Add a line to the history."""
        self.lines.append((self.machine.now_s, who, text))

    def name_chunk(self, name: str) -> str:
        """A chunk by its number: its name is drawn by the product, and no seed tells it."""
        return self._chunks.setdefault(name, f"chunk {len(self._chunks) + 1}")

    def render(self) -> str:
        """The history for a reader."""
        return "\n".join(f"{at_s:10.3f} s  {who:<9} {text}" for at_s, who, text in self.lines)

    @property
    def living(self) -> list[Process]:
        """The processes that have not ended."""
        return [process for process in self.processes if not process.over]

    @property
    def left_alone(self) -> list[Process]:
        """Those who are frozen while their request is under way, and hold their locks."""
        holders = self.holders.values()
        frozen = (process for process in self.living if process.frozen and process.in_flight)
        return [process for process in frozen if any(holder is process for holder in holders)]

    def is_gone(self, holder: Holder) -> bool:
        """What the machine's table of processes tells: nothing of those of another boot."""
        if holder.boot_id != self.machine.read().boot_id:
            return False
        return self.processes[holder.pid - 1].over

    def is_alone(self, process: Process) -> bool:
        """Whether no other process does anything before this one wakes."""
        return all(other is process or other.wakes_s > process.wakes_s for other in self.living)

    def is_on_its_way(self, people: Sequence[Person]) -> bool:
        """Whether the network still carries to the provider what a process has sent to them that is gone by now."""
        flights = (process.flight for process in self.processes if process.over and process.in_flight)
        return any(flight.carries(people) for flight in flights if flight)

    def is_state_out(self) -> bool:
        """Whether nothing can be read or written just now."""
        return self.machine.now_s < self.state_out_until_s

    def draw_fate(self) -> Fate:
        """What becomes of the next request."""
        if self.fate is not None and self.machine.now_s < self.fate_until_s:
            return self.fate
        return self.weather.draw_fate(self.rng)

    def draw_travel(self, timeout_s: float) -> float:
        """How long a request travels: where a network is down, the kernel sends its bytes again and again."""
        if self.rng.random() < self.weather.held:
            return timeout_s * self.rng.choice((0.3, 0.9, 1.1)) * (0.9 + 0.2 * self.rng.random())
        return self.draw_latency()

    def draw_latency(self) -> float:
        """How long bytes travel."""
        slow = self.rng.random() < self.weather.slow
        return self.rng.random() * (self.rng.choice((0.5, 2.0, 8.0)) if slow else 0.1)
