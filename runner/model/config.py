"""What the project's files say, typed: project, accounts, campaigns, sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from runner.errors import Place, Problem
from runner.model.secret import Reference


class Kind(StrEnum):
    """What kind of line a valid number belongs to."""

    MOBILE = "mobile"
    FIXED = "fixed"
    VOIP = "voip"


class SourceKind(StrEnum):
    """Where a source's rows come from: the key that a source has exactly one of."""

    NUMBERS = "numbers"
    FILE = "file"
    QUERY = "query"
    URL = "url"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One item of `recipients` or `exclude`.

    `numbers` is set for the kind of that name; `text` is the path, glob or other text of every other kind, in which
    Jinja is not rendered yet, as in `items`, `next`, `column` and `where`. `column` counts from 1 where it is a number.
    `place` and `excerpt` are those of the kind; `places` and `excerpts` hold those of every key.
    """

    kind: SourceKind
    place: Place
    numbers: tuple[str, ...] = ()
    text: str = ""
    database: Reference | None = None
    headers: Mapping[str, Reference] = field(default_factory=dict)
    items: str | None = None
    next: str | None = None
    column: str | None = None
    where: str | None = None
    allow_empty: bool = False
    ignore_invalid: bool = False
    min_rows: int | None = None
    max_shrink: Decimal | None = None
    excerpt: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict, compare=False)
    excerpts: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The provider's limits: `requests` in any sliding `per`, and at most so many recipients a request."""

    requests: int = 5
    per: timedelta = timedelta(seconds=60)
    recipients_per_request: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The price of one message to one number, by kind; None where it is not known."""

    mobile: Decimal | None = None
    fixed: Decimal | None = None
    voip: Decimal | None = None
    currency: str = "EUR"

    def of(self, kind: Kind) -> Decimal | None:
        """The price of a message to a number of this kind."""
        return {Kind.MOBILE: self.mobile, Kind.FIXED: self.fixed, Kind.VOIP: self.voip}[kind]


USUAL_BASE_URL = Reference("https://api.voicepartner.fr/v1")
"""The provider's own address."""
USUAL_STATE = Reference("sqlite:///.campaign/state.db")
"""In the project's folder, beside its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One API key at one provider: the unit of pacing and of locking."""

    name: str
    place: Place
    api_key: Reference
    provider: str = "voicepartner"
    base_url: Reference = USUAL_BASE_URL
    timezone: str = "Europe/Paris"
    limits: Limits = Limits()
    timeout: timedelta = timedelta(seconds=30)
    max_in_doubt: int = 5
    proxy: Reference | None = None
    countries: tuple[str, ...] = ("FR",)
    prices: Prices | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a recipient hears and who answers for it: what makes two requests of one campaign the same message.

    `schedule` is an ISO 8601 text, in the account's time zone unless it carries an offset; None sends at once.
    """

    audio: str
    notify_email: str
    sender: str | None = None
    notify_url: str | None = None
    schedule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a campaign is cut and ordered: people a request, people of a probe (0 for none), kinds of line, priority."""

    chunk_size: int = 500
    probe: int = 10
    kinds: tuple[Kind, ...] = (Kind.MOBILE,)
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a campaign's guards allow.

    `max_invalid` is a share of the rows listed, between 0 and 1, `max_growth` one of the people that the campaign had
    the last time it was sent.
    """

    max_recipients: int | None = None
    max_cost: Decimal | None = None
    max_invalid: Decimal | None = None
    max_growth: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Limit):
    """Other limits, up to which the guards are passed on purpose: for this reason, until this day."""

    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards(Limit):
    """Limits of one campaign that block it, and what is accepted beyond them."""

    accept: Accepted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One YAML file under `campaigns/`, with the project's defaults merged in.

    `places` maps dotted keys (`message.audio`, `guards.max_cost`, `schedule`) to where they stand, be it in the
    campaign's file or in the defaults; `excerpts` maps the same keys to their source lines, secrets masked.
    `exclude` holds the project's exclusions, those of the defaults and the campaign's own, in this order.
    `schedule` is naive where the text has no offset, aware where it has one. `previously` is the label that it had,
    `repeats` are those of campaigns whose people may get the same recording again.
    """

    name: str
    edition: str | None
    file: str
    place: Place
    account: str
    content: Content
    recipients: tuple[Source, ...]
    exclude: tuple[Source, ...] = ()
    previously: str | None = None
    repeats: tuple[str, ...] = ()
    audio_name: str | None = None
    description: str | None = None
    enabled: bool = True
    schedule: datetime | None = None
    until: date | None = None
    delivery: Delivery = Delivery()
    guards: Guards = Guards()
    vars: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    excerpts: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The identity in one word: `name`, or `name@edition`."""
        return self.name if self.edition is None else f"{self.name}@{self.edition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingCampaign:
    """A campaign's file that has problems: what is known of its identity, and what is wrong with it."""

    name: str
    edition: str | None
    file: str
    problems: tuple[Problem, ...]

    @property
    def label(self) -> str:
        """The identity in one word: `name`, or `name@edition`."""
        return self.name if self.edition is None else f"{self.name}@{self.edition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The folder with `campaigns.yaml` and `campaigns/`, read and checked."""

    root: Path
    accounts: Mapping[str, Account]
    campaigns: tuple[Campaign, ...]
    failing: tuple[FailingCampaign, ...] = ()
    state: Reference = USUAL_STATE
    state_id: str | None = None
    state_key: Reference | None = None
    expose_env: tuple[str, ...] = ()
    language: str = "en"
    warnings: tuple[Problem, ...] = ()
