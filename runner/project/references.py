"""`${NAME}` and `${file:PATH}`: told from literal text when a file is read, looked up when a command needs them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.errors import ReferenceUnresolved
from runner.model.secret import Reference, Secret
from runner.project.leaks import GIVE_IT_ITS_OWN, LEAK_CODE, find_leak, list_state_files

REFERENCE = re.compile(r"\$\{(?:file:(?P<path>[^{}\n]+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*))\}")
MAX_SECRET_BYTES = 65_536


def is_one_reference(text: str) -> bool:
    """Whether `text` is one reference and nothing else, so that no part of a secret stands in it."""
    return REFERENCE.fullmatch(text) is not None


def find_malformed(text: str) -> int | None:
    """Where the first `${` stands that begins no reference; None where there is none."""
    at = REFERENCE.sub(lambda found: " " * len(found.group()), text).find("${")
    return at if at >= 0 else None


def replace_references(text: str, replacement: str) -> str:
    """`text` with every reference replaced, so that what is literal in it can be judged."""
    return REFERENCE.sub(replacement, text)


def name_variables(text: str) -> tuple[str, ...]:
    """The environment variables that the references in `text` name."""
    return tuple(found["name"] for found in REFERENCE.finditer(text) if found["name"])


def find_references(text: str) -> tuple[str, ...]:
    """The references in `text`, as they are spelled there."""
    return tuple(found.group() for found in REFERENCE.finditer(text))


def find_file_leak(
    text: str, withheld: Iterable[str], *, root: Path, environment: Mapping[str, str] = {}
) -> str | None:
    """Why a source that says `text` would hand others a file that is not its own; None where it would not.

    `withheld` is what accounts and the state say, in which variables are looked up in `environment`.
    """
    kept = [path for said in withheld for path in _list_files(said, environment)]
    leaks = (find_leak(path, kept, root) for path in _name_files(text))
    return next((leak for leak in leaks if leak is not None), None)


def _list_files(text: str, environment: Mapping[str, str]) -> Iterable[str]:
    expanded = REFERENCE.sub(lambda found: environment.get(found["name"] or "", ""), text)
    return *_name_files(text), *list_state_files(expanded)


def _name_files(text: str) -> tuple[str, ...]:
    return tuple(found["path"].strip() for found in REFERENCE.finditer(text) if found["path"])


def resolve(reference: Reference, *, environment: Mapping[str, str], root: Path) -> Secret:
    """What a reference stands for: variables of `environment`, files relative to `root` without their last line break.

    Raises ReferenceUnresolved for a variable that is not set or empty, for a file that can't be read or is empty, and
    for one that a source would hand to others. No message holds what was found.
    """
    if reference.withheld is not None:
        leak = find_file_leak(reference.text, reference.withheld, root=root, environment=environment)
        if leak is not None:
            raise ReferenceUnresolved(leak, hint=GIVE_IT_ITS_OWN, code=LEAK_CODE)

    def look_up(found: re.Match[str]) -> str:
        if found["name"]:
            return _read_variable(found["name"], environment)
        return _read_file(found["path"].strip(), root)

    return Secret(REFERENCE.sub(look_up, reference.text), literal=REFERENCE.search(reference.text) is None)


def _read_variable(name: str, environment: Mapping[str, str]) -> str:
    text = environment.get(name)
    if not text:
        state = "is not set" if text is None else "is empty"
        raise ReferenceUnresolved(
            f"the environment variable `{name}` {state}",
            hint=f"set it: a file of the project refers to it as `${{{name}}}`",
        )
    return text


def _read_file(path: str, root: Path) -> str:
    try:
        text = _read_text(root / path)
    except (OSError, ValueError) as error:
        why = error.strerror or "it can't be read" if isinstance(error, OSError) else str(error)
        raise ReferenceUnresolved(f"the file `{path}` can't be read: {why.lower()}", hint=_hint_file(path)) from None
    if not text:
        raise ReferenceUnresolved(f"the file `{path}` is empty", hint=_hint_file(path))
    return text


def _hint_file(path: str) -> str:
    return f"a file of the project names it in `${{file:{path}}}`: a path from the project's folder, or an absolute one"


def _read_text(path: Path) -> str:
    # What is no regular file could hold us for ever, so it is never waited for.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        data = file.read(MAX_SECRET_BYTES + 1)
    if len(data) > MAX_SECRET_BYTES:
        raise ValueError(f"it has more than {MAX_SECRET_BYTES:,} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
