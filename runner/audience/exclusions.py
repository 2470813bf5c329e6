"""Exclusions fail closed: whom a source that can't be read whole would have protected is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from runner.audience.judge import judge_rows
from runner.audience.read import ReadSource, drop_rows, unite_rows
from runner.errors import Problem, Severity
from runner.model.config import Source
from runner.numbers import InvalidNumber

TABLE = "exclusions"
"""Their rows."""

EXCLUDED = "excluded"
"""The numbers (number BIGINT) that are excluded, once each."""

ONLY_IN_SANDBOX = "numbers of fiction count only in the sandbox: plan with `--sandbox`"

_CODES = {"no-such-file": "exclusion-missing", "source-empty": "exclusion-empty"}


MOST_NAMED = 5
"""Rows of one source that are named, with the reason of each."""


@dataclass(frozen=True, slots=True)
class _Count:
    """The rows of one source: all, those whose column is empty, those that are no number, and the first of these.

    `why` are the reasons of the first ones. Of those that are no number, `fiction` are kept for works of fiction.
    """

    rows: int = 0
    blank: int = 0
    invalid: int = 0
    first: Sequence[int] = ()
    why: Sequence[str] = ()
    fiction: int = 0


@dataclass(frozen=True, slots=True)
class Excluded:
    """What came of the exclusions: what is wrong with them, their rows in all whose column is empty, and their rows."""

    problems: tuple[Problem, ...] = ()
    blank: int = 0
    rows: tuple[int, ...] = ()


def name_failure(problem: Problem) -> Problem:
    """The problem of an exclusion that can't be read, under the code of its own where it has one."""
    return replace(problem, code=_CODES.get(problem.code, problem.code))


def judge_exclusions(
    connection: DuckDBPyConnection, sources: Sequence[ReadSource], countries: Sequence[str], *, fiction: bool
) -> Excluded:
    """Make the table of the numbers that are excluded, and answer what is wrong with the sources."""
    if not sources:
        connection.execute(f"CREATE TABLE {EXCLUDED} (number BIGINT)")
        return Excluded()
    judged = f"{TABLE}_judged"
    unite_rows(connection, TABLE, sources)
    judge_rows(connection, table=TABLE, into=judged, countries=countries, fiction=fiction, anywhere=True)
    counts = _count_rows(connection, judged)
    connection.execute(f"CREATE TABLE {EXCLUDED} AS SELECT DISTINCT number FROM {judged} WHERE number IS NOT NULL")
    connection.execute(f"DROP TABLE {judged}")
    drop_rows(connection, TABLE, sources)
    counted = [counts.get(read.index, _Count()) for read in sources]
    problems = [problem for read, count in zip(sources, counted, strict=True) for problem in _judge_source(read, count)]
    return Excluded(tuple(problems), sum(count.blank for count in counted), tuple(count.rows for count in counted))


def _count_rows(connection: DuckDBPyConnection, judged: str) -> Mapping[int, _Count]:
    blank = f"number IS NULL AND j.why = '{InvalidNumber.EMPTY}' AND h.why IS NULL"
    invalid = f"number IS NULL AND NOT (j.why = '{InvalidNumber.EMPTY}' AND h.why IS NULL)"
    counted = connection.execute(
        f"SELECT source, count(*), count(*) FILTER ({blank}), count(*) FILTER ({invalid}),"
        f" coalesce(min(row, {MOST_NAMED}) FILTER ({invalid}), []),"
        f" coalesce(arg_min(coalesce(h.why, j.why), row, {MOST_NAMED}) FILTER ({invalid}), []),"
        f" count(*) FILTER (j.why = '{InvalidNumber.FICTION}')"
        f" FROM {judged} AS j LEFT JOIN {TABLE}_hurt AS h USING (source, row) GROUP BY source"
    ).fetchall()
    return {source: _Count(*counts) for source, *counts in counted}


def _judge_source(read: ReadSource, count: _Count) -> Iterator[Problem]:
    source = read.source
    if count.blank == count.rows and not source.allow_empty:
        rows = f"{count.rows:,} rows, and the column of all of them is empty" if count.rows else "no row"
        message = f"the exclusion `{read.label}` has {rows}: it would exclude nobody"
        hint = "check where it comes from, or say `allow_empty: true` where it may be empty"
        yield _problem(source, "exclusion-empty", message, hint)
    if source.min_rows is not None and count.rows < source.min_rows:
        message = f"the exclusion `{read.label}` has {count.rows:,} rows; min_rows is {source.min_rows:,}"
        yield _problem(source, "exclusion-too-small", message, "check where it comes from, or lower `min_rows`")
    if count.invalid and not source.ignore_invalid:
        hint = "mend it, or say `on_invalid: ignore` where such a row may exclude nobody"
        if count.fiction == count.invalid:
            hint = f"{ONLY_IN_SANDBOX}, or exclude real ones"
        yield _problem(source, "exclusion-invalid", _say_invalid(read, count), hint)
    elif count.invalid and count.invalid + count.blank == count.rows:
        message = f"the exclusion `{read.label}` excludes nobody: none of its rows is a number ({count.rows:,} rows)"
        warning = _problem(source, "exclusion-without-number", message, "check that its column is the right one")
        yield replace(warning, severity=Severity.WARNING)
    elif count.invalid:
        message = f"{_say_invalid(read, count)}; by `on_invalid: ignore` nobody is excluded there"
        warning = _problem(source, "exclusion-invalid", message, "mend what can be read as a number")
        yield replace(warning, severity=Severity.WARNING)


def _say_invalid(read: ReadSource, count: _Count) -> str:
    rows = "a row that is" if count.invalid == 1 else f"{count.invalid:,} rows that are"
    kind = "kept for works of fiction" if count.fiction == count.invalid else "no number of any country"
    named = [_name_row(read, row, why) for row, why in zip(count.first, count.why, strict=True)]
    more = count.invalid - len(named)
    return f"the exclusion `{read.label}` has {rows} {kind}: {', '.join(named)}{f', and {more:,} more' if more else ''}"


def _name_row(read: ReadSource, row: int, why: str) -> str:
    file, row = read.find_file(row)
    return f"row {row:,} ({why})" if file is None else f"row {row:,} of `{file}` ({why})"


def _problem(source: Source, code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, source.place, hint, source.excerpt)
