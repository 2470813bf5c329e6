"""The repository is a project: its examples validate, and rehearse within one window of the provider's limit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGN = [sys.executable, "-P", "-m", "runner"]


def _run(*arguments: str, cwd: Path = ROOT, code: int = 0) -> str:
    answer = subprocess.run(
        [*CAMPAIGN, *arguments], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert answer.returncode == code, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of this repository in a folder of its own, where a state may be made."""
    root = tmp_path_factory.mktemp("examples")
    shutil.copy(ROOT / "campaigns.yaml", root)
    shutil.copytree(ROOT / "campaigns", root / "campaigns")
    shutil.copytree(ROOT / "data", root / "data")
    return root


def test_the_example_campaigns_validate():
    _run("validate")


def test_the_examples_need_no_second_window(copy):
    plan = json.loads(_run("plan", "--sandbox", "--format", "json", cwd=copy))
    assert {campaign["action"] for campaign in plan["campaigns"]} == {"send"}
    assert plan["summary"]["campaigns"] == 3
    assert plan["summary"]["requests"] <= 5


def test_the_examples_show_every_reason_that_a_first_plan_can_have(copy):
    plan = json.loads(_run("plan", "--sandbox", "--format", "json", cwd=copy))
    sums = {
        reason: sum(campaign["rows"][reason] for campaign in plan["campaigns"])
        for reason in plan["campaigns"][0]["rows"]
    }
    assert min(sums[reason] for reason in ("invalid", "duplicate", "kind", "excluded", "pending")) > 0
    assert sums["listed"] == sum(count for reason, count in sums.items() if reason != "listed")


def test_the_region_of_the_opening_hours_is_a_variable(copy):
    lyon, nantes = (
        json.loads(_run("plan", "opening-hours", "--sandbox", "--format", "json", *region, cwd=copy))["summary"][
            "recipients"
        ]
        for region in ([], ["--var", "region=nantes"])
    )
    assert lyon != nantes


def test_outside_the_sandbox_the_examples_reach_nobody(copy):
    answer = subprocess.run(
        [*CAMPAIGN, "plan", "--format", "json"], cwd=copy, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert json.loads(answer.stdout)["summary"]["recipients"] == 0
