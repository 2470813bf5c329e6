"""People whom something else has reached: counted, recorded as such, and never reached by the campaign."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]


def people_csv(people: range, *more: str) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in people), *more, ""])


@pytest.fixture
def history(place):
    """A campaign for 30 people, of whom a script has reached ten, and somebody else."""
    place.write({"data/people.csv": people_csv(range(30)), "data/sent.csv": people_csv(range(20, 31), "nobody")})
    return place


def adopt(place, *arguments: str):
    return place.call("state", "adopt", "recall", *arguments)


def test_they_are_counted_recorded_and_not_reached(history, serve: Serve):
    sandbox = serve()
    adopted = adopt(history, "data/sent.csv", "--auto-approve")
    assert adopted.returncode == 0
    assert "12 rows, 1 invalid, 0 duplicate, 0 held by the campaign already" in adopted.stdout
    assert "11 people count as reached by `recall`" in adopted.stdout
    assert "nobody is recognised in data/sent.csv row 12 (no-number)" in adopted.stderr
    assert history.call("apply", "--auto-approve").returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (20, 0)


def test_who_is_held_already_is_not_adopted_again(history, serve: Serve):
    serve()
    assert history.call("apply", "--auto-approve").returncode == 0
    adopted = adopt(history, "data/sent.csv", "--auto-approve")
    assert "10 held by the campaign already" in adopted.stdout
    assert "1 person counts" in adopted.stdout
    assert "nobody to adopt" in adopt(history, "data/sent.csv", "--auto-approve").stderr


def test_whom_the_provider_refused_may_have_been_reached_by_something_else(history, serve: Serve):
    sandbox = serve(faults=["refuse-number:0612000021"])
    assert history.call("apply", "--auto-approve").returncode == 0
    assert "2 people count as reached" in adopt(history, "data/sent.csv", "--auto-approve").stdout
    campaign = (history.root / "campaigns/recall.yaml").read_text()
    history.write({"campaigns/recall.yaml": campaign.replace("5f2c8e6b", "77aa77aa")})
    before = sandbox.count().requests
    assert history.call("apply", "--auto-approve").returncode == 0
    assert sandbox.count().requests == before


def test_nobody_is_adopted_under_a_name_that_the_ledger_left(history, serve: Serve):
    serve()
    assert history.call("apply", "--auto-approve").returncode == 0
    campaign = (history.root / "campaigns/recall.yaml").read_text()
    renamed = campaign.replace("name: recall", "name: summer") + "previously: recall\n"
    history.write({"campaigns/recall.yaml": renamed})
    assert history.call("apply", "--auto-approve").returncode == 0
    history.write({"campaigns/recall.yaml": campaign.replace("5f2c8e6b", "77aa77aa")})
    refused = adopt(history, "data/sent.csv", "--auto-approve")
    assert (refused.returncode, "renamed-before" in refused.stderr) == (1, True)


def test_only_a_typed_yes_records(history):
    refused = history.run("state", "adopt", "recall", "data/sent.csv", typed="y\n")
    assert (refused.returncode, "not-confirmed" in refused.stderr) == (1, True)
    assert history.status()["campaigns"] == []
    assert history.run("state", "adopt", "recall", "data/sent.csv", typed="yes\n").returncode == 0
    assert history.status()["campaigns"][0]["people"]["accepted"] == 11


def test_an_adoption_is_no_request_no_cost_and_no_acceptance_of_the_content(history, serve: Serve):
    sandbox = serve()
    history.write(
        {"campaigns/recall.yaml": (history.root / "campaigns/recall.yaml").read_text() + "guards: {max_cost: 3}\n"}
    )
    adopt(history, "data/sent.csv", "--auto-approve")
    status = json.loads(history.call("status", "--format", "json").stdout)
    assert (status["summary"]["costs"], status["summary"]["cost_unknown"]) == ({}, 0)
    # A first chunk of this content is a probe still, and nothing of it waits for a window.
    assert history.call("apply", "--auto-approve").returncode == 0
    with closing(sqlite3.connect(history.root / ".campaign/state.db")) as state:
        chunks = state.execute("select adopted, probe, recipients from chunks order by id").fetchall()
    assert chunks == [(1, 0, 11), (0, 1, 10), (0, 0, 10)]
    assert sandbox.count().requests == 2


def test_any_source_can_be_adopted_from(history):
    shown = adopt(history, "{numbers: ['06 12 00 00 01']}", "{file: data/sent.csv, column: phone}", "--auto-approve")
    assert "12 people count as reached" in shown.stdout


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("data/none.csv", "no-such-file"),
        ("{fil: x}", "unknown-key"),
        ("{file: data/sent.csv, column: tel}", "no-such-column"),
    ],
)
def test_a_source_that_can_t_be_read_adopts_nobody(history, source, code):
    refused = adopt(history, source, "--auto-approve")
    assert (refused.returncode, code in refused.stderr) == (1, True)
    assert json.loads(history.call("status", "--format", "json").stdout)["campaigns"] == []
