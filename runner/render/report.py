"""What came of a run as text: what was reached, what is left, and the complete next steps."""

from __future__ import annotations

from runner.model.events import Ending, RunReport
from runner.render.page import Page, Style, tidy
from runner.render.problems import printable
from runner.render.words import (
    render_costs,
    render_count,
    render_duration,
    render_people,
    render_reached,
    spell_settlement,
)

ENDINGS = {
    Ending.DONE: "Done",
    Ending.LIMIT: "Stopped at the limit",
    Ending.DEADLINE: "Stopped at the deadline",
    Ending.SIGNAL: "Stopped by a signal",
    Ending.STOPPED: "Stopped",
}


def render_report(
    report: RunReport,
    *,
    width: int = 80,
    color: bool = False,
    again: str | None = None,
    resolve: str = "campaign resolve",
    resume: str = "campaign resume",
) -> str:
    """A report as text of `width` columns.

    `again` is the complete command that goes on, where something is left; `resolve` is how the user calls
    `campaign resolve` for this state, `resume` how they call `campaign resume`.
    """
    page = Page(width=width, color=color)
    _write_head(report, page)
    for label, reason in report.blocked.items():
        page.write(f"! {printable(label)} is blocked: {tidy(reason)}", hang=2, style=Style.LOUD)
    for label, reason in report.stopped.items():
        page.write(f"! {printable(label)} stopped: {tidy(reason)}", hang=2, style=Style.LOUD)
    for account, reason in report.accounts_stopped.items():
        page.write(f"! account {printable(account)} stopped: {tidy(reason)}", hang=2, style=Style.LOUD)
    if report.refused:
        page.write(
            f"{render_people(report.refused)} refused by the provider: `campaign recipients NAME --dropped` shows the "
            "rows. They are not tried again with the same content."
        )
    _write_unknown(report, page, resolve)
    _write_next_steps(report, page, again=again, resume=resume)
    return page.text


def _write_head(report: RunReport, page: Page) -> None:
    seconds = (report.ended_at - report.started_at).total_seconds()
    requests = render_count(report.requests, "request")
    cost = f", for {render_costs(report.costs)}" if report.costs else ""
    if report.cost_unknown:
        cost += f" (cost not told for {render_people(report.cost_unknown)})"
    done = "nothing was sent"
    if report.requests:
        done = f"{render_people(report.reached)} reached in {requests}{cost}, in {render_duration(seconds)}"
    good = report.exit_code == 0
    page.write(f"{ENDINGS[report.ending]}: {done}.", style=Style.GOOD if good else Style.BOLD)


def _write_unknown(report: RunReport, page: Page, resolve: str) -> None:
    if not report.unknown_chunks:
        return
    verb = "is" if len(report.unknown_chunks) == 1 else "are"
    reached = render_reached(report.unknown_people)
    page.write(
        f"{render_count(len(report.unknown_chunks), 'chunk')} {verb} unknown: nobody knows whether {reached}. "
        "Look into the provider's list of campaigns, then settle each by one of:",
        style=Style.LOUD,
    )
    for chunk in report.unknown_chunks:
        for command in spell_settlement(chunk, resolve):
            page.keep(command, indent=2)


def _write_next_steps(report: RunReport, page: Page, *, again: str | None, resume: str) -> None:
    """How to go on: what was stopped by hand is resumed first, without which it would be blocked."""
    steps = [tidy(stop.spell_resume(resume)) for stop in report.hand_stops]
    if report.pending and again is not None:
        steps.append(again)
    if not steps:
        return
    pending = f"{render_people(report.pending)} pending. " if report.pending else ""
    mended = ", once what stopped it is mended" if report.accounts_stopped and report.exit_code == 1 else ""
    page.write(f"{pending}Next step{'s' if len(steps) > 1 else ''}{mended}:")
    for step in steps:
        page.keep(page.paint(step, Style.BOLD), indent=2)
