"""What a shell completes, asked as the scripts of `campaign completion` ask, and without what a run needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from runner.model.clock import SystemClock
from runner.model.ledger import KeptContent, NewChunk
from runner.state.lock import hold_account, this_holder
from runner.state.open import open_state

HEAVY = {
    "duckdb", "filelock", "httpx", "jinja2", "jsonschema", "phonenumbers", "psycopg", "rich", "sqlalchemy", "yaml",
}  # fmt: skip
CLOCK = SystemClock()
LISTED = "message: {audio: 5f2c8e6b}\nrecipients: [{numbers: ['06 39 98 01 12']}]\n"


@pytest.fixture
def complete(campaign):
    """A function that answers what may stand in place of the last word."""

    def ask(line: str, cwd: Path, shell: str = "bash") -> list[str]:
        asked = {"_CAMPAIGN_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        ended = campaign(cwd=cwd, **asked)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout.splitlines() if shell != "bash" else _read(ended.stdout)

    return ask


@pytest.fixture
def in_doubt(project):
    """A function that makes a project with this line of `campaigns.yaml`, and in its state a chunk that is in doubt."""

    def make(state: str) -> tuple[Path, str]:
        root = project({"campaigns/spring.yaml": LISTED})
        with (root / "campaigns.yaml").open("a", encoding="utf-8") as file:
            file.write(state)
        url = state.removeprefix("state: ").strip() or "sqlite:///.campaign/state.db"
        with open_state(url, root=root, key=None, pin=None, clock=CLOCK) as opened:
            holder = this_holder(CLOCK, "campaign apply")
            at_once = timedelta(0)
            with hold_account(
                opened, fingerprint=b"f" * 16, account="main", holder=holder, wait=at_once, clock=CLOCK
            ) as held:
                chunk = NewChunk(
                    campaign="spring",
                    edition=None,
                    content=KeptContent(audio="5f2c8e6b", notify_email="ops@example.fr"),
                    pseudonyms=(opened.pseudonyms.of_number(33639981234),),
                    probe=False,
                    largest_probe=0,
                    timeout=timedelta(seconds=30),
                )
                return root, opened.ledger.record_sending(held, chunk, CLOCK.read(), max_in_doubt=5)

    return make


def _read(told: str) -> list[str]:
    return [line.partition(",")[2] for line in told.splitlines() if line]


def test_commands_and_options_are_completed(complete, project):
    root = project({})
    assert complete("campaign re", root) == ["recipients", "resolve", "resume"]
    assert complete("campaign --v", root) == ["--verbose", "--version"]
    assert complete("campaign state ex", root) == ["export"]
    assert complete("campaign apply --auto", root) == ["--auto-approve"]
    assert complete("campaign --version val", root) == ["validate"]


def test_campaigns_are_completed_by_the_name_that_they_have(complete, project):
    root = project(
        {
            "campaigns/one.yaml": f'name: "spring-recall"    # of lamps\n{LISTED}',
            "campaigns/deep/spread.yml": LISTED,
            "campaigns/_spare.yaml": LISTED,
            "campaigns/broken.yaml": "name spring: [\n",
        }
    )
    assert complete("campaign apply sp", root) == ["spread", "spring-recall"]
    assert complete("campaign plan spread --exclude b", root / "campaigns") == ["broken"]
    assert complete(f"campaign -C {root} status spri", root.parent) == ["spring-recall"]
    assert complete("campaign recipients spri", root, "zsh") == ["plain", "spring-recall", "campaigns/one.yaml"]


@pytest.mark.parametrize("line", ["campaign apply 'sp*", "campaign apply s?"])
def test_a_glob_stays_as_it_is(complete, project, line):
    assert complete(line, project({"campaigns/spring.yaml": LISTED})) == []


def test_outside_of_a_project_and_of_a_state_nothing_is_completed(complete, tmp_path, project):
    assert complete("campaign apply s", tmp_path) == []
    assert complete("campaign resolve x", tmp_path) == []
    assert complete("campaign -C nowhere apply s", tmp_path) == []
    assert complete("campaign resolve x", project({})) == []


def test_problem_codes_are_completed(complete, tmp_path):
    assert complete("campaign explain state-key-", tmp_path) == [
        "state-key-missing", "state-key-short", "state-key-wrong",
    ]  # fmt: skip


def test_faults_of_the_sandbox_are_completed(complete, tmp_path):
    kinds = complete("campaign sandbox --fault 5", tmp_path)
    assert kinds
    assert all(kind.startswith("5") for kind in kinds)
    assert complete(f"campaign sandbox --fault {kinds[0]} timeout-t", tmp_path) == ["timeout-taken"]


@pytest.mark.parametrize("command", ["show", "apply --plan"])
def test_saved_plans_are_completed_before_other_files(campaign, complete, project, command):
    root = project({"plans/a.plan": b"", "plans/b.plan": b"", "plans/b.txt": b""})
    assert complete(f"campaign {command} plans/", root) == ["plans/a.plan", "plans/b.plan"]
    asked = {"_CAMPAIGN_COMPLETE": "bash_complete", "COMP_WORDS": f"campaign {command} pl"}
    told = campaign(cwd=root, COMP_CWORD=str(len(command.split()) + 1), **asked).stdout
    assert told == "file,pl\n", "the shell's own files, among them folders, where no plan begins so"


@pytest.mark.parametrize("state", ["", "state: sqlite:///kept/ledger.db\n"])
def test_chunks_in_doubt_are_completed_with_whom_they_concern(complete, in_doubt, state):
    root, chunk = in_doubt(state)
    assert complete("campaign resolve ", root, "zsh") == ["plain", chunk, "recipients of spring: 1"]
    assert complete(f"campaign resolve {chunk[:4]}", root) == [chunk]
    assert complete("campaign resolve 0", root) == []
    assert complete("campaign resolve --sandbox ", root) == []


@pytest.mark.parametrize("state", ["state: ${STATE_URL}\n", "state: postgresql://runner@db.example.fr/campaigns\n"])
def test_chunks_of_a_state_on_a_server_are_not_asked_for(complete, in_doubt, state):
    root, _ = in_doubt("")
    text = (root / "campaigns.yaml").read_text(encoding="utf-8")
    (root / "campaigns.yaml").write_text(f"{text}{state}", encoding="utf-8")
    assert complete("campaign resolve ", root) == []


@pytest.mark.parametrize("what", [b"no database at all, and longer than a header of one would have to be" * 9, b""])
def test_a_state_that_is_none_is_no_fault_of_a_completion(complete, project, what):
    assert complete("campaign resolve ", project({".campaign/state.db": what})) == []


@pytest.mark.parametrize(
    "line", ["campaign apply sp", "campaign resolve b", "campaign ", "campaign state ex", "campaign explain t"]
)
def test_a_completion_imports_no_engine_no_network_and_no_yaml(project, line):
    root = project({"campaigns/spring.yaml": LISTED, ".campaign/state.db": b""})
    code = (
        "import contextlib, io, json, sys\n"
        "from runner.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['-C', '.'])\n"
        "json.dump(sorted(sys.modules), sys.__stdout__)"
    )
    asked = {"_CAMPAIGN_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), **asked}
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=root, env=known, capture_output=True, check=True, encoding="utf-8"
    )
    imported = set(json.loads(ended.stdout))
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()
    if "explain" not in line:
        assert not {"dataclasses", "pathlib", "urllib.parse", "runner.errors"} & imported


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_goes_to_stdout_and_where_it_belongs_to_stderr(campaign, shell):
    ended = campaign("completion", shell)
    assert ended.returncode == 0
    assert f"_CAMPAIGN_COMPLETE={shell}_complete" in ended.stdout
    assert "save it as" in ended.stderr
    assert campaign("-q", "completion", shell).stderr == ""


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_a_script_is_one_that_its_shell_can_read(campaign, tmp_path, shell, check):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    script = tmp_path / "script"
    script.write_text(campaign("completion", shell).stdout, encoding="utf-8")
    subprocess.run([program, check, str(script)], check=True)


def test_bash_completes_with_the_script(campaign, project, tmp_path):
    program = shutil.which("bash")
    if program is None:
        pytest.skip("there is no bash here")
    root = project({"campaigns/spring.yaml": LISTED, "campaigns/summer.yaml": LISTED})
    script = tmp_path / "script"
    script.write_text(campaign("completion", "bash").stdout, encoding="utf-8")
    called = tmp_path / "bin" / "campaign"
    called.parent.mkdir()
    called.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m runner "$@"\n', encoding="utf-8")
    called.chmod(0o755)
    typed = f"""
    . {script}
    COMP_WORDS=(campaign apply s) COMP_CWORD=2
    _campaign_completion campaign
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    repository = str(Path(__file__).resolve().parents[2])
    known = {**os.environ, "PATH": f"{called.parent}:{os.environ['PATH']}", "PYTHONPATH": repository}
    ended = subprocess.run(
        [program, "--norc", "-c", typed], cwd=root, env=known, capture_output=True, check=True, encoding="utf-8"
    )
    assert ended.stdout.split() == ["spring", "summer"]


@pytest.mark.parametrize("asked", ["bash_source", "ksh_complete", "1"])
def test_what_no_script_of_ours_asks_is_not_answered(campaign, tmp_path, asked):
    ended = campaign(cwd=tmp_path, _CAMPAIGN_COMPLETE=asked)
    assert (ended.returncode, ended.stdout) == (1, "")
