"""A document as a session at a terminal: its files are written, its commands run, what it shows is compared."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.cli.main import main
from runner.sandbox.server import Sandbox

FENCE = re.compile(r"^(?:`(?P<label>[^`\n]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

PROGRAMS = frozenset({"cat", "cp", "git", "ls", "mv", "openssl", "rm"})
"""Programs of others that documents use as they are."""

# What differs from one run to the next: moments, spans, ids, chunks.
VARYING = {
    "moment": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:Z| UTC|[+-]\d\d:\d\d)?",
    "day": r"\d{4}-\d\d-\d\d",
    "clock": r"\b\d\d:\d\d(?::\d\d)?Z?\b",
    "release": r"\b\d+\.\d+\.\d+\b",
    "span": r"(?<=\bin )\d+ (?:s|min)\b",
    "id": r"\b[0-9a-f]{7,64}\b",
    "chunk": r"\b[b-df-hj-np-tv-xz]{10}\b",
}
NAMES = frozenset({"id", "chunk"})
"""Those that a later command may say."""
ANY = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARYING.items()))
LEFT_OUT = "…"
"""Alone in what a document shows, it stands for whatever was said there."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document: its kind, the file that it is or changes, its text."""

    kind: str
    label: str | None
    text: str

    def exchanges(self) -> Iterator[tuple[str, str]]:
        """Each command of a session with what is shown below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


@pytest.fixture
def read_blocks() -> Callable[[Path], list[Block]]:
    """A function that reads the fenced blocks of a document, in their order."""

    def read(document: Path) -> list[Block]:
        text = document.read_text(encoding="utf-8")
        return [Block(found["kind"], found["label"], found["text"]) for found in FENCE.finditer(text)]

    return read


class _Typing(io.StringIO):
    """Somebody at the keyboard, who answers each question with yes and sees it on the screen."""

    def __init__(self, screen: io.TextIOWrapper) -> None:
        super().__init__()
        self._screen = screen

    def readline(self, _size: int | None = -1, /) -> str:
        self._screen.write("yes\n")
        return "yes\n"


@dataclass
class Terminal:
    """A reader's terminal: the folder it is in, its variables, how the last command ended.

    `stands_for` says how a document's own ids, chunks and numbers are really called, `provider` where accounts lead.
    """

    folder: Path
    patch: pytest.MonkeyPatch
    provider: Sandbox | None = None
    code: int = 0
    stands_for: dict[str, str] = field(default_factory=dict)

    def write(self, block: Block) -> None:
        """Write a file that a document shows, or change it where the block is a difference."""
        path = self.folder / str(block.label)
        path.parent.mkdir(parents=True, exist_ok=True)
        if block.kind == "diff":
            lines = block.text.splitlines(keepends=True)
            before, after = ("".join(x[1:] for x in lines if not x.startswith(sign)) for sign in "+-")
            text, before, after = path.read_text(encoding="utf-8"), self.translate(before), self.translate(after)
            assert text.count(before) == 1, f"{block.label} has not exactly one place with\n{before}"
            path.write_text(text.replace(before, after), encoding="utf-8")
        else:
            path.write_text(self.translate(block.text), encoding="utf-8")

    def translate(self, text: str) -> str:
        """What a document's text is here."""
        for shown, real in self.stands_for.items():
            text = text.replace(shown, real)
        return text

    def run(self, line: str) -> str:
        """Run one line as a shell would; what both of its streams said."""
        inner = re.fullmatch(r"export (\w+)=\$\((.*)\)", line)
        if inner is not None:
            self.patch.setenv(inner[1], self.run(inner[2]).strip())
            return ""
        words = [each for word in shlex.split(self.translate(line), comments=True) for each in self._expand(word)]
        match words:
            case ["echo", "$?"]:
                return f"{self.code}\n"
            case ["cd", folder]:
                self.folder = self.folder / folder
                return ""
            case ["export", setting]:
                self.patch.setenv(*setting.split("=", 1))
                return ""
            case ["campaign", *rest]:
                said = self._call(*self._redirect(rest))
            case [program, *_] if program in PROGRAMS:
                ended = subprocess.run(words, cwd=self.folder, capture_output=True, encoding="utf-8", check=False)
                self.code, said = ended.returncode, ended.stdout + ended.stderr
            case _:
                pytest.fail(f"`{line}` is none of the programs that documents use")
        return said

    def pin(self, shown: str) -> None:
        """Make the state that `campaigns.yaml` pins; the id that a document shows stands for its own."""
        path = self.folder / "campaigns.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"state_id: {shown}\n", ""), encoding="utf-8")
        self.stands_for[shown] = self.run("campaign state init").split()[1]
        path.write_text(self.translate(text), encoding="utf-8")

    def _expand(self, word: str) -> list[str]:
        """The paths that a word stands for by `~/` or a star, else the word itself."""
        if word.startswith("~/"):
            return [str(Path(word).expanduser())]
        return sorted(map(str, self.folder.glob(word))) if word.endswith("*") else [word]

    def _redirect(self, words: list[str]) -> tuple[list[str], Path | None, Path | None]:
        """The words of a command, the file that it reads and the one that it is written to."""
        files: dict[str, Path] = {}
        for sign in "<>":
            if sign in words:
                at = words.index(sign)
                files[sign] = self.folder / words[at + 1]
                words = words[:at] + words[at + 2 :]
        return words, files.get("<"), files.get(">")

    def _call(self, words: list[str], source: Path | None, target: Path | None) -> str:
        self._lead_to_provider()
        screen = io.TextIOWrapper(io.BytesIO(), write_through=True)
        out = screen if target is None else io.TextIOWrapper(target.open("wb"), write_through=True)
        typed = _Typing(screen) if source is None else io.TextIOWrapper(io.BytesIO(source.read_bytes()))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, stream in {"stdin": typed, "stdout": out, "stderr": screen}.items():
                patch.setattr(sys, name, stream)
            self.code = main(words)
        if out is not screen:
            out.close()
        return screen.buffer.getvalue().decode()

    def _lead_to_provider(self) -> None:
        """Let the account of the project lead to loopback, whatever wrote it."""
        path = self.folder / "campaigns.yaml"
        if self.provider is not None and path.is_file():
            line, text = "    provider: voicepartner\n", path.read_text(encoding="utf-8")
            if "base_url:" not in text:
                text = text.replace(line, f"{line}    base_url: {self.provider.base_url}\n")
                path.write_text(text, encoding="utf-8")

    def compare(self, shown: str, said: str) -> None:
        """Hold what a document shows against what was said, however the lines are broken."""
        shown, said = " ".join(self.translate(shown).split()), " ".join(_leave_out_our_address(said).split())
        found = re.fullmatch(_pattern(shown), said)
        assert found, f"shown:\n{shown}\nsaid:\n{said}"
        for match, real in zip(ANY.finditer(shown), found.groups(), strict=True):
            if match.lastgroup in NAMES:
                self.stands_for[match.group()] = real


def _pattern(shown: str) -> str:
    """What a document shows, with a group for each word that varies."""
    parts, last = [], 0
    for match in ANY.finditer(shown):
        parts.append(re.escape(shown[last : match.start()]))
        parts.append(f"({VARYING[str(match.lastgroup)]})")
        last = match.end()
    whole = "".join([*parts, re.escape(shown[last:])])
    return re.sub(rf"(\\ )?{LEFT_OUT}(\\ )?", ".*", whole)


def _leave_out_our_address(said: str) -> str:
    """What was said without the warning that an account leads to an unusual address, which here is loopback's."""
    return re.sub(r"^[^\n]*warning\[unusual-address\].*?\n\n", "", said, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in an empty folder, for somebody whom git knows."""
    home = tmp_path / "home"
    home.mkdir()
    people = {f"GIT_{role}_{what}": "Ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    known = {"COLUMNS": "100", "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "TMPDIR": str(home), **people}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in known.items():
            patch.setenv(name, value)
        folder = tmp_path / "folder"
        folder.mkdir()
        yield Terminal(folder, patch)
