"""What the repository says: no machine of ours, no number that could be somebody's, no link that leads nowhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from runner.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]

# Hosts that the repository may name: the provider's, schemas and conventions, this machine and its link, and names that
# are reserved for examples.
HOSTS = re.compile(
    r"(api\.voicepartner\.fr|json-schema\.org|keepachangelog\.com|semver\.org|docs\.astral\.sh|github\.com"
    r"|localhost|127\.\d+\.\d+\.\d+|169\.254\.\d+\.\d+|\[::1\]|(.*\.)?example(\.[a-z]{2,3})?|.*\.(invalid|test))(:.*)?"
)
TEXT = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".txt", ".csv", ".tsv", ""}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink() and path.suffix in TEXT]


def _documents() -> list[Path]:
    return [path for path in _tracked() if path.suffix == ".md"]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_folder_of_somebodys_machine():
    pattern = re.compile(r"(?<![\w.~])/(?:root|home|work|Users)/\w")
    assert [str(path) for path in _tracked() if pattern.search(_text(path))] == []


def test_documents_name_no_host_but_the_known_ones():
    named = {
        (path.name, urlsplit(url).netloc)
        for path in [*_documents(), ROOT / "constraints.txt", ROOT / "pyproject.toml", ROOT / "Makefile"]
        for url in re.findall(r"https?://[^\s)>\"'`]+", _text(path))
    }
    assert sorted((name, host) for name, host in named if not HOSTS.fullmatch(host)) == []


def test_numbers_in_examples_and_documents_are_kept_for_fiction():
    pattern = re.compile(r"(?<!\d)(?:\+33|0033|0)[ .(0)-]*([1-9](?:[ .-]?\d\d){4})(?![\d])")
    examples = [
        path
        for path in _tracked()
        if path.parts[len(ROOT.parts)] in {"data", "campaigns", "docs", "README.md"} or path.parent.name == "problems"
    ]
    numbers = {(path.name, re.sub(r"\D", "", match)) for path in examples for match in pattern.findall(_text(path))}
    assert numbers
    fiction = ("63998", "19900", "26191", "35301", "46571", "53649")
    assert sorted((name, number) for name, number in numbers if not number.startswith(fiction)) == []


@pytest.mark.parametrize("document", _documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_documents_lead_somewhere(document):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", _text(document), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / unquote(path)).resolve() if path else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def _anchors(document: Path) -> set[str]:
    """The anchors that the usual Markdown viewers give to headings."""
    headings = re.findall(r"^#+ +(.*)$", _text(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", _documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_and_options_in_documents_exist(document):
    from runner.cli.main import campaign

    unknown = []
    for words in re.findall(r"(?:`|^\$ |^ {4})campaign ([^`\n#]*)", _text(document), flags=re.MULTILINE):
        unknown += [f"{words}: {fault}" for fault in _faults(campaign, words.split())]
    assert unknown == []


def _faults(group, words: list[str]) -> list[str]:
    name = next((word for word in words if not word.startswith("-")), None)
    known = {option for parameter in group.params for option in parameter.opts} | {"-h", "--help"}
    if name is not None:
        if name not in COMMANDS:
            return [f"no command {name}"]
        command = group.get_command(None, name)
        commands = [command, *(getattr(command, "commands", {}).values())]
        known |= {option for each in commands for parameter in each.params for option in parameter.opts}
    options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    return sorted(options - known)


def test_make_targets_in_documents_exist():
    targets = set(re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {
        target
        for path in _documents()
        for target in re.findall(r"(?:`|^\$ |^ {4})make ([a-z]+)", _text(path), flags=re.MULTILINE)
    }
    assert named
    assert sorted(named - targets) == []
