"""In SQL a value is a bound parameter, never text: whatever it holds, it can't become a part of the statement."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.templates import TemplateFailed, build_context, check_template, render_sql

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _context(**variables: object) -> dict[str, object]:
    return build_context(vars=variables, env={}, campaign={"name": "spring"}, now=NOW)


def test_each_expression_becomes_a_parameter():
    sql, values = render_sql(
        "region = {{ vars.region }} and visits >= {{ vars.visits }} and day < {{ today }}",
        _context(region="lyon", visits=2),
    )
    assert sql == "region = $p0 and visits >= $p1 and day < $p2"
    assert values == {"p0": "lyon", "p1": 2, "p2": date(2026, 11, 24)}


def test_sql_without_expressions_stays_as_it_is():
    assert render_sql("a = '$x' and b = 'x'", _context()) == ("a = '$x' and b = 'x'", {})


def test_a_branch_that_is_not_taken_binds_nothing():
    text = "1 = 1{% if vars.region %} and region = {{ vars.region }}{% endif %}"
    assert render_sql(text, _context(region="")) == ("1 = 1", {})
    assert render_sql(text, _context(region="lyon")) == ("1 = 1 and region = $p0", {"p0": "lyon"})


def test_a_loop_binds_each_of_its_values():
    text = "region in ({% for r in vars.regions %}{{ r }}{% if not loop.last %}, {% endif %}{% endfor %})"
    assert render_sql(text, _context(regions=["a", "b'"])) == ("region in ($p0, $p1)", {"p0": "a", "p1": "b'"})


@pytest.mark.parametrize(("name", "quoted"), [("a b", '"a b"'), ('a"b', '"a""b"'), ("x; drop", '"x; drop"')])
def test_an_identifier_is_quoted(name, quoted):
    assert render_sql("{{ vars.name | identifier }} = 1", _context(name=name)) == (f"{quoted} = 1", {})


def test_nothing_but_an_identifier_as_it_is_stands_in_the_text():
    sql, values = render_sql("{{ (vars.name | identifier) ~ ' or 1=1' }}", _context(name="a"))
    assert (sql, values) == ("$p0", {"p0": '"a" or 1=1'})
    assert render_sql("{{ vars.name | identifier | upper }}", _context(name="a"))[0] == "$p0"


@pytest.mark.parametrize("value", ["", None, 3, "a\0b"])
def test_what_is_no_name_is_no_identifier(value):
    with pytest.raises(TemplateFailed, match="a name is a text"):
        render_sql("{{ vars.x | identifier }}", _context(x=value))


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a = '{{ vars.x }}'", 5),
        ("a like '%{{ vars.x }}%'", 9),
        ('"{{ vars.x }}" = 1', 1),
        ("a = 'it''s {{ vars.x }}'", 11),
        ("a = e'\\'{{ vars.x }}'", 8),
        ("a = $$ {{ vars.x }} $$", 7),
        ("a = $t$ {{ vars.x }} $t$", 8),
        ("-- {{ vars.x }}\n1 = 1", 3),
        ("/* {{ vars.x }} */ 1 = 1", 3),
        ("a = {{ vars.x }} and b = '{{ vars.x }}'", 26),
        ("a = '{{ vars.x }}", 5),
        ("{% if 1 %}a = '{{ vars.x }}'{% endif %}", 15),
    ],
)
def test_a_parameter_inside_quotes_or_a_comment_is_an_error_at_its_place(text, offset):
    fault = check_template(text, sql=True)
    assert (fault.code, fault.offset) == ("quoted-parameter", offset)
    with pytest.raises(TemplateFailed) as caught:
        render_sql(text, _context(x="x"))
    assert caught.value.code == "quoted-parameter"


@pytest.mark.parametrize(
    "text",
    [
        "a = 'x' and b = {{ vars.x }}",
        '"a\'b" = {{ vars.x }}',
        "a = 'it''s' and b = {{ vars.x }}",
        "a - -1 = {{ vars.x }}",
        "a = '--' and b = {{ vars.x }}",
        "a = '/*' and b = {{ vars.x }}",
        "/* ' */ a = {{ vars.x }}",
        "-- '\na = {{ vars.x }}",
    ],
)
def test_quotes_that_are_closed_hide_no_parameter(text):
    assert check_template(text, sql=True) is None


def test_a_parameter_of_the_text_itself_is_an_error():
    assert check_template("a = $p0 and b = {{ vars.x }}", sql=True).code == "template-syntax"


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}]])
def test_a_map_is_no_parameter(value):
    with pytest.raises(TemplateFailed, match="can't be a parameter"):
        render_sql("{{ vars.x }}", _context(x=value))


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
        st.integers(-(10**15), 10**15),
        st.booleans(),
        st.decimals(-(10**6), 10**6, places=3),
        st.sampled_from(["'", '"', "--", "/*", ";", "$p0", "{{ x }}", "' or 1=1 --", "\\", "$$"]),
    )
)
def test_whatever_a_value_holds_the_engine_compares_it_as_a_value(value):
    sql, parameters = render_sql("{{ vars.x }} = $given", _context(x=value))
    assert _connection().execute(f"select {sql}", {**parameters, "given": value}).fetchone() == (True,)


def test_a_decimal_keeps_its_places():
    assert render_sql("{{ vars.x }}", _context(x=Decimal("0.10")))[1] == {"p0": Decimal("0.10")}
