"""A number, or the reason why a text is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.model.config import Kind

TERRITORIES = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF")
"""The countries whose numbers the provider takes, in the order in which an unlisted one is suggested."""


@dataclass(frozen=True, slots=True)
class Number:
    """A valid telephone number: the digits of its E.164 form as an integer, its kind, the country it was read in."""

    e164: int
    kind: Kind
    country: str


class InvalidNumber(StrEnum):
    """Why a text is no number that may be sent to. The values are stable; `phrase` is what a person reads."""

    EMPTY = "empty"
    NO_NUMBER = "no-number"
    LOST_DIGITS = "lost-digits"
    DECIMAL = "decimal"
    TWO_NUMBERS = "two-numbers"
    EXTENSION = "extension"
    LETTERS = "letters"
    UNREADABLE = "unreadable"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    NOT_VALID = "not-valid"
    FICTION = "fiction"
    PREMIUM = "premium"
    SHARED_COST = "shared-cost"
    SPECIAL = "special"
    OTHER_COUNTRY = "other-country"
    COUNTRY_FR = "country-fr"
    COUNTRY_GP = "country-gp"
    COUNTRY_MQ = "country-mq"
    COUNTRY_GF = "country-gf"
    COUNTRY_RE = "country-re"
    COUNTRY_YT = "country-yt"
    COUNTRY_PM = "country-pm"
    COUNTRY_BL = "country-bl"
    COUNTRY_MF = "country-mf"

    @property
    def phrase(self) -> str:
        """The reason in words, lower case, without the text itself."""
        return _PHRASES[self]

    @classmethod
    def of_unlisted(cls, country: str) -> InvalidNumber:
        """The reason of a valid number whose country, one of `TERRITORIES`, is not among those listed."""
        return cls(f"country-{country.lower()}")


FICTION = range(33_639_980_000, 33_639_990_000)
"""06 39 98 xx xx, which ARCEP keeps for works of fiction: nobody has them, and the metadata call them invalid."""

SPECIAL_REASONS = frozenset({InvalidNumber.PREMIUM, InvalidNumber.SHARED_COST, InvalidNumber.SPECIAL})
"""Reasons of numbers that exist, but that no message may be sent to."""


def _of_territory(name: str, country: str) -> str:
    return f"a number of {name}: add `{country}` to the account's `countries` to reach it"


_PHRASES = {
    InvalidNumber.EMPTY: "empty",
    InvalidNumber.NO_NUMBER: "no digit in it",
    InvalidNumber.LOST_DIGITS: "an exponent that has lost digits: export the column as text",
    InvalidNumber.DECIMAL: "a number with decimals",
    InvalidNumber.TWO_NUMBERS: "more than one number",
    InvalidNumber.EXTENSION: "a number with an extension",
    InvalidNumber.LETTERS: "letters between or after the digits",
    InvalidNumber.UNREADABLE: "characters that belong to no telephone number",
    InvalidNumber.TOO_SHORT: "too few digits",
    InvalidNumber.TOO_LONG: "too many digits",
    InvalidNumber.NOT_VALID: "no such number in the numbering plan",
    InvalidNumber.FICTION: "a number kept for works of fiction: only the sandbox takes it",
    InvalidNumber.PREMIUM: "a premium-rate number",
    InvalidNumber.SHARED_COST: "a shared-cost number",
    InvalidNumber.SPECIAL: "a special number (freephone, company-wide, pager, voicemail)",
    InvalidNumber.OTHER_COUNTRY: "a number of another country",
    InvalidNumber.COUNTRY_FR: _of_territory("metropolitan France", "FR"),
    InvalidNumber.COUNTRY_GP: _of_territory("Guadeloupe, Saint-Barthélemy or Saint-Martin", "GP"),
    InvalidNumber.COUNTRY_MQ: _of_territory("Martinique", "MQ"),
    InvalidNumber.COUNTRY_GF: _of_territory("French Guiana", "GF"),
    InvalidNumber.COUNTRY_RE: _of_territory("Réunion", "RE"),
    InvalidNumber.COUNTRY_YT: _of_territory("Mayotte", "YT"),
    InvalidNumber.COUNTRY_PM: _of_territory("Saint-Pierre-et-Miquelon", "PM"),
    InvalidNumber.COUNTRY_BL: _of_territory("Saint-Barthélemy", "BL"),
    InvalidNumber.COUNTRY_MF: _of_territory("Saint-Martin", "MF"),
}
