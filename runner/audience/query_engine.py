"""A query of the project's own files, answered by the embedded engine in a sealed process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from runner.audience.bounds import bound_memory, forbid_writing
from runner.audience.engine import is_nested, open_engine, quote_text, seal_engine
from runner.audience.files import find_files, open_file
from runner.audience.frames import Emit
from runner.audience.query_rules import Query, parse_query, tell_error
from runner.audience.query_values import BLOCK_ROWS, Rows, choose_column, spell_float
from runner.audience.rows import Hurt
from runner.audience.sql_hints import hint_failure
from runner.errors import SourceUnreadable

# Below the bound of the process, so that the engine itself can say which query was too large.
_MEMORY_LIMIT = "1536MB"
_THREADS = 2
_SCHEME = re.compile("~|[A-Za-z][A-Za-z0-9+.-]*:")


def answer_query(request: Mapping[str, Any], emit: Emit) -> None:
    """Run the request's query in its folder, and send the texts of its column.

    Raises SourceUnreadable where it is more than one SELECT over files of the project, or can't be computed.
    """
    root = Path(os.path.realpath(request["root"]))
    # Paths in a query are relative to the project's folder.
    os.chdir(root)
    connection = open_engine()
    connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
    connection.execute(f"SET threads = {_THREADS}")
    bound_memory()
    forbid_writing()
    query = parse_query(connection, request["sql"], request["parameters"])
    with _explained(request["sql"]):
        _admit_files(connection, root, query.files)
        seal_engine(connection)
        _send_rows(connection, query, request["column"], emit)


def _send_rows(connection: DuckDBPyConnection, query: Query, wanted: str | None, emit: Emit) -> None:
    # As a part of another, the engine takes nothing but a query that only reads; but it renames columns alike.
    about = connection.execute(f"SELECT * FROM (\n{query.text}\n) LIMIT 0", query.parameters).description
    named = connection.execute(f"(\n{query.text}\n) LIMIT 0", query.parameters).description
    columns = [name for name, *_ in named]
    place = choose_column(columns, wanted)
    gives = str(about[place][1])
    if query.guesses and gives != "VARCHAR":
        message = f"the column `{columns[place]}` is {gives}: the engine guessed so from the first rows of a CSV file"
        hint = "a sign or a zero may be lost: read it as text, as in `read_csv('data/x.csv', all_varchar = true)`"
        raise SourceUnreadable(message, hint=hint, code="query-failed")
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    cell, hurt = _spell_cell(f"c{place}", gives), _spell_hurt(f"c{place}", gives)
    connection.execute(f"SELECT {cell}, {hurt} FROM (\n{query.text}\n) AS answer({names})", query.parameters)
    rows = Rows(emit, columns)
    while block := connection.fetchmany(BLOCK_ROWS):
        texts = ["" if text is None else text for text, _ in block]
        if gives in {"DOUBLE", "FLOAT"}:
            texts = [spell_float(float(text), is_single=gives == "FLOAT") if text else "" for text in texts]
        rows.send(texts, [hurt for _, hurt in block])


def _spell_cell(cell: str, gives: str) -> str:
    """An SQL expression: the cell as the text that a user would see, a whole number without decimals."""
    text = f"CAST({cell} AS VARCHAR)"
    if gives.startswith("DECIMAL"):
        return f"CASE WHEN {cell} = trunc({cell}) THEN CAST(CAST({cell} AS HUGEINT) AS VARCHAR) ELSE {text} END"
    return f"({cell} ->> '$')" if gives == "JSON" else text


def _spell_hurt(cell: str, gives: str) -> str:
    """An SQL expression: why the cell is no text, be it a list or a map, or nothing."""
    if gives == "JSON":
        return f"CASE WHEN json_type({cell}) IN ('ARRAY', 'OBJECT') THEN '{Hurt.NESTED}' ELSE '' END"
    return f"CASE WHEN {cell} IS NOT NULL THEN '{Hurt.NESTED}' ELSE '' END" if is_nested(gives) else "''"


def _admit_files(connection: DuckDBPyConnection, root: Path, names: Sequence[str]) -> None:
    """Let the engine open the files that the query names, once they are looked at, and no others."""
    paths: list[str] = []
    for name in names:
        found = _find_files(connection, root, name)
        for path in found:
            _refuse_foreign(root, path)
            paths += [str(root / path), os.path.realpath(root / path)]
        if found != [name]:
            # The engine itself looks for what matches a pattern, so it must see the folder.
            connection.execute(f"SET allowed_directories = [{quote_text(f'{root}/')}]")
    connection.execute(f"SET allowed_paths = [{', '.join(map(quote_text, paths))}]")


def _find_files(connection: DuckDBPyConnection, root: Path, name: str) -> list[str]:
    """The files that the engine would open for a name, which it takes for a pattern."""
    if _SCHEME.match(name) or name.startswith("/") or ".." in PurePosixPath(name).parts or "\0" in name:
        message = f"`query` names `{name}`, which is no path inside the project"
        hint = "name a file inside the project, relative to the folder of campaigns.yaml"
        raise SourceUnreadable(message.replace("\0", "�"), hint=hint, code="path-outside-project")
    found = connection.execute("SELECT file FROM glob($name) ORDER BY file", {"name": name}).fetchall()
    return [path for (path,) in found] or list(find_files(root, name))


def _refuse_foreign(root: Path, path: str) -> None:
    """Raise SourceUnreadable where a path is none of a regular file with data, in the project and nowhere else."""
    find_files(root, path)
    with open_file(root, path) as file:
        links = os.fstat(file.fileno()).st_nlink
    if links > 1:
        message = f"`{path}` is a hard link: the same file may lie elsewhere too"
        raise SourceUnreadable(message, hint="copy it into the project", code="path-outside-project")


@contextmanager
def _explained(sql: str) -> Iterator[None]:
    """What the engine says of a query that it can't compute, in the lines of the user's text."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        # The process that asked says so, as where the kernel ended this one.
        raise MemoryError from None
    except duckdb.Error as error:
        if "bad allocation" in str(error) or "bad_alloc" in str(error):
            raise MemoryError from None
        message = f"`query` can't be computed: {tell_error(error, lines_before=1)}"
        raise SourceUnreadable(message, hint=hint_failure(str(error), sql), code="query-failed") from error
