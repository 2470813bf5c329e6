"""Who holds a lock, and whether that process still lives."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from runner.model.clock import Clock, spell_moment
from runner.model.ledger import Holder

NOT_TOLD = "unknown"
ENDED = frozenset({"Z", "X"})
"""States of a process that runs no more, though its parent has not looked (proc(5))."""


def this_holder(clock: Clock, command: str) -> Holder:
    """This process. `command` is shown to whoever waits for it, so it holds no secret and no value of `--var`."""
    return Holder(
        user=_find_user(),
        host=socket.gethostname(),
        boot_id=clock.read().boot_id,
        pid=os.getpid(),
        process_started=_read_stat(os.getpid())[1],
        command=command,
        since=clock.now(),
        pid_namespace=_find_namespace(),
    )


def read_holder(row: Row[Any]) -> Holder:
    """The holder that a row with the columns of `runs` tells of."""
    return Holder(
        user=row.user,
        host=row.host,
        boot_id=row.boot_id,
        pid=row.pid,
        process_started=row.process_started,
        command=row.command,
        since=row.since,
        pid_namespace=row.pid_namespace,
    )


def describe_holder(holder: Holder) -> str:
    """The holder for a message: who, where, which process, which command, since when."""
    who = f"`{holder.user}` on `{holder.host}`, process {holder.pid} (`{holder.command}`)"
    return f"{who}, since {spell_moment(holder.since)}"


def is_provably_gone(holder: Holder) -> bool:
    """Whether this process has certainly ended.

    False where that can't be proved from here: of a process of another boot, machine or container, and on a system
    that tells neither boots nor containers.
    """
    if NOT_TOLD in (holder.boot_id, holder.pid_namespace):
        return False
    if (holder.boot_id, holder.pid_namespace) != (_find_boot(), _find_namespace()):
        return False
    try:
        # Signal 0 finds a process of any user, which /proc may hide.
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    state, started = _read_stat(holder.pid)
    return state in ENDED or (NOT_TOLD not in (started, holder.process_started) and started != holder.process_started)


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else NOT_TOLD


def _find_boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return NOT_TOLD


def _find_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return NOT_TOLD


def _read_stat(pid: int) -> tuple[str, str]:
    """A process's state and its start in clock ticks since the boot (proc(5), /proc/PID/stat, fields 3 and 22)."""
    try:
        # The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return NOT_TOLD, NOT_TOLD
