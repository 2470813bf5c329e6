"""The product's ledger with eyes on it: each transaction is a step of the history, and is judged by the laws."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, cast

from runner.errors import AlreadyHeld, AlreadySettled, LockLost
from runner.model.clock import Clock, Instant
from runner.model.ledger import NewChunk
from runner.state import people
from runner.state.fence import Held
from runner.state.ledger import Ledger
from runner.state.open import State
from simulation.books import LawBroken
from simulation.files import spell_label
from simulation.judge import judge_already_held, judge_recorded, judge_swept
from simulation.process import Process


class WatchedLedger:
    """Stands where a process's ledger stands; most transactions pass through as they are."""

    def __init__(self, ledger: Ledger, process: Process) -> None:
        self._ledger = ledger
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._ledger, name)

        def transact(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            try:
                return self._process.transact(name, lambda: method(*arguments, **named))
            except AlreadySettled as error:
                # The operator of a history says what the provider knows, when it may be said: no answer is another.
                raise LawBroken(error.message) from error

        return transact

    def read_people(self, name: str, edition: str | None, digest: bytes) -> Iterator[people.People]:
        """All pages are read in one step."""
        read = self._ledger.read_people
        pages: list[people.People] = self._process.transact("read_people", lambda: list(read(name, edition, digest)))
        return iter(pages)

    def record_sending(self, held: Held, chunk: NewChunk, instant: Instant, *, max_in_doubt: int) -> str:
        """Judged more closely than the others: here it is decided who may send to whom."""
        process = self._process

        def record() -> str:
            try:
                name = self._ledger.record_sending(held, chunk, instant, max_in_doubt=max_in_doubt)
            except LockLost:
                process.world.counts["races"] += 1
                raise
            except AlreadyHeld:
                process.world.counts["races"] += 1
                judge_already_held(process.world, process, spell_label(chunk.campaign, chunk.edition))
                raise
            judge_recorded(process.world, process, held, chunk, name)
            return name

        recorded: str = process.transact("record_sending", record)
        return recorded

    def sweep(self, held: Held, clock: Clock) -> tuple[str, ...]:
        """After it, nothing of the account is left under way by another run."""

        def sweep() -> tuple[str, ...]:
            swept = self._ledger.sweep(held, clock)
            judge_swept(self._process.world, held)
            return swept

        names: tuple[str, ...] = self._process.transact("sweep", sweep)
        return names


def watch(state: State, process: Process) -> State:
    """The state as this process is to have it."""
    watched = copy.copy(state)
    watched.ledger = cast("Ledger", WatchedLedger(state.ledger, process))
    return watched
