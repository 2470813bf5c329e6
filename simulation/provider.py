"""The provider of a history: what it took, what arrived when, and its answers as bytes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runner.model.config import Limits
from simulation.files import read_email
from simulation.weather import AFTER_TAKING, Fate

CREDIT = 0.15
BROKEN = b'{"success": tr'


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its bytes say it."""

    key: str
    label: str
    audio: str
    url: str | None
    numbers: tuple[int, ...]

    @property
    def content(self) -> tuple[str, str, str | None]:
        """What its people hear, and for which campaign and edition."""
        return self.label, self.audio, self.url


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a request arrived, after when and in which boot it was recorded, and what limits its process had."""

    at_s: float
    began_s: float
    boot: int
    limits: Sequence[Limits]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    taken: bool = False


@dataclass(slots=True)
class Provider:
    """Counts whom it reached, by campaign and edition, and answers.

    `bad_numbers` are refused wherever they stand. `bad_audios` maps recordings to whether their refusal carries a code
    that is documented as the content's.
    """

    bad_numbers: set[int] = field(default_factory=set)
    bad_audios: dict[str, bool] = field(default_factory=dict)
    taken: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused_alone: set[tuple[str, str, str | None, int]] = field(default_factory=set)
    arrivals: defaultdict[str, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    messages: int = 0

    def answer(self, request: Request, fate: Fate, headers: Mapping[str, str]) -> Reply:
        """Take the message or not; the reply may never come back. `headers` are those of a 429."""
        if fate is Fate.LIMITED:
            return Reply(429, dump({"success": False, "code": 429}), headers)
        if fate is Fate.KEY_REFUSED:
            return refuse(401, 10)
        if fate is Fate.FAILED_BEFORE:
            return Reply(500, b"")
        reply = self._judge(request) if fate in AFTER_TAKING else refuse(400, 999)
        if not reply.taken:
            if len(request.numbers) == 1:
                self.refused_alone.add((*request.content, request.numbers[0]))
            return reply
        return self._distort(reply, fate)

    def has_taken(self, label: str, numbers: Sequence[int]) -> bool:
        """Whether these people were reached."""
        return all(self.taken[label, number] for number in numbers)

    def _judge(self, request: Request) -> Reply:
        documented = self.bad_audios.get(request.audio)
        if documented is not None:
            return refuse(400, "AUDIO_FILE_NOT_FOUND" if documented else 999)
        if not self.bad_numbers.isdisjoint(request.numbers):
            return refuse(400, "DESTINATION_INVALID")
        self.messages += 1
        self.taken.update((request.label, number) for number in request.numbers)
        count = len(request.numbers) - (1 if self.messages % 7 == 0 else 0)
        said = {
            "success": True,
            "campaignId": f"m{self.messages}",
            "cost": CREDIT * count,
            "currency": "EUR",
            "nbSms": count,
            "audioFile": {"filename": f"{request.audio}.wav"},
        }
        return Reply(200, dump(said), taken=True)

    def _distort(self, reply: Reply, fate: Fate) -> Reply:
        if fate is Fate.FAILED_AFTER:
            return Reply(500, b"", taken=True)
        if fate is Fate.UNREADABLE:
            return Reply(200, BROKEN, taken=True)
        if fate is Fate.CONTRADICTORY:
            return Reply(400, dump({"success": False, "campaignId": f"m{self.messages}"}), taken=True)
        return reply


def read_request(body: bytes) -> Request:
    """The request that these bytes are."""
    said = json.loads(body)
    numbers = tuple(int(number) for number in said["phoneNumbers"].split(","))
    email = read_email(said["emailForNotification"])
    return Request(said["apiKey"], email, said["tokenAudio"], said.get("notifyUrl"), numbers)


def refuse(status: int, code: str | int) -> Reply:
    """A refusal with this code."""
    return Reply(status, dump({"success": False, "code": code}))


def dump(said: object) -> bytes:
    """As JSON."""
    return json.dumps(said).encode()
