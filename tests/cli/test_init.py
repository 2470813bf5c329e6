"""`campaign init`: a first project that works at once, and never a file of somebody's overwritten."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from runner.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
FICTION = re.compile(r"(?:\+33 ?|0)6[ .-]?39[ .-]?98[ .-]?\d\d[ .-]?\d\d")


def files_of(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts
    }


def git(*arguments: str, cwd: Path) -> str:
    return subprocess.run(["git", *arguments], cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_it_is_the_first_command():
    assert next(iter(COMMANDS)) == "init"


@pytest.mark.parametrize("folder", ["project", "mail 2027/été", "deep/er/still"])
@pytest.mark.parametrize("ci", [(), ("--ci", "github"), ("--ci", "gitlab")], ids=["alone", "github", "gitlab"])
def test_what_it_writes_validates_and_rehearses_at_once(campaign, tmp_path, folder, ci):
    made = campaign("init", folder, *ci)
    assert (made.returncode, made.stderr) == (0, "")
    steps = [shlex.split(line) for line in made.stdout.partition("Next steps:\n")[2].splitlines()[:3]]
    assert [step[:3] for step in steps] == [["campaign", "-C", folder]] * 3
    validate, plan, apply = ([*step[1:]] for step in steps)
    assert campaign(*validate).stdout == "1 campaign and campaigns.yaml are valid\n"
    planned = campaign(*plan)
    assert planned.returncode == 0
    assert "6 rows: 1 duplicate, 1 excluded, 4 pending" in planned.stdout
    assert campaign(*apply, "--auto-approve").returncode == 0
    assert "NOTHING TO SEND" in campaign(*plan).stdout


def test_without_a_folder_it_is_this_one(campaign, tmp_path):
    made = campaign("init")
    assert "\n  campaign validate\n  campaign plan --sandbox\n  campaign apply --sandbox\n" in made.stdout
    assert files_of(tmp_path) >= {"campaigns.yaml", "campaigns/example.yaml", "data/example.csv", ".gitignore"}
    assert campaign("-C", str(tmp_path), "init", "other").returncode == 0
    assert "other/campaigns.yaml" in files_of(tmp_path)


def test_the_state_is_made_and_pinned_so_that_a_lost_one_is_refused(campaign, tmp_path):
    campaign("init")
    shown = campaign("state", "show").stdout
    assert "pinned: yes" in shown
    (tmp_path / ".campaign" / "state.db").unlink()
    refused = campaign("plan")
    assert refused.returncode == 1
    assert "error[state-missing]" in refused.stderr


def test_for_ci_the_state_is_shared_and_none_is_made_here(campaign, tmp_path):
    made = campaign("init", "--ci", "github")
    text = (tmp_path / "campaigns.yaml").read_text(encoding="utf-8")
    assert "\nstate: ${STATE_URL}" in text
    assert "\nstate_key: ${CAMPAIGN_STATE_KEY}" in text
    assert "campaign state init" in made.stdout
    assert not (tmp_path / ".campaign").exists()
    url = f"sqlite:///{tmp_path}/shared.db"
    begun = campaign("state", "init", STATE_URL=url, CAMPAIGN_STATE_KEY="k" * 32)
    assert re.fullmatch(r"state_id: [0-9a-f]+\n", begun.stdout)
    pinned = text.replace("# state_id:", begun.stdout.strip())
    (tmp_path / "campaigns.yaml").write_text(pinned, encoding="utf-8")
    assert campaign("validate").returncode == 0
    assert "pinned: yes" in campaign("state", "show", STATE_URL=url, CAMPAIGN_STATE_KEY="k" * 32).stdout


@pytest.mark.parametrize("name", ["campaigns.yaml", "data/example.csv", "schemas/campaign.schema.json"])
def test_a_file_that_is_there_stays_as_it_is_and_nothing_is_written(campaign, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    refused = campaign("init")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"error[already-there]: `{name}` is there already" in refused.stderr
    assert files_of(tmp_path) == {name}
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_link_that_leads_nowhere_counts_as_there(campaign, tmp_path):
    (tmp_path / "campaigns.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert campaign("init").returncode == 1
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_second_time_it_names_what_the_first_has_written(campaign, tmp_path):
    campaign("init")
    before = {path: (tmp_path / path).read_bytes() for path in files_of(tmp_path)}
    refused = campaign("init")
    assert refused.returncode == 1
    assert "`campaigns/example.yaml`" in refused.stderr
    assert "`.campaign/state.db`" in refused.stderr
    assert before == {path: (tmp_path / path).read_bytes() for path in files_of(tmp_path)}


def test_a_folder_that_is_none_or_can_not_be_written_is_told(campaign, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "error[already-there]: `file` is no folder" in campaign("init", "file").stderr
    below = campaign("init", "file/below")
    assert below.returncode == 1
    assert "error[file-error]" in below.stderr


def test_personal_data_secrets_and_states_stay_out_of_git(campaign, tmp_path):
    git("init", "--quiet", cwd=tmp_path)
    campaign("init")
    for name in ("data/customers.csv", "data/lists/more.csv", ".env", "spring.plan"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    shown = set(git("ls-files", "--others", "--exclude-standard", cwd=tmp_path).split())
    assert shown == {
        *(".gitignore", "campaigns.yaml", "campaigns/example.yaml"),
        *("data/example.csv", "data/example-opt-outs.csv"),
        *("schemas/campaign.schema.json", "schemas/project.schema.json"),
    }


def test_in_a_repository_with_a_gitignore_of_its_own_that_is_left_alone_and_data_are_ignored_all_the_same(
    campaign, tmp_path
):
    git("init", "--quiet", cwd=tmp_path)
    (tmp_path / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Ours\n", encoding="utf-8")
    assert campaign("init").returncode == 0
    (tmp_path / "data/customers.csv").write_text("x", encoding="utf-8")
    shown = set(git("ls-files", "--others", "--exclude-standard", cwd=tmp_path).split())
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "*.log\n"
    assert "data/customers.csv" not in shown
    assert "data/example.csv" in shown
    assert not any(name.startswith(".campaign/") for name in shown)


@pytest.mark.parametrize(("ci", "file"), [("github", ".github/workflows/campaigns.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_below_a_repository_the_pipeline_lies_at_its_root_and_works_in_the_project(campaign, tmp_path, ci, file):
    git("init", "--quiet", cwd=tmp_path)
    made = campaign("init", "mail/été", "--ci", ci)
    assert f"\n  ../../{file}\n" in made.stdout
    assert (tmp_path / file).is_file()
    assert (tmp_path / "mail/été/campaigns.yaml").is_file()
    assert "mail/été" in (tmp_path / file).read_text(encoding="utf-8")
    assert not (tmp_path / "mail/été" / file).exists()


@pytest.mark.parametrize("ci", [(), ("--ci", "github"), ("--ci", "gitlab")], ids=["alone", "github", "gitlab"])
def test_editors_find_the_schemas_beside_the_files_and_no_placeholder_is_left(campaign, tmp_path, ci):
    campaign("init", *ci)
    for name in ("campaigns.yaml", "campaigns/example.yaml"):
        path = tmp_path / name
        schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8")).group(1)
        target = Path(os.path.normpath(path.parent / schema))
        assert target.read_bytes() == (ROOT / "schemas" / target.name).read_bytes()
    texts = {name: (tmp_path / name).read_text(encoding="utf-8", errors="replace") for name in files_of(tmp_path)}
    assert [name for name, text in texts.items() if re.search(r"@[A-Z]+@", text)] == []


def test_its_numbers_are_kept_for_fiction(campaign, tmp_path):
    campaign("init")
    for name in ("data/example.csv", "data/example-opt-outs.csv", "campaigns/example.yaml", "campaigns.yaml"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        numbers = re.findall(r"(?:\+33 ?|\b0)[1-9](?:[ .-]?\d\d){4}\b", text)
        assert [number for number in numbers if not FICTION.fullmatch(number)] == []


def test_what_it_says_fits_a_narrow_terminal_and_its_commands_stay_whole(campaign, tmp_path):
    told = campaign("init", "shop", "--ci", "github", cwd=tmp_path, COLUMNS="60").stdout
    assert "  campaign -C shop state init" in told.splitlines()
    named = ("campaigns", ".github", "schemas", "data")
    assert all(len(line) <= 60 for line in told.splitlines() if not line.strip().startswith(named))
