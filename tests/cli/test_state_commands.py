"""`status`, `resolve`, `contacted` and `state`, on a real ledger in a real file."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from runner.model.clock import SystemClock
from runner.model.ledger import Acceptance, Holder, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.state.lock import Held, hold_account, this_holder
from runner.state.open import State, open_state

CLOCK = SystemClock()
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
CAMPAIGN = """\
message: {audio: 5f2c8e6b}
recipients:
  - numbers: ["06 39 98 12 34", "06 39 98 12 35"]
"""


@contextmanager
def _holding(root: Path, holder: Holder | None = None) -> Iterator[tuple[State, Held]]:
    """The project's state and the lock of its account, as a run of this process would have them, or of `holder`."""
    with open_state("sqlite:///.campaign/state.db", root=root, key=None, pin=None, clock=CLOCK) as state:
        fingerprint = state.pseudonyms.of_account("voicepartner", "https://api.voicepartner.fr/v1", Secret("key" * 9))
        lock = hold_account(
            state,
            fingerprint=fingerprint,
            account="main",
            holder=holder or this_holder(CLOCK, "campaign apply"),
            wait=timedelta(0),
            clock=CLOCK,
        )
        with lock as held:
            yield state, held


def _record(state: State, held: Held, *numbers: int, timeout: timedelta = timedelta(seconds=30)) -> str:
    """A chunk of the campaign `spring` that is being sent to these numbers."""
    chunk = NewChunk(
        campaign="spring",
        edition=None,
        content=KeptContent(audio="5f2c8e6b", notify_email="ops@example.fr"),
        pseudonyms=tuple(state.pseudonyms.of_number(number) for number in numbers),
        probe=False,
        largest_probe=0,
        timeout=timeout,
    )
    return state.ledger.record_sending(held, chunk, CLOCK.read(), max_in_doubt=5)


@pytest.fixture
def root(project) -> Path:
    return project({"campaigns/spring.yaml": CAMPAIGN})


@pytest.fixture
def unknown(root) -> str:
    """A chunk of two people whose answer is not known, whose request ended, in the project at `root`."""
    with _holding(root) as (state, held):
        accepted = _record(state, held, 33639981200)
        acceptance = Acceptance(provider_id="77", cost=Decimal("0.15"), currency="EUR", counted=1)
        state.ledger.record_accepted(held, accepted, acceptance, CLOCK.read())
        chunk = _record(state, held, 33639981234, 33639981235)
        state.ledger.record_unknown(held, chunk, "timeout after 30 s", CLOCK.read())
        return chunk


def test_a_project_that_never_sent_has_an_empty_status_and_no_state(campaign, root):
    ended = campaign("status", cwd=root)
    assert (ended.returncode, ended.stdout) == (0, "The ledger is empty: nothing was ever sent from here.\n")
    assert not (root / ".campaign").exists()


def test_status_exits_3_while_a_chunk_is_unknown_and_prints_what_settles_it(campaign, root, unknown):
    ended = campaign("status", cwd=root)
    assert ended.returncode == 3
    assert f"campaign resolve {unknown} --not-sent" in ended.stdout
    assert "people: 1 accepted, 2 unknown" in ended.stdout
    assert "cost: 0.15 EUR" in ended.stdout


def test_status_as_json_lists_each_chunk_in_doubt(campaign, root, unknown):
    ended = campaign("status", "--format", "json", cwd=root)
    document = json.loads(ended.stdout)
    assert ended.returncode == 3
    assert [(chunk["chunk"], chunk["status"]) for chunk in document["chunks"]] == [(unknown, "unknown")]
    assert document["summary"]["people"] == {"accepted": 1, "unknown": 2, "sending": 0, "refused": 0}
    schema = json.loads((SCHEMAS / "status.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(document)


def test_status_tells_the_same_in_every_format(campaign, root, unknown):
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write("language: fr\n")
    document = json.loads(campaign("status", "--format", "json", cwd=root).stdout)
    assert document["chunks"][0]["settle"]["not_sent"] == f"campaign resolve {unknown} --not-sent"
    assert document["summary"]["deliveries"] == 1
    assert document["summary"]["estimated_costs"] == {"EUR": "0.45"}
    (day,) = document["days"]
    assert (day["people"], day["costs"]) == ({"accepted": 1, "unknown": 2, "sending": 0}, {"EUR": "0.15"})
    page = campaign("status", "--format", "html", cwd=root)
    assert page.returncode == 3
    assert page.stdout.startswith("<!doctype html>\n<html lang=fr>")
    assert f"campaign resolve {unknown} --not-sent" in page.stdout
    assert "0,15\u00a0€ sur 0,45\u00a0€" in page.stdout
    text = campaign("status", cwd=root).stdout
    assert "0.15 EUR; not known for 2 people; 0.45 EUR estimated for 3 people" in text
    assert f"{day['day']}  1 accepted, 2 unknown  1 unknown, 1 accepted  0.15 EUR" in text


def test_a_chunk_that_cant_be_sent_any_more_is_not_said_to_be_without_its_run(campaign, root):
    with _holding(root) as (state, held):
        _record(state, held, 33639981200)
        chunk = _record(state, held, 33639981234, timeout=timedelta(0))
        ended = campaign("status", "--format", "json", cwd=root)
        text = campaign("status", cwd=root).stdout
    (under_way, overdue) = json.loads(ended.stdout)["chunks"]
    assert (ended.returncode, under_way["settle"]) == (0, None)
    assert (overdue["status"], overdue["needs_resolve"], overdue["sender_gone"]) == ("sending", False, False)
    assert overdue["settle"]["not_sent"] == f"campaign resolve {chunk} --not-sent"
    assert "it can't be sent any more; its run may still be there" in text
    assert campaign("resolve", chunk, "--not-sent", cwd=root).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells whether a process has ended")
def test_a_chunk_whose_run_has_ended_is_unknown_in_every_format_and_the_ledger_stays_as_it_is(campaign, root):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended_run:
        ended_run.wait()
    holder = replace(this_holder(CLOCK, "campaign apply"), pid=ended_run.pid)
    with _holding(root, holder) as (state, held):
        chunk = _record(state, held, 33639981234, 33639981235)
        ended = campaign("status", "--format", "json", cwd=root)
        text, page = (campaign("status", *form, cwd=root) for form in ((), ("--format", "html")))
        assert state.ledger.find_chunk(chunk).status == "sending"
    document = json.loads(ended.stdout)
    (told,) = document["chunks"]
    assert (told["status"], told["needs_resolve"], told["sender_gone"]) == ("unknown", True, True)
    assert document["summary"]["people"] == {"accepted": 0, "unknown": 2, "sending": 0, "refused": 0}
    assert document["campaigns"][0]["chunks"]["unknown"] == document["days"][0]["chunks"]["unknown"] == 1
    assert [each.returncode for each in (ended, text, page)] == [3, 3, 3]
    assert "1 chunk is unknown: nobody knows whether 2 people were reached." in text.stdout
    assert "people: 2 unknown\n" in text.stdout
    assert "1 chunk is unknown: nobody knows whether 2 people were reached." in page.stdout
    assert all(f"campaign resolve {chunk} --not-sent" in each for each in (text.stdout, page.stdout))
    assert campaign("resolve", chunk, "--not-sent", cwd=root).returncode == 0


def test_one_chunk_in_doubt_is_told_as_one(campaign, root, unknown):
    limited = (root / "campaigns.yaml").read_text().replace("defaults:", "    max_in_doubt: 1\ndefaults:")
    (root / "campaigns.yaml").write_text(limited)
    # Of another block than that for fiction, which is pending in the sandbox alone: nobody is sent to here.
    (root / "campaigns/spring.yaml").write_text(CAMPAIGN.replace("06 39 98 12 34", "06 12 00 00 34"))
    told = " ".join(campaign("plan", cwd=root).stdout.split())
    assert "1 chunk of account `main` is in doubt and max_in_doubt is 1" in told


def test_a_stop_of_all_campaigns_says_how_they_go_on(campaign, root):
    assert "`campaign resume` lets them go on" in campaign("stop", cwd=root).stderr
    assert "`campaign resume spring` lets it go on" in campaign("stop", "spring", cwd=root).stderr.replace("'", "")


def test_what_other_words_still_stop_is_not_said_to_go_on(campaign, root):
    for words in ((), ("spring",), ("spr*",)):
        assert campaign("stop", *words, cwd=root).returncode == 0
    for words in ((), ("spring",)):
        still = campaign("resume", *words, cwd=root)
        assert (still.returncode, "may go on" in still.stderr) == (0, False)
        assert "`campaign resume 'spr*'` lets it go on" in still.stderr
    assert "`spr*` may go on: the next `campaign apply` sends again" in campaign("resume", "spr*", cwd=root).stderr


def test_a_stop_of_another_campaign_keeps_nobody_from_going_on(campaign, root):
    (root / "campaigns/other.yaml").write_text(CAMPAIGN, encoding="utf-8")
    campaign("stop", "spring", "other", cwd=root)
    resumed = campaign("resume", "spring", cwd=root).stderr
    assert "`spring` may go on" in resumed
    assert "still stopped: `other`" in resumed


def test_status_of_a_name_tells_of_that_one_alone(campaign, root, unknown):
    assert campaign("status", "spr*", cwd=root).returncode == 3
    (root / "campaigns/other.yaml").write_text(CAMPAIGN, encoding="utf-8")
    assert campaign("status", "other", cwd=root).stdout.startswith("The ledger knows nothing of what was asked for")
    assert "The ledger knows nothing" in campaign("status", "other", "--format", "html", cwd=root).stdout
    wrong = campaign("status", "sprong", cwd=root)
    assert wrong.returncode == 1
    assert "did you mean `spring`?" in wrong.stderr


def test_a_chunk_that_was_accepted_counts_its_people_as_reached(campaign, root, unknown):
    ended = campaign("resolve", unknown, "--accepted", "--provider-id", "78", cwd=root)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "2 people of spring count as reached" in ended.stderr
    status = campaign("status", cwd=root)
    assert status.returncode == 0
    assert "people: 3 accepted" in status.stdout


def test_a_chunk_that_was_not_sent_frees_its_people(campaign, root, unknown):
    ended = campaign("resolve", unknown, "--not-sent", cwd=root)
    assert ended.returncode == 0
    assert "2 people of spring are pending again" in ended.stderr
    status = campaign("status", cwd=root)
    assert status.returncode == 0
    assert "chunks: 1 accepted, 1 released" in status.stdout


def test_a_chunk_is_settled_once(campaign, root, unknown):
    assert campaign("resolve", unknown, "--accepted", cwd=root).returncode == 0
    again = campaign("resolve", unknown, "--not-sent", cwd=root)
    assert again.returncode == 1
    assert "error[not-in-doubt]" in again.stderr


def test_not_sent_is_refused_while_its_sender_lives_and_may_still_send(campaign, root):
    with _holding(root) as (state, held):
        chunk = _record(state, held, 33639981234)
        state.ledger.record_unknown(held, chunk, "nobody knows", None)
        ended = campaign("resolve", chunk, "--not-sent", cwd=root)
    assert ended.returncode == 1
    assert "error[still-sending]" in ended.stderr
    assert campaign("status", cwd=root).returncode == 3


def test_a_chunk_that_is_not_there_is_told(campaign, root, unknown):
    ended = campaign("resolve", "nonesuch", "--accepted", cwd=root)
    assert ended.returncode == 1
    assert "error[no-such-chunk]" in ended.stderr


def test_resolve_makes_no_state(campaign, root):
    ended = campaign("resolve", "nonesuch", "--accepted", cwd=root)
    assert ended.returncode == 1
    assert "error[no-such-chunk]" in ended.stderr
    assert not (root / ".campaign").exists()


def test_an_access_request_is_answered_from_the_ledger(campaign, root, unknown):
    reached = campaign("contacted", "+33 6 39 98 12 00", cwd=root)
    assert reached.returncode == 0
    assert reached.stdout.startswith("+33 6 •• •• •• 00 is in 1 chunk:")
    assert "provider's id 77" in reached.stdout
    perhaps = campaign("contacted", "-", cwd=root, stdin="0639981234\n")
    assert f"chunk {unknown}" in perhaps.stdout
    assert "perhaps reached" in perhaps.stdout
    assert "39981234" not in perhaps.stdout + perhaps.stderr
    assert campaign("contacted", "0639981299", cwd=root).stdout == "No campaign reached +33 6 •• •• •• 99.\n"


@pytest.mark.parametrize("text", ["", "06 39 98 12", "12 rue de la Paix", "0639981234 0639981235"])
def test_what_is_no_number_is_no_answer_to_an_access_request(campaign, root, text):
    ended = campaign("contacted", "-", cwd=root, stdin=text)
    assert ended.returncode == 1
    assert "error[no-number]" in ended.stderr
    assert "39 98 12" not in ended.stderr


def test_init_makes_a_state_once_and_prints_the_line_that_pins_it(campaign, root):
    made = campaign("state", "init", cwd=root)
    assert made.returncode == 0
    key, _, state_id = made.stdout.strip().partition(": ")
    assert key == "state_id"
    assert campaign("state", "init", cwd=root).returncode == 1
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write(made.stdout)
    shown = campaign("state", "show", cwd=root)
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"state_id: {state_id}\npinned: yes\nserial: 0\n")


def test_a_pinned_state_that_is_lost_is_refused_until_one_is_made_anew(campaign, root):
    pinned = campaign("state", "init", cwd=root).stdout
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write(pinned)
    for path in (root / ".campaign").iterdir():
        path.unlink()
    for command in (("status",), ("plan",), ("contacted", "0639981234"), ("state", "show")):
        ended = campaign(*command, cwd=root)
        assert ended.returncode == 1
        assert "error[state-missing]" in ended.stderr
    made = campaign("state", "init", cwd=root)
    assert made.returncode == 0
    assert made.stdout != pinned
    assert "error[state-other]" in campaign("status", cwd=root).stderr


def test_show_says_that_there_is_no_state_yet(campaign, root):
    ended = campaign("state", "show", cwd=root)
    assert ended.returncode == 1
    assert "error[no-state]" in ended.stderr


def test_a_state_is_private(campaign, root):
    campaign("state", "init", cwd=root)
    assert {stat.S_IMODE((root / ".campaign" / name).stat().st_mode) for name in ("state.db", "state.key")} == {0o600}


def test_a_state_key_that_is_not_set_is_told_by_its_name(campaign, root):
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write("state_key: ${CAMPAIGN_STATE_KEY}\n")
    ended = campaign("status", cwd=root)
    assert ended.returncode == 1
    assert "CAMPAIGN_STATE_KEY" in ended.stderr
    key = "0123456789abcdef0123456789abcdef"
    assert campaign("status", cwd=root, CAMPAIGN_STATE_KEY=key).returncode == 0


def test_a_rehearsal_whose_state_is_removed_begins_again(campaign, root):
    """As docs/how-to/rehearse.md says: the locks of its accounts stay behind, and are no trace of anybody real."""
    first = campaign("plan", "--sandbox", "-o", "first.plan", cwd=root)
    assert "made the state" in first.stderr
    (root / ".campaign" / f"sandbox.{'0' * 32}.lock").touch()
    for name in ("sandbox.db", "sandbox.key"):
        (root / ".campaign" / name).unlink()
    for command in (("plan",), ("status",), ("plan", "-o", "second.plan")):
        ended = campaign(*command, "--sandbox", cwd=root)
        assert ended.returncode == 0, ended.stderr
    assert "made the state" in ended.stderr


def test_the_rehearsals_ledger_is_another_one(campaign, root, unknown):
    assert campaign("status", "--sandbox", cwd=root).stdout.startswith("The ledger is empty")
    assert campaign("resolve", unknown, "--accepted", "--sandbox", cwd=root).returncode == 1


READING = [["status"], ["contacted", "06 39 98 12 34"], ["plan"], ["recipients", "spring"], ["state", "show"]]
RECORDING = [
    ["plan", "-o", "spring.plan"],
    ["apply", "--auto-approve"],
    ["resolve", "bcdfghjklm", "--not-sent"],
    ["stop"],
    ["resume"],
    ["state", "init"],
]


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("arguments", [*READING, *RECORDING], ids=" ".join)
def test_a_state_whose_folder_cant_be_entered_is_refused_and_never_taken_for_empty(
    unprivileged, campaign, root, unknown, arguments, pinned
):
    if pinned:
        (line,) = (line for line in campaign("state", "show", cwd=root).stdout.splitlines() if "state_id" in line)
        with (root / "campaigns.yaml").open("a") as config:
            config.write(f"{line}\n")
    (root / ".campaign").chmod(0)
    try:
        ended = unprivileged(*arguments, cwd=root, VOICEPARTNER_API_KEY="key" * 9)
    finally:
        (root / ".campaign").chmod(0o700)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "error[state-read-only]" in ended.stderr
    assert "Permission denied" in ended.stderr


def test_traces_of_a_lost_state_count_as_none_only_where_the_folder_can_be_listed(unprivileged, root, unknown):
    (root / ".campaign/state.db").unlink()
    (root / ".campaign").chmod(0o300)
    try:
        ended = unprivileged("plan", cwd=root, VOICEPARTNER_API_KEY="key" * 9)
    finally:
        (root / ".campaign").chmod(0o700)
    assert (ended.returncode, "error[state-read-only]" in ended.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["plan"], ["plan", "-o", "spring.plan"], ["apply", "--auto-approve"]])
def test_where_git_cant_be_asked_plan_and_apply_say_that_it_may_track_the_state(campaign, root, unknown, arguments):
    (root / ".git").mkdir()
    ended = campaign(*arguments, cwd=root, VOICEPARTNER_API_KEY="key" * 9, PATH=str(root))
    warnings = [line for line in ended.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: it can't be told whether git tracks the state `{root}/.campaign/state.db`")
