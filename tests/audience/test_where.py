"""`where`: typed comparison over cells as people write them, and nothing that is guessed."""

from __future__ import annotations

from contextlib import closing

import pytest

from runner.audience.engine import open_engine
from runner.audience.read import create_rows, drop_rows, read_source, select_source, unite_rows
from runner.audience.tables import Means
from runner.model.secret import Secret

ROWS = (
    "id;mobile;spent;price;consent;since;jour;zip;active;Code Postal\n"
    "1;0639980001;12;1\u00a0234,50;yes;2026-01-05;05/01/2026;69001;true;A\n"
    "2;0639980002;3;3,00;no;2026-02-05;05/02/2026 10:30;01000;false;B\n"
    "3;0639980003;9;;;2026-03-05;05/03/2026;75002;TRUE;\n"
    "4;0639980004;;-12,25;Yes;;;;;C\n"
)


@pytest.fixture(scope="module")
def select(make_source, context, tmp_path_factory):
    """The rows of the table above, or of another text, for which an expression holds."""
    root = tmp_path_factory.mktemp("project")
    with closing(open_engine()) as engine:
        means = Means(root=root, context=context, look_up=lambda reference: Secret(reference.text))

        def select(where, text=ROWS):
            (root / "a.csv").write_text(text)
            create_rows(engine, "rows")
            source = make_source({"file": "a.csv", "where": where}, 10)
            read = read_source(engine, source, 0, table="rows", means=means)
            select_source(engine, read)
            unite_rows(engine, "rows", [read])
            rows = engine.execute("SELECT row FROM rows ORDER BY row").fetchall()
            drop_rows(engine, "rows", [read])
            return [row for (row,) in rows]

        yield select


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("spent < 3 or spent = 9", [3]),
        ("spent < 10", [2, 3]),
        ("spent >= '9'", [1, 3]),
        ("spent > '2.5'", [1, 2, 3]),
        ("spent in (3, 12)", [1, 2]),
        ("spent + 1 > 9", [1, 3]),
        ("consent = 'yes'", [1]),
        ("lower(consent) = 'yes'", [1, 4]),
        ("consent ilike 'y%'", [1, 4]),
        ("CONSENT = 'yes'", [1]),
        ("consent <> 'yes'", [2, 4]),
        ("consent is distinct from 'yes'", [2, 3, 4]),
        ("consent is null", [3]),
        ("spent is null", [4]),
        ("not (consent = 'yes')", [2, 4]),
        ("since >= '2026-02-01'", [2, 3]),
        ("since between date '2026-01-01' and date '2026-01-31'", [1]),
        ("year(since) = 2026 and month(since) = 3", [3]),
        ("since + interval 30 days > date '2026-03-01'", [2, 3]),
        ("zip = '01000'", [2]),
        ("zip = '1000'", []),
        ("zip like '69%'", [1]),
        ("active", [1, 3]),
        ("not active", [2]),
        ("active = true", [1, 3]),
        ("id like '1%'", [1]),
        ("mobile like '06%'", [1, 2, 3, 4]),
        ("mobile = '0639980001'", [1]),
        ("price > 3", [1]),
        ("price = 1234.5", [1]),
        ("price < 0", [4]),
        ("\"Code Postal\" in ('A', 'C')", [1, 4]),
        ("\"code postal\" = 'B'", [2]),
        ("id = 1 -- a remark", [1]),
        ("/* a remark */ id = 1", [1]),
        ("case when spent > 5 then consent = 'yes' else false end", [1]),
        ("coalesce(consent, 'no') = 'no'", [2, 3]),
        ("1 = 1", [1, 2, 3, 4]),
        ("null", []),
    ],
)
def test_rows_are_listed_for_which_the_expression_is_true(select, where, rows):
    assert select(where) == rows


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("spent >= {{ vars.least }}", [1, 2, 3]),
        ("spent in {{ [3, 9] }}", [2, 3]),
        ("consent in {{ ['yes', 'no'] }}", [1, 2]),
        ('consent = {{ "x\' or 1=1 --" }}', []),
        ("since < {{ today }}", [1, 2, 3]),
        ("since < {{ now }}", [1, 2, 3]),
        ("since > {{ today }}", []),
        ("{{ 'Code Postal' | identifier }} = 'B'", [2]),
    ],
)
def test_jinja_becomes_a_bound_value_of_its_own_type(select, where, rows):
    assert select(where) == rows


def test_days_and_times_as_people_write_them_in_france_are_days_and_times(select):
    text = "phone;day;time\n0639980001;05/01/2026;05/01/2026 09:30\n0639980002;10/12/2025;10/12/2025 08:00:00\n"
    assert select("day >= '2026-01-01'", text) == [1]
    assert select("time < '2026-01-05 09:31' and time > '2026-01-05'", text) == [1]
    assert select("day = '05/01/2026'", text) == [1]


def test_a_comma_is_decimal_only_where_it_does_not_divide_cells(select, refuse):
    assert select("spent > 2", 'phone;spent\n0639980001;"1,5"\n0639980002;2,5\n') == [2]
    text = 'phone,spent\n0639980001,"1,500"\n'
    assert select("spent = '1,500'", text) == [1]
    (problem,) = refuse({"a.csv": text}, [{"file": "a.csv", "where": "spent > 2"}])
    assert problem.code == "where-failed"


def test_a_column_is_a_number_only_where_all_its_values_are(refuse, select):
    text = "phone;spent\n0639980001;12\n0639980002;n/a\n"
    (problem,) = refuse({"a.csv": text}, [{"file": "a.csv", "where": "spent < 20"}])
    assert problem.code == "where-failed"
    assert "`spent` is a text" in problem.hint
    assert select("try_cast(spent as integer) < 20", text) == [1]


def test_a_text_among_those_compared_keeps_its_column_a_text(select):
    text = "phone;dept\n0639980001;20\n0639980002;69\n"
    assert select("dept in ('2A', '69')", text) == [2]
    assert select("dept = '069'", text) == []


@pytest.mark.parametrize(
    "where", ["day >= '05/01/2026'", "spent < 'many'", "day between '2026-01-01' and '05/02/2026'"]
)
def test_a_day_or_number_is_never_put_in_the_order_of_texts(refuse, where):
    text = "phone;day;spent\n0639980001;05/01/2026;1\n0639980002;10/12/2025;2\n"
    (problem,) = refuse({"a.csv": text}, [{"file": "a.csv", "where": where}])
    assert problem.code == "where-failed"


@pytest.mark.parametrize(
    "where",
    [
        "spent < 3",
        "spent + 1 = 2",
        "consent = 'yes'",
        "consent like 'y%'",
        "consent in {{ ['a'] }}",
        "since > '2026-01-01'",
        "year(since) = 2026",
        "active",
    ],
)
@pytest.mark.parametrize("rows", ["", "0639980001;;;;\n"])
def test_columns_without_a_value_are_of_any_type(select, where, rows):
    assert select(where, "phone;spent;consent;since;active\n" + rows) == []


@pytest.mark.parametrize("where", ["spent", "consent", "'yes'", "1", "[1]", "mobile"])
def test_what_is_no_condition_is_a_problem(refuse, where):
    (problem,) = refuse({"a.csv": ROWS}, [{"file": "a.csv", "where": where}])
    assert problem.code == "where-refused"
    assert "no condition" in problem.message


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("1 = 1; drop table t", "it must be one expression, as stands after WHERE"),
        ("  ", "it is empty"),
        ("-- nothing", "nothing stands there to be computed"),
        ("mobile = 'x' or", "it can't be read from `or` on"),
        ("mobile = 'x", "a quote is not closed"),
        ("(" * 1_200 + "1 = 1" + ")" * 1_200, "it nests too deep"),
        ("consent = 1", "in the column `consent` is not a number"),
        ("since::integer = 1", "a date in the column `since` can't be made a number"),
        ("spent + consent = 1", "`+` can't be given a number and a text"),
        ("interval '1 day' > spent", "a span of time can't be compared with a number"),
        ("cast(consent as date) > {{ today }}", "in the column `consent` is not a date"),
        ("cast(consent as timestamp) > {{ now }}", "in the column `consent` is not a date with a time"),
        ("consent ~ '['", "a pattern in it is no regular expression"),
    ],
)
def test_what_the_engine_says_is_told_in_words_of_ours(refuse, where, says):
    (problem,) = refuse({"a.csv": ROWS}, [{"file": "a.csv", "where": where}])
    assert says in problem.message
    assert problem.hint


def test_a_column_that_is_not_there_is_a_problem_that_lists_those_that_are(refuse):
    (problem,) = refuse({"a.csv": ROWS}, [{"file": "a.csv", "where": "consnt = 'yes'"}])
    assert problem.code == "no-such-column"
    assert problem.hint == "did you mean `consent`?"
    assert problem.place.line == 10


@pytest.mark.parametrize("name", ["current_date", "today"])
def test_todays_date_comes_from_planning(refuse, name):
    (problem,) = refuse({"a.csv": ROWS}, [{"file": "a.csv", "where": f"since < {name}"}])
    assert "{{ today }}" in problem.hint


def test_a_row_that_cannot_be_read_is_listed_whatever_the_where_says(judge):
    text = "phone;consent\n0639980001;yes\n0639980002;no\nx;y;z\n"
    assert judge({"a.csv": text}, [{"file": "a.csv", "where": "consent = 'yes'"}]) == [
        (1, "pending", "0639980001"),
        (3, "invalid", "x;y;z"),
    ]


def test_no_message_holds_a_number_of_a_cell(refuse):
    text = "phone;n\n0639980001;1\n0639980002;0639980003\n"
    (problem,) = refuse({"a.csv": text}, [{"file": "a.csv", "where": "n::smallint > 0"}])
    assert problem.code == "where-failed"
    assert "639980003" not in problem.message


def test_types_are_those_of_all_files_of_a_glob(select, judge):
    files = {
        "a.csv": "phone;n\n0639980001;2\n",
        "b.csv": "phone;n\n0639980002;10\n",
        "c.csv": "phone;n\n0639980003;3,5\n",
    }
    assert judge(files, [{"file": "*.csv", "where": "n > 2"}]) == [
        (1, "pending", "0639980002"),
        (1, "pending", "0639980003"),
    ]
