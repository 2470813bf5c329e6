"""What was probably meant by a line that YAML can't read."""

from __future__ import annotations

import re

_KEY_ON_LINE = re.compile(r"(?P<indent>\s*)(?P<outer>[a-z_]+): +(?P<inner>[a-z_]+)")
_NEXT_KEY = re.compile(r".*, *(?P<key>[a-z_]+)")


def hint_second_colon(line: str, column: int) -> str:
    """What to do about a second `: ` at `column` of a line."""
    before = line[:column].rstrip()
    on_line, after_comma = _KEY_ON_LINE.fullmatch(before), _NEXT_KEY.fullmatch(before)
    if on_line is not None:
        inner = line[on_line.start("inner") :].strip()
        return f"put `{inner}` on a line of its own, indented, below `{on_line['outer']}:`"
    if after_comma is not None:
        return f"begin a new line with `{after_comma['key']}:`, without the comma, or put the value in quotes"
    return "if it belongs to the value, put the value in quotes; if not, begin a new line"


def hint_line(line: str) -> str:
    """What a line that is no `key: value` was probably meant to be."""
    if line.startswith("//"):
        return "a comment begins with `#`"
    if re.match(r"-[^\s-]", line):
        return "a space is missing after the `-`"
    other = re.fullmatch(r"(?P<key>(?:- +)?[\w-]+)(?: *[=;] *(?P<value>.*))?", line)
    if other is None:
        return "write a key, a colon and a space before the value"
    return f"write `{other['key']}: {other['value']}`" if other["value"] else f"write `{other['key']}:`"


def hint_after(line: str, column: int) -> str:
    """What to do about a text that stands at `column` of a line behind a value that has ended there."""
    before = line[:column].rstrip()
    key = re.match(r" *(?:- +)?(?P<key>\w+): *['\"]", line)
    if key is not None and "'" in line and '"' in line:
        return f"write `{key['key']}: |`, and the value as it is on the next line, indented, with nothing around it"
    if before.endswith("'"):
        return "put the whole value in double quotes; inside single quotes a `'` is written twice"
    if before.endswith('"'):
        return 'put the whole value in single quotes; inside double quotes a `"` is written `\\"`'
    return "put the whole value in quotes, or begin a new line"
