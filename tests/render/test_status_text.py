"""What the ledger knows, and what came of a run, as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from runner.model.events import Ending, Origin, RunReport
from runner.model.ledger import ChunkStatus
from runner.model.names import HandStop
from runner.model.status import Status
from runner.render.documents import status_document
from runner.render.language import ENGLISH, FRENCH
from runner.render.report import render_report
from runner.render.status import render_contacts, render_status
from runner.render.status_page import render_status_page

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("width", [80, 160])
def test_chunks_in_doubt_come_first_with_the_commands_that_settle_them(status, golden, width):
    text = render_status(status, width=width, resolve="campaign -C shop resolve")
    assert text == golden
    assert text.index("campaign -C shop resolve c1f5aa --not-sent") < text.index("account main")
    assert max(map(len, text.splitlines())) <= width


def test_an_empty_ledger_says_so(status):
    text = render_status(Status(created_at=status.created_at, runner_version="1.2.3"))
    assert text == "The ledger is empty: nothing was ever sent from here."


def test_people_of_several_campaigns_are_deliveries_and_adopted_ones_stand_apart(status):
    text = render_status(status)
    assert text.startswith("2 campaigns made 1,690 deliveries for 262.00 EUR; 330.00 EUR estimated.")
    assert "400 people were adopted: something else reached them." in text
    assert "people: 600 accepted (400 adopted), 500 sending" in text
    alone = render_status(replace(status, campaigns=status.campaigns[:1]))
    assert alone.startswith("1 campaign reached 1,490 people for 222.00 EUR; 225.00 EUR estimated.")


def test_a_chunk_that_cant_be_sent_any_more_is_told_with_what_settles_it(status):
    text = render_status(replace(status, overdue=frozenset({"c2f5aa"})))
    assert "it can't be sent any more; its run may still be there" in text
    assert "campaign resolve c2f5aa --not-sent" in text
    assert "being sent now" in render_status(status)


def test_one_person_in_doubt_is_one(status):
    alone = replace(status, in_doubt=(replace(status.in_doubt[0], recipients=1),))
    assert "nobody knows whether 1 person was reached." in render_status(alone)
    assert "nobody knows whether 1 person was reached." in render_status_page(alone, ENGLISH)
    assert "personne ne sait si 1 personne a été jointe." in render_status_page(alone, FRENCH)
    report = replace(REPORT, unknown_chunks=("c1f5aa",), unknown_people=1)
    assert "nobody knows whether 1 person was reached." in render_report(report, again="campaign apply", width=160)


def test_a_sum_of_estimates_says_how_many_people_it_is_about(status):
    known, other = status.campaigns
    partly = replace(status, campaigns=(known, replace(other, estimated_cost=None, currency=None)))
    assert "225.00 EUR estimated for 1,500 of 2,200 people." in render_status(partly, width=160)
    assert status_document(partly)["summary"]["estimate_unknown"] == 700
    assert status_document(status)["summary"]["estimate_unknown"] == 0


def test_many_days_end_in_the_latest_ones(status):
    days = tuple(replace(status.days[0], day=status.days[0].day + timedelta(days=number)) for number in range(30))
    text = render_status(replace(status, days=days))
    assert "16 earlier days" in text
    assert text.splitlines()[-1].strip().startswith("2026-12-22")


def test_no_status_shows_a_number(status):
    assert "0639981234" not in render_status(status)


def test_an_access_request_is_answered_with_campaign_time_and_chunk(status, golden):
    chunks = (
        replace(status.counted_fewer[0], cost=Decimal("1.5"), currency="EUR"),
        status.in_doubt[0],
    )
    assert render_contacts("+33 6 •• •• •• 34", chunks, timezone="Europe/Paris") == golden


def test_an_access_request_tells_adopted_people_from_those_whom_a_campaign_reached(status):
    (accepted,) = status.counted_fewer
    told = render_contacts("+33 6 •• •• •• 34", [replace(accepted, adopted=True)], timezone="Europe/Paris", width=160)
    assert "adopted 2026-11-24" in told
    assert ": reached earlier, by something else" in told
    assert "reached 2026" not in told


def test_an_access_request_about_nobody_is_answered_too():
    assert render_contacts("+33 6 •• •• •• 34", (), timezone="UTC") == "No campaign reached +33 6 •• •• •• 34."


REPORT = RunReport(
    origin=Origin(run="a1", actor="ops@laptop"),
    ending=Ending.DONE,
    exit_code=0,
    started_at=NOW,
    ended_at=NOW + timedelta(seconds=25.2),
    reached=1200,
    requests=4,
    costs={"EUR": Decimal("180.01")},
)


def test_a_run_that_is_done_says_it_in_one_line():
    assert render_report(REPORT, again="campaign apply") == (
        "Done: 1,200 people reached in 4 requests, for 180.01 EUR, in 26 s."
    )


def test_a_run_that_sent_nothing_says_so():
    assert render_report(replace(REPORT, requests=0, reached=0, costs={})) == "Done: nothing was sent."


def test_a_run_that_somebody_stopped_goes_on_once_it_is_resumed():
    """`campaign apply` alone would be blocked."""
    stop = HandStop(glob="spring-*", by="ops@laptop", at=NOW)
    report = replace(REPORT, ending=Ending.STOPPED, exit_code=2, pending=20, hand_stops=(stop,))
    told = render_report(report, again="campaign -C shop apply", resume="campaign -C shop resume")
    assert told.splitlines()[-3:] == [
        "20 people pending. Next steps:",
        "  campaign -C shop resume 'spring-*'",
        "  campaign -C shop apply",
    ]


def test_a_run_that_left_something_says_what_and_how_to_go_on(golden):
    report = replace(
        REPORT,
        ending=Ending.SIGNAL,
        exit_code=1,
        cost_unknown=10,
        pending=190,
        refused=2,
        unknown_chunks=("c1f5aa",),
        unknown_people=10,
        blocked={"broken": "20,001 people are more than `max_recipients`"},
        stopped={"spring": "the provider refused the recording"},
        accounts_stopped={"main": "no credit is left, says +33639981234"},
    )
    text = render_report(report, again="campaign apply 'spring-*'")
    assert text == golden
    assert text.endswith("campaign apply 'spring-*'")
    assert "39981234" not in text


@pytest.mark.parametrize("state", list(ChunkStatus))
def test_every_status_of_a_chunk_is_counted_in_the_contracts_words(status, state):
    campaign = status.campaigns[0]
    record = replace(campaign.record, chunks={state.value: 3})
    assert f"chunks: 3 {state}" in render_status(replace(status, campaigns=(replace(campaign, record=record),)))
