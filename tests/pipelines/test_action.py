"""`action.yml`: a step of a workflow of one's own. Exit 2 is green and says that there are changes; 1 and 3 are red."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow

OUTPUTS = {
    *("changes", "exitcode", "plan_path", "json_path", "plan_id"),
    *("recipients", "cost", "requests", "finishes_at"),
}


@pytest.fixture
def shop(open_shop):
    return open_shop("github")


def test_a_plan_is_told_in_outputs_summary_and_comment(shop, serve):
    serve()
    job = shop.act("plan")
    assert job.result == "success", job.log
    assert set(job.outputs) == OUTPUTS
    told = {key: job.outputs[key] for key in ("changes", "exitcode", "recipients", "requests", "cost")}
    assert told == {"changes": "true", "exitcode": "2", "recipients": "30", "requests": "2", "cost": "4.50 EUR"}
    assert (job.outputs["plan_path"], job.outputs["json_path"]) == ("./campaign.plan", "./plan.json")
    assert re.fullmatch(r"[0-9a-f]{32}", job.outputs["plan_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", job.outputs["finishes_at"])
    (comment,) = shop.load("comments")
    assert comment["body"].startswith("<!-- campaign-runner:plan -->\n")
    assert shop.act("plan", label="lyon").result == "success"
    shop.act("plan", label="lyon")
    bodies = [each["body"] for each in shop.load("comments")]
    assert [body.splitlines()[0] for body in bodies] == [
        "<!-- campaign-runner:plan -->",
        "<!-- campaign-runner:lyon -->",
    ]


def test_from_a_fork_or_when_told_so_there_is_no_comment(shop, serve):
    serve()
    for options in ({"fork": True}, {"comment": "false"}):
        job = shop.act("plan", **options)
        assert (job.result, job.outputs["recipients"]) == ("success", "30")
        assert job.summary
    assert shop.load("comments") == []


def test_a_label_can_not_break_out_of_its_marker(shop, serve):
    serve()
    assert shop.act("plan", label='x --> "); evil').result == "failure"
    assert shop.load("comments") == []


def test_validate_is_green_or_red_with_annotations(shop):
    assert shop.act("validate").outputs["exitcode"] == "0"
    shop.commit({"campaigns/bad.yaml": "nmae: x\n"})
    job = shop.act("validate")
    assert (job.result, job.outputs["exitcode"]) == ("failure", "1")
    assert "::error file=campaigns/bad.yaml,line=1," in job.log


def test_apply_carries_out_the_saved_plan(shop, serve):
    sandbox = serve()
    job = shop.act("apply", edit=plan_before)
    assert job.result == "success", job.log
    assert {key: job.outputs[key] for key in ("changes", "exitcode", "json_path")} == {
        "changes": "false",
        "exitcode": "0",
        "json_path": "./run.jsonl",
    }
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_apply_that_stops_on_purpose_is_green_and_has_changes(shop, serve):
    sandbox = serve()
    job = shop.act("apply", edit=lambda text: plan_before(text).replace("--deadline 5h", "--deadline 0s"))
    assert (job.result, job.outputs["changes"], job.outputs["exitcode"]) == ("success", "true", "2"), job.log
    assert sandbox.count().requests == 0


def test_apply_with_an_unknown_chunk_is_red_and_prints_the_command_that_settles_it(shop, serve):
    serve(faults=["500@1"])
    job = shop.act("apply", edit=plan_before)
    assert (job.result, job.outputs["exitcode"]) == ("failure", "3")
    assert "campaign resolve " in job.summary


def test_apply_without_a_saved_plan_sends_nothing_and_is_red(shop, serve):
    sandbox = serve()
    job = shop.act("apply")
    assert (job.result, job.outputs["exitcode"]) == ("failure", "1")
    assert sandbox.count().requests == 0


def plan_before(text: str) -> str:
    """The action whose `apply` finds a plan, as one finds it that an earlier step has fetched."""
    return text.replace("apply)\n", "apply)\n            campaign plan -o campaign.plan >/dev/null\n", 1)
