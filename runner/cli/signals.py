"""What a signal does to `apply`: before it sends, it ends the command; while it sends, it stops the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from runner.sending.stop import Stop

STOPPING = b"\nstopping: the answer under way is awaited and recorded; Ctrl-C again ends at once\n"
Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """A signal came before anything was sent."""


@contextmanager
def interrupting() -> Iterator[None]:
    """SIGINT and SIGTERM raise Interrupted, wherever the command is."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    with _handling(interrupt):
        yield


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """SIGINT and SIGTERM let no further chunk start; a second SIGINT ends the process at once, as it stands."""

    def heed(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and stop.interrupted:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        stop.interrupted = stop.interrupted or number == signal.SIGINT
        stop.signalled = True
        # From a handler, so past every buffer: the signal may have come in the middle of a write.
        with suppress(OSError):
            os.write(2, STOPPING)

    with _handling(heed):
        yield


@contextmanager
def _handling(handler: Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
