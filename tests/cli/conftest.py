"""Two ways to run `campaign`: as a process, as a user does, and within the tests' own, which is many times faster."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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

    return partial(_run_process, tmp_path)


@pytest.fixture
def unprivileged(tmp_path: Path) -> Callable[..., Ended]:
    """The same of a user to whom the rights of files and folders apply, which they don't to root."""
    taken = "-dac_override,-dac_read_search"
    as_others = ["setpriv", f"--bounding-set={taken}", f"--inh-caps={taken}"] if os.geteuid() == 0 else []
    if as_others and shutil.which("setpriv") is None:
        pytest.skip("root may enter everything, and no setpriv is here to take that from it")
    return partial(_run_process, tmp_path, as_others=as_others)


def _run_process(
    temporary: Path, *arguments: str, cwd: Path | None = None, as_others: Sequence[str] = (), **environment: str
) -> Ended:
    known = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary), **environment}
    command = [*as_others, sys.executable, "-P", "-m", "runner", *arguments]
    ended = subprocess.run(command, cwd=cwd or temporary, env=known, capture_output=True, encoding="utf-8", check=False)
    return Ended(ended.returncode, ended.stdout, ended.stderr)
