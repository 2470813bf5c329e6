"""Sources that can be read and of which nobody comes: nothing is wrong with them but what they were meant for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from duckdb import DuckDBPyConnection

from runner.audience.exclusions import ONLY_IN_SANDBOX
from runner.audience.read import ReadSource
from runner.audience.reasons import KINDS
from runner.errors import Problem, Severity
from runner.model.config import Kind
from runner.numbers import InvalidNumber


def warn_of_sources(
    connection: DuckDBPyConnection, sources: Sequence[ReadSource], kinds: Sequence[Kind]
) -> Iterator[Problem]:
    """Warn of those without rows, and of those of whose rows none is a number of these `kinds`."""
    counted = connection.execute(
        "SELECT source, count(*), count(number), arg_min(why, row) FILTER (why <> 'empty'), list(DISTINCT kind)"
        " FROM judged GROUP BY source"
    ).fetchall()
    counts = {source: found for source, *found in counted}
    for read in sources:
        rows, numbers, why, places = counts.get(read.index, (0, 0, None, ()))
        held = {KINDS[place] for place in places if place is not None}
        if not rows:
            yield _warn_of_none(read)
        elif not numbers:
            yield _warn_of_invalid(read, rows, why)
        elif not held & set(kinds):
            yield _warn_of_kinds(read, numbers, held, kinds)


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


def _warn_of_kinds(read: ReadSource, numbers: int, held: Collection[Kind], kinds: Sequence[Kind]) -> Problem:
    taken = " and ".join(f"`{kind}`" for kind in kinds)
    listed = " and ".join(f"`{kind}`" for kind in KINDS if kind in held)
    message = f"all numbers of `{read.label}` ({numbers:,}) are {listed}, and `delivery.kinds` takes {taken} alone"
    hint = "check that its column is the right one; a fixed line rings before it takes a message"
    return _warn(read, "source-of-other-kinds", message, hint, key="column")


def _warn(read: ReadSource, code: str, message: str, hint: str, *, key: str = "") -> Problem:
    source = read.source
    place = source.places.get(key, source.place)
    return Problem(code, message, place, hint, source.excerpts.get(key, source.excerpt), Severity.WARNING)
