"""Secrets in a source line: whatever stands beside a key that names one is hidden before the line is shown.

It works on the bare text, so that it also holds in a file that can't be read as YAML, and for misspelt keys. What is
hidden keeps its length, so that a caret keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from runner.project.nearest import find_nearest

SECRET_KEYS = ("api_key", "state_key")
HEADERS = "headers"
SHOWN_LENGTH = 2_000
"""A longer line is not shown: nobody would find the caret in it."""
DOT = "•"
TELLING_PARAMETER = (
    r"[\w.~-]{0,40}(?:passw|pwd|secret|token|credential|api[_-]?key|access[_-]?key)[\w.~-]{0,40}"
    r"|(?:[\w.~-]{0,40}[_-])?(?:sig|signature|auth|key)"
)
"""The names of an address's parameters behind which a secret stands."""
_TELLING = re.compile(
    r"key|secret|passw|pwd|token|credential|authori[sz]ation|cookie"
    # The same in French.
    r"|mot.?de.?passe|mdp|jeton|(?<![^\W\d_])cl(?:[eé]|e\u0301)f?s?(?![^\W\d_])",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"""(?P<quote>["']?)\b(?P<name>[A-Za-z_][\w.-]{0,60}(?: [\w.-]{1,40}){0,2})(?P=quote)[ \t]*[:=][ \t]*"""
)
_BARE_KEY = re.compile(r"\b(?P<name>(?:api|state)[_ -]?key)\b[ \t]*+(?![:=])", re.IGNORECASE)
# `${…}` as it may stand anywhere: a name, well spelled or not, or a path; never a default, which could be a secret.
_REFERENCES = re.compile(r"(?:\$\{(?:file:[^{}]*|[\w.-]*)\}|\{\{[^{}]*\}\})+")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?""")
# It goes on over what ends a value in braces only where nothing else can follow.
_PLAIN = re.compile(r"(?:\$\{[^}]*+\}?|\{\{.*?\}\}|[^\s])(?:\$\{[^}]*+\}?|[^,}\]]|,(?!\s)|[}\]](?=[^\s,}\]]))*")
_COMMENTED = re.compile(rf"[\"']?{_REFERENCES.pattern}[\"']?(?= +#)")
_REST = re.compile(r"\S.*")
# No text: any part of it may be the secret.
_LIST = re.compile(r"\[.*")
_BLOCK = re.compile(r"[|>][-+0-9]*")
# A password may hold any character, whatever a parser of addresses makes of that. Groups are atomic where a `{{ … }}`
# could also be read character by character: with the two ways there would be no end to trying both.
_PASSWORD = re.compile(
    r"(?P<before>://(?:\{\{[^{}]*+\}\}|\$\{[^{}]*+\}|[^\s/?#:@])*+:)(?P<hidden>(?>\{\{[^{}]*+\}\}|\S)*)(?=@)"
)
_USER_OF_PAGE = re.compile(r"(?P<before>\bhttps?://)(?P<hidden>(?:\{\{[^{}]*+\}\}|[^\s/?#@:])++)(?=@)", re.IGNORECASE)
_PARAMETER = re.compile(rf"(?P<before>[?&;](?:{TELLING_PARAMETER})=)(?P<hidden>[^&\s\"']*)", re.IGNORECASE)
_INNER_PASSWORD = re.compile(
    r"(?P<before>(?:passw|pwd)\w{0,40}(?:=|%3D)[ \t]*)(?P<hidden>(?:(?!%3B)[^&;\s\"'])+)", re.IGNORECASE
)
# No map where a map of headers should stand: any part of it may be the secret.
_NO_HEADERS = re.compile(rf"(?P<before>\b{HEADERS}[\"']?[ \t]*:[ \t]*)(?P<hidden>[^\s{{].*)")


def mask_secrets(lines: Sequence[str], index: int) -> str | None:
    """The line at `index`, in which literal secrets are hidden: those of its keys, of a key above it, and of URLs.

    None where the line is too long to be shown.
    """
    line = lines[index]
    if len(line) > SHOWN_LENGTH:
        return None
    if _continues_secret(lines, index):
        indent = _indent(line)
        return line[:indent] + _hide(line[indent:])
    for pattern in (_PASSWORD, _USER_OF_PAGE, _PARAMETER, _INNER_PASSWORD, _NO_HEADERS):
        line = pattern.sub(lambda found: found["before"] + _hide(found["hidden"]), line)
    return _mask_beside(_BARE_KEY, _mask_beside(_KEY, line))


@lru_cache(maxsize=1_000)
def names_secret(key: str) -> bool:
    """Whether a key's name, spelled right or not, says that a secret stands beside it."""
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    return _TELLING.search(plain) is not None or find_nearest(plain, SECRET_KEYS, cutoff=0.8) is not None


def _hide(text: str) -> str:
    bare = text.strip().strip("\"'")
    return text if _REFERENCES.fullmatch(bare) or _BLOCK.fullmatch(bare) else DOT * len(text)


def _mask_beside(key: re.Pattern[str], line: str) -> str:
    parts, at = [], 0
    for found in key.finditer(line):
        if found.start() < at or not names_secret(found["name"]) or _is_in_reference(line, found.start()):
            continue
        value = _find_value(line, found)
        if value is not None:
            text = value.group().rstrip()
            parts.append(line[at : value.start()] + _hide(text))
            at = value.start() + len(text)
    return "".join([*parts, line[at:]])


def _find_value(line: str, key: re.Match[str]) -> re.Match[str] | None:
    """What stands beside a key: where the key begins its line, whatever follows but for a comment on a reference."""
    if not line[: key.start()].strip(" \t-"):
        return _COMMENTED.match(line, key.end()) or _REST.match(line, key.end())
    return next(filter(None, (kind.match(line, key.end()) for kind in (_QUOTED, _LIST, _PLAIN))), None)


def _is_in_reference(line: str, at: int) -> bool:
    return any(found.start() <= at < found.end() for found in _REFERENCES.finditer(line))


def _continues_secret(lines: Sequence[str], index: int) -> bool:
    """Whether the line belongs to the value of a secret's key that stands on a line of its own above it."""
    indent = _indent(lines[index])
    for above in range(index - 1, max(-1, index - 50), -1):
        line = lines[above]
        if line.strip() and _indent(line) < indent:
            found = _KEY.match(line.lstrip(" -"))
            is_list = lines[index].lstrip().startswith("-")
            return found is not None and (names_secret(found["name"]) or (is_list and found["name"] == HEADERS))
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
