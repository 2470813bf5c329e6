"""`query` over the project's own files: rows, columns, values, parameters, and errors in the user's words."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.audience import sealed
from runner.audience.frames import read_request, write_request
from runner.audience.query_values import spell_float
from runner.audience.recipients import read_excluded
from runner.audience.tables import Means
from runner.errors import Place, ProblemsFound, SourceUnreadable
from runner.model.config import Campaign, Content
from runner.model.secret import Secret

FILES = {
    "data/x.csv": "phone,city,visits\n0639980001,lyon,1\n0639980002,paris,5\n0639980003,lyon,9\n",
    "data/y.csv": "phone,city,visits\n0639980004,lyon,2\n",
    "data/optout.jsonl": '{"tel": "0639980003"}\n',
}


def pending(rows):
    return [text for _, reason, text in rows if reason == "pending"]


def test_the_rows_of_a_query_are_judged_as_those_of_a_file(judge):
    rows = judge(FILES, [{"query": "select phone from 'data/*.csv' where city = 'lyon' order by phone desc"}])
    assert rows == [(1, "pending", "0639980004"), (2, "pending", "0639980003"), (3, "pending", "0639980001")]


def test_files_of_all_kinds_are_joined(judge):
    sql = "select phone from 'data/x.csv' anti join 'data/optout.jsonl' on phone = tel"
    assert pending(judge(FILES, [{"query": sql}])) == ["0639980001", "0639980002"]


def test_values_come_in_bound(judge):
    context = {"vars": {"city": "lyon", "least": 5, "files": ["data/x.csv", "data/y.csv"], "column": "visits"}}
    sql = "select phone from read_csv({{ vars.files }}) where city = {{ vars.city }} and visits >= {{ vars.least }}"
    assert pending(judge(FILES, [{"query": sql}], context=context)) == ["0639980003"]
    sql = "select phone from 'data/x.csv' where {{ vars.column | identifier }} = 5"
    assert pending(judge(FILES, [{"query": sql}], context=context)) == ["0639980002"]


def test_a_row_without_a_value_is_a_row_and_invalid(judge):
    rows = judge(FILES, [{"query": "select unnest(['0639980001', null, ''])"}])
    assert rows == [(1, "pending", "0639980001"), (2, "invalid", ""), (3, "invalid", "")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("639980001", "639980001"),
        ("639980001::double", "6.39980001E+8"),
        ("639980001.00::decimal(18, 2)", "639980001"),
        ("33639980001::hugeint", "33639980001"),
        ("'\"0639980001\"'::json", "0639980001"),
        ("639980001::json", "639980001"),
    ],
)
def test_a_number_of_a_type_that_keeps_all_digits_is_understood(judge, value, text):
    assert judge({}, [{"query": f"select {value}"}]) == [(1, "pending", text)]


@pytest.mark.parametrize(
    "value", ["['0639980001']", "{'mobile': '0639980001'}", "map {'a': '0639980001'}", "'[\"0639980001\"]'::json"]
)
def test_a_list_or_a_map_is_no_number_whatever_is_in_it(judge, value):
    rows = judge({}, [{"query": f"select {value} as phone union all select null"}])
    assert [reason for _, reason, _ in rows] == ["invalid", "invalid"]
    assert "0639980001" in rows[0][2]


def test_a_list_in_json_is_nested_and_a_text_beside_it_is_read(build, project):
    root = project(
        {"data/x.json": '[{"phone": ["0639980001"]}, {"phone": "0639980002"}, {"phone": {"a": "0639980003"}}]'}
    )
    with build(root, [{"query": "select phone from 'data/x.json'"}]) as audience:
        assert [(row.row, row.why) for row in audience.read_rows(dropped=True)] == [(1, "nested"), (3, "nested")]
        assert [row.text for row in audience.read_rows(dropped=False)] == ["0639980002"]


@pytest.mark.parametrize("value", ["639980010::double", "639980001::float", "6.12e8", "612345678.5"])
def test_digits_that_a_floating_point_number_may_have_lost_make_the_row_invalid(judge, value):
    assert [reason for _, reason, _ in judge({}, [{"query": f"select {value}"}])] == ["invalid"]


@given(st.floats())
def test_a_floating_point_number_is_spelled_with_the_digits_that_it_has(value):
    assert str(float(spell_float(value))) == str(value)


def test_a_column_whose_type_is_guessed_from_the_first_rows_is_refused(refuse):
    # Past those rows, `+687123456` would silently become 687123456, a mobile of somebody else.
    files = {"x.csv": "phone\n" + "612345678\n" * 25_000 + "+687123456\n"}
    (problem,) = refuse(files, [{"query": "select phone from 'x.csv'"}])
    assert problem.code == "query-failed"
    assert "is BIGINT" in problem.message
    assert "all_varchar = true" in problem.hint


def test_columns_are_found_as_in_a_file(judge, refuse):
    source = {"query": "select city, phone from 'data/x.csv' where visits = 1"}
    assert pending(judge(FILES, [source])) == ["0639980001"]
    assert pending(judge(FILES, [{**source, "column": "PHONE "}])) == ["0639980001"]
    assert pending(judge(FILES, [{**source, "column": "2"}])) == ["0639980001"]
    (problem,) = refuse(FILES, [{**source, "column": "phon"}])
    assert (problem.code, problem.hint) == ("no-such-column", "did you mean `phone`?")
    (problem,) = refuse(FILES, [{"query": "select '1' as phone, '2' as phone"}])
    assert problem.code == "ambiguous-column"


@pytest.mark.parametrize(
    ("sql", "code", "says"),
    [
        ("select phone\nfrom 'data/x.csv'\nwhere town = 'x'", "query-failed", "(line 3 of the query)"),
        ("select phone\nfrm 'data/x.csv'", "query-invalid", "(line 2 of the query)"),
        (
            "select city from read_csv('data/x.csv', types = {'city': 'INTEGER'})",
            "query-failed",
            "line 2 of `data/x.csv` can't be read: the value of `city`",
        ),
        ("select upper(visits, 2) from 'data/x.csv'", "query-failed", "`upper` can't be given a number and a number"),
        ("select " + "(" * 1_200 + "1" + ")" * 1_200, "query-invalid", "it nests too deep"),
        ("select phone from 'data/z.csv'", "no-such-file", "`data/z.csv` does not exist"),
        ("delete from t", "query-refused", "one SELECT"),
        ("select phone from customers", "unsupported-file", "customers"),
        ("select now() as phone", "query-refused", "{{ now }}"),
    ],
)
def test_an_error_is_one_problem_at_the_sources_place_in_the_users_words(refuse, sql, code, says):
    (problem,) = refuse(FILES, [{"query": sql}])
    assert problem.code == code
    assert says in problem.message
    assert (problem.place.path, problem.place.line) == ("campaigns/c.yaml", 10)
    assert "/tmp" not in problem.message


def test_no_number_stands_in_an_error(refuse):
    (problem,) = refuse({}, [{"query": "select '0612345678'::date as phone"}])
    assert "0612345678" not in f"{problem.message}{problem.hint}"


def test_a_query_that_runs_on_is_ended(tmp_path):
    sql = "with recursive a as (select 1 as n union all select n + 1 from a) select max(n) from a"
    request = {"root": str(tmp_path), "sql": sql, "parameters": {}, "column": None}
    with pytest.raises(SourceUnreadable, match="takes longer than 2 seconds"):
        list(sealed.run_sealed("engine", request, "`query`", deadline_s=2))


def test_a_query_that_grows_is_ended(refuse):
    (problem,) = refuse({}, [{"query": "select len(range(1000000000)) as phone"}])
    assert (problem.code, problem.message) == ("source-too-large", "`query` needs more than 2 GB of memory")


def test_a_process_that_dies_is_no_end_of_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "_START", "import os; os._exit(0)")
    with pytest.raises(SourceUnreadable):
        list(sealed.run_sealed("engine", {"root": str(tmp_path)}, "`query`"))


def test_a_defect_of_the_process_is_no_answer(tmp_path):
    with pytest.raises(RuntimeError, match="KeyError"):
        list(sealed.run_sealed("engine", {"root": str(tmp_path)}, "`query`"))


@pytest.mark.parametrize(
    ("exclusion", "code"),
    [
        ({"query": "select tel from 'data/gone.jsonl'"}, "exclusion-missing"),
        ({"query": "select tel from 'data/optout.jsonl' where false"}, "exclusion-empty"),
        ({"query": "select 'nobody' as tel"}, "exclusion-invalid"),
        ({"query": "select tel fro 'data/optout.jsonl'"}, "query-invalid"),
    ],
)
def test_an_exclusion_that_fails_blocks_the_campaign(refuse, exclusion, code):
    (problem,) = refuse(FILES, [{"file": "data/x.csv"}], [exclusion])
    assert (problem.code, problem.place.line) == (code, 50)


def test_an_exclusion_by_a_query_excludes(judge):
    rows = judge(FILES, [{"file": "data/x.csv"}], [{"query": "select tel from 'data/optout.jsonl'"}])
    assert (3, "excluded", "0639980003") in rows


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.timedeltas(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_values_arrive_in_the_other_process_as_they_left(request_):
    assert read_request(write_request(request_)) == request_


@pytest.fixture(scope="module")
def compare(build, tmp_path_factory):
    """The texts that come back from a query in which these were bound: one statement, since each starts a process."""
    root = tmp_path_factory.mktemp("parameters")

    def compare(texts):
        one = "select case when {{ vars.a }} = 'x' then '0639980001' else {{ vars.a }} end as phone"
        sql = " union all ".join(one.replace("vars.a", f"vars.a{n}") for n in range(len(texts)))
        context = {"vars": {f"a{n}": text for n, text in enumerate(texts)}}
        with build(root, [{"query": sql}], context=context) as audience:
            return [row.text for row in audience.read_rows(dropped=True)]

    return compare


# Each of them would end the text, the statement or the parameter that it is put into.
ESCAPES = [
    "'", "' or 1=1 --", "'); copy (select 1) to 'x.csv'; --", '"', "$p1", "{{ vars.a }}", "\\'", "/*", "; drop table x",
    "%s", ":p0",
]  # fmt: skip


def test_a_value_can_never_change_the_statement(compare):
    assert compare(ESCAPES) == ESCAPES


@settings(max_examples=4)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=3, max_size=3
    )
)
def test_any_text_comes_back_as_the_value_that_it_is(compare, texts):
    texts = [f"_{text}" for text in texts]
    assert compare(texts) == texts


def test_numbers_and_csv_need_no_other_process_and_none_of_its_libraries(build, tmp_path):
    (tmp_path / "x.csv").write_text("phone\n0639980001\n")
    script = (
        "import sys\nfrom pathlib import Path\nfrom runner.audience.recipients import build_audience\n"
        "from runner.audience.tables import Means\nfrom runner.errors import Place\n"
        "from runner.model.config import *\n"
        "kinds = ((SourceKind.NUMBERS, '', ('0639980002',)), (SourceKind.FILE, 'x.csv', ()))\n"
        "sources = [Source(kind=k, place=Place('c'), text=t, numbers=n) for k, t, n in kinds]\n"
        "campaign = Campaign(name='c', edition=None, file='c', place=Place('c'), account='a',"
        " content=Content(audio='a', notify_email='a@b.fr'), recipients=tuple(sources))\n"
        "means = Means(root=Path('.'), context={}, look_up=None)\n"
        "assert build_audience(campaign, means=means, countries=('FR',), fiction=True).rows.pending == 2\n"
        "print(*sys.modules)\n"
    )
    imported = _run(script, tmp_path).split()
    foreign = {"sqlalchemy", "httpx", "httpcore", "runner.audience.sealed_child", "runner.audience.query_engine"}
    assert not foreign & set(imported)
    assert not {"runner.audience.query_database", "runner.audience.url_pages"} & set(imported)


def _run(script, folder) -> str:
    import subprocess

    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout


def test_an_exclusion_is_asked_again_during_a_run_and_fails_closed_then_too(make_source, tmp_path):
    (tmp_path / "out.csv").write_text("tel\n0639980003\n")
    campaign = Campaign(
        name="c",
        edition=None,
        file="campaigns/c.yaml",
        place=Place("campaigns/c.yaml"),
        account="main",
        content=Content(audio="a", notify_email="ops@example.fr"),
        recipients=(),
        exclude=(make_source({"query": "select tel from 'out.csv'"}, 50),),
    )
    means = Means(root=tmp_path, context={}, look_up=lambda reference: Secret(reference.text))
    assert set(read_excluded(campaign, means=means, countries=("FR",), fiction=True)) == {33639980003}
    (tmp_path / "out.csv").write_text("tel\n0639980003\n0639980004\n")
    assert len(read_excluded(campaign, means=means, countries=("FR",), fiction=True)) == 2
    (tmp_path / "out.csv").unlink()
    with pytest.raises(ProblemsFound) as refused:
        read_excluded(campaign, means=means, countries=("FR",), fiction=True)
    assert [problem.code for problem in refused.value.problems] == ["exclusion-missing"]
