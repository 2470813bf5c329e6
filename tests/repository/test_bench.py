"""The benchmarks run; what they measure is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_benchmarks_fill_their_table():
    small = ["--no-page", "--runs", "1", "--files", "20", "--rows", "2000", "--chunks", "3"]
    small += ["--ledger", "2000", "--long", "12"]
    command = [sys.executable, str(ROOT / "bench" / "bench.py"), *small]
    table = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    assert len([line for line in table.splitlines() if line.startswith("| `campaign")]) in {5, 6}
    goals = [line for line in table.splitlines() if line.startswith("| ") and line.count("|") == 6]
    assert {row.split(" | ")[0] for row in goals} >= {"| memory after chunk 12", "| one chunk of 500 on SQLite"}
