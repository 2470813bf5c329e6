"""The pipeline that `campaign init --ci gitlab` writes: what is reviewed is sent, once, and nobody else is asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}
OURS = {**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1"}
FORK = {**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"}


def on_main(source: str, **more: str) -> dict[str, str]:
    return {"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": "main", **more}


@dataclass
class Job:
    """What came of a job: success, failed, or warning where its failure is allowed."""

    status: str
    log: str
    folder: Path


class GitLab:
    """GitLab's side of a pipeline: rules, inputs and variables as it takes them, scripts by bash."""

    def __init__(self, shop) -> None:
        self.shop, self.runs = shop, 0
        (shop.folder / "bin" / "curl").write_text(f'#!/bin/sh\nexec {sys.executable} {HERE / "curl.py"} "$@"\n')
        (shop.folder / "bin" / "curl").chmod(0o755)

    @property
    def notes(self) -> list[str]:
        """The comments of the merge request."""
        path = self.shop.folder / "notes.json"
        return [note["body"] for note in json.loads(path.read_text())] if path.exists() else []

    def run(self, variables: dict[str, str], edit=str) -> dict[str, Job]:
        """The jobs of a pipeline with these variables, by name; those of later ones run only where all is well."""
        jobs: dict[str, Job] = {}
        known = {"CI_PROJECT_ID": "1", "CI_DEFAULT_BRANCH": "main", "CI_API_V4_URL": "https://gitlab.example/api/v4"}
        known |= {"CI_JOB_TOKEN": "j0b", "CI": "true", **variables}
        pipeline = self._read(edit)
        for name, job in pipeline.items():
            if name.startswith(".") or not any(self._holds(rule["if"], known) for rule in job["rules"]):
                continue
            if all(jobs[need].status != "failed" for need in job.get("needs", [])):
                base = pipeline[job["extends"]]
                variables = {**base["variables"], **job.get("variables", {})}
                jobs[name] = self._run_job(name, {**base, **job, "variables": variables}, known)
        return jobs

    def _read(self, edit) -> dict[str, Any]:
        root = self.shop.repository
        (include,) = yaml.safe_load((root / ".gitlab-ci.yml").read_text())["include"]
        head, _, body = edit((root / include["local"]).read_text()).partition("\n---\n")
        values = {name: each["default"] for name, each in yaml.safe_load(head)["spec"]["inputs"].items()}
        values |= {**include["inputs"], "allow_hosts": "127.0.0.1"}
        return yaml.safe_load(re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: values[match.group(1)], body))

    @staticmethod
    def _holds(rule: str, variables: dict[str, str]) -> bool:
        """A rule: comparisons of variables, texts and null, and variables that are set, joined by `&&`."""

        def say(word: str) -> str | None:
            return variables.get(word[1:]) if word.startswith("$") else None if word == "null" else word.strip('"')

        parts = [part.split(" == ") for part in rule.split(" && ")]
        return all(say(part[0]) == say(part[1]) if len(part) == 2 else bool(say(part[0])) for part in parts)

    def _run_job(self, name: str, job: dict[str, Any], known: dict[str, str]) -> Job:
        self.runs += 1
        folder = self.shop.folder / f"run{self.runs}-{name}"
        subprocess.run(["git", "clone", "--quiet", str(self.shop.repository), str(folder)], check=True)
        secrets = self.shop.secrets_of.get(job.get("environment", ""), self.shop.secrets)
        given = {**known, **secrets, **job["variables"], "CI_PROJECT_DIR": str(folder)}
        given = {key: re.sub(r"\$(\w+)", lambda match: given[match.group(1)], value) for key, value in given.items()}
        code, log = self._shell([*job["before_script"], *job["script"]], given, folder)
        if "after_script" in job:
            log += self._shell(job["after_script"], given, folder)[1]
        allowed = job.get("allow_failure", {}).get("exit_codes", [])
        return Job("success" if code == 0 else "warning" if code in allowed else "failed", log, folder)

    def _shell(self, lines: list[str], given: dict[str, str], folder: Path) -> tuple[int, str]:
        path = f"{self.shop.folder / 'bin'}:{os.environ['PATH']}"
        environment = {
            **os.environ,
            **self.shop.environment,
            "PATH": path,
            "FAKE_PLATFORM": str(self.shop.folder),
            **given,
        }
        script = "\n".join(["set -eo pipefail", *lines])
        ended = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=environment, stdin=-3, stdout=-1, stderr=-2, text=True, check=False
        )
        return ended.returncode, ended.stdout


@pytest.fixture
def gitlab(open_shop) -> GitLab:
    return GitLab(open_shop("gitlab"))


def statuses(jobs) -> dict[str, str]:
    return {name.removeprefix("campaign-"): job.status for name, job in jobs.items()}


def stop_early(text: str) -> str:
    return text.replace("--deadline 5h", "--deadline 0s")


def test_what_was_reviewed_is_sent_when_it_is_merged(gitlab, serve, enlist):
    sandbox = serve()
    jobs = gitlab.run(OURS)
    assert statuses(jobs) == {"validate": "success", "plan": "success"}, jobs["campaign-plan"].log
    assert (jobs["campaign-plan"].folder / "plan.html").stat().st_size
    assert json.loads((jobs["campaign-validate"].folder / "gl-code-quality-report.json").read_text()) == []
    enlist(range(40))
    gitlab.shop.commit({})
    merged = gitlab.run(on_main("push"))
    assert statuses(merged) == {"apply": "success"}, merged["campaign-apply"].log
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def test_from_a_fork_files_are_validated_and_nothing_else_happens(gitlab):
    assert statuses(gitlab.run(FORK)) == {"validate": "success"}
    gitlab.shop.commit({"campaigns/bad.yaml": "nmae: x\n"})
    jobs = gitlab.run(OURS)
    assert statuses(jobs) == {"validate": "failed"}
    (problem, *_) = json.loads((jobs["campaign-validate"].folder / "gl-code-quality-report.json").read_text())
    assert problem["location"]["path"] == "campaigns/bad.yaml"


def test_with_a_token_the_plan_is_one_comment_that_is_kept_up_to_date(gitlab, serve):
    serve()
    for _ in range(2):
        assert statuses(gitlab.run({**OURS, "CAMPAIGN_NOTE_TOKEN": "n0te"}))["plan"] == "success"
    (note,) = gitlab.notes
    assert "<!-- campaign-runner:plan -->" in note


def test_what_nobody_reviewed_waits_for_somebody_who_names_the_new_plan(gitlab, serve):
    sandbox = serve()
    for source in ("push", "web"):
        jobs = gitlab.run(on_main(source))
        assert statuses(jobs) == {"apply": "warning"}
        assert sandbox.count().requests == 0
    (plan,) = re.findall(r"CAMPAIGN_PLAN=(\w+)", jobs["campaign-apply"].log)
    assert statuses(gitlab.run(on_main("web", CAMPAIGN_PLAN="0" * 32))) == {"apply-approved": "failed"}
    assert statuses(gitlab.run(on_main("web", CAMPAIGN_PLAN=plan))) == {"apply-approved": "success"}
    assert sandbox.count().people == 30


def test_a_reviewed_plan_that_another_overtook_is_planned_anew_and_waits(gitlab, serve, enlist):
    sandbox = serve()
    gitlab.run(OURS)
    enlist(range(12))
    (plan,) = re.findall(r"CAMPAIGN_PLAN=(\w+)", gitlab.run(on_main("web"))["campaign-apply"].log)
    gitlab.run(on_main("web", CAMPAIGN_PLAN=plan))
    enlist(range(30))
    jobs = gitlab.run(on_main("push"))
    assert statuses(jobs) == {"apply": "warning"}
    assert "error[plan-overtaken]" in jobs["campaign-apply"].log
    assert sandbox.count().people == 12


def test_what_stopped_on_purpose_is_a_warning_and_the_schedule_goes_on_with_the_same_plan(gitlab, serve, enlist):
    sandbox = serve()
    gitlab.run(OURS)
    assert statuses(gitlab.run(on_main("schedule"))) == {"apply": "success"}
    jobs = gitlab.run(on_main("push"), edit=stop_early)
    assert statuses(jobs) == {"apply": "warning"}
    assert "the next scheduled pipeline goes on" in jobs["campaign-apply"].log
    enlist(range(40))
    assert statuses(gitlab.run(on_main("schedule"))) == {"apply": "success"}
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)
    assert "no unfinished plan" in gitlab.run(on_main("schedule"))["campaign-apply"].log


def test_an_unknown_chunk_is_red_and_the_command_that_settles_it_is_printed(gitlab, serve):
    serve(faults=["500@1"])
    gitlab.run(OURS)
    jobs = gitlab.run(on_main("push"))
    assert statuses(jobs) == {"apply": "failed"}
    assert "campaign resolve " in jobs["campaign-apply"].log
