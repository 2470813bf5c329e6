"""Making and opening a state: private, whole, once, and only the right one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from runner.errors import StateKeyWrong, StateRefused
from runner.model.clock import SystemClock
from runner.model.secret import Secret
from runner.state.open import create_state, find_state, open_state
from runner.state.places import find_file_system, find_path
from runner.state.sqlite import PAGE_BYTES
from runner.state.versions import VERSION

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

URL = "sqlite:///.campaign/state.db"
KEY = Secret("a key that is long enough for a state")


def make(root: Path, *, url: str = URL, key: Secret | None = None, pin: str | None = None):
    return open_state(url, root=root, key=key, pin=pin, clock=SystemClock())


def look(root: Path, *, url: str = URL, key: Secret | None = None, pin: str | None = None):
    return find_state(url, root=root, key=key, pin=pin)


def make_closed(root: Path, **how: object) -> str:
    with make(root, **how) as state:
        return state.id


def refusal_of(act, *arguments: object, **how: object) -> StateRefused:
    with pytest.raises(StateRefused) as refused:
        act(*arguments, **how)
    return refused.value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(root.rglob("*")) if p.is_file()}


def test_a_new_state_is_its_owners_alone_and_git_never_sees_it(tmp_path):
    old = os.umask(0)
    try:
        make_closed(tmp_path)
    finally:
        os.umask(old)
    folder = tmp_path / ".campaign"
    assert mode(folder) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert {p.name: mode(p) for p in folder.iterdir() if p.name != ".gitignore"} == {
        "state.db": 0o600,
        "state.key": 0o600,
        "state.lock": 0o600,
    }


def test_a_state_keeps_its_id_and_is_found_again(tmp_path):
    state_id = make_closed(tmp_path)
    assert len(state_id) == 32
    assert make_closed(tmp_path) == state_id
    with look(tmp_path) as state:
        assert (state.id, state.serial) == (state_id, 0)


def test_looking_for_a_state_makes_nothing(tmp_path):
    assert look(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@on_sqlite
def test_looking_into_a_state_changes_nothing(desk, tmp_path):
    desk.record(1, 2)
    before = tree(tmp_path)
    with look(tmp_path, key=Secret("the key of a state that tests alone open")) as state:
        assert state.ledger.campaigns()
        assert state.serial == 1
    assert tree(tmp_path) == before


@on_sqlite
def test_whoever_only_looks_can_record_nothing(desk, tmp_path):
    with look(tmp_path, key=Secret("the key of a state that tests alone open")) as state:
        refused = refusal_of(state.ledger.forgive_refused, desk.held, ["x"])
    assert refused.code == "state-read-only"


def test_a_state_that_is_only_looked_at_may_lie_where_nothing_can_be_written(tmp_path):
    make_closed(tmp_path)
    folder = tmp_path / ".campaign"
    for path in (*folder.iterdir(), folder):
        path.chmod(mode(path) & ~0o222)
    try:
        with look(tmp_path) as state:
            assert state.ledger.chunks() == ()
    finally:
        folder.chmod(0o700)


@on_sqlite
def test_processes_that_race_make_one_state_and_one_key(start):
    racers = [
        start(
            "tell('ready'); sys.stdin.readline(); tell(open_state(url, root=root, key=None, pin=None, clock=clock).id)"
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert len({racer.stdout.readline() for racer in racers}) == 1
    assert [racer.wait() for racer in racers] == [0, 0, 0]


def test_what_a_crash_left_of_the_making_hurts_no_state(tmp_path):
    folder = tmp_path / ".campaign"
    folder.mkdir()
    for name in ("state.db.new", "state.db.new-journal", "state.db-journal", "state.key.new"):
        (folder / name).write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 half of something")
    make_closed(tmp_path)
    with look(tmp_path) as state:
        assert state.ledger.chunks() == ()


def test_the_settings_that_keep_a_ledger_are_on(tmp_path):
    wanted = {"journal_mode": "persist", "synchronous": 3, "fullfsync": 1, "foreign_keys": 1, "cell_size_check": 1}
    with make(tmp_path) as state, state.transactions.reading() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (*wanted, "mmap_size")}
    assert found == {**wanted, "mmap_size": 0}
    assert (
        state.home.path.read_bytes()[18:20] == b"\x01\x01"
    )  # a rollback journal, not WAL (sqlite.org/fileformat.html)


def test_a_state_that_somebody_turned_to_wal_is_turned_back_before_it_is_recorded_in(tmp_path):
    make_closed(tmp_path)
    with closing(sqlite3.connect(tmp_path / ".campaign/state.db")) as other:
        other.execute("PRAGMA journal_mode = WAL")
    with look(tmp_path) as state:
        assert state.ledger.chunks() == ()
    with make(tmp_path) as state, state.transactions.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "persist"


# Keys


def test_a_key_file_is_made_once_and_used_by_every_state_beside_it(tmp_path):
    make_closed(tmp_path)
    key = (tmp_path / ".campaign/state.key").read_text()
    assert len(key.strip()) == 64
    (tmp_path / ".campaign/state.db").unlink()
    make_closed(tmp_path)
    assert (tmp_path / ".campaign/state.key").read_text() == key


def test_with_a_state_key_no_key_lies_beside_the_state(tmp_path):
    make_closed(tmp_path, key=KEY)
    assert not (tmp_path / ".campaign/state.key").exists()


@pytest.mark.parametrize("act", [make, look])
def test_a_missing_key_is_refused_and_never_made_again(tmp_path, act):
    make_closed(tmp_path)
    (tmp_path / ".campaign/state.key").unlink()
    refused = refusal_of(act, tmp_path)
    assert refused.code == "state-key-missing"
    assert "state.key" in refused.message
    assert not (tmp_path / ".campaign/state.key").exists()


@pytest.mark.parametrize("act", [make, look])
@pytest.mark.parametrize(("made", "given"), [(KEY, Secret("another key that is long enough for it")), (None, KEY)])
def test_a_wrong_key_is_refused_and_no_empty_ledger(tmp_path, act, made, given):
    make_closed(tmp_path, key=made)
    with pytest.raises(StateKeyWrong) as wrong:
        act(tmp_path, key=given)
    assert given.open() not in str(wrong.value)


def test_another_key_file_is_refused(tmp_path):
    make_closed(tmp_path)
    (tmp_path / ".campaign/state.key").write_text("0" * 64)
    with pytest.raises(StateKeyWrong):
        make(tmp_path)


@pytest.mark.parametrize("bytes_", [b"", b"\xff" * 64, b"short"])
def test_a_hurt_key_file_is_refused(tmp_path, bytes_):
    make_closed(tmp_path)
    (tmp_path / ".campaign/state.key").write_bytes(bytes_)
    refused = refusal_of(make, tmp_path)
    assert refused.code in ("state-key-missing", "state-key-short")
    assert "put" in refused.hint
    assert "back" in refused.hint
    assert "openssl" not in refused.hint


@pytest.mark.parametrize("act", [make, look])
def test_a_short_state_key_makes_no_state(tmp_path, act):
    assert refusal_of(act, tmp_path, key=Secret("short")).code == "state-key-short"
    assert not (tmp_path / ".campaign/state.db").exists()


# Pins


@pytest.mark.parametrize("act", [make, look])
def test_a_pinned_state_that_is_lost_is_refused_and_not_made_again(tmp_path, act):
    refused = refusal_of(act, tmp_path, pin="3f6c")
    assert refused.code == "state-missing"
    assert "campaign state init" in refused.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", [make, look])
def test_another_state_than_the_pinned_one_is_refused(tmp_path, act):
    state_id = make_closed(tmp_path)
    refused = refusal_of(act, tmp_path, pin="3f6c")
    assert refused.code == "state-other"
    assert state_id in refused.message
    with act(tmp_path, pin=state_id) as state:
        assert state.id == state_id


def test_a_state_made_on_purpose_has_a_new_id_and_replaces_none(tmp_path):
    def create(pin: str | None):
        return create_state(URL, root=tmp_path, key=None, pin=pin, clock=SystemClock())

    with create("3f6c") as state:
        assert state.id != "3f6c"
    refused = refusal_of(create, None)
    assert refused.code == "state-exists"
    assert make_closed(tmp_path) == state.id


# Places


def test_a_state_that_is_a_link_is_refused(tmp_path):
    make_closed(tmp_path, url="sqlite:///real.db")
    (tmp_path / "link.db").symlink_to("real.db")
    assert refusal_of(make, tmp_path, url="sqlite:///link.db").code == "state-link"
    (tmp_path / "loose.db").symlink_to("nowhere.db")
    assert refusal_of(make, tmp_path, url="sqlite:///loose.db").code == "state-link"


def test_a_state_with_a_second_name_is_refused(tmp_path):
    make_closed(tmp_path, url="sqlite:///real.db")
    os.link(tmp_path / "real.db", tmp_path / "second.db")
    for name in ("real", "second"):
        assert refusal_of(look, tmp_path, url=f"sqlite:///{name}.db").code == "state-link"


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder.db").mkdir()
    os.mkfifo(tmp_path / "pipe.db")
    for name in ("folder", "pipe"):
        assert refusal_of(make, tmp_path, url=f"sqlite:///{name}.db").code == "state-link"


def test_an_empty_file_is_no_new_state(tmp_path):
    (tmp_path / "state.db").touch()
    assert refusal_of(make, tmp_path, url="sqlite:///state.db").code == "state-damaged"


@pytest.mark.parametrize("act", [make, look])
def test_a_file_that_is_no_database_is_refused(tmp_path, act):
    (tmp_path / "state.db").write_bytes(b"name;mobile\n" * 1000)
    assert refusal_of(act, tmp_path, url="sqlite:///state.db").code == "state-damaged"


@pytest.mark.parametrize("act", [make, look])
def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path, act):
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm:
        crm.execute("create table customers (name)")
        crm.commit()
    before = (tmp_path / "crm.db").read_bytes()
    assert refusal_of(act, tmp_path, url="sqlite:///crm.db").code == "state-foreign"
    assert (tmp_path / "crm.db").read_bytes() == before


@on_sqlite
def test_a_damaged_state_is_refused_before_anything_is_recorded(desk, tmp_path):
    for n in range(20):
        desk.accept(desk.record(n, name=f"campaign-{n}"))
    desk.stack.close()
    path = desk.state.home.path
    desk.state.close()
    whole = path.read_bytes()
    for page in range(1, len(whole) // PAGE_BYTES):
        path.write_bytes(whole[: PAGE_BYTES * page] + b"\xa5" * PAGE_BYTES + whole[PAGE_BYTES * (page + 1) :])
        refused = refusal_of(make, tmp_path, key=Secret("the key of a state that tests alone open"))
        assert refused.code == "state-damaged"
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal_of(make, tmp_path, key=Secret("the key of a state that tests alone open")).code == "state-damaged"


def test_a_state_of_a_newer_release_is_refused(tmp_path):
    make_closed(tmp_path)
    with closing(sqlite3.connect(tmp_path / ".campaign/state.db")) as newer:
        newer.execute(f"update state set version = {VERSION + 1}")
        newer.commit()
    for act in (make, look):
        refused = refusal_of(act, tmp_path)
        assert refused.code == "state-newer"
        assert f"{VERSION + 1}" in refused.message


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_a_state_that_git_tracks_is_refused(tmp_path):
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "add", "--force", ".campaign/state.db")
    for act in (make, look):
        assert refusal_of(act, tmp_path).code == "state-tracked"


def test_a_state_that_git_tracks_is_refused_whoever_owns_the_repository(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may give a repository away")
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "add", "--force", ".campaign/state.db")
    shutil.chown(tmp_path / ".git", "nobody")
    assert refusal_of(look, tmp_path).code == "state-tracked"


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_a_state_that_git_tracks_is_refused_whatever_the_environment_tells_git(tmp_path, monkeypatch, variable):
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "add", "--force", ".campaign/state.db")
    monkeypatch.setenv(variable, "/nonexistent")
    assert refusal_of(look, tmp_path).code == "state-tracked"


def test_a_key_that_git_tracks_is_refused_before_a_state_is_made_with_it(tmp_path):
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "add", "--force", ".campaign/state.key")
    assert "state.key" in refusal_of(look, tmp_path).message
    (tmp_path / ".campaign/state.db").unlink()
    for act in (make, look):
        assert refusal_of(act, tmp_path).code == "state-tracked"
    assert not (tmp_path / ".campaign/state.db").exists()


def test_a_file_whose_name_is_a_pattern_is_not_taken_for_others_that_git_tracks(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "list.db").write_text("of somebody else")
    git(tmp_path, "add", "--all")
    make_closed(tmp_path, url="sqlite:///l*t.db")


def test_where_git_cant_be_asked_a_state_is_opened_with_a_warning(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    with make(tmp_path) as state:
        assert state.doubt is None
        (tmp_path / ".git/HEAD").write_text("no repository any more")
        assert "git can't read the repository" in state.doubt
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "there is no git here" in state.doubt


def test_without_a_repository_nobody_misses_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with make(tmp_path) as state:
        assert state.doubt is None


def test_a_state_that_git_ignores_is_no_problem(tmp_path):
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "add", "--all")
    make_closed(tmp_path)


def test_asking_git_starts_no_program_of_the_repositorys_choice(tmp_path):
    git(tmp_path, "init", "--quiet")
    make_closed(tmp_path)
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/started; false")
    make_closed(tmp_path)
    assert not (tmp_path / "started").exists()


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv/share rw,relatime - nfs4 server:/share rw
31 22 0:41 / /srv/with\\040blank rw,relatime - cifs //server/share rw
32 30 0:42 / /srv/share/local rw,relatime shared:2 master:1 - xfs /dev/sdb1 rw
33 22 0:43 / /covered rw - nfs server:/x rw
34 22 8:2 / /covered rw - ext4 /dev/sdc1 rw
cut
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/srv/share", "nfs4"),
        ("/srv/share/project", "nfs4"),
        ("/srv/shared", "ext4"),
        ("/srv/with blank/project", "cifs"),
        ("/srv/share/local/project", "xfs"),
        ("/covered/project", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_the_deepest_mount(folder, kind):
    assert find_file_system(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse", "ceph", "afs"])
def test_a_network_file_system_is_refused(tmp_path, monkeypatch, kind):
    told = tmp_path / "mountinfo"
    told.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:40 / {tmp_path} rw - {kind} server:/share rw\n")
    make_closed(tmp_path)
    monkeypatch.setattr("runner.state.places.MOUNTS", told)
    for act in (make, look):
        assert refusal_of(act, tmp_path).code == "state-network"
    (tmp_path / ".campaign/state.db").unlink()
    assert refusal_of(make, tmp_path).code == "state-network"


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "fuseblk", "fuse.fuse-overlayfs", "tmpfs"])
def test_a_local_file_system_is_not(tmp_path, monkeypatch, kind):
    told = tmp_path / "mountinfo"
    told.write_text(f"30 22 0:40 / {tmp_path} rw - {kind} /dev/sda1 rw\n")
    monkeypatch.setattr("runner.state.places.MOUNTS", told)
    make_closed(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "state.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:state.db?uri=true",
        "sqlite:///state.db?mode=ro",
        "sqlite:///folder/",
        "sqlite:///.campaign/state.key",
        "mysql://user:se-cret@host/db",
        "://se-cret@",
    ],
)
def test_a_url_that_names_no_sqlite_file_is_refused_without_being_repeated(tmp_path, url):
    refused = refusal_of(find_path, url, tmp_path)
    assert refused.code == "state-url"
    assert "se-cret" not in refused.message + (refused.hint or "")


@pytest.mark.parametrize("name", ["état é.db", "a?b#c%20d.db", "sub/folder/state.db", "quote'\".db"])
def test_a_state_may_have_any_name(tmp_path, name):
    state_id = make_closed(tmp_path, url=f"sqlite:///{name}") if "?" not in name else None
    if state_id is not None:
        assert (tmp_path / name).is_file()
        assert make_closed(tmp_path, url=f"sqlite:///{name}") == state_id


def test_a_project_in_any_folder_keeps_its_state(tmp_path):
    root = tmp_path / "a?b#c%20d 'é'"
    root.mkdir()
    assert make_closed(root) == make_closed(root)


def test_a_state_may_lie_outside_the_project(tmp_path):
    make_closed(tmp_path / "project", url=f"sqlite:///{tmp_path}/elsewhere/ledger.db")
    assert (tmp_path / "elsewhere/ledger.db").is_file()
    assert (tmp_path / "elsewhere/ledger.key").is_file()
    assert not (tmp_path / "elsewhere/.gitignore").exists()


def test_a_state_whose_folder_is_a_file_is_refused_as_text(tmp_path):
    (tmp_path / ".campaign").write_text("")
    with pytest.raises(Exception) as told:
        make(tmp_path)
    assert told.value.code in ("state-unavailable", "state-read-only")
