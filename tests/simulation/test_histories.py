"""Histories in which runs die, freeze, race and meet every fault: nobody twice, nobody lost, never above a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def play(first: int, histories: int) -> subprocess.CompletedProcess[str]:
    """These histories, in a process of their own."""
    arguments = ["-m", "simulation", "--from", str(first), "--seeds", str(histories)]
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_history_breaks_a_law() -> None:
    """The first hundred; `make simulate` plays any number, and a failing one prints the command that repeats it."""
    played = play(0, 100)
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.slow
def test_no_history_of_many_breaks_a_law() -> None:
    played = play(100, 900)
    assert played.returncode == 0, played.stdout + played.stderr
