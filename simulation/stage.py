"""Threads that take turns: product code is synchronous, and a process is to stop in the midst of it and go on later.

Exactly one thread runs at a time, so that a seed tells the whole order of events. A place keeps its connection to the
state from history to history, since to open one costs more than all else that a process does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore, Thread
from typing import Self, final

from runner.model.secret import Secret
from runner.state.open import State, open_state
from simulation.machine import Machine

STATE = "state.db"
URL = f"sqlite:///{STATE}"
KEY = Secret("the key of a state in which nobody is real")
PLACES = 3
MEMORY = Path("/dev/shm")  # noqa: S108

Job = Callable[[State], None]


@final
class Place:
    """Where one process at a time runs: a thread that stands still unless it is its turn."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._go, self._stood = Semaphore(0), Semaphore(0)
        self._job: Job | None = None
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def free(self) -> bool:
        """Whether no process is here."""
        return self._job is None

    def begin(self, job: Job) -> None:
        """A process is here now; it takes its first step at its first turn."""
        self._job = job

    def take_turn(self) -> None:
        """Let the process run until it stands still or ends."""
        self._go.release()
        self._stood.acquire()

    def stand_still(self) -> None:
        """From within: let others run."""
        self._stood.release()
        self._go.acquire()

    def close(self) -> None:
        """End the thread, in which no process may be."""
        self._job = None
        self.take_turn()
        self._thread.join()

    def _live(self) -> None:
        self._go.acquire()
        with open_state(URL, root=self._root, key=KEY, pin=None, clock=Machine()) as state:
            while (job := self._job) is not None:
                job(state)
                self._job = None
                self.stand_still()
        self._stood.release()


class Stage:
    """A folder with one state, which the operator has open, and the places of its processes."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="history-")
        self.root = Path(self._folder.name).resolve()
        self.state = open_state(URL, root=self.root, key=KEY, pin=None, clock=Machine())
        self.places = [Place(self.root) for _ in range(PLACES)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for place in self.places:
            place.close()
        self.state.close()
        self._folder.cleanup()
