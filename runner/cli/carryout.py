"""What `campaign apply` does: plan, show, ask, send; signals become a stop."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import IO

import click

from runner.cli.context import Invocation
from runner.cli.desks import build_desk, spell_resolve, spell_resume
from runner.cli.doors import Hall, used_accounts
from runner.cli.orders import Order
from runner.cli.origin import find_origin
from runner.cli.screen import Screen
from runner.cli.signals import Interrupted, fold, hold_to, stopping
from runner.cli.states import open_for_reading, open_for_recording
from runner.errors import RunnerError, StateRefused, StateUnavailable
from runner.model.clock import SystemClock
from runner.model.events import Ending, Event, RunEnded, RunStarted
from runner.model.ledger import IN_DOUBT, ChunkRecord, ChunkStatus
from runner.model.names import HandStop
from runner.model.plan import Plan
from runner.plan.build import Planning, build_plan
from runner.plan.desk import Desk
from runner.plan.formers import rename_formers
from runner.plan.selection import Selection
from runner.render.page import Page
from runner.render.words import render_costs, render_count, render_people
from runner.sending.chunk import Door, Tell
from runner.sending.queue import OpenAccount, open_accounts
from runner.sending.report import Tally, build_report, report_nothing_sent
from runner.sending.run import Run
from runner.sending.stop import Stop
from runner.state.open import State


class NotConfirmed(RunnerError):
    """Nobody typed yes."""

    code = "not-confirmed"


def carry_out(
    invocation: Invocation,
    order: Order,
    stop: Stop,
    *,
    as_json: bool,
    auto_approve: bool,
    lock_timeout: timedelta,
    sandbox: bool,
) -> int:
    """Plan what was ordered, show it, ask, and send it until it is done or `stop` says so; the exit code."""
    resolve, resume = spell_resolve(invocation, sandbox=sandbox), spell_resume(invocation)
    screen = Screen(invocation, as_json=as_json, again=order.again, resolve=resolve, resume=resume)
    begun = _Begun()
    with ExitStack() as until_closed:
        try:
            state = begun.state = until_closed.enter_context(_open_state(invocation, order, sandbox=sandbox))
            order.refuse_change(state, stop.clock.now())
            hall = Hall(invocation, order.project.root, state, stop.clock, sandbox=sandbox, until_closed=until_closed)
            accounts = used_accounts(order.project, order.selection, stop.clock.now())
            doors, closed = hall.open_doors(accounts, lock_timeout)
            _sweep(state, doors, invocation)
            # Whoever held the locks until now may have carried out another plan.
            order.refuse_change(state, stop.clock.now())
            desk = build_desk(invocation, order.project, state, sandbox=sandbox)
            desk = replace(desk, closed=closed, approval=order.approval)
            planning = build_plan(desk, order.selection, keep_pending=True)
            begun.plan = planning.plan
            screen.show_plan(planning.plan, stop, blocked_before=order.blocked_before)
            if planning.plan.sending and not auto_approve and order.plan_file is None:
                _ask(planning.plan, stop, invocation)
            invocation.begin("preparing to send")
            _record_intent(desk, planning, order.selection, stop, screen)
            return _send(desk, open_accounts(doors, planning, desk), planning, order.selection, stop, screen)
        except NotConfirmed as declined:
            declined.exit_code = _report_unsent(begun, order, stop, screen, Ending.DECLINED, declined.exit_code)
            raise
        except Interrupted as ended:
            again = fold(f"interrupted before anything was sent; `{order.again}` begins again", invocation.width)
            invocation.warn(again)
            return _report_unsent(begun, order, stop, screen, Ending.SIGNAL, ended.exit_code)


def _open_state(invocation: Invocation, order: Order, *, sandbox: bool) -> State:
    """The state to record in; where a saved plan is carried out, the one that is there, and never a new one."""
    if order.plan_file is not None:
        known = open_for_reading(invocation, order.project, sandbox=sandbox)
        if known is None:
            raise order.plan_file.tell_lost()
        known.close()
    return open_for_recording(invocation, order.project, sandbox=sandbox)


def _sweep(state: State, doors: tuple[Door, ...], invocation: Invocation) -> None:
    """Chunks that a dead run left as `sending` become `unknown` before anything is planned, whatever their account."""
    swept = [chunk for door in doors for chunk in state.ledger.sweep(door.held, door.clock)]
    for chunk in (*swept, *state.ledger.sweep_dead(SystemClock())):
        invocation.warn(f"chunk {chunk} was under way when its run died: it is unknown now")


@dataclass(slots=True)
class _Begun:
    """What there is of a run before it sends."""

    state: State | None = None
    plan: Plan | None = None


def _report_unsent(begun: _Begun, order: Order, stop: Stop, screen: Screen, ending: Ending, exit_code: int) -> int:
    """Let whoever reads events learn how a run ended that sent nothing; its exit code, where `exit_code` is usual."""
    hold_to(exit_code)
    left = _read_left(begun.state, order.selection)
    if left.unread is not None:
        screen.invocation.warn(left.unread.message)
        exit_code = left.unread.exit_code
    elif ending is Ending.SIGNAL and left.unknown:
        exit_code = 3
    report = report_nothing_sent(
        begun.plan,
        origin=find_origin(screen.invocation, order.project.root),
        ending=ending,
        exit_code=exit_code,
        at=stop.clock.now(),
        unknown=left.unknown or (),
    )
    hold_to(exit_code)
    screen.show_unsent(report)
    return exit_code


def _ask(plan: Plan, stop: Stop, invocation: Invocation) -> None:
    """Raise NotConfirmed unless `yes` is typed, and nothing else; what was typed before the question is no answer."""
    question = Page(width=invocation.width, color=False)
    question.write(f"{_say_what_is_sent(plan, stop)} It can't be taken back.")
    invocation.warn(f"\n{question.text}")
    click.echo("Only `yes` sends it: ", err=True, nl=False)
    answer = ""
    if sys.stdin is not None:
        _forget_typed_ahead(sys.stdin)
        answer = sys.stdin.readline()
    if not answer:
        invocation.warn("")
        raise NotConfirmed("nobody answered, so nothing was sent", hint="`--auto-approve` sends without asking")
    if answer.rstrip("\r\n") != "yes":
        raise NotConfirmed("not confirmed: nothing was sent")


def _say_what_is_sent(plan: Plan, stop: Stop) -> str:
    most = stop.most(plan.recipients)
    if most < plan.recipients:
        return f"This reaches at most {render_people(most)} of {plan.recipients:,} now."
    cost = f" for {render_costs(plan.estimated_costs)}" if plan.estimated_costs else ""
    return f"This reaches {render_people(plan.recipients)} with {render_count(plan.requests, 'request')}{cost}."


def _forget_typed_ahead(stream: IO[str]) -> None:
    if stream.isatty() and sys.platform != "win32":
        import termios

        termios.tcflush(stream, termios.TCIFLUSH)


def _send(
    desk: Desk,
    accounts: Sequence[OpenAccount],
    planning: Planning,
    selection: Selection,
    stop: Stop,
    screen: Screen,
) -> int:
    origin = find_origin(screen.invocation, desk.project.root)
    plan, clock = planning.plan, stop.clock
    tally = Tally(clock.now())
    with (
        screen.follow(stop, plan) as show,
        stopping(stop, aloud=not screen.has_bar(plan), width=screen.invocation.width),
    ):
        tell = _count_and_show(tally, show, stop, screen)
        tell(_announce(plan, stop, tally.started_at))
        run = Run(accounts, clock=clock, stop=stop, tell=tell)
        ending = run.carry_out()
        left = _read_left(desk.state, selection, tally.unknown)
        report = build_report(
            accounts,
            origin=origin,
            plan=plan,
            tally=tally,
            ending=ending if left.unread is None else run.end_unread(left.unread),
            unknown=left.unknown,
            stops=left.stops,
            ended_at=clock.now(),
        )
        hold_to(report.exit_code)
        tell(RunEnded(at=report.ended_at, report=report))
    # Nobody may read it any more, and what came of the run is true all the same.
    with suppress(BrokenPipeError):
        screen.show_report(report)
    return report.exit_code


def _count_and_show(tally: Tally, show: Tell, stop: Stop, screen: Screen) -> Tell:
    def tell(event: Event) -> None:
        tally.note(event)
        try:
            show(event)
        except BrokenPipeError:
            screen.invocation.warn("nobody reads the events any more: no further request starts")
            stop.signalled = True

    return tell


def _record_intent(desk: Desk, planning: Planning, selection: Selection, stop: Stop, screen: Screen) -> None:
    """What outlives the run though it may send nothing: new names, for ever and so not before yes, and measures.

    Queues ask the ledger by the new names, for what was heard and refused under the former ones.
    """
    if desk.state is None:
        return
    for renamed in rename_formers(desk.project, selection, desk.state):
        screen.invocation.warn(renamed)
    desk.state.ledger.note_measures(planning.measures, stop.clock)


def _announce(plan: Plan, stop: Stop, at: datetime) -> RunStarted:
    labels = tuple(campaign.label for campaign in plan.sending)
    finishes_at = at + timedelta(seconds=plan.estimated_seconds) if labels else None
    return RunStarted(
        at=at, people=stop.most(plan.recipients), requests=plan.requests, campaigns=labels, finishes_at=finishes_at
    )


@dataclass(frozen=True, slots=True)
class _Left:
    """What the ledger holds when a run ends, or `unread`: why that can't be read.

    `unknown` are chunks of the campaigns that the run is about, whichever run left them, or None where they can't be
    read; `stops` is what is stopped by hand, be it since the run began.
    """

    unknown: tuple[ChunkRecord, ...] | None = ()
    stops: tuple[HandStop, ...] = ()
    unread: RunnerError | None = None


def _read_left(state: State | None, selection: Selection, doubtful: Collection[str] = ()) -> _Left:
    """`doubtful` are the run's own chunks in doubt, of which the ledger may not have learnt."""
    if state is None:
        return _Left()
    try:
        chunks = (chunk for chunk in state.ledger.chunks(statuses=IN_DOUBT) if selection.includes(chunk))
        unknown = (chunk for chunk in chunks if chunk.status is ChunkStatus.UNKNOWN or chunk.chunk in doubtful)
        return _Left(tuple(unknown), state.ledger.stops())
    except (StateUnavailable, StateRefused) as error:
        # The report must come out all the same.
        return _Left(unknown=None, unread=error)
