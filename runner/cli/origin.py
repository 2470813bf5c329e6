"""Where a run comes from: who started it, and which commit of the project it carries out."""

from __future__ import annotations

import getpass
import secrets
import shutil
import socket
import subprocess
from pathlib import Path

from runner.cli.context import Invocation
from runner.model.events import Origin

CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
"""The variables in which CI systems name who caused a job."""
GIT_PATIENCE_S = 5.0


def find_origin(invocation: Invocation, root: Path) -> Origin:
    """A new run's id, its actor, and the git commit of the project's folder, None outside of git."""
    named = (invocation.environment.get(name) for name in CI_ACTORS)
    actor = next(filter(None, named), None) or f"{_find_user()}@{socket.gethostname()}"
    return Origin(run=secrets.token_hex(8), actor=actor, commit=_find_commit(root))


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _find_commit(root: Path) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        asked = subprocess.run(
            [git, "-C", str(root), "rev-parse", "HEAD"], capture_output=True, timeout=GIT_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    commit = asked.stdout.decode("ascii", "replace").strip()
    return commit if asked.returncode == 0 and commit else None
