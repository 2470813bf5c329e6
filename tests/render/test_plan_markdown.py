"""A plan as Markdown: what a reviewer sees first, how much of it, and what free text can do in it: nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runner.model.plan import Change
from runner.render.language import ENGLISH, FRENCH, LANGUAGES
from runner.render.markdown import prose
from runner.render.page import tidy
from runner.render.plan_markdown import MARKER, render_plan_markdown

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {MARKER, "<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>"}
ALLOWED = {
    *("paragraph_open", "paragraph_close", "inline", "bullet_list_open", "bullet_list_close", "list_item_open"),
    *("list_item_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
    *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "html_block"),
    *("text", "code_inline", "strong_open", "strong_close", "softbreak", "html_inline"),
}
HOSTILE = [
    "@team",
    "a@b.example",
    "#123",
    "owner/repo#1",
    "GH-12",
    "!42",
    "~label",
    "$x$",
    ":tada:",
    "[a](https://x.example)",
    "![i](https://x.example/i.png)",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "</details>",
    "www.x.example",
    "https://x.example",
    "|",
    "\\|",
    "`",
    "```",
    "\n",
    "\n\n# Title\n",
    "\r\n- item",
    "::error file=a::b",
    "##[command]x",
    "##vso[task.x]y",
    "&lt;b&gt;",
    "&#64;team",
    "\u202e",
    "\x1b[31m",
    "\x00",
    "\ud800",
    "**bold**",
    "_under_",
    "~~gone~~",
    "    code",
    "[^1]",
    "[x]: https://x.example",
    "06 39 98 12 34",
    "+33639981234",
    "a plain word",
]
free_text = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8), st.just(" ")), max_size=6).map("".join)
both = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


def _tokens(markdown: str):
    for token in GFM.parse(markdown):
        yield token
        yield from token.children or ()


def _assert_nothing_but_ours(markdown: str) -> None:
    tags = ""
    for token in _tokens(markdown):
        assert token.type in ALLOWED, token
        if token.type.startswith("html"):
            tags += token.content
            assert {tag.strip() for tag in re.findall(r"<!--.*?-->|<[^>]*>", token.content)} <= OURS, token.content
        if token.type == "text":
            assert not re.search(r"[@#<>\[\]!~$^*\\&|]|://|www\.|GH-|:\w+:", token.content), token.content
    assert not any(line.lstrip().startswith("::") for line in markdown.splitlines())
    assert not re.search(r"##(\[|vso)", markdown)
    assert "98 12 34" not in markdown
    assert "39981234" not in markdown
    assert not {c for c in markdown if not c.isprintable()} - {"\n", "\u00a0", "\u202f"}
    assert tags.count("<details>") == tags.count("</details>") == 2
    assert tags.count(MARKER) == 1


def _hostile(plan, texts: list[str]):
    """The plan with these texts wherever files and answers have theirs."""
    take = cycle(texts).__next__
    campaigns = []
    for campaign in plan.campaigns:
        problems = tuple(
            replace(p, code=take(), message=take(), hint=take(), excerpt=take(), place=replace(p.place, path=take()))
            for p in (*campaign.problems, *plan.campaigns[4].problems)
        )
        campaigns.append(
            replace(
                campaign,
                name=take(),
                edition=take(),
                file=take(),
                problems=problems,
                changes=(Change(field=take(), before=take(), after=take()),),
            )
        )
    return replace(plan, campaigns=tuple(campaigns), plan_id=take(), meaning=take(), runner_version=take())


@both
def test_a_plan_as_markdown(review, golden_markdown, language):
    assert render_plan_markdown(review, language, next_step="campaign apply") == golden_markdown


def test_the_marker_stands_first_then_one_sentence_then_the_table(review):
    first, _, sentence, _, blocked, _, table = render_plan_markdown(review, ENGLISH).splitlines()[:7]
    assert first == "<!-- campaign-runner:plan -->"
    assert sentence.startswith(
        "**3 campaigns would reach 19,960 people in 42 requests, for about €2,250.01 and 1 unknown"
    )
    assert "11:06 (Europe/Paris)" in sentence
    assert blocked == "**1 campaign is blocked, and left out.**"
    assert table == "| | Campaign | Action | People | Requests | Cost | When |"


def test_the_last_line_names_the_plan_and_its_meaning(review):
    last = render_plan_markdown(review, FRENCH).splitlines()[-1]
    assert last.startswith(f"<sub>plan `{'0f' * 16}`, sens `{'1e' * 32}`")


def test_nothing_to_send_is_said_first(review):
    idle = replace(review, campaigns=review.campaigns[3:4], lanes=(), finishes_at=None)
    assert "**Nothing to send: nobody is pending.**" in render_plan_markdown(idle, ENGLISH)
    assert "**Rien à envoyer\u00a0: personne n\u2019est en attente.**" in render_plan_markdown(idle, FRENCH)


def test_a_problem_names_its_place_and_its_hint(review):
    markdown = render_plan_markdown(review, ENGLISH)
    assert (
        "- **error** `too-many-recipients` `campaigns/broken.yaml:12:18` campaign `broken` — 20,001 people" in markdown
    )
    assert "\n  - Hint: raise `guards.max_recipients` if that is meant\n" in markdown


def test_one_problem_of_many_campaigns_is_told_once(crowd):
    plan = crowd(9)
    same = plan.campaigns[0].problems
    shared = replace(plan, campaigns=tuple(replace(c, problems=same) for c in plan.campaigns), warnings=())
    markdown = render_plan_markdown(shared, ENGLISH)
    assert "**Problems** (1)" in markdown
    assert "campaigns `recall-000@2026-12` `recall-003@2026-12` `recall-006@2026-12` and 6 more —" in markdown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(texts=st.lists(free_text, min_size=1, max_size=30))
def test_free_text_makes_no_link_image_mention_tag_or_command(review, texts):
    _assert_nothing_but_ours(render_plan_markdown(_hostile(review, texts), ENGLISH, next_step=texts[0]))


@pytest.mark.parametrize("text", HOSTILE)
def test_each_hostile_text_stays_text(review, text):
    _assert_nothing_but_ours(render_plan_markdown(_hostile(review, [text]), FRENCH, next_step=text))


@given(free_text)
def test_prose_keeps_every_visible_word(text):
    line = tidy(text)
    told = prose(line)
    (inline,) = [token for token in GFM.parse(f"- x {told}") if token.type == "inline"]
    shown = "".join(child.content for child in inline.children)
    assert re.sub(r"[\s`]|# ?#", "", shown) == re.sub(r"[\s`]|##", "", f"x {line}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see data/a.csv, then go", "see `data/a.csv`, then go"),
        ("max_cost is 400; 10.5x is more.", "`max_cost` is 400; `10.5x` is more."),
        ("a_b c_d, e_f.", "`a_b c_d`, `e_f`."),
        ("... and ;", "`...` and `;`"),
        ("did you mean `data/clients.csv`?", "did you mean `data/clients.csv`?"),
        ("40 of 385 rows (10.4%) are `main`'s (see `a_b`).", "40 of 385 rows (10.4%) are `main`'s (see `a_b`)."),
    ],
)
def test_a_mark_that_ends_a_word_stays_outside_of_its_code(text, told):
    assert prose(text) == told


@pytest.mark.parametrize("text", ["", "\U0001f4de" * 200, "`@x|" * 90], ids=["short", "wide", "hostile"])
@pytest.mark.parametrize(("problems", "blocked"), [(1, 3), (1, 1), (6, 2)])
def test_five_hundred_campaigns_stay_under_sixty_thousand_bytes(crowd, text, problems, blocked):
    plan = crowd(500, text, problems=problems, blocked=blocked)
    markdown = render_plan_markdown(plan, FRENCH, next_step="campaign apply")
    assert len(markdown.encode()) < 60_000
    _assert_nothing_but_ours(markdown)
    assert markdown.splitlines()[-1].startswith("<sub>plan ")


def test_what_is_left_out_is_counted_and_blocked_campaigns_come_first(crowd):
    plan = crowd(500)
    markdown = render_plan_markdown(plan, ENGLISH)
    overview = markdown.split("\n\n")[3].splitlines()[2:]
    *rows, more = overview
    assert all(row.count("|") == 8 for row in rows)
    assert re.fullmatch(rf"\| \| and {500 - len(rows)} more \|", more)
    signs = [row.split("`")[1] for row in rows]
    assert signs[: len(plan.blocked)] == ["!"] * len(plan.blocked)
    assert len(rows) > len(plan.blocked)
