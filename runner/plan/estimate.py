"""How many requests a campaign needs, how long they take at the provider's limit, and what they cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil

from runner.model.config import Account, Campaign, Kind
from runner.model.plan import Lane

ANSWER_TIME = timedelta(seconds=1)
"""What one request is taken to last from its first byte to its answer, until the provider shows otherwise."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one message costs, by kind of line; a kind that is missing has no known price."""

    by_kind: Mapping[Kind, Decimal]
    currency: str


def find_price(account: Account | None, learnt: tuple[Decimal, str] | None) -> Price | None:
    """The account's prices as its file says them, else what its newest accepted answer cost a message.

    An account that no file names any more is None.
    """
    if account is not None and account.prices is not None:
        known = {kind: price for kind in Kind if (price := account.prices.of(kind)) is not None}
        return Price(known, account.prices.currency)
    if learnt is None:
        return None
    amount, currency = learnt
    return Price(dict.fromkeys(Kind, amount), currency)


def estimate_cost(pending_by_kind: Mapping[Kind, int], price: Price | None) -> Decimal | None:
    """What the pending recipients would cost; None where the price of one of their kinds is not known."""
    cost = Decimal(0)
    for kind, people in pending_by_kind.items():
        if people == 0:
            continue
        if price is None or kind not in price.by_kind:
            return None
        cost += people * price.by_kind[kind]
    return cost


def estimate_people(people: int, kinds: Collection[Kind] | None, price: Price | None) -> Decimal | None:
    """What so many people cost who have lines of these kinds, or of any where that is None.

    None where that depends on which of them have which, or where a price is not known.
    """
    if people == 0:
        return Decimal(0)
    if price is None or not set(kinds or ()) <= set(price.by_kind):
        return None
    prices = {price.by_kind[kind] for kind in kinds or price.by_kind}
    return people * prices.pop() if len(prices) == 1 else None


def chunk_size(campaign: Campaign, account: Account) -> int:
    """The most people that one request of this campaign may reach."""
    return min(campaign.delivery.chunk_size, account.limits.recipients_per_request)


def count_requests(pending: int, campaign: Campaign, account: Account, *, probes: bool) -> int:
    """How many requests `pending` recipients take, the probe included where the content was not accepted before."""
    size = chunk_size(campaign, account)
    probe = min(campaign.delivery.probe, size, pending) if probes else 0
    return (1 if probe else 0) + ceil((pending - probe) / size)


def lay_lane(account: Account) -> Lane:
    """How the account's requests follow one another when at most `limits.requests` may arrive in any `limits.per`.

    With R requests in any window P and an answer time L, the N-th request's answer comes no sooner than
    ⌊(N - 1) / R⌋ · (P + L) + ((N - 1) mod R + 1) · L after the first one left, and no sooner than N · L.
    """
    return Lane(
        account=account.name,
        timezone=account.timezone,
        requests=account.limits.requests,
        turn=(account.limits.per + ANSWER_TIME).total_seconds(),
        answer=ANSWER_TIME.total_seconds(),
    )


def estimate_seconds(requests: int, account: Account) -> int:
    """The time that `requests` of this account take one after another, in whole seconds."""
    return ceil(lay_lane(account).lasts(requests).total_seconds())
