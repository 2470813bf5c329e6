"""`campaign stop` and `resume`: from any process that has the state, and what a run elsewhere does then."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]


def people_csv(count: int, first: int = 0) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in range(first, first + count)), ""])


@pytest.mark.parametrize("names", [(), ("rec*",)])
def test_a_run_that_waits_elsewhere_stops_and_goes_on_when_it_is_resumed(place, serve: Serve, names) -> None:
    sandbox = serve()
    slow = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 1, per: 5s}")
    place.write({"campaigns.yaml": slow, "data/people.csv": people_csv(30)})
    run = place.start("apply", "--auto-approve", "--format", "json")
    assert run.stdout is not None
    while json.loads(run.stdout.readline())["type"] != "waiting":
        pass
    assert place.call("stop", *names).returncode == 0
    out, err = run.communicate(timeout=30)
    report = json.loads(out.splitlines()[-1])
    assert run.returncode == 2, err
    assert (report["reached"], report["pending"]) == (10, 20)
    assert "stopped by" in report["stopped"][0]["reason"]
    assert sandbox.count().requests == 1

    plan = json.loads(place.call("plan", "--format", "json").stdout)
    (problem,) = plan["campaigns"][0]["problems"]
    assert (plan["campaigns"][0]["action"], problem["code"]) == ("blocked", "stopped-by-hand")
    assert place.apply().returncode == 1
    assert place.call("resume", "recall").returncode == 1, "only the same words resume"
    assert place.call("resume", *names).returncode == 0
    assert place.apply().returncode == 0
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_a_report_names_what_blocks_and_not_a_warning_beside_it(place, serve: Serve) -> None:
    serve()
    guards = "guards: {max_recipients: 4, accept: {max_recipients: 9, reason: The board wants it}}\n"
    recall = (place.root / "campaigns/recall.yaml").read_text()
    place.write({"data/people.csv": people_csv(5), "campaigns/recall.yaml": recall + guards})
    assert place.call("stop", "recall").returncode == 0
    (campaign,) = json.loads(place.call("plan", "--format", "json").stdout)["campaigns"]
    assert [problem["code"] for problem in campaign["problems"]] == ["guard-accepted", "stopped-by-hand"]
    assert "`stopped-by-hand`" in place.call("plan", "--format", "markdown").stdout.split("Problems")[0]
    told = place.call("apply", "--auto-approve").stdout
    assert told.endswith(f"Next step:\n  campaign -C {place.root} resume 'recall'\n")
    events = place.call("apply", "--auto-approve", "--format", "json").stdout.splitlines()
    assert "stopped by" in json.loads(events[-1])["blocked"][0]["reason"]


def test_status_begins_with_what_is_stopped_and_what_lets_it_go_on(place) -> None:
    for names in ((), ("rec*",)):
        assert place.call("stop", *names).returncode == 0
    command = f"campaign -C {place.root} resume"
    told = place.call("status").stdout
    assert told.startswith("! all campaigns were stopped by ")
    assert told.index(f"\n      {command}\n") < told.index("\n! `rec*` was stopped by ")
    assert f"\n      {command} 'rec*'\nThe ledger" in told
    stops = json.loads(place.call("status", "--format", "json").stdout)["stops"]
    assert [(stop["name"], stop["resume"]) for stop in stops] == [(None, command), ("rec*", f"{command} 'rec*'")]
    page = place.call("status", "--format", "html").stdout
    assert "Stopped by hand" in page
    assert f"<pre>{command} &#39;rec*&#39;</pre>" in page
    assert place.call("resume").returncode == 0
    assert "nobody has stopped all campaigns at once" in place.call("resume").stderr


def test_a_name_that_is_no_campaigns_stops_nothing(place, serve: Serve) -> None:
    serve()
    ended = place.call("stop", "reacll")
    assert ended.returncode == 1
    assert "did you mean `recall`?" in ended.stderr


def test_a_campaign_that_is_stopped_leaves_the_others_alone(place, serve: Serve) -> None:
    sandbox = serve()
    other = (place.root / "campaigns/recall.yaml").read_text().replace("recall", "other").replace("people", "others")
    place.write(
        {"data/people.csv": people_csv(5), "data/others.csv": people_csv(7, 100), "campaigns/other.yaml": other}
    )
    assert place.call("stop", "recall").returncode == 0
    assert place.apply().returncode == 1
    assert sandbox.count().people == 7
