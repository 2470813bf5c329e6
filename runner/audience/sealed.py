"""Work that must not get out, run on or grow: a process of its own, bounded in memory and time, and ended at its bound.

A thread can't be ended, and an engine that is asked to stop may not hear it. A process always can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from threading import Event, Timer

from runner.audience.bounds import MEMORY_GB
from runner.audience.frames import Kind, read_frames, write_request
from runner.errors import SourceUnreadable
from runner.model.secret import scrub_secrets

DEADLINE_S = 60.0

# The child looks for its modules where this process found them, and never in the folder in which it is started.
_START = "import sys; sys.path[:] = sys.argv[1:]; from runner.audience.sealed_child import main; main()"


def run_sealed(
    work: str, request: Mapping[str, object], what: str, *, deadline_s: float = DEADLINE_S, grace_s: float = 0
) -> Generator[tuple[Kind, bytes]]:
    """Let a sealed process do `work`, and answer the frames with rows, pages and bytes as they come.

    `what` is how messages call it; a process that keeps the deadline itself is ended `grace_s` later. Raises
    SourceUnreadable where the work fails, takes longer than `deadline_s` or needs more memory than the bound;
    RuntimeError where it has a defect.
    """
    command = [sys.executable, "-P", "-c", _START, *filter(None, sys.path)]
    late = Event()
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends the other.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        close_fds=True,
    ) as process:
        timer = Timer(deadline_s + grace_s, _end, (process, late))
        timer.daemon = True
        timer.start()
        try:
            yield from _talk(process, {"work": work, "deadline_s": deadline_s + grace_s, **request}, what)
        except _EndedEarly:
            raise _explain_end(process, what, deadline_s, is_late=late.is_set()) from None
        finally:
            timer.cancel()
            process.kill()


def _end(process: subprocess.Popen[bytes], late: Event) -> None:
    late.set()
    process.kill()


class _EndedEarly(Exception):
    """The process ended before it had said all."""


def _talk(process: subprocess.Popen[bytes], request: Mapping[str, object], what: str) -> Iterator[tuple[Kind, bytes]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a sealed process has no pipes")
    try:
        process.stdin.write(write_request(request))
        process.stdin.close()
    except BrokenPipeError:
        raise _EndedEarly from None
    for kind, body in read_frames(process.stdout):
        if kind is Kind.END:
            return
        if kind is Kind.FAILED:
            raise _read_failure(body)
        if kind is Kind.BROKEN:
            raise RuntimeError(scrub_secrets(f"{what}: {body.decode()}"))
        yield kind, body
    raise _EndedEarly


def _read_failure(body: bytes) -> SourceUnreadable:
    said = {name: scrub_secrets(text) if text is not None else None for name, text in json.loads(body).items()}
    failure = SourceUnreadable(said["message"] or "", hint=said["hint"], code=said["code"])
    failure.key = said["key"]
    return failure


def _explain_end(process: subprocess.Popen[bytes], what: str, deadline_s: float, *, is_late: bool) -> SourceUnreadable:
    """Why a process ended that said nothing of it: at its deadline, or where it wanted more memory than it may have."""
    process.wait()
    if is_late:
        message, hint = f"{what} takes longer than {deadline_s:g} seconds", "simplify it, or ask for less"
        return SourceUnreadable(message, hint=hint, code="source-too-slow")
    message, hint = f"{what} needs more than {MEMORY_GB} GB of memory", "let it give fewer or smaller rows"
    return SourceUnreadable(message, hint=hint, code="source-too-large")
