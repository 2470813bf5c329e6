"""`campaign state export`, `import`, `unlock` and `accept`, beside SQLite."""

from __future__ import annotations

import json
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from runner.model.clock import SystemClock
from runner.model.ledger import Acceptance, KeptContent, NewChunk
from runner.state.lock import hold_account, this_holder
from runner.state.open import open_state

CLOCK = SystemClock()
CAMPAIGN = "message: {audio: 5f2c8e6b}\nrecipients:\n  - numbers: ['06 39 98 12 34']\n"


@pytest.fixture
def root(project) -> Path:
    return project({"campaigns/spring.yaml": CAMPAIGN})


def held(state):
    holder = this_holder(CLOCK, "campaign apply")
    return hold_account(state, fingerprint=b"f" * 16, account="main", holder=holder, wait=timedelta(0), clock=CLOCK)


def record(state, lock, number: int = 33639981235) -> str:
    """A chunk that is being sent to this person."""
    chunk = NewChunk(
        campaign="spring",
        edition=None,
        content=KeptContent(audio="5f2c8e6b", notify_email="ops@example.fr"),
        pseudonyms=(state.pseudonyms.of_number(number),),
        probe=False,
        largest_probe=0,
        timeout=timedelta(seconds=30),
    )
    return state.ledger.record_sending(lock, chunk, CLOCK.read(), max_in_doubt=5)


@pytest.fixture
def sent(root) -> str:
    """The id of a state in which one person was reached."""
    with open_state("sqlite:///.campaign/state.db", root=root, key=None, pin=None, clock=CLOCK) as state:
        with held(state) as lock:
            name = record(state, lock, 33639981234)
            state.ledger.record_accepted(lock, name, Acceptance(provider_id="77"), CLOCK.read())
        return state.id


def move(root: Path) -> None:
    """Let the project name another place, with the same key beside it."""
    config = root / "campaigns.yaml"
    config.write_text(f"{config.read_text()}state: sqlite:///elsewhere/moved.db\n")
    (root / "elsewhere").mkdir()
    (root / "elsewhere/moved.key").write_text((root / ".campaign/state.key").read_text())


def test_a_retired_state_moves_with_its_id_and_reaches_nobody_again(campaign, root, sent):
    assert campaign("state", "export", "--retire", "moved.jsonl", cwd=root).returncode == 0
    assert stat.S_IMODE((root / "moved.jsonl").stat().st_mode) == 0o600
    refused = campaign("apply", "--auto-approve", cwd=root, VOICEPARTNER_API_KEY="key")
    assert (refused.returncode, "state-retired" in refused.stderr) == (1, True)
    move(root)
    moved = campaign("state", "import", "moved.jsonl", cwd=root)
    assert (moved.returncode, moved.stdout) == (0, f"state_id: {sent}\n")
    (planned,) = json.loads(campaign("plan", "--format", "json", cwd=root).stdout)["campaigns"]
    assert planned["action"] == "none" or planned["rows"]["accepted"] == 1


def test_an_import_without_its_key_asks_for_that_and_speaks_of_no_state(campaign, root, sent):
    assert campaign("state", "export", "copy.jsonl", cwd=root).returncode == 0
    move(root)
    (root / "elsewhere/moved.key").unlink()
    refused = campaign("state", "import", "copy.jsonl", cwd=root)
    assert (refused.returncode, "error[state-key-missing]" in refused.stderr) == (1, True)
    assert f"there is no state at `{root}/elsewhere/moved.db` yet" in refused.stderr
    assert f"`{root}/elsewhere/moved.key`, is missing" in refused.stderr
    assert "put the key file of the exported state there first" in refused.stderr
    assert list((root / "elsewhere").iterdir()) == []


def test_show_says_that_a_state_was_retired(campaign, root, sent):
    assert "retired" not in campaign("state", "show", cwd=root).stdout
    assert campaign("state", "export", "--retire", "moved.jsonl", cwd=root).returncode == 0
    (line,) = (line for line in campaign("state", "show", cwd=root).stdout.splitlines() if line.startswith("retired"))
    assert re.fullmatch(r"retired: \d{4}-\d\d-\d\d.*; another state goes on with it", line)


def test_a_copy_of_a_state_that_goes_on_is_another_state(campaign, root, sent):
    assert campaign("state", "export", "copy.jsonl", cwd=root).returncode == 0
    move(root)
    moved = campaign("state", "import", "copy.jsonl", cwd=root)
    assert moved.returncode == 0
    assert sent not in moved.stdout


def test_an_export_overwrites_nothing(campaign, root, sent):
    (root / "there.jsonl").write_text("mine")
    assert campaign("state", "export", "there.jsonl", cwd=root).returncode == 1
    assert (root / "there.jsonl").read_text() == "mine"


def test_an_export_that_is_refused_leaves_no_file_in_the_way_of_the_next(campaign, root, sent):
    here = "sqlite:///.campaign/state.db"
    with open_state(here, root=root, key=None, pin=None, clock=CLOCK) as state, held(state) as lock:
        chunk = record(state, lock)
        refused = campaign("state", "export", "--retire", "moved.jsonl", cwd=root)
        state.ledger.record_accepted(lock, chunk, Acceptance(provider_id="78"), CLOCK.read())
    assert (refused.returncode, "state-in-use" in refused.stderr) == (1, True)
    assert not (root / "moved.jsonl").exists()
    assert campaign("state", "export", "--retire", "moved.jsonl", cwd=root).returncode == 0


def test_beside_sqlite_unlock_names_the_process_to_end(campaign, root, sent):
    assert "nothing to unlock" in campaign("state", "unlock", cwd=root).stderr
    with open_state("sqlite:///.campaign/state.db", root=root, key=None, pin=None, clock=CLOCK) as state, held(state):
        ended = campaign("state", "unlock", cwd=root, stdin="yes\n")
    assert ended.returncode == 1
    assert f"process {this_holder(CLOCK, '').pid}" in ended.stdout
    assert "end that process" in ended.stderr


def test_a_file_has_nothing_to_accept(campaign, root, sent):
    ended = campaign("state", "accept", cwd=root)
    assert (ended.returncode, "nothing to accept" in ended.stderr) == (0, True)


@pytest.mark.parametrize("command", ["show", "accept", "unlock"])
def test_by_hand_no_state_is_made(campaign, root, command):
    ended = campaign("state", command, cwd=root)
    assert (ended.returncode, "no-state" in ended.stderr) == (1, True)
    assert not (root / ".campaign").exists()


def test_what_is_no_export_makes_no_state(campaign, root):
    (root / "other.jsonl").write_text("name;mobile\n")
    ended = campaign("state", "import", "other.jsonl", cwd=root)
    assert ended.returncode == 1
    assert not (root / ".campaign/state.db").exists()
