"""After a power cut at any moment, whatever of what was not synced survives it, nobody is reached twice.

What one real `apply` writes, syncs, renames and sends is recorded by strace. Then the power is cut behind each of these
steps: of what was not synced by then, nothing survives, or everything, or any part of it, torn at sectors; and of the
folder's changes that were not synced, the first so many. On what is left, the state opens and holds everybody whose
request had begun to leave.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

RECORDED = "openat,mkdir,pwrite64,write,ftruncate,fdatasync,fsync,unlink,rename,link,sendto"
STEP = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)")
STRINGS = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
OF_FILE = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")
SECTOR = 512
SHARDS = 4
"""Into so many tests the cuts are split, so that workers can share them."""
PEOPLE_A_CHUNK = 10
KNOWN = frozenset({"openat", "mkdir", "pwrite64", "write", "fdatasync", "fsync", "unlink", "rename", "sendto"})


@dataclass(frozen=True)
class Step:
    """One system call that went well: its name, the files it is about, its bytes, where they go, and its flags."""

    call: str
    files: tuple[str, ...] = ()
    data: bytes = b""
    offset: int | None = None
    flags: str = ""


def unescape(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def read_steps(trace: Path, folder: Path) -> Iterator[Step]:
    """The steps of a trace that change the folder's files, or send."""
    for line in join_resumed(trace.read_text()):
        match = STEP.search(line)
        if match is None or match[3].startswith("-"):
            continue
        call, arguments = match[1], match[2]
        strings = [unescape(text) for text in STRINGS.findall(arguments)]
        of_file = OF_FILE.match(arguments)
        if call == "sendto":
            yield Step(call, data=strings[0])
        elif of_file is None:
            files = tuple(name.decode() for name in strings)
            if all(Path(name).parent == folder for name in files):
                yield Step(call, tuple(Path(name).name for name in files), flags=arguments.rpartition('"')[2])
        else:
            path = Path(unescape(of_file[1]).decode())
            if folder in {path, path.parent}:
                offset = int(arguments.rpartition(",")[2]) if call == "pwrite64" else None
                yield Step(call, (path.name if path != folder else "",), b"".join(strings), offset)


def join_resumed(text: str) -> Iterator[str]:
    """Its lines, those whole again that another thread came between."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        thread, _, rest = line.partition(" ")
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>")
        elif " resumed>" in rest:
            yield begun.pop(thread) + rest.partition(" resumed>")[2]
        else:
            yield rest


@dataclass
class Content:
    """The bytes of a file on the disk, and what was written to it since it was synced."""

    durable: bytes = b""
    written: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0

    def write(self, offset: int | None, data: bytes) -> None:
        at = self.size if offset is None else offset
        self.written.append((at, data))
        self.size = max(self.size, at + len(data))

    def sync(self) -> None:
        self.durable, self.written = self.after(lambda _: True), []

    def after(self, survives: Callable[[int], bool]) -> bytes:
        """What is there when those sectors have survived of which the function says so."""
        content = bytearray(self.durable)
        for offset, data in self.written:
            start = 0
            while start < len(data):
                end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
                if survives(offset + start):
                    content.extend(bytes(max(0, offset + start - len(content))))
                    content[offset + start : offset + end] = data[start:end]
                start = end
        return bytes(content)


@dataclass
class Disk:
    """One folder on a disk that may lose its power."""

    lies: bool = False
    names: dict[str, Content] = field(default_factory=dict)
    durable_names: dict[str, Content] = field(default_factory=dict)
    changes: list[Callable[[dict[str, Content]], object]] = field(default_factory=list)
    requests: int = 0

    def follow(self, step: Step) -> None:
        """Do this step."""
        match step.call:
            case "sendto":
                self.requests += step.data.startswith(b"POST ")
            case "openat" if "O_CREAT" in step.flags and step.files[0] not in self.names:
                made = Content()
                self._change(lambda names: names.__setitem__(step.files[0], made))
            case "pwrite64" | "write":
                self.names[step.files[0]].write(step.offset, step.data)
            case "fdatasync" | "fsync" if not self.lies:
                self._sync(step.files[0])
            case "unlink":
                self._change(lambda names: names.pop(step.files[0], None))
            case "rename":
                old, new = step.files
                self._change(lambda names: names.__setitem__(new, names.pop(old)))
            case call:
                assert call in KNOWN, f"what does {call} do to a disk?"

    def _change(self, change: Callable[[dict[str, Content]], object]) -> None:
        change(self.names)
        self.changes.append(change)

    def _sync(self, name: str) -> None:
        if name:
            self.names[name].sync()
            return
        self.durable_names, self.changes = dict(self.names), []

    def cut(self, into: Path, *, changes: int, survives: Callable[[int], bool]) -> None:
        """Leave in this folder what is there when the power is back."""
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        names = dict(self.durable_names)
        for change in self.changes[:changes]:
            change(names)
        for name, content in names.items():
            (into / name).write_bytes(content.after(survives))


def record(stand) -> list[Step]:
    """The steps of a run that makes a state and sends two chunks."""
    stand.begin()
    folder = stand.root / ".campaign"
    process = stand.start("apply", "--auto-approve")
    process.follow(RECORDED)
    process.wake()
    assert process.wait() == 0, process.output.read_text()
    stand.processes.remove(process)
    steps = list(read_steps(process.trace, folder))
    assert sum(step.call == "sendto" and step.data.startswith(b"POST ") for step in steps) == 2
    assert sum(step.call in {"fdatasync", "fsync"} for step in steps) > 10
    return steps


def outcomes(disk: Disk, seed: int, some: int) -> Iterator[tuple[int, Callable[[int], bool]]]:
    """What may be left: nothing and all of files and of their names, and some ways in between."""
    for survives in (lambda _: False, lambda _: True):
        for changes in {0, len(disk.changes)}:
            yield changes, survives
    chance = random.Random(seed)
    for _ in range(some):
        share = chance.random()
        yield chance.randint(0, len(disk.changes)), lambda _, share=share: chance.random() < share


def lose(stand, disk: Disk) -> str | None:
    """What is wrong with the state that is left; None where nothing is."""
    code, text = stand.call("status", "--format", "json")
    if code not in {0, 3}:
        return f"the state does not open: exit code {code}"
    campaigns = json.loads(text)["campaigns"]
    people = campaigns[0]["people"] if campaigns else {"accepted": 0, "unknown": 0, "sending": 0}
    held = people["accepted"] + people["unknown"] + people["sending"]
    if held < PEOPLE_A_CHUNK * disk.requests:
        return f"{disk.requests} requests had left, and {held} people are held"
    if people["accepted"] < PEOPLE_A_CHUNK * (disk.requests - 1):
        return f"{disk.requests} requests had left, and {people['accepted']} people are accepted"
    return None


def go_on(stand, disk: Disk) -> None:
    """Apply on what is left: nobody is sent to who was in a request that had left."""
    sent = PEOPLE_A_CHUNK * disk.requests
    stand.sandbox.stop()
    stand.serve(faults=[f"refuse-number:0612{number:06d}" for number in range(sent)])
    code, text = stand.call("apply", "--auto-approve", "--format", "json")
    report = json.loads(text.splitlines()[-1])
    assert (report["refused"], report["pending"]) == (0, 0)
    assert code == (3 if report["unknown_people"] else 0)
    _, people = stand.read_people()
    assert people["accepted"] + people["unknown"] == 20
    assert stand.sandbox.count().people <= 20 - sent


def cut_behind(stand, chosen: Callable[[int], bool], some: int) -> int:
    """Cut the power in every way behind the steps whose places are chosen, and behind each send; say how often."""
    steps, disk, cuts = record(stand), Disk(), 0
    for place, step in enumerate(steps):
        disk.follow(step)
        if not chosen(place) and step.call != "sendto":
            continue
        for changes, survives in outcomes(disk, place, some):
            disk.cut(stand.root / ".campaign", changes=changes, survives=survives)
            cuts += 1
            assert (place, lose(stand, disk)) == (place, None)
        if step.call == "sendto" or place % 5 == 0:
            disk.cut(stand.root / ".campaign", changes=0, survives=lambda _: False)
            go_on(stand, disk)
    return cuts


def test_a_power_cut_loses_nobody_and_lets_nobody_be_reached_twice(stand) -> None:
    assert cut_behind(stand, lambda place: place % 15 == 7, some=0) > 40


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_thousands_of_power_cuts_lose_nobody_and_let_nobody_be_reached_twice(stand, shard: int) -> None:
    assert cut_behind(stand, lambda place: place % SHARDS == shard, some=10) > 600


def test_a_disk_that_does_not_sync_is_found_out(stand) -> None:
    disk = Disk(lies=True)
    for step in record(stand):
        disk.follow(step)
        if disk.requests:
            break
    disk.cut(stand.root / ".campaign", changes=len(disk.changes), survives=lambda _: False)
    assert lose(stand, disk) is not None
