"""A state written to a file, and read into an empty place of the same or of the other kind."""

from __future__ import annotations

import re
import sqlite3
from contextlib import ExitStack, closing
from decimal import Decimal

import pytest

from runner.errors import StateKeyWrong, StateRefused
from runner.model.secret import Secret
from runner.state import transfer
from runner.state.open import create_state, find_state, open_state
from runner.state.transfer import export_state, import_state, retire

FIRST_PEOPLE = '"campaign_id":1,"chunk_id":1,'

KEY = Secret("the key of a state that tests alone open")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where an import goes, and how it is opened."""
    if request.param == "sqlite":
        url = "sqlite:///elsewhere/ledger.db"
    else:
        cluster = request.getfixturevalue("cluster")
        url = cluster.url(cluster.new_schema())
    return {"url": url, "root": tmp_path, "key": KEY, "pin": None}


@pytest.fixture
def bring(place, clock):
    """A function that imports lines into the place."""
    with ExitStack() as stack:
        yield lambda lines, **how: stack.enter_context(import_state(iter(lines), **{**place, "clock": clock, **how}))


def fill(desk) -> None:
    desk.accept(desk.record(1, 2, edition="é"), cost=Decimal("0.30"), currency="EUR", counted=2, audio_name="a.wav")
    desk.doubt(desk.record(3, content=desk.content("audio-2", schedule="2026-12-01 10:00")))
    desk.refuse(desk.record(4))
    settled = desk.record(5)
    desk.doubt(settled)
    desk.settle(settled, accepted=False)
    desk.record(6, 7)
    desk.ledger.stop(["spring-*"], by="ops@host", clock=desk.clock)
    desk.accept(desk.record(8, name="spring"))
    desk.ledger.rename(("spring", None), ("summer", None))
    desk.ledger.note_measures({"people recall": 7}, desk.clock)


def told(state) -> tuple:
    ledger = state.ledger
    people = [
        sorted((reason, page[at : at + 16]) for reason, page in pages for at in range(0, len(page), 16))
        for pages in (ledger.read_people(record.campaign, record.edition, b"") for record in ledger.campaigns())
    ]
    kept = (ledger.stops(), ledger.formers(), ledger.measures())
    return state.serial, ledger.campaigns(), ledger.chunks(), *kept, people


def test_everything_comes_over_whatever_keeps_either(desk, bring):
    fill(desk)
    lines = list(export_state(desk.state))
    brought = bring(lines)
    assert told(brought) == told(desk.state)
    assert brought.id != desk.state.id, "the other one goes on"
    assert list(export_state(brought))[1:] == lines[1:]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_an_export_is_the_same_however_many_people_are_brought_together_at_a_time(desk, monkeypatch, at_once):
    fill(desk)
    whole = list(export_state(desk.state))
    monkeypatch.setattr(transfer, "PEOPLE_AT_ONCE", at_once)
    assert list(export_state(desk.state)) == whole


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "hurt", ["delete from chunks where id = {}", "update recipients set campaign_id = 2 where chunk_id = {}"]
)
@pytest.mark.parametrize("which", [1, 2, 3])
def test_a_state_that_holds_somebody_whose_chunk_is_not_there_is_not_exported(desk, hurt, which):
    for chunk in ((1,), (2, 3), (4,)):
        desk.accept(desk.record(*chunk))
    with closing(sqlite3.connect(desk.state.home.path)) as behind_its_back:
        behind_its_back.execute(hurt.format(which))
        behind_its_back.commit()
    with pytest.raises(StateRefused, match="damaged"):
        list(export_state(desk.state))


def test_an_export_of_an_older_release_which_tells_of_a_chunk_that_holds_nobody_is_taken(desk, bring):
    desk.reject(desk.record(1, 2))
    desk.accept(desk.record(3))
    lines = list(export_state(desk.state))
    assert not any(FIRST_PEOPLE in line for line in lines)
    nobody = '{"campaign_id":1,"chunk_id":1,"people":[]}\n'
    assert told(bring([*lines[:-2], nobody, *lines[-2:]])) == told(desk.state)


def test_what_was_brought_goes_on_as_the_same_ledger(desk, bring, clock):
    fill(desk)
    brought = bring(list(export_state(desk.state)))
    with ExitStack() as stack:
        there = type(desk)(brought, clock, stack)
        assert there.held.epoch == desk.held.epoch + 1
        assert len(brought.ledger.sweep(there.held, clock)) == 1
        there.accept(there.record(8, 9))
        assert there.people()[6] == "U"


def test_names_go_on_after_it_was_brought(desk, bring):
    fill(desk)
    brought = bring(list(export_state(desk.state)))
    assert brought.ledger.rename(("summer", None), ("autumn", None))
    assert brought.ledger.formers() == {(name, None): ("autumn", None) for name in ("spring", "summer")}


def test_a_retired_state_gives_its_id_away_and_sends_no_more(desk, bring, clock, open_again):
    desk.accept(desk.record(1))
    retire(desk.state, clock)
    with pytest.raises(StateRefused) as refused:
        desk.record(2)
    assert refused.value.code == "state-retired"
    with pytest.raises(StateRefused) as refused:
        open_again()
    assert refused.value.code == "state-retired"
    brought = bring(list(export_state(desk.state)), pin=desk.state.id)
    assert brought.id == desk.state.id
    assert told(brought) == told(desk.state)


def test_a_state_is_not_retired_while_it_may_be_sending(desk, clock):
    desk.record(1)
    with pytest.raises(StateRefused) as refused:
        retire(desk.state, clock)
    assert refused.value.code == "state-in-use"
    clock.wait(60)
    retire(desk.state, clock)


def test_a_pin_of_another_state_is_not_overrun(desk, bring, place):
    with pytest.raises(StateRefused) as refused:
        bring(list(export_state(desk.state)), pin=desk.state.id)
    assert "--retire" in refused.value.hint
    assert find_state(**place) is None


def test_an_empty_state_that_was_made_on_purpose_is_filled_and_keeps_its_id(desk, bring, place, clock):
    fill(desk)
    create_state(**place, clock=clock).close()
    with open_state(**place, clock=clock) as empty:
        state_id = empty.id
    brought = bring(list(export_state(desk.state)), pin=state_id)
    assert brought.id == state_id
    assert told(brought) == told(desk.state)


def test_what_a_run_that_reached_nobody_left_in_it_goes(desk, bring, place, clock):
    fill(desk)
    create_state(**place, clock=clock).close()
    with open_state(**place, clock=clock) as empty:
        empty.ledger.note_measures({"people recall": 3}, clock)
    assert told(bring(list(export_state(desk.state)))) == told(desk.state)


def test_a_state_that_holds_anything_is_not_filled(desk, bring):
    fill(desk)
    lines = list(export_state(desk.state))
    brought = bring(lines)
    before = told(brought)
    with pytest.raises(StateRefused) as refused:
        bring(lines)
    assert refused.value.code == "state-exists"
    assert told(brought) == before


def test_another_key_is_refused_and_makes_nothing(desk, bring, place):
    with pytest.raises(StateKeyWrong):
        bring(list(export_state(desk.state)), key=Secret("another key that is long enough for it"))
    assert find_state(**place) is None


def test_no_key_file_is_made_for_an_import(desk, bring, place):
    with pytest.raises(StateRefused) as refused:
        bring(list(export_state(desk.state)), key=None)
    assert refused.value.code == "state-key-missing"


@pytest.mark.parametrize(
    "hurt",
    [
        lambda lines: [],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: ["{}\n", *lines[1:]],
        lambda lines: [*lines[:2], "no line of it\n", *lines[3:]],
        lambda lines: [line.replace('"name"', '"nome"') for line in lines],
        lambda lines: [line.replace(FIRST_PEOPLE, '"campaign_id":1,"chunk_id":99,') for line in lines],
        lambda lines: [line.replace(FIRST_PEOPLE, '"campaign_id":99,"chunk_id":1,') for line in lines],
        lambda lines: [re.sub(r'("people":)\["\w+"', r'\1[""', line) for line in lines],
        lambda lines: [re.sub(r'("people":\["\w+)(\w\w)","', r'\1","\2', line) for line in lines],
        lambda lines: [re.sub(r'("people":\["\w+)","', r"\1", line) for line in lines],
    ],
)
def test_what_is_not_whole_is_refused_and_leaves_nothing(desk, bring, place, clock, hurt):
    fill(desk)
    with pytest.raises(StateRefused) as refused:
        bring(hurt(list(export_state(desk.state))))
    assert refused.value.code == "export-damaged"
    assert find_state(**place) is None


def test_no_key_and_no_number_stands_in_an_export(desk):
    fill(desk)
    written = "".join(export_state(desk.state))
    assert KEY.open() not in written
    assert desk.state.pseudonyms.check_value.hex() in written
