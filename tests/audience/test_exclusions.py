"""Exclusions fail closed: whom one would have protected is not known until all of it is read."""

from __future__ import annotations

import pytest

ROWS = "phone\n0639980001\n0639980002\n0639980003\n"


def _reasons(rows):
    return [reason for _, reason, _ in rows]


def test_numbers_of_exclusions_are_not_reached_however_they_are_spelled(judge):
    exclusion = "nom;tél;x\nZoé;+33 (0)6 39 98 00 02;1\n".replace("tél", "téléphone").encode("cp1252")
    assert _reasons(judge({"a.csv": ROWS, "x.csv": exclusion}, exclude=[{"file": "x.csv"}])) == [
        "pending", "excluded", "pending"
    ]  # fmt: skip


def test_all_exclusions_count(judge):
    exclude = [{"numbers": ["0639980001"]}, {"file": "x.csv", "where": "n = 1"}]
    files = {"a.csv": ROWS, "x.csv": "phone;n\n0639980002;2\n0639980003;1\n"}
    assert _reasons(judge(files, exclude=exclude)) == ["excluded", "pending", "excluded"]


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        (None, {}, "exclusion-missing"),
        (None, {"allow_empty": True, "on_invalid": "ignore"}, "exclusion-missing"),
        ("", {}, "exclusion-empty"),
        ("phone\n", {}, "exclusion-empty"),
        ("phone\n", {"on_invalid": "ignore"}, "exclusion-empty"),
        ("id;phone\n1;\n2;\n", {}, "exclusion-empty"),
        ("phone;n\n0639980001;1\n", {"where": "n = 2"}, "exclusion-empty"),
        ("phone\n0639980002\nnéant\n", {}, "exclusion-invalid"),
        ("phone\n0639980002\nnéant\n", {"allow_empty": True}, "exclusion-invalid"),
        ("phone\n0639980002\n06 39 98 00\n", {}, "exclusion-invalid"),
        ("phone;n\n0639980002;1;x\n", {}, "exclusion-invalid"),
        ("n;phone\n1;0639980002\n2\n", {}, "exclusion-invalid"),
        ('n;phone\n1;0639980002\n"2;0639980003\n3;0639980001\n', {}, "exclusion-invalid"),
        ("phone\n6,40E+08\n", {}, "exclusion-invalid"),
        ("id;contact\n1;0639980002\n", {}, "no-such-column"),
        ("phone;n\n0639980002;1\n", {"where": "m = 1"}, "no-such-column"),
        ("PK\x03\x04", {}, "not-a-table"),
    ],
)
def test_an_exclusion_that_cannot_be_read_whole_blocks(refuse, content, words, code):
    files = {"a.csv": ROWS} if content is None else {"a.csv": ROWS, "x.csv": content}
    (problem,) = refuse(files, exclude=[{"file": "x.csv", **words}])
    assert problem.code == code
    assert problem.place.line == 50
    assert problem.excerpt
    assert "63998" not in f"{problem.message} {problem.hint}"


def test_the_first_row_that_is_no_number_is_named_by_file_and_row(refuse):
    files = {"a.csv": ROWS, "x/1.csv": "phone\n0639980001\n", "x/2.csv": "phone\n0639980002\nx\ny\n"}
    (problem,) = refuse(files, exclude=[{"file": "x/*.csv"}])
    assert "2 rows" in problem.message
    assert "row 2 of `x/2.csv` (no-number), row 3 of `x/2.csv` (no-number)" in problem.message


def test_of_many_rows_that_are_no_number_the_first_are_named_each_with_its_reason_and_the_others_counted(refuse):
    rows = ["x", "06 12", "0639980001 a", *["y"] * 40]
    (problem,) = refuse({"a.csv": ROWS, "x.csv": "\n".join(["phone", *rows, ""])}, exclude=[{"file": "x.csv"}])
    named = "row 1 of `x.csv` (no-number), row 2 of `x.csv` (too-short), row 3 of `x.csv` (letters)"
    assert f"43 rows that are no number of any country: {named}" in problem.message
    assert problem.message.endswith("and 38 more")


@pytest.mark.parametrize("content", ["", "phone\n", "n;phone\n1;\n"])
def test_an_exclusion_may_be_empty_where_it_says_so(judge, content):
    exclude = [{"file": "x.csv", "allow_empty": True}]
    assert _reasons(judge({"a.csv": ROWS, "x.csv": content}, exclude=exclude)) == ["pending"] * 3


def test_rows_that_are_no_number_exclude_nobody_where_that_is_said(judge):
    exclude = [{"file": "x.csv", "on_invalid": "ignore"}]
    files = {"a.csv": ROWS, "x.csv": "phone;n\nx;1\n0639980002;1\n0639980003;1;z\n"}
    assert _reasons(judge(files, exclude=exclude)) == ["pending", "excluded", "pending"]


def test_whom_an_ignored_row_would_have_protected_is_counted_in_a_warning(build, project):
    root = project({"a.csv": ROWS, "x.csv": "phone\nx\n0639980002\n"})
    with build(root, [{"file": "a.csv"}], [{"file": "x.csv", "on_invalid": "ignore"}]) as audience:
        (warning,) = audience.warnings
        assert (warning.code, warning.severity) == ("exclusion-invalid", "warning")
        assert "row 1 of `x.csv`" in warning.message


def test_an_exclusion_without_any_number_is_told_even_where_it_may_have_none(build, project):
    root = project({"a.csv": ROWS, "x.csv": "phone\nx\n"})
    with build(root, [{"file": "a.csv"}], [{"file": "x.csv", "on_invalid": "ignore"}]) as audience:
        assert audience.rows.pending == 3
        assert [(problem.code, problem.severity) for problem in audience.warnings] == [
            ("exclusion-without-number", "warning")
        ]


def test_rows_whose_column_is_empty_exclude_nobody_and_are_counted(build, project):
    root = project(
        {"a.csv": ROWS, "x.csv": "n;phone\n1;\n2;0639980002\n3;  \n", "y.csv": "phone;n\n;1\n0639980001;1\n"}
    )
    with build(root, [{"file": "a.csv"}], [{"file": "x.csv"}, {"file": "y.csv"}, {"numbers": ["", "0639980009"]}]) as a:
        assert (a.rows.excluded, a.rows.pending, a.blank_exclusions) == (2, 1, 4)
        assert a.warnings == ()


def test_a_number_of_any_country_may_be_excluded(judge):
    exclude = [{"numbers": ["+41 44 668 18 00", "0800 123 456", "+262 692 12 34 56", "0639980001"]}]
    assert _reasons(judge({"a.csv": ROWS}, exclude=exclude)) == ["excluded", "pending", "pending"]


def test_numbers_kept_for_fiction_are_numbers_in_the_sandbox_alone(refuse):
    problems = refuse({"a.csv": ROWS}, exclude=[{"numbers": ["0639980001"]}], fiction=False)
    assert [problem.code for problem in problems] == ["exclusion-invalid"]


def test_what_is_wrong_with_exclusions_and_recipients_is_told_at_once(refuse):
    exclude = [{"numbers": ["x"]}, {"file": "x.csv"}, {"file": "a.csv"}]
    problems = refuse({"a.csv": ROWS}, [{"file": "b.csv"}], exclude)
    assert [(p.place.line, p.code) for p in problems] == [
        (10, "no-such-file"),
        (51, "exclusion-missing"),
        (50, "exclusion-invalid"),
    ]
