"""What PostgreSQL adds to the laws: sessions that are lost, servers that change, settings that weaken, poolers."""

from __future__ import annotations

import builtins
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text, update

from runner.errors import AccountLocked, AlreadyHeld, AlreadySettled, LockLost, StateRefused, StateUnavailable
from runner.model.clock import SystemClock
from runner.model.ledger import Adoption, KeptContent, NewChunk
from runner.model.secret import Secret
from runner.numbers import mask_numbers
from runner.state import postgresql, tables
from runner.state.lock import hold_account, this_holder
from runner.state.open import create_state, find_state, open_state
from runner.state.places import find_hosts
from runner.state.sessiongrip import hash_account, hash_state
from runner.state.timelines import spell_timeline
from runner.state.transfer import export_state

ROOT = Path(__file__).resolve().parents[2]
KEY = Secret("the key of a state that tests alone open")


@pytest.fixture
def kind() -> str:
    return "postgresql"


def session_of(desk) -> int:
    with desk.state.transactions.reading() as connection:
        return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()


def end_session(desk, cluster) -> None:
    """Let the server end the session, as an operator or a restart does, and be gone before this answers."""
    pid = session_of(desk)
    cluster.ask("SELECT pg_terminate_backend(%s, 5000)", pid)


def refusal_of(act, *arguments: object, **how: object) -> StateRefused:
    with pytest.raises(StateRefused) as refused:
        act(*arguments, **how)
    return refused.value


def opened(url, tmp_path, clock, **how: object):
    return open_state(url, **{"root": tmp_path, "key": KEY, "pin": None, "clock": clock, **how})


# Making and opening


def test_a_state_is_made_once_and_found_again(url, tmp_path, clock):
    assert find_state(url, root=tmp_path, key=KEY, pin=None) is None
    with create_state(url, root=tmp_path, key=KEY, pin=None, clock=clock) as made:
        pass
    assert refusal_of(create_state, url, root=tmp_path, key=KEY, pin=None, clock=clock).code == "state-exists"
    with opened(url, tmp_path, clock, pin=made.id) as again:
        assert again.id == made.id
    assert list(tmp_path.iterdir()) == []


def test_a_url_that_names_the_driver_is_the_same_state(url, tmp_path, clock):
    with (
        opened(url, tmp_path, clock) as made,
        opened(url.replace("postgresql://", "postgresql+psycopg://"), tmp_path, clock) as again,
    ):
        assert made.id == again.id


def test_without_a_state_key_it_is_refused(url, tmp_path, clock, cluster):
    assert refusal_of(opened, url, tmp_path, clock, key=None).code == "state-key-missing"
    opened(url, tmp_path, clock).close()
    assert refusal_of(opened, url, tmp_path, clock, key=None).code == "state-key-missing"
    wrong = Secret("another key that is long enough for it")
    assert refusal_of(opened, url, tmp_path, clock, key=wrong).code == "state-key-wrong"


def test_whoever_only_looks_is_told_of_a_key_with_which_no_state_can_be_made(url, tmp_path):
    assert refusal_of(find_state, url, root=tmp_path, key=None, pin=None).code == "state-key-missing"
    short = Secret("short")
    assert refusal_of(find_state, url, root=tmp_path, key=short, pin=None).code == "state-key-short"


def test_a_pin_holds(url, tmp_path, clock):
    assert refusal_of(opened, url, tmp_path, clock, pin="3f6c").code == "state-missing"
    opened(url, tmp_path, clock).close()
    assert refusal_of(opened, url, tmp_path, clock, pin="3f6c").code == "state-other"


def test_tables_of_another_program_are_refused_and_left_as_they_are(url, tmp_path, clock, cluster):
    schema = url.partition("search_path%3D")[2]
    cluster.ask(f"CREATE TABLE {schema}.accounts (name text)")
    assert refusal_of(opened, url, tmp_path, clock).code == "state-foreign"
    cluster.ask(f"CREATE TABLE {schema}.state (name text)")
    assert refusal_of(opened, url, tmp_path, clock).code == "state-foreign"
    found = cluster.ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = %s", schema)
    assert found == [(2,)]


def test_processes_that_race_make_one_state(start):
    racer = "tell('ready'); sys.stdin.readline(); tell(open_state(url, root=root, key=key, pin=None, clock=clock).id)"
    racers = [start(racer) for _ in range(3)]
    for process in racers:
        assert process.stdout.readline() == "ready\n"
    for process in racers:
        process.stdin.write("\n")
        process.stdin.flush()
    assert len({process.stdout.readline() for process in racers}) == 1


def test_without_the_driver_the_error_names_the_extra(url, tmp_path, clock, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **how):
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError(f"No module named '{name}'", name="psycopg")
        return real(name, *arguments, **how)

    monkeypatch.setattr(builtins, "__import__", without)
    refused = refusal_of(opened, url, tmp_path, clock)
    assert refused.code == "state-driver-missing"
    assert "campaign-runner[postgres]" in refused.hint


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path, clock):
    url = f"postgresql://owner:se-cret-word@/db?host={tmp_path}"
    with pytest.raises(StateUnavailable) as told:
        opened(url, tmp_path, clock)
    assert "se-cret" not in told.value.message
    assert "owner" in told.value.message


def test_who_may_not_make_tables_learns_it(cluster, tmp_path, clock):
    schema = cluster.new_schema()
    cluster.ask(f"CREATE ROLE r{schema} LOGIN")
    cluster.ask(f"GRANT USAGE ON SCHEMA {schema} TO r{schema}")
    assert refusal_of(opened, cluster.url(schema, user=f"r{schema}"), tmp_path, clock).code == "state-read-only"


def test_a_role_that_may_not_read_a_table_is_told_so_where_nothing_is_written(desk, tmp_path, cluster):
    schema = desk_schema(desk)
    cluster.ask(f"CREATE ROLE r{schema} LOGIN")
    cluster.ask(f"GRANT USAGE ON SCHEMA {schema} TO r{schema}")
    cluster.ask(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO r{schema}")
    cluster.ask(f"REVOKE SELECT ON {schema}.chunks FROM r{schema}")
    looking = find_state(cluster.url(schema, user=f"r{schema}"), root=tmp_path, key=KEY, pin=None)
    with looking:
        refused = refusal_of(looking.ledger.chunks)
    assert (refused.code, refused.hint) == ("state-server", "give this role the right to read the state's tables")
    assert "can't be read: permission denied for table chunks" in refused.message


def test_whoever_only_looks_can_record_nothing(desk, url, tmp_path):
    with find_state(url, root=tmp_path, key=KEY, pin=None) as state:
        assert refusal_of(state.ledger.forgive_refused, desk.held, ["x"]).code == "state-read-only"


# Settings that keep it safe


def test_the_settings_that_keep_a_ledger_are_on(desk):
    wanted = {
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "30s",
        "idle_session_timeout": "0",
        "client_connection_check_interval": "5s",
    }
    with desk.state.transactions.recording() as connection:
        found = {name: connection.execute(text(f"SHOW {name}")).scalar() for name in wanted}
    assert found == wanted


KEPT = pytest.mark.parametrize(
    ("given", "kept"), [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")]
)


@pytest.fixture
def role_whose_default_is(cluster, tmp_path, clock):
    """A state of a role whose own `synchronous_commit` is this."""

    def make(given: str):
        schema = cluster.new_schema()
        cluster.ask(f"CREATE ROLE r{schema} LOGIN")
        cluster.ask(f"ALTER ROLE r{schema} SET synchronous_commit = {given}")
        cluster.ask(f"GRANT ALL ON SCHEMA {schema} TO r{schema}")
        return opened(cluster.url(schema, user=f"r{schema}"), tmp_path, clock)

    return make


@KEPT
def test_a_recording_is_durable_whatever_the_roles_default_is(role_whose_default_is, given, kept):
    with role_whose_default_is(given) as state:
        for transaction in (state.transactions.recording, state.transactions.fenced):
            with transaction() as connection:
                assert connection.execute(text("SHOW synchronous_commit")).scalar() == kept


@KEPT
def test_a_change_of_its_own_is_as_durable(role_whose_default_is, given, kept):
    with role_whose_default_is(given) as state:
        tell = update(tables.state).values(state_id=func.current_setting("synchronous_commit"))
        assert state.transactions.change(tell, {}) == 1
        with state.transactions.reading() as connection:
            assert connection.execute(select(tables.state.c.state_id)).scalar() == kept


def test_an_answer_waits_for_whoever_settles_its_chunk_and_is_no_second_truth(desk, cluster):
    chunk, schema, answering = desk.record(1), desk_schema(desk), session_of(desk)
    about = f"host={cluster.folder} port={cluster.port} user=owner dbname=postgres"
    with psycopg.connect(about) as operator, ThreadPoolExecutor() as beside:
        operator.execute(f"SELECT * FROM {schema}.state FOR UPDATE")
        answered = beside.submit(desk.accept, chunk)
        while operator.execute("SELECT pg_blocking_pids(%s)", (answering,)).fetchone() == ([],):
            assert not wait([answered], timeout=0.01).done
        operator.execute(f"UPDATE {schema}.chunks SET status = 'released', settled_at = recorded_at")
        operator.commit()
        with pytest.raises(AlreadySettled):
            answered.result(timeout=10)
    assert desk.ledger.find_chunk(chunk).status == "released"


# Sessions that are lost


def test_a_lost_session_is_a_lost_lock_and_its_answer_is_still_recorded(desk, cluster):
    chunk = desk.record(1, 2)
    end_session(desk, cluster)
    with pytest.raises(LockLost) as lost:
        desk.record(3)
    assert "connection was lost" in lost.value.message
    desk.accept(chunk)
    assert desk.people() == {1: "A", 2: "A"}
    with pytest.raises(LockLost):
        desk.record(3)


@pytest.mark.parametrize("act", ["sweep", "forgive_refused", "adopt"])
def test_whoever_lost_the_session_sweeps_forgives_and_adopts_nothing(desk, cluster, act):
    desk.record(1)
    people, source = (desk.person(2),), "old.csv"
    adoption = Adoption(
        campaign="old", edition=None, content=desk.content(), pseudonyms=people, source=source, by="ada"
    )
    acts = {
        "sweep": lambda: desk.ledger.sweep(desk.held, desk.clock),
        "forgive_refused": lambda: desk.ledger.forgive_refused(desk.held, ["bcdfghjkmn"]),
        "adopt": lambda: desk.ledger.adopt(desk.held, [adoption], desk.clock.read()),
    }
    end_session(desk, cluster)
    with pytest.raises(LockLost, match="connection was lost"):
        acts[act]()


def test_a_session_that_ends_within_a_recording_leaves_nothing_of_it(desk, cluster):
    def record_halfway() -> None:
        with desk.state.transactions.fenced() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            connection.execute(text("UPDATE state SET serial = 99"))
            cluster.ask("SELECT pg_terminate_backend(%s, 5000)", pid)

    with pytest.raises(LockLost):
        record_halfway()
    assert desk.state.serial == 0


def test_a_lost_session_frees_the_lock_for_the_next_run(desk, cluster, url, tmp_path, clock):
    chunk = desk.record(1)
    end_session(desk, cluster)
    with opened(url, tmp_path, clock) as other:
        holder = this_holder(clock, "campaign apply")
        next_run = hold_account(
            other, fingerprint=b"f" * 16, account="main", holder=holder, wait=timedelta(seconds=5), clock=SystemClock()
        )
        with next_run as held:
            assert other.ledger.sweep(held, clock) == (chunk,)
            with pytest.raises(LockLost):
                desk.record(2)
            desk.accept(chunk)
            assert other.ledger.find_chunk(chunk).status == "accepted"


def test_a_lock_taken_in_another_session_does_not_count(desk, cluster):
    """So it is behind a pooler that gives each transaction another session of the server."""
    end_session(desk, cluster)

    about = f"host={cluster.folder} port={cluster.port} user=owner dbname=postgres"
    with psycopg.connect(about, autocommit=True) as elsewhere:
        numbers = (hash_state(desk.state.id), hash_account(b"f" * 16))
        assert elsewhere.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers).fetchone() == (True,)
        with pytest.raises(LockLost) as lost:
            desk.record(1)
    assert "pooler" in lost.value.message
    assert desk.ledger.chunks() == ()


def test_one_session_never_takes_one_lock_twice(desk):
    with pytest.raises(AccountLocked), desk.hold():
        pass


def test_two_states_in_one_database_do_not_share_locks(desk, cluster, tmp_path, clock):
    with opened(cluster.url(cluster.new_schema()), tmp_path, clock) as other, ExitStack() as stack:
        beside = type(desk)(other, clock, stack)
        assert beside.record(1)
        assert desk.record(1)


def test_a_recording_that_others_hold_up_is_told_as_text(desk, cluster, monkeypatch):
    chunk = desk.record(1)
    with desk.state.transactions.reading() as connection:
        connection.execute(text("SELECT set_config('lock_timeout', '50ms', false)"))

    schema = desk_schema(desk)
    about = f"host={cluster.folder} port={cluster.port} user=owner dbname=postgres"
    with psycopg.connect(about) as browser:
        browser.execute(f"SELECT * FROM {schema}.state FOR UPDATE")
        with pytest.raises(StateUnavailable, match="locked"):
            desk.accept(chunk)
    desk.accept(chunk)


def desk_schema(desk) -> str:
    with desk.state.transactions.reading() as connection:
        return connection.execute(text("SELECT current_schema()")).scalar_one()


# Clocks of several machines


def test_what_a_machine_whose_clock_is_wrong_recorded_is_as_old_as_the_servers_clock_says(desk):
    right = desk.clock.now()
    desk.clock.wall += timedelta(hours=3)
    desk.accept(desk.record(1))
    (departure,) = desk.ledger.departures(replace(desk.held, boot_id="another-machine"), newest=5)
    assert departure.ended.boot_id == "this-boot"
    assert timedelta(0) <= departure.ended.wall - right < timedelta(minutes=5)


@pytest.mark.parametrize("hours", [2, -2])
def test_a_machine_whose_clock_is_wrong_releases_nothing_too_early(desk, hours):
    chunk = desk.record(1)
    desk.doubt(chunk, ended=False)
    desk.clock.boot_id = "another-machine"
    desk.clock.wall += timedelta(hours=hours)
    with pytest.raises(Exception, match="may still be under way"):
        desk.settle(chunk, accepted=False)


# Histories


def test_another_history_of_the_server_is_refused_until_it_is_accepted(desk, url, tmp_path, clock):
    with desk.state.transactions.recording() as connection:
        stored = connection.execute(text("SELECT timeline FROM state")).scalar_one()
        assert stored.split(":")[1] == "00000001"
        connection.execute(text("UPDATE state SET timeline = 'another:00000001'"))
    assert refusal_of(opened, url, tmp_path, clock).code == "state-history"
    refused = refusal_of(find_state, url, root=tmp_path, key=KEY, pin=None)
    assert "campaign state accept" in refused.hint
    with opened(url, tmp_path, clock, as_it_is=True) as state:
        assert state.id == desk.state.id


def test_an_older_dump_that_is_put_back_is_refused_until_it_is_accepted(desk, url, tmp_path, clock, cluster):
    desk.accept(desk.record(1))
    schema = url.rpartition("%3D")[2]
    dump = cluster.folder / "dump"
    database = (f"--host={cluster.folder}", f"--port={cluster.port}", "--username=owner", "--dbname=postgres")
    cluster.run("pg_dump", *database, "--format=custom", f"--schema={schema}", f"--file={dump}")
    desk.accept(desk.record(2))
    cluster.ask(f"DROP SCHEMA {schema} CASCADE")
    cluster.run("pg_restore", *database, str(dump))
    assert refusal_of(opened, url, tmp_path, clock).code == "state-history"
    assert refusal_of(find_state, url, root=tmp_path, key=KEY, pin=None).code == "state-history"


# Runners of their own processes

RUN = """
state = open_state(url, root=root, key=key, pin=None, clock=clock)
who = {"fingerprint": b"f" * 16, "account": "main", "holder": this_holder(clock, "campaign apply")}
def chunk(start): return NewChunk(
    campaign="recall", edition=None, content=KeptContent(audio="audio-1", notify_email="ops@example.fr"),
    pseudonyms=tuple(bytes([n]) * 16 for n in range(start, start + 10)), probe=False, timeout=timedelta(seconds=30),
    largest_probe=0,
)
with hold_account(state, **who, wait=timedelta(seconds=30), clock=clock) as held:
    tell(*state.ledger.sweep(held, clock))
    tell(state.ledger.record_sending(held, chunk(START), clock.read(), max_in_doubt=9))
    sys.stdin.readline()
    try:
        tell(state.ledger.record_sending(held, chunk(START + 10), clock.read(), max_in_doubt=9))
    except LockLost as error:
        tell("LockLost")
"""


def run(start, first: int) -> subprocess.Popen[str]:
    return start(f"START = {first}\n{RUN}")


def test_of_two_runners_the_second_goes_on_when_the_first_is_killed(start, open_again):
    open_again()
    first = run(start, 0)
    assert first.stdout.readline() == "\n"
    left = first.stdout.readline()
    second = run(start, 100)
    first.kill()
    first.wait()
    assert second.stdout.readline() == left, "what the first left under way is unknown"
    assert second.stdout.readline() not in ("", left)


def test_a_frozen_runner_whose_session_was_ended_records_nothing_when_it_wakes(start, open_again, cluster):
    state = open_again()
    first = run(start, 0)
    first.stdout.readline()
    left = first.stdout.readline()
    first.send_signal(signal.SIGSTOP)
    numbers = (hash_state(state.id) % 2**32, hash_account(b"f" * 16) % 2**32)
    (pid,) = cluster.ask("SELECT pid FROM pg_locks WHERE classid = %s AND objid = %s", *numbers)[0]
    assert cluster.ask("SELECT pg_terminate_backend(%s, 5000)", pid) == [(True,)]
    second = run(start, 10)
    assert second.stdout.readline() == left
    took = second.stdout.readline()
    first.send_signal(signal.SIGCONT)
    first.stdin.write("\n")
    first.stdin.flush()
    assert first.stdout.readline() == "LockLost\n"
    assert [chunk.chunk for chunk in state.ledger.chunks()] == [left.strip(), took.strip()]


# Servers that are stopped and replaced


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_after_a_restart_of_the_server_everybody_is_there_and_nobody_is_locked_out(new_cluster, tmp_path, clock, mode):
    own = new_cluster()
    with opened(own.url(), tmp_path, clock) as state, ExitStack() as stack:
        from_here = stack.enter_context(_hold(state, clock))
        chunk = _record(state, from_here, clock)
        own.stop(mode)
        with pytest.raises(StateUnavailable):
            state.ledger.record_unknown(from_here, chunk, "lost", clock.read())
        with pytest.raises(LockLost):
            _record(state, from_here, clock, b"z" * 16)
        own.start()
        state.ledger.record_unknown(from_here, chunk, "lost", clock.read())
        with pytest.raises(LockLost):
            _record(state, from_here, clock, b"z" * 16)
        with _hold(state, clock) as again:
            assert state.ledger.in_doubt(again) == 1
            assert _record(state, again, clock, b"z" * 16)


@pytest.mark.slow
def test_a_promoted_standby_is_refused_until_it_is_accepted(new_cluster, tmp_path, clock):
    primary = new_cluster()

    def copy(standby) -> None:
        about = f"host={primary.folder} port={primary.port} user=owner"
        standby.run("pg_basebackup", f"--dbname={about}", f"--pgdata={standby.data}", "--write-recovery-conf")
        with (standby.data / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{standby.folder}'\nhot_standby = on\n")
        standby.start()

    with opened(primary.url(), tmp_path, clock) as state, _hold(state, clock) as held:
        chunk = _record(state, held, clock)
        state_id = state.id
        standby = new_cluster(copy)
        assert refusal_of(opened, standby.url(), tmp_path, clock).code == "state-server"
        late = _record(state, held, clock, b"z" * 16)
        primary.stop()
    standby.run("pg_ctl", "promote", "--wait", "--silent", f"--pgdata={standby.data}")
    assert refusal_of(opened, standby.url(), tmp_path, clock).code == "state-history"
    with opened(standby.url(), tmp_path, clock, as_it_is=True) as promoted:
        assert promoted.id == state_id
        assert chunk in {record.chunk for record in promoted.ledger.chunks()} <= {chunk, late}


def _hold(state, clock):
    holder = this_holder(clock, "campaign apply")
    wait = timedelta(seconds=10)
    return hold_account(state, fingerprint=b"f" * 16, account="main", holder=holder, wait=wait, clock=SystemClock())


def _record(state, held, clock, *people: bytes) -> str:
    content = KeptContent(audio="audio-1", notify_email="ops@example.fr")
    chunk = NewChunk(
        campaign="recall",
        edition=None,
        content=content,
        pseudonyms=people or (b"a" * 16,),
        probe=False,
        largest_probe=0,
        timeout=timedelta(seconds=30),
    )
    return state.ledger.record_sending(held, chunk, clock.read(), max_in_doubt=9)


def test_people_of_no_chunk_are_held_as_unknown_and_are_not_exported_as_if_they_were_nobody(desk):
    desk.accept(desk.record(1, 2))
    with desk.state.transactions.recording() as by_hand:
        by_hand.exec_driver_sql("update recipients set chunk_id = 99")
    assert desk.people() == {1: "U", 2: "U"}
    assert next(desk.ledger.find_people("recall", None, b"", [[desk.person(1)]])) == ("unknown", desk.person(1))
    with pytest.raises(AlreadyHeld):
        desk.record(2)
    with pytest.raises(StateRefused) as refused:
        list(export_state(desk.state))
    assert refused.value.code == "state-damaged"


# Where it leads


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@db.example.fr:5433/d", ("db.example.fr",)),
        ("postgresql://u@/d?host=/run/postgresql", ()),
        ("postgresql://u@/d?host=a.example.fr:5432&host=b.example.fr", ("a.example.fr", "b.example.fr")),
        ("postgresql://u@a.example.fr/d?hostaddr=192.0.2.7", ("a.example.fr", "192.0.2.7")),
        ("postgresql+psycopg://u@[2001:db8::7]/d", ("2001:db8::7",)),
        ("sqlite:///.campaign/state.db", ()),
    ],
)
def test_the_hosts_of_a_url_are_those_that_it_leads_to(url, hosts):
    assert find_hosts(url) == hosts


def test_no_server_is_connected_to_that_is_not_allowed(tmp_path):
    refused = command(tmp_path, "postgresql://u@db.invalid/d", "status", CAMPAIGN_ALLOW_HOSTS="api.voicepartner.fr")
    assert (refused.returncode, "host-refused" in refused.stderr) == (1, True)


# By hand


def command(tmp_path, url: str, *words: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "campaigns").mkdir(exist_ok=True)
    (tmp_path / "campaigns.yaml").write_text(
        "version: 1\nstate: ${STATE_URL}\nstate_key: ${STATE_KEY}\n"
        "accounts: {main: {provider: voicepartner, api_key: '${API_KEY}'}}\n"
    )
    return subprocess.run(
        [sys.executable, "-P", "-m", "runner", "-C", str(tmp_path), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "STATE_URL": url, "STATE_KEY": KEY.open(), **environment},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("y\n", 1), ("", 1)])
def test_unlock_ends_the_holders_session_after_a_typed_yes(desk, url, tmp_path, typed, code):
    desk.record(1)
    ended = command(tmp_path, url, "state", "unlock", typed=typed)
    assert ended.returncode == code, ended.stderr
    assert f"process {os.getpid()}" in ended.stdout
    if code == 0:
        with pytest.raises(LockLost):
            desk.record(2)
    else:
        assert desk.record(2)


def test_accept_takes_another_history_for_the_truth(desk, url, tmp_path):
    with desk.state.transactions.recording() as connection:
        connection.execute(text("UPDATE state SET timeline = 'another:00000001'"))
    refused = command(tmp_path, url, "status")
    assert (refused.returncode, "state-history" in refused.stderr) == (1, True)
    assert desk.state.id in command(tmp_path, url, "state", "show").stdout
    assert command(tmp_path, url, "state", "accept").returncode == 0
    assert command(tmp_path, url, "status").returncode == 0


def test_a_plan_is_refused_for_the_key_for_which_apply_would_be(url, tmp_path):
    told = [command(tmp_path, url, *words, STATE_KEY="short") for words in (["plan"], ["apply", "--auto-approve"])]
    assert [ended.returncode for ended in told] == [1, 1]
    assert told[0].stderr == told[1].stderr
    assert "state-key-short" in told[0].stderr


def test_another_history_is_told_so_that_both_can_be_compared(desk, url, tmp_path, cluster):
    server = "7431234567890123456:0000000A:16384.16400"
    with desk.state.transactions.recording() as connection:
        connection.execute(text("UPDATE state SET timeline = :told"), {"told": server})
    told = command(tmp_path, url, "status").stderr
    assert "then: server 00000000-0000-0000-6721-0c7795b1bac0, timeline a, database 4000, table 4010; now:" in told
    ((identity,),) = cluster.ask("SELECT to_hex(system_identifier) FROM pg_control_system()")
    assert identity in told.replace("-", "")


@pytest.mark.parametrize("identity", [0x6712345678901234, 0x0633998012345678, 7431234567890123456, 10**18])
def test_no_identity_of_a_server_is_taken_for_a_telephone_number(identity):
    told = spell_timeline(f"{identity}:00000001:16384.16400")
    assert mask_numbers(told) == told


def test_a_server_that_does_not_sync_is_warned_of(url, tmp_path, cluster):
    command(tmp_path, url, "state", "init")
    told = command(tmp_path, url, "apply", "--auto-approve").stderr
    assert "fsync=off" in told
    assert "a power cut may lose what was recorded" in told


def test_a_server_that_never_answers_a_connection_is_told_as_one_that_is_not_reached(tmp_path, clock, monkeypatch):
    monkeypatch.setitem(postgresql.ARGUMENTS, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StateUnavailable, match="can't be reached"):
        opened(f"postgresql://owner@127.0.0.1:{silent.getsockname()[1]}/d", tmp_path, clock)


def test_both_ends_of_a_link_notice_that_it_was_cut(new_cluster, tmp_path, clock):
    own = new_cluster()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own.stop("fast")
    with (own.data / "postgresql.conf").open("a") as file:
        file.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
    own.start()
    with opened(f"postgresql://owner@127.0.0.1:{port}/postgres", tmp_path, clock) as state:
        with state.transactions.reading() as connection:
            told = {name: connection.execute(text(f"SHOW {name}")).scalar() for name in postgresql.LINK}
            ours = socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno()))
        with ours:
            ends = [ours.getsockopt(socket.IPPROTO_TCP, n) for n in (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT)]
            assert (ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), ends) == (1, [10, 30_000])
    assert told == postgresql.LINK
