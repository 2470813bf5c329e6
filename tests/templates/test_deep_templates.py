"""However long or deep an expression is, a template is rendered or refused: nothing of it ends the program."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.templates import TemplateFailed, check_template, render, render_file, render_sql
from runner.templates.faults import TemplateFault
from runner.templates.rendering import MAX_SOURCE

CONTEXT = {"vars": {"a": 1}}
CHAINS: dict[str, Callable[[int], str]] = {
    "a sum": lambda n: "{{ 1" + "+1" * n + " }}",
    "or": lambda n: "{{ 1" + " or 1" * n + " }}",
    "and": lambda n: "{{ 1" + " and 1" * n + " }}",
    "parts": lambda n: "{{ vars" + ".a" * n + " }}",
    "places": lambda n: "{{ vars" + "[1]" * n + " }}",
    "filters": lambda n: "{{ 1" + "|int" * n + " }}",
    "calls": lambda n: "{{ range" + "()" * n + " }}",
    "else": lambda n: "{{ " + "1 if 1 else " * n + "1 }}",
    "if": lambda n: "{{ 1" + " if 1" * n + " }}",
    "not": lambda n: "{{ " + "not " * n + "1 }}",
    "minus": lambda n: "{{ " + "- " * n + "1 }}",
    "powers": lambda n: "{{ 1" + "**1" * n + " }}",
    "brackets": lambda n: "{{ " + "(" * n + "1" + ")" * n + " }}",
    "lists": lambda n: "{{ " + "[" * n + "1" + "]" * n + "|string }}",
    "maps": lambda n: "{{ " + "{1:" * n + "1" + "}" * n + "|string }}",
    "calls in calls": lambda n: "{{ " + "range(" * n + "1" + ")" * n + " }}",
    "filters in filters": lambda n: "{{ " + "1|round(" * n + "1" + ")" * n + " }}",
    "parts in parts": lambda n: "{{ " + "vars[" * n + "1" + "]" * n + " }}",
    "tags": lambda n: "{% if 1 %}" * n + "1" + "{% endif %}" * n,
    "tags with signs": lambda n: "{%- if 1 -%}" * n + "1" + "{%-endif%}" * n,
    "other tags": lambda n: "{% if 0 %}" + "{% elif 0 %}" * n + "{% endif %}",
    "tags after else": lambda n: "{% if 0 %}" + "{% else %}{% if 0 %}" * n + "{% endif %}" * (n + 1),
    "loops": lambda n: "{% for a in [1] %}" * n + "1" + "{% endfor %}" * n,
    "blocks": lambda n: "{% set x %}" * n + "1" + "{% endset %}" * n,
}


def _list_failures(text: str) -> list[str]:
    told = []
    for render_one in (render, render_sql, lambda *words: list(render_file(*words, lambda _: None))):
        try:
            render_one(text, CONTEXT)
        except TemplateFailed as failed:
            told.append(failed.message)
    return told


@pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)
def test_an_expression_that_is_far_too_long_is_a_fault_of_its_syntax_at_its_place(make):
    text = make(300)
    fault = check_template(text)
    assert (fault.code, fault.offset) == ("template-syntax", 0)
    assert "too deeply" in fault.message
    assert check_template(text, sql=True) == fault
    with pytest.raises(TemplateFailed, match="too deeply"):
        render(text, CONTEXT)


@settings(deadline=None, max_examples=60)
@given(make=st.sampled_from(list(CHAINS.values())), steps=st.integers(0, 1_500))
def test_what_is_found_sound_is_never_too_deep_to_be_rendered(make, steps):
    text = make(steps)
    if len(text) <= MAX_SOURCE and check_template(text) is None:
        assert not [told for told in _list_failures(text) if "nested" in told]


def test_the_tag_that_is_too_deep_is_told_from_the_others():
    deep = CHAINS["a sum"](350)
    fault = check_template("data/{{ vars.a }}/" + deep + ".csv")
    assert (fault.offset, fault.width) == (18, len(deep))


def test_what_people_write_is_not_too_deep():
    many = " or ".join(f"vars.a == {n}" for n in range(60))
    assert check_template(f"{{% if {many} %}}{{{{ {'~'.join(['1'] * 500)} }}}}{{% endif %}}") is None
    assert render("{{ " + CHAINS["a sum"](60)[3:-3] + " }}", CONTEXT) == "61"


@pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("left", [120, 200, 350])
def test_a_caller_that_is_deep_itself_is_told_as_well(make, left):
    def descend(steps: int) -> None:
        if steps:
            descend(steps - 1)
            return
        for length, sql in ((15, False), (415, True)):
            # What was found of a text is remembered, so that each is another one.
            told.append(check_template(f"{left} {make(length)}", known={"vars": ["a"]}, sql=sql))

    told: list[TemplateFault | None] = []
    check_template("{{ vars.a }}")
    descend(sys.getrecursionlimit() - len(inspect.stack(0)) - left)
    assert told[1] is not None
    assert {fault.code for fault in told if fault is not None} <= {"template-syntax", "template-too-long"}


@pytest.mark.parametrize("text", ["{{ 1e9999|int }}", "{{ vars.a + 1e999 }}", "{% if vars.a < 1e999 %}x{% endif %}"])
def test_a_figure_without_end_is_told_before_it_is_rendered(text):
    fault = check_template(text)
    assert fault is not None
    assert "too long a number" in fault.message


def test_a_filter_that_takes_no_such_argument_is_a_failure_of_the_template():
    with pytest.raises(TemplateFailed):
        render("{{ ''|truncate(-5) }}", CONTEXT)
