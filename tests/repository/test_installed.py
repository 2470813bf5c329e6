"""Installed as people install it, from a wheel, each time in a home of its own: what they type first works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
pytestmark = pytest.mark.slow

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A function that runs a command, whose caches and settings lie in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    places = {"UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin-of-uv", "UV_CACHE_DIR": "cache", "PIPX_HOME": "pipx"}
    places |= {"PIPX_BIN_DIR": "bin-of-pipx", "HOME": "."}
    environment = {**os.environ, **{name: str(home / place) for name, place in places.items()}, "PIP_NO_CACHE_DIR": "1"}

    def run_in(*words: str | Path, cwd: Path = home) -> str:
        ended = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False)
        assert ended.returncode == 0, f"{words}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    run_in.home = home
    return run_in


@pytest.fixture(scope="module")
def wheel(run: Run) -> Path:
    build = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])"
    run(sys.executable, "-c", build, run.home / "dist", cwd=ROOT)
    return next((run.home / "dist").glob("*.whl"))


def _make_environment(run: Run, name: str) -> Path:
    run(sys.executable, "-m", "venv", run.home / name)
    return run.home / name / "bin"


def _by_pip(run: Run, wheel: Path, _tools: Path) -> Path:
    programs = _make_environment(run, "environment")
    run(programs / "pip", "install", "--quiet", "-c", CONSTRAINTS, wheel)
    return programs


def _by_uv(run: Run, wheel: Path, tools: Path) -> Path:
    run(tools / "uv", "tool", "install", "--quiet", "--python", sys.executable, "--constraints", CONSTRAINTS, wheel)
    return run.home / "bin-of-uv"


def _by_pipx(run: Run, wheel: Path, tools: Path) -> Path:
    run(tools / "pipx", "install", "--python", sys.executable, f"--pip-args=-c {CONSTRAINTS}", wheel)
    return run.home / "bin-of-pipx"


INSTALLERS: Mapping[str, Callable[[Run, Path, Path], Path]] = {
    "pip install": _by_pip,
    "uv tool install": _by_uv,
    "pipx install": _by_pipx,
}


@pytest.fixture(scope="module")
def tools(run: Run) -> Path:
    """Where pipx and uv are: in an environment of their own, since few machines have both."""
    programs = _make_environment(run, "tools")
    run(programs / "pip", "install", "--quiet", "--only-binary", ":all:", "pipx", "uv")
    return programs


@pytest.mark.parametrize("installer", INSTALLERS)
def test_what_people_type_first_works(installer, run, wheel, tools, tmp_path):
    programs = INSTALLERS[installer](run, wheel, tools)
    campaign = programs / "campaign"
    assert run(campaign, "--version") == run(programs / "campaign-runner", "--version")
    run(campaign, "init", cwd=tmp_path)
    assert run(campaign, "validate", cwd=tmp_path) == "1 campaign and campaigns.yaml are valid\n"
    assert "+ example  4 people" in run(campaign, "plan", "--sandbox", cwd=tmp_path)
    run(campaign, "apply", "--sandbox", "--auto-approve", cwd=tmp_path)
    printed = run(campaign, "schema", "campaign")
    assert printed == (ROOT / "schemas" / "campaign.schema.json").read_text(encoding="utf-8")
    assert run(campaign, "explain", "unknown-key").startswith("# unknown-key: ")
