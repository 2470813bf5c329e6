"""The README shows what really happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What differs from one plan to the next: when it was made and when it would be done.
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( ?[A-Z]{3,4}| \(?[A-Z]\w+/\w+\)?| ?[+-]\d\d:?\d\d)?")
IDENTITIES = re.compile(r"\b[0-9a-f]{8,32}\b")


def _settle(text: str) -> str:
    """The plan without what differs from one run to the next, and however its lines were broken."""
    return IDENTITIES.sub("ID", MOMENTS.sub("THEN", " ".join(text.split())))


def test_the_plan_in_the_readme_is_the_real_one(tmp_path):
    shutil.copy(ROOT / "campaigns.yaml", tmp_path)
    for folder in ("campaigns", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    environment = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-P", "-m", "runner", "plan", "--sandbox"]
    plan = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, encoding="utf-8"
    ).stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"\$ campaign plan --sandbox\n(.*?)```", readme, flags=re.DOTALL)[:1]
    assert _settle(shown) == _settle(plan)


def test_the_first_project_of_the_readme_can_be_typed_in(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"^`(\S+\.yaml)`\n\n```yaml\n(.*?)```", readme, flags=re.DOTALL | re.MULTILINE))
    assert set(files) == {"campaigns.yaml", "campaigns/spring-recall.yaml"}
    files |= {
        "data/customers.csv": "id,mobile\n1,06 39 98 00 01\n2,06 39 98 00 02\n",
        "data/opt-outs.csv": "phone\n06 39 98 00 02\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "runner", "plan", "--sandbox"]
    plan = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8").stdout
    assert "+ spring-recall" in plan
    assert "1 excluded, 1 pending" in plan
