"""What a sealed process may use, kept by the kernel: time, memory, and no file that it could write.

Where the kernel has no such limits (Windows), those of the engine and of whoever watches the process hold alone.
"""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from mmap import PAGESIZE
from pathlib import Path

MEMORY_GB = 2
_GRACE_S = 5
_HAS_LIMITS = find_spec("resource") is not None


def bound_time(deadline_s: float) -> None:
    """End by the kernel's timers too, since whoever watches this process may be killed."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, deadline_s + _GRACE_S)
    threads = os.cpu_count() or 1
    _lower("RLIMIT_CPU", int(deadline_s + _GRACE_S) * threads)
    # A picture of the memory would hold numbers.
    _lower("RLIMIT_CORE", 0)


def bound_memory() -> None:
    """From now on the process may grow by the bound and no more, where the system has such a limit (Linux)."""
    _lower("RLIMIT_AS", _used_bytes() + (MEMORY_GB << 30))


def forbid_writing() -> None:
    """From now on no file can be written by this process. Pipes can."""
    _lower("RLIMIT_FSIZE", 0)


def _lower(name: str, limit: int) -> None:
    if not _HAS_LIMITS:
        return
    import resource

    what: int = getattr(resource, name)
    _, hard = resource.getrlimit(what)
    lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    try:
        resource.setrlimit(what, (lowest, lowest))
    except (OSError, ValueError):
        # Where the system knows no such limit (macOS, for the address space), the others hold.
        return


def _used_bytes() -> int:
    """The address space that this process has now."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * PAGESIZE
    except (OSError, ValueError):
        return 0
