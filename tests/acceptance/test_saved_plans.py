"""A plan that was saved and approved: what `apply --plan` sends of it, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from runner.model.clock import SystemClock
from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]

CAMPAIGN = """\
name: recall
message: {audio: 5f2c8e6b, sender: "+33612345678"}
recipients:
  - {file: data/people.csv}
"""


def people_csv(*spans: range) -> str:
    return "\n".join(["phone", *(f"0612{number:06d}" for span in spans for number in span), ""])


def save(place, *arguments: str, file: str = "p.plan"):
    ended = place.call("plan", "-o", file, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended


def carry_out(place, *arguments: str, file: str = "p.plan"):
    return place.call("apply", "--plan", file, "--format", "json", *arguments)


def codes(ended) -> list[str]:
    return [line.split("[")[1].split("]")[0] for line in ended.stderr.splitlines() if "error[" in line]


@pytest.fixture
def prepared(place, serve: Serve):
    """A project for 30 people, its provider, and a saved plan for all of them."""
    place.write({"data/people.csv": people_csv(range(30)), "campaigns/recall.yaml": CAMPAIGN})
    sandbox = serve()
    save(place)
    return place, sandbox


def test_it_reaches_the_people_that_were_in_it_without_asking_again(prepared):
    place, sandbox = prepared
    run = carry_out(place)
    assert (run.returncode, run.report["reached"], sandbox.count().people) == (0, 30, 30)
    assert carry_out(place).report["requests"] == 0


def test_the_address_of_an_account_may_stand_in_the_file_as_it_does_by_default(place, serve: Serve):
    sandbox = serve()
    project = (place.root / "campaigns.yaml").read_text().replace("${VOICEPARTNER_URL}", sandbox.base_url)
    place.write({"campaigns.yaml": project, "data/people.csv": people_csv(range(3))})
    save(place)
    assert (carry_out(place).returncode, sandbox.count().people) == (0, 3)


def test_newcomers_wait_for_another_plan_and_leave_it_done(prepared):
    place, sandbox = prepared
    place.write({"data/people.csv": people_csv(range(40))})
    run = carry_out(place)
    assert (run.returncode, sandbox.count().people) == (0, 30)
    assert run.events[0]["narrowed"]["recall"]["newcomers"] == 10


def test_whoever_was_excluded_or_reached_or_left_since_is_not_reached_and_is_counted(prepared):
    place, sandbox = prepared
    assert carry_out(place, "--limit", "10").returncode == 2
    place.write({"data/people.csv": people_csv(range(29)), "data/no.csv": people_csv(range(20, 25))})
    project = (place.root / "campaigns.yaml").read_text()
    place.write({"campaigns.yaml": project + "exclude:\n  - {file: data/no.csv}\n"})
    run = carry_out(place)
    assert run.events[0]["narrowed"]["recall"] == {
        "approved": 30,
        "reached": 10,
        "refused": 0,
        "excluded": 5,
        "gone": 1,
        "newcomers": 0,
    }
    assert (run.returncode, run.report["reached"], sandbox.count().people) == (0, 14, 24)


def test_it_goes_on_after_a_limit_with_the_same_file_until_all_of_it_is_done(prepared):
    place, sandbox = prepared
    assert [carry_out(place, "--limit", "12").returncode for _ in range(3)] == [2, 2, 0]
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)
    again = place.call("apply", "--plan", "p.plan")
    assert (again.returncode, "NOTHING TO SEND" in again.stdout) == (0, True)


@pytest.mark.parametrize(
    ("before", "after", "told", "at"),
    [
        ("5f2c8e6b", "77aa77aa", "message.audio was `5f2c8e6b`, is `77aa77aa`", "audio: 77aa77aa"),
        ("+33612345678", "+33612345679", "message.sender was", "sender:"),
        ("people.csv}", "people.csv, column: phone}", "recipients[0] was", "recipients:"),
    ],
)
def test_it_is_refused_with_what_changed_when_the_meaning_of_its_campaign_did(prepared, before, after, told, at):
    place, sandbox = prepared
    changed = CAMPAIGN.replace(before, after)
    place.write({"campaigns/recall.yaml": changed})
    refused = carry_out(place)
    assert refused.returncode == 1
    assert codes(refused) == ["plan-meaning-changed"]
    assert told in refused.stderr
    assert at in next(line for line in refused.stderr.splitlines() if " | " in line)
    assert sandbox.count().requests == 0


def test_it_is_refused_when_its_account_changed(prepared):
    place, sandbox = prepared
    project = (place.root / "campaigns.yaml").read_text()
    place.write({"campaigns.yaml": project.replace("requests: 100", "requests: 99")})
    refused = carry_out(place)
    assert (codes(refused), sandbox.count().requests) == (["plan-meaning-changed"], 0)
    assert "account.limits.requests was `100`, is `99`" in refused.stderr


def test_other_bytes_of_the_same_meaning_are_no_change(prepared):
    place, sandbox = prepared
    place.write({"campaigns/recall.yaml": f"# A comment\n{CAMPAIGN}enabled: true\n"})
    assert carry_out(place).returncode == 0
    assert sandbox.count().people == 30


def test_campaigns_that_had_nobody_in_it_may_change(place, serve: Serve):
    other = CAMPAIGN.replace("recall", "other").replace("people.csv", "nobody.csv")
    place.write({"data/people.csv": people_csv(range(5)), "data/nobody.csv": people_csv(range(1))})
    place.write({"campaigns/recall.yaml": CAMPAIGN, "campaigns/other.yaml": other + "enabled: false\n"})
    sandbox = serve()
    save(place)
    place.write({"campaigns/other.yaml": other})
    assert carry_out(place).returncode == 0
    assert sandbox.count().people == 5


def test_who_changed_it_is_told(prepared):
    place, _ = prepared
    git = ["git", "-C", str(place.root), "-c", "user.name=Zoé", "-c", "user.email=zoe@example.fr"]
    subprocess.run([*git, "init", "-q"], check=True)
    place.write({"campaigns/recall.yaml": CAMPAIGN.replace("5f2c8e6b", "77aa77aa")})
    assert "changed by somebody here, and that is not committed" in carry_out(place).stderr
    subprocess.run([*git, "add", "campaigns"], check=True)
    subprocess.run([*git, "commit", "-qm", "Another recording"], check=True)
    assert "campaigns/recall.yaml was changed by Zoé in " in carry_out(place).stderr
    shutil.rmtree(place.root / ".git")


def test_it_is_refused_when_another_plan_has_sent_for_its_campaign(prepared):
    place, sandbox = prepared
    assert place.call("apply", "--auto-approve", "--limit", "10").returncode == 2
    refused = carry_out(place)
    assert (refused.returncode, codes(refused)) == (1, ["plan-overtaken"])
    assert sandbox.count().people == 10


def test_it_is_refused_when_it_is_older_than_max_age(prepared):
    place, sandbox = prepared
    refused = carry_out(place, "--max-age", "0s")
    assert (codes(refused), sandbox.count().requests) == (["plan-too-old"], 0)
    assert "longer ago than --max-age allows (0s)" in refused.stderr


@pytest.mark.parametrize(("days", "refused"), [(8, True), (6, False), (-6, False), (-8, True)])
def test_a_plan_of_a_wrong_clock_is_refused_where_it_is_further_off_than_max_age(prepared, monkeypatch, days, refused):
    place, _ = prepared
    wrong = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(SystemClock, "now", lambda _: wrong)
    assert ("plan-too-old" in codes(carry_out(place))) is refused


def test_it_is_refused_on_another_state(prepared):
    place, sandbox = prepared
    shutil.rmtree(place.root / ".campaign")
    refused = carry_out(place)
    assert (codes(refused), sandbox.count().requests) == (["plan-other-state"], 0)
    assert not (place.root / ".campaign").exists(), "no new state takes the place of the lost one"
    assert place.call("plan", "-o", "another.plan").returncode == 0
    assert codes(carry_out(place)) == ["plan-other-state"]


def test_it_is_refused_on_an_older_copy_of_its_state(place, serve: Serve):
    place.write({"data/people.csv": people_csv(range(30)), "campaigns/recall.yaml": CAMPAIGN})
    sandbox = serve()
    place.call("apply", "--auto-approve", "--limit", "10")
    shutil.copytree(place.root / ".campaign", place.root / "copy")
    place.call("apply", "--auto-approve", "--limit", "10")
    save(place)
    shutil.rmtree(place.root / ".campaign")
    (place.root / "copy").rename(place.root / ".campaign")
    refused = carry_out(place)
    assert (codes(refused), sandbox.count().people) == (["plan-state-older"], 20)


def test_it_is_refused_when_its_campaign_s_file_is_gone(prepared):
    place, sandbox = prepared
    (place.root / "campaigns/recall.yaml").unlink()
    refused = carry_out(place)
    assert (codes(refused), sandbox.count().requests) == (["plan-campaign-gone"], 0)


@pytest.mark.parametrize("arguments", [["recall"], ["--exclude", "recall"], ["--var", "a=1"]])
def test_it_takes_no_choice_of_its_own(prepared, arguments):
    place, _ = prepared
    assert codes(carry_out(place, *arguments)) == ["usage"]


def test_a_rehearsal_is_never_carried_out_for_real(place, serve: Serve):
    sandbox = serve()
    place.write({"data/people.csv": people_csv(range(3)), "campaigns/recall.yaml": CAMPAIGN})
    save(place, "--sandbox")
    assert codes(carry_out(place)) == ["plan-other-state"]
    assert carry_out(place, "--sandbox").returncode == 0
    assert sandbox.count().requests == 0


def test_variables_of_planning_hold_when_it_is_carried_out(place, serve: Serve):
    sandbox = serve()
    project = (place.root / "campaigns.yaml").read_text()
    place.write({"campaigns.yaml": project + "vars: {region: lyon}\n"})
    place.write(
        {
            "campaigns/recall.yaml": CAMPAIGN.replace("people.csv", '{{ vars.region }}.csv"').replace(
                "{file: ", '{file: "'
            )
        }
    )
    place.write({"data/nice.csv": people_csv(range(4)), "data/lyon.csv": people_csv(range(10, 12))})
    save(place, "--var", "region=nice")
    assert carry_out(place).returncode == 0
    assert sandbox.count().people == 4
    assert codes(place.call("plan", "-o", "q.plan", "--var", "region=0612345678")) == ["plan-holds-number"]


def test_a_saved_plan_is_shown_as_it_was_made(prepared):
    place, _ = prepared
    planned = json.loads(place.call("plan", "-o", "q.plan", "--format", "json").stdout)
    (place.root / "campaigns/recall.yaml").unlink()
    shown = place.call("show", "q.plan", "--format", "json")
    assert json.loads(shown.stdout) == planned
    text = place.call("show", "q.plan")
    assert "campaign -C" in text.stdout
    assert "apply --plan q.plan" in text.stdout


def test_saving_alone_may_make_the_state_and_says_so(place):
    place.write({"data/people.csv": people_csv(range(3))})
    assert "made the state" in place.call("plan", "-o", "p.plan").stderr
    assert "made the state" not in place.call("plan", "-o", "p.plan").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_gets_the_plan_and_stays_a_pipe(prepared):
    place, _ = prepared
    pipe = place.root / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        save(place, file="pipe")
        content, _ = reader.communicate(timeout=30)
    assert pipe.is_fifo()
    (place.root / "q.plan").write_bytes(content)
    assert place.call("show", "q.plan").returncode == 0


def test_the_output_of_the_command_itself_gets_the_plan_in_its_turn(prepared):
    place, _ = prepared
    (place.root / "output").symlink_to("/proc/self/fd/1")
    with (place.root / "all.txt").open("wb") as all_of_it:
        all_of_it.write(b"before\n")
        all_of_it.flush()
        command = place.command(("plan", "-o", "output"))
        ended = subprocess.run(command, env={**os.environ, **place.environment}, stdout=all_of_it, check=False)
    assert ended.returncode == 0
    said = (place.root / "all.txt").read_bytes()
    assert said.startswith(b"before\ncampaign-plan ")
    assert b"apply --plan output" in said


def test_a_project_may_lie_below_a_folder_of_any_name(prepared):
    place, _ = prepared
    below = place.root.parent / ".campaign" / "project"
    shutil.copytree(place.root, below)
    ended = place.call("-C", str(below), "plan", "-o", "q.plan")
    assert ended.returncode == 0, ended.stderr
    shutil.rmtree(below.parent)


def test_a_link_goes_on_leading_to_the_file_in_which_the_plan_is_saved(prepared):
    place, _ = prepared
    (place.root / "newest.plan").symlink_to("q.plan")
    save(place, file="newest.plan")
    assert (place.root / "newest.plan").is_symlink()
    assert place.call("show", "q.plan").returncode == 0


@pytest.mark.parametrize(
    "file", [".campaign/state.db", ".campaign/state.key", ".campaign/new", "campaigns.yaml", "data/people.csv", "link"]
)
def test_a_plan_takes_the_place_of_no_ledger_and_of_no_file_that_is_no_plan(prepared, file: str):
    place, _ = prepared
    (place.root / "link").symlink_to("campaigns/recall.yaml")
    before = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
    refused = place.call("plan", "-o", file)
    assert (refused.returncode, refused.stdout, codes(refused)) == (1, "", ["plan-file-taken"])
    assert {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()} == before


def test_a_ledger_that_is_made_for_the_plan_is_not_overwritten_by_it(place, serve: Serve):
    serve()
    project = (place.root / "campaigns.yaml").read_text()
    place.write({"campaigns.yaml": f"{project}state: sqlite:///own.db\n", "data/people.csv": people_csv(range(3))})
    assert codes(place.call("plan", "-o", "own.db")) == ["plan-file-taken"]
    assert place.call("state", "show").returncode == 0


def test_an_earlier_plan_and_an_empty_file_are_written_anew(prepared):
    place, _ = prepared
    save(place)
    (place.root / "q.plan").touch()
    save(place, file="q.plan")
    assert place.call("show", "q.plan").returncode == 0


def test_a_hyphen_is_no_name_of_a_file_and_the_hint_prints_the_plan(prepared):
    place, _ = prepared
    refused = place.call("plan", "-o", "-")
    assert (refused.returncode, "/dev/stdout" in refused.stderr, (place.root / "-").exists()) == (1, True, False)


def test_a_plan_with_nobody_in_it_sends_nothing(place, serve: Serve):
    sandbox = serve()
    place.write({"data/people.csv": people_csv(range(3)), "campaigns/recall.yaml": CAMPAIGN + "enabled: false\n"})
    save(place)
    place.write({"campaigns/recall.yaml": CAMPAIGN})
    assert (carry_out(place).returncode, sandbox.count().requests) == (0, 0)


def test_a_number_that_was_added_to_an_exclusion_only_narrows_the_plan(place, serve: Serve):
    sandbox = serve()
    excluding = CAMPAIGN + "exclude:\n  - {numbers: ['0612000001', '06 12 00 09 99']}\n"
    place.write({"data/people.csv": people_csv(range(5)), "campaigns/recall.yaml": excluding})
    save(place)
    place.write({"campaigns/recall.yaml": excluding.replace("['0612000001'", "['0612000002', '0612000001'")})
    assert (carry_out(place).returncode, sandbox.count().people) == (0, 3)
    place.write({"campaigns/recall.yaml": excluding.replace("'0612000001', ", "")})
    assert codes(carry_out(place)) == ["plan-meaning-changed"]


def test_people_that_were_adopted_since_only_narrow_the_plan(prepared):
    place, sandbox = prepared
    place.write({"data/sent.csv": people_csv(range(20, 30))})
    assert place.call("state", "adopt", "recall", "data/sent.csv", "--auto-approve").returncode == 0
    assert (carry_out(place).returncode, sandbox.count().people) == (0, 20)


def test_another_plan_that_sent_by_the_former_name_overtakes_it(prepared):
    place, sandbox = prepared
    assert carry_out(place, "--limit", "10").returncode == 2
    renamed = CAMPAIGN.replace("recall", "summer") + "previously: recall\n"
    (place.root / "campaigns/recall.yaml").unlink()
    place.write({"campaigns/summer.yaml": renamed})
    save(place, file="q.plan")
    (place.root / "campaigns/summer.yaml").unlink()
    place.write({"campaigns/recall.yaml": CAMPAIGN})
    assert place.call("apply", "--auto-approve", "--limit", "5").returncode == 2
    (place.root / "campaigns/recall.yaml").unlink()
    place.write({"campaigns/summer.yaml": renamed})
    assert codes(carry_out(place, file="q.plan")) == ["plan-overtaken"]
    assert (sandbox.count().people, sandbox.count().twice) == (15, 0)


def test_a_plan_of_a_blocked_campaign_says_that_nobody_is_in_it(place, serve: Serve):
    serve()
    place.write({"data/people.csv": people_csv(range(3))})
    place.write({"campaigns/recall.yaml": CAMPAIGN + "guards: {max_recipients: 1}\n"})
    assert place.call("plan", "-o", "p.plan").returncode == 1
    carried_out = place.call("apply", "--plan", "p.plan")
    assert "NOTHING TO SEND: nobody is in this plan" in carried_out.stdout


def test_what_was_blocked_when_the_plan_was_made_is_told_where_it_is_carried_out(place, serve: Serve):
    serve()
    place.write({"data/people.csv": people_csv(range(3)), "campaigns/other.yaml": CAMPAIGN.replace("recall", "other")})
    assert place.call("stop", "other").returncode == 0
    assert place.call("plan", "-o", "p.plan").returncode == 1
    told = "1 campaign was blocked when this plan was made, and is not in it"
    text, events = place.call("apply", "--plan", "p.plan"), carry_out(place)
    assert (text.returncode, events.returncode) == (0, 0)
    assert told in " ".join(text.stdout.split())
    assert told in events.stderr
