"""Whole columns are judged as single texts are, and single texts as the library does, but for the contract's rules."""

import random
import re
import subprocess
import sys
import unicodedata
from decimal import Decimal
from pathlib import Path

import duckdb
import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from runner.audience.judge import judge_rows
from runner.model.config import Kind
from runner.numbers import TERRITORIES, Number, judge_anywhere, judge_number
from runner.numbers.patterns import country_patterns

KINDS = list(Kind)
LISTS = [("FR",), ("FR", "GP", "RE"), ("YT", "FR"), ("MF", "BL"), ("PM", "FR"), TERRITORIES]


def judge_in_engine(texts, countries, **options):
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; SET threads = 1")
        connection.execute("CREATE TABLE texts (source INTEGER, row BIGINT, text VARCHAR)")
        connection.execute(
            "INSERT INTO texts SELECT 3, unnest(range(7, 7 + len($1::VARCHAR[])))::BIGINT, unnest($1::VARCHAR[])",
            [texts],
        )
        judge_rows(connection, table="texts", countries=countries, **options)
        rows = connection.execute("SELECT source, row, number, kind, why FROM judged ORDER BY rowid").fetchall()
    assert [row[:2] for row in rows] == [(3, 7 + i) for i in range(len(texts))]
    return [row[2:] for row in rows]


def as_row(judged):
    if isinstance(judged, Number):
        return judged.e164, KINDS.index(judged.kind), None
    return None, None, judged.value


# The library's verdict, with the contract's rules on spelling as somebody else would write them down.

KIND_BY_TYPE = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.FIXED,
    PhoneNumberType.VOIP: Kind.VOIP,
}


def ask_library(text, countries):
    for country in countries:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if number.extension or not phonenumbers.is_valid_number_for_region(number, country):
            continue
        kind = KIND_BY_TYPE.get(phonenumbers.number_type(number))
        if kind is not None:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return int(e164[1:]), kind
    return None


def read_as_the_contract_says(text):
    """The text that the library is to judge, or None where the contract itself calls it invalid."""
    kept = (" " if c.isspace() else c for c in text if unicodedata.category(c) != "Cf" and c not in "\ufe0e\ufe0f")
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in kept)
    start = re.search("[+0-9\uff0b]", text)
    part = text[start.start() :] if start else ""
    part = part[: max((i + 1 for i, c in enumerate(part) if c.isalnum() or c == "#"), default=0)]
    figure = part.replace(",", ".").replace("\uff0b", "+")
    if re.fullmatch(r"[1-9]\.[0-9]+[eE]\+?[0-9]+", figure):
        digits, exponent = re.split("[eE]", figure)
        return str(int(Decimal(figure))) if len(digits) - 2 == int(exponent) else None
    if re.fullmatch(r"[1-9][0-9]*\.0+|[1-9][0-9]{0,2}( [0-9]{3})+\.0+", figure):
        return figure.split(".")[0] if figure.endswith(".0") else None
    return None if any(c.isalpha() for c in part) else text


def expect(text, countries):
    read = read_as_the_contract_says(text)
    return None if read is None else ask_library(read, countries)


# Texts as people have them, and as nobody has.

STARTS = [*"6666771234598", "690", "691", "692", "693", "694", "696", "697", "639", "709", "708", "590", "596", "594"]
STARTS += [
    "262",
    "263",
    "269",
    "976",
    "947",
    "939",
    "80",
    "81",
    "82",
    "83",
    "836",
    "89",
    "88",
    "84",
    "26",
    "59",
    "63998",
]
CODES = [
    "33",
    "33",
    "33",
    "33",
    "590",
    "594",
    "596",
    "262",
    "508",
    "44",
    "1",
    "49",
    "32",
    "352",
    "377",
    "687",
    "999",
    "0",
]
COMMON = [" ", ".", "-", "/", "\xa0", "\u202f", " ", "  ", "\u2013", "\u2009", "\u200b", "\u2060"]
ODD = [*COMMON, "\t", " - ", "(", ")", ") ", "\n", "\xb7", "_", ",", ";", ":", "*", "~"]
LABELS = ["Tél : ", "Mobile: ", "tel:", "TEL ", "Port. ", "Tel", "+", "=", "'", '="', "n° ", "📞 ", "O", "(", "-", "*"]
LABELS += ["Tél1: ", "x;", "\ufeff", "\u202d", "c/o Dupont, ", "٣ ", "^"]
TAILS = [" ", ";", ",", ".", "'", '"', " (pro)", " poste 12", " x12", "#12", ";ext=3", " / 06 11 22 33 44", ",0", ".0"]
TAILS += [".00", "-", "\u202c", " ou 07", "E8", "*", "²", " é", "\n", "?", "…", "/", " 12", "12", "#"]
JUNK = [
    *"0123456789+-./() xX#*~,;:'\"=eE_&@%éOoIl",
    "ext",
    "poste ",
    "\uff0b",
    "٦",
    "٣",
    "²",
    "\uff0c",
    "\xa0",
    "\u202f",
]
JUNK += [
    "\u200b",
    "\ufeff",
    "\xad",
    "°",
    "»",
    "📞",
    "\u0301",
    " ou ",
    "+33",
    "0033",
    "00",
    "(0)",
    ".0",
    ",0",
    "E+08",
    "\0",
]
PIECES = ["0", "00", "33", "0033", "+", "+33", " ", ".", "6", "06", "590", "262", "508", *"0123456789"]


class Writer:
    """Writes texts by a seed: numbers in every spelling, hurt ones, and noise."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def pick(self, choices):
        return self.random.choice(choices)

    def digits(self, count):
        return "".join(self.pick("0123456789") for _ in range(count))

    def national(self):
        if self.chance(0.06):
            return self.digits(6)
        return (self.pick(STARTS) + self.digits(12))[: 9 if self.chance(0.93) else self.random.randrange(5, 12)]

    def group(self, digits, separators):
        separator = self.pick(separators)
        size = self.pick([0, 0, 1, 2, 2, 3])
        if size == 0:
            return digits
        if size == 1:
            return "".join(c + (self.pick(separators) if self.chance(0.25) else "") for c in digits)
        head = len(digits) % size or size
        return separator.join([digits[:head], *(digits[i : i + size] for i in range(head, len(digits), size))])

    def spell(self, digits, separators):
        figure = self.pick(["33", ""]) + digits
        styles = {
            "national": lambda: self.group("0" + digits, separators),
            "bare": lambda: self.group(figure, separators),
            "coded": lambda: self.code() + self.group(digits, separators),
            "french": lambda: (
                self.pick(["+33", "+33 ", "0033", "00 33 ", "33 ", "(+33) ", "+33 (0)", "+33(0) ", "(33)", "+330"])
                + self.group(digits, separators)
            ),
            "exponent": lambda: self.exponent(figure),
            "decimal": lambda: self.pick([figure, digits[:-1]]) + self.pick([".0", ".0", ",0", ".00", ".5", ",50"]),
            "thousands": lambda: f"{int(figure):,}".replace(",", " ") + self.pick([".0", ",0", "", ",00"]),
            "quoted": lambda: self.pick(["'", '="', '"']) + "0" + digits + self.pick(['"', "'", ""]),
        }
        weights = [7, 4, 3, 4, 2, 2, 1, 1]
        return styles[self.random.choices(list(styles), weights)[0]]()

    def code(self):
        plus = self.pick(["+", "+", "00", "", "\uff0b", "++", "+ "])
        return plus + self.pick(CODES) + self.pick(["", "", " ", ".", "-", " (0)", "(0) ", "0", " 0"])

    def exponent(self, figure):
        power = len(figure) - 1 if self.chance(0.6) else self.random.randrange(12)
        mantissa = (
            figure[1:].rstrip("0") if self.chance(0.2) else figure[1 : self.pick([len(figure), len(figure), 4, 8])]
        )
        return f"{figure[0]}{self.pick('.,')}{mantissa}{self.pick('eE')}{self.pick(['', '+', '+0', '0'])}{power}"

    def noise(self):
        return "".join(self.pick(self.pick([JUNK, PIECES])) for _ in range(self.random.randrange(14)))

    def hurt(self, text):
        while self.chance(0.12):
            at, gone = self.random.randrange(len(text) + 1), self.pick([0, 1])
            text = text[:at] + self.pick([*JUNK, "", "", ""]) + text[at + gone :]
        return text

    def text(self):
        if self.chance(0.08):
            return self.noise()
        written = self.spell(self.national(), ODD if self.chance(0.25) else COMMON)
        label = self.pick(LABELS) if self.chance(0.15) else ""
        return self.hurt(label + written + (self.pick(TAILS) if self.chance(0.12) else ""))

    def texts(self, count):
        return [self.text() for _ in range(count)]


def assert_engine_agrees(texts, countries, fiction):
    rows = judge_in_engine(texts, countries, fiction=fiction)
    for text, row in zip(texts, rows, strict=True):
        assert row == as_row(judge_number(text, countries, fiction=fiction)), text


def assert_library_agrees(texts, countries):
    found = 0
    for text, row in zip(texts, judge_in_engine(texts, countries), strict=True):
        expected = expect(text, countries)
        assert row[:2] == ((None, None) if expected is None else (expected[0], KINDS.index(expected[1]))), text
        found += expected is not None
    assert found > len(texts) / 500


@pytest.mark.parametrize("countries", LISTS, ids="-".join)
def test_a_column_gets_the_verdict_and_the_reason_of_its_single_texts(countries):
    texts = Writer(f"engine {countries}").texts(1_000)
    assert_engine_agrees(texts, countries, fiction=False)
    assert_engine_agrees(texts, countries, fiction=True)


@pytest.mark.parametrize("country", TERRITORIES)
def test_no_verdict_differs_from_the_library_but_for_the_contracts_rules(country):
    assert_library_agrees(Writer(f"library {country}").texts(12_000), (country,))


@pytest.mark.parametrize("countries", LISTS[1:], ids="-".join)
def test_no_verdict_differs_from_the_library_in_any_country(countries):
    assert_library_agrees(Writer(f"library {countries}").texts(1_000), countries)


@pytest.mark.parametrize("countries", LISTS[:3], ids="-".join)
def test_exclusions_let_valid_numbers_of_any_country_pass(countries):
    texts = Writer(f"anywhere {countries}").texts(1_000)
    rows = judge_in_engine(texts, countries, anywhere=True, fiction=True)
    for text, (number, kind, why) in zip(texts, rows, strict=True):
        judged = judge_number(text, countries, fiction=True)
        assert number == judge_anywhere(text, countries, fiction=True), text
        assert kind == as_row(judged)[1], text
        assert why == (None if number is not None else judged.value), text


def test_a_number_that_no_message_may_be_sent_to_can_be_excluded():
    assert judge_in_engine(["0899 12 34 56", "+44 7911 123456", "0690 00 12 34"], ["FR"], anywhere=True) == [
        (33899123456, None, None),
        (447911123456, None, None),
        (590690001234, None, None),
    ]


def test_a_country_whose_metadata_are_more_than_patterns_is_left_to_the_library():
    assert country_patterns("AR") is None
    texts = ["+54 9 11 2345 6789", "011 15 2345-6789", "06 12 34 56 78", "néant", None, ""]
    assert judge_in_engine(texts, ["AR", "FR"]) == [
        (5491123456789, KINDS.index(judge_number(texts[0], ["AR"]).kind), None),
        (5491123456789, KINDS.index(judge_number(texts[1], ["AR"]).kind), None),
        (33612345678, 0, None),
        (None, None, "no-number"),
        (None, None, "empty"),
        (None, None, "empty"),
    ]


def test_the_plans_of_all_countries_that_may_be_listed_are_patterns():
    assert all(country_patterns(country) is not None for country in TERRITORIES)


def test_an_empty_or_missing_text_is_empty():
    assert judge_in_engine([None, "", " \t", "\u202f\u200b"], ["FR"]) == [(None, None, "empty")] * 4


def test_a_number_drawn_out_over_hundreds_of_blanks_is_unreadable_wherever_it_is_judged():
    texts = [
        "06" + " " * 250 + "12345678",
        "0142" + " " * 250 + "345678",
        " " * 250 + "0612345678",
        "é" * 250 + "0612345678",
    ]
    assert judge_in_engine(texts, ["FR"]) == [as_row(judge_number(text, ["FR"])) for text in texts]


def test_a_table_without_rows_is_judged_too():
    assert judge_in_engine([], ["FR"]) == []


def test_thousands_of_odd_texts_are_all_judged():
    texts = [f"06*{number:08d}" for number in range(12_000_000, 12_050_000, 2)]
    rows = judge_in_engine(texts, ["FR"])
    assert rows == [(33_600_000_000 + number, 0, None) for number in range(12_000_000, 12_050_000, 2)]


def test_a_missing_digit_is_never_filled_in_from_an_exponent_or_a_decimal():
    texts = ["6.1234567E8", "61234567.0", "3361234567.0", "Tel 61234567.0", "'61234567.0", "61 234 567.0", "6123456.00"]
    assert all(number is None for number, _, _ in judge_in_engine(texts, list(TERRITORIES)))


@pytest.mark.slow
def test_millions_of_rows_are_judged_in_order():
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            "CREATE TABLE texts AS SELECT (range // 3000000)::INTEGER AS source, range AS row, CASE WHEN range % 2 = 0"
            " THEN 'Tel 06' || lpad(range::VARCHAR, 8, '0') ELSE '0' || (612345678 + range)::VARCHAR END AS text"
            " FROM range(4500000)"
        )
        judge_rows(connection, table="texts", countries=["FR"])
        assert connection.execute(
            "SELECT count(*), count(*) FILTER (row = rowid),"
            " count(*) FILTER (number = row + CASE WHEN row % 2 = 0 THEN 33600000000 ELSE 33612345678 END) FROM judged"
        ).fetchone() == (4_500_000, 4_500_000, 4_500_000)


@pytest.mark.exhaustive
@pytest.mark.timeout(1_200)
def test_no_verdict_differs_on_a_million_strings_in_any_country(tmp_path):
    judged = [tmp_path / f"{part}.csv" for part in range(2)]
    programs = [subprocess.Popen([sys.executable, __file__, path, "500000"]) for path in judged]
    assert [program.wait() for program in programs] == [0, 0]
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        names = ["text", *TERRITORIES]
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
        connection.execute(
            f"CREATE TABLE expected AS SELECT * REPLACE (decode(unhex(text)) AS text)"
            f" FROM read_csv('{tmp_path}/*.csv', header = false, auto_detect = false, columns = {{{columns}}})"
        )
        connection.execute("CREATE TABLE texts AS SELECT 0 AS source, rowid AS row, text FROM expected")
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == (1_000_000,)
        for country in TERRITORIES:
            judge_rows(connection, table="texts", countries=[country])
            differing = connection.execute(
                f"SELECT text, {country}, number, kind FROM judged JOIN expected ON row = expected.rowid"
                f" WHERE {country} IS DISTINCT FROM number || ' ' || kind LIMIT 10"
            ).fetchall()
            assert differing == [], country
            valid = connection.execute("SELECT count(number) FROM judged").fetchone()
            assert valid is not None
            assert valid[0] > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("countries", LISTS[1:], ids="-".join)
def test_no_verdict_differs_on_thousands_of_strings_in_any_country(countries):
    assert_library_agrees(Writer(f"many {countries}").texts(20_000), countries)


@pytest.mark.slow
@pytest.mark.parametrize("countries", [TERRITORIES, TERRITORIES[::-1]], ids=["first", "last"])
def test_every_first_digits_of_overseas_are_judged_as_by_the_library(countries):
    writer = Writer("prefixes")
    texts = [f"0{start}{rest:03d}{writer.digits(3)}" for start in STARTS if len(start) == 3 for rest in range(1000)]
    assert_library_agrees(texts, countries)


@pytest.mark.slow
def test_every_first_digits_of_france_are_judged_as_by_the_library():
    writer = Writer("prefixes")
    assert_library_agrees([f"0{first}{writer.digits(4)}" for first in range(10_000, 100_000)], ["FR"])


def write_verdicts(path, count):
    """The library's own verdict on `count` texts in each country, as lines of the text in hexadecimal and of each."""
    with Path(path).open("w", encoding="ascii") as file:
        for text in Writer(Path(path).stem).texts(count):
            read = read_as_the_contract_says(text)
            verdicts = [ask_library(read, (country,)) if read is not None else None for country in TERRITORIES]
            cells = [f"{verdict[0]} {KINDS.index(verdict[1])}" if verdict is not None else "" for verdict in verdicts]
            file.write(",".join([text.encode().hex(), *cells]) + "\n")


if __name__ == "__main__":
    write_verdicts(sys.argv[1], int(sys.argv[2]))
