"""The sign of life: what a terminal shows while a command works, and what nothing else ever sees of it."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from runner.cli import life
from runner.cli.context import Invocation
from runner.cli.life import ERASE, Sign
from runner.cli.signals import stopping
from runner.model.clock import SystemClock
from runner.render.count import STOPPING
from runner.sending.stop import Stop


@contextmanager
def _terminal() -> Iterator[int]:
    """The near end of a terminal whose far end is stderr."""
    near, far = pty.openpty()
    # Within the test, since what captures its output puts stderr back where a fixture had changed it.
    with os.fdopen(far, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        yield near
    os.close(near)


def _read_until(near: int, words: str) -> str:
    """What the terminal shows until these words have come; it waits for them as long as the test may last."""
    shown = b""
    while words.encode() not in shown:
        shown += os.read(near, 4096)
    return shown.decode()


def _invocation(**environment: str) -> Invocation:
    invocation = Invocation()
    invocation.environment = {"TERM": "xterm", **environment}
    return invocation


def test_a_terminal_shows_what_the_command_is_at_until_it_prints():
    invocation = _invocation()
    with _terminal() as near:
        invocation.begin("planning")
        assert _read_until(near, "planning …").startswith(ERASE)
        invocation.begin("preparing to send")
        _read_until(near, "preparing to send …")
        invocation.write("the plan")
        assert _read_until(near, ERASE).endswith(ERASE)


def test_what_must_be_read_stands_on_a_line_of_its_own():
    invocation = _invocation()
    with _terminal() as near:
        invocation.begin("planning")
        _read_until(near, "planning …")
        invocation.warn("the state was upgraded")
        assert f"{ERASE}the state was upgraded" in _read_until(near, "upgraded")
        _read_until(near, "planning …")
        invocation.end()


class _Slow(io.StringIO):
    """A terminal that takes so long over a line of text that whoever may draw the sign meanwhile does."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "…" in text:
            self.drawn.set()
        elif text != ERASE:
            self.drawn.clear()
            self.drawn.wait(0.05)
        return super().write(text)


def test_the_sign_is_not_drawn_where_something_is_being_printed(monkeypatch):
    monkeypatch.setattr(life, "FIRST_S", 0.001)
    monkeypatch.setattr(life, "EVERY_S", 0.001)
    terminal = _Slow()
    monkeypatch.setattr(sys, "stderr", terminal)
    invocation = _invocation()
    invocation.begin("planning")
    assert terminal.drawn.wait(10)
    invocation.warn("the state was upgraded")
    invocation.end()
    assert f"{ERASE}the state was upgraded\n" in terminal.getvalue()


def test_it_says_how_long_it_has_been_at_it():
    with _terminal() as near:
        sign = Sign(sys.stderr, "planning")
        assert re.search(r"planning … [1-9]\d* s", _read_until(near, " s"))
        sign.end()


@pytest.mark.parametrize(("environment", "quiet"), [({"CI": "true"}, False), ({"TERM": "dumb"}, False), ({}, True)])
def test_a_job_a_dumb_terminal_and_the_quiet_see_nothing_of_it(environment, quiet):
    invocation = _invocation(**environment)
    invocation.quiet = quiet
    with _terminal() as near:
        invocation.begin("planning")
        invocation.warn("done")
        assert _read_until(near, "done").strip() == "done"


def test_a_pipe_sees_nothing_of_it(capsys):
    invocation = _invocation()
    invocation.begin("planning")
    invocation.end()
    assert capsys.readouterr().err == ""


def test_what_a_signal_does_is_said_in_lines_that_fit_the_terminal():
    controller, terminal = pty.openpty()
    kept = os.dup(2)
    stop = Stop(SystemClock())
    try:
        os.dup2(terminal, 2)
        with stopping(stop, aloud=True, width=60):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.dup2(kept, 2)
        for descriptor in (kept, terminal):
            os.close(descriptor)
    lines = os.read(controller, 4096).decode().splitlines()
    os.close(controller)
    assert stop.signalled
    assert " ".join(lines).split() == STOPPING.split()
    assert all(len(line) <= 60 for line in lines)
