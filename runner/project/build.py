"""Values that passed every judgement → the model: accounts, campaigns, sources.

What a file does not say is left to the model's own defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from runner.errors import Place
from runner.model.config import (
    Accepted,
    Account,
    Campaign,
    Content,
    Delivery,
    Guards,
    Kind,
    Limits,
    Prices,
    Source,
    SourceKind,
)
from runner.model.secret import Reference
from runner.project.scalars import (
    format_minute,
    parse_day,
    parse_duration,
    parse_growth,
    parse_minute,
    parse_sender,
    parse_share,
)
from runner.project.tree import ListValue, MapValue, ScalarValue, Value, to_plain, walk

Parsed = TypeVar("Parsed")
Said = Any
"""What a key says, typed; None where it is missing."""


class ByKey(Mapping[str, Parsed]):
    """Something about the value under each key of a campaign (dotted) or of a source, worked out when one asks."""

    def __init__(self, values: Mapping[str, Value], work_out: Callable[[Value], Parsed]) -> None:
        self._values = values
        self._work_out = work_out

    def __getitem__(self, key: str) -> Parsed:
        return self._work_out(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def build_account(name: str, values: MapValue, key: ScalarValue) -> Account:
    """An account of campaigns.yaml; `key` is its name there."""
    prices = values.find("prices")
    return Account(
        name=name,
        place=key.place,
        api_key=_required(build_reference(values, "api_key")),
        limits=Limits(
            **given(
                requests=_say(values, "limits", "requests"),
                per=_parse(parse_duration, values, "limits", "per"),
                recipients_per_request=_say(values, "limits", "recipients_per_request"),
            )
        ),
        **given(
            provider=_say(values, "provider"),
            base_url=build_reference(values, "base_url"),
            timezone=_say(values, "timezone"),
            timeout=_parse(parse_duration, values, "timeout"),
            max_in_doubt=_say(values, "max_in_doubt"),
            proxy=build_reference(values, "proxy"),
            countries=_list(values, "countries"),
            prices=Prices(**given(**_map(prices))) if isinstance(prices, MapValue) else None,
        ),
    )


def build_campaign(
    values: MapValue,
    *,
    name: str,
    edition: str | None,
    file: str,
    place: Place,
    account: str,
    variables: Mapping[str, Said],
    withheld: tuple[str, ...],
) -> Campaign:
    """A campaign from its values with the defaults merged in; `variables` are those that win over its own.

    `withheld` is what accounts and the state say, whose files no source may read.
    """
    schedule = _parse(parse_minute, values, "schedule")
    by_key = {dotted: value if isinstance(value, ScalarValue) else key for dotted, key, value in walk(values)}
    return Campaign(
        name=name,
        edition=edition,
        file=file,
        place=place,
        account=account,
        content=_build_content(values, schedule),
        recipients=build_sources(values, "recipients", withheld),
        exclude=build_sources(values, "exclude", withheld),
        previously=_say(values, "previously"),
        repeats=_list(values, "repeats") or (),
        audio_name=_say(values, "message", "audio_name"),
        description=_say(values, "description"),
        schedule=schedule,
        until=_parse(parse_day, values, "until"),
        delivery=_build_delivery(values),
        guards=_build_guards(values),
        vars={**_map(values.find("vars")), **variables},
        places=ByKey(by_key, lambda value: value.place),
        excerpts=ByKey(by_key, lambda value: _excerpt(value) or ""),
        **given(enabled=_say(values, "enabled")),
    )


def _build_content(values: MapValue, schedule: datetime | None) -> Content:
    return Content(
        audio=_say(values, "message", "audio"),
        notify_email=_say(values, "notify", "email"),
        sender=_parse(parse_sender, values, "message", "sender"),
        notify_url=_say(values, "notify", "url"),
        schedule=format_minute(schedule) if schedule is not None else None,
    )


def _build_delivery(values: MapValue) -> Delivery:
    kinds = _list(values, "delivery", "kinds")
    return Delivery(
        **given(
            chunk_size=_say(values, "delivery", "chunk_size"),
            probe=_say(values, "delivery", "probe"),
            # In whatever order they are written, they are the same kinds.
            kinds=tuple(kind for kind in Kind if kind in kinds) if kinds else None,
            priority=_say(values, "delivery", "priority"),
        )
    )


def _build_guards(values: MapValue) -> Guards:
    return Guards(
        **_build_limits(values, "guards"),
        accept=_build_accepted(values),
    )


def _build_accepted(values: MapValue) -> Accepted | None:
    path = ("guards", "accept")
    if values.find(*path) is None:
        return None
    return Accepted(
        **_build_limits(values, *path),
        reason=_say(values, *path, "reason"),
        until=_parse(parse_day, values, *path, "until"),
    )


def _build_limits(values: MapValue, *path: str) -> dict[str, Said]:
    return {
        "max_recipients": _say(values, *path, "max_recipients"),
        "max_cost": _say(values, *path, "max_cost"),
        "max_invalid": _parse(parse_share, values, *path, "max_invalid"),
        "max_growth": _parse(parse_growth, values, *path, "max_growth"),
    }


def build_sources(values: MapValue, name: str, withheld: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources under `recipients` or `exclude`, which may read no file of `withheld`."""
    sources = values.find(name)
    items = sources.items if isinstance(sources, ListValue) else []
    return tuple(_build_source(item, withheld) for item in items if isinstance(item, MapValue))


# Campaigns share the exclusions of the project and of the defaults.
@lru_cache(maxsize=1_000)
def _build_source(values: MapValue, withheld: tuple[str, ...]) -> Source:
    kind = next(kind for kind in SourceKind if kind in values.values)
    at = values.values[kind]
    column = _say(values, "column")
    return Source(
        kind=kind,
        place=at.place,
        numbers=_list(values, "numbers") or (),
        text=_say(values, kind) or "" if kind is not SourceKind.NUMBERS else "",
        database=build_reference(values, "database", withheld),
        headers=_map_references(values.find("headers"), withheld),
        items=_say(values, "items"),
        next=_say(values, "next"),
        column=None if column is None else str(column),
        where=_say(values, "where"),
        allow_empty=_say(values, "allow_empty") is True,
        ignore_invalid=_say(values, "on_invalid") == "ignore",
        min_rows=_say(values, "min_rows"),
        max_shrink=_parse(parse_share, values, "max_shrink"),
        excerpt=_excerpt(at),
        places=ByKey(values.values, lambda value: value.place),
        excerpts=ByKey(values.values, lambda value: _excerpt(value) or ""),
    )


def _excerpt(value: Value) -> str | None:
    return value.document.excerpt(value.start.line + 1)


def _say(values: MapValue, *path: str) -> Said:
    found = values.find(*path)
    return None if found is None else found.value


def _parse(parse: Callable[[str], Parsed | None], values: MapValue, *path: str) -> Parsed | None:
    text = _say(values, *path)
    return None if text is None else parse(text)


def build_reference(values: MapValue, name: str, withheld: tuple[str, ...] | None = None) -> Reference | None:
    """The reference under a key of campaigns.yaml, of an account or of a source; None where the key is missing."""
    found = values.find(name)
    return Reference(found.text, found.place, withheld) if isinstance(found, ScalarValue) else None


def _map_references(values: Value | None, withheld: tuple[str, ...]) -> dict[str, Reference]:
    held = values if isinstance(values, MapValue) else None
    found = {name: build_reference(held, name, withheld) for name in held.values} if held is not None else {}
    return {name: reference for name, reference in found.items() if reference is not None}


def _list(values: MapValue, *path: str) -> tuple[str, ...] | None:
    found = values.find(*path)
    return tuple(str(item.value) for item in found.items) if isinstance(found, ListValue) else None


def _map(values: Value | None) -> dict[str, Said]:
    return {name: to_plain(value) for name, value in values.values.items()} if isinstance(values, MapValue) else {}


def given(**said: Said) -> dict[str, Said]:
    """What is said, without what is not."""
    return {name: value for name, value in said.items() if value is not None}


def _required(value: Parsed | None) -> Parsed:
    if value is None:
        raise ValueError("a value that every schema requires is missing")
    return value
