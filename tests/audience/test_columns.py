"""The first record says it: delimiter, header, columns; and which column holds the numbers."""

from __future__ import annotations

import pytest

ONE = [(1, "pending", "0639980001")]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_the_delimiter_is_seen_in_the_first_record(judge, delimiter, ending):
    text = "id;name;phone\n1;Zoé;0639980001\n".replace(";", delimiter)
    assert judge({f"a.{ending}": text}) == ONE


@pytest.mark.parametrize(
    "text",
    [
        'id;"Nom, prénom, adresse, ville";phone\n1;"x, y";0639980001\n',
        "Montant, net;phone\n12,50;0639980001\n",
        'id,"a;b;c;d",phone\n1,x;y,0639980001\n',
        "id|phone|a;b\n1|0639980001|x;y\n",
        '"id";"phone"\n"1";"0639980001"\n',
        '"id", "phone"\n"1", "0639980001"\n',
    ],
)
def test_the_delimiter_divides_the_first_record_into_most_cells_outside_quotes(judge, text):
    assert judge({"a.csv": text}) == ONE


def test_a_no_break_space_in_a_name_is_told_where_nobody_could_see_it(refuse, judge):
    files = {"a.csv": "id;mobile\xa0client\n1;0639980001\n"}
    (problem,) = refuse(files, [{"file": "a.csv", "column": "mobile client"}])
    assert problem.code == "no-such-column"
    assert problem.hint == "the two look alike, and one has a no-break space or its like: write `column: 2`"
    assert judge(files, [{"file": "a.csv", "column": "2"}]) == ONE


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r"])
def test_a_separator_line_is_understood_and_is_no_row(judge, line):
    assert judge({"a.csv": f"{line}\nNom, prénom;phone\nx;0639980001\n"}) == ONE


@pytest.mark.parametrize("delimiter", ["\t", "|", "^", "~", ","])
def test_a_separator_line_may_name_any_sign(judge, delimiter):
    assert judge({"a.csv": f"sep={delimiter}\na;b{delimiter}phone\nx;y{delimiter}0639980001\n"}) == ONE


def test_a_separator_line_before_a_file_without_header(judge):
    assert judge({"a.csv": "sep=;\nx;0639980001\n"}, [{"file": "a.csv", "column": "2"}]) == ONE


def test_lines_without_a_value_before_the_header_are_passed_over(judge):
    assert judge({"a.csv": "\n ;;\n\nid;phone;\n\n1;0639980001;\n"}) == ONE


def test_a_first_record_with_a_number_in_it_is_data(judge):
    assert judge({"a.csv": "0639980001\n0639980002\n"}) == [(1, "pending", "0639980001"), (2, "pending", "0639980002")]
    assert judge({"a.csv": "Zoé;06 39 98 00 01\nLéa;0639980002\n"}, [{"file": "a.csv", "column": "2"}]) == [
        (1, "pending", "06 39 98 00 01"),
        (2, "pending", "0639980002"),
    ]


def test_a_file_without_header_and_several_columns_needs_the_columns_number(refuse):
    (problem,) = refuse({"a.csv": "Zoé;0639980001\n"})
    assert problem.code == "column-needed"
    assert "`column: 2`" in problem.hint
    assert "63998" not in problem.message + problem.hint


@pytest.mark.parametrize("column", ["phone", "3", "0", "-1", "1.0", "9" * 5000, "²"], ids=lambda column: column[:9])
def test_a_file_without_header_has_no_names(refuse, column):
    (problem,) = refuse({"a.csv": "Zoé;0639980001\n"}, [{"file": "a.csv", "column": column}])
    assert problem.code == "no-such-column"
    assert "no header" in problem.message


def test_a_where_can_name_no_column_of_a_file_without_header(refuse):
    (problem,) = refuse({"a.csv": "0639980001\n"}, [{"file": "a.csv", "where": "phone is not null"}])
    assert problem.code == "no-such-column"


def test_the_only_column_is_taken_whatever_its_name(judge):
    assert judge({"a.csv": "Liste\n0639980001\n"}) == ONE


@pytest.mark.parametrize(
    "name",
    ["phone", "MOBILE", "Portable", "telephone", "TÉLÉPHONE", "te\u0301le\u0301phone", " Tel ", "numero", "Numéro",
     "number", "msisdn", '"Phone"', "\u00a0phone\u00a0"],
)  # fmt: skip
def test_the_usual_names_are_found_whatever_their_case_accents_and_blanks(judge, name):
    assert judge({"a.csv": f"id;{name}\n0639980002;0639980001\n"}) == ONE


def test_of_several_usual_names_the_first_in_their_order_is_taken(judge):
    assert judge({"a.csv": "tel;mobile;phone\n0639980003;0639980002;0639980001\n"}) == ONE
    assert judge({"a.csv": "tel;mobile\n0639980003;0639980001\n"}) == ONE


@pytest.mark.parametrize("column", ["Contact", " contact ", "CONTACT", "2"])
def test_a_column_is_named_as_in_the_header_or_by_its_number(judge, column):
    assert judge({"a.csv": "phone;contact\n;0639980001\n"}, [{"file": "a.csv", "column": column}]) == ONE


def test_a_name_that_is_a_number_is_a_name_first(judge):
    assert judge({"a.csv": "2;1\n0639980001;x\n"}, [{"file": "a.csv", "column": "2"}]) == ONE


def test_a_column_that_is_not_there_is_a_problem_that_lists_those_that_are(refuse):
    (problem,) = refuse({"a.csv": "id;mobile;city\n1;0639980001;x\n"}, [{"file": "a.csv", "column": "mobil"}])
    assert problem.code == "no-such-column"
    assert "`id`, `mobile`, `city`" in problem.message
    assert problem.hint == "did you mean `mobile`?"


def test_a_file_without_a_usual_column_is_a_problem_that_lists_its_columns(refuse):
    (problem,) = refuse({"a.csv": "id;contact\n1;0639980001\n"})
    assert problem.code == "no-such-column"
    assert "`id`, `contact`" in problem.message
    assert "msisdn" in problem.hint


@pytest.mark.parametrize("words", [{}, {"column": "TEL"}, {"column": "id", "where": "tel = '1'"}])
def test_a_name_that_two_columns_bear_is_a_problem(refuse, words):
    (problem,) = refuse({"a.csv": "id;tel;Tel \n1;0639980001;0639980002\n"}, [{"file": "a.csv", **words}])
    assert problem.code == "ambiguous-column"
    assert "2, 3" in problem.message


def test_of_two_columns_with_one_name_either_can_be_named_by_its_number(judge):
    assert judge({"a.csv": "id;tel;tel\n1;x;0639980001\n"}, [{"file": "a.csv", "column": "3"}]) == ONE


@pytest.mark.parametrize(
    "text",
    [
        "Liste des clients au 12/11/2026\n\nnom;tel\nZoé;0639980001\n",
        "Clients\nnom,tel,ville\nZoé,0639980001,Lyon\nLéa,0639980002,Lyon\n",
    ],
)
def test_a_title_above_the_header_is_a_problem(refuse, text):
    (problem,) = refuse({"a.csv": text})
    assert problem.code == "not-a-table"
    assert "title" in problem.hint


def test_stray_quotes_in_the_header_are_a_problem(refuse):
    (problem,) = refuse({"a.csv": 'nom;"tel\nZoé;0639980001\n'})
    assert problem.code == "not-a-table"
    assert "line 1" in problem.message


def test_a_header_may_go_over_several_lines(judge):
    assert judge({"a.csv": 'id;"tel\n(mobile)"\n1;0639980001\n'}, [{"file": "a.csv", "column": "2"}]) == ONE


def test_columns_without_a_name_are_columns(judge):
    assert judge({"a.csv": ";phone;;\nx;0639980001;y;z\n"}) == ONE


def test_wide_tables_are_read_and_the_widest_are_a_problem_that_names_the_bound(judge, refuse):
    blanks = ";" * 16_000
    assert judge({"a.csv": f"phone{blanks}\n0639980001{blanks}\n"}) == ONE
    (problem,) = refuse({"a.csv": "phone" + ";" * 20_000 + "\n0639980001\n"})
    assert problem.code == "source-too-large"
    assert "20,000" in problem.message
