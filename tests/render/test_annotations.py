"""Problems beside their lines in a pull request: whatever the files hold, an annotation stays one annotation."""

from __future__ import annotations

import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Place, Problem, Severity
from runner.render.annotations import render_github, render_gitlab

COMMAND = re.compile(r"::(error|warning) ([^:]*)::(.*)")
ANY = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("%\r\n:,[]#\x1b\u2028")), max_size=40)


def unescape(text: str) -> str:
    """As GitHub's runner reads them."""
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


def problem(code="unknown-key", message="m", *, path="campaigns/a.yaml", line=3, **more) -> Problem:
    return Problem(code, message, Place(path, line, 5, 4), **more)


def test_a_problem_stands_at_its_place_with_its_code_and_what_to_do():
    assert render_github([problem(message="`x` is no key", hint="did you mean `y`?")]) == (
        "::error file=campaigns/a.yaml,line=3,col=5,endLine=3,endColumn=9,title=unknown-key::"
        "`x` is no key%0Ahint: did you mean `y`?"
    )


def test_the_file_is_named_from_the_repository():
    assert "file=mail/2027/campaigns/a.yaml," in render_github([problem()], folder="mail/2027")
    (told,) = json.loads(render_gitlab([problem()], folder="mail/2027"))
    assert told["location"] == {"path": "mail/2027/campaigns/a.yaml", "lines": {"begin": 3}}


@given(message=ANY, hint=ANY, path=ANY)
def test_nothing_that_a_file_holds_ends_an_annotation_or_begins_another(message, hint, path):
    text = render_github([problem(message=message, hint=hint, path=f"campaigns/{path}")])
    assert len(re.split(r"[\r\n\u2028\u2029\x85]", text)) == 1
    severity, properties, said = COMMAND.fullmatch(text).groups()
    assert severity == "error"
    assert [pair.partition("=")[0] for pair in properties.split(",")] == [
        *("file", "line", "col", "endLine", "endColumn", "title")
    ]
    assert not re.search(r"%(?!25|0A)", said)
    assert unescape(said).count("\n") <= 1


@given(message=ANY, hint=ANY, path=ANY)
def test_a_report_for_gitlab_is_json_whatever_the_files_hold(message, hint, path):
    (told,) = json.loads(render_gitlab([problem(message=message, hint=hint, path=path)]))
    assert set(told) == {"description", "check_name", "fingerprint", "severity", "location"}
    # Blanks of other widths do no harm: what could hide or move text does.
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, told["description"]))


def test_ten_of_a_severity_are_told_and_the_tenth_counts_what_is_left_out():
    ten = [problem(line=line) for line in range(1, 11)]
    assert len(render_github(ten).splitlines()) == 10
    warnings = [problem(line=line, severity=Severity.WARNING) for line in range(1, 4)]
    lines = render_github([*ten, problem(line=11), problem(line=12), *warnings]).splitlines()
    assert len(lines) == 13
    assert lines[9] == "::error title=and 3 more::and 3 more: `campaign validate` tells them all"


def test_a_number_is_masked_in_both():
    told = [problem(message="`06 39 98 01 12` is no key", hint="quote +33639980112")]
    for text in (render_github(told), render_gitlab(told)):
        assert "39 98 01" not in text
        assert "639980112" not in text


def test_a_fingerprint_outlives_a_move_and_is_nobody_elses():
    first, second = (json.loads(render_gitlab([problem(line=line)]))[0]["fingerprint"] for line in (3, 30))
    assert first == second
    twice = json.loads(render_gitlab([problem(line=3), problem(line=9), problem(code="missing-key")]))
    assert len({told["fingerprint"] for told in twice}) == 3


def test_what_stands_nowhere_has_a_place_where_one_is_needed():
    nowhere = [Problem("no-place", "m", severity=Severity.WARNING)]
    assert render_github(nowhere) == "::warning title=no-place::m"
    (told,) = json.loads(render_gitlab(nowhere))
    assert (told["location"]["path"], told["severity"]) == ("campaigns.yaml", "minor")


def test_no_file_goes_without_an_annotation_because_another_has_many_problems():
    many = [problem(line=line) for line in range(1, 51)]
    told = render_github([*many, problem(path="campaigns/b.yaml"), problem(path="campaigns/c.yaml")]).splitlines()
    files = [COMMAND.fullmatch(line)[2].partition(",")[0] for line in told]
    assert files == [
        *["file=campaigns/a.yaml"] * 7,
        "file=campaigns/b.yaml",
        "file=campaigns/c.yaml",
        "title=and 43 more",
    ]
