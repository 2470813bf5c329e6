"""What somebody who writes SQL once a month most likely meant, where the engine only says what it can't read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from runner.model.listing import list_names

_SURELY = 0.85
"""How alike a column must be where a text could be meant as well."""
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_FRENCH = {"et": "and", "ou": "or", "non": "not", "dans": "in", "comme": "like", "entre": "between"}
_BARE_PATH = re.compile(r"\b(?:from|join)\s+(?P<path>[\w./\\-]+\.\w+)", re.IGNORECASE)
_NAME_WITH_BLANK = re.compile(
    r"(?:^|\b(?:and|or)\b|\()\s*"
    r"(?P<name>(?!(?:not|case|where)\b)[^\W\d]\w*(?: [^\W\d]\w*)+)"
    r"\s*(?:[=<>!]|like|in\b)",
    re.IGNORECASE,
)


def hint_condition(sql: str) -> str:
    """How a condition is written whose SQL can't be read."""
    return _hint_words(sql, "where") or "say in one expression which rows count, as in `consent = 'yes'`"


def hint_query(sql: str) -> str:
    """How a query is written whose SQL can't be read."""
    bare = _BARE_PATH.search(_blank_texts(sql))
    if bare is not None:
        return f"the path of a file stands in single quotes: `from '{bare['path']}'`"
    example = "select phone from 'data/customers.csv'"
    return _hint_words(sql, "query") or f"a query is one SELECT that reads files of the project, as in `{example}`"


def hint_name(name: str, sql: str, known: Iterable[str]) -> str | None:
    """What was meant by a name in `sql` that no column has; `known` are those that there are."""
    names = {known_name.casefold(): known_name for known_name in known}
    is_text = _is_compared_with(name, sql)
    nearest = get_close_matches(name.casefold(), list(names), n=1, cutoff=_SURELY if is_text else 0.6)
    if nearest:
        return f"did you mean `{names[nearest[0]]}`?"
    return (
        f"a text stands in single quotes, `'{name}'`: in double quotes, or in none, it names a column"
        if is_text
        else None
    )


def _is_compared_with(name: str, sql: str) -> bool:
    """Whether `name` stands behind a comparison, where a text is usual."""
    behind = rf"(?:[=<>]|\blike|\bin\s*\((?:[^()]*,)?)\s*\"?{re.escape(name)}\"?(?!\w)"
    return re.search(behind, _blank_texts(sql), re.IGNORECASE) is not None


def list_candidates(said: str) -> list[str]:
    """The columns that the engine names where it finds none: `Candidate bindings: "mobile", "nom"`."""
    found = re.search("^Candidate bindings: (.*)$", said, re.MULTILINE)
    return [name.rpartition(".")[2].strip('"') for name in re.findall(r'"[^"]+"', found[1])] if found else []


def hint_failure(said: str, sql: str) -> str:
    """What to do about a query that can be read and can't be computed, by what the engine `said`."""
    if "Error when converting column" in said:
        return "make a value a number or a date where it is one, as in `try_cast(visits as integer)`"
    if "CSV Error" in said or "sniffing file" in said:
        return (
            "a query reads CSV less kindly than `file:`, which knows Excel's encoding and delimiters: use `file:` with"
            " `where:`, or say what the file is, as in"
            " `read_csv('data/x.csv', delim = ';', encoding = 'latin-1', all_varchar = true)`"
        )
    missing = re.search('Referenced column "([^"]*)" not found', said)
    if missing is not None:
        known = list_candidates(said)
        told = f"columns that are like it: {list_names(known)}" if known else None
        return hint_name(missing[1], sql, known) or told or "check how the column is called in the file"
    return "try a smaller query first, and add to it part by part"


def _hint_words(sql: str, key: str) -> str | None:
    bare = _blank_texts(sql)
    if re.match(r"\s*where\b", bare, re.IGNORECASE):
        return "leave out the word WHERE: the condition alone stands here"
    french = next((word for word in re.findall(r"\w+", bare.lower()) if word in _FRENCH), None)
    if french is not None:
        return f"SQL is English: write `{_FRENCH[french]}` for `{french}`"
    blank = _NAME_WITH_BLANK.search(bare)
    if blank is not None:
        name = blank["name"]
        return f'a name with a blank in it stands in double quotes: write `{key}: |`, and on the next line `"{name}" …`'
    return None


def _blank_texts(sql: str) -> str:
    return _QUOTED.sub(lambda found: " " * len(found.group()), sql)
