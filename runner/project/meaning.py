"""What campaigns and accounts say, as a digest: equal whatever the bytes, the order of keys, comments or spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256

from runner.model.config import Account, Campaign
from runner.model.secret import Reference

# Where something stands is not what it says.
UNSAID = frozenset({"excerpt", "excerpts", "file", "place", "places"})
FIELD_KEYS = {
    "campaign.content.audio": "message.audio",
    "campaign.content.sender": "message.sender",
    "campaign.audio_name": "message.audio_name",
    "campaign.content.notify_email": "notify.email",
    "campaign.content.notify_url": "notify.url",
    "campaign.content.schedule": "schedule",
    "campaign.schedule": "schedule.moment",
}
"""The keys of files whose values the model keeps elsewhere. Fields of the account stand under `account.`."""

EXCLUSIONS = "campaign.exclude["
"""Numbers that stand there are said one by one: to add one is no change of the others."""


def digest_campaigns(campaigns: Iterable[Campaign], accounts: Mapping[str, Account], exposed: Sequence[str]) -> str:
    """One digest, in hex, of what campaigns, their accounts and all templates see say, in whatever order."""
    seen = sorted(exposed)
    said = ({"campaign": _spell(each), "account": _spell(accounts[each.account]), "seen": seen} for each in campaigns)
    digests = sorted(sha256(_write(each).encode()).digest() for each in said)
    return sha256(b"".join(digests)).hexdigest()


def say_campaign(campaign: Campaign, account: Account, exposed: Sequence[str]) -> dict[str, str]:
    """What a campaign and its account say, field by field: equal where, and only where, their digests are.

    Each item of a list is a field of its own (`recipients[0]`), and what says nothing is left out.
    """
    said = {"campaign": _spell(campaign), "account": _spell(account), "expose_env": sorted(exposed)}
    return {_name_field(field): text for field, text in _flatten(said)}


def _spell(value: object, *, exactly: bool = False) -> object:
    """A value in plain words. Money that is equal is spelled equal; what templates print is kept `exactly`."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return {"decimal": str(value) if exactly else format(value.normalize(), "f")}
        case timedelta():
            return value.total_seconds()
        case date():
            return value.isoformat()
        case Reference():
            return value.text
        case Mapping():
            return {str(name): _spell(part, exactly=True) for name, part in value.items()}
        case tuple() | list():
            return [_spell(part, exactly=exactly) for part in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {name: _spell(getattr(value, name)) for name in _list_said(type(value))}
        case _:
            raise TypeError(f"{type(value).__name__} has no spelling that a digest could rest on")


def _flatten(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case {"decimal": str() as amount}:
            yield field, amount
        case {"kind": str() as kind, "text": text, "numbers": numbers} if isinstance(value, dict):
            options = {name: said for name, said in value.items() if said and name not in ("kind", "text", "numbers")}
            listed = numbers if field.startswith(EXCLUSIONS) else []
            yield field, _write({kind: text or (numbers if not listed else []), **options})
            for index, number in enumerate(listed):
                yield f"{field}.numbers[{index}]", _write({kind: [number]})
        case dict():
            for name, part in value.items():
                yield from _flatten(part, f"{field}.{name}" if field else str(name))
        case list():
            for index, part in enumerate(value):
                yield from _flatten(part, f"{field}[{index}]")
        case str():
            yield field, value
        case _:
            yield field, _write(value)


def _name_field(field: str) -> str:
    """The key under which files say it."""
    for spelled, key in FIELD_KEYS.items():
        if field == spelled or field.startswith(f"{spelled}."):
            return key + field.removeprefix(spelled)
    return field.removeprefix("campaign.")


@cache
def _list_said(kind: type[Account | Campaign]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in UNSAID)


def _write(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
