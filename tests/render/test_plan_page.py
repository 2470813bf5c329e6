"""A plan as one HTML page: it loads nothing, its pictures say what its tables say, and it keeps to its bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import html5lib
import pytest

from runner.model.plan import Action, Change, Rows
from runner.render.language import ENGLISH, FRENCH, LANGUAGES
from runner.render.plan_page import render_plan_page

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SVG = "{http://www.w3.org/2000/svg}"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>alert(1)</script>\"' onload=x </style> &amp; {{ 7*7 }} 06 39 98 12 34 \u202e \x1b[31m \ud800"
both = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


def _parse(page: str):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def _text(element) -> str:
    return "".join(element.itertext()).strip()


def _table(tree, heading: str) -> list[list[str]]:
    """The rows of the table below this heading, heads first."""
    (section,) = [s for s in tree.iter("section") if s.find("h2") is not None and s.find("h2").get("id") == heading]
    (table,) = section.iter("table")
    return [[_text(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


def test_a_page_of_one_campaign_shows_its_problem_and_those_of_the_project(plan):
    blocked = next(campaign for campaign in plan.campaigns if campaign.action is Action.BLOCKED)
    page = render_plan_page(replace(plan, campaigns=(blocked,)), ENGLISH)
    assert "Problems (2)" in page
    assert all(problem.code in page for problem in (*blocked.problems, *plan.warnings))
    assert "and 1 more" not in page


def test_what_the_whole_project_is_warned_of_is_never_what_a_page_leaves_out(crowd, plan):
    page = render_plan_page(replace(crowd(400, problems=3), warnings=plan.warnings), ENGLISH)
    assert re.search(r"and \d+ more", page)
    assert plan.warnings[0].code in page


def _hostile(plan):
    problem = replace(
        plan.campaigns[4].problems[0], code=HOSTILE, message=f"`{HOSTILE}`", hint=HOSTILE, excerpt=HOSTILE
    )
    campaigns = tuple(
        replace(
            campaign,
            name=HOSTILE,
            edition=str(index),
            file=HOSTILE,
            problems=(replace(problem, place=replace(problem.place, path=HOSTILE)),),
            changes=(Change(field=HOSTILE, before=HOSTILE, after=HOSTILE),),
        )
        for index, campaign in enumerate(plan.campaigns)
    )
    return replace(plan, campaigns=campaigns, plan_id=HOSTILE, meaning=HOSTILE, runner_version=HOSTILE)


@both
def test_a_plan_as_a_page(review, golden_page, language):
    assert render_plan_page(review, language, next_step="campaign apply") == golden_page


@both
def test_a_page_has_one_title_a_language_and_a_policy_before_all_styles(review, language):
    tree = _parse(render_plan_page(review, language))
    assert tree.get("lang") == language.code
    assert len(list(tree.iter("h1"))) == 1
    head = list(tree.find("head"))
    (policy,) = [element for element in head if element.get("http-equiv") == "Content-Security-Policy"]
    assert policy.get("content") == POLICY
    assert head.index(policy) < head.index(tree.find("head/style"))


def test_a_page_has_no_script_and_points_nowhere(review):
    for plan in (review, _hostile(review)):
        page = render_plan_page(plan, FRENCH, next_step=HOSTILE)
        tree = _parse(page)
        tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
        assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "a", "base", f"{SVG}image"}
        names = {name for element in tree.iter() for name in element.attrib}
        assert not {name for name in names if re.search(r"src|href|^on|action|data$|ping|background", str(name))}
        style = "".join(_text(element) for element in tree.iter("style"))
        patterns = {f"#{kind}" for kind in re.findall(r"<pattern id=(\w+)", page)}
        assert set(re.findall(r"url\(([^)]*)\)", style)) <= patterns
        assert "@import" not in style
        assert "http" not in page.replace("http-equiv", "")


def test_no_free_text_becomes_markup_a_number_or_an_invisible_mark(review):
    page = render_plan_page(_hostile(review), ENGLISH, next_step=HOSTILE)
    assert "<script" not in page
    assert "98 12 34" not in page
    assert not {c for c in page if not c.isprintable()} - {"\n", "\u00a0", "\u202f"}
    assert "{{ 7*7 }}" in page


@both
def test_sums_are_those_of_the_rows_and_of_the_pictures(review, language):
    tree = _parse(render_plan_page(review, language))
    _, *rows, total = _table(tree, "who")
    for column in range(1, len(total)):
        assert sum(_number(row[column]) for row in rows) == _number(total[column])
    for _, listed, *reasons in [*rows, total]:
        assert sum(map(_number, reasons)) == _number(listed)
    legend = next(ul for ul in tree.iter("ul") if ul.get("class") == "legend")
    counts = [_number(_text(b)) for b in legend.iter("b")]
    assert sum(counts) == _number(total[1])
    assert counts[0] == review.recipients
    assert counts[0] + counts[1] == _number(total[-1])


@both
def test_when_and_how_much_add_up_to_the_plan(review, language):
    tree = _parse(render_plan_page(review, language))
    _, *rows, total = _table(tree, "when")
    assert sum(_number(row[4]) for row in rows) == _number(total[4]) == review.requests
    assert sum(_number(row[5]) for row in rows) == _number(total[5]) == review.recipients
    _, *rows, total = _table(tree, "much")
    assert total[3] == language.amounts(review.estimated_costs)
    assert [row[3] for row in rows if row[0] == "summer-opening"] == [language.say("much_unpriced")]
    figures = [_text(dd) for dd in tree.iter("dd") if dd.get("class") is None][:3]
    assert figures == [language.number(19960), language.number(42), language.amounts(review.estimated_costs)]


def test_bars_are_as_long_as_what_they_stand_for(review):
    tree = _parse(render_plan_page(review, ENGLISH))
    pictures = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("class") == "bars"]
    who, much = pictures
    for strip in who.iter(f"{SVG}g"):
        if strip.get("class") == "strip":
            widths = [float(r.get("width").rstrip("%")) for r in strip.iter(f"{SVG}rect") if r.get("class") != "track"]
            assert sum(widths) == pytest.approx(100, abs=0.1)
    kinds = [rect.get("class") for rect in much.iter(f"{SVG}rect")]
    assert kinds.count("unpriced") == 1
    assert kinds.count("over") == 1


def test_what_is_beyond_a_guard_on_purpose_looks_otherwise_than_what_blocks(review):
    blocked = review.campaigns[4]
    passed = replace(
        blocked, action=Action.SEND, bounds=replace(blocked.bounds, accepted_cost=Decimal(3500)), problems=()
    )
    tree = _parse(render_plan_page(replace(review, campaigns=(passed,)), ENGLISH))
    kinds = {rect.get("class") for rect in tree.iter(f"{SVG}rect")}
    assert "passed" in kinds
    assert "over" not in kinds
    assert "beyond the guard, on purpose" in "".join(tree.itertext())


def test_one_duplicate_is_one_in_french(review):
    sent = replace(review.campaigns[0], rows=Rows(listed=1202, duplicate=1, invalid=1, pending=1200))
    page = render_plan_page(replace(review, campaigns=(sent,)), FRENCH)
    assert "<b>1</b> doublon <" in page
    assert "1 doublon</title>" in page
    assert "<b>1</b> invalide <" in page


def test_every_picture_has_a_name_a_description_and_a_table(review):
    tree = _parse(render_plan_page(review, ENGLISH))
    ids = {element.get("id"): element for element in tree.iter() if element.get("id")}
    pictures = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("role") == "img"]
    assert len(pictures) == 3
    for picture in pictures:
        title, told = (ids[name] for name in picture.get("aria-labelledby").split())
        assert (title.tag, told.tag) == (f"{SVG}title", f"{SVG}desc")
        assert _text(title)
        assert _text(told)
    assert len([details for details in tree.iter("details") if list(details.iter("table"))]) == 3


def test_what_does_not_apply_is_not_there(review):
    idle = replace(review, campaigns=review.campaigns[3:4], lanes=(), finishes_at=None, warnings=())
    tree = _parse(render_plan_page(idle, ENGLISH))
    assert [h2.get("id") for h2 in tree.iter("h2")] == ["overview", "who"]
    assert _text(next(tree.iter("h1"))) == "Nothing to send: nobody is pending."


def test_problems_stay_english_and_say_so(review):
    tree = _parse(render_plan_page(review, FRENCH))
    told = [p for p in tree.iter("p") if "20,001 people" in _text(p)]
    assert [p.get("lang") for p in told] == ["en"]


@pytest.mark.parametrize("text", ["", "\U0001f4de" * 200, "<&|" * 90], ids=["short", "wide", "escaped"])
@pytest.mark.parametrize(("number", "longest"), [(10, 60_000), pytest.param(500, 400_000, marks=pytest.mark.slow)])
def test_a_page_keeps_to_its_bytes(crowd, text, number, longest):
    page = render_plan_page(crowd(number, text, problems=3, blocked=2), FRENCH)
    assert len(page.encode()) < longest
    _parse(page)


def test_five_hundred_ordinary_campaigns_stand_in_the_tables_one_by_one(crowd):
    tree = _parse(render_plan_page(crowd(500), ENGLISH))
    _, *rows, total = _table(tree, "who")
    assert len(rows) == 500
    assert _number(total[1]) == sum(_number(row[1]) for row in rows)
    (bars, _) = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("class") == "bars"]
    assert len([g for g in bars if g.get("class") == "row"]) == 41


def test_a_plan_of_days_has_an_axis_of_few_marks(review):
    many = replace(review.campaigns[0], requests=20_000, rows=Rows(listed=10_000_000, pending=10_000_000))
    plan = replace(review, campaigns=(many,), finishes_at=review.created_at + review.lanes[0].lasts(20_000))
    tree = _parse(render_plan_page(plan, ENGLISH))
    lines = [line for line in tree.iter(f"{SVG}line") if line.get("class") == "grid"]
    assert 2 <= len(lines) <= 6
    assert "finish, on Friday 27 November 2026, if begun at 11:00" in [_text(dt) for dt in tree.iter("dt")]
    assert _table(tree, "when")[1][3] == "27 November 2026, 06:45:44"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_finds_nothing_to_load_and_nothing_to_complain_of(review, tmp_path):
    """The page is served without its policy, so that a request would be made, not only refused."""
    asked = []
    page = render_plan_page(_hostile(review), FRENCH)
    bare = re.sub(r"<meta http-equiv[^>]*>", "", page).encode()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(bare if self.path == "/" else b"")

        def log_message(self, *arguments):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _browse(f"http://127.0.0.1:{server.server_port}/", tmp_path)
        server.shutdown()
    assert set(asked) - {"/favicon.ico"} == {"/"}
    path = tmp_path / "plan.html"
    path.write_text(page, encoding="utf-8")
    ended = _browse(path.as_uri(), tmp_path)
    assert "CONSOLE" not in ended.stderr
    assert "</html>" in ended.stdout


def _browse(address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *("--no-first-run", f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--dump-dom"),
            address,
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
