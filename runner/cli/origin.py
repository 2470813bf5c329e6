"""Where a run comes from: who started it, and which commit of the project it carries out."""

from __future__ import annotations

import getpass
import secrets
import shutil
import socket
import subprocess
from datetime import datetime
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


def find_author(root: Path, file: str, since: datetime) -> str | None:
    """Who changed this file of the project last, in which commit and when; None where nobody did `since` then."""
    if _ask_git(root, "status", "--porcelain", "--", file) and _was_written(root / file, since):
        return "somebody here, and that is not committed"
    return _ask_git(root, "log", "-1", f"--since={since.isoformat()}", "--format=%an in %h on %as", "--", file)


def _was_written(path: Path, since: datetime) -> bool:
    """Whether it was written since then; what is gone was, as far as anybody knows."""
    return not path.exists() or path.stat().st_mtime >= since.timestamp()


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"


def _find_commit(root: Path) -> str | None:
    return _ask_git(root, "rev-parse", "HEAD")


def _ask_git(root: Path, *words: str) -> str | None:
    """What git says in this folder; None where there is no git, or nothing that it says."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        asked = subprocess.run([git, "-C", str(root), *words], capture_output=True, timeout=GIT_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = asked.stdout.decode("utf-8", "replace").strip()
    return said if asked.returncode == 0 and said else None
