"""What an address answered: how it is written, where its rows stand in it, and what it says of the next page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from runner.errors import SourceUnreadable
from runner.model.listing import list_names

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class Format(StrEnum):
    """How a page is written."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "jsonl"


_TYPES = {
    "application/json": Format.JSON,
    "text/json": Format.JSON,
    "application/jsonl": Format.JSON_LINES,
    "application/jsonlines": Format.JSON_LINES,
    "application/ndjson": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "text/tab-separated-values": Format.CSV,
}
_ENDINGS = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}


def find_format(content_type: str, path: str, body: bytes) -> Format:
    """How a page is written: by its Content-Type, else by the ending of its path, else by its first character."""
    media = content_type.partition(";")[0].strip().lower()
    if media.endswith("+json"):
        return Format.JSON
    by_type = _TYPES.get(media)
    by_ending = next((format_ for ending, format_ in _ENDINGS.items() if path.casefold().endswith(ending)), None)
    return by_type or by_ending or _look(body)


@dataclass(frozen=True, slots=True)
class Next:
    """What a page says of the one after it: its address, None where there is none, and whether the page says so."""

    address: str | None
    is_said: bool


def find_next(body: bytes, path: str, format_: Format, name: str) -> Next:
    """What a page of JSON says of the next one, where `path` leads."""
    value = _read(body, "next", format_, name)
    is_said = True
    for key in path.split("."):
        is_said = is_said and isinstance(value, dict) and key in value
        value = _step(value, key, name)
    if value is None or value == "":
        return Next(None, is_said)
    if not isinstance(value, str):
        message = f"`next` leads to {_call(value)} in {name}, and not to an address"
        raise SourceUnreadable(message, hint="name the key that holds the next page's address", code="url-failed")
    return Next(value, is_said)


def cut_items(body: bytes, path: str | None, format_: Format, name: str) -> bytes:
    """The list of rows to which `path` leads in a page of JSON, as it is written there; the whole page without one.

    Numbers must stay as they are written, or digits would be lost.
    """
    if path is None:
        if format_ is Format.JSON and body.lstrip()[:1] == b"{":
            raise _no_list(_read(body, "items", format_, name), name)
        return body
    value = _read(body, "items", format_, name)
    text = body.decode("utf-8-sig")
    keys = path.split(".")
    for depth, key in enumerate(keys):
        if not isinstance(value, dict) or key not in value:
            raise _no_items(value, keys[: depth + 1], name)
        value = value[key]
    if not isinstance(value, list):
        message = f"`items` leads to {_call(value)} in {name}, and not to a list"
        raise SourceUnreadable(message, hint="name the key that holds the rows", code="url-failed")
    return _find_text(text, keys).encode()


def _step(value: object, key: str, name: str) -> object:
    """What this key of an object holds; None where it is not there, as on a last page, and no other is like it.

    A name that is but misspelled would end the pages with the first, and lose the rows of all others in silence.
    """
    if not isinstance(value, dict) or key in value:
        return value[key] if isinstance(value, dict) else None
    nearest = get_close_matches(key, map(str, value), n=1, cutoff=0.75)
    if nearest:
        message = f"{name} has no `{key}`, to which `next` leads"
        raise SourceUnreadable(message, hint=f"did you mean `{nearest[0]}`?", code="url-failed")
    return None


def _look(body: bytes) -> Format:
    start = body[:65_536].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return Format.JSON
    if not start.startswith(b"{"):
        return Format.CSV
    try:
        json.loads(start.partition(b"\n")[0])
    except ValueError:
        return Format.JSON
    return Format.JSON_LINES if start.partition(b"\n")[2].strip() else Format.JSON


def _read(body: bytes, key: str, format_: Format, name: str) -> object:
    if format_ is not Format.JSON:
        written = "CSV" if format_ is Format.CSV else "JSON Lines"
        message = f"{name} is {written}, in which `{key}` leads nowhere"
        raise SourceUnreadable(message, hint=f"remove `{key}`, or ask the server for JSON", code="url-failed")
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        why = "it is not UTF-8"
    except RecursionError:
        why = "it nests too deep"
    except json.JSONDecodeError as error:
        why = f"line {error.lineno:,}, column {error.colno:,} ({error.msg.lower()})"
    except ValueError:
        why = "it holds too long a number"
    raise SourceUnreadable(f"{name} is no JSON: {why}", hint="check what the server answers", code="url-failed")


def _find_text(text: str, keys: Sequence[str]) -> str:
    """The text of the value to which `keys` lead; it is known to be there."""
    at = _skip(text, 0)
    for key in keys:
        at = _find_key(text, at, key)
    _, end = _DECODER.raw_decode(text, at)
    return text[at:end]


def _find_key(text: str, at: int, wanted: str) -> int:
    """Where the value of the last key `wanted` starts in the object that starts here."""
    found = at
    at = _skip(text, at + 1)
    while text[at] == '"':
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if name == wanted:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank is not None else at


def _no_list(page: object, name: str) -> SourceUnreadable:
    lists = [key for key, value in page.items() if isinstance(value, list)] if isinstance(page, dict) else []
    hint = f"say `items: {lists[0]}`" if len(lists) == 1 else "say by `items` where its list of rows is"
    return SourceUnreadable(f"{name} is an object, and not a list of rows", hint=hint, code="url-failed")


def _no_items(value: object, keys: Sequence[str], name: str) -> SourceUnreadable:
    known = list(map(str, value)) if isinstance(value, dict) else []
    nearest = get_close_matches(keys[-1], known, n=1)
    listed = list_names([key[:40] for key in known])
    hint = f"did you mean `{nearest[0]}`?" if nearest else f"there are {listed}" if listed else "check `items`"
    return SourceUnreadable(f"{name} has no `{'.'.join(keys)}`", hint=hint, code="url-failed")


def _call(value: object) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a text"
        case bool():
            return "true or false"
        case None:
            return "nothing"
        case _:
            return "a number"
