"""Files that a source would hand to others: those of accounts and of the state, however their paths are spelled."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from runner.model.closed import CLOSED

LEAK_CODE = "secret-in-source"
GIVE_IT_ITS_OWN = "give the source a variable or a file of its own"


def find_leak(path: str, kept: Iterable[str], root: Path) -> str | None:
    """Why a source may not hand the file at `path` to others; None where it may, be the file there or not.

    Paths are relative to `root`, or absolute. `kept` are the files of accounts and of the state: one of them is meant
    by whatever spelling or link leads to it.
    """
    try:
        base, real = Path(os.path.realpath(root)), Path(os.path.realpath(root / path))
    except ValueError:
        return None
    inside = real.relative_to(base) if real.is_relative_to(base) else real
    # A closed folder may be a link: then what lies in it bears its name as it is written, or lies where it leads.
    parts = {part.casefold() for part in (*inside.parts, *Path(os.path.normpath(path)).parts)}
    closed = next((name for name in sorted(CLOSED) if name in parts or _lies_in(real, base / name)), None)
    if closed is not None:
        return f"`{path}` lies in `{closed}`, which no source may read"
    if any(_is_same(real, root / each) for each in kept):
        return f"an account or the state uses the file `{path}`, and a source would hand it to others"
    return None


def list_state_files(state: str) -> tuple[str, ...]:
    """The files of a state that a `sqlite:///` URL names: itself, and the key beside it; none for any other text."""
    path = state.removeprefix("sqlite:///")
    return (path, str(Path(path).with_suffix(".key"))) if path != state and Path(path).name else ()


def _lies_in(real: Path, closed: Path) -> bool:
    return real.is_relative_to(os.path.realpath(closed)) or _is_same(real, closed)


def _is_same(real: Path, kept: Path) -> bool:
    try:
        return real == Path(os.path.realpath(kept)) or real.samefile(kept)
    except (OSError, ValueError):
        return False
