"""What campaigns and accounts say, as a digest: equal whatever the bytes, the order of keys, comments or spelling."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256

from runner.model.config import Account, Campaign
from runner.model.secret import Reference

# Where something stands is not what it says.
UNSAID = frozenset({"excerpt", "excerpts", "file", "place", "places"})


def digest_account(account: Account, exposed: Sequence[str]) -> str:
    """What an account and what all templates see say, as canonical JSON, of which a campaign's digest is made."""
    return _write({"account": _spell(account), "expose_env": sorted(exposed)})


def digest_campaign(campaign: Campaign, account: str) -> str:
    """The digest of a campaign and its account, in hex. `account` is what digest_account made of it."""
    return sha256(f"{account}{_write(_spell(campaign))}".encode()).hexdigest()


def digest_all(digests: Sequence[str]) -> str:
    """One digest of many, whatever their order."""
    return sha256(_write(sorted(digests)).encode()).hexdigest()


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


@cache
def _list_said(kind: type[Account | Campaign]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in UNSAID)


def _write(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
