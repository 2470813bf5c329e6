"""`campaign explain` and its pages, whose wrong examples are told by that very code, and the right ones not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from runner.cli.pages import list_codes, parse_page, read_page
from runner.project.schema import load_schema

USUAL = {
    "campaigns/spring.yaml": "message: {audio: 5f2c8e6b}\nrecipients:\n  - file: data/customers.csv\n",
    "data/customers.csv": "mobile,name,consent,visits\n06 39 98 01 12,Ada,yes,3\n06 12 34 56 70,Grace,yes,many\n",
    "data/opt-outs.csv": "mobile\n06 39 98 01 14\n",
}
"""What a reader of an example has besides: a campaign, unless the example has its own, and two lists."""

PAGES = [read_page(code) for code in list_codes()]
EXAMPLES = [page for page in PAGES if page.wrong]


def _lay_out(project, files) -> Path:
    own = any(path.startswith("campaigns/") for path in files)
    usual = {path: text for path, text in USUAL.items() if not (own and path.startswith("campaigns/"))}
    return project({**usual, **files})


def _validate(campaign, root: Path) -> set[str]:
    document = json.loads(campaign("validate", "--format", "json", cwd=root).stdout)
    return {problem["code"] for problem in document["problems"]}


def _plan(campaign, root: Path, *options: str) -> set[str]:
    """The codes of campaigns, and those of the whole plan or of what kept it from being made."""
    planned = campaign("plan", "--format", "json", *options, cwd=root, VOICEPARTNER_API_KEY="of-no-account")
    campaigns = json.loads(planned.stdout)["campaigns"] if planned.stdout else []
    told = {problem["code"] for each in campaigns for problem in each["problems"]}
    return told | set(re.findall(r"(?:error|warning)\[(.*?)\]", planned.stderr))


# Numbers of fiction count in a rehearsal alone, which doesn't use the address that an account has.
WAYS = (("--sandbox",), ())


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.code)
def test_a_wrong_example_is_told_by_this_very_code_and_the_right_one_is_not(campaign, project, page):
    root = _lay_out(project, page.wrong)
    in_files = _validate(campaign, root)
    way = None if in_files else next(way for way in WAYS if page.code in _plan(campaign, root, *way))
    assert way is not None or page.code in in_files
    shutil.rmtree(root)
    _lay_out(project, page.right)
    assert _validate(campaign, root) == set()
    assert way is None or page.code not in _plan(campaign, root, *way)


def test_most_codes_that_files_cause_have_examples():
    assert len(EXAMPLES) > 80


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_says_what_a_code_means_and_what_to_do_and_fits_a_terminal(page):
    assert page.text.startswith(f"# {page.code}: {page.title}\n\n")
    assert page.meaning
    assert page.what_to_do
    assert bool(page.wrong) == bool(page.right)
    assert (page.how_it_comes_about is None) == bool(page.wrong)
    told = page.text.partition("\n## Wrong\n")[0].splitlines()[1:]
    assert [line for line in told if len(line) > 79] == []
    assert page.text.endswith("\n")
    assert not page.text.endswith("\n\n")


def test_a_code_is_explained_on_stdout(campaign):
    ended = campaign("explain", "unknown-key")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == read_page("unknown-key").text


def test_headings_are_bold_where_colours_are_wanted(campaign):
    ended = campaign("explain", "unknown-key", FORCE_COLOR="1")
    assert ended.stdout.startswith("\x1b[1munknown-key: this key doesn't exist\x1b[0m\n")
    assert "\x1b[1mWhat to do\x1b[0m\n" in ended.stdout


@pytest.mark.parametrize("code", ["unknown-key", "account-locked"])
def test_a_code_is_explained_as_json_too(campaign, code):
    document = json.loads(campaign("explain", code, "--format", "json").stdout)
    Draft7Validator(load_schema("explain")).validate(document)
    assert document["code"] == code
    assert "\n" not in document["what_to_do"]
    assert bool(document["wrong"]) == (document["how_it_comes_about"] is None)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("unknwon-key", "did you mean `unknown-key`?"),
        ("UNKNOWN-KEY", "did you mean `unknown-key`?"),
        ("42", "in brackets"),
    ],
)
def test_an_unknown_code_is_an_error_with_the_nearest_one(campaign, code, hint):
    ended = campaign("explain", code)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"error[no-such-code]: no problem has the code `{code}`" in ended.stderr
    assert hint in ended.stderr


def test_a_code_may_be_copied_with_what_stands_around_it(campaign):
    assert campaign("explain", "error[unknown-key]").stdout == campaign("explain", "unknown-key").stdout


@pytest.mark.parametrize("code", ["../cli/main", "unknown-key.md", "", "."])
def test_what_is_no_code_names_no_file(campaign, code):
    assert "error[no-such-code]" in campaign("explain", code).stderr


def test_a_page_without_its_title_is_a_defect():
    with pytest.raises(ValueError, match="a page begins"):
        parse_page("unknown-key\n")


GOOD = "message: {audio: 5f2c8e6b}\nrecipients: [{numbers: ['06 39 98 01 12']}]\n"


def _tell_terminal(root: Path, *arguments: str) -> str:
    """What stays on a terminal of stderr: a sign of life is overwritten."""
    import pty

    reading, writing = pty.openpty()
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "NO_COLOR": "1"}
    command = [sys.executable, "-P", "-m", "runner", *arguments]
    subprocess.run(command, cwd=root, env=known, stdout=subprocess.DEVNULL, stderr=writing, check=False)
    os.write(writing, b"END")
    told = b""
    while not told.endswith(b"END"):
        told += os.read(reading, 4096)
    os.close(reading)
    os.close(writing)
    shown = told.decode().removesuffix("END").replace("\r\n", "\n")
    return re.sub(r"[^\n]*\r\x1b\[2K", "", shown)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (f"x: 1\n{GOOD}", ["validate"], "`campaign explain unknown-key` says more\n"),
        (f"x: 1\ny: 1\n{GOOD}", ["validate"], "`campaign explain unknown-key` says more\n"),
        (
            f"x: 1\nuntil: soon\n{GOOD}",
            ["validate"],
            "`campaign explain unknown-key` says more, and so for each code in brackets\n",
        ),
        (
            f"{GOOD}guards: {{max_cost: 1}}\n",
            ["plan", "--sandbox"],
            "`campaign explain guard-price-unknown` says more\n",
        ),
        (f"x: 1\n{GOOD}", ["validate", "--format", "json"], ""),
        (f"x: 1\n{GOOD}", ["validate", "--format", "github"], ""),
        (f"x: 1\n{GOOD}", ["-q", "validate"], ""),
        (GOOD, ["validate"], ""),
        (GOOD, ["plan", "--sandbox"], ""),
    ],
)
def test_a_terminal_is_told_once_which_page_says_more(project, text, arguments, told):
    assert _tell_terminal(project({"campaigns/spring.yaml": text}), *arguments) == told


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_an_error_ends_with_its_page_unless_it_says_all(tmp_path):
    assert _tell_terminal(tmp_path, "plan").endswith("\n`campaign explain no-project` says more\n")
    assert "explain" not in _tell_terminal(tmp_path, "aply")
    assert "says more" not in _tell_terminal(tmp_path, "explain", "no-code")
