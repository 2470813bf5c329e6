"""`campaign validate` and `campaign schema`: results on stdout, the exit code, and nothing touched but files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "message: {audio: 5f2c8e6b}\nrecipients: [{file: data/customers.csv}]\n"
TEMPLATED = 'message: {audio: 5f2c8e6b}\nrecipients: [{file: "data/{{ vars.x }}.csv"}]\nvars: {x: 1}\n'


def test_a_sound_project_is_said_to_be_valid(campaign, project):
    root = project({"campaigns/a.yaml": GOOD, "campaigns/b.yml": GOOD, "campaigns/c/d.yaml": GOOD})
    ended = campaign("validate", cwd=root / "campaigns")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "3 campaigns and campaigns.yaml are valid\n", "")


def test_a_project_without_campaigns_is_valid_too(campaign, project):
    ended = campaign("validate", cwd=project({}))
    assert ended.returncode == 0
    assert "no campaign yet" in ended.stdout


def test_problems_of_all_files_go_to_stdout_and_exit_1(campaign, project):
    root = project({"campaigns/a.yaml": f"x: 1\n{GOOD}", "campaigns/b.yaml": "a: b: c\n", "campaigns/c.yaml": GOOD})
    ended = campaign("validate", cwd=root)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "campaigns/a.yaml:1:1: error[unknown-key]: `x` is not a key of this file\n1 | x: 1\n" in ended.stdout
    assert "campaigns/b.yaml:1:5: error[unexpected-colon]" in ended.stdout
    assert ended.stdout.endswith("\n\n2 errors in 2 files\n")


def test_with_files_they_alone_are_told(campaign, project):
    root = project({"campaigns/a.yaml": f"x: 1\n{GOOD}", "campaigns/b.yaml": GOOD})
    assert campaign("validate", "campaigns/b.yaml", cwd=root).stdout == "1 campaign is valid\n"
    assert campaign("validate", "campaigns/b.yaml", "campaigns.yaml", cwd=root).returncode == 0
    assert campaign("validate", "campaigns.yaml", cwd=root).stdout == "campaigns.yaml is valid\n"
    assert campaign("validate", "a.yaml", cwd=root / "campaigns").returncode == 1


def test_a_file_is_named_from_the_folder_of_chdir(campaign, project):
    root = project({"campaigns/a.yaml": GOOD})
    assert campaign("-C", str(root / "campaigns"), "validate", "a.yaml").stdout == "1 campaign is valid\n"


def test_a_campaign_beside_a_broken_project_is_not_called_sound_without_a_word(campaign, project):
    root = project({"campaigns.yaml": "version: 9\n", "campaigns/a.yaml": GOOD})
    ended = campaign("validate", "campaigns/a.yaml", cwd=root)
    assert "campaigns.yaml has problems of its own" in ended.stderr


@pytest.mark.parametrize("name", ["campaigns/none.yaml", "../a.yaml", "data", "campaigns/_a.yaml"])
def test_a_file_that_is_not_the_projects_is_an_error(campaign, project, name):
    root = project({"campaigns/_a.yaml": GOOD, "data/x.csv": "a"})
    ended = campaign("validate", name, cwd=root)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "error[not-in-project]" in ended.stderr


def test_outside_of_a_project_it_says_so(campaign, tmp_path):
    ended = campaign("validate", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "error[no-project]" in ended.stderr


def test_json_has_fixed_keys_and_no_numbers(campaign, project):
    root = project({"campaigns/a.yaml": "message: {audio: x}\nrecipients: [{numbers: [0639980112]}]\n"})
    ended = campaign("validate", "--format", "json", cwd=root)
    assert ended.returncode == 1
    document = json.loads(ended.stdout)
    assert set(document) == {"format_version", "problems", "files"}
    assert (document["format_version"], document["files"]) == (1, 2)
    (problem,) = document["problems"]
    assert set(problem) == {"code", "message", "path", "line", "column", "hint", "severity"}
    assert (problem["code"], problem["path"], problem["line"], problem["column"]) == (
        "unquoted-number",
        "campaigns/a.yaml",
        2,
        25,
    )
    assert "0639980112" not in ended.stdout


def test_json_of_a_sound_project_is_empty(campaign, project):
    ended = campaign("validate", "--format", "json", cwd=project({"campaigns/a.yaml": GOOD}))
    assert json.loads(ended.stdout) == {"format_version": 1, "problems": [], "files": 2}


def test_no_variable_of_the_environment_needs_to_be_set_and_none_is_made(campaign, project):
    root = project({"campaigns/a.yaml": GOOD})
    before = sorted(root.rglob("*"))
    assert campaign("validate", cwd=root).returncode == 0
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("name", ["project", "campaign", "plan", "status", "events", "explain"])
def test_each_schema_is_printed_as_it_lies_in_the_repository(campaign, name):
    ended = campaign("schema", name)
    root = Path(__file__).resolve().parents[2]
    assert (ended.returncode, ended.stdout) == (0, (root / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))


def test_a_schema_of_another_name_is_wrong_usage(campaign):
    assert campaign("schema", "plans").returncode == 1


def _imported(root: Path, *arguments: str) -> set[str]:
    code = (
        "import contextlib, io, json, sys\n"
        "from runner.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(sys.argv[1:])\n"
        "json.dump(sorted(sys.modules), sys.__stdout__)"
    )
    command = [sys.executable, "-c", code, "-C", str(root), *arguments]
    repository = Path(__file__).resolve().parents[2]
    ended = subprocess.run(command, cwd=repository, capture_output=True, check=True, encoding="utf-8")
    return set(json.loads(ended.stdout))


HEAVY = {"duckdb", "httpx", "sqlalchemy", "rich", "phonenumbers", "jinja2", "jsonschema", "importlib.metadata"}


def test_validate_imports_no_more_than_files_need(project):
    root = project({"campaigns/a.yaml": GOOD})
    assert _imported(root, "validate") & HEAVY == set()
    assert _imported(root, "schema", "project") & HEAVY == set()
    assert _imported(root, "init", "new", "--ci", "github") & HEAVY == set()


def test_a_template_brings_jinja_and_a_problem_the_judge_that_explains_it(project):
    root = project({"campaigns/a.yaml": TEMPLATED, "campaigns/b.yaml": f"x: 1\n{GOOD}"})
    assert _imported(root, "validate") & HEAVY <= {"jinja2", "jsonschema", "importlib.metadata"}


def test_github_shows_problems_beside_their_lines_from_where_it_checked_out(campaign, project):
    root = project({"campaigns/a.yaml": f"x: 1\n{GOOD}"})
    ended = campaign("validate", "--format", "github", cwd=root, GITHUB_WORKSPACE=str(root.parent))
    assert ended.returncode == 1
    start = "::error file=project/campaigns/a.yaml,line=1,col=1,endLine=1,endColumn=2,title=unknown-key::"
    assert ended.stdout.startswith(start)
    assert len(ended.stdout.splitlines()) == 1


def test_gitlab_gets_a_list_that_is_empty_where_all_is_well(campaign, project):
    root = project({"campaigns/a.yaml": GOOD})
    ended = campaign("validate", "--format", "gitlab", cwd=root)
    assert (ended.returncode, json.loads(ended.stdout)) == (0, [])
    assert campaign("validate", "--format", "github", cwd=root).stdout == "1 campaign and campaigns.yaml are valid\n"
    (root / "campaigns/b.yaml").write_text(f"x: 1\n{GOOD}")
    ended = campaign("-C", "project", "validate", "--format", "gitlab", cwd=root.parent)
    (told,) = json.loads(ended.stdout)
    assert (ended.returncode, told["location"]["path"]) == (1, "project/campaigns/b.yaml")


def test_an_account_has_no_telephone_number_for_a_name(campaign, project):
    text = 'version: 1\naccounts:\n  "0639981234":\n    provider: voicepartner\n    api_key: ${KEY}\n'
    ended = campaign("validate", cwd=project({"campaigns.yaml": text}))
    assert ended.returncode == 1
    assert (
        "campaigns.yaml:3:3: error[invalid-name]: a telephone number can't stand in an account's name" in ended.stdout
    )
    assert "0639981234" not in ended.stdout
