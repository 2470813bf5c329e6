"""The contract's table of answers, row by row, and whatever else an answer could be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.model.clock import Instant
from runner.model.secret import Secret
from runner.model.verdict import (
    Accepted,
    AccountRefused,
    ChunkRefused,
    ContentRefused,
    RateLimited,
    Unknown,
)
from runner.providers.http import Answer
from runner.providers.voicepartner import judge_answer

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SENT = (33612000001, 33612000002)
DOCUMENTED = {
    "success": True,
    "campaignId": "campaignId",
    "cost": 0.15,
    "currency": "EUR",
    "nbSms": 1,
    "audioFile": {"filename": "filename.wav", "size": "135.8Ko"},
    "detail": {"33": {"nbSms": 1, "cost_unity": 0.15, "cost": 0.15}},
}


def judge(status, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return judge_answer(Answer(status=status, headers=names, body=raw, ended=Instant(NOW, 0.0, "boot")), SENT)


def accept(**changes):
    verdict = judge(200, {**DOCUMENTED, **changes})
    assert isinstance(verdict, Accepted)
    return verdict.acceptance


def test_the_documented_answer_is_an_acceptance_with_all_that_it_says():
    acceptance = accept()
    assert acceptance.provider_id == "campaignId"
    assert (acceptance.cost, acceptance.currency, acceptance.counted) == (Decimal("0.15"), "EUR", 1)
    assert acceptance.audio_name == "filename.wav"


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("0.15", "0.15"),
        ("75.00000000000001", "75.000000"),
        ('"75.00"', "75.00"),
        ("75", "75"),
        ("0", "0"),
        ("123456789.123456", "123456789.123456"),
        ("1.5E1", "15"),
        ("-1", None),
        ("1e400", None),
        ("1e99999999999999999999", None),
        ("9" * 5000, None),
        ("1000000000", None),
        ('"NaN"', None),
        ('"0,15"', None),
        ('""', None),
        ("true", None),
        ("null", None),
        ("[0.15]", None),
        ("{}", None),
    ],
)
def test_a_cost_is_read_exactly_or_not_at_all_and_never_changes_what_the_answer_means(text, cost):
    verdict = judge(200, b'{"success": true, "campaignId": "c", "cost": %s}' % text.encode())
    assert isinstance(verdict, Accepted)
    read = verdict.acceptance.cost
    assert (None if read is None else Decimal(read)) == (None if cost is None else Decimal(cost))


@pytest.mark.parametrize(
    ("value", "counted"), [(0, 0), (499, 499), ("500", 500), (-1, None), (1.5, None), (True, None), ("5.0", None)]
)
def test_a_count_is_a_whole_number_or_unknown(value, counted):
    assert accept(nbSms=value).counted == counted


@pytest.mark.parametrize(
    ("value", "currency"), [("EUR", "EUR"), ("eur", "EUR"), ("€", "EUR"), ("euro", None), ("", None), (978, None)]
)
def test_a_currency_is_three_letters_or_unknown(value, currency):
    assert accept(currency=value).currency == currency


@pytest.mark.parametrize(
    "value", [None, [], "filename.wav", {"filename": 3}, {"filename": ""}, {"filename": "a\x1b[31m"}]
)
def test_a_recording_without_a_printable_name_has_none(value):
    assert accept(audioFile=value).audio_name is None


@pytest.mark.parametrize(("value", "provider_id"), [("abc", "abc"), (" abc ", "abc"), (12345, "12345")])
def test_a_campaign_id_may_be_a_text_or_a_number(value, provider_id):
    assert accept(campaignId=value).provider_id == provider_id


@pytest.mark.parametrize("value", [None, "", " ", 0, -1, True, 1.5, [], {}, "x" * 256, "a\nb"])
def test_success_without_a_usable_campaign_id_is_unknown(value):
    assert isinstance(judge(200, {**DOCUMENTED, "campaignId": value}), Unknown)


@pytest.mark.parametrize(
    "told",
    [
        "cid 06 12 00 00 01 {key}",
        "0612000001",
        33612000002,
        "612000001",
        "a-0033612000002-b",
        "0639980003",
        33639980004,
        "06.39.98.00.05",
        "+33 6 39 98 00 06",
    ],
)
def test_an_id_repeats_neither_the_key_nor_a_number(told):
    key = Secret("k9-Zq7xW9vK2mN4pR6t").open()
    kept = accept(campaignId=told.format(key=key) if isinstance(told, str) else told).provider_id
    assert key not in kept
    assert sum(character.isdigit() for character in kept) == 2


@pytest.mark.parametrize(
    "told",
    [
        "3f6c0a8e-5d2b-4c71-90b1-c2d3e4f50617",
        "a1b2c3d4e5f60718",
        "8712345678901",
        6123456789,
        "vp-2026112410",
        "VMS-20261124-000123",
    ],
)
def test_an_id_of_many_digits_is_kept_as_it_is(told):
    assert accept(campaignId=told).provider_id == str(told)


@pytest.mark.parametrize("value", [False, None, "true", 1, "yes", [True]])
def test_a_campaign_without_success_is_unknown(value):
    assert isinstance(judge(200, {**DOCUMENTED, "success": value}), Unknown)


@pytest.mark.parametrize("status", [101, 201, 202, 204, 206, 301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503])
def test_success_under_another_status_is_unknown(status):
    assert isinstance(judge(status, DOCUMENTED), Unknown)
    assert isinstance(judge(status, {"success": True}), Unknown)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"success": false}', b"[]", b"\xff\xfe", json.dumps({"success": False, "code": 10}).encode()],
)
def test_every_other_status_is_unknown_whatever_it_says(body):
    for status in {*range(100, 600)} - {200, 400, 401, 402, 403, 404, 405, 422, 429}:
        assert isinstance(judge(status, body), Unknown), status


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"success": false, "code": "DESTINATION_INVALID"}', b"\x1f\x8b"])
def test_429_is_a_limit_whatever_it_says(body):
    assert isinstance(judge(429, body), RateLimited)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "12"}, 12),
        ({"retry_after": " 12 "}, 12),
        ({"retry_after": "Tue, 24 Nov 2026 10:00:30 GMT"}, 30),
        ({"retry_after": "Tuesday, 24-Nov-26 10:00:30 GMT"}, 30),
        ({"retry_after": "Tue, 24 Nov 2026 10:00:30 -0000"}, 30),
        ({"retry_after": "Tue, 24 Nov 2026 09:59:00 GMT"}, 0),
        ({"retry_after": "Tue, 24 Nov 2026 10:00:30 GMT", "date": "Tue, 24 Nov 2026 10:00:10 GMT"}, 20),
        ({"retry_after": "Tue, 24 Nov 2099 10:00:30 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "1.5"}, None),
        ({"retry_after": "3, 4"}, None),
        ({"retry_after": "١٢"}, None),
        ({"retry_after": "99999999999999999999"}, None),
        ({"retry_after": "172800"}, 172_800),
        ({"retry_after": "9999999"}, None),
        ({"retry_after": "Tue, 99 Nov 2026 10:00:30 GMT"}, None),
        ({"x_ratelimit_reset": "17"}, 17),
        ({"x_ratelimit_reset": str(int(NOW.timestamp()) + 40)}, 40),
        ({"retry_after": "5", "x_ratelimit_reset": "17"}, 5),
        ({"retry_after": "soon", "x_ratelimit_reset": "17"}, 17),
    ],
)
def test_how_long_to_wait_is_read_from_seconds_or_a_date_and_from_no_nonsense(headers, seconds):
    verdict = judge(429, b"", **headers)
    assert isinstance(verdict, RateLimited)
    assert verdict.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"success": false, "code": "SENDER_NOT_AUTHORIZED"}'])
def test_401_402_and_403_are_the_accounts(status, body):
    assert isinstance(judge(status, body), AccountRefused)


TAKEN_AT_ITS_WORD = [200, 400, 404, 405, 422]
CODES = {
    AccountRefused: [10, "10", 11, "11", "NOT_CREDIT"],
    ContentRefused: [
        "AUDIO_FILE_NOT_FOUND",
        "TOKEN_AUDIO_REQUIRED",
        "NOTIFY_URL_INVALID",
        "SENDER_INVALID",
        "SENDER_NOT_AUTHORIZED",
    ],
    ChunkRefused: ["DESTINATION_INVALID", "PHONE_NUMBER_REQUIRED", "PHONE_NUMBER_SIZE_ERROR", "NEW_CODE", 400, "what?"],
}
CASES = [(verdict, code) for verdict, codes in CODES.items() for code in codes]
SHAPES = {
    "code": lambda code: {"code": code},
    "error": lambda code: {"error": code},
    "message": lambda code: {"message": code},
    "nested": lambda code: {"error": {"code": code, "text": "no"}},
    "list": lambda code: {"error": [{"message": code}]},
    "list-of-codes": lambda code: {"error": [code]},
    "deep": lambda code: {"data": {"response": [[{"Code": code}]]}},
}


@pytest.mark.parametrize(("kind", "code"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_refusal_belongs_to_whom_its_code_says_wherever_it_stands(kind, code):
    for status in TAKEN_AT_ITS_WORD:
        for name, shape in SHAPES.items():
            assert isinstance(judge(status, {"success": False, **shape(code)}), kind), (status, name)


@pytest.mark.parametrize("code", [code for _, code in CASES if code not in {"NEW_CODE", 400, "what?"}])
def test_a_documented_code_is_a_refusal_by_itself(code):
    for status in TAKEN_AT_ITS_WORD:
        assert not isinstance(judge(status, {"code": code}), Unknown | Accepted)
        assert not isinstance(judge(status, {"success": "false", "code": code}), Unknown | Accepted)


@pytest.mark.parametrize("message", ["not_credit", "Error: NOT_CREDIT.", "NOT_CREDIT (no credit left)"])
def test_a_code_may_stand_in_a_sentence(message):
    assert isinstance(judge(200, {"success": False, "message": message}), AccountRefused)


@pytest.mark.parametrize("message", ["XNOT_CREDIT", "NOT_CREDITED", "MY_NOT_CREDIT", "10 numbers", "110", 1010, True])
def test_what_only_resembles_a_code_is_none(message):
    assert isinstance(judge(200, {"success": False, "message": message}), ChunkRefused)


def test_of_several_codes_the_accounts_comes_first_then_the_contents():
    refusal = {"success": False, "code": "DESTINATION_INVALID"}
    assert isinstance(judge(200, {**refusal, "message": "SENDER_INVALID"}), ContentRefused)
    assert isinstance(judge(200, {**refusal, "message": "SENDER_INVALID", "error": "NOT_CREDIT"}), AccountRefused)


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("body", [b"", b"<h1>404</h1>", b"[]", b"{}", b'{"error": "Not Found"}', b'{"success": null}'])
def test_404_and_405_without_a_refusal_are_a_wrong_address(status, body):
    verdict = judge(status, body)
    assert isinstance(verdict, AccountRefused)
    assert "base_url" in verdict.reason


@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        b"true",
        b'"NOT_CREDIT"',
        b'{"error": "Not Found"}',
        b'{"success": 0}',
        b'{"success": "false"}',
        b'{"success": false',
        b'{"success": false}}',
        b'{"success": false, "success": false}',
        b'{"success": false, "code": NaN}',
        b'{"success": false, "code": -Infinity}',
        b"\xff\xfe{\x00}\x00",
        b'{"success": false, "message": "\xe9"}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"success": true, "success": false, "campaignId": "c"}',
    ],
    ids=lambda body: str(body[:30]),
)
def test_an_answer_that_is_no_clear_word_is_unknown(status, body):
    assert isinstance(judge(status, body), Unknown)


def test_a_byte_order_mark_hurts_nothing():
    assert isinstance(judge(200, b"\xef\xbb\xbf" + json.dumps(DOCUMENTED).encode()), Accepted)


@pytest.mark.parametrize(
    "named",
    [
        {"campaignId": "c"},
        {"campaignId": 7},
        {"campaignId": {"id": 7}},
        {"campaignIds": [7]},
        {"campaign": {"id": 7}},
        {"idcampaign": 7},
        {"campaign_token": "t"},
        {"cost": 0.3},
        {"cost": 0},
        {"cost": "x"},
        {"totalCost": 1},
        {"cost_unity": 0.15},
        {"nbSms": 0},
        {"NB_SMS": 1},
        {"total_quantity": 2},
        {"delivered_quantity": 1},
        {"COSTUNITY": 0.15},
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 402, 403, 404, 405, 422, 429])
def test_a_refusal_that_names_a_campaign_a_cost_or_a_count_is_unknown(status, named):
    assert isinstance(judge(status, {"success": False, "code": "DESTINATION_INVALID", **named}), Unknown)
    assert isinstance(judge(status, {"success": False, "code": 10, "data": [named]}), Unknown)


@pytest.mark.parametrize("name", [b"campaignId", b"campaign_token", b"total_quantity"])
@pytest.mark.parametrize("status", [401, 404, 429])
def test_an_unreadable_refusal_that_names_a_campaign_is_unknown(status, name):
    assert isinstance(judge(status, b'{"success": false, "%s": "c", "%s": "c"}' % (name, name)), Unknown)


@pytest.mark.parametrize("other", ["account", "country", "error_count", "retryCount", "amount_due", "campaignName"])
def test_a_refusal_may_speak_of_anything_else(other):
    assert isinstance(judge(400, {"success": False, "code": "DESTINATION_INVALID", other: 3}), ChunkRefused)
    assert isinstance(judge(429, {"success": False, other: 3}), RateLimited)


def test_a_code_may_be_a_figure_with_a_point():
    assert isinstance(judge(200, b'{"success": false, "code": 10.0}'), AccountRefused)
    assert isinstance(judge(200, b'{"success": false, "code": 1e999999999}'), ChunkRefused)


@pytest.mark.parametrize(
    "empty", [{"campaignId": None}, {"campaignId": ""}, {"cost": None, "nbSms": None}, {"campaign": {"id": None}}]
)
def test_an_empty_name_names_nothing(empty):
    assert isinstance(judge(400, {"success": False, "code": "NOT_CREDIT", **empty}), AccountRefused)


def test_no_reason_repeats_the_key_or_a_number():
    key = Secret("topsecretkeyabcdef")
    texts = [key.open(), "33639980001", "06 39 98 00 01", f"bad key {key.open()}"]
    for text in texts:
        for status in [*TAKEN_AT_ITS_WORD, 401, 429, 500]:
            reason = judge(status, {"success": False, "code": text, "message": text}).reason
            assert key.open() not in reason
            assert "3998" not in reason.replace(" ", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["success", "code", "error", "message", "campaignId", "cost", "nbSms", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date", "x-ratelimit-reset"]), st.text(max_size=40)),
)
@example(status=200, body=json.dumps(DOCUMENTED).encode(), headers={})
def test_no_answer_is_too_odd_to_be_judged(status, body, headers):
    verdict = judge_answer(Answer(status=status, headers=headers, body=body, ended=Instant(NOW, 0.0, "boot")), SENT)
    if status >= 500 or status not in {200, 400, 401, 402, 403, 404, 405, 422, 429}:
        assert isinstance(verdict, Unknown)
    if isinstance(verdict, Accepted):
        said = json.loads(body)
        assert status == 200
        assert said["success"] is True
        assert str(said["campaignId"]).strip() == verdict.acceptance.provider_id
    if isinstance(verdict, ChunkRefused | ContentRefused | AccountRefused | RateLimited):
        assert b'"campaignId": "' not in body or b'"campaignId": ""' in body
