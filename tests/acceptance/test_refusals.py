"""What a refusal costs and whom it stops, from the project's files to the provider's own count."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]
MOST_REQUESTS = 20


def people_csv(count: int) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in range(count)), ""])


def apply(place, *arguments: str):
    """Apply without being asked, as JSON Lines."""
    return place.call("apply", "--auto-approve", "--format", "json", *arguments)


def people_of(place) -> dict[str, int]:
    """The people of the one campaign by what became of them."""
    status = json.loads(place.call("status", "--format", "json").stdout)
    people: dict[str, int] = status["campaigns"][0]["people"]
    return people


def arrivals(record: Path) -> list[float]:
    """When each request arrived, by the provider's clock, in seconds."""
    with closing(sqlite3.connect(record)) as connection:
        return [at for (at,) in connection.execute("SELECT arrived_s FROM requests ORDER BY id")]


@pytest.mark.parametrize("bad", [0, 250, 499])
def test_one_bad_number_among_500_costs_at_most_20_requests_and_its_row_is_named(place, serve: Serve, bad: int) -> None:
    sandbox = serve(faults=[f"refuse-number:0612{bad:06d}"])
    place.write({"data/people.csv": people_csv(500)})
    run = apply(place)
    assert run.returncode == 0
    assert sandbox.count().requests <= MOST_REQUESTS
    assert (sandbox.count().people, sandbox.count().twice) == (499, 0)
    assert [rows for event in run.events if (rows := event.get("rows"))] == [[f"data/people.csv row {bad + 1}"]]
    assert (run.report["reached"], run.report["refused"], run.report["pending"]) == (499, 1, 0)
    assert people_of(place) == {"accepted": 499, "refused": 1, "sending": 0, "unknown": 0}
    again = apply(place)
    assert (again.returncode, again.report["requests"]) == (0, 0)


def test_a_refused_number_is_tried_again_with_another_recording(place, serve: Serve) -> None:
    serve(faults=["refuse-number:0612000003"])
    place.write({"data/people.csv": people_csv(5)})
    assert apply(place).report["refused"] == 1
    sandbox = serve()
    recall = (place.root / "campaigns/recall.yaml").read_text()
    place.write({"campaigns/recall.yaml": recall.replace("5f2c8e6b", "77aa77aa")})
    assert apply(place).returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (5, 0)


def test_three_bad_numbers_are_all_refused_and_the_others_are_reached(place, serve: Serve) -> None:
    bad = (20, 140, 471)
    sandbox = serve(faults=[f"refuse-number:0612{number:06d}" for number in bad])
    place.write({"data/people.csv": people_csv(500)})
    run = apply(place)
    assert run.returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (497, 0)
    named = [row for event in run.events for row in event.get("rows", [])]
    assert sorted(named) == sorted(f"data/people.csv row {number + 1}" for number in bad)
    assert run.report["refused"] == 3


@pytest.mark.parametrize(("fault", "requests"), [("audio-not-found", 1), ("refuse", MOST_REQUESTS)])
def test_a_recording_that_is_gone_costs_at_most_20_requests_and_refuses_nobody(
    place, serve: Serve, fault: str, requests: int
) -> None:
    sandbox = serve(faults=[fault])
    place.write({"data/people.csv": people_csv(1000)})
    run = apply(place)
    assert run.returncode == 1
    assert sandbox.count().requests <= requests
    assert (run.report["refused"], run.report["pending"]) == (0, 1000)
    assert [stopped["campaign"] for stopped in run.report["stopped"]] == ["recall"]
    sandbox = serve()
    assert apply(place).returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (1000, 0)


def test_a_recording_that_goes_in_the_middle_of_a_run_costs_at_most_20_requests_too(place, serve: Serve) -> None:
    sandbox = serve(faults=["refuse@3-10000"])
    place.write({"data/people.csv": people_csv(2000)})
    run = apply(place)
    assert run.returncode == 1
    assert sandbox.count().requests <= 2 + MOST_REQUESTS
    assert (run.report["reached"], run.report["refused"], run.report["pending"]) == (510, 0, 1490)


def test_a_campaign_whose_content_is_refused_stops_no_other_one(place, serve: Serve) -> None:
    sandbox = serve()
    recall = (place.root / "campaigns/recall.yaml").read_text()
    place.write(
        {
            "data/people.csv": people_csv(30),
            "campaigns/recall.yaml": recall.replace("5f2c8e6b", "missing-one"),
            "campaigns/second.yaml": recall.replace("recall", "second"),
        }
    )
    run = apply(place)
    assert run.returncode == 1
    assert [stopped["campaign"] for stopped in run.report["stopped"]] == ["recall"]
    assert (run.report["reached"], run.report["pending"]) == (30, 30)
    assert sandbox.count().people == 30


@pytest.mark.parametrize(
    ("fault", "told"), [("wrong-key", "code 10"), ("no-credit", "credit"), ("not-found", "base_url")]
)
def test_a_refusal_of_the_account_stops_it_after_one_request(place, serve: Serve, fault: str, told: str) -> None:
    sandbox = serve(faults=[fault])
    place.write({"data/people.csv": people_csv(30)})
    run = apply(place)
    assert run.returncode == 1
    assert sandbox.count().requests == 1
    (stopped,) = run.report["accounts_stopped"]
    assert stopped["account"] == "main"
    assert told in stopped["reason"]
    assert (run.report["refused"], run.report["pending"]) == (0, 30)
    sandbox = serve()
    assert apply(place).returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_a_wait_of_days_stops_the_account_and_says_for_how_long(place, serve: Serve) -> None:
    sandbox = serve(faults=["429:172800"])
    place.write({"data/people.csv": people_csv(3)})
    run = place.call("apply", "--auto-approve")
    assert (run.returncode, sandbox.count().requests) == (2, 1)
    assert "apply again in 2,880 minutes" in run.stderr


def test_retry_after_is_obeyed(place, serve: Serve, tmp_path: Path) -> None:
    sandbox = serve(faults=["429:2@1"])
    place.write({"data/people.csv": people_csv(5)})
    assert apply(place).returncode == 0
    first, second = arrivals(tmp_path / "record.db")
    assert second - first >= 2
    assert (sandbox.count().people, sandbox.count().twice) == (5, 0)


def test_too_many_requests_without_a_word_wait_for_a_whole_window(place, serve: Serve, tmp_path: Path) -> None:
    serve(faults=["429-bare@1"])
    place.write({"data/people.csv": people_csv(5)})
    assert apply(place).returncode == 0
    first, second = arrivals(tmp_path / "record.db")
    assert second - first >= 1


def test_ten_times_too_many_requests_in_a_row_stop_the_account_and_a_later_run_goes_on(place, serve: Serve) -> None:
    sandbox = serve(faults=["429:0"])
    place.write({"data/people.csv": people_csv(5)})
    run = apply(place)
    assert run.returncode == 2
    assert sandbox.count().requests == 10
    assert (run.report["pending"], run.report["chunks"]) == (5, {"rejected": 10})
    sandbox = serve()
    assert apply(place).returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (5, 0)


def test_a_partial_acceptance_is_reported_and_stands_in_status(place, serve: Serve) -> None:
    serve(faults=["partial@2"])
    place.write({"data/people.csv": people_csv(30)})
    run = apply(place)
    assert run.returncode == 0
    (partial,) = [event for event in run.events if event["type"] == "answered" and event["reason"]]
    assert (partial["status"], partial["recipients"]) == ("accepted", 20)
    assert partial["reason"] == "the provider counted 19 of 20 people"
    status = " ".join(place.call("status").stdout.split())
    assert "the provider accepted it and counted 19 of its 20 people" in status


def test_an_account_without_places_in_doubt_stops_and_all_but_the_first_are_probes(place, serve: Serve) -> None:
    serve()
    place.write({"data/people.csv": people_csv(10)})
    assert apply(place).returncode == 0
    serve(faults=["timeout-taken", "500-taken"])
    timeouts = (place.root / "campaigns.yaml").read_text().replace("timeout: 5s", "timeout: 1s\n    max_in_doubt: 3")
    place.write({"campaigns.yaml": timeouts, "data/people.csv": people_csv(2000)})
    run = apply(place)
    assert run.returncode == 3
    chunks = [event for event in run.events if event["type"] == "answered"]
    assert [(chunk["status"], chunk["recipients"]) for chunk in chunks] == [
        ("unknown", 500), ("unknown", 10), ("unknown", 10)
    ]  # fmt: skip
    assert (run.report["unknown_people"], run.report["pending"]) == (520, 1470)
    sandbox = serve()
    assert apply(place).returncode == 3
    assert sandbox.count().twice == 0
