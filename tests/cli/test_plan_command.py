"""`plan` and `recipients`, on real projects."""

from __future__ import annotations

import csv
import io
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import jsonschema
import pytest

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PEOPLE = "mobile;nom\n06 39 98 12 34;Ève\n0639981235;Léa\n0639981234;Ève\nnonsense;Rémi\n"
CAMPAIGN = """\
message: {audio: 5f2c8e6b}
recipients:
  - {file: data/people.csv, column: mobile}
"""
GUARDED = CAMPAIGN + "guards: {max_recipients: 1}\n"


@pytest.fixture
def root(project) -> Path:
    return project({"campaigns/spring.yaml": CAMPAIGN, "data/people.csv": PEOPLE})


def _plan(campaign, root: Path, *arguments: str) -> dict:
    document = json.loads(campaign("plan", "--sandbox", "--format", "json", *arguments, cwd=root).stdout)
    schema = json.loads((SCHEMAS / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(document)
    return document


def test_a_plan_counts_rows_and_changes_nothing(campaign, root):
    before = sorted(path for path in root.rglob("*"))
    document = _plan(campaign, root)
    (spring,) = document["campaigns"]
    assert (spring["action"], document["summary"]["recipients"]) == ("send", 2)
    assert {key: count for key, count in spring["rows"].items() if count} == {
        "listed": 4,
        "invalid": 1,
        "duplicate": 1,
        "pending": 2,
    }
    assert sorted(path for path in root.rglob("*")) == before


def test_a_plan_as_text_ends_with_the_complete_next_step(campaign, root):
    ended = campaign("plan", "spr*", "--sandbox", cwd=root)
    assert ended.returncode == 0
    assert ended.stdout.endswith("Next step: campaign apply 'spr*' --sandbox\n")
    elsewhere = campaign("-C", str(root), "plan", "--sandbox")
    assert elsewhere.stdout.endswith(f"Next step: campaign -C {root} apply --sandbox\n")


NAMED = {
    "campaigns/0639981234.yaml": CAMPAIGN,
    "campaigns/named.yaml": 'name: "0639981234"\n' + CAMPAIGN,
    "campaigns/edited.yaml": 'edition: "06.39.98.12.34"\n' + CAMPAIGN,
}


@pytest.mark.parametrize(
    "command",
    [
        *(("plan", "--sandbox", "--format", each) for each in ("text", "json", "markdown", "html")),
        ("apply", "--sandbox", "--auto-approve"),
        ("apply", "--sandbox", "--auto-approve", "--format", "json"),
        ("validate",),
        ("validate", "--format", "json"),
    ],
    ids=" ".join,
)
def test_a_number_that_stands_in_a_name_or_a_path_is_shown_masked(campaign, project, command):
    root = project({**NAMED, "campaigns/spring.yaml": CAMPAIGN, "data/people.csv": PEOPLE})
    ended = campaign(*command, cwd=root)
    told = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "0639981234" not in told
    assert "06.39.98.12.34" not in told
    assert "••••••••34" in told


def test_a_campaign_that_a_number_names_can_still_be_named(campaign, project):
    root = project({**NAMED, "data/people.csv": PEOPLE})
    assert "invalid-name" in campaign("plan", "0639981234", "--sandbox", cwd=root).stdout


def test_a_variable_that_holds_a_number_is_masked_in_the_next_step(campaign, root):
    (root / "campaigns/spring.yaml").write_text(CAMPAIGN + "vars: {region: lyon, who: x}\n", encoding="utf-8")
    ended = campaign("plan", "--sandbox", "--var", "region=paris", "--var", "who='0639981234'", cwd=root)
    assert "--var region=paris --var" in ended.stdout
    assert "0639981234" not in ended.stdout


def test_recipients_of_a_blocked_campaign_say_why_nobody_is_reached(campaign, root):
    (root / "campaigns/spring.yaml").write_text(GUARDED, encoding="utf-8")
    text = campaign("recipients", "spring", "--sandbox", cwd=root).stdout
    assert text.startswith("spring: blocked, with 2 people pending, 2 rows dropped.\n! `spring` would reach 2 people;")
    rows = campaign("recipients", "spring", "--sandbox", "--format", "csv", cwd=root)
    assert "guard-max-recipients" in rows.stderr
    assert len(list(csv.DictReader(io.StringIO(rows.stdout)))) == 2


@pytest.mark.parametrize(
    ("word", "why"),
    [("enabled: false", "paused: `enabled` is false"), ('until: "2020-01-31"', "over: `until` was 2020-01-31")],
)
def test_recipients_of_a_campaign_that_sends_nothing_now_say_so(campaign, root, word, why):
    file = root / "campaigns/spring.yaml"
    file.write_text(f"{word}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    text = campaign("recipients", "spring", "--sandbox", cwd=root).stdout
    assert text.startswith(f"spring: {why}, with 2 people pending, 2 rows dropped.\n")
    rows = campaign("recipients", "spring", "--sandbox", "--format", "csv", cwd=root)
    assert f"spring reaches nobody for now: {why}" in rows.stderr


def test_recipients_of_a_source_that_fails_ask_it_no_second_time(campaign, root):
    asked: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_words: object) -> None:
            """A test prints nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        Thread(target=server.serve_forever).start()
        source = f"recipients: [{{url: 'http://127.0.0.1:{server.server_port}/people.json'}}]\n"
        (root / "campaigns/spring.yaml").write_text(f"message: {{audio: 5f2c8e6b}}\n{source}", encoding="utf-8")
        ended = campaign("recipients", "spring", "--sandbox", cwd=root)
        server.shutdown()
    assert (ended.returncode, asked) == (1, ["/people.json"])
    assert "campaigns/spring.yaml:2" in ended.stderr


def test_a_rehearsal_is_marked_as_one_in_what_others_read(campaign, root):
    for form in ("markdown", "html"):
        shown = campaign("plan", "--sandbox", "--format", form, cwd=root).stdout
        assert "Rehearsal in the sandbox: nobody is reached." in shown


def test_a_plan_holds_no_number_in_any_format(campaign, root):
    for form in ("text", "json"):
        assert "98 12 34" not in campaign("plan", "--sandbox", "--format", form, cwd=root).stdout


@pytest.mark.parametrize(
    ("text", "detailed", "code"),
    [(CAMPAIGN, False, 0), (CAMPAIGN, True, 2), (GUARDED, False, 1), (GUARDED, True, 1), ("message: 1\n", True, 1)],
)
def test_the_exit_code_says_what_there_is_to_do(campaign, project, text, detailed, code):
    root = project({"campaigns/spring.yaml": text, "data/people.csv": PEOPLE})
    assert campaign("plan", "--sandbox", *(["--detailed-exitcode"] if detailed else []), cwd=root).returncode == code


def test_a_plan_without_anything_to_send_says_so_first(campaign, project):
    root = project({"campaigns/spring.yaml": CAMPAIGN + "enabled: false\n", "data/people.csv": PEOPLE})
    ended = campaign("plan", "--sandbox", "--detailed-exitcode", cwd=root)
    assert ended.returncode == 0
    assert ended.stdout.startswith("NOTHING TO SEND")


def test_good_campaigns_stand_in_a_plan_whatever_happened_to_others(campaign, project):
    root = project(
        {
            "campaigns/spring.yaml": CAMPAIGN,
            "campaigns/wrong.yaml": "messag: {}\n",
            "campaigns/lost.yaml": CAMPAIGN.replace("people.csv", "lost.csv"),
            "data/people.csv": PEOPLE,
        }
    )
    document = _plan(campaign, root)
    actions = {planned["name"]: planned["action"] for planned in document["campaigns"]}
    assert actions == {"spring": "send", "wrong": "blocked", "lost": "blocked"}
    assert all(planned["problems"] for planned in document["campaigns"] if planned["action"] == "blocked")
    assert document["summary"]["recipients"] == 2
    text = campaign("plan", "--sandbox", cwd=root)
    assert text.returncode == 1
    assert "campaigns/wrong.yaml:1:1: error[unknown-key]" in text.stdout
    assert "Next step: campaign apply --sandbox" in text.stdout


def test_a_name_that_matches_nothing_is_an_error(campaign, root):
    for arguments in (("sprang",), ("spring", "--exclude", "summer*")):
        ended = campaign("plan", "--sandbox", *arguments, cwd=root)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "error[no-such-campaign]" in ended.stderr


def test_names_and_exclude_select(campaign, project):
    root = project({f"campaigns/{name}.yaml": CAMPAIGN for name in ("a", "b", "c1")} | {"data/people.csv": PEOPLE})
    assert [planned["name"] for planned in _plan(campaign, root, "a", "c*")["campaigns"]] == ["a", "c1"]
    assert [planned["name"] for planned in _plan(campaign, root, "--exclude", "b")["campaigns"]] == ["a", "c1"]


def test_a_variable_from_the_command_line_wins(campaign, project):
    root = project(
        {
            "campaigns/spring.yaml": CAMPAIGN.replace("data/people.csv", "'data/{{ vars.region }}.csv'")
            + "vars: {region: nowhere}\n",
            "data/lyon.csv": PEOPLE,
        }
    )
    assert campaign("plan", "--sandbox", cwd=root).returncode == 1
    assert _plan(campaign, root, "--var", "region=lyon")["summary"]["recipients"] == 2
    undeclared = campaign("plan", "--sandbox", "--var", "regoin=lyon", cwd=root)
    assert undeclared.returncode == 1
    assert "regoin" in undeclared.stderr


def test_under_ci_an_unpinned_state_is_a_warning(campaign, root):
    ended = campaign("plan", cwd=root, CI="true")
    assert "warning[state-not-pinned]" in ended.stdout
    as_json = campaign("plan", "--format", "json", cwd=root, CI="true")
    assert "warning[state-not-pinned]" in as_json.stderr
    json.loads(as_json.stdout)
    assert "state-not-pinned" not in campaign("plan", "--sandbox", cwd=root, CI="true").stdout


def test_recipients_are_shown_masked(campaign, root):
    ended = campaign("recipients", "spring", "--sandbox", cwd=root)
    assert ended.returncode == 0
    assert "+33 6 •• •• •• 34" in ended.stdout
    assert "98 12 34" not in ended.stdout
    assert "data/people.csv row 1" in ended.stdout


def test_dropped_rows_are_shown_with_their_reasons(campaign, root):
    ended = campaign("recipients", "spring", "--dropped", "--sandbox", "--format", "json", cwd=root)
    dropped = {(row["row"], row["reason"]) for row in json.loads(ended.stdout)["recipients"]}
    assert {(3, "duplicate"), (4, "invalid")} <= dropped


def test_whole_numbers_are_shown_to_who_asks_but_never_to_a_job(campaign, root):
    shown = campaign("recipients", "spring", "--show", "--sandbox", "--format", "csv", cwd=root)
    numbers = [record["number"] for record in csv.DictReader(io.StringIO(shown.stdout))]
    assert sorted(numbers) == ["'+33639981234", "'+33639981235"]
    refused = campaign("recipients", "spring", "--show", "--sandbox", cwd=root, CI="1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "error[show-refused]" in refused.stderr


def test_recipients_of_a_campaign_with_problems_are_its_problems(campaign, project):
    root = project({"campaigns/wrong.yaml": "messag: {}\n"})
    ended = campaign("recipients", "wrong", cwd=root)
    assert ended.returncode == 1
    assert "campaigns/wrong.yaml:1:1: error[unknown-key]" in ended.stderr


def test_recipients_of_two_campaigns_are_not_mixed(campaign, project):
    root = project({f"campaigns/{name}.yaml": CAMPAIGN for name in ("a1", "a2")} | {"data/people.csv": PEOPLE})
    ended = campaign("recipients", "a*", cwd=root)
    assert ended.returncode == 1
    assert "`a*` is more than one campaign: `a1`, `a2`" in ended.stderr


def test_a_plan_is_markdown_or_a_page_in_the_project_s_language(campaign, project):
    files = {"campaigns/spring.yaml": GUARDED, "data/people.csv": PEOPLE}
    root = project(files)
    ended = campaign("plan", "--sandbox", "--format", "markdown", cwd=root)
    assert ended.returncode == 1
    assert ended.stdout.startswith("<!-- campaign-runner:plan -->\n\n**Nothing to send: 1 campaign is blocked")
    assert "`campaigns/spring.yaml:4:26`" in ended.stdout
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write("language: fr\n")
    for form in ("markdown", "html"):
        ended = campaign("plan", "--sandbox", "--format", form, cwd=root)
        assert "Rien à envoyer\u00a0: 1 campagne est bloquée" in ended.stdout
        assert "98 12 34" not in ended.stdout


def test_a_saved_plan_is_shown_in_the_language_in_which_it_was_made(campaign, root):
    with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
        file.write("language: fr\n")
    saved = campaign("plan", "--sandbox", "-o", "x.plan", "--format", "html", cwd=root)
    again = campaign("show", "x.plan", "--format", "html", cwd=root)
    assert again.stdout == saved.stdout
    assert "<html lang=fr>" in again.stdout
