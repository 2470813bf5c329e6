"""A plan as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.model.plan import Action
from runner.render.text import render_plan


@pytest.mark.parametrize("width", [80, 160])
def test_a_plan_reads_from_its_sentence_to_its_next_step(plan, golden, width):
    text = render_plan(plan, width=width, next_step="campaign apply 'spring-*' --sandbox")
    assert text == golden
    assert text.endswith("Next step: campaign apply 'spring-*' --sandbox")


def test_colour_only_emphasises_what_the_words_say(plan):
    import re

    plain, coloured = render_plan(plan), render_plan(plan, color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_fits_the_width(plan, width):
    assert max(map(len, render_plan(plan, width=width).splitlines())) <= width


def test_a_limit_is_told_beside_what_it_limits(plan):
    assert "This run reaches at most 500 people of them: `--limit` says so." in render_plan(plan, most=500)
    assert "--limit" not in render_plan(plan, most=plan.recipients)


def test_a_plan_that_sends_nothing_says_so_first_and_loudly(plan):
    nothing = replace(plan, campaigns=tuple(c for c in plan.campaigns if c.action is Action.NONE), finishes_at=None)
    assert render_plan(nothing, next_step="campaign apply").startswith("NOTHING TO SEND: nobody is pending.")
    assert "Next step" not in render_plan(nothing, next_step="campaign apply")


def test_a_plan_that_is_all_blocked_says_what_comes_next(plan):
    blocked = replace(plan, campaigns=tuple(c for c in plan.campaigns if c.action is Action.BLOCKED))
    text = render_plan(blocked, next_step="campaign apply")
    assert text.startswith("NOTHING TO SEND: 1 campaign is blocked")
    assert text.endswith("Next step: mend what blocks, then plan again.")


def test_a_project_without_campaigns_is_told_where_to_begin(plan):
    assert "add a file under `campaigns/`" in render_plan(replace(plan, campaigns=()))


def test_a_price_that_is_not_known_is_never_zero(plan):
    unpriced = replace(plan, campaigns=tuple(replace(c, estimated_cost=None) for c in plan.sending))
    text = render_plan(unpriced, width=160)
    assert "at a price that is not known yet" in text
    assert "price not known" in text
    assert "0.00" not in text


def test_no_text_of_a_plan_shows_a_number_or_steers_the_terminal(plan):
    hostile = "06 39 98 12 34 \x1b[31m \u202e \ud800 \r gone"
    changed = replace(plan.campaigns[0], name="x\x1by", file=hostile, account=hostile)
    changed = replace(changed, changes=(replace(plan.campaigns[1].changes[0], after=hostile),))
    text = render_plan(replace(plan, campaigns=(changed, replace(changed, action=Action.NONE))))
    assert "98 12 34" not in text
    assert not {"\x1b", "\u202e", "\ud800", "\r"} & set(text)
