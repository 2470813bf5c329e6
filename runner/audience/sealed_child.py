"""The sealed process: bounds itself, does one piece of work, tells what came of it, and ends."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from runner.audience.bounds import bound_time
from runner.audience.frames import Emit, Kind, read_request, write_frame
from runner.errors import RunnerError


def main() -> None:
    """Do what the request on stdin asks for, and write frames to stdout."""
    # Nothing that a library prints may stand between the frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    emit: Emit = partial(write_frame, out)
    try:
        request = read_request(sys.stdin.buffer.read())
        bound_time(request.pop("deadline_s"))
        _find_work(request.pop("work"))(request, emit)
    except RunnerError as error:
        told = {"message": error.message, "hint": error.hint, "code": error.code, "key": error.key}
        emit(Kind.FAILED, json.dumps(told).encode())
    except MemoryError:
        os._exit(1)
    except BrokenPipeError:
        # Whoever asked is gone, and wants nothing more.
        os._exit(1)
    except Exception:  # noqa: BLE001 (a defect is told to the process that asked, which has a way to tell it)
        emit(Kind.BROKEN, traceback.format_exc().encode("utf-8", "replace")[:100_000])
    else:
        emit(Kind.END, b"")
    # Engines and drivers have threads of their own, on which an orderly end would wait.
    os._exit(0)


def _find_work(name: str) -> Callable[[Mapping[str, Any], Emit], None]:
    """What is done, imported no sooner: each kind of work has a library of its own."""
    if name == "engine":
        from runner.audience.query_engine import answer_query

        return answer_query
    if name == "database":
        from runner.audience.query_database import answer_query as ask_database

        return ask_database
    from runner.audience.url_pages import fetch_all

    return fetch_all
