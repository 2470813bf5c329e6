"""Every command that a document shows is run here, in the order in which a reader would type it.

A document is one session: files that it shows under their names are written, differences are made, commands run, and
what it shows of their output is compared. It runs in the project that its reader is said to have, whose account leads
to a provider on loopback.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]

FICTION, TAKEN = "6 39 98", "6 12 00"
"""Documents show numbers that are kept for fiction, which only `--sandbox` takes; on loopback these stand for them."""
PINNED = "3f6c0a8e5d2b4c717a90b1c2d3e4f506"
"""The id of the state that documents pin."""
STATE_URL = "postgresql://campaigns:secret@db.example.fr/campaigns"
"""The shared state of documents; a server of the tests' own stands for it."""

PROJECT = """\
version: 1
accounts:
  main:
    provider: voicepartner
    api_key: ${VOICEPARTNER_API_KEY}
    prices: {mobile: 0.15, currency: EUR}
defaults:
  account: main
  notify: {email: ops@example.fr}
  delivery: {chunk_size: 10}
exclude:
  - {file: data/opt-outs.csv}
"""
CAMPAIGN = """\
name: spring-recall
message:
  audio: 5f2c8e6b41d94c6a8f0e3d7b9a125c44
recipients:
  - file: data/customers.csv
    column: mobile
"""


def people(count: int) -> str:
    return "".join(["id,mobile\n", *(f"{n},0{TAKEN} {n // 100:02d} {n % 100:02d}\n" for n in range(1, count + 1))])


@dataclass(frozen=True)
class Start:
    """Where the reader of a document begins: in an empty folder where there are no customers, else with a project.

    `keys` are lines of its `campaigns.yaml`, `done` the commands that it has behind it, `faults` what its provider does
    wrong. `examples` are those of this repository.
    """

    customers: int = 0
    keys: str = ""
    done: Sequence[str] = ()
    faults: Sequence[str] = ()
    shared: bool = False
    examples: bool = False


SENT = "campaign apply --auto-approve"
DOCUMENTS: Mapping[str, Start] = {
    "README.md": Start(examples=True),
    "docs/tutorial.md": Start(shared=True),
    "docs/plan.md": Start(25),
    "CONTRIBUTING.md": Start(),
    "docs/how-to/rehearse.md": Start(25),
    "docs/how-to/exclude-people.md": Start(25),
    "docs/how-to/limit-a-first-wave.md": Start(30),
    "docs/how-to/adopt-history.md": Start(25),
    "docs/how-to/share-the-state.md": Start(25, done=[SENT], shared=True),
    "docs/how-to/change-the-api-key.md": Start(25, keys="state_key: ${CAMPAIGN_STATE_KEY}\n"),
    "docs/how-to/stop-a-wrong-campaign.md": Start(25, done=["campaign apply --auto-approve --limit 12"]),
    "docs/how-to/settle-an-unknown-chunk.md": Start(30, faults=["500-taken@2", "500@3"]),
    "docs/how-to/answer-an-access-request.md": Start(25, done=[SENT]),
    "docs/how-to/recover-from-a-lost-state.md": Start(25, keys=f"state_id: {PINNED}\n", done=[SENT]),
}

NOT_RUN: Mapping[tuple[str, str], str] = {
    ("docs/how-to/rehearse.md", "campaign sandbox --port 8099 --fault timeout-taken@2"): (
        "serves until it is interrupted: tests/sandbox/test_sandbox_command.py"
    ),
    ("CONTRIBUTING.md", "make test"): "would run these tests again",
    ("CONTRIBUTING.md", "make lint"): "is run by .ci/run, before these tests",
    ("README.md", "make demo"): "is made in a clone: tests/repository/test_fresh_clone.py",
    ("README.md", "make test"): "would run these tests again",
    ("README.md", "uv tool install ."): "installs: tests/repository/test_installed.py does",
    ("docs/tutorial.md", "uv tool install '.[postgres]'"): "installs: tests/repository/test_installed.py does",
    ("docs/tutorial.md", "git push --set-upstream origin main"): "there is no GitHub here",
    ("docs/tutorial.md", "git push --set-upstream origin opening-hours"): "there is no GitHub here",
}
"""The commands that are not run here, each with its reason."""


@pytest.fixture
def begin(terminal, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Start], None]]:
    """A function that puts the reader where a document begins."""
    with ExitStack() as running:

        def start(at: Start) -> None:
            terminal.stands_for = {FICTION: TAKEN}
            provider = Sandbox(requests=1000, per_s=1.0, faults=at.faults, record=tmp_path / "record.db")
            terminal.provider = running.enter_context(provider)
            if at.shared:
                cluster = request.getfixturevalue("cluster")
                terminal.stands_for[STATE_URL] = cluster.url(cluster.new_schema())
            terminal.patch.setenv("VOICEPARTNER_API_KEY", "documented-key")
            terminal.patch.setenv("CAMPAIGN_STATE_KEY", "documented-state-key-of-enough-characters")
            if at.examples:
                shutil.copy(ROOT / "campaigns.yaml", terminal.folder)
                for folder in ("campaigns", "data"):
                    shutil.copytree(ROOT / folder, terminal.folder / folder)
            if at.customers:
                files = {
                    "campaigns.yaml": f"{PROJECT}{at.keys}",
                    "campaigns/spring-recall.yaml": CAMPAIGN,
                    "data/customers.csv": people(at.customers),
                    "data/opt-outs.csv": f"phone\n0{TAKEN} 00 05\n",
                }
                for name, text in files.items():
                    (terminal.folder / name).parent.mkdir(exist_ok=True)
                    (terminal.folder / name).write_text(text, encoding="utf-8")
            if PINNED in at.keys:
                terminal.pin(PINNED)
            for command in at.done:
                terminal.run(command)
                assert terminal.code in (0, 2)

        yield start


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_can_be_followed_from_its_first_command_to_its_last(document, begin, terminal, read_blocks):
    begin(DOCUMENTS[document])
    for block in read_blocks(ROOT / document):
        if block.kind != "console":
            if block.label is not None:
                terminal.write(block)
            continue
        follow(terminal, [exchange for exchange in block.exchanges() if (document, exchange[0]) not in NOT_RUN])


def follow(terminal, exchanges: Sequence[tuple[str, str]]) -> None:
    """Run the commands of a block; one may only fail where the next asks how it ended."""
    for at, (command, shown) in enumerate(exchanges):
        said = terminal.run(command)
        if shown.strip():
            terminal.compare(shown, said)
        asks = exchanges[at + 1 : at + 2] and exchanges[at + 1][0] == "echo $?"
        assert asks or command == "echo $?" or terminal.code == 0, f"$ {command}\n{said}"


def test_no_document_shows_a_command_that_is_neither_run_nor_declared(read_blocks):
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    showing = {name for name in listed.split() if any(b.kind == "console" for b in read_blocks(ROOT / name))}
    assert sorted(showing - set(DOCUMENTS)) == []


def test_sessions_are_fenced_as_such(read_blocks):
    """So that no command hides from these tests in a block of another kind."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    fenced = [(name, b.text) for name in listed.split() for b in read_blocks(ROOT / name) if b.kind in {"sh", "bash"}]
    assert fenced == []


def test_what_is_not_run_is_still_shown(read_blocks):
    for document, command in NOT_RUN:
        commands = [c for b in read_blocks(ROOT / document) if b.kind == "console" for c, _ in b.exchanges()]
        assert command in commands
