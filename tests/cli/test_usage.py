"""How `campaign` is called: help, version, wrong usage, global options, output that goes nowhere."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from runner import __version__
from runner.cli.context import Invocation, first_exit
from runner.cli.main import COMMANDS
from runner.cli.main import campaign as group

ENGINES = {"duckdb", "sqlalchemy", "httpx", "rich"}
HEAVY = ENGINES | {"jinja2", "jsonschema", "phonenumbers", "yaml", "filelock"}


def _imported(*commands: Sequence[str]) -> set[str]:
    """The modules that `campaign` imports for these lists of arguments, one after the other."""
    code = (
        "import json, sys, contextlib, io\n"
        "from runner.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): ended = [main(words) for words in json.loads(sys.argv[1])]\n"
        "assert not any(ended), ended\n"
        "json.dump(sorted(sys.modules), sys.__stdout__)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, json.dumps(commands)],
        capture_output=True,
        check=True,
        encoding="utf-8",
        cwd=_root(),
    )
    return set(json.loads(ended.stdout))


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def test_version_and_help_import_click_and_little_else():
    imported = _imported(["--version"], ["--help"], ["-h"])
    assert not {name.partition(".")[0] for name in imported} & HEAVY
    ours = {name for name in imported if name.startswith("runner")}
    assert ours == {"runner", "runner.cli", "runner.cli.context", "runner.cli.main"}
    assert not {"importlib.metadata", "shutil", "dataclasses", "pathlib", "urllib.parse"} & imported


def test_the_help_of_no_command_imports_an_engine():
    imported = _imported(*(["--help"], *([name, "--help"] for name in COMMANDS)))
    assert not {module.partition(".")[0] for module in imported} & ENGINES


def test_a_plan_of_numbers_imports_no_network_no_server_and_no_judge_of_schemas(project):
    root = project({"campaigns/a.yaml": "message: {audio: 5f2c8e6b}\nrecipients: [{numbers: ['06 39 98 01 12']}]\n"})
    imported = _imported(["-C", str(root), "plan"])
    assert not {module.partition(".")[0] for module in imported} & {"httpx", "psycopg", "jsonschema", "rich"}
    assert {"sqlalchemy.dialects.postgresql", "runner.audience.url_pages", "runner.providers"} & imported == set()
    assert {"duckdb", "sqlalchemy", "phonenumbers"} <= imported


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_says_of_itself_what_help_says(name):
    command = group.get_command(None, name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=200).startswith(COMMANDS[name][1].rstrip("."))


def test_help_lists_every_command(process):
    ended = process("--help")
    assert ended.returncode == 0
    listed = ended.stdout.split("Commands:\n")[1].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)
    assert ended.stderr == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_needs_no_project(campaign, name):
    ended = campaign(name, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: campaign {name}")
    assert "Global options" in ended.stdout


def test_the_version_stands_in_the_first_line(process):
    assert process("--version").stdout == f"campaign {__version__}\n"
    verbose = process("-v", "--version").stdout
    assert verbose == process("--version", "-v").stdout
    assert verbose.splitlines()[0] == f"campaign {__version__}"
    assert "duckdb" in verbose


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("aply",), "error[no-such-command]: `aply` is no command of `campaign`\n  = hint: did you mean `apply`?"),
        (("frobnicate",), "`campaign --help` shows what it takes"),
        (("--chdri", "x"), "did you mean `--chdir`?"),
        (("plan", "--excldue", "x"), "did you mean `--exclude`?"),
        (("plan", "--format", "xml"), "error[usage]: invalid value for '--format'"),
        (("plan", "--var", "region"), "`region` is not of the form K=V"),
        (("recipients",), "error[usage]: missing argument 'NAME'"),
        (("resolve", "x", "--accepted", "--provider-id", "ID"), "`ID` is no provider's id"),
        (("resolve", "x", "--accepted", "--provider-id", "my id"), "`my id` is no provider's id"),
        (("resolve", "x", "--accepted", "--provider-id", "0639980017"), "no state may hold one"),
        (("resolve", "x", "--accepted", "--provider-id", "tel:+590690123456"), "no state may hold one"),
        (("resolve", "x"), "either --accepted or --not-sent"),
        (("resolve", "x", "--accepted", "--not-sent"), "either --accepted or --not-sent"),
        (("resolve", "x", "--not-sent", "--provider-id", "1"), "--provider-id goes with --accepted"),
        (("state", "innit"), "did you mean `init`?"),
        (("-C", "nowhere", "status"), "-C: no folder `nowhere`"),
        (("-C",), "option '-C' requires an argument"),
        (("-q",), "missing command"),
        (("schema",), "Choose from: project, campaign, plan"),
        (("plan", "--var", "region=${HOME}"), "`${…}` is not looked up here: this value is literal"),
    ],
)
def test_wrong_usage_exits_1_and_says_what_is_right(campaign, project, arguments, told):
    ended = campaign(*arguments, cwd=project({}))
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_wrong_usage_exits_1_for_a_shell_too(process):
    assert process("aply").returncode == 1


def test_without_a_command_the_help_is_shown_and_the_exit_code_is_1(process):
    ended = process()
    assert ended.returncode == 1
    assert ended.stderr.startswith("Usage: campaign")


def test_global_options_stand_before_or_after_the_command(campaign, project, tmp_path):
    root = project({})
    before = campaign("-C", str(root), "--no-color", "-q", "status", cwd=tmp_path)
    after = campaign("status", "-C", str(root), "--no-color", "-q", cwd=tmp_path)
    assert before.returncode == 0
    assert (before.stdout, before.stderr) == (after.stdout, after.stderr)
    assert campaign("status", "--version").stdout == f"campaign {__version__}\n"


def test_a_command_outside_of_a_project_says_what_is_missing(campaign, tmp_path):
    for command in (("plan",), ("status",), ("state", "show"), ("validate",)):
        ended = campaign(*command, cwd=tmp_path)
        assert ended.returncode == 1
        assert "campaigns.yaml" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_folder_that_is_gone_is_told(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    command = f"rmdir ../gone && {sys.executable} -P -m runner status"
    ended = subprocess.run(
        ["sh", "-c", command], cwd=gone, env=environment, capture_output=True, check=False, encoding="utf-8"
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error[usage]: the folder in which this was started is gone")


def test_a_reader_that_leaves_early_is_no_error_to_be_told(project):
    root = project({})
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-P", "-m", "runner", "status"]
    ended = subprocess.run(command, cwd=root, env=environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_closed_output_is_no_error(project):
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    command = f"exec {sys.executable} -P -m runner status >&-"
    ended = subprocess.run(["sh", "-c", command], cwd=project({}), env=environment, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_can_not_be_written_is_told(project):
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    command = [sys.executable, "-P", "-m", "runner", "status"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command, cwd=project({}), env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"error[output-failed]: the output could not be written")


def test_output_is_utf_8_whatever_the_locale(process, project):
    root = project({})
    for name in ("C", "POSIX", "fr_FR.ISO-8859-1"):
        ended = process("contacted", "06 39 98 12 34", cwd=root, LC_ALL=name, PYTHONIOENCODING="ascii")
        assert ended.stdout == "No campaign reached +33 6 •• •• •• 34.\n"


@pytest.mark.parametrize(
    ("value", "counts"), [("", False), ("0", False), ("false", False), ("False", False), ("1", True), ("true", True)]
)
def test_ci_counts_unless_it_is_empty_0_or_false(monkeypatch, value, counts):
    monkeypatch.setenv("CI", value)
    assert Invocation().is_ci is counts


@pytest.mark.parametrize(
    ("variables", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_for_terminals_and_for_who_asks(variables, terminal, coloured):
    class Stream:
        def isatty(self) -> bool:
            return terminal

    invocation = Invocation()
    invocation.environment = variables
    assert invocation.colors(Stream()) is coloured
    invocation.no_color = True
    assert invocation.colors(Stream()) is False


@pytest.mark.parametrize(
    ("columns", "width"), [("40", 40), ("9", 40), ("100", 100), ("500", 160), ("x", 80), ("٣٠٠", 80)]
)
def test_text_uses_40_to_160_columns(columns, width):
    invocation = Invocation()
    invocation.environment = {"COLUMNS": columns}
    assert invocation.width == width


def test_where_several_exit_codes_hold_the_first_of_1_3_2_0_is_taken():
    assert first_exit([0, 2, 3, 1]) == 1
    assert first_exit([0, 2, 3]) == 3
    assert first_exit([2, 0]) == 2
    assert first_exit([]) == 0


def test_an_unexpected_error_is_one_line_and_its_details_are_private(project, tmp_path):
    root = project({})
    (root / ".campaign").mkdir()
    code = (
        "import sys\n"
        "import runner.cli.main as main\n"
        "from runner.model.secret import Secret\n"
        "def fail(*_):\n"
        "    key = Secret('hunter2-and-more')\n"
        "    raise RuntimeError(f'{key.open()} of +33 6 39 98 12 34')\n"
        "main.campaign.invoke = fail\n"
        "sys.exit(main.main(['status']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=False, encoding="utf-8"
    )
    assert ended.returncode == 1
    line = ended.stderr.splitlines()[0]
    assert line.startswith("error[unexpected]: this program met an error of its own (RuntimeError)")
    assert "Traceback" not in ended.stderr
    (details,) = (root / ".campaign").glob("error-*.txt")
    assert str(details) in line
    assert stat.S_IMODE(details.stat().st_mode) == 0o600
    text = details.read_text(encoding="utf-8")
    assert "RuntimeError" in text
    assert "in fail" in text
    assert "hunter2" not in text + ended.stderr
    assert "39 98 12" not in text + ended.stderr


def test_a_project_without_a_folder_of_ours_gets_none_by_an_error(project, tmp_path):
    code = (
        "import sys\n"
        "import runner.cli.main as main\n"
        "def fail(*_): raise RuntimeError\n"
        "main.campaign.invoke = fail\n"
        "sys.exit(main.main(['status']))"
    )
    root = project({})
    environment = {**os.environ, "PYTHONPATH": str(_root()), "TMPDIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, check=False)
    assert str(tmp_path).encode() in ended.stderr
    assert not (root / ".campaign").exists()


def test_an_interrupted_command_says_so_and_exits_1(project):
    code = (
        "import sys\n"
        "import runner.cli.main as main\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "main.campaign.invoke = stop\n"
        "sys.exit(main.main(['status']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(_root())}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=project({}), env=environment, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == b"error[interrupted]: interrupted: nothing more was done\n"


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (
            ["spring-*", "--exclude", "b", "--var", "k=a b", "--sandbox"],
            "plan 'spring-*' --exclude b --var 'k=a b' --sandbox",
        ),
        (["--auto-approve", "--limit", "5"], "plan"),
        (["--plan", "my plan"], "show 'my plan'"),
    ],
)
def test_a_dry_run_is_answered_with_the_complete_command_of_plan(campaign, project, arguments, step):
    root = project({})
    ended = campaign("-C", str(root), "apply", *arguments, "--dry-run")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "error[dry-run]" in ended.stderr
    assert f"run `campaign -C {root} {step}`" in ended.stderr
