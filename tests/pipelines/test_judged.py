"""What `campaign init --ci` writes, and the ready-made ways in, by the platforms' own schemas and a judge of safety."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from runner import __version__
from runner.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(params=[".", "mail/été 2027"])
def begin(request, tmp_path, monkeypatch):
    """A function that begins a project with a pipeline in a repository, at its root or below, and answers the root."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))

    def write(ci: str) -> Path:
        assert main(["init", str(tmp_path / request.param), "--ci", ci]) == 0
        return tmp_path

    return write


def refuse_faults(*words: str | Path) -> None:
    program, *others = words
    ended = subprocess.run([PROGRAMS / program, *others], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def read_component(path: Path, **inputs: str) -> str:
    """A component as GitLab reads it where it is included: its inputs are filled in, and all of them are declared."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    declared = yaml.safe_load(head)["spec"]["inputs"]
    assert set(inputs) <= set(declared)
    values = {name: inputs.get(name, each["default"]) for name, each in declared.items()}
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: values[match.group(1)], body)


def test_the_workflow_is_one_by_githubs_schema_and_a_judge_finds_nothing(begin):
    workflow = begin("github") / ".github/workflows/campaigns.yml"
    refuse_faults("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    refuse_faults("zizmor", "--offline", "--no-progress", workflow)


def test_the_action_is_one_by_githubs_schema_and_a_judge_finds_nothing():
    refuse_faults("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    refuse_faults("zizmor", "--offline", "--no-progress", "--persona", "pedantic", ROOT / "action.yml")


def test_the_pipeline_is_one_by_gitlabs_schema_and_so_is_what_it_includes(begin, tmp_path):
    root = begin("gitlab")
    pipeline = yaml.safe_load((root / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    (include,) = pipeline["include"]
    included = tmp_path / "included.yml"
    included.write_text(read_component(root / include["local"], **include["inputs"]), encoding="utf-8")
    for file in (root / ".gitlab-ci.yml", included):
        refuse_faults("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", file)


def test_the_component_is_what_init_writes():
    written = (ROOT / "runner/scaffold/gitlab/campaign.yml").read_text(encoding="utf-8")
    component = (ROOT / "templates/campaign.yml").read_text(encoding="utf-8")
    assert component == written.replace("@VERSION@", __version__)


def test_the_component_shows_the_report_on_the_merge_request():
    job = yaml.safe_load(read_component(ROOT / "templates/campaign.yml"))["campaign-plan"]
    assert job["artifacts"]["expose_as"] == "Campaign plan"
    assert job["artifacts"]["paths"] == ["plan.html"]


def test_hosts_are_named_and_no_group_drops_a_waiting_run(begin):
    text = (begin("github") / ".github/workflows/campaigns.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert "CAMPAIGN_ALLOW_HOSTS" in document["env"]
    jobs = document["jobs"].values()
    assert not any("concurrency" in each for each in (document, *jobs))
    sending = [line for line in text.splitlines() if "campaign apply" in line and not line.strip().startswith("#")]
    assert len(sending) == 2
    assert all("exec campaign apply --plan" in line and "--lock-timeout 2h" in line for line in sending)


def test_the_hook_of_pre_commit_runs_for_files_of_a_project_alone():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["entry"], hook["pass_filenames"]) == ("campaign-validate", "campaign validate", False)
    files = re.compile(hook["files"])
    ours = ("campaigns.yaml", "mail/campaigns.yml", "campaigns/a.yaml", "mail/campaigns/spring/b.yml")
    others = ("mycampaigns.yaml", "campaigns.json", "docs/campaign.yaml", "campaigns/data.csv")
    assert [name for name in (*ours, *others) if files.search(name)] == list(ours)
