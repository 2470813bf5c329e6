"""VoicePartner: a chunk as the body of one request, and what its answer means.

The provider documents neither a refusal's JSON nor its HTTP status, so a refusal is recognised by what it says,
wherever it says it; and whatever is not clearly an acceptance or a refusal is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from runner.model.config import Content
from runner.model.ledger import Acceptance
from runner.model.secret import Secret, scrub_secrets
from runner.model.verdict import (
    Accepted,
    AccountRefused,
    ChunkRefused,
    ContentRefused,
    RateLimited,
    Unknown,
)
from runner.providers.http import Answer
from runner.providers.reading import (
    find_wait,
    names_campaign,
    parse_json,
    read_cost,
    read_count,
    read_currency,
    read_id,
    read_text,
    walk,
)

Judgement = Accepted | RateLimited | AccountRefused | ContentRefused | ChunkRefused | Unknown

ACCOUNT_CODES = {
    "10": "the API key is wrong",
    "11": "the account has no credit",
    "NOT_CREDIT": "the account has no credit",
}
CONTENT_CODES = {
    "AUDIO_FILE_NOT_FOUND": "the provider has no such recording",
    "TOKEN_AUDIO_REQUIRED": "the request names no recording",
    "NOTIFY_URL_INVALID": "the provider takes no such URL for its notification",
    "SENDER_INVALID": "the sender is no number that the provider takes",
    "SENDER_NOT_AUTHORIZED": "the sender was not validated with the provider",
}
CHUNK_CODES = {
    "DESTINATION_INVALID": "a number is not one that the provider reaches",
    "PHONE_NUMBER_REQUIRED": "the request names no number",
    "PHONE_NUMBER_SIZE_ERROR": "the request names more numbers than the provider takes",
}
DOCUMENTED_CODES = ACCOUNT_CODES | CONTENT_CODES | CHUNK_CODES

REFUSING_STATUSES = frozenset({200, 400, 404, 405, 422})
"""Those under which an answer that says no is taken at its word."""

CODE_KEYS = frozenset({"code", "error", "message"})
LONGEST_CODE = 9
"""Digits of a code that is a figure."""
_WORD = re.compile(r"[A-Z]+(?:_[A-Z]+)+", re.ASCII)
_SHOWABLE = re.compile(r"[A-Za-z]{1,30}(_[A-Za-z]{1,30}){0,5}|\d{1,4}", re.ASCII)


def build_body(api_key: Secret, content: Content, schedule: datetime | None, numbers: Sequence[int]) -> bytes:
    """The JSON body of `campaign/send`: here numbers leave, and the key is opened.

    `schedule` is in the account's time zone, whatever its offset says: the provider is told the time that a clock
    there shows, to the minute. Numbers go out as `+33…`, one of the two spellings that the provider documents.
    """
    fields = {
        "apiKey": api_key.open(),
        "tokenAudio": content.audio,
        "emailForNotification": content.notify_email,
        "phoneNumbers": ",".join([f"+{number}" for number in numbers]),
        "sender": content.sender,
        "scheduledDate": f"{schedule:%Y-%m-%d %H:%M}:00" if schedule is not None else None,
        "notifyUrl": content.notify_url,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode("ascii")


def judge_answer(answer: Answer, sent: Sequence[int]) -> Judgement:
    """What the answer means for a chunk of the numbers `sent`, by the contract's table. Never raises, whatever came."""
    said = parse_json(answer.body)
    status = answer.status
    if said is not None and said.get("success") is True:
        return _judge_acceptance(status, said, sent)
    if names_campaign(said, answer.body):
        return Unknown(f"HTTP {status} does not say success, but names a campaign, a cost or a count")
    if status == 429:
        return RateLimited("too many requests", find_wait(answer.headers, answer.ended.wall))
    return _judge_no(status, said)


def _judge_no(status: int, said: Mapping[str, Any] | None) -> AccountRefused | ContentRefused | ChunkRefused | Unknown:
    if status in {401, 402, 403}:
        codes = set(_find_codes(said or {}))
        known = (meaning for code, meaning in ACCOUNT_CODES.items() if code in codes)
        return AccountRefused(f"{next(known, 'the provider refuses the account')} (HTTP {status}{_show_code(said)})")
    if said is not None and status in REFUSING_STATUSES and _refuses(said):
        return _judge_refusal(said)
    if status in {404, 405}:
        return AccountRefused(f"`base_url` is wrong: nothing takes messages there (HTTP {status})")
    return Unknown(f"HTTP {status} with an answer that does not say what became of the message")


def _judge_acceptance(status: int, said: Mapping[str, Any], sent: Sequence[int]) -> Accepted | Unknown:
    if status != 200:
        return Unknown(f"HTTP {status}, but the answer says success")
    campaign_id = read_id(said.get("campaignId"), sent)
    if campaign_id is None:
        return Unknown("the answer says success, but names no campaign")
    audio = said.get("audioFile")
    return Accepted(
        Acceptance(
            provider_id=campaign_id,
            cost=read_cost(said.get("cost")),
            currency=read_currency(said.get("currency")),
            counted=read_count(said.get("nbSms")),
            audio_name=read_text(audio.get("filename")) if isinstance(audio, dict) else None,
        )
    )


def _refuses(said: Mapping[str, Any]) -> bool:
    return said.get("success") is False or any(code in DOCUMENTED_CODES for code in _find_codes(said))


def _judge_refusal(said: Mapping[str, Any]) -> AccountRefused | ContentRefused | ChunkRefused:
    """By the first table that knows one of the answer's codes; what none knows may be the fault of one number."""
    codes = set(_find_codes(said))
    tables: tuple[tuple[Mapping[str, str], Callable[[str], AccountRefused | ContentRefused | ChunkRefused]], ...] = (
        (ACCOUNT_CODES, AccountRefused),
        (CONTENT_CODES, ContentRefused),
        (CHUNK_CODES, ChunkRefused),
    )
    for meanings, verdict in tables:
        for code, meaning in meanings.items():
            if code in codes:
                return verdict(f"{meaning} ({code})")
    return ChunkRefused(f"the provider refuses the request{_show_code(said)}")


def _find_codes(said: Mapping[str, Any]) -> Iterator[str]:
    """Whatever may be a code: under `code`, `error` or `message`, at any depth, a number or a text that holds one."""
    for keys, value in walk(said):
        if keys[-1].lower() not in CODE_KEYS or isinstance(value, bool):
            continue
        if isinstance(value, int) or (isinstance(value, Decimal) and _is_whole(value)):
            yield str(int(value))
        elif isinstance(value, str):
            yield value.strip()
            yield from _WORD.findall(value.upper())


def _is_whole(figure: Decimal) -> bool:
    return figure.adjusted() < LONGEST_CODE and figure == figure.to_integral_value()


def _show_code(said: Mapping[str, Any] | None) -> str:
    """The answer's code for a reader, where it looks like one: a text could repeat a number or the key."""
    codes = (code for code in _find_codes(said or {}) if _SHOWABLE.fullmatch(code))
    code = next(codes, None)
    return f", code {scrub_secrets(code)}" if code is not None else ""
