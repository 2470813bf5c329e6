"""What stands behind `make` works on a fresh clone, wherever that lies, and leaves nothing that git would see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a folder whose name has a space and accents."""
    folder = tmp_path / "été à Besançon" / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def _make(clone: Path, *targets: str, **variables: str) -> str:
    environment = {**os.environ, "CI": "true", **variables}
    answer = subprocess.run(
        ["make", *targets], cwd=clone, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_demo_reaches_everybody_once_and_works_again(clone):
    for _ in range(2):
        shown = _make(clone, "demo")
        assert "people reached twice  0" in shown
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, check=True, stdout=subprocess.PIPE).stdout
    assert status == b""


def test_an_environment_is_set_up_where_ensurepip_is_shipped_apart(clone, tmp_path):
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "ensurepip.py").write_text("raise ImportError('shipped apart')\n")
    # The interpreter below this one: it has a pip that can install elsewhere.
    base = Path(sys.base_prefix) / "bin"
    path = f"{base}{os.pathsep}/usr/bin{os.pathsep}/bin"
    _make(clone, ".venv/.demo", PYTHONPATH=str(tmp_path / "apart"), PATH=path)
    campaign = str(clone / ".venv" / "bin" / "campaign")
    assert subprocess.run([campaign, "--version"], check=True, capture_output=True, text=True).stdout.startswith(
        "campaign "
    )
