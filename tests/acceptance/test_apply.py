"""The main job: planned, shown, asked, sent once; and what happens when it is cut short."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]
CAMPAIGN = "name: recall\nmessage: {audio: 5f2c8e6b}\nrecipients:\n  - {file: data/people.csv}\n"


def people_csv(count: int, first: int = 0) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in range(first, first + count)), ""])


def wait_for_arrival(sandbox: Sandbox, run: subprocess.Popen[str]) -> None:
    """Until the provider has a request of the run, whose answer then takes its time."""
    while sandbox.count().requests == 0:
        assert run.poll() is None, run.communicate()


def test_everybody_is_reached_once_and_a_second_run_sends_nothing(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(1000)})
    assert place.run("plan", "--detailed-exitcode").returncode == 2
    first = place.apply()
    assert first.returncode == 0, first.stderr
    assert (sandbox.count().people, sandbox.count().twice, sandbox.count().requests) == (1000, 0, 3)
    second = place.apply()
    assert second.returncode == 0
    assert "nothing to send" in second.stdout.lower()
    assert place.run("plan", "--detailed-exitcode").returncode == 0
    assert (sandbox.count().requests, sandbox.count().twice) == (3, 0)


def test_the_plan_in_json_has_every_key_and_its_rows_add_up(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(7) + "06 12 00 00 01\nno number\n0145678901\n\n"})
    plan = place.plan()
    assert list(plan) == [
        "format_version", "created_at", "runner_version", "plan_id", "meaning", "state_id", "summary", "campaigns",
    ]  # fmt: skip
    assert plan["summary"]["recipients"] == 7
    assert plan["summary"]["estimated_costs"] == {"EUR": "1.05"}
    (campaign,) = plan["campaigns"]
    rows = campaign["rows"]
    assert rows == {
        "listed": 10, "invalid": 1, "duplicate": 1, "accepted": 0, "unknown": 0, "sending": 0, "refused": 0,
        "kind": 1, "excluded": 0, "policy": 0, "pending": 7,
    }  # fmt: skip
    assert (campaign["action"], campaign["requests"], campaign["estimated_cost"]) == ("send", 1, "1.05")
    assert not (place.root / ".campaign").exists()


def test_newcomers_are_sent_and_those_reached_before_are_not(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(20)})
    assert place.apply().returncode == 0
    place.write({"data/people.csv": people_csv(25)})
    (campaign,) = place.plan()["campaigns"]
    assert (campaign["action"], campaign["rows"]["accepted"], campaign["rows"]["pending"]) == ("continue", 20, 5)
    assert place.apply().returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (25, 0)


@pytest.mark.parametrize("typed", ["no\n", "y\n", "YES\n", "", "yes please\n", " yes\n", "yes \n"])
def test_only_a_typed_yes_sends(place, serve: Serve, typed: str) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(3)})
    assert place.run("apply", typed=typed).returncode == 1
    assert sandbox.count().requests == 0
    assert place.run("apply", typed="yes\n").returncode == 0
    assert sandbox.count().people == 3


def test_two_names_of_recordings_that_differ_in_digits_alone_are_two(place, serve: Serve) -> None:
    sandbox = serve()
    named = CAMPAIGN.replace("{audio: 5f2c8e6b}", "{audio: a-1732442401, audio_name: a-%d.wav}")
    place.write({"data/people.csv": people_csv(30), "campaigns/recall.yaml": named % 1732355901})
    assert place.call("apply", "--auto-approve").returncode == 1
    assert sandbox.count().people == 10, "the probe"
    (blocked,) = json.loads(place.call("plan", "--format", "json").stdout)["campaigns"]
    assert (blocked["action"], blocked["problems"][0]["code"]) == ("blocked", "audio-name-differs")
    assert b"1732442401.wav" not in (place.root / ".campaign/state.db").read_bytes()
    place.write({"campaigns/recall.yaml": named % 1732442401})
    assert place.call("apply", "--auto-approve").returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def end_while_it_plans(place, number: signal.Signals) -> tuple[int, dict]:
    """How a run ends, and its only event, to which this signal comes while it waits for a source."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = f"{{url: 'http://127.0.0.1:{silent.getsockname()[1]}/people.json'}}"
        place.write({"campaigns/recall.yaml": CAMPAIGN.replace("{file: data/people.csv}", asked)})
        run = place.start("apply", "--auto-approve", "--format", "json")
        with silent.accept()[0]:
            run.send_signal(number)
            (told,) = map(json.loads, run.stdout)
    return run.wait(), told


def test_the_last_event_reports_the_run_also_where_a_signal_ends_its_planning(place, serve: Serve) -> None:
    serve()
    code, told = end_while_it_plans(place, signal.SIGTERM)
    assert (code, told["type"], told["ending"], told["exit_code"]) == (2, "ended", "signal", 2)
    assert told["pending"] is None, "nobody knows yet how many there are"


def test_a_signal_while_it_plans_tells_of_what_is_unknown_first(place, serve: Serve) -> None:
    serve(faults=["reset-taken"])
    place.write({"data/people.csv": people_csv(30)})
    assert place.call("apply", "--auto-approve", "--limit", "10").returncode == 3
    code, told = end_while_it_plans(place, signal.SIGINT)
    assert (code, told["ending"], told["exit_code"], len(told["unknown"])) == (3, "signal", 3, 1)


def test_a_signal_before_it_plans_leaves_something_to_do(place) -> None:
    os.mkfifo(place.root / "p.plan")
    for number in (signal.SIGINT, signal.SIGTERM):
        run = place.start("apply", "--plan", "p.plan")
        # Nobody opens a pipe for writing before somebody opens it for reading.
        with (place.root / "p.plan").open("wb"):
            run.send_signal(number)
            _, err = run.communicate(timeout=30)
        assert (run.returncode, "interrupted" in err, "Traceback" in err) == (2, True, False), err


def test_a_signal_after_the_report_changes_nothing_of_it(place, serve: Serve) -> None:
    serve(faults=["reset-taken"])
    place.write({"data/people.csv": people_csv(3)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    while (told := json.loads(run.stdout.readline()))["type"] != "ended":
        pass
    while run.poll() is None:
        run.send_signal(signal.SIGTERM)
    out, err = run.communicate()
    assert (run.returncode, told["exit_code"], out) == (3, 3, ""), err
    assert "interrupted" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_report_of_nothing_sent_changes_nothing_of_it(place, serve: Serve, number) -> None:
    serve()
    place.write({"data/people.csv": people_csv(3)})
    run = place.start("apply", "--format", "json")
    while (told := json.loads(run.stdout.readline()))["type"] != "ended":
        pass
    run.send_signal(number)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, told["exit_code"], out) == (1, 1, ""), err
    assert "not-confirmed" in err
    assert "Traceback" not in err


def test_a_second_signal_ends_a_run_whose_report_nobody_takes(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(3)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    while json.loads(run.stdout.readline())["type"] != "ended":
        pass
    while run.poll() is None:
        run.send_signal(signal.SIGINT)
    _, err = run.communicate()
    assert (run.returncode, "Traceback" in err) == (0, False), err


def test_who_reads_no_more_of_the_report_leaves_the_run_its_exit_code(place, serve: Serve) -> None:
    sandbox = serve(latency_s=1.0)
    place.write({"data/people.csv": people_csv(3)})
    run = place.start("apply", "--auto-approve")
    wait_for_arrival(sandbox, run)
    run.stdout.close()
    assert run.wait(30) == 0


def test_ctrl_c_at_the_question_tells_of_what_is_unknown_first(place, serve: Serve) -> None:
    serve(faults=["reset-taken"])
    place.write({"data/people.csv": people_csv(30)})
    assert place.call("apply", "--auto-approve", "--limit", "10").returncode == 3
    run = place.start("apply", "--format", "json", stdin=subprocess.PIPE)
    assert json.loads(run.stdout.readline())["type"] == "planned"
    while "can't be taken back" not in run.stderr.readline():
        pass
    run.send_signal(signal.SIGINT)
    told = json.loads(run.stdout.readline())
    assert (run.wait(), told["exit_code"], len(told["unknown"])) == (3, 3, 1)


def test_a_schedule_that_comes_too_soon_is_warned_of_before_it_stops_the_campaign(place, serve: Serve) -> None:
    sandbox = serve()
    soon = (datetime.now(UTC) + timedelta(minutes=3)).isoformat(timespec="minutes")
    place.write({"data/people.csv": people_csv(3), "campaigns/recall.yaml": f'{CAMPAIGN}schedule: "{soon}"\n'})
    (planned,) = json.loads(place.call("plan", "--format", "json").stdout)["campaigns"]
    assert (planned["action"], [problem["code"] for problem in planned["problems"]]) == ("send", ["schedule-near"])
    assert place.call("apply", "--auto-approve").returncode == 2
    assert sandbox.count().requests == 0


def test_the_last_event_reports_the_run_also_where_nobody_says_yes(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(3)})
    ended = place.call("apply", "--format", "json")
    assert [event["type"] for event in ended.events] == ["planned", "ended"]
    told = {key: ended.report[key] for key in ("ending", "exit_code", "pending", "reached")}
    assert told == {"ending": "declined", "exit_code": 1, "pending": 3, "reached": 0}


def test_a_killed_run_leaves_a_chunk_unknown_and_it_is_never_sent_again_by_itself(place, serve: Serve) -> None:
    sandbox = serve(latency_s=30.0)
    place.write({"data/people.csv": people_csv(30)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    wait_for_arrival(sandbox, run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    sandbox = serve()
    assert place.apply().returncode == 3
    status = place.run("status", "--format", "json")
    assert status.returncode == 3
    (chunk,) = [c for c in json.loads(status.stdout)["chunks"] if c["status"] == "unknown"]
    assert sandbox.count().people >= 20
    assert sandbox.count().twice == 0
    assert place.run("resolve", chunk["chunk"], "--accepted", "--provider-id", "c-1").returncode == 0
    assert place.apply().returncode == 0
    assert place.status()["campaigns"][0]["people"]["accepted"] == 30


def test_sigterm_awaits_the_answer_and_the_next_run_goes_on(place, serve: Serve) -> None:
    sandbox = serve(latency_s=1.0)
    place.write({"data/people.csv": people_csv(30)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    wait_for_arrival(sandbox, run)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 2, err
    report = json.loads(out.splitlines()[-1])
    assert (report["type"], report["ending"], report["reached"], report["pending"]) == ("ended", "signal", 10, 20)
    assert place.apply().returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_a_second_sigint_ends_at_once_and_leaves_the_chunk_unknown(place, serve: Serve) -> None:
    sandbox = serve(latency_s=30.0)
    place.write({"data/people.csv": people_csv(5)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    wait_for_arrival(sandbox, run)
    assert run.stderr is not None
    run.send_signal(signal.SIGINT)
    assert any("Ctrl-C again ends at once" in line for line in run.stderr)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=10) != 0
    assert "ended at once: what was under way is unknown" in run.stderr.read()
    serve()
    assert place.apply().returncode == 3
    assert place.status()["campaigns"][0]["people"]["unknown"] == 5


def test_a_second_runner_is_told_who_holds_the_account(place, serve: Serve) -> None:
    sandbox = serve()
    slow = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 1, per: 10m}")
    place.write({"campaigns.yaml": slow, "data/people.csv": people_csv(30)})
    first = place.start("apply", "--auto-approve")
    wait_for_arrival(sandbox, first)
    second = place.apply()
    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)
    assert first.returncode == 2


def test_a_second_runner_may_wait_for_the_first_and_then_finds_nothing_to_send(place, serve: Serve) -> None:
    sandbox = serve(latency_s=1.0)
    place.write({"data/people.csv": people_csv(5)})
    first = place.start("apply", "--auto-approve", "--format", "json")
    wait_for_arrival(sandbox, first)
    second = place.apply("--lock-timeout", "30s")
    assert second.returncode == 0, second.stderr
    assert (sandbox.count().people, sandbox.count().twice) == (5, 0)


def test_who_waits_for_another_runner_is_told_at_once_for_whom(place, serve: Serve) -> None:
    sandbox = serve()
    slow = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 1, per: 10m}")
    place.write({"campaigns.yaml": slow, "data/people.csv": people_csv(30)})
    first = place.start("apply", "--auto-approve")
    wait_for_arrival(sandbox, first)
    second = place.start("apply", "--auto-approve", "--lock-timeout", "60s", "--deadline", "1s")
    said = second.stderr.readline()
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)
    second.communicate(timeout=60)
    assert f"process {first.pid}" in said
    assert "waiting for it for 60 s at most" in said
    assert second.returncode == 2


def test_a_limit_stops_the_run_on_purpose_and_it_goes_on_later(place, serve: Serve) -> None:
    sandbox = serve()
    place.write({"data/people.csv": people_csv(30)})
    assert place.apply("--limit", "12").returncode == 2
    assert sandbox.count().people == 12
    assert place.apply("--limit", "18").returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_a_deadline_that_comes_before_the_window_opens_stops_at_once(place, serve: Serve) -> None:
    serve()
    slow = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 1, per: 10m}")
    place.write({"campaigns.yaml": slow, "data/people.csv": people_csv(30)})
    run = place.apply("--deadline", "1m")
    assert run.returncode == 2
    assert "20 people pending" in run.stdout


def test_a_blocked_campaign_is_left_out_and_the_others_are_sent(place, serve: Serve) -> None:
    sandbox = serve()
    place.write(
        {
            "data/people.csv": people_csv(5),
            "campaigns/big.yaml": CAMPAIGN.replace("recall", "big").replace("5f2c8e6b", "77aa")
            + "guards: {max_recipients: 4}\n",
        }
    )
    run = place.apply()
    assert run.returncode == 1
    assert "max_recipients" in run.stdout + run.stderr
    assert sandbox.count().people == 5
    assert sandbox.count().requests == 1


def test_an_exclusion_that_is_missing_blocks_the_campaign(place, serve: Serve) -> None:
    sandbox = serve()
    broken = (place.root / "campaigns/recall.yaml").read_text() + "exclude: [{file: data/opt-outs.csv}]\n"
    place.write({"campaigns/recall.yaml": broken, "data/people.csv": people_csv(5)})
    run = place.apply()
    assert run.returncode == 1
    assert "campaigns/recall.yaml:5:" in run.stdout + run.stderr
    assert sandbox.count().requests == 0
    place.write({"data/opt-outs.csv": people_csv(2)})
    assert place.apply().returncode == 0
    assert sandbox.count().people == 3


def test_an_outage_leaves_at_most_max_in_doubt_chunks_in_doubt_and_all_but_one_are_probes(place, serve: Serve) -> None:
    serve(faults=["500"])
    place.write({"data/people.csv": people_csv(2000)})
    run = place.apply()
    assert run.returncode == 3
    chunks = [chunk for chunk in place.status()["chunks"] if chunk["status"] == "unknown"]
    assert len(chunks) == 5
    assert sum(chunk["recipients"] for chunk in chunks) == 50
    sandbox = serve()
    assert place.apply().returncode == 3
    assert sandbox.count().taken == 0
    assert place.run("resolve", chunks[0]["chunk"], "--not-sent").returncode == 0
    assert place.apply().returncode == 3
    assert sandbox.count().people == 1960
    assert sandbox.count().twice == 0


def test_the_pace_at_the_provider_never_passes_the_limit_over_restarts(place, serve: Serve) -> None:
    sandbox = serve(requests=3, per_s=2.0)
    paced = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 3, per: 2s}")
    place.write({"campaigns.yaml": paced, "data/people.csv": people_csv(70)})
    recall = (place.root / "campaigns/recall.yaml").read_text() + "delivery: {chunk_size: 10}\n"
    place.write({"campaigns/recall.yaml": recall})
    while place.apply("--limit", "20").returncode == 2:
        pass
    assert (sandbox.count().people, sandbox.count().twice, sandbox.count().limited) == (70, 0, 0)
