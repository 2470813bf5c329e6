"""Two ways to run `campaign`: as a process, as a user does, and within the tests' own, which is many times faster."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.cli.main import main

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def campaign(tmp_path: Path) -> Callable[..., Ended]:
    """A function that runs `campaign` with these arguments, in `cwd`, within this process."""

    def run(*arguments: str, cwd: Path = tmp_path, stdin: str = "", **environment: str) -> Ended:
        streams = {"stdin": stdin.encode(), "stdout": b"", "stderr": b""}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(cwd)
            for name, value in {"COLUMNS": "80", "TMPDIR": str(tmp_path), **environment}.items():
                patch.setenv(name, value)
            for name, content in streams.items():
                patch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(content)))
            code = main(arguments)
            told = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)]
        return Ended(code, *told)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Ended]:
    """A function that runs `python -m runner` with these arguments, in `cwd`."""

    def run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> Ended:
        known = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path), **environment}
        command = [sys.executable, "-P", "-m", "runner", *arguments]
        ended = subprocess.run(command, cwd=cwd, env=known, capture_output=True, encoding="utf-8", check=False)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run
