"""Whole processes, measured from outside: wall time, CPU time and peak memory as the system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to measure. `prepare` runs before each measurement and is not measured."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = None
    prepare: Callable[[], None] | None = None


def measure(command: Command) -> Cost:
    """Run the command once, to its end. Raises CalledProcessError where it fails."""
    if command.prepare is not None:
        command.prepare()
    started = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env={**os.environ, **(command.environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command.arguments)
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def measure_interleaved(commands: Sequence[Command], runs: int) -> list[Cost]:
    """The medians of `runs` rounds A B … A B …, so that a slow moment of the machine meets all of them."""
    rounds = [[measure(command) for command in commands] for _ in range(runs)]
    return [
        Cost(median(c.wall_s for c in costs), median(c.cpu_s for c in costs), median(c.peak_mb for c in costs))
        for costs in zip(*rounds, strict=True)
    ]
