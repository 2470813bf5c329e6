"""Rows as people's files have them: blank, ragged, hurt by quotes. None is lost, merged or padded in silence."""

from __future__ import annotations

import pytest

from runner.audience.rows import Hurt


def _number(row: int) -> str:
    return f"06399800{row:02d}"


def _reasons(rows):
    return [reason for _, reason, _ in rows]


def _why(build, project, text: str, **words):
    root = project({"a.csv": text})
    with build(root, [{"file": "a.csv", **words}]) as audience:
        return [(row.row, row.why, row.text) for row in audience.read_rows(dropped=True)]


def test_a_line_without_any_value_is_no_row(judge):
    text = f'id;phone\n\n1;{_number(1)}\n;\n ; \n\u00a0;\t\n"";""\n\n2;{_number(2)}\n;\n'
    assert judge({"a.csv": text}) == [(1, "pending", _number(1)), (2, "pending", _number(2))]


def test_a_blank_line_of_a_table_with_one_column_is_no_row(judge):
    text = f'phone\n\n{_number(1)}\n   \n\u200b\n""\n{_number(2)}\n'
    assert judge({"a.csv": text}) == [(1, "pending", _number(1)), (2, "pending", _number(2))]


def test_a_row_whose_column_is_empty_is_invalid(build, project):
    assert _why(build, project, f'id;phone\n1;\n2; \n3;""\n4;{_number(4)}\n') == [
        (1, "empty", ""),
        (2, "empty", " "),
        (3, "empty", ""),
    ]


def test_a_short_row_is_read_where_its_column_is_there_and_invalid_where_it_is_missing(build, project, judge):
    text = f"id;phone;city;note\n1;{_number(1)}\n2;{_number(2)};Lyon\n3\n4;{_number(4)};Lyon;x\n"
    assert _reasons(judge({"a.csv": text})) == ["pending", "pending", "invalid", "pending"]
    assert _why(build, project, text) == [(3, Hurt.MISSING, "3")]


def test_a_row_with_surplus_cells_is_invalid_since_its_column_may_be_another(build, project):
    text = f"name;partner;phone\nDurand; Zoé;{_number(1)};{_number(2)}\nPetit;{_number(3)};{_number(4)}\n"
    assert _why(build, project, text) == [(1, Hurt.SURPLUS, f"Durand; Zoé;{_number(1)};{_number(2)}")]


def test_surplus_cells_without_a_value_are_nothing(judge):
    assert _reasons(judge({"a.csv": f"id;phone\n1;{_number(1)};;\n2;{_number(2)}\n"})) == ["pending", "pending"]


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_ends(judge):
    text = f'note;phone\n"a; b";{_number(1)}\n"5"" x 7""";{_number(2)}\n"12, rue\nBât. B\n\n";{_number(3)}\n'
    assert judge({"a.csv": text}) == [(n, "pending", _number(n)) for n in (1, 2, 3)]


def test_a_number_may_stand_in_a_cell_over_two_lines(judge):
    assert judge({"a.csv": f'id;phone\n1;"{_number(1)}\n"\n2;{_number(2)}\n'}) == [
        (1, "pending", f"{_number(1)}\n"),
        (2, "pending", _number(2)),
    ]


def test_a_quote_inside_a_cell_that_does_not_start_with_one_is_a_sign(judge):
    assert judge({"a.csv": f'note;phone\nÉcran 24";{_number(1)}\nx "y" z;{_number(2)}\n'}) == [
        (1, "pending", _number(1)),
        (2, "pending", _number(2)),
    ]


def test_a_cell_with_a_stray_quote_hurts_the_row_only_where_the_column_is_not_sure(build, project, judge):
    text = f'name;phone\n"Le "Petit";{_number(1)}\n"Du"pont";x;{_number(2)}\nx;"{_number(3)}"4\ny;{_number(5)}\n'
    assert _reasons(judge({"a.csv": text})) == ["pending", "invalid", "invalid", "pending"]
    assert [why for _, why, _ in _why(build, project, text)] == [Hurt.QUOTES, Hurt.QUOTES]


def test_a_pair_of_stray_quotes_merges_no_rows(build, project):
    text = f'name;phone\n"Durand;{_number(1)}\nMartin;{_number(2)}\nPetit";{_number(3)}\nZoé;{_number(4)}\n'
    assert _why(build, project, text) == [
        (1, Hurt.QUOTES, f'"Durand;{_number(1)}'),
        (2, Hurt.QUOTES, f"Martin;{_number(2)}"),
        (3, Hurt.QUOTES, f'Petit";{_number(3)}'),
    ]


@pytest.mark.parametrize("column", ["phone", "number"])
def test_stray_quotes_before_and_after_the_column_merge_no_rows(judge, column):
    lines = [f'{_number(1)};x;"Durand', f"{_number(2)};x;Martin;y", f'{_number(3)};x;Petit"', f"{_number(4)};x;Zoé"]
    text = f"{column};y;name\n" + "\n".join(lines)
    assert _reasons(judge({"a.csv": text})) == ["invalid", "invalid", "invalid", "pending"]


def test_two_numbers_between_quotes_in_a_table_of_one_column_are_no_row_that_can_be_read(judge):
    assert _reasons(judge({"a.csv": f'phone\n"{_number(1)}\n{_number(2)}"\n{_number(3)}\n'})) == [
        "invalid", "invalid", "pending"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("a;phone;b", [f'x;{_number(1)};"', f'";{_number(2)};b']),
        ("a;phone;b", [f'x;{_number(1)};"', f'";{_number(2)}']),
        ("a;phone;b", [f'x;{_number(1)};"', '";;']),
        ("a;phone;b", ['"x;;b', 'y;;b"']),
        ("a;phone;b", [f'x;{_number(1)};"', "", f'y;x;";{_number(2)};b']),
    ],
)
def test_two_stray_quotes_never_make_one_row_of_two(build, project, header, lines):
    found = _why(build, project, "\n".join([header, *lines, ""]))
    assert found == [(row, Hurt.QUOTES, line) for row, line in enumerate(filter(None, lines), 1)]


def test_a_row_over_two_lines_that_ends_in_one_delimiter_more_is_read(judge):
    text = f'a;phone;b\nx;{_number(1)};"12 rue\nLyon";\ny;{_number(2)};b;\n'
    assert judge({"a.csv": text}) == [(1, "pending", _number(1)), (2, "pending", _number(2))]


def test_a_quote_that_is_never_closed_takes_its_own_row_alone(judge):
    text = f'name;phone\n"Durand;{_number(1)}\nMartin;{_number(2)}\nPetit;{_number(3)}\n'
    assert _reasons(judge({"a.csv": text})) == ["invalid", "pending", "pending"]


def test_a_quote_that_opens_where_the_next_row_has_its_own_takes_its_own_row_alone(judge):
    text = f'name;phone\n"Durand;{_number(1)}\nMartin;{_number(2)}\n"Petit";{_number(3)}\n'
    assert _reasons(judge({"a.csv": text})) == ["invalid", "pending", "pending"]


def test_quotes_that_match_nowhere_hurt_their_rows(judge):
    text = "phone;x\n" + f'{_number(1)}";"b\n' * 200 + f"{_number(2)};c\n"
    assert _reasons(judge({"a.csv": text})) == ["invalid"] * 200 + ["pending"]


@pytest.mark.slow
def test_quotes_that_match_nowhere_do_not_hold_a_run_for_long(refuse):
    (problem,) = refuse({"a.csv": "phone;x\n" + 'a";"b\n' * 40_000 + "c;d\n"})
    assert problem.code == "not-a-table"
    assert "quotes" in problem.message


def test_rows_are_numbered_as_they_stand_in_their_file(build, project):
    root = project(
        {"a.csv": f"phone;n\n{_number(1)};1\n\nx;2\n{_number(3)};3\n", "b.csv": f"phone;n\n;1\n{_number(4)};2\n"}
    )
    with build(root, [{"file": "*.csv", "where": "n > 1"}]) as audience:
        rows = [(row.file, row.row) for dropped in (True, False) for row in audience.read_rows(dropped=dropped)]
    assert sorted(rows) == [("a.csv", 2), ("a.csv", 3), ("b.csv", 2)]


def test_a_text_that_other_readers_take_for_null_or_a_comment_is_a_text(judge):
    text = "phone;x\nNULL;1\n\\N;2\nnan;3\n# no;4\n//;5\n"
    assert _reasons(judge({"a.csv": text})) == ["invalid"] * 5


def test_no_sign_is_taken_for_a_mark_of_ours(judge):
    text = f"phone;x\n{_number(1)};\x1e1\n\x1e1;y\n\x1f;z\n{_number(2)};\x1f\nshort\n"
    assert _reasons(judge({"a.csv": text})) == ["pending", "invalid", "invalid", "pending", "invalid"]


def test_signs_that_some_take_for_line_ends_are_none(judge):
    text = f"phone;x\n{_number(1)};a\u2028b\x85c\x0bd\x0ce\n{_number(2)};\x1c\n"
    assert _reasons(judge({"a.csv": text})) == ["pending", "pending"]
