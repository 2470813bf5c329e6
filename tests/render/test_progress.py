"""The progress of a run, on a terminal and in a log."""

from __future__ import annotations

import io
import os
import pty
import re
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from runner.model.clock import Instant, spell_moment
from runner.model.events import (
    CampaignStopped,
    ChunkAnswered,
    Ending,
    Origin,
    Requesting,
    RunEnded,
    RunReport,
    RunStarted,
    Waiting,
)
from runner.model.ledger import ChunkStatus
from runner.render.bar import open_bar
from runner.render.count import Count
from runner.render.progress import open_lines, open_progress

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class SteadyClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def read(self) -> Instant:
        return Instant(self.moment, 0.0, "boot")

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _answer(seconds: float, status: ChunkStatus = ChunkStatus.ACCEPTED, **fields) -> ChunkAnswered:
    known = {"label": "spring@2026", "chunk": "c1f5aa", "recipients": 500, "cost": Decimal(75), "currency": "EUR"}
    return ChunkAnswered(at=_at(seconds), status=status, **{**known, **fields})


def _started() -> RunStarted:
    return RunStarted(at=START, people=20000, requests=40, campaigns=("spring@2026",), finishes_at=_at(660))


def _requesting() -> Requesting:
    return Requesting(at=_at(0), label="spring@2026", recipients=500)


def _ended(seconds: float) -> RunEnded:
    report = RunReport(
        origin=Origin(run="a1", actor="ops@laptop"),
        ending=Ending.DONE,
        exit_code=0,
        started_at=START,
        ended_at=_at(seconds),
    )
    return RunEnded(at=_at(seconds), report=report)


def test_a_log_has_a_line_at_each_change_and_none_for_each_chunk():
    log = io.StringIO()
    with open_lines(log, clock=SteadyClock(), zone="Europe/Paris") as tell:
        tell(_started())
        for number in range(12):
            tell(Requesting(at=_at(number), label="spring@2026", recipients=500))
            tell(_answer(number))
        tell(_answer(20, ChunkStatus.REJECTED, recipients=1, reason="no such number", rows=("data/x.csv row 17",)))
        tell(CampaignStopped(at=_at(21), label="spring@2026", reason="refused\r\x1b[2J 0639981234", hint="mend it"))
        tell(_ended(25))
    lines = log.getvalue().splitlines()
    assert lines[0] == ("2026-11-24 11:00:00+01:00 0/40 requests, sent to 0/20,000 people, done about 11:11+01:00")
    assert "data/x.csv row 17" in lines[1]
    assert "mend it" in lines[2]
    assert lines[3] == (
        "2026-11-24 11:00:25+01:00 13/40 requests, sent to 6,000/20,000 people, 6,000 a minute, 975.00 EUR, "
        "done about 11:11+01:00"
    )
    assert len(lines) == 4
    assert not {"\r", "\x1b"} & set(log.getvalue())
    assert "0639981234" not in log.getvalue()


def test_a_log_in_which_nothing_changes_still_says_what_is_waited_for():
    read, write = os.pipe()
    with (
        os.fdopen(read) as log,
        os.fdopen(write, "w") as stream,
        open_lines(stream, clock=SteadyClock(), zone="Europe/Paris", heartbeat_s=0.01) as tell,
    ):
        tell(_started())
        tell(_answer(1))
        tell(Waiting(at=START, seconds=41, why="limit of 5 in 60 s", account="main"))
        heard = next(line for line in log if "next request" in line)
    assert heard.startswith(
        "2026-11-24 11:00:00+01:00 1/40 requests, sent to 500/20,000 people, 500 a minute, 75.00 EUR"
    )
    assert heard.endswith("next request in 41 s: limit of 5 in 60 s\n")


def test_an_unknown_chunk_is_told_with_the_command_that_settles_it():
    log = io.StringIO()
    with open_lines(log, clock=SteadyClock(), zone="Europe/Paris") as tell:
        tell(_started())
        tell(_answer(1, ChunkStatus.UNKNOWN, reason="timeout after 30 s"))
    assert "campaign resolve c1f5aa" in log.getvalue()


def test_verbose_tells_of_every_chunk():
    log = io.StringIO()
    with open_lines(log, clock=SteadyClock(), zone="Europe/Paris", verbose=True) as tell:
        tell(_started())
        tell(Requesting(at=_at(1), label="spring@2026", recipients=10, probe=True))
        tell(_answer(2, recipients=10))
    assert [line.split("+01:00 ")[1] for line in log.getvalue().splitlines()[1:]] == [
        "spring@2026: sending to 10 people, a probe",
        "spring@2026: chunk c1f5aa of 10 people accepted",
    ]


class Gone(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("terminal", [False, True])
def test_a_closed_output_stops_no_run(terminal):
    with open_progress(Gone(), clock=SteadyClock(), zone="UTC", terminal=terminal, is_stopping=lambda: False) as tell:
        tell(_started())
        tell(_answer(1, ChunkStatus.UNKNOWN))
        tell(_ended(2))


def _show_on_terminal(*events, is_stopping: bool = False) -> str:
    controller, terminal = pty.openpty()
    os.set_blocking(controller, False)
    with (
        os.fdopen(terminal, "w") as stream,
        open_bar(
            stream, clock=SteadyClock(), zone="Europe/Paris", is_stopping=lambda: is_stopping, color=False
        ) as tell,
    ):
        for event in events:
            tell(event)
    shown = b""
    # A terminal hands over what it holds in pieces, and says by an error that there is no more.
    with suppress(OSError):
        while piece := os.read(controller, 1 << 20):
            shown += piece
    os.close(controller)
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.decode())


def test_a_terminal_shows_people_requests_rate_cost_finish_and_what_is_waited_for():
    shown = _show_on_terminal(
        _started(), _answer(0), Waiting(at=START, seconds=41, why="limit of 5 in 60 s", account="main")
    )
    assert any(line.startswith("1/40 requests, sent to 500/20,000 people") for line in shown.splitlines())
    assert "a minute" in shown
    assert "75.00 EUR" in shown
    assert "done about 11:11" in shown
    assert "next request in 41 s: limit of 5 in 60 s" in shown


def test_a_first_signal_is_answered_where_the_bar_is():
    shown = " ".join(_show_on_terminal(_started(), _requesting(), is_stopping=True).split())
    assert "stopping: no further request starts, and an answer under way is awaited and recorded" in shown
    assert "Ctrl-C again ends at once and leaves that chunk unknown" in shown


def test_a_request_is_under_way_from_its_start_to_its_answer():
    count = Count()
    for event, told in (
        (_started(), ""),
        (_requesting(), "a request is under way"),
        (_answer(1), ""),
        (Waiting(at=_at(1), seconds=41, why="limit of 5 in 60 s"), "next request in 41 s: limit of 5 in 60 s"),
        (_ended(42), ""),
    ):
        count.note(event)
        assert count.describe_next(event.at) == told


def test_a_rate_is_that_of_a_minute_at_least_since_a_window_begins_with_many_requests():
    count = Count()
    count.note(_started())
    count.note(_answer(1))
    assert "500 a minute" in count.describe(_at(2), "UTC")
    count.note(_answer(120))
    assert "500 a minute" in count.describe(_at(120), "UTC")


def test_a_finish_on_another_day_is_told_with_its_day():
    count = Count()
    count.note(replace(_started(), finishes_at=_at(86_400)))
    assert count.describe(_at(0), "Europe/Paris").endswith("done about 2026-11-25 11:00+01:00")


def test_what_must_be_read_stays_above_the_bar():
    shown = _show_on_terminal(_started(), _answer(1, ChunkStatus.UNKNOWN, reason="timeout after 30 s"), _answer(2))
    assert "spring@2026: chunk c1f5aa of 500 people unknown: timeout after 30 s" in shown.replace("\r\n", " ")


def test_the_finish_moves_when_requests_take_longer_than_planned():
    count = Count()
    count.note(_started())
    assert count.estimate_finish(_at(0)) == _at(660)
    count.note(_answer(60))
    assert count.estimate_finish(_at(60)) == _at(2400)
    for _ in range(39):
        count.note(_answer(700))
    assert count.estimate_finish(_at(700)) == _at(700)


def test_times_of_a_message_are_this_machines_with_their_offset(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Paris")
        time.tzset()
        assert spell_moment(_at(5)) == "2026-11-24 11:00:05+01:00"
    time.tzset()
