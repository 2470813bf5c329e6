"""No telephone number is shown: in any spelling, but for its last two digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.numbers import format_number, mask_cell, mask_name, mask_number, mask_numbers, mask_written
from runner.numbers.masking import stands_in_name

SPELLED = [
    "0612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "06\xa012\xa034\xa056\xa078",
    "06\u202f12\u202f34\u202f56\u202f78",
    "06\t12\t34\t56\t78",
    "06\u200b12\u200b34\u200b56\u200b78",
    "06\n12\n34\n56\n78",
    "06,12,34,56,78",
    "06;12;34;56;78",
    "06:12:34:56:78",
    "06_12_34_56_78",
    "06|12|34|56|78",
    "06\xb712\xb734\xb756\xb778",
    "06'12'34'56'78",
    "+33612345678",
    "+33 6 12 34 56 78",
    "+33 (0)6 12 34 56 78",
    "(+33) 6 12 34 56 78",
    "+33,6,12,34,56,78",
    "0033612345678",
    "00 33 6 12 34 56 78",
    "33 6 12 34 56 78",
    "612345678",
    "612.345.678",
    "612,345,678",
    "33612345678",
    "'0612345678'",
    '="0612345678"',
    "tel:+33-6-12-34-56-78",
    "06 I2 34 56 78",
    "O6 12 34 56 78",
    "06l2345678",
    "06 12 34 56 7",
    "0690001278",
    "+44 7911 123478",
    "+508 55 12 78",
    "055 12 78",
]


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_number_in_a_text_is_hidden_but_for_its_last_two_digits(spelled):
    text = f"`{spelled}` is no number"
    digits = [c for c in mask_numbers(text) if c.isdigit()]
    assert digits == [c for c in spelled if c.isdigit()][-2:]


@pytest.mark.parametrize("spelled", SPELLED)
def test_masking_keeps_the_length_so_that_a_caret_keeps_its_place(spelled):
    text = f"  - {spelled}  # Mme Dupont"
    masked = mask_numbers(text)
    assert len(masked) == len(text)
    assert all(m in {c, "•"} for m, c in zip(masked, text, strict=True))


@pytest.mark.parametrize(
    ("spelled", "masked"),
    [
        ("6.12345678E8", "•.••••••78E8"),
        ("6,12345678E+08", "•,••••••78E+08"),
        ("3,3612345678E+10", "•,••••••••78E+10"),
        ("33612345678,0", "•••••••••78,0"),
        ("33612345678.0", "••••••••••8.0"),
        ("06 12 34 56 78 / 07 11 22 33 44", "•• •• •• •• •• / •• •• •• •• 44"),
        ("172.16.12.34", "•••.••.••.34"),
        ("06 12.34.56.78", "•• ••.••.••.78"),
        ("192.168.1.20 56 78", "•••.•••.•.•• •• 78"),
        ("06 12 34 56 78 poste 12", "•• •• •• •• 78 poste 12"),
        ("06/39/98/2012", "••/••/••/••12"),
        ("http://127.0.0.1:40001/0612345678", "http://127.0.0.1:40001/••••••••78"),
        ("http://127.0.0.1:400010612345678", "http://127.0.0.1:•••••••••••••78"),
        ("https://0612345678:8443/", "https://••••••••78:8443/"),
        ("https://06.12.34.56.78:80/1", "https://••.••.••.••.78:80/1"),
        ("06 39/98/2012", "•• ••/••/••12"),
        ("12/31/2026 56 78", "••/••/•••• •• 78"),
        ("٠٦١٢٣٤٥٦٧٨", "••••••••٧٨"),
    ],
)
def test_odd_spellings_are_hidden_too(spelled, masked):
    assert mask_numbers(spelled) == masked


@pytest.mark.parametrize(
    "text",
    [
        'schedule: "2026-12-01 10:00"',
        'schedule: "2026-12-01T10:00:00+01:00"',
        "at 2026-11-24T10:00:00Z, until 2026-12-31",
        "until: 31/12/2026",
        "`12/31/2026 10:00` is no moment",
        "`32/12/2026` is no day",
        "1/2/2026",
        "data/2026-12-01/customers.csv",
        "data/20261201.csv",
        "1200 of 20000 rows",
        "listed 1,234,567 rows",
        "1,234,567; 7,654,321",
        "1 234 567,89 EUR",
        "12 345 678 rows",
        "12,345,678.90 EUR",
        "cost 180.00 EUR, limit 3000.00 EUR",
        "share of invalid rows 0.051234 over 0.05",
        "http://127.0.0.1:34567/v1",
        "page 2 of http://127.0.0.1:40001/204 answers 404",
        "https://crm2.example.fr:8443/2026/1 and http://[::1]:40001/04",
        "`169.254.169.254` is link-local",
        "10.0.0.5, 192.168.1.20:8080 and 192.168.178.20",
        "http://172.16.12.34/customers",
        'schedule: "2026-12-01 9:00" or 2026-12-01 10h30',
        "chunk 550e8400-e29b-41d4-a716-446655440000",
        "state 3f6c01234567890123456789abcdef01",
        "state abcdefabcdef01234567890123456789",
        "max_recipients: 200000",
        "campaigns/x.yaml:12:34",
        "10:30:15",
        "edition: 2026-12",
        "between 10 and 500, not 501",
        "",
    ],
)
def test_dates_amounts_and_identifiers_stay_readable(text):
    assert mask_numbers(text) == text


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (33612345678, "+33 6 •• •• •• 78"),
        ("+33612345678", "+33 6 •• •• •• 78"),
        (590690001234, "+590 6 •• •• •• 34"),
        (508551234, "+508 •• •• 34"),
        (447911123456, "+44 •• •• •• •• 56"),
        ("06 12 34 56 78", "•• •• •• •• 78"),
    ],
)
def test_one_number_is_shown_masked(number, masked):
    assert mask_number(number) == masked


def test_a_number_is_written_in_e164():
    assert format_number(33612345678) == "+33612345678"


SEPARATOR = st.text(" .-/()\t\xa0\u202f\u200b\u2013", max_size=3)
PREFIX = st.sampled_from(["0", "", "+33", "0033", "33", "+33 (0)", "0033 (0)", "(+33) ", "00 33 ", "+330"])
AROUND = st.text(
    st.characters(categories=["Lu", "Zs", "Po", "Sc", "Sm"], exclude_characters="OI+*.,;:'\"/\\·•"), max_size=6
)


@st.composite
def spelled_numbers(draw):
    pieces = [draw(PREFIX)]
    for digit in "6" + draw(st.text("0123456789", min_size=8, max_size=8)):
        pieces += [digit, draw(SEPARATOR)]
    return "".join(pieces)


@given(AROUND, spelled_numbers(), AROUND)
def test_no_digit_of_any_spelling_survives_but_the_last_two(before, spelled, after):
    masked = mask_numbers(f"{before} {spelled} {after}")
    assert [c for c in masked if c.isdigit()] == [c for c in spelled if c.isdigit()][-2:]


@given(st.text(max_size=200))
def test_masking_any_text_keeps_its_length_and_all_that_is_no_digit(text):
    masked = mask_numbers(text)
    assert len(masked) == len(text)
    assert all(m == c or (m == "•" and c.isdigit()) for m, c in zip(masked, text, strict=True))


@given(st.text("0123456789 -.:,+T/", max_size=40))
def test_masking_twice_hides_no_less_than_once(text):
    once = mask_numbers(text)
    assert sum(c.isdigit() for c in mask_numbers(once)) <= sum(c.isdigit() for c in once)


@pytest.mark.parametrize(
    "cell",
    [
        "06x12x34x56x78",
        "06, 12, 34, 56, 78 b",
        "06a12b34c56d78",
        "06=12=34=56=78",
        "06\n12\n34\n56\n78 x",
        "06\u200b12\u200b34\u200b56\u200b7a8",
        "0612 ext 345678",
        "\u2070\u2076\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078",
        "a;0611111111;0612345678;b",
    ],
)
def test_a_cell_shows_two_digits_whatever_stands_between_them(cell):
    shown = mask_cell(cell)
    assert sum(character.isdigit() for character in shown) == 2
    assert len(shown) == len(cell)


@pytest.mark.parametrize("cell", ["", "unknown", "3 99", "2026"])
def test_a_cell_with_too_few_digits_for_a_number_is_shown(cell):
    assert mask_cell(cell) == cell


SEPARATORS = st.sampled_from(["", " ", ".", "/", "_", "-"])


@given(
    st.sampled_from(["0", "+33", "33", "0033", "262", ""]),
    st.lists(SEPARATORS, min_size=5, max_size=5),
    st.integers(100_000_000, 999_999_999),
    st.sampled_from(["", "campaigns/", "x-"]),
)
def test_no_number_that_is_found_in_a_name_is_shown(code, marks, number, before):
    digits = str(number)
    pairs = [digits[0], *(digits[at : at + 2] for at in range(1, 9, 2))]
    text = before + code + "".join(mark + pair for mark, pair in zip(marks, pairs, strict=True))
    if stands_in_name(text):
        assert digits[:7] not in "".join(c for c in mask_name(text) if c.isdigit())
    assert mask_name(before) == before


@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.example.fr/hooks/catch/12345678/abcd/",
        "https://hooks.example.fr/612345678/",
        "1764198000-recall",
        "5F2C8E6B-41D9-4C6A-8F0E-3D7B9A125C44",
        "5f2c8e6b41d94c6a8f0e3d7b9a125c44",
        "ops.75001234@example.fr",
        "a0639980001b",
    ],
)
def test_what_may_be_an_identifier_is_kept_as_it_is(text):
    assert mask_written(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "0639980001@sms.fr",
        "tel:+33639980001",
        "/0033 6 39 98 00 01",
        "+33 (0)6 39 98 00 01",
        "a-33639980001",
        "+590690123456",
    ],
)
def test_a_number_with_its_zero_or_its_calling_code_is_not_kept(text):
    kept = mask_written(text)
    assert sum(character.isdigit() for character in kept) == 2
    assert len(kept) == len(text)
