"""The page on sources says what the code does: names, bounds, reasons."""

from __future__ import annotations

import re
from pathlib import Path

from runner.audience import compression, engine, files, items, shape, text, where
from runner.audience.filter import DEADLINE_S
from runner.audience.rows import Hurt
from runner.templates import limits

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


def test_every_reason_of_a_row_that_cannot_be_read_is_explained():
    assert [hurt for hurt in Hurt if f"| `{hurt}` |" not in PAGE] == []


def test_the_usual_names_of_columns_stand_on_the_page_in_their_order():
    listed = re.search(r"in this order: (.*?)\. Else", PAGE, flags=re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r"`(.*?)`", listed[1])) == shape.COLUMN_NAMES


def test_the_bounds_on_the_page_are_those_of_the_code():
    assert f"a file {files.MOST_BYTES >> 30} GB" in PAGE
    assert f"a line {text.MOST_LINE_BYTES >> 20} MB" in PAGE
    assert f"{shape.MOST_COLUMNS:,} columns" in PAGE
    assert f"{files.MOST_FILES:,} files a glob" in PAGE
    assert f"{engine.MEMORY_LIMIT.replace('GB', ' GB')} of memory" in PAGE
    assert f"at most {where.MOST_CHARACTERS:,} characters" in PAGE
    assert f"may hold {compression.MOST_GROWTH} times its size, {compression.ALWAYS_BYTES >> 20} MB" in PAGE
    assert f"has at most {items.MOST_ITEM_CHARACTERS >> 20} MB" in PAGE
    assert f"It has {limits.MAX_SECONDS:g} seconds, prints {limits.MAX_OUTPUT >> 20} MB at most" in PAGE
    assert f"takes {limits.MAX_SIZE:,} values" in PAGE
    assert f"After {DEADLINE_S:g} seconds" in PAGE
