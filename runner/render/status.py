"""What the ledger knows as text: chunks in doubt first, each with what settles it, then campaigns, then days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.ledger import ChunkRecord, ChunkStatus
from runner.model.status import CampaignStatus, DayStatus, Status
from runner.render.page import Page, Style, tidy
from runner.render.problems import printable
from runner.render.words import (
    render_costs,
    render_count,
    render_local,
    render_money,
    render_people,
    render_reached,
    render_second,
    spell_settlement,
)

HELD = ("accepted", "unknown", "sending", "refused")
LATEST = 14
"""Days that are shown one by one; those before them are counted."""


def render_status(
    status: Status,
    *,
    width: int = 80,
    color: bool = False,
    resolve: str = "campaign resolve",
    resume: str = "campaign resume",
) -> str:
    """The status as text of `width` columns.

    `resolve` is how the user calls `campaign resolve` for this state, `resume` how they call `campaign resume`.
    """
    page = Page(width=width, color=color)
    for stop in status.stops:
        page.write(f"! {tidy(stop.describe())}; this lets it go on:", hang=2, style=Style.LOUD)
        page.keep(page.paint(tidy(stop.spell_resume(resume)), Style.BOLD), indent=6)
    _write_head(status, page)
    for chunk in status.in_doubt:
        page.skip()
        _write_doubt(chunk, status, page, resolve)
    for chunk in status.counted_fewer:
        page.skip()
        _write_counted(chunk, page)
    for campaign in status.campaigns:
        page.skip()
        _write_campaign(campaign, status, page)
    _write_days(status, page)
    return page.text


def _write_head(status: Status, page: Page) -> None:
    if not status.campaigns and status.others:
        page.write("The ledger knows nothing of what was asked for; it knows other campaigns.", style=Style.BOLD)
        return
    if not status.campaigns:
        page.write("The ledger is empty: nothing was ever sent from here.", style=Style.BOLD)
        return
    cost = f" for {render_costs(status.costs)}" if status.costs else ""
    page.write(f"{_say_deliveries(status)}{cost}{_say_estimate(status)}.", style=Style.BOLD)
    if status.is_rehearsal:
        page.write("This is the ledger of the sandbox: it was a rehearsal, and nobody was reached.", style=Style.CARE)
    unknown = status.unknown
    if unknown:
        reached = render_reached(sum(chunk.recipients for chunk in unknown))
        verb = "is" if len(unknown) == 1 else "are"
        page.write(
            f"{render_count(len(unknown), 'chunk')} {verb} unknown: nobody knows whether {reached}.",
            style=Style.LOUD,
        )
    if status.adopted:
        verb = "was" if status.adopted == 1 else "were"
        page.write(f"{render_people(status.adopted)} {verb} adopted: something else reached them.")
    if status.last_activity is not None:
        page.write(f"Last activity {render_local(status.last_activity, status.timezone)}.")


def _say_deliveries(status: Status) -> str:
    """Whom campaigns reached; of several campaigns it is no number of people, who may be in more than one."""
    campaigns = render_count(len(status.campaigns), "campaign")
    if len(status.campaigns) == 1:
        return f"{campaigns} reached {render_people(status.deliveries)}"
    return f"{campaigns} made {render_count(status.deliveries, 'delivery', 'deliveries')}"


def _say_estimate(status: Status) -> str:
    """The sum of the estimates, with how many people it is about where no price is known for the others."""
    if not status.estimated_costs:
        return ""
    estimate = f"; {render_costs(status.estimated_costs)} estimated"
    if not status.estimate_unknown:
        return estimate
    known = status.sent_to - status.estimate_unknown
    return f"{estimate} for {known:,} of {render_people(status.sent_to)}"


def _write_doubt(chunk: ChunkRecord, status: Status, page: Page, resolve: str) -> None:
    probe = ", a probe" if chunk.probe else ""
    # Several chunks leave within a minute, and this is how the provider's list tells them apart.
    recorded = render_second(chunk.recorded_at, status.timezone)
    page.keep(page.paint(f"! chunk {chunk.chunk} is {chunk.status}", Style.LOUD))
    page.write(f"{printable(chunk.label)}: {render_people(chunk.recipients)}{probe}, recorded {recorded}", indent=4)
    if chunk.reason:
        page.write(tidy(chunk.reason), indent=4)
    if chunk.chunk in status.overdue:
        page.write(
            "it can't be sent any more; its run may still be there: the next `campaign apply` makes it unknown, and "
            "you may settle it now",
            indent=4,
        )
    if not status.can_settle(chunk):
        page.write("being sent now; or its process died, and the next `campaign apply` finds that out", indent=4)
        return
    accepted, not_sent = spell_settlement(chunk.chunk, resolve)
    page.write("look into the provider's list of campaigns; if this one is there:", indent=4)
    page.keep(page.paint(accepted, Style.BOLD), indent=6)
    page.write("if it is not:", indent=4)
    page.keep(page.paint(not_sent, Style.BOLD), indent=6)


def _write_counted(chunk: ChunkRecord, page: Page) -> None:
    page.write(f"! chunk {chunk.chunk} of {printable(chunk.label)}", style=Style.CARE)
    page.write(
        f"the provider accepted it and counted {chunk.counted} of its {render_people(chunk.recipients)}", indent=4
    )


def _write_campaign(campaign: CampaignStatus, status: Status, page: Page) -> None:
    record = campaign.record
    page.write(f"{printable(record.label)}, account {printable(record.account)}", style=Style.BOLD)
    page.write(f"people: {_say_people(record.people, record.adopted)}", indent=4, hang=2)
    page.write(f"chunks: {_say_counts(record.chunks, tuple(ChunkStatus))}", indent=4, hang=2)
    page.write(f"cost: {_say_cost(campaign)}", indent=4, hang=2)
    first, last = (render_local(at, status.timezone) for at in (record.first_activity, record.last_activity))
    page.write(f"first activity {first}, last {last}", indent=4, hang=2)


def _say_people(people: Mapping[str, int], adopted: int) -> str:
    """`600 accepted (400 adopted), 10 unknown`."""
    parts = [f"{people[name]:,} {name}" for name in HELD if people.get(name)]
    if adopted:
        parts[0] += f" ({adopted:,} adopted)"
    return ", ".join(parts) or "none"


def _say_cost(campaign: CampaignStatus) -> str:
    parts = [render_costs(campaign.record.costs) or "none told"]
    if campaign.cost_unknown:
        parts.append(f"not known for {render_people(campaign.cost_unknown)}")
    if campaign.estimated_cost:
        estimate = render_money(campaign.estimated_cost, campaign.currency)
        parts.append(f"{estimate} estimated for {render_people(campaign.sent_to)}")
    return "; ".join(parts)


def _write_days(status: Status, page: Page) -> None:
    if not status.days:
        return
    page.skip()
    page.write(f"by day ({status.timezone})", style=Style.BOLD)
    earlier = len(status.days) - LATEST
    if earlier > 0:
        page.write(f"{render_count(earlier, 'earlier day')}: `--format json` has them all", indent=4)
    rows = [("day", "people", "chunks", "cost"), *(_say_day(day) for day in status.days[-LATEST:])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + 4 + 2 * (len(widths) - 1) > page.width:
        for day, people, chunks, cost in rows[1:]:
            page.write(f"{day}  people: {people}; chunks: {chunks}; cost: {cost or 'none told'}", indent=4, hang=2)
        return
    for day, people, chunks, cost in rows:
        cells = (day.ljust(widths[0]), people.ljust(widths[1]), chunks.ljust(widths[2]), cost.rjust(widths[3]))
        page.keep("  ".join(cells), indent=4)


def _say_day(day: DayStatus) -> tuple[str, str, str, str]:
    """A day's cells: when, people, chunks, cost."""
    people, chunks = _say_people(day.people, day.adopted), _say_counts(day.chunks, tuple(ChunkStatus))
    return str(day.day), people, chunks, render_costs(day.costs)


def _say_counts(counts: Mapping[str, int], order: Sequence[str]) -> str:
    return ", ".join(f"{counts[name]:,} {name}" for name in order if counts.get(name)) or "none"


def render_contacts(
    masked: str, chunks: Sequence[ChunkRecord], *, timezone: str, width: int = 80, color: bool = False
) -> str:
    """Every campaign that reached, or may have reached, this person; `masked` is their number as it may be shown."""
    page = Page(width=width, color=color)
    if not chunks:
        page.write(f"No campaign reached {masked}.", style=Style.BOLD)
        return page.text
    page.write(f"{masked} is in {render_count(len(chunks), 'chunk')}:", style=Style.BOLD)
    for chunk in chunks:
        page.skip()
        page.write(f"{printable(chunk.label)}: {_say_reached(chunk, render_local(chunk.recorded_at, timezone))}")
        page.keep(f"chunk {chunk.chunk}", indent=4)
        page.write(f"account {printable(chunk.account)}{_say_provider_id(chunk)}", indent=4)
        if chunk.reason is not None:
            page.write(tidy(chunk.reason), indent=4)
    return page.text


def _say_reached(chunk: ChunkRecord, recorded: str) -> str:
    """Whether the person was reached, and when; of adopted people it is not known when something else did."""
    if chunk.adopted:
        return f"adopted {recorded}: reached earlier, by something else"
    reached = "reached" if chunk.status is ChunkStatus.ACCEPTED else f"{chunk.status}: perhaps reached"
    return f"{reached} {recorded}"


def _say_provider_id(chunk: ChunkRecord) -> str:
    cost = f", {render_money(chunk.cost, chunk.currency)} for the whole chunk" if chunk.cost is not None else ""
    return f"{cost}, provider's id {chunk.provider_id}" if chunk.provider_id else cost
