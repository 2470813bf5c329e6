"""People who are in several campaigns of one plan are counted pair by pair, and no number is told."""

from __future__ import annotations

import json
import re

from runner.audience.collisions import Collisions

CAMPAIGN = "message: {{audio: {name}}}\nrecipients: [{{file: data/{name}.csv}}]\ndelivery: {{priority: {priority}}}\n"


def _write(lists: dict[str, range], **priorities: int) -> dict[str, str]:
    files = {f"data/{name}.csv": "".join(f"063998{n:04}\n" for n in people) for name, people in lists.items()}
    for name in lists:
        files[f"campaigns/{name}.yaml"] = CAMPAIGN.format(name=name, priority=priorities.get(name, 0))
    return files


def _plan(campaign, root, *arguments: str) -> dict[str, list[str]]:
    planned = json.loads(campaign("plan", "--sandbox", "--format", "json", *arguments, cwd=root).stdout)["campaigns"]
    return {
        plan["name"]: [problem["message"] for problem in plan["problems"] if problem["code"] == "collision"]
        for plan in planned
    }


def test_the_later_of_two_campaigns_says_how_many_people_it_shares_with_which(campaign, project):
    root = project(_write({"a": range(100), "b": range(90, 200), "c": range(95, 99), "d": range(500, 600)}, c=5))
    told = _plan(campaign, root)
    assert (told["c"], told["d"]) == ([], [])
    assert [re.match(r"(\d+) of these people are in `(\w)`", message).groups() for message in told["a"]] == [("4", "c")]
    assert [re.match(r"(\d+) of these people are in `(\w)`", message).groups() for message in told["b"]] == [
        ("10", "a"), ("4", "c")
    ]  # fmt: skip
    assert "3998" not in json.dumps(told)


def test_only_campaigns_of_the_plan_that_would_be_sent_are_compared(campaign, project):
    files = _write({"a": range(10), "b": range(10), "c": range(10)})
    files["campaigns/b.yaml"] += "enabled: false\n"
    files["campaigns/c.yaml"] += "guards: {max_recipients: 1}\n"
    root = project(files)
    assert _plan(campaign, root) == {"a": [], "b": [], "c": []}
    assert _plan(campaign, root, "a") == {"a": []}


def test_of_many_campaigns_with_the_same_people_the_largest_are_named_and_the_rest_counted(campaign, project):
    root = project(_write({f"c{n}": range(10 + n) for n in range(8)}))
    told = _plan(campaign, root)["c7"]
    assert [message.split("`")[1] for message in told[:-1]] == ["c6", "c5", "c4", "c3", "c2"]
    assert told[-1] == "2 more campaigns have up to 11 of these people too"


def test_pairs_are_counted_however_the_people_are_paged():
    with Collisions() as collisions:
        collisions.add("a", iter(["1,2", "3"]))
        collisions.add("b", iter([]))
        collisions.add("c", iter(["3", "2,4"]))
        collisions.add("d", iter(["2,9"]))
        assert collisions.count_pairs() == {("a", "c"): 2, ("a", "d"): 1, ("c", "d"): 1}
