"""Laws over tables that nobody thought of: rows listed are rows written, in any dialect, each with its reason."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runner.audience import load
from runner.audience.engine import open_engine
from runner.audience.handles import open_spool
from runner.audience.load import load_rows
from runner.audience.rows import Wanted
from runner.audience.shape import read_shape
from runner.audience.text import read_text
from runner.errors import SourceUnreadable
from runner.numbers import InvalidNumber, judge_number

NUMBERS = [f"06 39 98 00 0{n}" for n in range(10)]
SPELLINGS = [*NUMBERS, "+33639980001", "0639980002 ", "639980003", "6.39980004E8", "", " ", "x", "06 12", "0144556677"]
WRITABLE = st.characters(exclude_characters="\0\r", exclude_categories=("Cs",))
FRENCH = st.sampled_from("abz éÉœŒ€'\u2019«»;,|\t\"\n .-/#=+0123456789")
NOTES = st.one_of(st.text(FRENCH, max_size=12), st.text(WRITABLE, max_size=6), st.sampled_from(["", "x", '"', '5"']))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


@dataclass(frozen=True)
class Written:
    """A table, and the bytes that a program of csv makes of it."""

    rows: list[list[str]]
    column: int
    content: bytes


@st.composite
def tables(draw, cells=NOTES) -> Written:
    encoding, width = draw(st.sampled_from(ENCODINGS)), draw(st.integers(1, 4))
    column = draw(st.integers(0, width - 1))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))
    for row in rows:
        row[column] = draw(st.sampled_from(SPELLINGS))
    if encoding == "cp1252":
        rows = [[cell.encode("cp1252", "replace").decode("cp1252") for cell in row] for row in rows]
    file = io.StringIO(newline="")
    csv.writer(
        file,
        delimiter=draw(st.sampled_from(";,\t|")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
    ).writerows([["phone" if n == column else f"note {n}" for n in range(width)], *rows])
    content = file.getvalue().encode(encoding)
    # Few texts in Windows-1252 are UTF-8 as well, and those are read as UTF-8: no program can tell.
    assume(encoding != "cp1252" or content.isascii() or not _is_utf8(content))
    return Written(rows, column, content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.fixture(scope="module")
def engine() -> Iterator[object]:
    with open_engine() as connection:
        yield connection


def _load(engine, content: bytes, column: int, *, carefully: bool = False):
    """The rows of a file: place, text, why it is hurt, and all its cells."""
    with open_spool() as file:
        file.write(content)
        file.flush()
        text = read_text(file, "a.csv")
        try:
            shape = read_shape(text)
            if shape is None:
                return []
            wanted = Wanted(min(column, shape.width - 1), tuple(range(shape.width)))
            relation = load._load_carefully(engine, text, shape, wanted) if carefully else None
            relation = relation or load_rows(engine, text, shape, wanted)
            return engine.execute(f"SELECT * FROM {relation} ORDER BY place").fetchall()
        finally:
            text.close()


def _has_value(row: list[str]) -> bool:
    return any(judge_number(cell, ["FR"]) is not InvalidNumber.EMPTY for cell in row)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(written=tables())
def test_every_row_that_csv_writes_is_listed_as_it_was_written(engine, written):
    expected = [row for row in written.rows if _has_value(row)]
    rows = _load(engine, written.content, written.column)
    assert [place for place, *_ in rows] == list(range(1, len(expected) + 1))
    assert {hurt for _, _, hurt, *_ in rows} <= {""}
    assert [text for _, text, *_ in rows] == [row[written.column] for row in expected]
    assert [list(row[3:]) for row in rows] == expected


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(written=tables())
def test_both_readers_give_the_same_rows(engine, written):
    fast = _load(engine, written.content, written.column)
    assert _load(engine, written.content, written.column, carefully=True) == fast


TOKENS = [
    *["a", "1", " ", "é", ";", ";", ",", "|", "\t", "\n", "\n", "\r\n", "\r", '"', '""', '";"'],
    *["\\N", "#", "NULL", "\x1e1", "\x1f", "\u2028", "\x85", "\ufeff", NUMBERS[0]],
]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=14), head=st.sampled_from(["phone", "a;phone", "a;phone;b"]))
def test_no_text_makes_the_readers_differ_or_lose_a_number(engine, tokens, head):
    content = f"{head}\n{''.join(tokens)}\n".encode()
    try:
        careful = _load(engine, content, 0, carefully=True)
    except SourceUnreadable as refused:
        with pytest.raises(SourceUnreadable, match=str(refused)[:20]):
            _load(engine, content, 0)
        return
    assert _load(engine, content, 0) == careful
    found = "".join(cell for row in careful for cell in (row[1], *row[3:]))
    assert found.count(NUMBERS[0]) >= tokens.count(NUMBERS[0])


def _expect(written: Written, excluded: set[int]) -> dict[str, int]:
    """The oracle: row by row, a set of the numbers that were seen."""
    counts = dict.fromkeys(["listed", "invalid", "duplicate", "kind", "excluded", "pending"], 0)
    seen: set[int] = set()
    for row in filter(_has_value, written.rows):
        judged = judge_number(row[written.column], ["FR"], fiction=True)
        if isinstance(judged, InvalidNumber):
            reason = "invalid"
        elif judged.e164 in seen:
            reason = "duplicate"
        else:
            seen.add(judged.e164)
            reason = "kind" if judged.kind != "mobile" else "excluded" if judged.e164 in excluded else "pending"
        counts[reason] += 1
        counts["listed"] += 1
    return counts


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(written=tables(st.text('abc é;,"\n', max_size=6)), excluded=st.sets(st.sampled_from(NUMBERS[:6]), max_size=3))
def test_each_row_is_accounted_for_once_with_the_reason_that_the_naive_way_finds(
    build, tmp_path_factory, written, excluded
):
    root = tmp_path_factory.mktemp("project")
    (root / "a.csv").write_bytes(written.content)
    exclude = [{"numbers": sorted(excluded)}] if excluded else []
    with build(root, [{"file": "a.csv", "column": "phone"}], exclude) as audience:
        expected = _expect(written, {33000000000 + int(number.replace(" ", "")) for number in excluded})
        counts = audience.rows.by_name()
        assert {name: counts[name] for name in expected} == expected
        rows = [*audience.read_rows(dropped=True), *audience.read_rows(dropped=False)]
        assert sorted(row.row for row in rows) == list(range(1, expected["listed"] + 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_thousand_rows_are_read_alike_by_both_readers(engine, seed):
    draw = random.Random(seed)
    cells = ["x", '"a;b"', '"c""d"', "", 'e"f', "é", '"g\nh"' if seed else "g"]
    lines = [f"{n};06 39 98 {n % 10000:04d};{draw.choice(cells)}" for n in range(100_000)]
    content = ("id;phone;note\n" + "\n".join(lines)).encode()
    rows = _load(engine, content, 1)
    assert len(rows) == 100_000
    assert rows == _load(engine, content, 1, carefully=True)
    assert [row[1] for row in rows] == [line.split(";")[1] for line in lines]
