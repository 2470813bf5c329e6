"""A source's path or glob → the files that it names, opened once and only inside the project."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from runner.errors import SourceUnreadable
from runner.model.closed import CLOSED
from runner.model.listing import list_names

_TEXTS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
ENDINGS = (*_TEXTS, ".parquet", *(f"{text}{packed}" for packed in (".gz", ".zst") for text in _TEXTS))
MOST_FILES = 10_000
MOST_BYTES = 4 << 30
_LOOKED_AT = 10_000
"""Files among which one is looked for that is not where it was said to be."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def find_files(root: Path, text: str) -> tuple[str, ...]:
    """The paths that `text`, a path or a glob relative to `root`, names; those of a glob sorted.

    A text that is the name of a file is that file, whatever its characters. Raises SourceUnreadable where it leads out
    of the project, names no file, or one of a kind that is not read.
    """
    parts = _split(text)
    path = "/".join(parts)
    if os.path.lexists(root / path):
        found = [path]
    elif any(map(_has_wildcard, parts)):
        found = sorted(_find_matches(root, parts))
    else:
        _refuse_ending(root, path)
        raise SourceUnreadable(f"`{text}` does not exist", hint=_find_nearest(root, path), code="no-such-file")
    if not found:
        folder = path.rpartition("/")[0]
        hint = _list_data(root, folder) if not _has_wildcard(folder) else None
        hint = hint or "check the folder and the pattern"
        raise SourceUnreadable(f"`{text}` matches no file", hint=hint, code="no-such-file")
    if len(found) > MOST_FILES:
        message = f"`{text}` matches more than {MOST_FILES:,} files"
        raise SourceUnreadable(message, hint="narrow the pattern", code="source-too-large")
    for path in found:
        _refuse_ending(root, path)
    return tuple(found)


def find_one(root: Path, text: str) -> str:
    """The path of the one file that `text` names, whatever its ending. Raises SourceUnreadable where there is none."""
    path = "/".join(_split(text))
    if not os.path.lexists(root / path):
        raise SourceUnreadable(f"`{text}` does not exist", hint=_find_nearest(root, path), code="no-such-file")
    return path


def open_file(root: Path, path: str) -> BinaryIO:
    """The file at `path`, relative to `root`, open for reading bytes.

    Raises SourceUnreadable where it is missing, can't be read, is no regular file, is larger than the bound, or lies
    elsewhere once its links are followed.
    """
    real = _follow_links(root, path)
    try:
        _refuse_other_kinds(path, real.stat())
        # A pipe that took the file's place meanwhile must not hold us.
        file = BufferedReader(FileIO(real, "rb", opener=_open_at_once))
    except FileNotFoundError as error:
        what = "is a link to nothing" if os.path.lexists(root / path) else "does not exist"
        raise SourceUnreadable(f"`{path}` {what}", code="no-such-file") from error
    except OSError as error:
        raise SourceUnreadable(f"`{path}` can't be read: {say_error(error)}") from error
    try:
        _refuse_other_kinds(path, os.fstat(file.fileno()))
    except SourceUnreadable:
        file.close()
        raise
    return file


def _open_at_once(path: str, flags: int) -> int:
    """A descriptor of the file itself, no link to it; of a pipe as of a file, without waiting for its writer."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _follow_links(root: Path, path: str) -> Path:
    """Where `path` really lies, which must be in the project and in none of its closed folders."""
    base = Path(os.path.realpath(root))
    real = Path(os.path.realpath(base / path))
    if not real.is_relative_to(base):
        message = f"`{path}` is a link that leads out of the project"
        raise SourceUnreadable(message, hint="copy the file into the project", code="path-outside-project")
    _refuse_closed(path, real.relative_to(base).parts)
    return real


def _split(text: str) -> tuple[str, ...]:
    path = PurePosixPath(text.strip())
    if "\0" in text:
        raise SourceUnreadable("the path has a NUL character in it", hint="remove it", code="path-outside-project")
    if path.is_absolute() or os.pardir in path.parts:
        how = "is an absolute path" if path.is_absolute() else "leads out of its folder by `..`"
        hint = "name a file inside the project, relative to the folder of campaigns.yaml"
        raise SourceUnreadable(f"`{text}` {how}", hint=hint, code="path-outside-project")
    if not path.parts:
        raise SourceUnreadable("`file` names no file", hint="name a file inside the project", code="no-such-file")
    _refuse_closed(text, path.parts)
    return path.parts


def _refuse_closed(text: str, parts: Iterable[str]) -> None:
    for part in parts:
        if part.casefold() in CLOSED:
            message = f"`{text}` lies in `{part}`, which no source may read"
            raise SourceUnreadable(message, hint="keep data in a folder of its own", code="path-outside-project")


def _refuse_ending(root: Path, path: str) -> None:
    if not path.casefold().endswith(ENDINGS):
        if (root / path).is_dir():
            hint = f"name its files, as in `{_join(path, '*.csv')}`"
            raise SourceUnreadable(f"`{path}` is a folder, not a file", hint=hint, code="not-a-file")
        read = ", ".join(f"`{text}`" for text in (*_TEXTS, ".parquet"))
        message = f"`{path}` is of a kind that is not read: only {read} are, all but the last also as `.gz` and `.zst`"
        raise SourceUnreadable(message, hint="export it as CSV", code="unsupported-file")


def _refuse_other_kinds(path: str, found: os.stat_result) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(found.st_mode):
            raise SourceUnreadable(f"`{path}` is {kind}, not a file", hint="name a file", code="not-a-file")
    if found.st_size > MOST_BYTES:
        message = f"`{path}` has more than {MOST_BYTES >> 30} GB"
        raise SourceUnreadable(message, hint="split it into several files", code="source-too-large")


def _has_wildcard(part: str) -> bool:
    return any(sign in part for sign in "*?[")


def _find_matches(root: Path, parts: tuple[str, ...]) -> set[str]:
    """Files whose path matches; what starts with a point is only matched by a point. `**` follows no links."""
    folders = {""}
    for part in parts[:-1]:
        if part == "**":
            folders = {deep for folder in folders for deep in _walk(root, folder)}
        else:
            folders = {path for folder in folders for path in _list(root, folder, part) if (root / path).is_dir()}
    last = "*" if parts[-1] == "**" else parts[-1]
    found = {path for folder in folders for path in _list(root, folder, last)}
    return {path for path in found if path.casefold().endswith(ENDINGS) or not (root / path).is_dir()}


def _list(root: Path, folder: str, pattern: str) -> list[str]:
    try:
        names = [path.name for path in _follow_links(root, folder).iterdir()]
    except OSError as error:
        raise SourceUnreadable(f"`{folder or '.'}` can't be read: {say_error(error)}") from error
    shown = [name for name in names if pattern.startswith(".") or not name.startswith(".")]
    return [_join(folder, name) for name in shown if fnmatchcase(name, pattern)]


def _walk(root: Path, folder: str) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        yield (folder := waiting.pop())
        paths = _list(root, folder, "*")
        waiting += [path for path in paths if (root / path).is_dir() and not (root / path).is_symlink()]


def _find_nearest(root: Path, path: str) -> str:
    folder, _, name = path.rpartition("/")
    if "\\" in path:
        return "write `/` between folders"
    names = [found.rpartition("/")[2] for found in _list(root, folder, "*")] if (root / folder).is_dir() else []
    nearest = get_close_matches(name, names, n=1)
    if nearest:
        return f"did you mean `{_join(folder, nearest[0])}`?"
    elsewhere = next((found for found in islice(_walk_files(root), _LOOKED_AT) if found.endswith(f"/{name}")), None)
    if elsewhere is not None:
        return f"did you mean `{elsewhere}`? A path begins in the folder of campaigns.yaml"
    if not (root / folder).is_dir():
        return f"there is no folder `{folder}` in the project"
    return _list_data(root, folder) or f"look into `{folder or '.'}`"


def _list_data(root: Path, folder: str) -> str | None:
    paths = _list(root, folder, "*") if (root / folder).is_dir() else []
    data = sorted(path.rpartition("/")[2] for path in paths if path.casefold().endswith(ENDINGS))
    return f"`{folder or '.'}` has {list_names(data)}" if data else None


def _walk_files(root: Path) -> Iterator[str]:
    """The files of the project as far as it can be read, but for what is hidden."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = (name for name in sorted(names) if not name.startswith("."))
        inside = Path(folder).relative_to(root).as_posix()
        yield from (_join("" if inside == "." else inside, name) for name in shown)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def say_error(error: OSError) -> str:
    """What the system says of it, in lower case."""
    return (error.strerror or str(error)).lower()
