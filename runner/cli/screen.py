"""What `apply` shows: the plan, the progress, the report; as text, or as JSON Lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from runner.cli.context import Invocation
from runner.cli.plan import tell_warnings
from runner.model.events import Event, RunEnded, RunReport
from runner.model.plan import Plan
from runner.render.count import Tell
from runner.render.documents import write_line
from runner.render.events import event_document, plan_event
from runner.render.progress import open_progress
from runner.render.report import render_report
from runner.render.text import render_plan, say_blocked_before
from runner.sending.stop import Stop


class Screen:
    """The two ways of showing a run.

    `again` is the command that goes on with it, `resolve` what settles a chunk, `resume` what ends a stop by hand.
    """

    def __init__(self, invocation: Invocation, *, as_json: bool, again: str, resolve: str, resume: str) -> None:
        self.invocation = invocation
        self._as_json = as_json
        self._again = again
        self._resolve = resolve
        self._resume = resume

    def show_plan(self, plan: Plan, stop: Stop, *, blocked_before: int) -> None:
        """The plan that is asked about and carried out, as far as the limit of `stop` lets it be.

        `blocked_before` are the campaigns that a saved plan left out when it was made.
        """
        invocation = self.invocation
        if self._as_json:
            tell_warnings(invocation, plan)
            invocation.write(write_line(plan_event(plan)))
            if blocked_before:
                invocation.tell(say_blocked_before(blocked_before))
        else:
            text = render_plan(
                plan,
                width=invocation.width,
                color=invocation.color,
                most=stop.most(plan.recipients),
                blocked_before=blocked_before,
            )
            invocation.write(text)

    def has_bar(self, plan: Plan) -> bool:
        """Whether a bar shows the run, on a terminal."""
        invocation = self.invocation
        return not self._as_json and not invocation.quiet and bool(plan.sending) and invocation.moves(sys.stderr)

    @contextmanager
    def follow(self, stop: Stop, plan: Plan) -> Iterator[Tell]:
        """A listener for what the run tells: JSON Lines on stdout, else progress on stderr unless it is to be quiet."""
        invocation = self.invocation
        invocation.end()
        if self._as_json:
            yield self._write_event
        elif invocation.quiet or not plan.sending:
            yield _keep_silent
        else:
            with open_progress(
                sys.stderr,
                clock=stop.clock,
                zone=plan.timezone,
                is_stopping=lambda: stop.signalled,
                terminal=self.has_bar(plan),
                color=invocation.colors(sys.stderr),
                verbose=invocation.verbose,
            ) as tell:
                yield tell

    def show_report(self, report: RunReport) -> None:
        """What came of the run; in JSON it was the last event."""
        if not self._as_json:
            invocation = self.invocation
            text = render_report(
                report,
                width=invocation.width,
                color=invocation.color,
                again=self._again,
                resolve=self._resolve,
                resume=self._resume,
            )
            invocation.write(text)

    def show_unsent(self, report: RunReport) -> None:
        """What came of a run that sent nothing, as the last event; in text it is told as what ended it."""
        if self._as_json:
            self._write_event(RunEnded(at=report.ended_at, report=report))

    def _write_event(self, event: Event) -> None:
        self.invocation.write(write_line(event_document(event)))


def _keep_silent(_event: Event) -> None:
    """Nobody listens."""
