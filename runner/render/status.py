"""What the ledger knows as text: chunks in doubt first, each with the commands that settle it, then campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.model.ledger import ChunkRecord, ChunkStatus
from runner.model.status import CampaignStatus, Status
from runner.render.page import Page, Style, tidy
from runner.render.problems import printable
from runner.render.words import render_costs, render_count, render_local, render_money, render_people

HELD = ("accepted", "unknown", "sending", "refused")


def render_status(status: Status, *, width: int = 80, color: bool = False, resolve: str = "campaign resolve") -> str:
    """The status as text of `width` columns. `resolve` is how the user calls `campaign resolve` for this state."""
    page = Page(width=width, color=color)
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
    return page.text


def _write_head(status: Status, page: Page) -> None:
    if not status.campaigns:
        page.write("The ledger is empty: nothing was ever sent from here.", style=Style.BOLD)
        return
    campaigns = render_count(len(status.campaigns), "campaign")
    cost = f", for {render_costs(status.costs)}" if status.costs else ""
    page.write(f"{campaigns} reached {render_people(status.count_people('accepted'))}{cost}.", style=Style.BOLD)
    unknown = status.unknown
    if unknown:
        reached = render_people(sum(chunk.recipients for chunk in unknown))
        verb = "is" if len(unknown) == 1 else "are"
        page.write(
            f"{render_count(len(unknown), 'chunk')} {verb} unknown: nobody knows whether {reached} were reached.",
            style=Style.LOUD,
        )


def _write_doubt(chunk: ChunkRecord, status: Status, page: Page, resolve: str) -> None:
    probe = ", a probe" if chunk.probe else ""
    recorded = render_local(chunk.recorded_at, status.timezone)
    page.keep(page.paint(f"! chunk {chunk.chunk} is {chunk.status}", Style.LOUD))
    page.write(f"{printable(chunk.label)}: {render_people(chunk.recipients)}{probe}, recorded {recorded}", indent=4)
    if chunk.reason:
        page.write(tidy(chunk.reason), indent=4)
    if chunk.status is ChunkStatus.SENDING:
        page.write("being sent now; or its process died, and the next `campaign apply` finds that out", indent=4)
        return
    page.write("look into the provider's list of campaigns; if this one is there:", indent=4)
    page.keep(page.paint(f"{resolve} {chunk.chunk} --accepted --provider-id ID", Style.BOLD), indent=6)
    page.write("if it is not:", indent=4)
    page.keep(page.paint(f"{resolve} {chunk.chunk} --not-sent", Style.BOLD), indent=6)


def _write_counted(chunk: ChunkRecord, page: Page) -> None:
    page.write(f"! chunk {chunk.chunk} of {printable(chunk.label)}", style=Style.CARE)
    page.write(
        f"the provider accepted it and counted {chunk.counted} of its {render_people(chunk.recipients)}", indent=4
    )


def _write_campaign(campaign: CampaignStatus, status: Status, page: Page) -> None:
    record = campaign.record
    page.write(f"{printable(record.label)}, account {printable(record.account)}", style=Style.BOLD)
    page.write(f"people: {_say_counts(record.people, HELD)}", indent=4, hang=2)
    page.write(f"chunks: {_say_counts(record.chunks, tuple(ChunkStatus))}", indent=4, hang=2)
    unknown = f"; not known for {render_people(campaign.cost_unknown)}" if campaign.cost_unknown else ""
    page.write(f"cost: {render_costs(record.costs) or 'none told'}{unknown}", indent=4, hang=2)
    first, last = (render_local(at, status.timezone) for at in (record.first_activity, record.last_activity))
    page.write(f"first activity {first}, last {last}", indent=4, hang=2)


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
        reached = "reached" if chunk.status is ChunkStatus.ACCEPTED else f"{chunk.status}: perhaps reached"
        page.write(f"{printable(chunk.label)}: {reached} {render_local(chunk.recorded_at, timezone)}")
        page.keep(f"chunk {chunk.chunk}", indent=4)
        page.write(f"account {printable(chunk.account)}{_say_provider_id(chunk)}", indent=4)
        if chunk.reason is not None:
            page.write(tidy(chunk.reason), indent=4)
    return page.text


def _say_provider_id(chunk: ChunkRecord) -> str:
    cost = f", {render_money(chunk.cost, chunk.currency)} for the whole chunk" if chunk.cost is not None else ""
    return f"{cost}, provider's id {chunk.provider_id}" if chunk.provider_id else cost
