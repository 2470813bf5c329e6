"""What came of a run, counted from what it told and from the queues that it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from runner.model.events import ChunkAnswered, Ending, Event, Origin, RunReport
from runner.model.ledger import ChunkRecord, ChunkStatus
from runner.model.names import HandStop, Named
from runner.model.plan import Plan
from runner.sending.queue import OpenAccount, Queue

ON_PURPOSE = frozenset({Ending.LIMIT, Ending.DEADLINE, Ending.SIGNAL})


@dataclass(slots=True)
class Tally:
    """Counts what a run tells, which began to send at `started_at`; `unknown` counts people by chunk in doubt."""

    started_at: datetime
    reached: int = 0
    cost_unknown: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    chunks: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, int] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Count this event."""
        if not isinstance(event, ChunkAnswered):
            return
        self.chunks[event.status] += 1
        if event.status is ChunkStatus.UNKNOWN:
            self.unknown[event.chunk] = event.recipients
        if event.status is not ChunkStatus.ACCEPTED:
            return
        self.reached += event.recipients
        if event.cost is None or event.currency is None:
            self.cost_unknown += event.recipients
        else:
            self.costs[event.currency] = self.costs.get(event.currency, Decimal(0)) + event.cost


def build_report(
    accounts: Sequence[OpenAccount],
    *,
    origin: Origin,
    plan: Plan,
    tally: Tally,
    ending: Ending,
    unknown: Sequence[ChunkRecord] | None,
    stops: Sequence[HandStop],
    ended_at: datetime,
) -> RunReport:
    """The report of a run.

    `unknown` are the chunks that wait for `campaign resolve`, whichever run left them, or None where they can't be
    read: then the run's own are told. `stops` is what is stopped by hand.
    """
    doubtful = tally.unknown if unknown is None else {record.chunk: record.recipients for record in unknown}
    queues = [queue for account in accounts for queue in account.queues]
    blocked = _list_blocked(plan)
    return RunReport(
        origin=origin,
        ending=ending,
        exit_code=_choose_exit_code(accounts, ending, blocked=bool(blocked), unknown=bool(doubtful)),
        started_at=tally.started_at,
        ended_at=ended_at,
        reached=tally.reached,
        requests=tally.chunks.total(),
        chunks=dict(sorted(tally.chunks.items())),
        costs=dict(sorted(tally.costs.items())),
        cost_unknown=tally.cost_unknown,
        pending=sum(queue.parts.left for queue in queues),
        refused=sum(queue.parts.refused for queue in queues),
        unknown_chunks=tuple(doubtful),
        unknown_people=sum(doubtful.values()),
        blocked=blocked,
        stopped={queue.label: queue.stopped for queue in queues if queue.stopped is not None},
        accounts_stopped={account.name: account.stopped for account in accounts if account.stopped is not None},
        hand_stops=_find_hand_stops(queues, plan, stops),
    )


def report_nothing_sent(
    plan: Plan | None,
    *,
    origin: Origin,
    ending: Ending,
    exit_code: int,
    at: datetime,
    unknown: Sequence[ChunkRecord],
) -> RunReport:
    """The report of a run that ended before it began to send: at the question whether it should, or without a plan."""
    return RunReport(
        origin=origin,
        ending=ending,
        exit_code=exit_code,
        started_at=at,
        ended_at=at,
        pending=None if plan is None else plan.recipients,
        unknown_chunks=tuple(record.chunk for record in unknown),
        unknown_people=sum(record.recipients for record in unknown),
        blocked={} if plan is None else _list_blocked(plan),
    )


def _list_blocked(plan: Plan) -> dict[str, str]:
    return {c.label: c.obstacle.message if c.obstacle else "" for c in plan.blocked}


def _find_hand_stops(queues: Sequence[Queue], plan: Plan, stops: Sequence[HandStop]) -> tuple[HandStop, ...]:
    """Those of `stops` that keep what this run left from being sent."""
    held: list[Named] = [*(queue.campaign for queue in queues if queue.stopped is not None), *plan.blocked]
    return tuple(stop for stop in stops if any(map(stop.covers, held)))


def _choose_exit_code(accounts: Sequence[OpenAccount], ending: Ending, *, blocked: bool, unknown: bool) -> int:
    """The first of 1, 3, 2, 0 that holds."""
    codes = {account.exit_code for account in accounts}
    codes |= {queue.exit_code for account in accounts for queue in account.queues}
    pending = any(queue.parts.pending for account in accounts for queue in account.queues)
    if blocked or 1 in codes:
        return 1
    if unknown or 3 in codes:
        return 3
    return 2 if 2 in codes or (ending in ON_PURPOSE and pending) else 0
