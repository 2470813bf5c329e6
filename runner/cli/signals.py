"""What a signal does to `apply`: it ends the command before it sends, stops the run while it does, and then nothing."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from runner.render.count import STOPPING
from runner.render.page import Page
from runner.sending.stop import Stop

ENDED = "ended at once: what was under way is unknown; `campaign status` tells of it"
SHOW_CURSOR = b"\x1b[?25h"
"""Undoes what a bar did that has no time to end."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A signal came before anything was sent: there is still something to do, unless more is known."""

    exit_code = 2


@contextmanager
def interrupting() -> Iterator[None]:
    """SIGINT and SIGTERM raise Interrupted, wherever the command is, until a run is `stopping` by them."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    with _handling(interrupt):
        yield


@contextmanager
def stopping(stop: Stop, *, aloud: bool, width: int) -> Iterator[None]:
    """SIGINT and SIGTERM let no further chunk start; a second SIGINT ends the process at once, as it stands.

    `aloud` says what comes of the first; without it a bar does. `width` is that of the terminal, where there is one.
    """
    # Laid out before a signal comes, in the handler of which little may be done.
    stops, ends = (f"\n{fold(text, width)}\n".encode() for text in (STOPPING, ENDED))

    def heed(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and stop.interrupted:
            _write(SHOW_CURSOR + ends if os.isatty(2) else ends)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        stop.interrupted = stop.interrupted or number == signal.SIGINT
        stop.signalled = True
        if aloud:
            _write(stops)

    with _handling(heed):
        yield


def hold_to(exit_code: int) -> None:
    """The report and its exit code hold: from now on a first signal changes nothing, and a second ends the process.

    So it is to the process's end, whoever handled signals before.
    """
    heard = False

    def leave(_number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        if heard:
            os._exit(exit_code)
        heard = True

    for number in SIGNALS:
        signal.signal(number, leave)
        # When the interpreter ends it gives signals back to the system, which would end the process by one.
        atexit.register(signal.signal, number, signal.SIG_IGN)


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, earlier)


def fold(text: str, width: int) -> str:
    """What is said of a signal on stderr: wrapped on a terminal, and one line in a log."""
    if not os.isatty(2):
        return text
    page = Page(width=width, color=False)
    page.write(text)
    return page.text


def _write(text: bytes) -> None:
    # From a handler, so past every buffer: the signal may have come in the middle of a write.
    with suppress(OSError):
        os.write(2, text)
