"""Recipients and dropped rows, one by one: text, CSV and JSON, written as they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from runner.errors import Problem
from runner.model.plan import Note, Reason, Rows
from runner.numbers import format_number, mask_cell, mask_number
from runner.render.documents import FORMAT_VERSION
from runner.render.page import Page, Style, tidy
from runner.render.problems import printable
from runner.render.words import render_count, render_people, say_note

COLUMNS = ("number", "reason", "why", "source", "file", "row", "text")
EXCERPT = 40
"""Characters that are shown of a text which is no number: it may be a whole row, with the names of people in it."""
LINE = 200
"""Characters that are shown of it on a line of its own, be it asked for as it is; CSV and JSON then have all of it."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), also after blanks."""


class ShownRow(Protocol):
    """A row of a source with what became of it."""

    @property
    def source(self) -> str:
        """The source, as people call it: its path, or its kind, with its line where several are called alike."""
        ...

    @property
    def file(self) -> str | None:
        """The file, relative to the project; None where there is none."""
        ...

    @property
    def row(self) -> int:
        """Which of the rows of the file or list, from 1."""
        ...

    @property
    def reason(self) -> Reason:
        """What became of it."""
        ...

    @property
    def number(self) -> int | None:
        """The digits in E.164; None where the text is no number."""
        ...

    @property
    def text(self) -> str:
        """What the source says."""
        ...

    @property
    def why(self) -> str | None:
        """Why the text is no number."""
        ...


def render_text(
    label: str,
    rows: Rows,
    shown: Iterable[ShownRow],
    *,
    reveal: bool,
    blocked: Sequence[Problem] = (),
    note: Note | None = None,
    width: int = 80,
    color: bool = False,
) -> Iterator[str]:
    """A headline, then a line for each row: the number, what became of it, where it stands.

    `blocked` or `note` is why nobody of them is reached for now.
    """
    page = Page(width=width, color=color)
    dropped = render_count(rows.listed - rows.pending, "row")
    reached = f"{render_people(rows.pending)} would be reached"
    if blocked or note is not None:
        why = "blocked" if note is None else say_note(note)
        reached = f"{why}, with {render_people(rows.pending)} pending"
    page.write(f"{printable(label)}: {reached}, {dropped} dropped.", style=Style.BOLD)
    for problem in blocked:
        page.write(f"! {tidy(problem.message)} ({problem.code})", hang=2, style=Style.LOUD)
    parts = [f"{getattr(rows, reason):,} {reason}" for reason in Reason if getattr(rows, reason)]
    if parts:
        page.write(f"{render_count(rows.listed, 'row')}: {', '.join(parts)}", hang=2)
    yield page.text + "\n\n"
    for row in shown:
        why = f" ({tidy(row.why)})" if row.why else ""
        words = _say_number(row, reveal=reveal) or _clip(_say_text(row, reveal=reveal) or "(empty)", LINE)
        place = f"{tidy(row.file or row.source)} row {row.row}"
        line = f"{words:<18}  {row.reason:<9}  {place}{why}"
        yield f"{line}\n" if len(line) <= width else f"{words:<18}  {row.reason}\n    {place}{why}\n"


def render_csv(shown: Iterable[ShownRow], *, reveal: bool) -> Iterator[str]:
    """CSV with a header; cells that a spreadsheet would take for formulas begin with an apostrophe."""
    yield _write_record(COLUMNS)
    for row in shown:
        cells = _cells(row, reveal=reveal)
        yield _write_record([_defuse("" if cells[name] is None else str(cells[name])) for name in COLUMNS])


def render_json(
    name: str, edition: str | None, rows: Rows, shown: Iterable[ShownRow], *, reveal: bool
) -> Iterator[str]:
    """One JSON document, a row a line, written without ever holding all rows."""
    head = {"format_version": FORMAT_VERSION, "name": name, "edition": edition, "rows": rows.by_name()}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "recipients": ['
    separator = "\n"
    for row in shown:
        yield separator + json.dumps(_cells(row, reveal=reveal), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def _cells(row: ShownRow, *, reveal: bool) -> dict[str, str | int | None]:
    """A row by column. `text` is what the source says, only where no number was found in it."""
    return {
        "number": _say_number(row, reveal=reveal),
        "reason": row.reason.value,
        "why": row.why,
        "source": tidy(row.source),
        "file": None if row.file is None else tidy(row.file),
        "row": row.row,
        "text": _say_text(row, reveal=reveal),
    }


def _say_number(row: ShownRow, *, reveal: bool) -> str | None:
    if row.number is None:
        return None
    return format_number(row.number) if reveal else mask_number(row.number)


def _say_text(row: ShownRow, *, reveal: bool) -> str | None:
    if row.number is not None:
        return None
    return printable(row.text) if reveal else _clip(printable(mask_cell(row.text)), EXCERPT)


def _clip(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _write_record(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _defuse(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(FORMULA_STARTS) else cell
