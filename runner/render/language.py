"""English and French: phrases, plurals, numbers, money, days and times as readers of that language write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from zoneinfo import ZoneInfo

from runner.render import phrases_en, phrases_fr
from runner.render.words import CENT

NBSP = "\u00a0"
NNBSP = "\u202f"
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: its phrases, and the marks that its numbers and times are written with."""

    code: str
    phrases: Mapping[str, str]
    days: tuple[str, ...]
    months: tuple[str, ...]
    thousands: str
    decimal: str
    percent: str
    nought_is_one: bool
    """Whether nought takes the form of one, as in French."""

    def say(self, key: str, number: int = 2, /, **values: str) -> str:
        """This phrase with these values, in the form that `number` asks for."""
        one, _, many = self.phrases[key].partition("|")
        alone = number == 1 or (number == 0 and self.nought_is_one)
        return (one if alone or not many else many).format(**values)

    def count(self, key: str, number: int) -> str:
        """So many of these: `1 person`, `5,812 people`."""
        return self.say(key, number, n=self.number(number))

    def number(self, number: int) -> str:
        """A whole number: `5,812`, and in French `5 812`."""
        return f"{number:,}".replace(",", self.thousands)

    def amount(self, amount: Decimal, currency: str | None) -> str:
        """Money, rounded to cents: `€1,234.50`, and in French `1 234,50 €`; other currencies by their code."""
        whole, _, cents = f"{amount.quantize(CENT, ROUND_HALF_UP):,}".partition(".")
        figures = whole.replace(",", self.thousands) + self.decimal + cents
        unit = "€" if currency == "EUR" else currency or ""
        if self.code == "fr":
            return f"{figures}{NBSP}{unit}".rstrip()
        return f"{unit}{figures}" if unit == "€" else f"{unit}{NBSP}{figures}".lstrip()

    def amounts(self, amounts: Mapping[str, Decimal]) -> str:
        """Amounts by currency in one phrase: `€180.00 and CHF 12.00`."""
        return self.join(self.amount(amount, currency) for currency, amount in sorted(amounts.items()))

    def join(self, parts: Iterable[str]) -> str:
        """Parts that hold together: `a and b and c`."""
        return reduce(lambda first, second: self.say("and", first=first, second=second), parts)

    def share(self, part: int | Decimal, whole: int | Decimal) -> str:
        """A part of a whole in percent, with one decimal where it is small, and never nought where there is some.

        `12%`, `0.4%`, and in French `12 %`.
        """
        percent = Decimal(part) * 100 / Decimal(whole)
        places = TENTH if 0 < percent < 10 else Decimal(1)
        if percent:
            percent = max(percent, TENTH)
        return f"{percent.quantize(places, ROUND_HALF_UP):f}".replace(".", self.decimal) + self.percent

    def day(self, day: date) -> str:
        """A day of the calendar: `1 December 2026`, and in French `1er décembre 2026`."""
        first = "1er" if day.day == 1 and self.code == "fr" else str(day.day)
        return f"{first} {self.months[day.month - 1]} {day.year}"

    def day_of_year(self, day: date) -> str:
        """A day where its year is known: `1 December`, and in French `1er décembre`."""
        return self.day(day).removesuffix(f" {day.year}")

    def long_day(self, day: date) -> str:
        """A day as it is spoken: `Tuesday 1 December 2026`, `mardi 1er décembre 2026`."""
        return f"{self.days[day.weekday()]} {self.day(day)}"

    def moment(self, moment: datetime, zone: str) -> str:
        """An instant in this zone, to the minute: `Tuesday 1 December 2026, 10:00`."""
        local = moment.astimezone(ZoneInfo(zone))
        joint = " à " if self.code == "fr" else ", "
        return f"{self.long_day(local)}{joint}{self.clock(local)}"

    def short_moment(self, local: datetime) -> str:
        """A local time to the minute, without the day of the week: `1 December 2026, 10:00`."""
        return f"{self.day(local)}, {self.clock(local)}"

    def clock(self, local: datetime) -> str:
        """The hour and minute of a local time: `10:00`, and in French `10 h 00`."""
        return f"{local.hour:02}:{local:%M}" if self.code == "en" else f"{local.hour}{NBSP}h{NBSP}{local:%M}"


ENGLISH = Language(
    code="en",
    phrases=phrases_en.PHRASES,
    days=phrases_en.DAYS,
    months=phrases_en.MONTHS,
    thousands=",",
    decimal=".",
    percent="%",
    nought_is_one=False,
)
FRENCH = Language(
    code="fr",
    phrases=phrases_fr.PHRASES,
    days=phrases_fr.DAYS,
    months=phrases_fr.MONTHS,
    thousands=NNBSP,
    decimal=",",
    percent=f"{NNBSP}%",
    nought_is_one=True,
)
LANGUAGES = {language.code: language for language in (ENGLISH, FRENCH)}
