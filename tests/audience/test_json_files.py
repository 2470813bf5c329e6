"""JSON and JSON Lines: every item is a row, whatever stands in it, and a number is the text that stands there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import ProblemsFound

A, B = "0639980001", "0639980002"


def test_a_list_of_maps_is_a_table_whose_columns_are_the_keys(judge):
    text = json.dumps([{"id": 1, "phone": A}, {"id": 2, "phone": B}])
    assert judge({"a.json": text}) == [(1, "pending", A), (2, "pending", B)]


def test_keys_may_come_in_any_order_and_one_that_is_missing_is_an_empty_cell(judge):
    rows = [{"id": 1}, {"phone": A, "id": 2}, {"phone": None}, {}, {"later": 1, "phone": B}]
    for name, text in (("a.json", json.dumps(rows)), ("a.jsonl", "\n".join(map(json.dumps, rows)))):
        expected = [(1, "invalid", ""), (2, "pending", A), (3, "invalid", ""), (4, "invalid", ""), (5, "pending", B)]
        assert judge({name: text}) == expected


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("639980001", "pending"),
        ("33639980001", "pending"),
        ("639980001.0", "pending"),
        ("6.39980001E8", "pending"),
        ("6.3998e8", "invalid"),
        ("639980001.5", "invalid"),
        ("639980001.00", "invalid"),
        ("6399800010000000000000000000000", "invalid"),
        ("-639980001", "pending"),
        ("1e999", "invalid"),
        ("true", "invalid"),
        ("NaN", "invalid"),
    ],
)
def test_a_number_of_json_is_judged_by_the_text_that_stands_there(judge, number, reason):
    (row,) = judge({"a.json": f'[{{"phone": {number}}}]'})
    assert row[1] == reason
    assert row[2] in (number, "")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson", "A.JSON"])
def test_a_list_of_texts_and_numbers_is_a_table_of_one_column(judge, name):
    items = [f'"{A}"', "639980002", "null"]
    text = f"[{', '.join(items)}]" if name.casefold() == "a.json" else "\n".join(items)
    assert judge({name: text}) == [(1, "pending", A), (2, "pending", "639980002"), (3, "invalid", "")]
    assert judge({name: text}, [{"file": name, "column": "value"}])[0] == (1, "pending", A)


def test_a_value_that_is_no_text_is_never_searched_for_a_number(judge):
    rows = [{"phone": {"mobile": A}}, {"phone": [B]}, {"phone": A}]
    assert judge({"a.json": json.dumps(rows)}) == [
        (1, "invalid", json.dumps(rows[0]["phone"])),
        (2, "invalid", json.dumps(rows[1]["phone"])),
        (3, "pending", A),
    ]


def test_an_item_that_is_no_row_as_the_others_are_is_an_invalid_row(judge):
    row = f'{{"phone": "{A}"}}'
    text = f'[{row}, "{B}", [1], {{"phone": "{B}", "phone": "{A}"}}, null, {row}, {row}]'
    reasons = [reason for _, reason, *_ in judge({"a.json": text})]
    assert reasons == ["pending", *["invalid"] * 4, "duplicate", "duplicate"]


ODD = [
    "null",
    '"note"',
    "5",
    "[1]",
    "nonsense",
    '{"id": 1} {"id": 2}',
    '{"id": 1} x',
    '{"id": 1,',
    '{"id": 1, "id": 2}',
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_odd_line_is_an_invalid_row_wherever_it_stands_and_the_others_are_rows(judge, odd, place):
    lines = [f'{{"phone": "{A}"}}', f'{{"phone": "{B}"}}']
    lines.insert(place, odd)
    reasons = ["pending", "pending"]
    reasons.insert(place, "invalid")
    expected = list(enumerate(reasons, start=1))
    assert [row[:2] for row in judge({"a.jsonl": "\n".join(lines) + "\n"})] == expected
    if odd in ODD[:4]:
        assert [row[:2] for row in judge({"a.json": f"[{','.join(lines)}]"})] == expected


@settings(deadline=None, max_examples=30)
@given(data=st.data(), maps=st.integers(0, 4), odd=st.lists(st.sampled_from([*ODD, f'"{B}"', f'["{A}"]']), max_size=6))
def test_the_order_of_the_lines_decides_nothing(judge, data, maps, odd):
    lines = [f'{{"phone": "063998001{n}"}}' for n in range(maps)] + odd
    shuffled = data.draw(st.permutations(lines))

    def read(lines: list[str]) -> list[tuple[str, str]]:
        try:
            judged = judge({"a.jsonl": "".join(f"{line}\n" for line in lines)})
            return sorted((reason, text) for _, reason, text in judged)
        except ProblemsFound as found:
            return [(problem.code, "") for problem in found.problems]

    assert read(lines) == read(shuffled)


@pytest.mark.parametrize("first", ["null", '"note"', '{"id": 1} x'])
def test_whoever_stands_behind_an_odd_line_of_an_exclusion_is_excluded(build, project, first):
    files = {"a.json": f'["{A}", "{B}"]', "no.jsonl": f'{first}\n{{"phone": "{A}"}}\n'}
    with build(project(files), [{"file": "a.json"}], [{"file": "no.jsonl", "on_invalid": "ignore"}]) as audience:
        assert (audience.rows.excluded, audience.rows.pending) == (1, 1)


def test_a_value_may_nest_as_deep_as_it_likes(judge):
    lines = ["[" * depth + "]" * depth for depth in range(500, 1_100)]
    judged = judge({"a.jsonl": "\n".join([*lines, f'{{"phone": "{A}"}}\n'])})
    assert [row[:2] for row in judged[-2:]] == [(len(lines), "invalid"), (len(lines) + 1, "pending")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("no.json", f'["{A}", "{B}", {{"phone": "0639980003"}}]'),
        ("no.json", f'[{{"phone": "0639980003"}}, ["{A}"], ["{B}"]]'),
        ("no.json", f'[null, {{"phone": "{A}", "phone": "{B}"}}]'),
        ("no.json", f'["{A}", ["{B}"], ["0639980003"]]'),
        ("no.jsonl", f'{{"phone": "{A}"}} {{"phone": "{B}"}}\n'),
        ("no.jsonl", f'[{{"phone": "{A}"}},\n{{"phone": "{B}"}},\n{{"phone": "0639980003"}}]\n'),
        ("no.jsonl", f'x\n{{"phone": "{A}"}},\n{{"phone": "{B}"}},\n{{"phone": "0639980003"}}\n'),
    ],
)
def test_where_rows_can_not_be_told_from_other_items_an_exclusion_fails_whatever_it_permits(refuse, name, text):
    exclude = [{"file": name, "on_invalid": "ignore", "allow_empty": True}]
    (problem,) = refuse({"a.json": f'["{A}"]', name: text}, exclude=exclude)
    assert problem.code == "not-a-table"
    assert "63998" not in f"{problem}"


def test_a_line_of_json_lines_that_cannot_be_read_is_an_invalid_row_and_blank_lines_are_none(judge):
    text = f'{{"phone": "{A}"}}\n\n{{"phone": "{B}",\n  \nnonsense\n{{"phone": "{B}"}} {{}}\n{{"phone": "{B}"}}'
    assert [row[:2] for row in judge({"a.jsonl": text})] == [
        (1, "pending"), (2, "invalid"), (3, "invalid"), (4, "invalid"), (5, "pending")
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised_as_in_other_texts(judge, encoding):
    text = json.dumps([{"prénom": "Zoé", "téléphone": A}], ensure_ascii=False)
    files = {"a.json": text.encode(encoding)}
    assert judge(files, [{"file": "a.json", "where": "prénom = 'Zoé'"}]) == [(1, "pending", A)]


def test_quotes_line_ends_and_delimiters_in_a_value_move_no_other(judge):
    rows = [{"note": 'a "b"\n0639980009,;\r\n', "phone": f'{A}"'}, {"note": "\u001ex", "phone": f"\n{B}"}]
    assert [row[:2] for row in judge({"a.json": json.dumps(rows)})] == [(1, "pending"), (2, "pending")]


def test_a_lone_carriage_return_in_a_value_ends_no_row(judge):
    rows = [{"phone": f"\r{A}"}, {"phone": B, "note": "a\rb"}, {"phone": "0639980003", "id": 1}]
    assert [row[:2] for row in judge({"a.json": json.dumps(rows)})] == [(n, "pending") for n in (1, 2, 3)]


def test_half_a_character_and_a_nul_are_no_numbers(judge):
    assert judge({"a.json": '[{"phone": "\\ud800' + A + '"}, {"phone": "06\\u000039980002"}]'}) == [
        (1, "invalid", f"\ufffd{A}"), (2, "invalid", "06\0" + "39980002")
    ]  # fmt: skip


def test_conditions_see_typed_values(judge):
    rows = [
        {"phone": A, "age": 9, "active": True},
        {"phone": B, "age": 10, "active": True},
        {"phone": B, "active": False},
    ]
    assert judge({"a.json": json.dumps(rows)}, [{"file": "a.json", "where": "age >= 10 and active"}]) == [
        (2, "pending", B)
    ]


def test_files_of_one_glob_have_the_same_keys(judge, refuse):
    a, b = json.dumps([{"phone": A, "id": 1}]), json.dumps([{"id": 2, "phone": B}])
    files = {"a.json": a, "b.jsonl": b[1:-1]}
    assert [row[:2] for row in judge(files, [{"file": "*.js*"}])] == [(1, "pending"), (1, "pending")]
    (problem,) = refuse({"a.json": a, "b.json": json.dumps([{"mobile": B}])}, [{"file": "*.json"}])
    assert problem.code == "different-columns"


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("a.json", "", "source-empty", "empty"),
        ("a.jsonl", " \n\n", "source-empty", "empty"),
        ("a.json", '{"rows": [{"phone": "0639980001"}], "page": 1}', "not-a-table", "`rows`, `page`"),
        ("a.json", '{"phone": "0639980001"}\n{"phone": "0639980002"}\n', "not-a-table", "several maps"),
        ("a.json", "phone\n0639980001\n", "not-a-table", "no JSON"),
        ("a.json", '[["0639980001"]]', "not-a-table", "lists"),
        ("a.json", '[{"phone": "0639980001"},', "file-cut", "cut"),
        ("a.json", '[{"phone": "06399', "file-cut", "cut"),
        ("a.json", '[{"phone": tr', "file-cut", "cut"),
        ("a.json", '[{"phone": "0639980001"}', "file-cut", "cut"),
        ("a.json", '[{"phone": "0639980001"} {"phone": "0639980002"}]', "not-a-table", "item 2"),
        ("a.json", '[{"phone": "0639980001"},]', "not-a-table", "a comma stands after the last item of its list, 1"),
        ("a.json", '[{"phone": "0639980001"}, ]' + " " * 100, "not-a-table", "a comma stands after the last item"),
        ("a.json", '[{"phone": "0639980001"}]]', "not-a-table", "after its list"),
        ("a.json", '[{"phone": 06}, {"phone": "0639980002 0639980003 0639980004"}]', "not-a-table", "item 1"),
        ("a.json", '[{"phone":0639980001}]', "not-a-table", "item 1"),
        ("a.json", '[{"phone":nul, "id":1}]', "not-a-table", "item 1"),
        ("a.json", '[{"phone":1.', "file-cut", "cut"),
        ("a.json", "null", "not-a-table", "one value and no list"),
        ("a.json", '"text"\n', "not-a-table", "one value and no list"),
        ("a.json", "[" * 100_000, "not-a-table", "no JSON"),
        ("a.json", '[{"phone": "0639980001\0"}]' + " " * 100, "not-a-table", "no JSON"),
        ("a.json", "<html><body>", "not-a-table", "HTML"),
        ("a.jsonl", "phone\n0639980001\n", "not-a-table", "line 1"),
        ("a.jsonl", '[\n{"phone": "0639980001"}\n]\n', "not-a-table", "line 1"),
        ("a.jsonl", '{"phone": "0639980001"}\n{"phone": "06', "file-cut", "line, 2"),
        ("a.json", '[{"phone": "' + "6" * 2_000_000 + '"}]', "source-too-large", "item 1"),
        ("a.jsonl", '{"phone": "' + "6" * 2_000_000 + '"}', "source-too-large", "line 1"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_rows_is_a_problem_that_says_what_was_found(refuse, name, text, code, words):
    (problem,) = refuse({name: text})
    assert (problem.code, problem.place.line) == (code, 10)
    assert words in problem.message
    assert "63998" not in problem.message


def test_an_empty_list_has_no_row_and_no_column(build, project, refuse):
    root = project({"a.json": "[]"})
    with build(root, [{"file": "a.json"}]) as audience:
        assert audience.rows.listed == 0
        assert [warning.code for warning in audience.warnings] == ["source-without-rows"]
    (problem,) = refuse({"a.json": f'["{A}"]', "no.json": "[]"}, exclude=[{"file": "no.json"}])
    assert problem.code == "exclusion-empty"


def test_an_exclusion_without_key_excludes_nobody_and_is_counted(build, project):
    root = project({"a.json": f'["{A}", "{B}"]', "no.json": json.dumps([{"phone": A}, {"id": 1}])})
    with build(root, [{"file": "a.json"}], [{"file": "no.json"}]) as audience:
        assert (audience.rows.excluded, audience.rows.pending, audience.blank_exclusions) == (1, 1, 1)


CELLS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(A) | st.lists(st.just(1), max_size=1)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["phone", "id", "note"]), CELLS, max_size=3).filter(lambda row: "phone" in row)
    | st.just("odd"),
    min_size=1,
    max_size=20,
).filter(lambda rows: isinstance(rows[0], dict))


@settings(deadline=None, max_examples=20)
@given(rows=ROWS, as_lines=st.booleans(), indent=st.sampled_from([None, 2]))
def test_rows_listed_are_the_items_of_the_file(judge, rows, as_lines, indent):
    text = "\n".join(map(json.dumps, rows)) if as_lines else json.dumps(rows, indent=indent)
    judged = judge({"a.jsonl" if as_lines else "a.json": text})
    assert [row for row, _, _ in judged] == list(range(1, len(rows) + 1))
    assert sum(reason == "pending" for _, reason, _ in judged) == (
        1 if any(isinstance(row, dict) and row["phone"] == A for row in rows) else 0
    )


def test_a_list_longer_than_one_block_is_read_whole_whatever_the_block_cuts(judge):
    rows = [{"phone": f"06399{n:05}", "note": "é" * (n % 97)} for n in range(30_000)]
    judged = judge({"a.json": json.dumps(rows, ensure_ascii=False)})
    assert len(judged) == 30_000
    assert judged[-1][0] == 30_000


@pytest.mark.parametrize(
    "text",
    [
        f'{{"phone":"{A}"}}\n["0639980001","0639980002","0639980003","0639980004"]\n',
        f'{{"phone":"{A}"}}\n' + f'{{"phone":"{A}","phone":"{B}"}}\n' * 3,
    ],
    ids=["a list of numbers", "keys that stand twice"],
)
def test_items_that_hold_more_numbers_than_there_are_rows_fail_whatever_their_count(judge, text):
    with pytest.raises(ProblemsFound) as found:
        judge({"a.jsonl": text})
    assert [problem.code for problem in found.value.problems] == ["not-a-table"]


def test_a_long_cell_beside_an_odd_item_is_read(judge):
    rows = judge({"a.json": json.dumps([None, {"phone": A, "note": "x" * 200_000}])})
    assert [reason for _, reason, *_ in rows] == ["invalid", "pending"]


@pytest.mark.parametrize("spelled", ["6.39980001E8", "639980001.0"])
def test_a_number_that_the_end_of_a_block_cuts_is_read_whole(judge, spelled, monkeypatch):
    for block in range(4, 20):
        monkeypatch.setattr("runner.audience.items._BLOCK", block)
        rows = judge({"a.json": f"[{spelled}, {spelled}]"})
        assert [reason for _, reason, *_ in rows] == ["pending", "duplicate"]
