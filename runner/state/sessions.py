"""A session of PostgreSQL's driver that waits for no answer for ever."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

Value = TypeVar("Value")
Steps = Generator[Any, Any, Value]

SILENCE_S = 60.0
"""How long a statement may go unanswered: far longer than any of ours takes."""


class FellSilent(psycopg.OperationalError):
    """The server has not answered for too long; nobody knows what it did."""


class PatientSession(psycopg.Connection[Any]):
    """It ends where the server has fallen silent, which the link's own timers don't see behind a proxy or a NAT."""

    patience_s = SILENCE_S

    def wait(self, gen: Steps[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        """Carry out one exchange with the server, in which the driver tells its steps by `gen`."""
        # The driver before 3.3 knows no `timeout`.
        more = {} if timeout is None else {"timeout": timeout}
        return super().wait(self._until_silent(gen), interval, **more)

    def _until_silent(self, steps: Steps[Value]) -> Steps[Value]:
        give_up_s = time.monotonic() + self.patience_s
        try:
            wanted = next(steps)
            while True:
                # The driver answers nothing where a tenth of a second brought nothing.
                ready = yield wanted
                if not ready and time.monotonic() >= give_up_s:
                    self.close()
                    raise FellSilent(f"it has not answered for {self.patience_s:g} s")
                wanted = steps.send(ready)
        except StopIteration as stop:
            value: Value = stop.value
            return value


def connect(_dialect: object, _record: object, arguments: tuple[str, ...], settings: dict[str, Any]) -> PatientSession:
    """What SQLAlchemy asks for when it needs a session (its event `do_connect`)."""
    return PatientSession.connect(*arguments, **settings)
