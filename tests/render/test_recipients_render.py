"""Recipients and dropped rows as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import pytest

from runner.errors import Problem
from runner.model.plan import Reason, Rows
from runner.render.recipients import render_csv, render_json, render_text


@dataclass(frozen=True)
class Row:
    """A row as an audience yields it."""

    source: str = "data/customers.csv"
    file: str | None = "data/customers.csv"
    row: int = 1
    reason: Reason = Reason.PENDING
    number: int | None = 33639981234
    text: str = "06 39 98 12 34"
    why: str | None = None


ROWS = (
    Row(),
    Row(row=2, reason=Reason.DUPLICATE),
    Row(row=3, reason=Reason.INVALID, number=None, text="06 39 98 12 3", why="too-short"),
    Row(source="numbers", file=None, row=4, reason=Reason.INVALID, number=None, text="", why="empty"),
    Row(row=5, reason=Reason.INVALID, number=None, text='=HYPERLINK("http://x.example")\x1b[31m', why="letters"),
)
COUNTS = Rows(listed=5, invalid=3, duplicate=1, pending=1)


def test_rows_are_shown_with_number_reason_and_place(golden):
    assert "".join(render_text("spring", COUNTS, ROWS, reveal=False)) == golden


@pytest.mark.parametrize("reveal", [False, True])
def test_numbers_are_masked_unless_they_are_asked_for(reveal):
    texts = [
        "".join(render_text("spring", COUNTS, ROWS, reveal=reveal)),
        "".join(render_csv(ROWS, reveal=reveal)),
        "".join(render_json("spring", None, COUNTS, ROWS, reveal=reveal)),
    ]
    assert ["+33639981234" in text for text in texts] == [reveal] * 3
    assert ["39 98 12 3" in text for text in texts] == [reveal] * 3
    assert ["+33 6 •• •• •• 34" in text for text in texts] == [not reveal] * 3


def test_a_csv_can_be_read_again_and_holds_no_formula():
    for reveal in (False, True):
        records = list(csv.DictReader(io.StringIO("".join(render_csv(ROWS, reveal=reveal)))))
        assert [record["reason"] for record in records] == [row.reason for row in ROWS]
        cells = [cell for record in records for cell in record.values()]
        assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", " =1", "\u00a0=1"])
def test_every_start_of_a_formula_is_defused(start):
    row = Row(number=None, reason=Reason.INVALID, text=start)
    (record,) = csv.DictReader(io.StringIO("".join(render_csv([row], reveal=True))))
    assert record["text"] == f"'{start}"


def test_json_holds_every_row_and_the_counts():
    document = json.loads("".join(render_json("spring", "2026", COUNTS, ROWS, reveal=False)))
    assert (document["name"], document["edition"], document["rows"]["listed"]) == ("spring", "2026", 5)
    assert [row["row"] for row in document["recipients"]] == [1, 2, 3, 4, 5]
    assert json.loads("".join(render_json("spring", None, Rows(), (), reveal=False)))["recipients"] == []


def test_rows_are_written_as_they_are_read():
    def endless():
        while True:
            yield Row()

    for pieces in (
        render_text("spring", COUNTS, endless(), reveal=False),
        render_csv(endless(), reveal=False),
        render_json("spring", None, COUNTS, endless(), reveal=False),
    ):
        assert [next(pieces) for _ in range(3)]


def test_no_text_steers_the_terminal():
    text = "".join(render_text("spring\x1b", COUNTS, ROWS, reveal=True))
    assert "\x1b" not in text


def test_a_blocked_campaign_is_said_to_reach_nobody_now():
    blocked = (Problem("guard-max-recipients", "`spring` would reach 9 people; max_recipients is 1, says 0639981234"),)
    text = "".join(render_text("spring", COUNTS, ROWS, reveal=False, blocked=blocked))
    assert text.startswith("spring: blocked, with 1 person pending, 4 rows dropped.\n! `spring` would reach 9 people;")
    assert "0639981234" not in text


def test_no_more_than_the_start_of_a_row_that_is_no_number_is_shown():
    whole = "Martin;12 rue des Lilas, 69003 Lyon;06 39 98 12 34;martin@example.fr"
    row = Row(reason=Reason.INVALID, number=None, text=whole, why="surplus-cells")
    for shown in (render_text("spring", COUNTS, [row], reveal=False), render_csv([row], reveal=False)):
        text = "".join(shown)
        assert "rue des Lilas" in text
        assert "…" in text
        assert "example.fr" not in text
    assert "example.fr" in "".join(render_csv([row], reveal=True))


def test_a_row_whose_place_does_not_fit_the_width_is_told_in_two_lines():
    row = Row(file=f"data/{'customers-of-the-south-' * 3}.csv", row=123456)
    text = "".join(render_text("spring", COUNTS, [row, Row()], reveal=False, width=100))
    assert text.splitlines()[-3:] == [
        "+33 6 •• •• •• 34   pending",
        f"    {row.file} row 123456",
        "+33 6 •• •• •• 34   pending    data/customers.csv row 1",
    ]


def test_a_long_text_that_is_asked_for_as_it_is_fills_no_terminal():
    row = Row(reason=Reason.INVALID, number=None, text="x" * 5_000, why="no-number")
    text = "".join(render_text("spring", COUNTS, [row], reveal=True))
    assert "x" * 199 + "…" in text
    assert "x" * 200 not in text
    assert "x" * 5_000 in "".join(render_json("spring", None, COUNTS, [row], reveal=True))
