"""Guards that are passed on purpose, and those that hold a campaign against the last time it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]

CAMPAIGN = """\
message: {audio: 5f2c8e6b}
recipients:
  - {file: data/people.csv}
"""
WHY = "reason: The board wants it"


def people_csv(people: range) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for number in people), ""])


def write(place, people: int, more: str = "", project: str = "") -> None:
    place.write({"campaigns/recall.yaml": CAMPAIGN + more, "data/people.csv": people_csv(range(people))})
    if project:
        place.write({"campaigns.yaml": (place.root / "campaigns.yaml").read_text() + project})


def plan(place) -> tuple[str, list[str]]:
    """The action of the one campaign, and the codes of its problems."""
    (campaign,) = json.loads(place.call("plan", "--format", "json").stdout)["campaigns"]
    return campaign["action"], [problem["code"] for problem in campaign["problems"]]


def apply(place, *arguments: str) -> int:
    return place.call("apply", "--auto-approve", *arguments).returncode


@pytest.mark.parametrize(
    ("guard", "accept", "judged"),
    [
        ("max_recipients: 9", f"max_recipients: 10, {WHY}", ("send", ["guard-accepted"])),
        ("max_recipients: 9", f'max_recipients: 10, {WHY}, until: "2099-12-31"', ("send", ["guard-accepted"])),
        ("max_recipients: 9", f'max_recipients: 10, {WHY}, until: "2020-12-31"', ("blocked", ["guard-max-recipients"])),
        ("max_recipients: 5", f"max_recipients: 9, {WHY}", ("blocked", ["guard-max-recipients"])),
        ("max_recipients: 9", f"max_cost: 10, {WHY}", ("blocked", ["guard-max-recipients"])),
        ("max_cost: 1.4", f"max_cost: 1.5, {WHY}", ("send", ["guard-accepted"])),
        ("max_cost: 1.4", f"max_cost: 1.45, {WHY}", ("blocked", ["guard-max-cost"])),
        ("max_recipients: 10", f"max_recipients: 20, {WHY}", ("send", [])),
    ],
)
def test_a_guard_is_passed_up_to_what_is_accepted_and_until_then(place, guard, accept, judged):
    write(place, 10, f"guards: {{{guard}, accept: {{{accept}}}}}\n")
    assert plan(place) == judged


def test_an_accepted_share_of_invalid_rows_is_shown_with_its_reason(place):
    write(place, 9, f"guards: {{max_invalid: 5%, accept: {{max_invalid: 10%, {WHY}}}}}\n")
    place.write({"data/people.csv": people_csv(range(9)) + "nobody\n"})
    shown = place.call("plan").stdout
    assert "up to 10% is accepted: The board wants it" in " ".join(shown.split())
    assert plan(place) == ("send", ["guard-accepted"])


def test_growth_is_held_against_the_last_time_it_was_sent_in_any_edition(place, serve: Serve):
    serve()
    guard = "guards: {max_growth: 20%}\n"
    write(place, 100, f'edition: "1"\n{guard}')
    assert plan(place) == ("send", [])
    assert apply(place, "--limit", "10") == 2
    # What was begun is no growth: it is held against all whom the campaign had.
    assert plan(place) == ("continue", [])
    assert apply(place) == 0
    for people, judged in ((120, ("send", [])), (121, ("blocked", ["guard-max-growth"]))):
        write(
            place,
            people,
            f'edition: "2"\nmessage: {{audio: 77aa77aa}}\n{guard}'.replace("message", "description: x\nmessage"),
        )
        text = (place.root / "campaigns/recall.yaml").read_text().replace("message: {audio: 5f2c8e6b}\n", "")
        place.write({"campaigns/recall.yaml": text})
        assert plan(place) == judged


def test_an_exclusion_with_too_few_rows_blocks(place):
    place.write({"data/no.csv": people_csv(range(900, 903))})
    write(place, 3, project="exclude:\n  - {file: data/no.csv, min_rows: 4}\n")
    assert plan(place) == ("blocked", ["exclusion-too-small"])
    place.write({"data/no.csv": people_csv(range(900, 904))})
    assert plan(place) == ("send", [])


def test_an_exclusion_that_shrank_since_something_was_sent_blocks(place, serve: Serve):
    serve()
    place.write({"data/no.csv": people_csv(range(900, 910))})
    write(place, 3, project="exclude:\n  - {file: data/no.csv, max_shrink: 10%}\n")
    assert apply(place) == 0
    write(place, 4)
    place.write({"data/no.csv": people_csv(range(900, 909))})
    assert plan(place) == ("continue", [])
    place.write({"data/no.csv": people_csv(range(900, 908))})
    assert plan(place) == ("blocked", ["exclusion-shrunk"])


def test_an_exclusion_that_another_campaign_lets_shrink_has_shrunk_all_the_same(place, serve: Serve):
    serve()
    place.write({"data/no.csv": people_csv(range(900, 910))})
    minding = CAMPAIGN + "exclude:\n  - {file: data/no.csv, max_shrink: 10%}\n"
    careless = minding.replace("5f2c8e6b", "77aa77aa").replace(", max_shrink: 10%", "")
    place.write({"campaigns/recall.yaml": minding, "campaigns/other.yaml": careless})
    place.write({"data/people.csv": people_csv(range(3))})
    assert apply(place) == 0
    place.write({"data/people.csv": people_csv(range(4)), "data/no.csv": people_csv(range(900, 905))})
    for _ in range(2):
        assert apply(place) == 1
    shown = json.loads(place.call("plan", "--format", "json").stdout)["campaigns"]
    assert {c["name"]: c["action"] for c in shown} == {"other": "none", "recall": "blocked"}


def test_newcomers_of_a_saved_plan_are_no_growth_of_it_and_stay_one_of_the_next(place, serve: Serve):
    sandbox = serve()
    for people, reached in ((10, 10), (12, 12)):
        write(place, people, "guards: {max_growth: 20%}\n")
        assert place.call("plan", "-o", "p.plan").returncode == 0
        write(place, 30, "guards: {max_growth: 20%}\n")
        assert place.call("apply", "--plan", "p.plan").returncode == 0
        assert sandbox.count().people == reached
        assert plan(place) == ("blocked", ["guard-max-growth"])
