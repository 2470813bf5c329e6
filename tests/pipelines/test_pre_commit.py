"""The hook for pre-commit, installed from this repository as a user's repository would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def git(*words: str, cwd: Path) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)


def test_the_hook_lets_a_sound_project_pass_and_stops_another_with_its_problem(tmp_path):
    # From a clone, which pre-commit would make of a repository: it takes what is committed.
    hooks, project = tmp_path / "hooks", tmp_path / "project"
    git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(hooks), cwd=tmp_path)
    assert main(["init", str(project), "--ci", "github"]) == 0
    git("init", "--quiet", cwd=project)

    def commit_hook() -> subprocess.CompletedProcess[str]:
        git("add", "--all", cwd=project)
        words = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "campaign-validate", "--all-files"]
        environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "PRE_COMMIT_COLOR": "never"}
        return subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)

    passed = commit_hook()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout
    (project / "campaigns/bad.yaml").write_text("nmae: x\n", encoding="utf-8")
    failed = commit_hook()
    assert failed.returncode == 1
    assert "campaigns/bad.yaml:1:1: error[unknown-key]" in failed.stdout
