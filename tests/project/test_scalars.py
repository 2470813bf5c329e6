"""Spellings of durations, shares, days, moments, numbers and senders: strict, and the same there and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.project.scalars import (
    format_minute,
    is_number_of_yaml,
    parse_day,
    parse_decimal,
    parse_duration,
    parse_integer,
    parse_minute,
    parse_sender,
    parse_share,
    type_freely,
)


@given(st.integers(0, 10**8 - 1), st.sampled_from([("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]))
def test_a_duration_is_what_its_number_and_unit_say(number, unit):
    letter, seconds = unit
    assert parse_duration(f"{number}{letter}") == timedelta(seconds=number * seconds)


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("50m", 3_000), ("7d", 604_800), ("2h", 7_200), ("0s", 0)])
def test_a_duration_is_a_whole_number_and_its_unit(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "60", "s", "60 s", "1.5h", "1h30m", "-5s", "060s", "60S", "٣s", "60s\n", "1w"])
def test_nothing_else_is_a_duration(text):
    assert parse_duration(text) is None


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_a_whole_number_is_read_as_it_is_printed(number):
    assert parse_integer(str(number)) == number


@pytest.mark.parametrize("text", ["", "+5", "007", "1_000", "1e3", "0x10", "0o7", "1.0", " 5", "٣", "5\n", "9" * 400])
def test_nothing_else_is_a_whole_number(text):
    assert parse_integer(text) is None


@given(st.decimals(-(10**14), 10**14, places=6))
def test_money_is_kept_to_the_last_digit(amount):
    parsed = parse_decimal(format(amount, "f"))
    assert parsed == amount
    assert str(parsed) == format(amount, "f")


@pytest.mark.parametrize("text", ["", ".5", "5.", "1e3", "0,15", "nan", "inf", "00.5", "1_0.5", "9" * 400])
def test_nothing_else_is_a_number(text):
    assert parse_decimal(text) is None


@pytest.mark.parametrize(("text", "share"), [("5%", "0.05"), ("0%", "0"), ("100%", "1"), ("2.5%", "0.025")])
def test_a_share_is_written_in_percent(text, share):
    assert parse_share(text) == Decimal(share)


@pytest.mark.parametrize("text", ["5", "%", "101%", "5 %", "-5%", "5.%"])
def test_nothing_else_is_a_share(text):
    assert parse_share(text) is None


@given(st.dates())
def test_a_day_is_read_as_it_is_printed(day):
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize("text", ["2026-02-30", "20261231", "2026-W01-1", "31/12/2026", "2026-1-1", "", "2026-12-31\n"])
def test_nothing_else_is_a_day(text):
    assert parse_day(text) is None


@given(
    st.datetimes().map(lambda moment: moment.replace(second=0, microsecond=0)),
    st.none() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_a_moment_is_read_as_it_is_printed(moment, zone):
    moment = moment.replace(tzinfo=zone)
    parsed = parse_minute(format_minute(moment))
    assert parsed == moment
    assert (parsed.utcoffset() is None) == (zone is None)


def test_a_moment_is_the_same_with_a_blank_and_with_a_t():
    assert parse_minute("2026-12-01T10:00Z") == datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert parse_minute("2026-12-01T10:00:00") == parse_minute("2026-12-01 10:00")


@pytest.mark.parametrize(
    "text", ["2026-12-01", "2026-12-01 25:00", "2026-12-01 10:00:30", "2026-12-01 10", "2026-W01-1 10:00", "tomorrow"]
)
def test_nothing_else_is_a_moment(text):
    assert parse_minute(text) is None


@pytest.mark.parametrize("text", ["+33639980112", "06 39 98 01 12", "+33 (0)6-39-98-01-12", "0033 6.39.98.01.12"])
def test_a_french_sender_is_one_number_however_it_is_spelled(text):
    assert parse_sender(text) == "+33639980112"


@pytest.mark.parametrize(
    "text", ["01 99 00 12 34", "+33 1 99 00 12 34", "639980112", "+336399801", "", "06 39 98 01 1O"]
)
def test_a_line_that_is_no_mobile_is_no_sender(text):
    assert parse_sender(text) is None


@pytest.mark.parametrize(
    "text", ["0612345670", "+33612345678", "0612345678", "6.12E8", "06:12:34", "1_0", "0x1F", "0o17", "12", "-3", "1."]
)
def test_what_any_yaml_reads_as_a_number_is_seen(text):
    assert is_number_of_yaml(text)


@pytest.mark.parametrize("text", ["06 12 34 56 78", "06.12.34.56.78", "+33 6", "Tel: 06", "", "a1", "0033 6"])
def test_what_every_yaml_reads_as_text_is_text(text):
    assert not is_number_of_yaml(text)


@pytest.mark.parametrize(
    "text", ["no", "yes", "on", "off", "0612", "2026-12-01", "1:30", "1e3", "0x10", "+5", ".5", "1_0"]
)
def test_text_stays_text_where_no_schema_says_otherwise(text):
    assert type_freely(text) == text


def test_what_every_yaml_agrees_on_has_its_type():
    typed = {text: type_freely(text) for text in ("true", "False", "null", "~", "", "12", "-3", "0")}
    assert typed == {"true": True, "False": False, "null": None, "~": None, "": None, "12": 12, "-3": -3, "0": 0}


def test_a_fraction_keeps_its_zeros():
    assert str(type_freely("2026.10")) == "2026.10"


def test_a_day_of_the_calendar_is_a_date():
    assert parse_day("2028-02-29") == date(2028, 2, 29)
