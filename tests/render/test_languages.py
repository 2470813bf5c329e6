"""English and French: the same phrases, and numbers, money and days as each of them is written."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from runner.model.plan import Action, Reason
from runner.render import phrases_en, phrases_fr
from runner.render.language import ENGLISH, FRENCH, LANGUAGES
from runner.render.sentences import say_action

LOCALES = {"en": "en_GB", "fr": "fr_FR"}
both = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


def _placeholders(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def test_both_languages_have_the_same_phrases_with_the_same_placeholders():
    assert list(phrases_en.PHRASES) == list(phrases_fr.PHRASES)
    for key, english in phrases_en.PHRASES.items():
        forms = [*english.split("|"), *phrases_fr.PHRASES[key].split("|")]
        assert len({frozenset(_placeholders(form)) for form in forms}) == 1, key
        assert all(form.strip() == form and form for form in forms if not form.startswith(",")), key
        assert all(phrase.count("|") <= 1 for phrase in (english, phrases_fr.PHRASES[key])), key


def test_no_french_phrase_is_english_and_its_marks_stand_off_without_a_break():
    same = {key for key, phrase in phrases_fr.PHRASES.items() if phrase == phrases_en.PHRASES[key]}
    assert same == {"action", "plan_id", "total", "who_row"}
    for key, phrase in phrases_fr.PHRASES.items():
        for place, mark in enumerate(phrase):
            if mark in ":;!?":
                assert phrase[place - 1] in "\u00a0\u202f", key
        assert "'" not in phrase, key


@both
def test_every_action_and_reason_has_a_word(language):
    assert all(say_action(action, language) for action in Action)
    assert all(language.say(reason.value) for reason in Reason)


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (0, "0 people", "0 personne"),
        (1, "1 person", "1 personne"),
        (2, "2 people", "2 personnes"),
        (5812, "5,812 people", "5\u202f812 personnes"),
    ],
)
def test_nought_is_many_in_english_and_one_in_french(number, english, french):
    assert (ENGLISH.count("people", number), FRENCH.count("people", number)) == (english, french)


@both
@given(number=st.integers(0, 10**10))
def test_numbers_are_those_of_the_unicode_locale_data(language, number):
    assert language.number(number) == format_decimal(number, locale=LOCALES[language.code])


@both
@given(amount=st.decimals(0, 10**9, places=3), currency=st.sampled_from(["EUR", "CHF", "MAD"]))
def test_money_is_that_of_the_unicode_locale_data(language, amount, currency):
    cents = (amount * 100).to_integral_value("ROUND_HALF_UP") / 100
    told = format_currency(cents, currency, locale=LOCALES[language.code])
    if language is ENGLISH:
        # The data say that letters stand off from a number; Babel does not read that.
        told = told.replace(currency, f"{currency}\u00a0")
    assert language.amount(amount, currency) == told


@both
@given(day=st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_days_are_those_of_the_unicode_locale_data(language, day):
    expected = format_date(day, "EEEE d MMMM y", locale=LOCALES[language.code])
    if language is FRENCH and day.day == 1:
        expected = expected.replace(" 1 ", " 1er ")
    assert language.long_day(day) == expected


@both
@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)))
def test_times_are_those_of_the_unicode_locale_data(language, moment):
    pattern = {"en": "HH:mm", "fr": "H\u00a0'h'\u00a0mm"}[language.code]
    assert language.clock(moment) == format_time(moment, pattern, locale=LOCALES[language.code])


@both
@given(part=st.integers(0, 1000))
def test_shares_are_those_of_the_unicode_locale_data(language, part):
    pattern = {"en": "0.#%", "fr": "0.#\u202f%"}[language.code]
    exact = Decimal(part) / 1000
    told = format_percent(
        exact if part < 100 else round(exact + Decimal("0.0001"), 2), pattern, locale=LOCALES[language.code]
    )
    assert language.share(part, 1000).replace(".0%", "%").replace(",0\u202f%", "\u202f%") == told


def test_the_first_of_a_month_is_an_ordinal_in_french_and_a_time_is_that_of_its_zone():
    moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert ENGLISH.moment(moment, "Europe/Paris") == "Tuesday 1 December 2026, 10:00"
    assert FRENCH.moment(moment, "Europe/Paris") == "mardi 1er décembre 2026 à 10\u00a0h\u00a000"
    assert FRENCH.moment(moment + timedelta(days=1), "Indian/Reunion") == (
        "mercredi 2 décembre 2026 à 13\u00a0h\u00a000"
    )


def test_a_small_share_is_never_nought():
    assert (ENGLISH.share(1, 10**6), FRENCH.share(1, 10**6), ENGLISH.share(0, 5)) == ("0.1%", "0,1\u202f%", "0%")


def test_several_currencies_are_told_in_both():
    costs = {"EUR": Decimal(180), "CHF": Decimal("1234.5")}
    assert ENGLISH.amounts(costs) == "CHF\u00a01,234.50 and €180.00"
    assert FRENCH.amounts(costs) == "1\u202f234,50\u00a0CHF et 180,00\u00a0€"
