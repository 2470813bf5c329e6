"""Campaigns that look renamed, copied or mistyped are found by people and recording, and settled by files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]

CAMPAIGN = """\
message: {audio: 5f2c8e6b}
recipients:
  - {file: data/people.csv}
"""


def people_csv(people: range) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in people), ""])


def write(place, name: str, people: range, more: str = "", audio: str = "5f2c8e6b") -> None:
    """A campaign of this name, for these people."""
    text = CAMPAIGN.replace("people.csv", f"{name}.csv").replace("5f2c8e6b", audio) + more
    place.write({f"campaigns/{name}.yaml": text, f"data/{name}.csv": people_csv(people)})


def apply(place, *arguments: str):
    return place.call("apply", "--auto-approve", "--format", "json", *arguments)


def plan(place, *arguments: str):
    return json.loads(place.call("plan", "--format", "json", *arguments).stdout)


def actions(place, *arguments: str) -> dict[str, str]:
    return {
        c["name"] + (f"@{c['edition']}" if c["edition"] else ""): c["action"]
        for c in plan(place, *arguments)["campaigns"]
    }


def refusal(place, name: str) -> dict[str, str]:
    found = next(c for c in plan(place)["campaigns"] if c["name"] == name)
    return next(problem for problem in found["problems"] if problem["severity"] == "error")


@pytest.fixture
def sent(place, serve: Serve):
    """A project whose campaign `spring` reached 100 people."""
    (place.root / "campaigns/recall.yaml").unlink()
    write(place, "spring", range(100))
    sandbox = serve()
    assert apply(place).returncode == 0
    return place, sandbox


def rename(place, more: str = "") -> None:
    (place.root / "campaigns/spring.yaml").unlink()
    write(place, "summer", range(100), more)


def test_a_renamed_campaign_is_blocked_and_named(sent):
    place, sandbox = sent
    rename(place)
    assert refusal(place, "summer")["code"] == "same-audio"
    assert "`spring`" in refusal(place, "summer")["message"]
    assert apply(place).returncode == 1
    assert sandbox.count().people == 100


def test_previously_lets_the_ledger_go_on_under_the_new_name_for_ever(sent):
    place, sandbox = sent
    rename(place, "previously: spring\n")
    assert actions(place) == {"summer": "none"}
    write(place, "summer", range(103), "previously: spring\n")
    assert actions(place) == {"summer": "continue"}
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (0, 103, 0)
    assert actions(place) == {"summer": "none"}
    write(place, "summer", range(104))
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (0, 104, 0)
    assert [c["name"] for c in json.loads(place.call("status", "--format", "json").stdout)["campaigns"]] == ["summer"]


def test_two_ledgers_of_one_campaign_become_one_and_nobody_is_lost(sent):
    place, sandbox = sent
    rename(place, "repeats: [spring]\n")
    assert apply(place, "--limit", "30").returncode == 2
    write(place, "summer", range(110), "previously: spring\n")
    assert actions(place) == {"summer": "continue"}
    assert (apply(place).returncode, sandbox.count().people) == (0, 110)
    with closing(sqlite3.connect(place.root / ".campaign/state.db")) as state:
        assert state.execute("select count(*), count(distinct pseudonym) from recipients").fetchone() == (110, 110)
        assert state.execute("select name from campaigns").fetchall() == [("summer",)]


def test_repeats_lets_them_get_the_recording_again_on_purpose(sent):
    place, sandbox = sent
    rename(place, "repeats: [spring]\n")
    assert (apply(place).returncode, sandbox.count().requests) == (0, 4)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("previously: sprin", "previously-unknown"),
        ("repeats: [sprin]", "repeats-unknown"),
        ("previously: summer", "previously-in-use"),
    ],
)
def test_a_name_that_means_nothing_is_a_problem_of_the_plan(sent, key, code):
    place, _ = sent
    rename(place, f"{key}\n")
    problem = refusal(place, "summer")
    assert (problem["code"], problem["path"]) == (code, "campaigns/summer.yaml")


def test_a_former_name_that_has_a_file_still_is_no_former_name(sent):
    place, sandbox = sent
    write(place, "summer", range(100), "previously: spring\n")
    assert refusal(place, "summer")["code"] == "previously-in-use"
    assert apply(place).returncode == 1
    assert sandbox.count().people == 100


def test_two_that_claim_one_former_name_are_warned_of_it_before_anybody_is_pending(sent):
    place, _ = sent
    rename(place, "previously: spring\n")
    write(place, "autumn", range(100), "previously: spring\n")
    for found in plan(place)["campaigns"]:
        (problem,) = found["problems"]
        assert (found["action"], problem["code"], problem["severity"]) == ("none", "previously-twice", "warning")


def test_only_what_settles_it_is_named_as_what_does(sent):
    place, _ = sent
    write(place, "copy", range(100))
    assert refusal(place, "copy")["hint"] == "`repeats: [spring]` where they shall get it again"
    (place.root / "campaigns/spring.yaml").unlink()
    hint = refusal(place, "copy")["hint"]
    assert "`previously: spring`" in hint
    assert "`repeats: [spring]`" in hint


@pytest.mark.parametrize(
    ("shared", "others", "action"),
    [
        (19, 981, "send"),
        (20, 980, "blocked"),
        (20, 1980, "send"),
        (21, 1979, "blocked"),
        (3, 3, "blocked"),
        (3, 4, "send"),
    ],
)
def test_half_of_the_people_or_twenty_and_more_than_one_in_a_hundred_are_too_many(sent, shared, others, action):
    place, _ = sent
    write(place, "copy", range(100 - shared, 100 + others))
    assert actions(place)["copy"] == action


def test_another_recording_resembles_nothing(sent):
    place, _ = sent
    write(place, "copy", range(100), audio="77aa77aa")
    assert actions(place)["copy"] == "send"


def test_of_two_in_one_plan_the_first_by_priority_then_name_is_sent(place, serve: Serve):
    (place.root / "campaigns/recall.yaml").unlink()
    sandbox = serve()
    for name, more in (("a", ""), ("b", ""), ("c", "delivery: {priority: 1}\n")):
        write(place, name, range(50), more)
    assert actions(place) == {"c": "send", "a": "blocked", "b": "blocked"}
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (1, 50, 0)


def test_one_that_is_blocked_itself_stands_in_no_other_s_way(place):
    (place.root / "campaigns/recall.yaml").unlink()
    write(place, "a", range(50), "guards: {max_recipients: 3}\n")
    write(place, "b", range(50))
    assert actions(place) == {"a": "blocked", "b": "send"}


def test_another_edition_of_the_same_name_rests_for_three_days(sent):
    place, _ = sent
    write(place, "spring", range(100), 'edition: "2"\n')
    assert refusal(place, "spring")["code"] == "same-audio"
    with closing(sqlite3.connect(place.root / ".campaign/state.db")) as state, state:
        state.execute("update chunks set recorded_at = replace(recorded_at, '20', '19')")
    assert actions(place) == {"spring@2": "send"}


def test_an_edition_under_the_former_name_rests_for_three_days_too(sent):
    place, _ = sent
    write(place, "spring", range(200, 210), 'edition: "2"\n')
    assert apply(place).returncode == 0
    move(place, "spring", "summer", range(200, 210), 'edition: "2"\npreviously: spring\n')
    assert apply(place).returncode == 0
    write(place, "summer", range(100), 'edition: "3"\npreviously: spring@2\n')
    assert refusal(place, "summer")["code"] == "same-audio"
    with closing(sqlite3.connect(place.root / ".campaign/state.db")) as state, state:
        state.execute("update chunks set recorded_at = replace(recorded_at, '20', '19')")
    assert actions(place)["summer@3"] == "send"


def test_a_campaign_with_nobody_pending_is_none_whatever_it_resembles(sent):
    place, _ = sent
    write(place, "copy", range(100), "repeats: [spring]\n")
    assert apply(place).returncode == 0
    write(place, "copy", range(100))
    assert actions(place) == {"copy": "none", "spring": "none"}


def test_what_changed_since_the_first_chunk_is_told_of_the_account_too(sent):
    place, _ = sent
    project = (place.root / "campaigns.yaml").read_text()
    place.write(
        {"campaigns.yaml": project.replace("main", "other").replace("${VOICEPARTNER_URL}", "http://127.0.0.1:9")}
    )
    changes = plan(place)["campaigns"][0]["changes"]
    assert changes == [
        {"field": "account", "before": "main", "after": "other"},
        {"field": "account.base_url", "before": "${VOICEPARTNER_URL}", "after": "http://127.0.0.1:9"},
    ]


def test_an_unusual_address_is_shown_loudly(place):
    place.write({"data/people.csv": people_csv(range(3))})
    assert "warning[unusual-address]" in place.call("plan").stdout
    assert "unusual-address" not in place.call("plan", "--sandbox").stdout


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_unusual_address_is_shown_on_stderr_where_json_has_no_room_for_it(place, serve: Serve, command: str):
    serve()
    place.write({"data/people.csv": people_csv(range(3))})
    arguments = ["--auto-approve"] if command == "apply" else []
    assert "warning[unusual-address]" in place.call(command, "--format", "json", *arguments).stderr


def move(place, old: str, new: str, people: range, more: str = "", audio: str = "5f2c8e6b") -> None:
    (place.root / f"campaigns/{old}.yaml").unlink()
    write(place, new, people, more, audio)


def test_whoever_declines_has_renamed_nothing(sent):
    place, _ = sent
    rename(place, "previously: spring\n")
    write(place, "summer", range(101), "previously: spring\n")
    assert place.run("apply", typed="no\n").returncode == 1
    assert [c["name"] for c in place.status()["campaigns"]] == ["spring"]


def test_previously_finds_the_ledger_by_any_name_that_it_had(sent):
    place, sandbox = sent
    rename(place, "previously: spring\n")
    assert apply(place).returncode == 0
    move(place, "summer", "autumn", range(101), "previously: spring\n", audio="77aa77aa")
    assert actions(place) == {"autumn": "continue"}
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (0, 101, 0)
    assert [c["name"] for c in place.status()["campaigns"]] == ["autumn"]


def test_a_ledger_whose_heir_has_a_file_goes_on_under_no_third_name(sent):
    place, _ = sent
    rename(place, "previously: spring\n")
    assert apply(place).returncode == 0
    write(place, "summer", range(100))
    write(place, "autumn", range(100), "previously: spring\n", audio="77aa77aa")
    assert refusal(place, "autumn")["code"] == "previously-in-use"


def test_only_the_ledger_of_one_edition_goes_on_under_a_new_name(sent):
    place, sandbox = sent
    write(place, "spring", range(90, 110), 'edition: "2"\n', audio="77aa77aa")
    assert apply(place).returncode == 0
    move(place, "spring", "summer", range(90, 110), 'edition: "2"\npreviously: spring\n', audio="77aa77aa")
    assert apply(place).returncode == 0
    write(place, "summer", range(80, 110), 'edition: "2"\npreviously: spring\n', audio="77aa77aa")
    assert (apply(place).returncode, sandbox.count().requests) == (0, 5)
    names = {(c["name"], c["edition"], c["people"]["accepted"]) for c in place.status()["campaigns"]}
    assert names == {("spring", None, 100), ("summer", "2", 30)}


def test_a_new_edition_under_a_new_name_reaches_the_people_of_the_earlier_one(sent):
    place, _ = sent
    rename(place, "previously: spring\n")
    assert apply(place).returncode == 0
    write(place, "summer", range(100), 'edition: "2"\npreviously: spring\n', audio="77aa77aa")
    assert actions(place) == {"summer@2": "send"}


def test_an_old_copy_of_the_files_is_blocked_once_the_ledger_goes_on_under_a_new_name(sent):
    place, sandbox = sent
    rename(place, "previously: spring\n")
    assert apply(place).returncode == 0
    move(place, "summer", "spring", range(101), audio="77aa77aa")
    assert refusal(place, "spring")["code"] == "renamed-before"
    assert apply(place).returncode == 1
    write(place, "spring", range(101), "previously: summer\n", audio="77aa77aa")
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (0, 101, 0)
    write(place, "spring", range(102), audio="77aa77aa")
    assert (apply(place).returncode, sandbox.count().people, sandbox.count().twice) == (0, 102, 0)


def test_what_was_stopped_by_hand_stays_so_under_a_new_name(sent):
    place, sandbox = sent
    assert place.call("stop", "spring").returncode == 0
    rename(place)
    write(place, "summer", range(101), "previously: spring\n")
    for _ in range(2):
        assert refusal(place, "summer")["code"] == "stopped-by-hand"
        assert apply(place).returncode == 1
    assert sandbox.count().people == 100


def test_repeats_means_a_campaign_under_all_its_names(sent):
    place, sandbox = sent
    rename(place, "previously: spring\n")
    assert apply(place).returncode == 0
    write(place, "copy", range(100), "repeats: [spring]\n")
    assert (apply(place).returncode, sandbox.count().requests) == (0, 4)


def test_growth_is_held_against_the_last_time_under_the_former_name(sent):
    place, _ = sent
    rename(place)
    write(place, "summer", range(130), "previously: spring\nguards: {max_growth: 20%}\n")
    assert refusal(place, "summer")["code"] == "guard-max-growth"


def test_a_few_who_hear_it_again_are_told_to_whoever_reviews_the_plan(sent):
    place, _ = sent
    write(place, "copy", range(90, 200))
    found = next(c for c in plan(place)["campaigns"] if c["name"] == "copy")
    assert [(p["code"], p["severity"]) for p in found["problems"]] == [("same-audio", "warning")]
    assert "10 of the 110 people of `copy` got this recording already" in found["problems"][0]["message"]


def test_those_who_hear_it_again_on_purpose_are_counted(sent):
    place, _ = sent
    rename(place, "repeats: [spring]\n")
    found = next(c for c in plan(place)["campaigns"] if c["name"] == "summer")
    assert (found["action"], [p["severity"] for p in found["problems"]]) == ("send", ["warning"])
    assert "100 of the 100 people" in found["problems"][0]["message"]


def test_a_new_name_is_shown_before_it_is_taken(sent):
    place, _ = sent
    rename(place, "previously: spring\n")
    write(place, "summer", range(101), "previously: spring\n")
    (found,) = plan(place)["campaigns"]
    assert {"field": "name", "before": "spring", "after": "summer"} in found["changes"]


def test_refusals_under_the_former_name_count_with_those_under_the_new_one(place, serve: Serve):
    (place.root / "campaigns/recall.yaml").unlink()
    one_each = "delivery: {chunk_size: 1}\n"
    write(place, "spring", range(2), one_each)
    serve(faults=["refuse"])
    assert apply(place).returncode == 0, "two numbers that stood alone may both be bad"
    rename(place)
    write(place, "summer", range(3), "previously: spring\n" + one_each)
    ended = apply(place)
    assert (ended.returncode, ended.report["pending"]) == (1, 3), "three are no number's fault"
