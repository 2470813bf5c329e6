"""What a text must look like to be somebody's number, spelling by spelling."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model.config import Kind
from runner.numbers import (
    TERRITORIES,
    InvalidNumber,
    Number,
    has_number,
    judge_anywhere,
    judge_number,
)

MOBILE = Number(33612345678, Kind.MOBILE, "FR")
FIXED = Number(33142345678, Kind.FIXED, "FR")

UNDERSTOOD = [
    "0612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "06\xa012\xa034\xa056\xa078",
    "06\u202f12\u202f34\u202f56\u202f78",
    "06\u300012\u300034\u300056\u300078",
    "06\u200912\u200934\u200956\u200978",
    "06\t12\t34\t56\t78",
    "06\u201312\u201334\u201356\u201378",
    "06 - 12 - 34 - 56 - 78",
    "0612 345 678",
    "(06) 12 34 56 78",
    "(06)12345678",
    "[06] 12 34 56 78",
    "  06 12 34 56 78  ",
    "\ufeff0612345678",
    "\u202d+33 6 12 34 56 78\u202c",
    "06\u200b12\u200b34\u200b56\u200b78",
    "06\xad12345678",
    "0612345678\r\n",
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33.6.12.34.56.78",
    "+33-6-12-34-56-78",
    "+ 33 6 12 34 56 78",
    "(+33) 6 12 34 56 78",
    "+(33) 6 12 34 56 78",
    "＋33 6 12 34 56 78",  # noqa: RUF001  the full-width plus is the point
    "+33 (0)6 12 34 56 78",
    "+33 (0) 6 12 34 56 78",
    "+33(0)612345678",
    "+33 06 12 34 56 78",
    "+330612345678",
    "0033612345678",
    "00 33 6 12 34 56 78",
    "00.33.6.12.34.56.78",
    "0033 (0)6 12 34 56 78",
    "0033 06 12 34 56 78",
    "33612345678",
    "33 6 12 34 56 78",
    "33 (0)6 12 34 56 78",
    "(33) 6 12 34 56 78",
    "612345678",
    "6 12 34 56 78",
    "612 345 678",
    "6.12345678E8",
    "6,12345678E8",
    "6.12345678e8",
    "6.12345678E+8",
    "6.12345678E+08",
    "6,12345678E+08",
    "6.12345678E08",
    "3.3612345678E10",
    "3,3612345678E+10",
    "612345678.0",
    "612345678,0",
    "33612345678.0",
    "33612345678,0",
    " 33612345678.0 ",
    "33 612 345 678,0",
    "612 345 678,0",
    "'0612345678",
    "'06 12 34 56 78",
    "'+33612345678",
    '="0612345678"',
    '="06 12 34 56 78"',
    '="+33612345678"',
    '"0612345678"',
    "Tél : 06 12 34 56 78",
    "Tél.: 06.12.34.56.78",
    "Tél. (portable) : 06 12 34 56 78",
    "Mobile: +33 6 12 34 56 78",
    "Mobile : 612345678",
    "Port. 06 12 34 56 78",
    "Tel0612345678",
    "tel:+33612345678",
    "tel:+33-6-12-34-56-78",
    "Portable = 6.12345678E8",
    "Mme Dupont, 06 12 34 56 78",
    "📞 06 12 34 56 78",
    "O612345678",
    "0612345678;",
    "0612345678,",
    "06 12 34 56 78.",
    "06 12 34 56 78 -",
    "(06 12 34 56 78)",
    "<0612345678>",
    "06 12 34 56 78 ?",
    "06 12 34 56 78",
    "０６１２３４５６７８",  # noqa: RUF001  full-width digits are digits to the library
    "٠٦١٢٣٤٥٦٧٨",
]

INVALID = [
    (InvalidNumber.EMPTY, ["", " ", "\t\r\n", "\xa0\u202f", "\ufeff\u200b"]),
    (InvalidNumber.NO_NUMBER, ["-", "néant", "N/A", "+", "pas de téléphone", "#REF!", "????"]),
    (
        InvalidNumber.LOST_DIGITS,
        [
            "6,12E+08",
            "6.12E8",
            "6.1E8",
            "6E8",
            "6.1234567E8",
            "6,1234567E+08",
            "3.36123E+10",
            "3,36E+10",
            "Tel 6,12E+08",
            "6.12345678E7",
            "6.12345678E9",
            "6.12345678E-8",
            "61.2345678E7",
            "0.612345678E9",
            "+3.3612345678E+10",
        ],
    ),
    (InvalidNumber.DECIMAL, ["612345678.00", "33612345678,00", "61234567,5", "612345,000", "6123456.00"]),
    (
        InvalidNumber.TWO_NUMBERS,
        [
            "06 12 34 56 78 / 07 11 22 33 44",
            "06.12.34.56.78 / 07.11.22.33.44",
            "0612345678;0711223344",
            "0612345678,0711223344",
            "06 12 34 56 78 ou 07 11 22 33 44",
            "0612345678\n0711223344",
            "0612345678 0612345678",
            "+33612345678+33711223344",
            "01 42 34 56 78 Port : 06 12 34 56 78",
        ],
    ),
    (
        InvalidNumber.EXTENSION,
        [
            "0612345678 x12",
            "06 12 34 56 78 ext. 12",
            "06-12-34-56-78 poste 12",
            "06 12 34 56 78 #12",
            "0612345678;ext=12",
            "tel:+33612345678;ext=5",
            "0612345678,,12",
            "0612345678;1",
            "x;0612345678;1",
            "0612345678,5",
            "0142345678 p. x 3",
        ],
    ),
    (
        InvalidNumber.LETTERS,
        [
            "06 12 34 56 78 (pro)",
            "06 12 34 56 78 portable",
            "06123a45678",
            "06 12 34 56 7O",
            "06 I2 34 56 78",
            "06 12 34 56 78 é",
            "0800 FLOWERS",
            "+33 six 12 34 56 78",
            "0612345678 ou",
            "<a href=tel:0612345678>ici</a>",
            "06 Â 12 34 56 78",
            "6.12345678 \xd7 E8",
            "06xx345678",
        ],
    ),
    (
        InvalidNumber.UNREADABLE,
        [
            "\ufffd0612345678",
            "0612345678\ufffd",
            "06_12_34_56_78",
            "06:12:34:56:78",
            "06,12,34,56,78",
            "06|12|34|56|78",
            "06·12·34·56·78",
            "06'12'34'56'78",
            "Tél1: 0612345678",
            "1: 06 12 34 56 78",
            "2026-12-01 10:00",
            "06\x0012345678",
            "06 12 34 56 78²",
            "0+33612345678",
            "06 12 34 ?? 56",
            "#31#0612345678",
            "06�12345678",
            "0612345678#",
        ],
    ),
    (
        InvalidNumber.TOO_SHORT,
        ["06 12 34 56 7", "06 12 34", "061234567", "61234567", "61234567.0", "3361234567.0", "15", "3631"],
    ),
    (
        InvalidNumber.TOO_SHORT,
        ["+33", "0033", "+33 6 12 34 56 7", "551234", "118 218", "06 12 34 ** **", "06 12 34 56 7*"],
    ),
    (
        InvalidNumber.TOO_LONG,
        [
            "06 12 34 56 78 9",
            "+33 6 12 34 56 78 9",
            "336123456789",
            "06 12 34 56 78 / 79",
            "06 12 34 56 78 (2)",
            "6 12 34 56 78 90",
            "1 06 12 34 56 78",
            "73282932000074",
            "33612345678.5",
            "+33 33 6 12 34 56 78",
        ],
    ),
    (InvalidNumber.NOT_VALID, ["0700000000", "+999612345678", "+0612345678"]),
    (InvalidNumber.FICTION, ["06 39 98 12 34", "+33639980000", "639989999"]),
    (InvalidNumber.PREMIUM, ["0899 12 34 56", "+33 891 123 456", "0836 65 65 65"]),
    (InvalidNumber.SHARED_COST, ["0810 12 34 56", "0820123456"]),
    (InvalidNumber.SPECIAL, ["0800 12 34 56", "+33 805 123 456", "0806 12 34 56"]),
    (
        InvalidNumber.OTHER_COUNTRY,
        ["+44 7911 123456", "0044 7911 123456", "+41 79 123 45 67", "+612345678", "+1 202 555 0123"],
    ),
    (InvalidNumber.COUNTRY_GP, ["0690 00 12 34", "+590 690 00 12 34", "00590690001234", "690001234"]),
    (InvalidNumber.COUNTRY_RE, ["0692 12 34 56", "+262 692 12 34 56", "0262 16 12 34"]),
    (InvalidNumber.COUNTRY_MQ, ["0696 20 12 34", "+596 696 20 12 34"]),
    (InvalidNumber.COUNTRY_GF, ["0694 20 12 34", "+594 694 20 12 34"]),
    (InvalidNumber.COUNTRY_YT, ["0639 01 23 45", "+262 639 01 23 45"]),
    (InvalidNumber.COUNTRY_PM, ["+508 55 12 34", "00508 551234"]),
]


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_every_spelling_of_the_contract_gives_the_number(text):
    assert judge_number(text, ["FR"]) == MOBILE


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, texts in INVALID for text in texts])
def test_what_would_have_to_be_guessed_is_invalid_with_its_reason(why, text):
    assert judge_number(text, ["FR"]) is why


def test_a_lost_digit_never_becomes_somebody_elses_number():
    for text in ("6.1234567E8", "61234567.0", "3361234567.0", "6.1234567E+08", "61234567,0", "6,1234567E8"):
        assert isinstance(judge_number(text, TERRITORIES), InvalidNumber)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("06 12 34 56 78", Kind.MOBILE),
        ("07 56 12 34 56", Kind.MOBILE),
        ("01 42 34 56 78", Kind.FIXED),
        ("05 56 12 34 56", Kind.FIXED),
        ("09 72 12 34 56", Kind.VOIP),
        ("09 39 12 34 56", Kind.VOIP),
    ],
)
def test_a_number_has_the_kind_that_the_metadata_say(text, kind):
    judged = judge_number(text, ["FR"])
    assert isinstance(judged, Number)
    assert judged.kind is kind


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("0690 00 12 34", "GP", 590690001234),
        ("0690 00 12 34", "MF", 590690001234),
        ("0696 20 12 34", "MQ", 596696201234),
        ("0694 20 12 34", "GF", 594694201234),
        ("0692 12 34 56", "RE", 262692123456),
        ("0639 01 23 45", "YT", 262639012345),
        ("055 12 34", "PM", 508551234),
        ("551234.0", "PM", 508551234),
        ("+508 55 12 34", "PM", 508551234),
    ],
)
def test_a_number_of_overseas_is_valid_only_where_its_country_is_listed(text, country, e164):
    assert isinstance(judge_number(text, ["FR"]), InvalidNumber)
    assert judge_number(text, ["FR", country]) == Number(e164, Kind.MOBILE, country)


def test_the_first_listed_country_in_which_the_text_is_valid_wins():
    text = "0590 27 12 34"
    assert judge_number(text, ["MF", "BL", "FR"]) == Number(590590271234, Kind.FIXED, "MF")
    assert judge_number(text, ["BL", "MF", "FR"]) == Number(590590271234, Kind.FIXED, "BL")
    assert judge_number("508 551 234", ["FR", "PM"]) == Number(33508551234, Kind.FIXED, "FR")
    assert judge_number("508 551 234", ["PM", "FR"]) == Number(508551234, Kind.MOBILE, "PM")


def test_a_line_that_may_be_fixed_or_mobile_counts_as_fixed_since_it_may_ring():
    assert judge_number("+508 41 23 45", ["PM"]) == Number(508412345, Kind.FIXED, "PM")
    assert judge_number("+508 22 23 45", ["PM"]) == Number(508222345, Kind.FIXED, "PM")


def test_the_reason_of_an_unlisted_territory_names_the_country_to_add():
    for country in TERRITORIES:
        assert f"`{country}`" in InvalidNumber.of_unlisted(country).phrase or country in {"BL", "MF"}
    assert "`GP`" in judge_number("0690001234", ["FR"]).phrase
    assert "`FR`" in judge_number("0612345678", ["RE"]).phrase


def test_a_french_number_that_was_cut_is_no_hint_to_add_saint_pierre():
    assert judge_number("06 12 34 5", ["FR"]) is InvalidNumber.TOO_SHORT
    assert judge_number("612345", ["FR"]) is InvalidNumber.TOO_SHORT


def test_every_reason_is_said_in_words():
    for why in InvalidNumber:
        assert why.phrase
        assert not any(c.isdigit() for c in why.phrase)


@pytest.mark.parametrize(
    "text", ["06 39 98 12 34", "+33639981234", "639981234", "6.39981234E8", "Tél : 06 39 98 12 34"]
)
def test_numbers_of_fiction_are_mobile_in_the_sandbox_alone(text):
    assert judge_number(text, ["FR"], fiction=True) == Number(33639981234, Kind.MOBILE, "FR")
    assert judge_number(text, ["RE"], fiction=True) == Number(33639981234, Kind.MOBILE, "FR")
    assert isinstance(judge_number(text, ["FR"]), InvalidNumber)


def test_the_block_of_fiction_has_ten_thousand_numbers():
    assert judge_number("0639980000", ["FR"], fiction=True) == Number(33639980000, Kind.MOBILE, "FR")
    assert judge_number("0639989999", ["FR"], fiction=True) == Number(33639989999, Kind.MOBILE, "FR")
    assert isinstance(judge_number("+33639979999", ["FR"], fiction=True), InvalidNumber)
    assert isinstance(judge_number("+33639990000", ["FR"], fiction=True), InvalidNumber)


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("06 12 34 56 78", 33612345678),
        ("0899 12 34 56", 33899123456),
        ("0800 12 34 56", 33800123456),
        ("+44 7911 123456", 447911123456),
        ("0044 7911 123456", 447911123456),
        ("+1 202 555 0123", 12025550123),
        ("0690 00 12 34", 590690001234),
        ("+262 692 12 34 56", 262692123456),
        ("6.12345678E8", 33612345678),
    ],
)
def test_an_exclusion_may_be_a_number_of_any_country_and_type(text, e164):
    assert judge_anywhere(text, ["FR"]) == e164


@pytest.mark.parametrize(
    "text",
    ["", "néant", "06 12 34 56 7", "61234567890", "447911123456", "6,12E+08", "3631", "06 12 34 5", "+999 1234567"],
)
def test_an_exclusion_that_is_no_number_is_none_even_if_it_could_be_guessed(text):
    assert judge_anywhere(text, ["FR"]) is None


def test_numbers_of_fiction_are_excluded_in_the_sandbox():
    assert judge_anywhere("06 39 98 12 34", ["FR"], fiction=True) == 33639981234
    assert judge_anywhere("06 39 98 12 34", ["FR"]) is None


@pytest.mark.parametrize(
    "text",
    [text for text in UNDERSTOOD if text]
    + ["06 39 98 00 01", "+33639980001", "639980001", "0699 99 99 99", "0899123456", "+44 7911 123456", "0690001234"]
    + [
        "6,12E+08",
        "06 12 34 56 78 (pro)",
        "06 12 34 56 78 / 07 11 22 33 44",
        "06,12,34,56,78",
        "551234",
        "+508 551234",
    ],
)
def test_a_cell_with_a_telephone_number_is_known_as_data(text):
    assert has_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tel2",
        "phone",
        "mobile 1",
        "Téléphone",
        "2024",
        "2024-01-01",
        "2024-01-01 10:00",
        "202412",
        "20240101",
        "n°1",
        "75001",
        "Q1 2024",
        "id",
        "téléphone (10 chiffres)",
        "CA 2023/2024",
        "-",
        "adresse_2",
        "31/12/2024",
        "E8",
    ],
)
def test_a_columns_name_is_no_telephone_number(text):
    assert not has_number(text)


def test_the_library_is_not_imported_by_who_only_masks():
    code = "import sys, runner.numbers as n; n.mask_numbers('06 12 34 56 78'); assert 'phonenumbers' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# Every completion of these national numbers is valid, by the metadata.
COMPLETED = st.sampled_from(
    [
        ("FR", "33", "61", Kind.MOBILE),
        ("FR", "33", "66", Kind.MOBILE),
        ("FR", "33", "75", Kind.MOBILE),
        ("FR", "33", "14", Kind.FIXED),
        ("FR", "33", "55", Kind.FIXED),
        ("FR", "33", "97", Kind.VOIP),
        ("GP", "590", "690", Kind.MOBILE),
        ("MQ", "596", "696", Kind.MOBILE),
        ("GF", "594", "6940", Kind.MOBILE),
        ("RE", "262", "6920", Kind.MOBILE),
        ("RE", "262", "2622", Kind.FIXED),
    ]
)
BLANK = st.text(" \t\xa0\u202f\u2009\u3000", max_size=2)
UNSEEN = st.text("\u200b\u200e\ufeff\xad\u2060\u202c", max_size=1)
SEPARATOR = st.one_of(BLANK, st.sampled_from([".", "-", "/", " - ", "\u2013", " . ", ") ", "("]))
LABEL = st.sampled_from(["", "", "Tél : ", "Mobile: ", "tel:", "Port.", "'", '="', '"', "Mme Ève, "])
TAIL = st.sampled_from(["", "", '"', ";", ",", ".", " ", "\r\n", " )"])


@st.composite
def numbers_and_spellings(draw):
    country, code, start, kind = draw(COMPLETED)
    count = 9 - len(start)
    national = start + draw(st.text("0123456789", min_size=count, max_size=count))
    number = Number(int(code + national), kind, country)
    style = draw(st.sampled_from(["grouped", "exponent", "decimal"]))
    figure = draw(st.sampled_from([national, code + national]))
    point = draw(st.sampled_from(".,"))
    if style == "exponent":
        power = draw(st.sampled_from(["E", "e", "E+", "E+0", "E0"])) + str(len(figure) - 1)
        spelled = f"{figure[0]}{point}{figure[1:]}{power}"
    elif style == "decimal":
        spelled = f"{figure}{point}0"
    else:
        prefix = draw(st.sampled_from(["0", "0", "", "+", "00", "+C", "00C", "C"]))
        mark = draw(st.sampled_from(["", "0", "(0)", " (0) "]))
        heads = {"+": f"+{code}", "00": f"00{code}", "+C": f"(+{code}) ", "00C": f"00 {code} ", "C": code}
        head = heads.get(prefix, prefix)
        groups = draw(st.sampled_from([(1, 2, 2, 2, 2), (3, 3, 3), (3, 2, 2, 2), (9,), (1,) * 9]))
        pieces, rest = [head + mark if head not in {"0", ""} else head], national
        for size in groups:
            pieces += [rest[:size], draw(SEPARATOR), draw(UNSEEN)]
            rest = rest[size:]
        spelled = "".join(pieces)
        # A point after a lost zero could be a decimal one.
        if prefix in {"", "C"}:
            spelled = spelled.replace(".", " ")
    return number, draw(UNSEEN) + draw(LABEL) + draw(BLANK) + spelled + draw(TAIL) + draw(BLANK)


@given(numbers_and_spellings())
def test_every_understood_spelling_of_a_number_gives_this_very_number(case):
    number, text = case
    assert judge_number(text, [number.country]) == number
    assert judge_anywhere(text, [number.country]) == number.e164
    assert has_number(text)


@given(st.text(alphabet="0123456789+-./() EeOxé,;#*~:'\"=\xa0\u202f\u200b\n٣", max_size=24))
def test_no_text_whatever_is_an_error(text):
    judged = judge_number(text, TERRITORIES, fiction=True)
    assert isinstance(judged, Number | InvalidNumber)
    has_number(text)
    if isinstance(judged, Number):
        assert judge_anywhere(text, TERRITORIES, fiction=True) == judged.e164


@given(st.text(max_size=300))
def test_no_text_of_any_script_is_an_error(text):
    assert isinstance(judge_number(text, ["FR"]), Number | InvalidNumber)
