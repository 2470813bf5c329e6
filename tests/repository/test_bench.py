"""The benchmarks run; what they measure is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_benchmarks_fill_their_table():
    small = ["--no-page", "--runs", "1", "--files", "20", "--rows", "2000", "--chunks", "3", "--paced", "9"]
    small += ["--ledger", "3000", "--long-list", "2000", "--long-run", "12"]
    command = [sys.executable, str(ROOT / "bench" / "bench.py"), *small]
    table = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    costs, goals = ([line for line in table.splitlines() if line.count(" | ") == cells] for cells in (4, 5))
    assert len(costs) in {14, 15}
    assert len(goals) in {20, 23}
    assert {row.split(" | ")[0] for row in goals} >= {"| memory after chunk 12", "| one chunk of 500 on SQLite"}
    assert {row.split(" | ")[-1] for row in goals} <= {"yes |", "**no** |"}
