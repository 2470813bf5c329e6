"""A sign of life: one line on a terminal that says what a command is at, and for how long, until it prints."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, RLock, Thread
from typing import IO

FIRST_S, EVERY_S = 0.2, 0.5
"""When the line is drawn first, and how often from then on."""
ERASE = "\r\x1b[2K"


class Sign:
    """The line, drawn anew by a thread of its own until `end`; `say` changes what it says."""

    def __init__(self, stream: IO[str], doing: str) -> None:
        self._stream = stream
        self._doing = doing
        self._began_s = time.monotonic()
        self._is_drawn = False
        self._over = Event()
        # A signal's handler may print, in the midst of what is being printed by the same thread.
        self._lock = RLock()
        Thread(target=self._live, daemon=True).start()

    def say(self, doing: str) -> None:
        """From now on the command is at something else."""
        with self._lock:
            self._doing, self._began_s = doing, time.monotonic()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Make room for what is printed meanwhile; the line comes back below it."""
        with self._lock:
            self._erase()
            yield

    def end(self) -> None:
        """Take the line away for good."""
        with self._lock:
            self._over.set()
            self._erase()

    def _live(self) -> None:
        wait_s = FIRST_S
        while not self._over.wait(wait_s):
            wait_s = EVERY_S
            with self._lock:
                if not self._over.is_set():
                    self._draw()

    def _draw(self) -> None:
        seconds = time.monotonic() - self._began_s
        since = f" {seconds:.0f} s" if seconds >= 1 else ""
        line = f"{self._doing} …{since}"
        self._write(ERASE + line[: _measure(self._stream) - 1])
        self._is_drawn = True

    def _erase(self) -> None:
        if self._is_drawn:
            self._write(ERASE)
        self._is_drawn = False

    def _write(self, text: str) -> None:
        # Where nobody can see it, the command goes on all the same.
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _measure(stream: IO[str]) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
