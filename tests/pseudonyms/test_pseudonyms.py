"""Pseudonyms: the same bytes for ever, in Python and in SQL, and never those of another purpose or key."""

from __future__ import annotations

import hmac
from hashlib import sha256

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import StateRefused
from runner.model.secret import Secret
from runner.pseudonyms import Pseudonyms

KEY = Secret("0123456789abcdef0123456789abcdef")
URL = "https://api.voicepartner.fr/v1"
numbers = st.integers(min_value=10**6, max_value=10**15 - 1)


def test_pseudonyms_never_change():
    """Every ledger in the world depends on these bytes: a release that changes them reaches everybody again."""
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.of_number(33639980000).hex() == "00da6d777b15d7f5a1752dd80b6bc12d"
    assert pseudonyms.of_sender("+33639980000").hex() == "628306338bbb6bf3f2365ff02cff5027"
    assert pseudonyms.of_account("voicepartner", URL, Secret("api-key")).hex() == "70bc86778afcc3a28fb0dcaae9fc122e"
    assert pseudonyms.check_value.hex() == "c9a11525146e26980152a428cab193d5"


@given(numbers)
def test_a_pseudonym_is_the_standard_hmac_by_a_derived_key(number):
    derived = hmac.new(KEY.open().encode(), b"campaign-runner/1/recipient", sha256).digest()
    expected = hmac.new(derived, f"+{number}".encode(), sha256).digest()[:16]
    assert Pseudonyms(KEY).of_number(number) == expected


@settings(max_examples=25)
@given(st.lists(numbers, min_size=1, max_size=200))
def test_sql_spells_the_same_bytes_as_python(some):
    pseudonyms = Pseudonyms(KEY)
    expression, parameters = pseudonyms.sql("number")
    with duckdb.connect() as connection:
        query = f"select {expression} from (select unnest($some::bigint[]) as number)"
        rows = connection.execute(query, {**parameters, "some": some}).fetchall()
    assert [row[0] for row in rows] == [pseudonyms.of_number(number).hex() for number in some]


def test_no_purpose_shares_pseudonyms_with_another():
    pseudonyms = Pseudonyms(KEY)
    number = pseudonyms.of_number(33639980000)
    assert len(number) == 16
    assert number != pseudonyms.of_sender("+33639980000")
    assert pseudonyms.check_value not in (number, pseudonyms.of_account("voicepartner", URL, Secret("")))


def test_another_key_gives_other_pseudonyms():
    other = Pseudonyms(Secret("another key, which also is long enough"))
    assert other.of_number(33639980000) != Pseudonyms(KEY).of_number(33639980000)
    assert other.check_value != Pseudonyms(KEY).check_value


@pytest.mark.parametrize("text", ["", "short", "x" * 31, " " * 40, "x" * 31 + "\n"])
def test_a_short_key_is_refused_without_being_shown(text):
    with pytest.raises(StateRefused) as refused:
        Pseudonyms(Secret(text))
    assert refused.value.code == "state-key-short"
    assert text.strip() == "" or text.strip() not in refused.value.message


def test_blanks_around_a_key_do_not_count():
    assert Pseudonyms(Secret(f"  {KEY.open()}\r\n")).check_value == Pseudonyms(KEY).check_value


def test_a_key_of_bytes_that_are_no_text_is_a_key():
    assert Pseudonyms(Secret("\udcff" * 32)).check_value != Pseudonyms(Secret("\udcfe" * 32)).check_value


@pytest.mark.parametrize(
    "spelling",
    [
        "https://api.voicepartner.fr/v1/",
        "https://API.VoicePartner.fr/v1",
        "HTTPS://api.voicepartner.fr:443/v1",
        " https://api.voicepartner.fr./v1 ",
    ],
)
def test_one_address_in_any_spelling_is_one_account(spelling):
    pseudonyms = Pseudonyms(KEY)
    account = pseudonyms.of_account("voicepartner", URL, Secret("api-key"))
    assert pseudonyms.of_account("voicepartner", spelling, Secret("api-key")) == account


@pytest.mark.parametrize(
    ("provider", "base_url", "api_key"),
    [
        ("another", URL, "api-key"),
        ("voicepartner", "https://api.voicepartner.fr/v2", "api-key"),
        ("voicepartner", "https://api.voicepartner.fr:8443/v1", "api-key"),
        ("voicepartner", "http://api.voicepartner.fr/v1", "api-key"),
        ("voicepartner", "http://[::1]:8080", "api-key"),
        ("voicepartner", "http://[::1", "api-key"),
        ("voicepartner", "http://host:nonsense", "api-key"),
        ("voicepartner", "sandbox:main", "api-key"),
        ("voicepartner", URL, "another-key"),
        ("voicepartner", URL, "api-key "),
    ],
)
def test_another_provider_address_or_key_is_another_account(provider, base_url, api_key):
    pseudonyms = Pseudonyms(KEY)
    account = pseudonyms.of_account("voicepartner", URL, Secret("api-key"))
    assert pseudonyms.of_account(provider, base_url, Secret(api_key)) != account


def test_two_names_of_the_sandbox_are_two_accounts():
    pseudonyms = Pseudonyms(KEY)
    first, second = (pseudonyms.of_account("voicepartner", f"sandbox:{name}", Secret("x")) for name in ("a", "b"))
    assert first != second


def test_a_key_is_not_shown_by_pseudonyms():
    assert KEY.open() not in repr(Pseudonyms(KEY))
