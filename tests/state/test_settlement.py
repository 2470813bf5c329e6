"""What becomes of chunks whose answer nobody recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runner.errors import LockLost, SettlementRefused
from runner.model.clock import spell_moment
from runner.model.ledger import SenderRecord
from runner.model.secret import Secret
from runner.state.holders import this_holder
from runner.state.open import find_state
from runner.state.settlement import may_settle_not_sent

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

KEY = Secret("the key of a state that tests alone open")


def refusal_of(desk, chunk: str, *, accepted: bool) -> SettlementRefused:
    with pytest.raises(SettlementRefused) as refused:
        desk.settle(chunk, accepted=accepted)
    return refused.value


def test_the_next_run_finds_what_a_dead_one_left(desk):
    answered, left = desk.record(1), desk.record(2)
    desk.accept(answered)
    desk.take_over()
    assert desk.ledger.sweep(desk.held, desk.clock) == (left,)
    assert desk.people() == {1: "A", 2: "U"}
    assert "ended before" in desk.ledger.find_chunk(left).reason
    assert desk.ledger.sweep(desk.held, desk.clock) == ()


def test_a_run_does_not_find_its_own_chunks(desk):
    desk.record(1)
    assert desk.ledger.sweep(desk.held, desk.clock) == ()


def test_finding_is_fenced(desk):
    desk.record(1)
    lost = desk.take_over()
    with pytest.raises(LockLost):
        desk.ledger.sweep(lost, desk.clock)


def test_another_accounts_chunks_are_left_alone(desk):
    desk.record(1)
    desk.clock.wait(3600)
    with desk.hold("other", desk.OTHER_FINGERPRINT) as other:
        assert desk.ledger.sweep(other, desk.clock) == ()


def test_after_a_change_of_api_key_the_old_keys_chunks_are_found_once_nobody_can_be_sending_them(desk):
    left = desk.record(1)
    with desk.hold("main", desk.OTHER_FINGERPRINT) as new_key:
        assert desk.ledger.sweep(new_key, desk.clock) == ()
        desk.clock.wait(60)
        assert desk.ledger.sweep(new_key, desk.clock) == (left,)


def test_an_unknown_chunk_settled_as_accepted_keeps_its_people_and_who_said_so(desk):
    chunk = desk.record(1)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=True, provider_id="camp-7")
    record = desk.ledger.find_chunk(chunk)
    assert (record.status, record.provider_id, record.reason) == ("accepted", "camp-7", "lost")
    assert desk.people() == {1: "A"}
    with desk.state.transactions.reading() as connection:
        settled = connection.exec_driver_sql("select settled_by, settled_at is not null from chunks").one()
    assert tuple(settled) == ("ops@host", 1)


def test_an_unknown_chunk_settled_as_not_sent_frees_its_people(desk):
    chunk = desk.record(1, 2)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=False)
    assert desk.ledger.find_chunk(chunk).status == "released"
    assert desk.people() == {}
    desk.record(1, 2)


def test_settling_frees_the_place_in_doubt(desk):
    chunk = desk.record(1)
    desk.doubt(chunk)
    desk.settle(chunk, accepted=True)
    assert desk.ledger.in_doubt(desk.held) == 0


def test_what_is_not_in_doubt_is_not_settled(desk):
    accepted, rejected = desk.record(1), desk.record(2)
    desk.accept(accepted)
    desk.reject(rejected)
    for chunk in (accepted, rejected):
        assert refusal_of(desk, chunk, accepted=True).code == "not-in-doubt"
        assert refusal_of(desk, chunk, accepted=False).code == "not-in-doubt"
    assert refusal_of(desk, "nosuchname", accepted=True).code == "no-such-chunk"


def test_a_chunk_is_not_released_while_its_sender_may_still_be_sending_it(desk):
    chunk = desk.record(1)
    desk.doubt(chunk, ended=False)
    refused = refusal_of(desk, chunk, accepted=False)
    assert refused.code == "still-sending"
    assert f"process {this_holder(desk.clock, '').pid}" in refused.message
    assert spell_moment(datetime(2026, 11, 24, 10, 1, tzinfo=UTC)) in refused.hint
    assert "look at the provider once more" in refused.hint
    desk.clock.wait(59.9)
    assert refusal_of(desk, chunk, accepted=False).code == "still-sending"
    desk.clock.wait(0.1)
    desk.settle(chunk, accepted=False)


def test_an_unknown_chunk_may_be_settled_as_accepted_at_once(desk):
    chunk = desk.record(1)
    desk.doubt(chunk, ended=False)
    desk.settle(chunk, accepted=True)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_sending_chunk_is_settled_only_when_no_answer_can_come(desk, accepted):
    chunk = desk.record(1)
    assert refusal_of(desk, chunk, accepted=accepted).code == "still-sending"
    desk.clock.wait(60)
    desk.settle(chunk, accepted=accepted)


def sender(desk, **other: object) -> SenderRecord:
    holder = this_holder(desk.clock, "campaign apply")
    values = {"holder": holder, "recorded": desk.clock.read(), "timeout": timedelta(seconds=30), "ended": None}
    return SenderRecord(**{**values, **other})


def test_a_chunk_may_be_released_as_soon_as_its_sender_recorded_the_end(desk):
    assert may_settle_not_sent(sender(desk, ended=desk.clock.read()), desk.clock.read())
    assert not may_settle_not_sent(sender(desk), desk.clock.read())


def test_a_clock_that_is_set_forward_releases_nothing_within_one_boot(desk):
    recorded = sender(desk)
    desk.clock.wall += timedelta(hours=2)
    assert not may_settle_not_sent(recorded, desk.clock.read())


@pytest.mark.parametrize(("passed", "may"), [(59, False), (60, True), (-3600, False)])
def test_across_boots_the_wall_clock_counts(desk, passed, may):
    recorded = sender(desk)
    desk.clock.boot_id, desk.clock.boottime_s = "next-boot", 5.0
    desk.clock.wall += timedelta(seconds=passed)
    assert may_settle_not_sent(recorded, desk.clock.read()) is may


def test_time_since_an_unknown_boot_is_never_compared(desk):
    desk.clock.boot_id = "unknown"
    recorded = sender(desk)
    desk.clock.boottime_s += 3600
    assert not may_settle_not_sent(recorded, desk.clock.read())


def test_the_sender_of_a_chunk_is_whoever_held_the_lock(desk):
    chunk = desk.record(1, timeout=timedelta(seconds=12.5))
    recorded = desk.clock.read()
    desk.clock.wait(1)
    found = desk.ledger.find_sender(chunk)
    assert (found.recorded, found.timeout, found.ended) == (recorded, timedelta(seconds=12.5), None)
    assert found.holder == replace(this_holder(desk.clock, "campaign apply"), since=recorded.wall)
    desk.accept(chunk)
    assert desk.ledger.find_sender(chunk).ended == desk.clock.read()


# A sender of its own process


SEND = """
with open_state(url, root=root, key=key, pin=None, clock=clock) as state:
    who = {"fingerprint": b"f" * 16, "account": "main", "holder": this_holder(clock, "campaign apply")}
    with hold_account(state, **who, wait=timedelta(0), clock=clock) as held:
        chunk = NewChunk(
            campaign="recall", edition=None, content=KeptContent(audio="audio-1", notify_email="ops@example.fr"),
            pseudonyms=tuple(bytes([n]) * 16 for n in range(50)), probe=False, timeout=timedelta(seconds=30),
            largest_probe=0,
        )
        tell(state.ledger.record_sending(held, chunk, clock.read(), max_in_doubt=5))
        sys.stdin.readline()
"""


def test_a_killed_senders_chunk_is_found_and_can_be_settled_at_once(start, open_again, clock):
    process = start(SEND)
    chunk = process.stdout.readline().strip()
    state = open_again()
    with pytest.raises(SettlementRefused) as refused:
        state.ledger.settle(chunk, accepted=False, provider_id=None, by="ops", clock=process_clock(clock, state, chunk))
    assert f"process {process.pid}" in refused.value.message
    process.kill()
    process.wait()
    assert state.ledger.find_chunk(chunk).status == "sending"
    state.ledger.settle(chunk, accepted=False, provider_id=None, by="ops", clock=process_clock(clock, state, chunk))
    assert state.ledger.find_chunk(chunk).status == "released"


def process_clock(clock, state, chunk: str):
    """The test's clock, standing at the moment when the other process recorded."""
    recorded = state.ledger.find_sender(chunk).recorded
    clock.wall, clock.boottime_s, clock.boot_id = recorded.wall, recorded.boottime_s, recorded.boot_id
    return clock


def test_a_killed_senders_people_are_unknown_and_nobody_is_lost_or_twice(start, desk):
    desk.stack.close()
    process = start(SEND)
    chunk = process.stdout.readline().strip()
    process.kill()
    process.wait()
    desk.held = desk.stack.enter_context(desk.hold())
    assert desk.ledger.sweep(desk.held, desk.clock) == (chunk,)
    record = desk.ledger.find_campaign("recall", None)
    assert (record.people["unknown"], record.people["sending"]) == (50, 0)
    pages = desk.ledger.read_people("recall", None, desk.content().digest)
    assert sorted(desk.cut_people(pages)) == [("unknown", bytes([n]) * 16) for n in range(50)]


HALF = """
with open_state(url, root=root, key=key, pin=None, clock=clock) as state, state.transactions.recording() as connection:
    connection.exec_driver_sql("pragma cache_size = 1")
    connection.exec_driver_sql("update state set serial = 99")
    connection.exec_driver_sql(
        "with recursive n(i) as (values (1) union all select i + 1 from n where i < 20000) "
        "insert into accounts (fingerprint, epoch) select randomblob(16), i from n"
    )
    os.kill(os.getpid(), signal.SIGKILL)
"""


@on_sqlite
@pytest.mark.parametrize("next_one", ["look", "record"])
def test_what_a_process_was_recording_when_it_was_killed_never_was(start, open_again, tmp_path, next_one):
    open_again().close()
    assert start(HALF).wait() == -9
    journal = tmp_path / ".campaign/state.db-journal"
    assert journal.read_bytes()[:8] == bytes.fromhex("d9d505f920a163d7")  # a journal to be rolled back
    if next_one == "look":
        with find_state("sqlite:///.campaign/state.db", root=tmp_path, key=KEY, pin=None) as state:
            assert state.serial == 0
    assert open_again().serial == 0


FULL = """
import resource
with open_state(url, root=root, key=key, pin=None, clock=clock) as state:
    who = {"fingerprint": b"f" * 16, "account": "main", "holder": this_holder(clock, "campaign apply")}
    def chunk(start): return NewChunk(
        campaign="recall", edition=None, content=KeptContent(audio="audio-1", notify_email="ops@example.fr"),
        pseudonyms=tuple(n.to_bytes(2) * 8 for n in range(start, start + 500)),
        probe=False, timeout=timedelta(seconds=30),
        largest_probe=0,
    )
    with hold_account(state, **who, wait=timedelta(0), clock=clock) as held:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        name = state.ledger.record_sending(held, chunk(0), clock.read(), max_in_doubt=5)
        for size in range(4096, 800_000, 4096):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            try:
                state.ledger.record_sending(held, chunk(500), clock.read(), max_in_doubt=5)
            except StateUnavailable as error:
                why = error.message
            else:
                break
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        tell(size > 4096, len(state.ledger.chunks()), state.serial)
        tell(why)
        state.ledger.record_accepted(held, name, Acceptance(provider_id="p"), clock.read())
        tell(state.ledger.find_campaign("recall", None).people)
"""


@on_sqlite
def test_what_finds_no_room_is_told_and_leaves_nothing_until_there_is_room_again(start):
    process = start(FULL)
    assert process.stdout.readline() == "True 2 2\n"
    assert "can't be " in process.stdout.readline()
    assert process.stdout.readline() == "{'accepted': 500, 'sending': 500, 'unknown': 0, 'refused': 0}\n"
    assert process.wait() == 0


@on_sqlite
def test_a_journal_of_a_state_that_is_gone_is_not_rolled_back_into_a_new_one(start, open_again, tmp_path):
    old = open_again()
    old.close()
    assert start(HALF).wait() == -9
    old.home.path.unlink()
    new = open_again()
    assert new.id != old.id
    assert new.ledger.chunks() == ()
    new.close()
    assert open_again().id == new.id
