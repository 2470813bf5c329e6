"""Sources that can be read and of which nobody comes: nothing is wrong with them but what they were meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from duckdb import DuckDBPyConnection

from runner.audience.exclusions import ONLY_IN_SANDBOX
from runner.audience.read import ReadSource
from runner.errors import Problem, Severity
from runner.numbers import InvalidNumber


def warn_of_sources(connection: DuckDBPyConnection, sources: Sequence[ReadSource]) -> Iterator[Problem]:
    """Warn of those without rows, and of those of whose rows none is a number that can be reached."""
    counted = connection.execute(
        "SELECT source, count(*), count(number), arg_min(why, row) FILTER (why <> 'empty') FROM judged GROUP BY source"
    ).fetchall()
    counts = {source: (rows, numbers, why) for source, rows, numbers, why in counted}
    for read in sources:
        rows, numbers, why = counts.get(read.index, (0, 0, None))
        if not rows:
            yield _warn_of_none(read)
        elif not numbers:
            yield _warn_of_invalid(read, rows, why)


def warn_of_pages(sources: Iterable[ReadSource]) -> Iterator[Problem]:
    """Warn of those whose first page says nothing of a next one: a wrong name would lose the rows of all others."""
    for read in sources:
        if read.lacks_next:
            message = f"the first page has nothing at `{read.source.next}`, and so was taken for the only one"
            hint = "where there are more pages, name the key that holds the next one's address"
            yield _warn(read, "page-without-next", message, hint, key="next")


def _warn_of_none(read: ReadSource) -> Problem:
    held = sum(file.rows for file in read.files)
    if read.where is None or not held:
        return _warn(read, "source-without-rows", f"`{read.label}` has no row", "check where it comes from")
    message = f"the `where` of `{read.label}` holds for none of its rows ({held:,})"
    hint = "texts are compared letter by letter: `yes` is neither `Yes` nor `y`"
    return _warn(read, "source-without-rows", message, hint, key="where")


def _warn_of_invalid(read: ReadSource, rows: int, why: str | None) -> Problem:
    message = f"none of the rows of `{read.label}` ({rows:,}) is a number that can be reached"
    if why == InvalidNumber.FICTION:
        return _warn(read, "source-without-number", message, ONLY_IN_SANDBOX)
    if why is not None:
        message += f"; the first: {InvalidNumber(why).phrase}"
    return _warn(read, "source-without-number", message, "check that its column is the right one", key="column")


def _warn(read: ReadSource, code: str, message: str, hint: str, *, key: str = "") -> Problem:
    source = read.source
    place = source.places.get(key, source.place)
    return Problem(code, message, place, hint, source.excerpts.get(key, source.excerpt), Severity.WARNING)
