"""A problem as text: at its place, printable whatever a file holds, and without a telephone number."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Place, Problem, Severity
from runner.render.problems import EXCERPT_WIDTH, count_problems, printable, render_problem, render_problems


def _problem(excerpt: str | None, column: int = 1, width: int = 1, **more) -> Problem:
    return Problem(
        "some-code", "something is wrong", Place("campaigns/x.yaml", 7, column, width), None, excerpt, **more
    )


def test_a_problem_names_place_code_and_message_and_shows_the_line():
    problem = Problem("unknown-key", "`nmae` is no key", Place("a.yaml", 12, 3, 4), "did you mean `name`?", "  nmae: x")
    assert render_problem(problem) == (
        "a.yaml:12:3: error[unknown-key]: `nmae` is no key\n"
        "12 |   nmae: x\n"
        "   |   ^^^^\n"
        "   = hint: did you mean `name`?"
    )


def test_a_problem_of_no_file_has_no_place():
    assert render_problem(Problem("no-project", "no project here", hint="make one")) == (
        "error[no-project]: no project here\n  = hint: make one"
    )
    assert render_problem(Problem("a", "b", severity=Severity.WARNING)) == "warning[a]: b"


def test_a_caret_stands_under_what_is_meant_beside_wide_characters_and_tabs():
    for before in ("日本語 ", "a\tb ", "e\u0301 ", "\u200b ", "\x1b ", "🎉 "):
        shown, carets = render_problem(_problem(f"{before}HERE", len(before) + 1, 4)).splitlines()[1:3]
        width = sum(
            0 if unicodedata.category(c) == "Mn" else 2 if unicodedata.east_asian_width(c) in "WF" else 1
            for c in shown[: shown.index("HERE")]
        )
        assert carets[width:] == "^^^^"
        assert not carets[:width].strip(" |")


@pytest.mark.parametrize(("column", "width"), [(1, 3), (100, 3), (300, 3), (120, 400), (599, 2), (700, 5)])
def test_a_long_line_is_cut_around_the_caret(column, width):
    excerpt = "".join(chr(0x61 + n % 26) for n in range(600))
    shown, carets = render_problem(_problem(excerpt, column, width)).splitlines()[1:3]
    assert len(shown) <= EXCERPT_WIDTH + 6
    assert len(carets) <= EXCERPT_WIDTH + 6
    if column <= 600:
        assert shown[carets.index("^")] == excerpt[column - 1]


def test_a_caret_behind_the_end_of_a_line_stands_there():
    assert render_problem(_problem("name:", 6)).splitlines()[2] == "  |      ^"


def test_numbers_are_masked_in_message_line_and_hint():
    problem = Problem("x", "`06 39 98 01 12` is wrong", Place("a", 1, 1, 1), 'write "+33639980112"', "- 0639980112")
    assert "6399" not in render_problem(problem).replace(" ", "").replace("6 39 98", "")
    assert "12" in render_problem(problem)


@given(st.text(max_size=80), st.text(max_size=80), st.integers(1, 100), st.integers(1, 100))
def test_nothing_that_a_file_holds_moves_the_cursor(message, excerpt, column, width):
    problem = Problem("x", message, Place(message, 1, column, width), excerpt, excerpt)
    for character in render_problem(problem):
        assert character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


@given(st.text())
def test_printable_keeps_the_length_and_whatever_can_be_shown(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(a == b for a, b in zip(text, shown, strict=True) if unicodedata.category(a)[0] not in "CZ")
    assert printable(shown) == shown


def test_controls_are_shown_by_their_pictures():
    assert printable("a\x1b[31m\n\x7f\x9b\u202e\ud800é ") == "a␛[31m␊␡���é "


def test_colour_only_emphasises():
    problem = _problem("name: x")
    coloured = render_problem(problem, color=True)
    assert "\x1b[" in coloured
    plain = coloured
    for code in ("0", "1", "1;31", "1;33", "1;34"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert plain == render_problem(problem)


def test_all_problems_end_in_their_count():
    problems = [_problem("a"), _problem("b"), Problem("w", "m", Place("other"), severity=Severity.WARNING)]
    assert render_problems(problems).endswith("\n\n2 errors and 1 warning in 2 files")
    assert count_problems(problems[:1]) == "1 error in 1 file"
    assert count_problems([Problem("a", "b")]) == "1 error"
