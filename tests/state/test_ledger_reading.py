"""What plan, status, pacing and access requests read from the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from runner.errors import ProbeNeeded, StateRefused
from runner.model.clock import Instant
from runner.model.ledger import ChunkStatus, Departure
from runner.model.plan import Reason
from runner.state import dialects, tables
from runner.state import people as people_room

EUR = {"currency": "EUR", "counted": 2}


def test_an_empty_ledger_knows_nothing(desk):
    ledger = desk.ledger
    assert (ledger.campaigns(), ledger.chunks(), ledger.contacts(desk.person(1))) == ((), (), ())
    assert (ledger.find_campaign("recall", None), ledger.find_chunk("x"), ledger.find_sender("x")) == (None, None, None)
    assert (ledger.learnt_price("main"), ledger.heard_audio_name("recall", None, "audio-1")) == (None, None)
    assert (ledger.campaign_cost("recall", None), desk.people()) == (({}, 0), {})
    assert (ledger.departures(desk.held, newest=5), ledger.in_doubt(desk.held)) == ((), 0)
    assert not ledger.must_probe(desk.held)


def fill(desk) -> dict[str, str]:
    """One campaign with a chunk of each status, a minute apart."""
    chunks = {}
    for n, status in enumerate(("rejected", "accepted", "unknown", "released", "refused", "sending")):
        chunks[status] = (
            desk.record(*range(10 * n, 10 * n + n + 1), content=desk.content(f"audio-{n}"), max_in_doubt=9)
            if status != "refused"
            else desk.record(90, content=desk.content("audio-1"), max_in_doubt=9)
        )
        desk.clock.wait(60)
    desk.reject(chunks["rejected"])
    desk.accept(chunks["accepted"], cost=Decimal("0.30"), **EUR)
    desk.doubt(chunks["unknown"])
    desk.doubt(chunks["released"])
    desk.settle(chunks["released"], accepted=False)
    desk.refuse(chunks["refused"])
    return chunks


def test_a_campaigns_record_counts_people_and_chunks_by_status(desk):
    start = desk.clock.now()
    fill(desk)
    record = desk.ledger.find_campaign("recall", None)
    assert desk.ledger.campaigns() == (record,)
    assert (record.campaign, record.edition, record.account) == ("recall", None, "main")
    assert record.people == {"accepted": 2, "sending": 6, "unknown": 3, "refused": 1}
    assert record.chunks == {"sending": 1, "unknown": 1, "accepted": 1, "rejected": 2, "released": 1}
    assert record.costs == {"EUR": Decimal("0.30")}
    assert (record.first_activity, record.last_activity) == (start, desk.clock.now())


def test_the_first_content_is_that_of_the_first_chunk_that_holds_people(desk):
    fill(desk)
    record = desk.ledger.find_campaign("recall", None)
    assert record.first_content == desk.content("audio-1")
    assert record.accepted_contents == {desk.content("audio-1").digest}


def test_every_field_of_a_content_comes_back(desk):
    content = desk.content(
        sender_pseudonym=b"s" * 16,
        sender_masked="+33 6 •• •• •• 00",
        notify_url="https://hooks.example.fr/vms",
        schedule="2026-12-01 10:00",
    )
    desk.record(1, content=content)
    assert desk.ledger.find_campaign("recall", None).first_content == content


def test_a_content_that_was_settled_as_accepted_was_accepted(desk):
    chunk = desk.record(1)
    desk.doubt(chunk)
    assert desk.ledger.find_campaign("recall", None).accepted_contents == frozenset()
    desk.settle(chunk, accepted=True)
    assert desk.ledger.find_campaign("recall", None).accepted_contents == {desk.content().digest}


def test_campaigns_are_told_apart_by_edition_and_sorted(desk):
    for name, edition in (("b", None), ("a", "2"), ("a", None), ("a", "1")):
        desk.accept(desk.record(1, name=name, edition=edition))
    assert [(r.campaign, r.edition) for r in desk.ledger.campaigns()] == [
        ("a", None),
        ("a", "1"),
        ("a", "2"),
        ("b", None),
    ]
    assert desk.ledger.find_campaign("b", "1") is None
    assert [c.edition for c in desk.ledger.chunks("a", "2")] == ["2"]
    assert [c.edition for c in desk.ledger.chunks("a")] == [None]


def test_the_account_of_a_campaign_is_that_of_its_newest_chunk(desk):
    desk.accept(desk.record(1))
    desk.accept(desk.record(2, held=replace(desk.held, account="second")))
    assert desk.ledger.find_campaign("recall", None).account == "second"


def test_chunks_are_listed_in_their_order_and_chosen_by_status(desk):
    chunks = fill(desk)
    assert [c.chunk for c in desk.ledger.chunks()] == list(chunks.values())
    doubt = desk.ledger.chunks(statuses=[ChunkStatus.UNKNOWN, ChunkStatus.SENDING])
    assert [c.chunk for c in doubt] == [chunks["unknown"], chunks["sending"]]
    assert desk.ledger.chunks("recall", statuses=[]) == ()
    assert desk.ledger.chunks("other") == ()


# People


@pytest.mark.parametrize("page", [1, 2, 3, 7, 100])
def test_people_come_whole_whatever_the_page(desk, monkeypatch, page):
    monkeypatch.setattr(people_room, "PAGE", page)
    desk.accept(desk.record(*range(5)))
    desk.doubt(desk.record(*range(5, 8)))
    desk.record(8)
    for n in (20, 21, 22):
        desk.refuse(desk.record(n))
    pages = list(desk.ledger.read_people("recall", None, desk.content().digest))
    items = desk.cut_people(pages)
    assert len(items) == len(set(items)) == 12
    assert max(len(people) for _, people in pages) <= page * 16
    assert desk.people() == {**dict.fromkeys(range(5), "A"), 5: "U", 6: "U", 7: "U", 8: "S", 20: "R", 21: "R", 22: "R"}


def test_people_come_as_they_were_recorded_whatever_their_bytes(desk):
    desk.accept(desk.record(*range(0, 256, 2)))
    desk.doubt(desk.record(*range(1, 256, 2)))
    pages = desk.ledger.read_people("recall", None, desk.content().digest)
    reasons = (Reason.ACCEPTED, Reason.UNKNOWN)
    assert sorted(desk.cut_people(pages)) == sorted((reasons[n % 2], desk.person(n)) for n in range(256))


def test_people_are_read_whole_by_a_sqlite_that_ends_what_it_joins_at_a_nul(desk, monkeypatch):
    monkeypatch.setattr(dialects, "joins_any_bytes", lambda: False)
    test_people_come_as_they_were_recorded_whatever_their_bytes(desk)


def test_a_person_of_a_damaged_state_who_cannot_be_told_is_not_passed_over(desk):
    desk.accept(desk.record(1, 2))
    with desk.state.transactions.recording() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        else:
            connection.exec_driver_sql("ALTER TABLE recipients DROP CONSTRAINT ck_recipients_bytes")
        who = tables.recipients.c.pseudonym == desk.person(1)
        connection.execute(update(tables.recipients).where(who).values(pseudonym=b"short"))
    with pytest.raises(StateRefused, match="damaged"):
        list(desk.ledger.read_people("recall", None, desk.content().digest))


def test_people_of_another_campaign_or_edition_are_not_mixed_in(desk):
    desk.accept(desk.record(1, edition="1"))
    desk.refuse(desk.record(2, name="other"))
    assert desk.people() == {}
    assert desk.people(edition="1") == {1: "A"}
    assert desk.people("other") == {2: "R"}


def test_reading_people_keeps_nobody_from_recording(desk):
    desk.accept(desk.record(1))
    pages = desk.ledger.read_people("recall", None, desk.content().digest)
    first = next(pages)
    desk.accept(desk.record(2))
    assert first == (Reason.ACCEPTED, desk.person(1))
    assert first not in list(pages)


# Costs and prices


def test_costs_add_up_exactly_and_by_currency(desk):
    for n, (cost, currency) in enumerate([("0.10", "EUR"), ("0.20", "EUR"), ("0.20", "EUR"), ("1.5", "CHF")]):
        desk.accept(desk.record(n), cost=Decimal(cost), currency=currency, counted=1)
    costs, unpriced = desk.ledger.campaign_cost("recall", None)
    assert (costs, unpriced) == ({"CHF": Decimal("1.5"), "EUR": Decimal("0.50")}, 0)
    assert desk.ledger.find_campaign("recall", None).costs == costs


def test_people_whose_cost_no_answer_told_are_counted(desk):
    desk.accept(desk.record(1, 2), cost=Decimal(1), **EUR)
    desk.accept(desk.record(3, 4, 5))
    desk.accept(desk.record(6), cost=Decimal(1))
    desk.doubt(desk.record(7, 8))
    desk.record(9)
    desk.reject(desk.record(10))
    assert desk.ledger.campaign_cost("recall", None) == ({"EUR": Decimal(1)}, 3 + 1 + 2 + 1)
    assert desk.ledger.campaign_cost("recall", "other") == ({}, 0)


def test_the_price_is_learnt_from_the_newest_answer_that_tells(desk):
    desk.accept(desk.record(1), cost=Decimal("0.15"), currency="EUR", counted=1)
    desk.accept(desk.record(2, 3), cost=Decimal("0.40"), currency="EUR", counted=2)
    desk.accept(desk.record(4), cost=Decimal(9), currency="EUR", counted=0)
    desk.accept(desk.record(5))
    assert desk.ledger.learnt_price("main") == (Decimal("0.20"), "EUR")
    assert desk.ledger.learnt_price("other") is None


def test_the_audio_name_is_the_newest_that_the_provider_told_of_this_recording(desk):
    for n, (audio, name) in enumerate([("a", "old.wav"), ("a", "new.wav"), ("a", None), ("b", "other.wav")]):
        desk.accept(desk.record(n, content=desk.content(audio)), audio_name=name)
    assert desk.ledger.heard_audio_name("recall", None, "a") == "new.wav"
    assert desk.ledger.heard_audio_name("recall", "1", "a") is None


# Access requests


def test_contacts_are_all_chunks_that_reached_a_person_or_may_have(desk):
    reached = desk.record(1, 2)
    desk.accept(reached)
    other = desk.record(1, name="other", edition="3")
    desk.doubt(other)
    desk.reject(desk.record(1, name="third"))
    desk.refuse(desk.record(1, name="fourth"))
    desk.accept(desk.record(3))
    assert [c.chunk for c in desk.ledger.contacts(desk.person(1))] == [reached, other]
    assert desk.ledger.contacts(desk.person(9)) == ()


# Pacing


def test_departures_are_the_newest_that_ended_and_all_with_no_known_end(desk):
    ended = []
    lost = desk.record(50)
    desk.doubt(lost, ended=False)
    for n in range(4):
        started = desk.clock.read()
        chunk = desk.record(n)
        desk.clock.wait(2)
        desk.accept(chunk)
        ended.append(Departure(started=started, ended=desk.clock.read(), timeout=timedelta(seconds=30)))
        desk.clock.wait(10)
    under_way = desk.clock.read()
    desk.record(60, timeout=timedelta(seconds=7.5))
    found = desk.ledger.departures(desk.held, newest=2)
    assert {d for d in found if d.ended is not None} == set(ended[-2:])
    assert Departure(started=under_way, ended=None, timeout=timedelta(seconds=7.5)) in found
    assert len(found) == 4


def test_departures_keep_the_clocks_to_the_microsecond(desk):
    desk.clock.wait(0.123456)
    started = desk.clock.read()
    desk.reject(desk.record(1))
    (departure,) = desk.ledger.departures(desk.held, newest=5)
    assert departure.started == departure.ended == started
    assert isinstance(departure.started, Instant)


def test_departures_are_of_one_api_key_under_whatever_name(desk):
    desk.accept(desk.record(1, held=replace(desk.held, account="second")))
    with desk.hold("main", desk.OTHER_FINGERPRINT) as other:
        desk.accept(desk.record(2, held=other), held=other)
        assert len(desk.ledger.departures(other, newest=5)) == 1
    assert len(desk.ledger.departures(desk.held, newest=5)) == 1


# Probes


def test_after_an_unknown_the_account_probes_until_one_is_accepted(desk):
    must_probe = desk.ledger.must_probe
    desk.accept(desk.record(1))
    assert not must_probe(desk.held)
    desk.doubt(desk.record(2))
    assert must_probe(desk.held)
    desk.reject(desk.record(3))
    desk.record(4, name="other")
    assert must_probe(desk.held)
    desk.accept(desk.record(5, name="other"))
    assert not must_probe(desk.held)


def test_what_is_larger_than_a_probe_is_not_recorded_after_an_unknown_of_any_run_whatever_its_own_has_heard(desk):
    desk.record(1, 2, 3, largest_probe=2)
    with desk.hold("main", desk.OTHER_FINGERPRINT) as other:
        desk.doubt(desk.record(4, held=other), held=other)
        for held in (desk.held, other):
            with pytest.raises(ProbeNeeded):
                desk.record(5, 6, 7, held=held, largest_probe=2)
    assert desk.people() == {1: "S", 2: "S", 3: "S", 4: "U"}
    desk.accept(desk.record(5, 6, largest_probe=2))
    desk.record(7, 8, 9, largest_probe=2)


def test_a_campaign_without_probes_goes_on_after_an_unknown(desk):
    desk.doubt(desk.record(1))
    desk.record(2, 3, 4, largest_probe=0)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_settlement_ends_no_probing(desk, accepted):
    chunk = desk.record(1)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=accepted)
    assert desk.ledger.must_probe(desk.held)
    desk.accept(desk.record(2))
    assert not desk.ledger.must_probe(desk.held)


def test_a_late_acceptance_ends_probing(desk):
    chunk = desk.record(1)
    old = desk.take_over()
    desk.ledger.sweep(desk.held, desk.clock)
    assert desk.ledger.must_probe(desk.held)
    desk.accept(chunk, held=old)
    assert not desk.ledger.must_probe(desk.held)


def test_a_new_api_key_or_name_probes_on(desk):
    desk.doubt(desk.record(1))
    assert desk.ledger.must_probe(replace(desk.held, account="renamed"))
    with desk.hold("main", desk.OTHER_FINGERPRINT) as other:
        assert desk.ledger.must_probe(other)
    with desk.hold("other", b"x" * 16) as stranger:
        assert not desk.ledger.must_probe(stranger)
