"""What was probably meant by a text of another shape: only what has the shape is proposed, and a guess names a day."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.project.respelling import describe_missing_day, find_respelling, respell_day, respell_minute
from runner.project.scalars import parse_day, parse_duration, parse_minute, parse_share


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/12/2026", "2026-12-31"),
        ("1.2.2026", "2026-02-01"),
        ("2026/2/1", "2026-02-01"),
        ("1er février 2026", "2026-02-01"),
        ("15 August 2026", "2026-08-15"),
        ("31/02/2026", None),
        ("15 brumaire 2026", None),
        ("01/12/26", None),
        ("demain", None),
    ],
)
def test_a_day_in_another_order_or_in_words(text, day):
    assert respell_day(text) == day


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("01/12/2026 10:00", "2026-12-01 10:00"),
        ("1er décembre 2026 à 9h", "2026-12-01 09:00"),
        ("2026-12-01 18h30", "2026-12-01 18:30"),
        ("2026-12-01T9:05", "2026-12-01 09:05"),
        ("2026-12-01 25:00", None),
        ("2026-12-01 3:00 PM", "2026-12-01 15:00"),
        ("2026-12-01 03:00pm", "2026-12-01 15:00"),
        ("2026-12-01 12:30 a.m.", "2026-12-01 00:30"),
        ("2026-12-01 12:30 PM", "2026-12-01 12:30"),
        ("1 December 2026, 3 pm", "2026-12-01 15:00"),
        ("2026-12-01 15:00 PM", None),
        ("2026-12-01T10:00:30", "2026-12-01 10:00"),
        ("2026-12-01T10:00:30+05:00", "2026-12-01 10:00+05:00"),
        ("2026-12-01T10:00:30-0330", "2026-12-01 10:00-03:30"),
        ("2026-12-01 10:00 +01", "2026-12-01 10:00+01:00"),
        ("2026-12-01T10:00:30Z", "2026-12-01 10:00Z"),
        ("2026-12-01 10h UTC", "2026-12-01 10:00Z"),
        ("2026-12-01 10:00 Tokyo", None),
        ("2026-12-01 3h de l'après-midi", None),
        ("2026-12-01 10h-12h", None),
        ("2026-12-01", None),
    ],
)
def test_a_moment_in_another_spelling(text, minute):
    assert respell_minute(text) == minute


@given(
    st.text(max_size=30) | st.from_regex(r"[0-9]{1,4}[-/. ][0-9a-zé]{1,9}[-/. ][0-9]{1,4}( [0-9]{1,2}[h:][0-9]{0,2})?")
)
def test_no_guess_is_anything_but_a_day_or_a_moment(text):
    assert respell_day(text) is None or parse_day(respell_day(text)) is not None
    assert respell_minute(text) is None or parse_minute(respell_minute(text)) is not None
    assert describe_missing_day(text) is None or respell_day(text) is None


@pytest.mark.parametrize(
    ("text", "parse", "spelled"),
    [
        ("30 s", parse_duration, "30s"),
        ("2 Heures", parse_duration, "2h"),
        ("60", parse_duration, "60s"),
        ("5 %", parse_share, "5%"),
        ("2,5%", parse_share, "2.5%"),
        ("0.125", parse_share, "12.5%"),
        ("soon", parse_duration, None),
    ],
)
def test_a_quantity_without_its_unit_or_with_another(text, parse, spelled):
    assert find_respelling(text, lambda candidate: parse(candidate) is not None) == spelled


@given(st.text(max_size=60))
def test_what_is_proposed_has_the_shape(text):
    shape = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
    spelled = find_respelling(text, lambda candidate: shape.fullmatch(candidate) is not None)
    assert spelled is None or (spelled != text and shape.fullmatch(spelled))
