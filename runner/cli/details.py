"""Where an unexpected error leaves its details: a private file without secrets, telephone numbers or values."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from pathlib import Path

from runner import __version__
from runner.cli.context import Invocation
from runner.model.clock import SystemClock
from runner.model.secret import scrub_secrets
from runner.numbers import mask_numbers


def write_details(error: BaseException, invocation: Invocation) -> Path | None:
    """Write what a report of this error needs to a new file that its owner alone may read; None where none can be.

    The file lies in the project's `.campaign` folder if there is one, else in the system's temporary folder. Local
    values are left out; secrets that this process held and all that could be a telephone number are masked.
    """
    moment = f"{SystemClock().now():%Y%m%dT%H%M%SZ}"
    name = f"error-{moment}-{os.getpid()}.txt"
    text = _describe(error, moment)
    for find in (_find_own_folder, _find_temporary_folder):
        try:
            folder = find(invocation)
            if folder is not None:
                _write_new(folder / name, text)
                return folder / name
        except OSError:
            continue
    return None


def _describe(error: BaseException, moment: str) -> str:
    lines = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    head = f"campaign {__version__}, Python {platform.python_version()}, {platform.platform()}, {moment}\n\n"
    return head + mask_numbers(scrub_secrets("".join(lines)))


def _find_own_folder(invocation: Invocation) -> Path | None:
    start = Path.cwd() / (invocation.chdir or "")
    for folder in (start, *start.parents):
        if (folder / "campaigns.yaml").is_file():
            own = folder / ".campaign"
            return own if own.is_dir() and not own.is_symlink() else None
    return None


def _find_temporary_folder(_invocation: Invocation) -> Path:
    return Path(tempfile.gettempdir())


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
