"""`campaign apply` as a process of a history carries it out: the command's steps, but for files and screen."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

from runner.audience.recipients import Pending, RowPlace
from runner.errors import Problem, ProblemsFound, StateUnavailable
from runner.model.config import Campaign
from runner.model.events import AccountStopped, CampaignStopped, ChunkAnswered, Event, Origin
from runner.model.ledger import ChunkRecord, ChunkStatus
from runner.model.plan import Action, CampaignPlan, Plan, Rows
from runner.plan.build import Planning
from runner.plan.content import keep_content
from runner.plan.desk import Desk, read_records
from runner.sending.chunk import Door
from runner.sending.queue import OpenAccount, open_accounts
from runner.sending.report import Tally, build_report
from runner.sending.run import Run
from runner.sending.stop import Stop
from runner.state.open import State
from simulation.doors import Hall
from simulation.judge import judge_account_stopped, judge_answered, judge_end, judge_stopped
from simulation.ledger import watch
from simulation.process import Process, ProcessClock

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Listed:
    """The people of a campaign that would be sent, in the order of its list."""

    numbers: array[int]

    def find_row(self, number: int) -> RowPlace:
        """Where the number stands."""
        return RowPlace("people.csv", "people.csv", self.numbers.index(number) + 1)


@dataclass(slots=True)
class Apply:
    """One `apply` under way."""

    process: Process
    state: State
    clock: ProcessClock

    def carry_out(self) -> None:
        """Take the locks, sweep, plan, send: in the order of the command."""
        process = self.process
        process.stop = Stop(self.clock, limit=process.limit)
        with ExitStack() as until_closed:
            doors = Hall(process, self.state, self.clock, until_closed).open_doors()
            self._sweep(doors)
            desk = self._build_desk()
            planning = self._plan(desk, {door.account.name for door in doors})
            process.step("before it is approved")
            self._send(desk, doors, planning, process.stop)

    def _sweep(self, doors: Sequence[Door]) -> None:
        ledger = self.state.ledger
        swept = [chunk for door in doors for chunk in ledger.sweep(door.held, self.clock)]
        for chunk in (*swept, *ledger.sweep_dead(self.clock)):
            self.process.world.counts["unknowns"] += 1
            self.process.tell(f"finds {self.process.world.name_chunk(chunk)}, which a dead run left")

    def _build_desk(self) -> Desk:
        return Desk(
            project=self.process.project,
            state=self.state,
            records=read_records(self.state),
            exposed={},
            now=self.clock.now(),
            runner_version=VERSION,
        )

    def _plan(self, desk: Desk, accounts: set[str]) -> Planning:
        """Who would be reached: the list, less exclusions, less whom the ledger holds or knows as refused."""
        process = self.process
        process.turned_s = process.world.machine.now_s
        process.records_seen, process.released_seen = len(process.world.records), len(process.world.released)
        process.refused_seen = frozenset(process.world.laws.read_refused())
        audiences, planned = {}, []
        for campaign in sorted(desk.project.campaigns, key=lambda c: (-c.delivery.priority, c.label)):
            numbers = self._find_pending(campaign, accounts)
            if numbers:
                process.planned[campaign.label] = numbers
                audiences[campaign.label] = cast("Pending", Listed(array("Q", numbers)))
                planned.append(_plan_campaign(campaign, len(numbers)))
                process.tell(f"plans {len(numbers)} people of {campaign.label} with {campaign.content.audio}")
        plan = Plan(
            created_at=desk.now,
            runner_version=VERSION,
            plan_id="plan",
            meaning="",
            state_id=self.state.id,
            campaigns=tuple(planned),
        )
        return Planning(plan, audiences)

    def _find_pending(self, campaign: Campaign, accounts: set[str]) -> list[int]:
        process, world = self.process, self.process.world
        if campaign.name not in process.selected or campaign.account not in accounts or not world.files.readable:
            return []
        digest = keep_content(campaign.content, self.state.pseudonyms).digest
        pages = self.state.ledger.read_people(campaign.name, campaign.edition, digest)
        known = {page[at : at + 16] for _, page in pages for at in range(0, len(page), 16)}
        wanted = world.files.find_campaign(campaign.name).wanted
        return [number for number in wanted if world.pseudonyms[number] not in known]

    def _send(self, desk: Desk, doors: Sequence[Door], planning: Planning, stop: Stop) -> None:
        process, tally = self.process, Tally(self.clock.now())
        accounts = open_accounts(doors, planning, desk)
        self._reread_from_history(accounts)

        def tell(event: Event) -> None:
            tally.note(event)
            self._follow(event)

        ending = Run(accounts, clock=self.clock, stop=stop, tell=tell).carry_out()
        report = build_report(
            accounts,
            origin=Origin(run=process.name, actor="ops"),
            plan=planning.plan,
            tally=tally,
            ending=ending,
            unknown=self._find_unknown(),
            stops=(),
            ended_at=self.clock.now(),
        )
        process.tell(f"ends: {ending}, exit code {report.exit_code}")
        judge_end(process.world, process, accounts, report)

    def _reread_from_history(self, accounts: Sequence[OpenAccount]) -> None:
        """Exclusions that are read again are those of the history's files at that moment."""
        for queue in (queue for account in accounts for queue in account.queues):
            queue.reread_excluded = self._reread(queue.campaign)

    def _reread(self, campaign: Campaign) -> Callable[[], frozenset[int]]:
        def reread() -> frozenset[int]:
            files = self.process.world.files
            if not files.readable:
                raise ProblemsFound((Problem("source-unreadable", "exclusions can't be read"),))
            return frozenset(files.find_campaign(campaign.name).excluded_at_s)

        return reread

    def _follow(self, event: Event) -> None:
        process, world = self.process, self.process.world
        match event:
            case ChunkAnswered():
                reason = f": {event.reason}" if event.reason else ""
                process.tell(f"{world.name_chunk(event.chunk)} is {event.status}{reason}")
                world.counts["refusals"] += event.status is ChunkStatus.REJECTED
                world.counts["unknowns"] += event.status is ChunkStatus.UNKNOWN
                judge_answered(process, event)
            case CampaignStopped():
                process.tell(f"stops {event.label}: {event.reason}")
                judge_stopped(world, process, event)
            case AccountStopped():
                process.tell(f"stops {event.account}: {event.reason}")
                judge_account_stopped(world, process, event)
            case _:
                pass

    def _find_unknown(self) -> tuple[ChunkRecord, ...]:
        try:
            unknown = self.state.ledger.chunks(statuses={ChunkStatus.UNKNOWN})
        except StateUnavailable:
            return ()
        return tuple(chunk for chunk in unknown if chunk.name in self.process.selected)


def begin(process: Process) -> Callable[[State], None]:
    """What the place of this process is to run."""

    def job(state: State) -> None:
        process.live(Apply(process, watch(state, process), ProcessClock(process)).carry_out)

    return job


def _plan_campaign(campaign: Campaign, pending: int) -> CampaignPlan:
    return CampaignPlan(
        name=campaign.name,
        edition=campaign.edition,
        file=campaign.file,
        account=campaign.account,
        action=Action.SEND,
        rows=Rows(listed=pending, pending=pending),
    )
