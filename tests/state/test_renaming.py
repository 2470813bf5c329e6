"""A campaign under a new name, who heard a recording, earlier measures, and what was sent since a moment."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from runner.errors import AlreadyHeld, StateRefused
from runner.model.approval import Mark
from runner.model.ledger import Adoption
from runner.state import resemblance

SPRING, SUMMER = ("spring", None), ("summer", "2027")


def test_the_ledger_of_a_former_name_goes_on_under_the_new_one_and_remembers_it(desk):
    desk.accept(desk.record(1, 2, name="spring"))
    assert desk.ledger.rename(SPRING, SUMMER)
    assert (desk.people("summer", "2027"), desk.people("spring")) == ({1: "A", 2: "A"}, {})
    assert desk.ledger.formers() == {SPRING: SUMMER}
    with pytest.raises(AlreadyHeld):
        desk.record(2, 3, name="summer", edition="2027")


def test_a_name_that_the_ledger_does_not_know_is_no_former_name(desk):
    assert not desk.ledger.rename(SPRING, SUMMER)
    assert desk.ledger.formers() == {}


def test_two_ledgers_are_joined_and_whoever_one_of_them_holds_the_whole_holds(desk):
    desk.accept(desk.record(1, 2, name="spring"))
    desk.doubt(desk.record(3, name="spring", content=desk.content("audio-2")))
    desk.accept(desk.record(2, 4, name="summer", edition="2027"))
    refused = desk.record(5, name="spring")
    desk.refuse(refused)
    assert desk.ledger.rename(SPRING, SUMMER)
    assert desk.people("summer", "2027") == {1: "A", 2: "A", 3: "U", 4: "A", 5: "R"}
    (record,) = desk.ledger.campaigns()
    assert (record.label, record.chunks["accepted"], record.chunks["unknown"]) == ("summer@2027", 2, 1)


@pytest.mark.parametrize("become", ["reject", "refuse"])
def test_a_chunk_that_is_refused_after_its_ledger_was_joined_frees_its_own_people_alone(desk, become):
    desk.accept(desk.record(2, name="summer", edition="2027"))
    refused = desk.record(1, name="spring")
    desk.accept(desk.record(1, name="other"))
    assert desk.ledger.rename(SPRING, SUMMER)
    getattr(desk, become)(refused)
    assert desk.people("summer", "2027").get(1) == {"reject": None, "refuse": "R"}[become]
    assert (desk.people("summer", "2027")[2], desk.people("other")) == ("A", {1: "A"})


@pytest.mark.parametrize(("held", "freed"), [("accept", "doubt"), ("doubt", "accept"), ("doubt", "doubt")])
def test_two_ledgers_wait_while_somebody_whom_both_hold_is_in_doubt(desk, held, freed):
    recorded = [desk.record(1, name="spring"), desk.record(1, 2, name="summer", edition="2027")]
    for chunk, became in zip(recorded, (held, freed), strict=True):
        getattr(desk, became)(chunk)
    assert not desk.ledger.rename(SPRING, SUMMER)
    assert (set(desk.people("spring")), set(desk.people("summer", "2027"))) == ({1}, {1, 2})


def test_a_run_that_began_before_a_rename_records_nothing_more_under_the_former_name(desk):
    desk.accept(desk.record(1, name="spring"))
    desk.ledger.rename(SPRING, SUMMER)
    with pytest.raises(AlreadyHeld) as refused:
        desk.record(1, 2, name="spring")
    assert "goes on under `summer`" in refused.value.message
    assert desk.people("spring") == {}


def test_people_that_were_adopted_overtake_no_plan(desk):
    mark = desk.ledger.mark()
    adopted = Adoption(
        campaign="spring", edition=None, content=desk.content(), pseudonyms=(desk.person(1),), source="x", by="ada"
    )
    desk.ledger.adopt(desk.held, [adopted], desk.clock.read())
    assert desk.ledger.find_overtaking(mark, "mine", {"spring"}) == ()


def test_names_of_names_are_remembered(desk):
    desk.accept(desk.record(1, name="spring"))
    desk.ledger.rename(SPRING, SUMMER)
    desk.ledger.rename(SUMMER, ("autumn", None))
    assert desk.ledger.formers() == {SPRING: ("autumn", None), SUMMER: ("autumn", None)}


def test_whoever_heard_a_recording_is_found_campaign_by_campaign(desk):
    desk.accept(desk.record(1, 2, name="spring"))
    desk.clock.wait(60)
    desk.doubt(desk.record(3, name="spring"))
    desk.reject(desk.record(4, name="spring"))
    desk.accept(desk.record(5, name="other", content=desk.content("audio-2")))
    (found,) = desk.ledger.find_hearers("audio-1")
    assert (found.label, found.people, found.last_at) == ("spring", 3, desk.clock.now())
    heard = {page[at : at + 16] for page in desk.ledger.read_hearers(found) for at in range(0, len(page), 16)}
    assert heard == {desk.person(number) for number in (1, 2, 3)}
    assert desk.ledger.find_hearers("audio-3") == ()


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_whoever_heard_a_recording_comes_in_the_order_in_which_people_are_kept(desk):
    """Where each page sorted all, a million people took ten times as long."""
    desk.accept(desk.record(1, 2, name="spring"))
    (found,) = desk.ledger.find_hearers("audio-1")
    asked = []
    with desk.state.transactions.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        resemblance.read_hearers(connection, found, b"")
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1][0]}", asked[-1][1]).all()
    assert not any("TEMP B-TREE" in step[3] for step in steps), steps


def test_the_last_measure_is_the_one_that_counts(desk):
    desk.ledger.note_measures({"people recall": 10, "rows a": 3}, desk.clock)
    desk.ledger.note_measures({"people recall": 12}, desk.clock)
    assert desk.ledger.measures() == {"people recall": 12, "rows a": 3}


def test_what_other_plans_sent_since_a_moment_is_told_campaign_by_campaign(desk):
    desk.accept(desk.record(1, name="spring", plan_id="first"))
    mark = desk.ledger.mark()
    assert desk.ledger.find_overtaking(mark, "mine", {"spring"}) == ()
    desk.accept(desk.record(2, name="spring", plan_id="mine"))
    desk.reject(desk.record(3, name="spring", plan_id="other"))
    assert desk.ledger.find_overtaking(mark, "mine", {"spring"}) == ()
    desk.accept(desk.record(4, name="spring", plan_id="other"))
    desk.accept(desk.record(5, name="spring", edition="2", plan_id="other"))
    (found,) = desk.ledger.find_overtaking(mark, "mine", {"spring"})
    assert (found.label, found.plan_id, found.at) == ("spring", "other", desk.clock.now())
    (found,) = desk.ledger.find_overtaking(mark, "mine", {"spring@2"})
    assert found.label == "spring@2"


def test_an_older_copy_than_the_moment_is_refused(desk):
    desk.record(1)
    for later in (Mark(serial=2, last_chunk=None), Mark(serial=1, last_chunk="bcdfghjkmn")):
        with pytest.raises(StateRefused) as refused:
            desk.ledger.find_overtaking(later, "mine", {"recall"})
        assert refused.value.code == "plan-state-older"
