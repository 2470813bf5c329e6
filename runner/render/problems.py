"""Problems as text: where, what, the source line with a caret under what is meant, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from runner.errors import Place, Problem, Severity
from runner.numbers import mask_name, mask_numbers

EXCERPT_WIDTH = 72
"""Columns of a source line that are shown: with its gutter it fits a terminal of 80."""
TAB = "    "
UNPRINTABLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
BOLD, RED, YELLOW, BLUE = "1", "1;31", "1;33", "1;34"


def printable(text: str) -> str:
    """`text` in which nothing moves the cursor, hides, turns or breaks the line: each such character is shown as one.

    Controls become their pictures (`␛`); formats, surrogates, separators of lines and unknown ones become `\ufffd`.
    """
    if text.isprintable():
        return text
    return "".join(map(_show_character, text))


def _show_character(character: str) -> str:
    if unicodedata.category(character) not in UNPRINTABLE:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"


def render_problems(problems: Sequence[Problem], *, color: bool = False) -> str:
    """All problems, one below the other, and how many there are in how many files."""
    told = [render_problem(problem, color=color) for problem in problems]
    return "\n\n".join([*told, count_problems(problems)])


def count_problems(problems: Sequence[Problem]) -> str:
    """How many there are of each severity, and in how many files: `3 errors and 1 warning in 2 files`."""
    counts = [(severity, sum(p.severity is severity for p in problems)) for severity in Severity]
    told = " and ".join(f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts if count)
    files = len({problem.place.path for problem in problems if problem.place is not None})
    where = f" in {files} file{'s' if files > 1 else ''}" if files else ""
    return f"{told or 'no problems'}{where}"


def render_problem(problem: Problem, *, color: bool = False) -> str:
    """One problem: `PATH:LINE:COLUMN: error[code]: message`, then its source line with a caret, then its hint.

    Everything is printable, and whatever could be a telephone number is masked.
    """
    tone = RED if problem.severity is Severity.ERROR else YELLOW
    head = _paint(f"{problem.severity}[{problem.code}]:", tone, color=color)
    message = mask_numbers(printable(problem.message))
    lines = [f"{_where(problem.place, color=color)}{head} {_paint(message, BOLD, color=color)}"]
    gutter = " "
    if problem.place is not None and problem.excerpt is not None:
        gutter = " " * len(str(problem.place.line))
        lines += _draw_excerpt(problem.place, problem.excerpt, tone, color=color)
    if problem.hint:
        hint = mask_numbers(printable(problem.hint))
        lines.append(f"{gutter} {_paint('= hint:', BLUE, color=color)} {hint}")
    return "\n".join(lines)


def _where(place: Place | None, *, color: bool) -> str:
    if place is None:
        return ""
    return _paint(f"{printable(mask_name(place.path))}:{place.line}:{place.column}:", BOLD, color=color) + " "


def _paint(text: str, code: str, *, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


def _draw_excerpt(place: Place, excerpt: str, tone: str, *, color: bool) -> list[str]:
    """The source line and a line of carets, both cut around the caret where the line is long."""
    start = min(place.column - 1, len(excerpt))
    stop = max(start + 1, min(start + place.width, len(excerpt)))
    line = [TAB if character == "\t" else _show_character(character) for character in mask_numbers(excerpt)]
    first, last = _choose_window(line, start, stop)
    shown = "".join(line[first:last])
    before = sum(map(_columns, line[first:start])) + (1 if first else 0)
    width = max(1, sum(map(_columns, line[start : min(stop, last)])))
    cut_line = f"{'…' if first else ''}{shown}{'…' if last < len(line) else ''}".rstrip()
    number = str(place.line)
    bar = _paint(f"{' ' * len(number)} |", BLUE, color=color)
    return [
        f"{_paint(f'{number} |', BLUE, color=color)} {cut_line}".rstrip(),
        f"{bar} {' ' * before}{_paint('^' * width, tone, color=color)}",
    ]


def _choose_window(line: Sequence[str], start: int, stop: int) -> tuple[int, int]:
    """Which characters to show: all where they fit, else a stretch that holds the caret and some of what is before."""
    if sum(map(_columns, line)) <= EXCERPT_WIDTH:
        return 0, len(line)
    first = last = start
    room = EXCERPT_WIDTH
    lead = EXCERPT_WIDTH // 3
    while first > 0 and (cost := _columns(line[first - 1])) <= min(lead, room):
        first, lead, room = first - 1, lead - cost, room - cost
    while last < len(line) and (cost := _columns(line[last])) <= room:
        last, room = last + 1, room - cost
    while first > 0 and last >= stop and (cost := _columns(line[first - 1])) <= room:
        first, room = first - 1, room - cost
    return first, last


def _columns(shown: str) -> int:
    """Columns of a terminal that one shown character takes: none for marks set above others, two for wide ones."""
    if len(shown) != 1:
        return len(shown)
    if unicodedata.category(shown) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(shown) in ("W", "F") else 1
