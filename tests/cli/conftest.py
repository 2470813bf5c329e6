"""Real processes: `python -m runner` as a user would start it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def campaign(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `campaign` with these arguments, in `cwd`, and answers the ended process."""

    def run(*arguments: str, cwd: Path = tmp_path, stdin: str = "", **environment: str):
        known = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path), **environment}
        return subprocess.run(
            [sys.executable, "-P", "-m", "runner", *arguments],
            cwd=cwd,
            env=known,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run
