"""The random key beside a SQLite state that has no `state_key`: made once, before its state, and never again."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from runner.errors import StateRefused
from runner.model.secret import Secret
from runner.state.folders import is_there, sync_folder

KEY_BYTES = 32


def key_beside(path: Path) -> Path:
    """Where the key of the state at `path` lies, if it has one of its own."""
    return path.with_suffix(".key")


def read_key(path: Path) -> Secret:
    """The key of the state at `path`, which may be there or about to be.

    Raises StateRefused where the key isn't there: a new one would match nobody.
    """
    try:
        return Secret(key_beside(path).read_text("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else "can't be read"
        if is_there(path):
            message = f"the state `{path}` is there, and its key `{key_beside(path).name}` {why}"
            hint = "put the key back from a copy; if the state was made with a `state_key`, set that in campaigns.yaml"
        else:
            message = f"there is no state at `{path}` yet, and the key that it needs, `{key_beside(path)}`, {why}"
            hint = "put the key file of the exported state there first; if that had a `state_key`, set it"
        raise StateRefused(message, hint=hint, code="state-key-missing") from error


def find_or_make_key(path: Path) -> Secret:
    """The key for a state that is about to be made at `path`: one that lies there already, else a new one, synced.

    The caller holds the lock on the making of this state.
    """
    if not is_there(key_beside(path)):
        _make_key(key_beside(path))
    return read_key(path)


def warn_of_open_key(path: Path) -> str | None:
    """The warning that others may use the key beside `path`; None where they can't, or where no system tells."""
    key = key_beside(path)
    if os.name != "posix" or not is_there(key) or key.stat().st_mode & 0o077 == 0:
        return None
    return f"the state's key `{key}` is open to others than its owner: `chmod 600` closes it"


def _make_key(key: Path) -> None:
    unfinished = key.with_name(f"{key.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(key)
    sync_folder(key.parent)
