"""What is found again after a run died, was interrupted or lost its state, and who is told."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing

import pytest

from runner.errors import StateUnavailable
from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]


def people_csv(count: int) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in range(count)), ""])


def die_while_sending(place, serve: Serve) -> None:
    sandbox = serve(latency_s=30.0)
    place.write({"data/people.csv": people_csv(5)})
    run = place.start("apply", "--auto-approve")
    while sandbox.count().requests == 0:
        assert run.poll() is None, run.communicate()
    run.send_signal(signal.SIGKILL)
    run.wait()


def test_a_dead_run_s_chunk_is_found_though_its_campaign_is_paused(place, serve: Serve) -> None:
    die_while_sending(place, serve)
    paused = (place.root / "campaigns/recall.yaml").read_text() + "enabled: false\n"
    place.write({"campaigns/recall.yaml": paused})
    assert place.apply().returncode == 3
    assert place.run("status").returncode == 3


def test_a_dead_run_s_chunk_is_found_though_its_campaign_s_file_is_gone(place, serve: Serve) -> None:
    die_while_sending(place, serve)
    (place.root / "campaigns/recall.yaml").unlink()
    assert place.apply().returncode == 3
    assert place.run("status").returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_anything_is_sent_exits_2(place, serve: Serve, number: signal.Signals) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(5)})
    run = place.start("apply", stdin=subprocess.PIPE)
    read = ""
    while "Only `yes` sends it" not in read:
        assert run.poll() is None, run.communicate()
        read += run.stderr.read(1)
    run.send_signal(number)
    assert run.wait(timeout=30) == 2
    assert sandbox.count().requests == 0


def test_a_state_that_is_gone_is_refused_while_its_traces_say_that_it_was_used(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(5)})
    assert place.apply().returncode == 0
    (place.root / ".campaign/state.db").unlink()
    for command in ("plan", "status", "apply"):
        run = place.run(command)
        assert run.returncode == 1
        assert "state-missing" in run.stderr
    assert sandbox.count().requests == 1
    assert place.run("state", "init").returncode == 0


def test_an_account_whose_key_is_not_set_leaves_the_others_be(place, serve: Serve) -> None:
    sandbox = serve()
    project = (place.root / "campaigns.yaml").read_text()
    second = "  other:\n    provider: voicepartner\n    api_key: ${NOT_SET}\n"
    campaign = (place.root / "campaigns/recall.yaml").read_text()
    other = campaign.replace("recall", "hours").replace("5f2c8e6b", "77aa") + "account: other\n"
    place.write({"campaigns.yaml": project.replace("defaults:", second + "defaults:"), "campaigns/hours.yaml": other})
    place.write({"data/people.csv": people_csv(5)})
    run = place.apply()
    assert run.returncode == 1
    assert "NOT_SET" in run.stdout
    assert sandbox.count().people == 5


def start_and_await_window(place, per: str) -> subprocess.Popen[str]:
    """A run of thirty people with one request in `per` and a `timeout` of a second, which waits to send the second."""
    slow = f"{{requests: 1, per: {per}}}"
    project = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", slow)
    place.write({"campaigns.yaml": project.replace("timeout: 5s", "timeout: 1s"), "data/people.csv": people_csv(30)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    assert run.stdout is not None
    while json.loads(run.stdout.readline())["type"] != "waiting":
        pass
    return run


def test_a_state_that_another_program_keeps_locked_for_longer_than_a_request_may_take_ends_the_run_with_a_word(
    place, serve
) -> None:
    sandbox = serve()
    run = start_and_await_window(place, "3s")
    with closing(sqlite3.connect(place.root / ".campaign/state.db", isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        out, err = run.communicate(timeout=30)
        browser.execute("ROLLBACK")
    report = json.loads(out.splitlines()[-1])
    assert (run.returncode, report["type"]) == (1, "ended"), err
    assert "locked for 0.4 s" in report["accounts_stopped"][0]["reason"]
    assert sandbox.count().requests == 1


def test_a_run_that_cannot_read_at_its_end_what_is_unknown_does_not_end_well(place, serve: Serve) -> None:
    sandbox = serve()
    run = start_and_await_window(place, "60s")
    with closing(sqlite3.connect(place.root / ".campaign/state.db", isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=30)
        browser.execute("ROLLBACK")
    stopped, report = map(json.loads, out.splitlines())
    assert (run.returncode, stopped["type"], report["ending"], report["exit_code"]) == (
        1,
        "account-stopped",
        "stopped",
        1,
    ), err
    assert "locked for 0.4 s" in report["accounts_stopped"][0]["reason"]
    assert sandbox.count().requests == 1


def test_who_gives_up_at_the_question_hears_that_the_state_cannot_be_read(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(3)})
    run = place.start("apply", "--format", "json", stdin=subprocess.PIPE)
    assert json.loads(run.stdout.readline())["type"] == "planned"
    while "can't be taken back" not in run.stderr.readline():
        pass
    with closing(sqlite3.connect(place.root / ".campaign/state.db", isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        run.send_signal(signal.SIGINT)
        report, err = json.loads(run.stdout.readline()), run.communicate(timeout=30)[1]
        browser.execute("ROLLBACK")
    assert (run.returncode, report["ending"], report["exit_code"]) == (1, "signal", 1)
    assert "locked for" in err


def test_an_older_copy_that_is_written_over_the_state_while_a_run_goes_on_ends_it_before_its_next_chunk(
    place, serve: Serve
) -> None:
    sandbox = serve()
    paced = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 1, per: 2s}")
    place.write({"campaigns.yaml": paced, "data/people.csv": people_csv(30)})
    campaign = (place.root / "campaigns/recall.yaml").read_text()
    place.write({"campaigns/recall.yaml": campaign + "delivery: {chunk_size: 10}\n"})
    run = place.start("apply", "--auto-approve", "--format", "json")
    assert run.stdout is not None
    state, older = place.root / ".campaign/state.db", b""
    for answers in (1, 2):
        while json.loads(run.stdout.readline())["type"] != "answered":
            pass
        if answers == 1:
            older = state.read_bytes()
    state.write_bytes(older)
    out = run.communicate(timeout=30)[0]
    report = json.loads(out.splitlines()[-1])
    assert (run.returncode, sandbox.count().requests) == (1, 2)
    assert "an older copy took its place" in report["accounts_stopped"][0]["reason"]


def test_an_answer_that_could_not_be_recorded_stands_in_the_report_as_unknown(place, serve: Serve, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise StateUnavailable("the disk is full")

    serve()
    place.write({"data/people.csv": people_csv(30)})
    monkeypatch.setattr("runner.sending.chunk.PATIENCE_TO_RECORD_S", 0.0)
    monkeypatch.setattr("runner.state.ledger.Ledger.record_accepted", refuse)
    ended = place.call("apply", "--auto-approve", "--format", "json")
    report = ended.report
    assert (ended.returncode, report["requests"], report["chunks"]) == (3, 1, {"unknown": 1})
    assert (len(report["unknown"]), report["unknown_people"], report["pending"]) == (1, 10, 20)
