"""Secrets in a source line: whatever stands beside a key that names one is hidden before the line is shown.

It works on the bare text, so that it also holds in a file that can't be read as YAML, and for misspelt keys. What is
hidden keeps its length, so that a caret keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from runner.project.french import translate_key
from runner.project.nearest import find_nearest

SECRET_KEYS = ("api_key", "state_key")
HEADERS = "headers"
ACCOUNTS = "accounts"
ODD_BLANKS = "\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
"""Blanks of word processors and web pages, seen as spaces or not at all, as a set of a regular expression."""
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
_BLANK = rf"[ \t{ODD_BLANKS}]"
# Of several words, as in `Clé d'API` or `mot de passe de l'API`.
_KEY = re.compile(
    rf"""(?P<quote>["']?)\b(?P<name>[A-Za-z_][\w.-]{{0,60}}(?:{_BLANK}[\w.'\u2019-]{{1,40}}){{0,5}})(?P=quote)"""
    rf"{_BLANK}*+[:=]{_BLANK}*+"
)
_BARE_KEY = re.compile(r"\b(?P<name>(?:api|state)[_ -]?key)\b[ \t]*+(?![:=])", re.IGNORECASE)
# `${…}` as it may stand anywhere: a name, well spelled or not, or a path; never a default, which could be a secret.
_REFERENCES = re.compile(r"(?:\$\{(?:file:[^{}]*|[\w.-]*)\}|\{\{[^{}]*\}\})+")
# Where anything but the end of a value in braces follows the quotes, it belongs to the value.
_QUOTED = re.compile(r"""(?>"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)(?=\s*+(?:[,}\]#]|$))""")
# It goes on over what ends a value in braces only where nothing else can follow: behind a comma, another key.
_PLAIN = re.compile(
    r"(?:\$\{[^}]*+\}?|\{\{.*?\}\}|[^\s])"
    r"(?:\$\{[^}]*+\}?|[^,}]|,(?!\s++[\"']?\w[\w. -]{0,60}+[\"']?\s*+:)|\}(?=[^\s,}\]]))*"
)
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
# One key and its value of a map in braces, and the map that an account should be.
_PAIR = re.compile(rf"""{_BLANK}*+(?P<quote>["']?)[\w-]{{1,60}}(?P=quote){_BLANK}*+:{_BLANK}*+""")
_MAP = re.compile(r"\{(?:\$\{[^{}]*\}|[^{}])*+\}?")
_NEXT = re.compile(r"[ \t]*+,")
_END = re.compile(r"[ \t]*+\}")


def mask_secrets(lines: Sequence[str], index: int) -> str | None:
    """The line at `index`, in which literal secrets are hidden: those of its keys, of a key above it, and of URLs.

    None where the line is too long to be shown.
    """
    line = lines[index]
    if len(line) > SHOWN_LENGTH:
        return None
    above = list(_name_keys_above(lines, index))
    if any(map(names_secret, above)):
        indent = _indent(line)
        return line[:indent] + _hide(line[indent:])
    if any(map(names_headers, above)):
        line = _hide_value(line)
    elif above and _names_accounts(above[0]):
        line = _hide_value(line, but=_MAP)
    for pattern in (_PASSWORD, _USER_OF_PAGE, _PARAMETER, _INNER_PASSWORD):
        line = pattern.sub(lambda found: found["before"] + _hide(found["hidden"]), line)
    return _mask_beside(_BARE_KEY, _mask_beside(_KEY, _mask_maps(line)))


@lru_cache(maxsize=1_000)
def names_secret(key: str) -> bool:
    """Whether a key's name, spelled right or not, says that a secret stands beside it."""
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    return _TELLING.search(plain) is not None or find_nearest(plain, SECRET_KEYS, cutoff=0.8) is not None


@lru_cache(maxsize=1_000)
def names_headers(key: str) -> bool:
    """Whether a key's name, spelled right or not, says that headers stand below it, any of which may be secret."""
    return _names(key, HEADERS)


@lru_cache(maxsize=1_000)
def _names_accounts(key: str) -> bool:
    return key.strip().lower() != "account" and _names(key, ACCOUNTS)


def _names(key: str, known: str) -> bool:
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    return translate_key(plain) == known or find_nearest(plain, [known], cutoff=0.8) is not None


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


def _hide_value(line: str, but: re.Pattern[str] | None = None) -> str:
    """The line without what stands beside its key, or without anything where it has none; a map `but` is left."""
    indent = len(line) - len(line.lstrip(" \t-"))
    key = (_PAIR if but is None else _KEY).match(line, indent)
    start = key.end() if key is not None else indent
    if key is not None and (start == len(line) or (but is not None and but.match(line, start))):
        return line
    value = _COMMENTED.match(line, start) or _REST.match(line, start)
    return line if value is None else line[:start] + _hide(value.group()) + line[value.end() :]


def _mask_maps(line: str) -> str:
    """The line without the values of its headers, and without what stands where the map of an account should."""
    for found in _KEY.finditer(line):
        last = found["name"].rpartition(" ")[2]
        is_headers = names_headers(last) or names_headers(found["name"])
        if is_headers or _names_accounts(last):
            line = line[: found.end()] + _hide_in_map(line[found.end() :], but=None if is_headers else _MAP)
    return line


def _hide_in_map(text: str, but: re.Pattern[str] | None) -> str:
    """A map in braces without its values, but for those that are a map `but`; what is no such map is hidden whole."""
    parts, at = [text[:1]], 1
    if not text.startswith("{"):
        return _hide(text)
    while (key := _PAIR.match(text, at)) is not None:
        kept = but.match(text, key.end()) if but is not None else None
        value = kept or next(filter(None, (kind.match(text, key.end()) for kind in (_QUOTED, _LIST, _PLAIN))), None)
        end = value.end() if value is not None else key.end()
        shown = text[key.end() : end]
        parts += text[at : key.end()], shown if kept else _hide(shown)
        following = _NEXT.match(text, end)
        at = following.end() if following is not None else end
        parts.append(text[end:at])
        if following is None:
            break
    rest = text[at:]
    return "".join([*parts, rest if not rest.strip() or _END.match(rest) else _hide(rest)])


def _is_in_reference(line: str, at: int) -> bool:
    return any(found.start() <= at < found.end() for found in _REFERENCES.finditer(line))


def _name_keys_above(lines: Sequence[str], index: int) -> Iterator[str]:
    """The keys to whose values the line belongs, the nearest one first, by how far the lines above are indented."""
    limit = _reach(lines[index])
    for line in reversed(lines[max(0, index - 50) : index]):
        bare = line.lstrip(" \t-")
        if bare and not bare.startswith("#"):
            found = _KEY.match(bare) if len(line) - len(bare) < limit else None
            if found is not None:
                yield found["name"]
            limit = min(limit, _reach(line))


def _reach(line: str) -> int:
    """The column before which a key stands that holds this line; an item's key may stand in its own column."""
    return _indent(line) + line.lstrip().startswith("-")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
