"""What a run records: that a chunk is about to leave, and what came of it; and what the database itself refuses."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from runner.errors import AlreadyHeld, AlreadySettled, LockLost, StateRefused, StateUnavailable, TooManyInDoubt
from runner.model.ledger import Acceptance, ChunkStatus

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

PHONE = "+33 6 39 98 00 00"
VALUES = {"number": b"+33639980000", "short": b"s"}


def status_of(desk, chunk: str) -> str:
    return desk.ledger.find_chunk(chunk).status


def test_a_chunk_is_recorded_with_all_its_people_before_it_leaves(desk):
    chunk = desk.record(1, 2, 3, probe=True, timeout=timedelta(seconds=20))
    record = desk.ledger.find_chunk(chunk)
    assert (record.campaign, record.edition, record.account) == ("recall", None, "main")
    assert (record.status, record.recipients, record.probe) == (ChunkStatus.SENDING, 3, True)
    assert (record.recorded_at, record.answered_at) == (desk.clock.now(), None)
    assert desk.people() == {1: "S", 2: "S", 3: "S"}


def test_a_chunks_name_could_be_no_number(desk):
    names = {desk.record(n, name=f"c-{n}", max_in_doubt=99) for n in range(20)}
    assert len(names) == 20
    assert all(name.isalpha() and name.islower() and len(name) == 10 for name in names)


def test_an_accepted_chunk_keeps_what_the_answer_says(desk):
    chunk = desk.record(1, 2)
    desk.clock.wait(3)
    told = {"cost": Decimal("0.30"), "currency": "EUR", "counted": 1, "audio_name": "recall.wav"}
    desk.accept(chunk, provider_id="camp-7", **told)
    record = desk.ledger.find_chunk(chunk)
    assert (record.status, record.provider_id, record.answered_at) == ("accepted", "camp-7", desk.clock.now())
    assert {name: getattr(record, name) for name in told} == told
    assert desk.people() == {1: "A", 2: "A"}


def test_the_people_of_a_rejected_chunk_are_pending_again(desk):
    chunk = desk.record(1, 2)
    desk.reject(chunk, reason="HTTP 429")
    assert status_of(desk, chunk) == "rejected"
    assert desk.ledger.find_chunk(chunk).reason == "HTTP 429"
    assert desk.people() == {}
    desk.record(1, 2)


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 500])
@pytest.mark.parametrize("settled", [True, False])
def test_all_people_of_a_chunk_are_held_and_all_are_freed_however_many(desk, size, settled):
    desk.accept(desk.record(1000, 1001))
    whole = desk.record(*range(size))
    digest = desk.content().digest
    held = {who for _, who in desk.cut_people(desk.ledger.read_people("recall", None, digest))}
    assert held == {desk.person(n) for n in (*range(size), 1000, 1001)}
    if settled:
        desk.doubt(whole)
        desk.settle(whole, accepted=False)
    else:
        desk.reject(whole)
    left = desk.cut_people(desk.ledger.read_people("recall", None, digest))
    assert sorted(who for _, who in left) == sorted((desk.person(1000), desk.person(1001)))


def test_the_people_of_an_unknown_chunk_are_never_sent_to_by_themselves(desk):
    chunk = desk.record(1, 2)
    desk.doubt(chunk)
    assert desk.people() == {1: "U", 2: "U"}
    with pytest.raises(AlreadyHeld):
        desk.record(2, 3)


@pytest.mark.parametrize("become", ["sending", "accept", "doubt"])
def test_nobody_is_recorded_twice_in_a_campaign_and_nothing_of_that_chunk_stands(desk, become):
    first = desk.record(1, 2)
    if become != "sending":
        getattr(desk, become)(first)
    serial = desk.state.serial
    with pytest.raises(AlreadyHeld) as held:
        desk.record(3, 2, 4)
    assert "apply again" in held.value.hint
    assert set(desk.people()) == {1, 2}
    assert len(desk.ledger.chunks()) == 1
    assert desk.state.serial == serial


def test_one_person_twice_in_one_chunk_is_refused(desk):
    with pytest.raises(AlreadyHeld):
        desk.record(1, 1)
    assert desk.ledger.chunks() == ()


def test_the_same_person_may_be_reached_by_another_campaign_or_edition(desk):
    for identity in ({}, {"name": "other"}, {"edition": "1"}, {"edition": "2"}, {"edition": ""}):
        desk.record(1, **identity, max_in_doubt=99)
    for identity in ({}, {"name": "other"}, {"edition": "1"}, {"edition": "2"}, {"edition": ""}):
        with pytest.raises(AlreadyHeld):
            desk.record(1, **identity, max_in_doubt=99)


def test_the_database_itself_refuses_a_second_live_row_whoever_writes_it(desk):
    desk.accept(desk.record(1))
    with pytest.raises(IntegrityError), desk.state.transactions.recording() as anybody:
        anybody.exec_driver_sql("insert into recipients select campaign_id, pseudonym, chunk_id from recipients")


@pytest.mark.parametrize(
    "statement",
    [
        "update chunks set status = 'cancelled'",
        "update chunks set status = 'released'",
        "update chunks set recipients = 0",
        "update recipients set pseudonym = :number",
        "update refused set pseudonym = :short",
        "update chunks set run_id = 99",
        "update chunks set id = 99 where id = 2",
        "delete from chunks where id = 2",
        "insert into state select 2, version, state_id, serial, check_value, created_at, null, null from state",
        "insert into campaigns (name, edition) values ('recall', null)",
        "insert into campaigns (name, edition) select name, edition from campaigns where edition = '1'",
        "insert into accounts (fingerprint, epoch) select fingerprint, 1 from accounts",
    ],
)
def test_the_database_itself_refuses_what_the_contract_does_not_know(desk, statement):
    desk.accept(desk.record(1))
    desk.record(1, edition="1")
    desk.refuse(desk.record(2))
    with pytest.raises(IntegrityError), desk.state.transactions.recording() as anybody:
        anybody.execute(text(statement), {name: value for name, value in VALUES.items() if f":{name}" in statement})


@pytest.mark.parametrize("undone", ["UPDATE state SET serial = serial - 1", "UPDATE accounts SET epoch = epoch - 1"])
def test_a_run_that_finds_less_than_it_recorded_records_nothing_more(desk, undone):
    desk.record(1)
    with desk.state.transactions.recording() as connection:
        connection.execute(text(undone))
    with pytest.raises(StateRefused, match="an older copy took its place") as refused:
        desk.record(2)
    assert refused.value.code == "state-older"
    assert desk.people() == {1: "S"}


def test_each_recorded_chunk_raises_the_serial(desk):
    for n in range(3):
        assert desk.state.serial == n
        desk.accept(desk.record(n))


@on_sqlite
def test_a_state_of_many_people_is_still_its_owners_alone(desk):
    desk.record(*range(100))
    files = [path for path in desk.state.home.path.parent.iterdir() if path.name != ".gitignore"]
    assert {path.suffix for path in files} >= {".db", ".db-journal", ".lock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


# Places in doubt


def test_no_chunk_is_recorded_when_all_places_in_doubt_are_taken(desk):
    chunks = [desk.record(n, max_in_doubt=2) for n in range(2)]
    desk.doubt(chunks[0])
    with pytest.raises(TooManyInDoubt) as too_many:
        desk.record(5, max_in_doubt=2)
    assert too_many.value.exit_code == 3
    assert "`main`" in too_many.value.message
    assert "campaign resolve" in too_many.value.hint
    assert desk.ledger.in_doubt(desk.held) == 2
    desk.reject(chunks[1])
    desk.record(5, max_in_doubt=2)


def test_a_new_api_key_frees_no_place_in_doubt(desk):
    desk.doubt(desk.record(1))
    with desk.hold("main", desk.OTHER_FINGERPRINT) as new_key:
        assert desk.ledger.in_doubt(new_key) == 1
        with pytest.raises(TooManyInDoubt):
            desk.record(2, held=new_key, max_in_doubt=1)


def test_a_new_name_for_the_same_api_key_frees_no_place_in_doubt(desk):
    desk.doubt(desk.record(1))
    with pytest.raises(TooManyInDoubt):
        desk.record(2, held=replace(desk.held, account="renamed"), max_in_doubt=1)


def test_another_account_has_places_of_its_own(desk):
    desk.doubt(desk.record(1))
    with desk.hold("other", desk.OTHER_FINGERPRINT) as other:
        assert desk.ledger.in_doubt(other) == 0
        desk.record(2, held=other, max_in_doubt=1)


def test_two_names_of_one_key_count_under_the_name_that_sent(desk):
    second = replace(desk.held, account="second")
    desk.accept(desk.record(1, held=second))
    assert [chunk.account for chunk in desk.ledger.chunks()] == ["second"]


# The fence


def test_whoever_lost_the_lock_records_nothing_more(desk):
    lost = desk.take_over()
    with pytest.raises(LockLost) as told:
        desk.record(1, held=lost)
    assert "`main`" in told.value.message
    assert desk.ledger.chunks() == ()
    desk.record(1)


@on_sqlite
def test_a_lock_whose_file_was_removed_is_lost(desk):
    desk.held.grip.file.unlink()
    with pytest.raises(LockLost):
        desk.record(1)


@on_sqlite
def test_a_lock_whose_file_was_replaced_is_lost(desk):
    desk.held.grip.file.rename(desk.held.grip.file.with_suffix(".old"))
    desk.held.grip.file.touch()
    with pytest.raises(LockLost):
        desk.record(1)


# Answers


def test_an_answer_recorded_twice_stands_once(desk):
    """A commit whose end is not known is repeated, so that is harmless."""
    accepted, rejected, unknown, refused = (desk.record(n, max_in_doubt=9) for n in range(4))
    for _ in range(2):
        desk.accept(accepted, cost=Decimal(1), currency="EUR")
        desk.reject(rejected)
        desk.doubt(unknown)
        desk.refuse(refused)
    assert desk.people() == {0: "A", 2: "U", 3: "R"}
    assert desk.ledger.find_campaign("recall", None).costs == {"EUR": Decimal(1)}


def test_the_truth_is_recorded_after_the_lock_was_lost_and_the_chunk_found_by_another(desk):
    chunks = [desk.record(n) for n in range(4)]
    old = desk.take_over()
    assert desk.ledger.sweep(desk.held, desk.clock) == tuple(chunks)
    assert desk.people() == {0: "U", 1: "U", 2: "U", 3: "U"}
    desk.accept(chunks[0], held=old)
    desk.reject(chunks[1], held=old)
    desk.refuse(chunks[2], old)
    desk.ledger.record_unknown(old, chunks[3], "HTTP 500", desk.clock.read())
    assert desk.people() == {0: "A", 2: "R", 3: "U"}
    assert desk.ledger.find_chunk(chunks[3]).reason == "HTTP 500"


def test_an_answer_to_another_runs_chunk_is_no_answer(desk):
    chunk = desk.record(1)
    desk.take_over()
    with pytest.raises(ValueError, match="not recorded by this run"):
        desk.accept(chunk)


def test_a_chunk_that_the_state_has_forgotten_tells_of_an_older_copy(desk):
    with pytest.raises(StateRefused) as refused:
        desk.accept("nosuchname")
    assert refused.value.code == "state-older"


def test_an_answer_never_changes_into_its_opposite(desk):
    accepted, rejected = desk.record(1), desk.record(2)
    desk.accept(accepted)
    desk.reject(rejected)
    with pytest.raises(ValueError, match="accepted can't become rejected"):
        desk.reject(accepted)
    with pytest.raises(ValueError, match="accepted can't become unknown"):
        desk.doubt(accepted)
    with pytest.raises(ValueError, match="rejected can't become accepted"):
        desk.accept(rejected)
    assert desk.people() == {1: "A"}


def test_an_acceptance_after_a_release_is_told_loudly(desk):
    chunk = desk.record(1)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=False)
    with pytest.raises(AlreadySettled) as told:
        desk.accept(chunk)
    assert chunk in told.value.message
    assert status_of(desk, chunk) == "released"


def test_a_refusal_after_a_settlement_as_accepted_is_told_loudly(desk):
    chunk = desk.record(1)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=True)
    with pytest.raises(AlreadySettled):
        desk.reject(chunk)
    with pytest.raises(AlreadySettled):
        desk.refuse(chunk)
    assert desk.people() == {1: "A"}


def test_an_answer_that_agrees_with_the_settlement_adds_what_it_knows(desk):
    accepted, released = desk.record(1), desk.record(2)
    for chunk in (accepted, released):
        desk.doubt(chunk)
    desk.settle(accepted, accepted=True, provider_id="by-hand")
    desk.settle(released, accepted=False)
    desk.accept(accepted, provider_id="told", cost=Decimal("0.15"), currency="EUR", counted=1)
    desk.reject(released)
    desk.doubt(accepted)
    desk.doubt(released)
    record = desk.ledger.find_chunk(accepted)
    assert (record.status, record.provider_id, record.cost) == ("accepted", "told", Decimal("0.15"))
    assert status_of(desk, released) == "released"


@on_sqlite
def test_an_answer_can_be_recorded_after_the_state_was_locked_by_another_program(desk, monkeypatch):
    chunk = desk.record(1)
    with desk.state.transactions.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(desk.state.home.path, isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateUnavailable) as told:
            desk.accept(chunk)
        assert "locked" in told.value.message
    desk.accept(chunk)
    assert status_of(desk, chunk) == "accepted"


@on_sqlite
def test_a_reader_that_stays_makes_the_commit_fail_as_text_and_leaves_nothing(desk):
    chunk = desk.record(1)
    with desk.state.transactions.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(desk.state.home.path, isolation_level=None)) as browser:
        browser.execute("BEGIN")
        browser.execute("select * from chunks").fetchall()
        with pytest.raises(StateUnavailable):
            desk.accept(chunk)
    assert status_of(desk, chunk) == "sending"
    desk.accept(chunk)


# Refused numbers


def refuse(desk, *people: int, audio: str = "audio-1") -> str:
    chunk = desk.record(*people, content=desk.content(audio))
    desk.refuse(chunk, reason="DESTINATION_INVALID")
    return chunk


def test_a_refused_number_is_not_tried_again_with_the_same_content(desk):
    chunk = refuse(desk, 1)
    assert status_of(desk, chunk) == "rejected"
    assert desk.people() == {1: "R"}
    assert desk.people(audio="audio-2") == {}


def test_a_refused_number_may_be_reached_with_another_content_and_then_counts_as_reached(desk):
    refuse(desk, 1)
    desk.accept(desk.record(1, content=desk.content("audio-2")))
    assert desk.people() == {1: "A"}
    record = desk.ledger.find_campaign("recall", None)
    assert (record.people["accepted"], record.people["refused"]) == (1, 0)


def test_a_number_refused_with_two_contents_is_one_person(desk):
    refuse(desk, 1)
    refuse(desk, 1, audio="audio-2")
    assert desk.ledger.find_campaign("recall", None).people["refused"] == 1


def test_a_number_refused_again_with_one_content_is_no_error(desk):
    refuse(desk, 1)
    refuse(desk, 1)
    assert desk.people() == {1: "R"}


def test_refused_numbers_are_forgiven_when_it_was_no_number(desk):
    chunks = [refuse(desk, n) for n in range(4)]
    desk.ledger.forgive_refused(desk.held, chunks[:3])
    assert desk.people() == {3: "R"}
    assert status_of(desk, chunks[0]) == "rejected"


def test_forgiving_is_fenced(desk):
    chunk = refuse(desk, 1)
    lost = desk.take_over()
    with pytest.raises(LockLost):
        desk.ledger.forgive_refused(lost, [chunk])


def test_only_who_stood_alone_can_be_refused(desk):
    chunk = desk.record(1, 2)
    with pytest.raises(ValueError, match="has 2 people, and 1 were refused"):
        desk.refuse(chunk)
    assert desk.people() == {1: "S", 2: "S"}


# What is not kept


def test_no_number_that_an_answer_repeats_is_kept(desk):
    for n, spelling in enumerate((PHONE, "+33639980000", "06.39.98.00.00", "06 39 98 00 00", "(0)639980000")):
        chunk = desk.record(n)
        desk.reject(chunk, reason=f"DESTINATION_INVALID: {spelling} at 2026, HTTP 400")
        assert desk.ledger.find_chunk(chunk).reason == "DESTINATION_INVALID: ••• at 2026, HTTP 400".replace(
            "•••", "+•••" if spelling.startswith("+") else "(•••" if spelling.startswith("(") else "•••"
        )


@on_sqlite
def test_no_file_of_the_state_holds_a_number(desk):
    number = 33639980000
    sender = desk.state.pseudonyms.of_sender(f"+{number}")
    kept = desk.content(sender_pseudonym=sender, sender_masked="+33 6 •• •• •• 00")
    chunk = replace(desk.new_chunk(content=kept), pseudonyms=(desk.state.pseudonyms.of_number(number),))
    name = desk.ledger.record_sending(desk.held, chunk, desk.clock.read(), max_in_doubt=5)
    reason = f"0{number % 10**9} is wrong"
    desk.ledger.record_rejected(desk.held, name, chunk.pseudonyms, reason, desk.clock.read())
    written = b"".join(path.read_bytes() for path in desk.state.home.path.parent.iterdir())
    digits = "".join(chr(byte) if chr(byte).isdigit() else "" if chr(byte) in " .-" else "x" for byte in written)
    assert "639980000" not in digits
    assert number.to_bytes(5) not in written


def test_a_person_is_sixteen_bytes(desk):
    with pytest.raises(Exception, match=r"(?i)check constraint|has 16 bytes"):
        desk.ledger.record_sending(
            desk.held, replace(desk.new_chunk(), pseudonyms=(desk.person(1)[:15],)), desk.clock.read(), max_in_doubt=5
        )
    assert desk.ledger.chunks() == ()


def test_acceptance_without_details_is_enough(desk):
    chunk = desk.record(1)
    desk.ledger.record_accepted(desk.held, chunk, Acceptance(provider_id="p"), desk.clock.read())
    assert desk.ledger.find_chunk(chunk).cost is None
