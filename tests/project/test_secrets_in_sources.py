"""The secrets of accounts and of the state never reach a source's server, however their files are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.errors import ReferenceUnresolved
from runner.project.check import check_project
from runner.project.load import load_project
from runner.project.references import resolve

CAMPAIGN = """\
message: {{audio: 5f2c8e6b}}
recipients: [{{numbers: ["06 39 98 00 01"]}}]
exclude:
  - {{url: 'http://127.0.0.1:9/', headers: {{A: '{header}'}}}}
"""


@pytest.fixture
def write(tmp_path):
    def write(header: str, key: str = "${file:k.txt}", more: str = "") -> Path:
        account = f"{{provider: voicepartner, api_key: '{key}'}}"
        defaults = "defaults: {notify: {email: ops@example.fr}}\n"
        (tmp_path / "campaigns.yaml").write_text(f"version: 1\naccounts:\n  main: {account}\n{defaults}{more}")
        (tmp_path / "campaigns").mkdir(exist_ok=True)
        (tmp_path / "campaigns/a.yaml").write_text(CAMPAIGN.format(header=header))
        return tmp_path

    return write


def _list_codes(root: Path) -> list[str]:
    return [problem.code for problem in check_project(root, runner_version="1.2.3").problems]


def _read_header(root: Path, change=lambda: None) -> str:
    """What the server of the exclusion would be sent, with `change` made after the files were judged."""
    (campaign,) = load_project(root, runner_version="1.2.3").campaigns
    change()
    return resolve(campaign.exclude[0].headers["A"], environment={}, root=root).open()


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ("${file:k.txt}", "${file:k.txt}"),
        ("${file:./k.txt}", "${file:k.txt}"),
        ("${file:k.txt}", "Bearer ${file:data/../k.txt}"),
        ("${file:k.txt}", "${file: k.txt}"),
        ("${file:k.txt}", "${file:ROOT/k.txt}"),
        ("${file:ROOT/k.txt}", "${file:data//../k.txt}"),
        ("${file:/run/secrets/voice}", "${file:/run/./secrets/voice}"),
    ],
)
def test_a_file_of_an_account_is_known_by_every_spelling_be_it_there_or_not(write, tmp_path, key, header):
    key, header = (text.replace("ROOT", str(tmp_path)) for text in (key, header))
    assert _list_codes(write(header, key)) == ["secret-in-source"]
    (tmp_path / "data").mkdir()
    (tmp_path / "k.txt").write_text("account-key")
    assert _list_codes(tmp_path) == ["secret-in-source"]


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_of_an_account_is_known_through_links(write, tmp_path, link):
    (tmp_path / "k.txt").write_text("account-key")
    link(tmp_path / "k.txt", tmp_path / "crm.txt")
    assert _list_codes(write("${file:crm.txt}")) == ["secret-in-source"]


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_that_was_made_after_the_files_were_judged_is_followed_before_anything_is_read(write, tmp_path, link):
    (tmp_path / "k.txt").write_text("account-key")
    root = write("${file:crm.txt}")
    with pytest.raises(ReferenceUnresolved) as caught:
        _read_header(root, lambda: link(tmp_path / "k.txt", tmp_path / "crm.txt"))
    assert caught.value.code == "secret-in-source"
    assert "account-key" not in str(caught.value)


@pytest.mark.parametrize("name", [".campaign/state.key", ".git/config", ".env", ".ENV", "x/../.campaign/state.key"])
def test_nothing_that_no_source_reads_is_sent_in_a_header(write, name):
    assert _list_codes(write(f"${{file:{name}}}")) == ["secret-in-source"]


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("name", [".campaign/state.key", ".env"])
def test_nor_is_it_through_links(write, tmp_path, link, name):
    (tmp_path / ".campaign").mkdir()
    (tmp_path / name).write_text("of-the-state")
    link(tmp_path / name, tmp_path / "crm.txt")
    assert _list_codes(write("${file:crm.txt}")) == ["secret-in-source"]


@pytest.mark.parametrize("header", ["${file:data/state.key}", "${file:data/state.db}"])
def test_the_key_beside_a_state_is_the_state_s_wherever_it_lies(write, header):
    assert _list_codes(write(header, more="state: sqlite:///data/state.db\n")) == ["secret-in-source"]


def test_the_key_beside_a_state_that_a_variable_names_is_found_before_it_is_read(write, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/state.key").write_text("of-the-state")
    root = write("${file:data/state.key}", more="state: ${STATE_URL}\n")
    (campaign,) = load_project(root, runner_version="1.2.3").campaigns
    environment = {"STATE_URL": "sqlite:///data/state.db"}
    with pytest.raises(ReferenceUnresolved) as caught:
        resolve(campaign.exclude[0].headers["A"], environment=environment, root=root)
    assert caught.value.code == "secret-in-source"


def test_a_file_of_the_source_s_own_is_sent_also_from_outside_the_project(write, tmp_path, tmp_path_factory):
    mounted = tmp_path_factory.mktemp("secrets") / "crm"
    mounted.write_text("crm-token")
    (tmp_path / "k.txt").write_text("account-key")
    root = write(f"${{file:{mounted}}}")
    assert _list_codes(root) == []
    assert _read_header(root) == "crm-token"


@pytest.mark.parametrize("name", [".git", ".env", ".campaign"])
def test_what_lies_in_a_closed_folder_is_closed_where_that_is_a_link(write, tmp_path, name):
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (elsewhere / "token").write_text("of-somebody")
    root = write(f"${{file:{name}/token}}")
    (root / name).symlink_to(elsewhere)
    assert _list_codes(root) == ["secret-in-source"]
    write(f"${{file:{elsewhere}/token}}")
    assert _list_codes(root) == ["secret-in-source"]
