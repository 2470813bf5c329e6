"""Whether git tracks a state that is a file: a checkout would put an older one in its place."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from runner.errors import StateRefused
from runner.state.folders import is_there
from runner.state.keyfile import key_beside

PATIENCE_S = 10
ASK = (
    # Whoever owns the repository, it is asked all the same; so no program that its configuration names may start.
    *("-c", "safe.directory=*", "-c", "core.fsmonitor=false"),
    # A state's name may hold what means something in a pattern.
    *("--literal-pathspecs", "ls-files", "-z", "--"),
)


class _Untold(Exception):
    """Git could not be asked."""


def refuse_tracked(state: Path) -> None:
    """Raise StateRefused where git tracks the state or the key beside it; where git can't be asked, nothing is."""
    key = key_beside(state)
    try:
        tracked = _list_tracked(state, key)
    except _Untold:
        return
    if state.name in tracked:
        message = f"`{state}` is tracked by git: a checkout would put an older ledger in its place"
    elif key.name in tracked:
        message = f"`{key}` is tracked by git: with it and the state, whoever has the repository can try every number"
    else:
        return
    name = (state if state.name in tracked else key).name
    hint = f"`git rm --cached {name}` in its folder, and commit that"
    raise StateRefused(message, hint=hint, code="state-tracked")


def warn_of_untold(state: Path) -> str | None:
    """The warning that git can't be asked whether it tracks the state; None where it can, or where there is no git."""
    try:
        _list_tracked(state)
    except _Untold as untold:
        return (
            f"it can't be told whether git tracks the state `{state}`, since {untold}: a checkout of one that is"
            " tracked would put an older ledger in its place"
        )
    return None


def _list_tracked(*files: Path) -> frozenset[str]:
    """The names of those of `files`, which lie in one folder, that git tracks. Raises _Untold where it can't say."""
    around = next((folder for folder in files[0].parents if is_there(folder / ".git")), None)
    if around is None:
        return frozenset()
    git = shutil.which("git")
    if git is None:
        raise _Untold("there is no git here")
    # From the repository's own folder: a volume that is mounted within it is tracked all the same.
    command = [git, "-C", str(around), *ASK, *(str(file.relative_to(around)) for file in files)]
    # A variable of git's (GIT_DIR in a hook, say) would lead it to another repository or index; a repository that lacks
    # objects would have them fetched by a program of its own choice.
    alone = {"PATH": os.pathsep.join(os.get_exec_path()), "GIT_ALLOW_PROTOCOL": ""}
    try:
        asked = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False, env=alone)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Untold("git gave no answer") from error
    if asked.returncode != 0:
        raise _Untold("git can't read the repository around it")
    return frozenset(Path(os.fsdecode(path)).name for path in asked.stdout.split(b"\0") if path)
