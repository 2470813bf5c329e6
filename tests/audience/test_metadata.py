"""What the metadata say of every first five digits, kept in a file: a newer release tells which verdicts it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import duckdb
import phonenumbers
import pytest

from runner.audience.judge import judge_rows
from runner.model.config import Kind
from runner.numbers import TERRITORIES

KEPT = Path(__file__).with_name("verdicts.txt")
KINDS = list(Kind)
FILLER = {"PM": "4"}
"""What follows the five digits; in Saint-Pierre-et-Miquelon six are a whole number."""


def _judge(country: str) -> Iterator[str]:
    """Lines of `country first-last verdict`, one for each range of first five digits that has one verdict."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            "CREATE TABLE texts AS SELECT 0 AS source, range AS row, '0' || range || $1 AS text"
            " FROM range(10000, 100000)",
            [FILLER.get(country, "1234")],
        )
        judge_rows(connection, table="texts", countries=[country])
        rows = connection.execute("SELECT row, kind, why FROM judged ORDER BY row").fetchall()
    for verdict, group in groupby(rows, lambda row: KINDS[row[1]].value if row[1] is not None else row[2]):
        digits = [row for row, _, _ in group]
        if verdict not in {"not-valid", "too-long"}:
            yield f"{country} {digits[0]}-{digits[-1]} {verdict}"


def _read(country: str) -> list[str]:
    lines = KEPT.read_text(encoding="ascii").splitlines() if KEPT.exists() else []
    return [line for line in lines if line.startswith(f"{country} ")]


@pytest.mark.parametrize("country", TERRITORIES)
def test_no_verdict_changed_since_they_were_kept(country):
    kept, found = _read(country), list(_judge(country))
    if os.environ.get("UPDATE_CASES"):
        others = [line for other in TERRITORIES if other != country for line in _read(other)]
        KEPT.write_text("\n".join(sorted([*others, *found])) + "\n", encoding="ascii")
        kept = found
    gone, new = sorted({*kept} - {*found}), sorted({*found} - {*kept})
    assert (gone, new) == ([], []), f"phonenumbers {phonenumbers.__version__} judges these first digits otherwise"
    assert found
