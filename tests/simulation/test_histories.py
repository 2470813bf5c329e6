"""Histories in which runs die, freeze, race and meet every fault: nobody twice, nobody lost, never above a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulation.safety import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 250
"""Few enough for the timeout of a test on a busy machine, and many for one start of Python."""


def play(first: int) -> None:
    """A block of histories, in one process of their own; a failing one prints the command that plays it again."""
    arguments = ["-m", "simulation", "--from", str(first), "--seeds", str(BLOCK), "--cores", "1"]
    played = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.parametrize("first", range(0, 1000, BLOCK))
def test_no_history_of_a_thousand_breaks_a_law(first: int) -> None:
    play(first)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 10_000, BLOCK))
def test_no_history_of_ten_thousand_breaks_a_law(first: int) -> None:
    play(first)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_line_of_each_mutant_stands_once(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.breaks(text) != text
