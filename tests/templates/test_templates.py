"""Templates render what they see and nothing else; their work is bounded, and every failure says what is wrong."""

from __future__ import annotations

import contextlib
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.templates import TemplateFailed, build_context, check_template, render

NOW = datetime(2026, 11, 24, 23, 30, tzinfo=ZoneInfo("Europe/Paris"))
CONTEXT = build_context(
    vars={"region": "lyon", "cities": ["a", "b"], "version": Decimal("2026.10"), "items": "mine", "none": None, "n": 3},
    env={"REGION": "rhone"},
    campaign={"name": "spring", "edition": None, "account": "main"},
    now=NOW,
)
KNOWN = {"vars": ["region", "cities", "version", "items", "none", "n"], "env": ["REGION"], "campaign": ["name"]}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("no template { at } all", "no template { at } all"),
        ("data/{{ vars.region }}.csv", "data/lyon.csv"),
        ("{{ vars['region'] | upper }}-{{ env.REGION }}", "LYON-rhone"),
        ("{{ campaign.name }}@{{ campaign.edition | default('none', true) }}", "spring@none"),
        ("{{ today }} {{ now.strftime('%H:%M %Z') }} {{ today.year }}", "2026-11-24 23:30 CET 2026"),
        ("{{ vars.cities | join(',') }}{% for c in vars.cities %}[{{ c }}{{ loop.index }}]{% endfor %}", "a,b[a1][b2]"),
        ("{% if vars.region == 'lyon' %}yes{% else %}no{% endif %}{# said #}", "yes"),
        ("{% set a = vars.n * 2 + 1 %}{{ a }}{{ -a }}{{ 7 // 2 }}{{ 2 ** 5 }}", "7-7332"),
        ("{{ vars.version }}", "2026.10"),
        ("{{ vars.items }}", "mine"),
        ("{{ vars.regoin | default('else') }}", "else"),
        ("{{ 'a' ~ vars.n ~ true }}", "a3True"),
        ("{{ vars.cities | map('upper') | list | last }}", "B"),
        ("{{ '%02d' | format(vars.n) }} {{ 'é'.upper() }} {{ 'a b'.split()[1] }}", "03 É b"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("a\n{{ vars.region }}\n", "a\nlyon\n"),
        ("{{ '<b>' }}", "<b>"),
        ("{{ range(3) | join }}", "012"),
        ("{{ (vars.cities + ['c']) | length }}", "3"),
    ],
)
def test_what_a_template_says_is_rendered(text, rendered):
    assert check_template(text) is None
    assert render(text, CONTEXT) == rendered


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ vars.regoin }}", "`vars` has no `regoin`: did you mean `vars.region`?"),
        ("{{ vars['regoin'] }}", "`vars` has no `regoin`: did you mean `vars.region`?"),
        ("{{ varz.region }}", "templates know no `varz`: did you mean `vars`?"),
        ("{{ env.HOME }}", "`env` has no `HOME`"),
        ("{{ campaign.nmae }}", "did you mean `campaign.name`?"),
        ("{{ vars.region.city }}", "there is no `city` in this value"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_known(text, told):
    with pytest.raises(TemplateFailed) as caught:
        render(text, CONTEXT)
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("text", "told", "offset", "width"),
    [
        ("x/{{ region }}", "did you mean `vars.region`?", 5, 6),
        ("{{ vars.regoin }}", "did you mean `vars.region`?", 8, 6),
        ("{{ env.HOME }}", "`env` has no `HOME`", 7, 4),
        ("{{ vars.region | uper }}", "did you mean `upper`?", 17, 4),
        ("{% if vars.region is defnied %}{% endif %}", "did you mean `defined`?", 21, 7),
        ("a {{ vars.region", "never closed", 2, None),
        ("{{ vars.n }}{{ a b }}", "missing before `b`", 12, 9),
        ("{{ }}", "can't be read", 0, 5),
        ("{% include 'x' %}", "`if`, `for` and `set` alone", 0, None),
        ("{% macro f() %}{% endmacro %}", "`if`, `for` and `set` alone", 0, None),
        ("{% set x %}{% endset %}", "`if`, `for` and `set` alone", 0, None),
        ("{{ vars.region | identifier }}", "no filter `identifier`", 17, 10),
        ("{{ '" + "x" * 10_000 + "' }}", "at most 10,000 characters", 0, None),
    ],
)
def test_a_fault_is_found_before_rendering_at_its_place(text, told, offset, width):
    fault = check_template(text, known=KNOWN)
    assert told in fault.message
    assert (fault.offset, fault.width) == (offset, width)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{{ "a" * 1000 | wordwrap(1) }}', "a filter or function was given a number, which it does not take"),
        ('{{ "a" + 1 }}', "`+` can't join a text and a number; `~` makes one text of both"),
        ("{{ today - 1 }}", "`-` can't be used on a date and a number"),
        ('{{ 1 < "a" }}', "a number can't be compared with a text"),
        ("{{ vars.region() }}", "a text is no function"),
        ('{{ "a" | int(1, 2, 3, 4) }}', "is given too many words"),
        ('{{ "%d" | format("x") }}', "a number is wanted where a text is"),
        ("{{ range(1, 2, 0) | list }}", "a step can't be zero"),
        ('{{ "ab" | map("nope") | list }}', "templates know no filter `nope`"),
    ],
)
def test_what_fails_is_told_in_words_of_templates(text, told):
    with pytest.raises(TemplateFailed) as failed:
        render(text, CONTEXT)
    assert told in failed.value.message
    assert "object" not in failed.value.message


@pytest.mark.parametrize(
    "text",
    ["{{ vars.x | default('y') }}", "{% if vars.x is defined %}{{ vars.x }}{% endif %}", "{{ vars.get('x', 1) }}"],
)
def test_a_template_may_provide_for_what_is_missing(text):
    assert check_template(text, known=KNOWN) is None


@pytest.mark.parametrize("text", ["{{ vars.none }}", "{{ vars.cities }}", "{{ vars }}", "{{ campaign.edition }}"])
def test_what_is_no_text_is_never_printed(text):
    with pytest.raises(TemplateFailed, match=r"is empty|is no text"):
        render(text, CONTEXT)


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ vars.__class__ }}",
    "{{ vars|attr('__class__') }}",
    "{{ vars['__class__'] }}",
    "{{ [].__class__.__base__ }}",
    "{{ now.__reduce__() }}",
    "{{ render.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ namespace.__init__ }}",
    "{{ dict.__base__ }}",
    "{{ range.__globals__ }}",
    "{{ '{0.__class__}'.format(vars) }}",
    "{{ '{0.__class__}'.format_map({'0': 1}) }}",
    "{{ ('%s' | format)(1) }}",
    "{{ ['{0.__class__}'] | map('format', vars) | list }}",
    "{{ vars.cities | map(attribute='__class__') | first }}",
    "{{ vars.cities | sort(attribute='__class__.__name__') | list | string }}",
    "{{ ''.encode().decode() }}",
    "{{ (1).to_bytes(100000, 'big') }}",
    "{{ config }}",
    "{{ request }}",
    "{{ loop }}",
    "{{ caller() }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% import 'os' as os %}",
    "{% extends '/etc/passwd' %}",
    "{{ now.astimezone().tzinfo }}",
    "{{ now.tzinfo }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_behind_the_values_can_be_reached(text):
    with pytest.raises(TemplateFailed):
        render(text, CONTEXT)


GREEDY = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 10**10**10 }}",
    "{{ 2**100 * 2**100 * 2**100 }}",
    "{{ 'a' | center(10**9) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | indent(1000000000) }}",
    "{{ 'a\na' | indent('x' * 90000) }}",
    "{{ ('a' * 50000) | replace('a', 'b' * 50000) }}",
    "{{ '' | replace('', 'x' * 99999) | replace('', 'x' * 99999) }}",
    "{{ range(9999) | join('x' * 9999) }}",
    "{{ range(9999) | map('string') | join('x' * 9999) }}",
    "{{ [1] | batch(1000000000, 'x') | list | length }}",
    "{{ [1] | slice(1000000000) | list | length }}",
    "{{ 1 | round(1000000000, 'ceil') }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' | format(1000000000, 1) }}",
    "{{ '%.1000000000f' % 1.5 }}",
    "{{ 'a b' | wordwrap(1, wrapstring='x' * 99999) | wordwrap(1, wrapstring='x' * 99999) }}",
    "{{ range(10**9) | sum }}",
    "{{ lipsum(n=100000) }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% for a in range(999) %}{% for b in range(999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}",
    "{% set a = 'ab' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'ab' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a == a }}",
    "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 40 + "{{ a | string }}",
    "{% set a = {'x': 1} %}" + "{% set a = {'x': a, 'y': a} %}" * 40 + "{{ a | string }}",
    "{{ " + "(" * 4_000 + "1" + ")" * 4_000 + " }}",
    "{{ " + "not " * 2_000 + "1 }}",
    "{{ " + "-" * 4_000 + "1 }}",
    "{{ " + "[" * 4_000 + "]" * 4_000 + " }}",
    "{{ 1" + "0" * 9_000 + " }}",
]


@pytest.mark.parametrize("text", GREEDY, ids=lambda text: text[:40])
def test_work_is_refused_before_it_is_done(text):
    with pytest.raises(TemplateFailed):
        render(text, CONTEXT)


PIECES = st.sampled_from(
    [
        *[
            "vars",
            ".region",
            ".n",
            ".cities",
            "now",
            "today",
            "env.REGION",
            "campaign.name",
            "[0]",
            "'a'",
            "9",
            "-1",
            "0",
        ],
        *[
            " + ",
            " * ",
            " ** ",
            " ~ ",
            " % ",
            " / ",
            " // ",
            " - ",
            " == ",
            " in ",
            " and ",
            " not ",
            " is defined",
            "|",
        ],
        *[
            "upper",
            "join",
            "replace('a','b')",
            "center(99)",
            "default(1)",
            "map('upper')",
            "list",
            "sum",
            "round",
            "int",
        ],
        *["(", ")", "[", "]", "{", "}", ",", ":", "range(9)", ".strftime('%Y')", ".split()", "__class__", ".x", "()"],
        *[
            "}}",
            "{{",
            "{% if 1 %}",
            "{% endif %}",
            "{% for a in vars.cities %}",
            "{% endfor %}",
            "{% set a = 1 %}",
            "a",
        ],
    ]
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=12).map(lambda pieces: "{{ " + "".join(pieces) + " }}"))
@example("{{ today - now }}")
@example("{{ 1 / 0 }}")
@example("{{ 'a' + 1 }}")
@example("{{ vars.cities | sum }}")
@example("{{ [1, 'a'] | sort }}")
@example("{{ now.strftime(9) }}")
@example("{{ '\\ud800' }}")
@example("{{ vars.n() }}")
def test_any_template_is_rendered_or_says_why_not(text):
    check_template(text, known=KNOWN)
    with contextlib.suppress(TemplateFailed):
        assert isinstance(render(text, CONTEXT), str)


def test_a_template_does_not_know_itself():
    fault = check_template("{{ self }}", sql=False, known={})
    assert (fault.code, "`self`" in fault.message) == ("unknown-name", True)
