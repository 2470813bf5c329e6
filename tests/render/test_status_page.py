"""What the ledger knows as one HTML page: what must be settled first, and the facts of text and JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import html5lib
import pytest

from runner.model.ledger import ChunkStatus
from runner.model.names import HandStop
from runner.model.status import DayStatus, Status
from runner.render.language import ENGLISH, FRENCH, LANGUAGES
from runner.render.status_page import render_status_page

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\"' onload=x </style> &amp; {{ 7*7 }} 06 39 98 12 34 \u202e \x1b[31m \ud800"
both = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


def _parse(page: str):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def _text(element) -> str:
    return "".join(element.itertext()).strip()


def _tables(tree) -> list[list[list[str]]]:
    return [
        [[_text(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
        for table in tree.iter("table")
    ]


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


@both
def test_a_status_as_a_page(status, golden_page, language):
    assert render_status_page(status, language, resolve="campaign -C shop resolve") == golden_page


@both
def test_what_must_be_settled_comes_before_all_else_with_its_complete_commands(status, language):
    tree = _parse(render_status_page(status, language, resolve="campaign -C shop resolve"))
    main = next(tree.iter("main"))
    assert [_text(pre) for pre in next(iter(main)).iter("pre")] == [
        "campaign -C shop resolve c1f5aa --accepted",
        "campaign -C shop resolve c1f5aa --not-sent",
    ]
    assert [_text(code) for code in next(iter(main)).iter("code")] == ["c1f5aa", "c2f5aa"]


def test_a_chunk_that_cant_be_sent_any_more_can_be_settled_too(status):
    page = render_status_page(replace(status, overdue=frozenset({"c2f5aa"})), ENGLISH)
    assert "campaign resolve c2f5aa --not-sent" in page
    assert "It can&#39;t be sent any more; its run may still be there" in page


@both
def test_what_is_stopped_comes_first_each_with_what_lets_it_go_on(status, language):
    stops = [HandStop(glob=glob, by="<b>ops</b>@laptop", at=status.created_at) for glob in ("", "spring-*")]
    page = render_status_page(replace(status, stops=tuple(stops)), language, resume="campaign -C shop resume")
    (section, *_) = _parse(page).iter("section")
    assert section.find("h2").get("id") == "stops"
    assert [_text(pre) for pre in section.iter("pre")] == [
        "campaign -C shop resume", "campaign -C shop resume 'spring-*'",
    ]  # fmt: skip
    assert "<b>ops" not in page


def test_adopted_people_are_no_deliveries(status):
    tree = _parse(render_status_page(status, ENGLISH))
    assert _text(next(tree.iter("h1"))) == "2 campaigns made 1,690 deliveries, for €262.00."
    figures = {_text(div.find("dt")): _text(div.find("dd")) for div in tree.iter("div") if div.find("dd") is not None}
    assert (figures["deliveries"], figures["people adopted"], figures["people in doubt"]) == ("1,690", "400", "510")


def test_one_campaign_reached_people(status):
    tree = _parse(render_status_page(replace(status, campaigns=status.campaigns[:1]), FRENCH))
    assert _text(next(tree.iter("h1"))) == "1 campagne a joint 1\u202f490 personnes, pour 222,00\u00a0€."


@both
def test_each_picture_has_a_name_a_description_and_a_table_whose_sums_hold(status, language):
    tree = _parse(render_status_page(status, language))
    ids = {element.get("id"): element for element in tree.iter() if element.get("id")}
    pictures = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("role") == "img"]
    tables = _tables(tree)
    assert len(pictures) == len(tables) == 5
    for picture in pictures:
        assert all(_text(ids[name]) for name in picture.get("aria-labelledby").split())
    people, chunks, day_people, day_chunks, costs = tables
    for _, *rows, total in (people[:], chunks[:], day_people[:], day_chunks[:]):
        for column in range(1, len(total) - 1):
            assert sum(_number(row[column]) for row in rows) == _number(total[column])
    assert [_number(cell) for cell in people[-1][1:6]] == [1690, 400, 10, 500, 2]
    assert [_number(cell) for cell in chunks[-1][1:6]] == [6, 1, 1, 2, 1]
    assert day_people[1][0].endswith("24 November 2026" if language is ENGLISH else "24 novembre 2026")
    assert day_chunks[-1][-1] == costs[-1][1] == language.amounts({"EUR": Decimal(262)})
    assert costs[-1][3] == language.amounts({"EUR": Decimal(330)})


def test_every_kind_in_a_picture_has_a_look_and_a_legend(status):
    page = render_status_page(status, ENGLISH)
    tree = _parse(page)
    style = "".join(_text(element) for element in tree.iter("style"))
    kinds = {rect.get("class") for rect in tree.iter(f"{SVG}rect") if rect.get("class")}
    assert all(f".{kind}" in style for kind in kinds)
    named = {rect.get("class") for ul in tree.iter("ul") for rect in ul.iter(f"{SVG}rect")}
    assert kinds - {"track"} == named


def test_ten_people_in_doubt_among_ten_thousand_are_seen(status):
    record = replace(status.campaigns[0].record, people={"accepted": 100_000, "unknown": 1})
    campaign = replace(status.campaigns[0], record=record)
    tree = _parse(render_status_page(replace(status, campaigns=(campaign,)), ENGLISH))
    bars = next(svg for svg in tree.iter(f"{SVG}svg") if svg.get("class") == "bars")
    (unknown,) = [rect for rect in bars.iter(f"{SVG}rect") if rect.get("class") == "unknown"]
    assert float(unknown.get("width").rstrip("%")) > 0.5


@pytest.mark.parametrize(
    ("known", "sentence"),
    [(1, "€225.00 estimated for 1,500 of 2,200 people."), (0, "there is no estimate.")],
)
def test_estimates_are_not_added_up_where_one_is_not_known(status, known, sentence):
    campaigns = tuple(
        campaign if place < known else replace(campaign, estimated_cost=None, currency=None)
        for place, campaign in enumerate(status.campaigns)
    )
    tree = _parse(render_status_page(replace(status, campaigns=campaigns), ENGLISH))
    assert _tables(tree)[-1][-1][3] == "—"
    assert sentence in _text(tree)


def test_a_cost_beyond_the_estimate_is_drawn_beyond_its_mark(status):
    record = replace(status.campaigns[0].record, costs={"EUR": Decimal(300)})
    dear = replace(status.campaigns[0], record=record, cost_unknown=0)
    tree = _parse(render_status_page(replace(status, campaigns=(dear,)), ENGLISH))
    bars = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("class") == "bars"][-1]
    (over,) = [rect for rect in bars.iter(f"{SVG}rect") if rect.get("class") == "over"]
    (mark,) = [line for line in bars.iter(f"{SVG}line") if line.get("class") == "mark"]
    assert over.get("x") == mark.get("x1")


def test_a_cost_in_another_currency_than_prices_is_told_and_not_drawn(status):
    record = replace(status.campaigns[0].record, costs={"CHF": Decimal(300)})
    foreign = replace(status.campaigns[0], record=record)
    page = render_status_page(replace(status, campaigns=(foreign,)), ENGLISH)
    assert "CHF\u00a0300.00, no estimate" in page


def test_an_empty_ledger_is_one_sentence(status):
    tree = _parse(render_status_page(Status(created_at=status.created_at, runner_version="1.2.3"), ENGLISH))
    assert _text(next(tree.iter("h1"))) == "The ledger is empty: nothing was ever sent from here."
    assert not list(tree.iter("section"))


def test_a_rehearsal_says_that_it_is_one(status):
    assert "from which nobody was reached" in render_status_page(replace(status, is_rehearsal=True), ENGLISH)


def test_a_page_has_no_script_points_nowhere_and_lets_no_text_become_markup(status):
    hostile = tuple(replace(chunk, campaign=HOSTILE, edition=None, reason=HOSTILE) for chunk in status.in_doubt)
    record = replace(status.campaigns[0].record, campaign=HOSTILE, account=HOSTILE)
    campaign = replace(status.campaigns[0], record=record)
    page = render_status_page(replace(status, in_doubt=hostile, campaigns=(campaign,), state_id=HOSTILE), ENGLISH)
    tree = _parse(page)
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "a", "base", f"{SVG}image"}
    assert "98 12 34" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert not {c for c in page if not c.isprintable()} - {"\n", "\u00a0", "\u202f"}


def test_years_of_five_hundred_campaigns_fit_a_page(status):
    campaigns = tuple(
        replace(status.campaigns[0], record=replace(status.campaigns[0].record, campaign=f"recall-{index:03}"))
        for index in range(500)
    )
    first = date(2025, 1, 1)
    days = tuple(
        DayStatus(day=first + timedelta(days=index), people={"accepted": 500}, chunks={"accepted": 1})
        for index in range(700)
    )
    doubts = tuple(replace(status.in_doubt[0], chunk=f"c{index:04}") for index in range(150))
    page = render_status_page(replace(status, campaigns=campaigns, days=days, in_doubt=doubts), FRENCH)
    assert len(page.encode()) < 400_000
    tree = _parse(page)
    assert "et 50 de plus" in [_text(p) for p in tree.iter("p")]
    columns = next(svg for svg in tree.iter(f"{SVG}svg") if svg.get("class") == "columns")
    assert len(list(columns.iter(f"{SVG}rect"))) == 62


@pytest.mark.parametrize("chunk", list(ChunkStatus))
def test_every_status_of_a_chunk_is_shown_in_both_languages(status, chunk):
    day = replace(status.days[0], chunks={chunk.value: 7})
    for language in LANGUAGES.values():
        assert language.say(f"chunk_{chunk}", 7) in render_status_page(replace(status, days=(day,)), language)
