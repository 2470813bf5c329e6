"""Requests, time and cost as the plan promises them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Place
from runner.model.config import Account, Campaign, Content, Delivery, Kind, Limits, Prices
from runner.model.secret import Reference
from runner.plan.estimate import Price, count_requests, estimate_cost, estimate_seconds, find_price

ACCOUNT = Account(name="main", place=Place("campaigns.yaml"), api_key=Reference("${KEY}"))
CAMPAIGN = Campaign(
    name="recall",
    edition=None,
    file="campaigns/recall.yaml",
    place=Place("campaigns/recall.yaml"),
    account="main",
    content=Content(audio="5f2c8e6b", notify_email="ops@example.fr"),
    recipients=(),
)


@pytest.mark.parametrize(
    ("pending", "probes", "requests"),
    [
        (0, True, 0),
        (1, True, 1),
        (10, True, 1),
        (11, True, 2),
        (510, True, 2),
        (511, True, 3),
        (500, False, 1),
        (501, False, 2),
    ],
)
def test_requests_count_the_probe_of_a_content_that_was_not_accepted_before(
    pending: int, probes: bool, requests: int
) -> None:
    assert count_requests(pending, CAMPAIGN, ACCOUNT, probes=probes) == requests


def test_probe_0_asks_for_no_probe() -> None:
    assert count_requests(501, replace(CAMPAIGN, delivery=Delivery(probe=0)), ACCOUNT, probes=True) == 2


def test_the_provider_s_limit_of_people_a_request_holds_whatever_chunk_size_says() -> None:
    small = replace(ACCOUNT, limits=Limits(recipients_per_request=100))
    large = replace(CAMPAIGN, delivery=Delivery(chunk_size=500, probe=0))
    assert count_requests(300, large, small, probes=True) == 3


@pytest.mark.parametrize(("requests", "seconds"), [(0, 0), (1, 1), (5, 5), (6, 62), (10, 66), (11, 123)])
def test_time_is_that_of_one_request_at_a_time_at_the_full_rate(requests: int, seconds: int) -> None:
    assert estimate_seconds(requests, ACCOUNT) == seconds


@given(st.integers(1, 400), st.integers(1, 20), st.integers(1, 120))
def test_more_requests_never_take_less_time(requests: int, limit: int, per_s: int) -> None:
    paced = replace(ACCOUNT, limits=Limits(requests=limit, per=timedelta(seconds=per_s)))
    assert estimate_seconds(requests, paced) <= estimate_seconds(requests + 1, paced)


def test_prices_of_the_file_win_over_those_learnt_from_answers() -> None:
    told = replace(ACCOUNT, prices=Prices(mobile=Decimal("0.20"), currency="EUR"))
    price = find_price(told, (Decimal("0.15"), "EUR"))
    assert price is not None
    assert estimate_cost({Kind.MOBILE: 3}, price) == Decimal("0.60")
    assert find_price(ACCOUNT, (Decimal("0.15"), "EUR")) == Price(dict.fromkeys(Kind, Decimal("0.15")), "EUR")


def test_a_cost_is_not_known_when_one_kind_has_no_price() -> None:
    price = find_price(replace(ACCOUNT, prices=Prices(mobile=Decimal("0.15"))), None)
    assert estimate_cost({Kind.MOBILE: 3, Kind.FIXED: 1}, price) is None
    assert estimate_cost({Kind.MOBILE: 3, Kind.FIXED: 0}, price) == Decimal("0.45")
    assert estimate_cost({Kind.MOBILE: 1}, None) is None
    assert estimate_cost({}, None) == 0
