"""Whole processes, measured from outside: wall time, CPU time and peak memory as the system counts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LAUNCH = [sys.executable, "-I", "-S", str(Path(__file__).parent / "launch.py")]

KNOWN = {"PYTHONDONTWRITEBYTECODE": ""}
"""What each process finds in its environment: compiled modules are kept, as wherever people install them."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to measure, and the code that it is to exit with. `prepare` runs before each, and is not measured."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] | None = None
    prepare: Callable[[], None] | None = None
    ends_with: int = 0


def measure(command: Command) -> Cost:
    """Run the command once, to its end. Raises SystemExit where that is not the one that it should come to."""
    if command.prepare is not None:
        command.prepare()
    launched = subprocess.run(
        [*LAUNCH, *command.arguments],
        cwd=command.folder,
        env={**os.environ, **KNOWN, **(command.environment or {})},
        stdout=subprocess.PIPE,
        check=False,
    )
    if launched.returncode != command.ends_with:
        raise SystemExit(f"bench: {command.arguments} exits with {launched.returncode}, not {command.ends_with}")
    wall_s, cpu_s, peak = map(float, launched.stdout.split())
    return Cost(wall_s, cpu_s, peak / 1024**2)


def measure_interleaved(commands: Sequence[Command], runs: int) -> list[Cost]:
    """The medians of `runs` rounds A B … A B …, so that a slow moment of the machine meets all of them."""
    rounds = [[measure(command) for command in commands] for _ in range(runs)]
    return [
        Cost(median(c.wall_s for c in costs), median(c.cpu_s for c in costs), median(c.peak_mb for c in costs))
        for costs in zip(*rounds, strict=True)
    ]
