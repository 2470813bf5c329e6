"""What the provider would answer, by its public page alone.

Where the page is silent, which it is about the status and the JSON of a refusal, this is one plausible provider: a
refusal is HTTP 400, a wrong key 401, and the code stands in `code`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MOST_NUMBERS = 500
PRICE = Decimal("0.15")

# French numbers as the page spells them, with those of the overseas countries that share the numbering plan.
_NATIONAL = re.compile(r"0([1-9]\d{8})", re.ASCII)
_INTERNATIONAL = re.compile(r"\+(33[1-9]\d{8}|(?:590|594|596|262)\d{9}|508\d{6}(?:\d{3})?)", re.ASCII)
_MOBILE = re.compile(r"\+(33[67]|590690|594694|596696|262(?:692|693|639)|508)\d+", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]?\d|2[0-3]):[0-5]?\d:00", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON under it."""

    status: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the provider would take: the recording, and the numbers in one spelling, `+33…`."""

    audio: str
    numbers: tuple[str, ...]


def read_message(fields: object) -> Message | Answer:
    """The message in a request's JSON, or the refusal that answers it."""
    if not isinstance(fields, dict):
        return refuse(400, "the body is no JSON object")
    if not is_key(fields.get("apiKey")):
        return refuse(10, "not authorised")
    fault = _find_fault(fields)
    if fault is not None:
        return fault
    numbers = str(fields["phoneNumbers"]).split(",")
    if len(numbers) > MOST_NUMBERS:
        return refuse("PHONE_NUMBER_SIZE_ERROR", f"at most {MOST_NUMBERS} numbers")
    spelled = [spell_number(number) for number in numbers]
    known = tuple(number for number in spelled if number is not None)
    if len(known) < len(spelled):
        return refuse("DESTINATION_INVALID", "a number is no French number")
    return Message(str(fields["tokenAudio"]), known)


def _find_fault(fields: Mapping[str, Any]) -> Answer | None:
    audio, sender, notify = fields.get("tokenAudio"), fields.get("sender"), fields.get("notifyUrl")
    scheduled = fields.get("scheduledDate")
    if not audio:
        return refuse("TOKEN_AUDIO_REQUIRED", "tokenAudio is required")
    if not has_audio(audio):
        return refuse("AUDIO_FILE_NOT_FOUND", "no such recording")
    if not _EMAIL.fullmatch(str(fields.get("emailForNotification") or "")):
        return refuse(400, "emailForNotification is required")
    if not fields.get("phoneNumbers"):
        return refuse("PHONE_NUMBER_REQUIRED", "phoneNumbers is required")
    if sender is not None and not _MOBILE.fullmatch(spell_number(str(sender)) or ""):
        return refuse("SENDER_INVALID", "the sender must be a mobile that can be called back")
    if notify is not None and not _URL.fullmatch(str(notify)):
        return refuse("NOTIFY_URL_INVALID", "notifyUrl is no URL")
    if scheduled is not None and not _DATE.fullmatch(str(scheduled)):
        return refuse(400, "scheduledDate is not YYYY-mm-dd H:m:00")
    return None


def is_key(key: object) -> bool:
    """Whether the sandbox takes this key: any but an empty one and those that begin with `invalid`."""
    return isinstance(key, str) and key != "" and not key.startswith("invalid")


def has_audio(token: object) -> bool:
    """Whether there is such a recording: any but those that begin with `missing`."""
    return isinstance(token, str) and not token.startswith("missing")


def spell_number(text: str) -> str | None:
    """A French number as `+33…`, from the two spellings that the page documents; None where it is none."""
    number = text.strip()
    national = _NATIONAL.fullmatch(number)
    if national is not None:
        return f"+33{national[1]}"
    return number if _INTERNATIONAL.fullmatch(number) else None


def accept(message: Message, *, counted: int | None = None, filename: str | None = None) -> Answer:
    """The answer to a message that was taken; a recording's file is called after its token."""
    count = len(message.numbers) if counted is None else counted
    cost = float(PRICE * count)
    return Answer(
        200,
        {
            "success": True,
            "campaignId": secrets.token_hex(12),
            "cost": cost,
            "currency": "EUR",
            "nbSms": count,
            "audioFile": {"filename": filename or f"{message.audio}.wav", "size": "135.8Ko"},
            "detail": {"33": {"nbSms": count, "cost_unity": float(PRICE), "cost": cost}},
        },
    )


def refuse(code: str | int, text: str) -> Answer:
    """A refusal with a code; 401 where it is the key's."""
    return Answer(401 if code == 10 else 400, {"success": False, "code": code, "message": text})


def limit() -> Answer:
    """The answer to one request too many."""
    return Answer(429, {"success": False, "code": 429, "message": "too many requests"})


def show_credit() -> Answer:
    """The answer of `me`: a credit that never runs out."""
    return Answer(200, {"success": True, "credits": {"credit": "1000", "currency": "€"}})


def list_audios() -> Answer:
    """The answer of `audios`: one recording."""
    audio = {
        "name": "recording.wav",
        "token": "recording",
        "size": "104.5Ko",
        "duration": "0:07",
        "created_at": "2026-01-01 09:00:00",
    }
    return Answer(200, {"nb_datas": 1, "datas": [audio]})


def dump(answer: Answer) -> bytes:
    """The answer's JSON as it goes over the wire."""
    return json.dumps(answer.content, ensure_ascii=False).encode()
