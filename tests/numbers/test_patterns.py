"""What the engine may take for granted of the library's patterns."""

import re
from itertools import product

import pytest

from runner.numbers import TERRITORIES
from runner.numbers.patterns import country_patterns, first_digits

PATTERNS = sorted({t.pattern for country in TERRITORIES for t in country_patterns(country).types})


@pytest.mark.parametrize(
    ("pattern", "digits"),
    [
        ("6\\d{8}", "6"),
        ("[67]\\d{2}8", "67"),
        ("(?:26[013-9]|59[1-35-9])\\d{6}|(?:[13]\\d|4[1-9])\\d{7}", "12345"),
        ("(?:(?:4|5\\d)6|7)8|9", "4579"),
        ("(?:[1-3]{2}|8)7", "1238"),
        ("\\d{3}", "0123456789"),
        ("(?:1|2)?3", "0123456789"),
        ("1{0,2}4", "0123456789"),
        ("(?:|1)2", "0123456789"),
        ("(?:1|)2", "0123456789"),
        ("(?:1||3)2", "0123456789"),
    ],
)
def test_the_first_digits_of_a_pattern_are_those_that_it_can_begin_with(pattern, digits):
    assert first_digits(pattern) == set(digits)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_number_begins_with_another_digit_than_its_pattern_says(pattern):
    begun = {digit for digit in "0123456789" if _takes_any(pattern, digit)}
    assert begun <= first_digits(pattern)
    assert begun


def _takes_any(pattern: str, digit: str) -> bool:
    """Whether it takes a number with this first digit, as far as three more digits and some tails show."""
    tails = ("00000", "12345", "55555", "90909", "04", "46", "31")
    texts = (digit + "".join(middle) + tail for middle in product("0123456789", repeat=3) for tail in tails)
    return any(re.fullmatch(pattern, text) for text in texts)
