"""What the ledger knows as one HTML file of its own: what must be settled first, then campaigns, days and costs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from runner.model.ledger import IN_DOUBT, ChunkRecord, ChunkStatus
from runner.model.status import Status
from runner.render.language import Language
from runner.render.sentences import clip, say_more
from runner.render.status_costs import say_estimate, tell_costs
from runner.render.status_pictures import StatusPictures, Values
from runner.render.webpage import clean_for_style, fit_webpage, render_webpage
from runner.render.words import spell_settlement

LONGEST = 395_000
"""Bytes of a whole page."""
ITEMS = 100
"""Chunks that are shown at most; all of them are counted."""
LABEL, MESSAGE = 120, 500


def render_status_page(
    status: Status, language: Language, *, resolve: str = "campaign resolve", resume: str = "campaign resume"
) -> str:
    """The status as HTML of at most 400,000 bytes; what is left out is counted.

    `resolve` is how the user calls `campaign resolve` for this state, `resume` how they call `campaign resume`.
    """
    listed = (status.campaigns, status.days, status.in_doubt, status.counted_fewer, status.stops)
    most = max(1, *map(len, listed))
    return fit_webpage(lambda most: _Writer(status, language, most).write(resolve, resume), most, LONGEST)


class _Writer:
    """One writing of a page, with at most `most` lines in each of its tables and lists."""

    def __init__(self, status: Status, language: Language, most: int) -> None:
        self._status = status
        self._language = language
        self._most = most
        self._items = min(most, ITEMS)

    def write(self, resolve: str, resume: str) -> str:
        """The page."""
        status, language = self._status, self._language
        moment = language.moment(status.created_at, status.timezone)
        pictures = StatusPictures(status, language, self._most)
        version = clip(status.runner_version, LABEL)
        serial = None if status.serial is None else language.number(status.serial)
        return render_webpage(
            "status.html",
            language=language,
            say=language.say,
            title=language.say("status_title"),
            headline=self._say_headline(),
            rehearsal=language.say("status_rehearsal") if status.is_rehearsal else None,
            alarm=self._say_alarm(),
            made_on=f"{moment} ({status.timezone})",
            figures=self._say_figures() if status.campaigns else [],
            stops=self._list_stops(resume),
            doubts=self._list_doubts(resolve),
            counted=[self._tell_counted(chunk) for chunk in status.counted_fewer[: self._items]],
            campaigns=pictures.tell_campaigns() if status.campaigns else None,
            days=pictures.tell_days() if status.days else None,
            costs=tell_costs(status, language, self._most),
            made=language.say("made", moment=moment, zone=status.timezone, version=version),
            ids=[
                (language.say(name), clip(value, LABEL))
                for name, value in (("state", status.state_id), ("serial", serial))
                if value is not None
            ],
            running=clean_for_style(f"{language.say('status_title')}, {moment}"),
        )

    def _say_headline(self) -> str:
        status, language = self._status, self._language
        if not status.campaigns:
            return language.say("status_none" if self._status.others else "status_empty")
        campaigns = language.count("campaigns", len(status.campaigns))
        cost = language.say("status_cost", costs=language.amounts(status.costs)) if status.costs else ""
        if len(status.campaigns) == 1:
            people = language.count("people", status.deliveries)
            return language.say("status_reached", campaigns=campaigns, people=people, cost=cost)
        deliveries = language.count("deliveries", status.deliveries)
        return language.say("status_delivered", campaigns=campaigns, deliveries=deliveries, cost=cost)

    def _say_alarm(self) -> str | None:
        unknown, language = self._status.unknown, self._language
        if not unknown:
            return None
        reached = language.count("were_reached", sum(chunk.recipients for chunk in unknown))
        chunks = language.count("chunks", len(unknown))
        return language.say("status_alarm", len(unknown), chunks=chunks, reached=reached)

    def _say_figures(self) -> list[Values]:
        status, language = self._status, self._language
        counted = "figure_reached" if len(status.campaigns) == 1 else "figure_deliveries"
        in_doubt = sum(status.count_people(doubtful) for doubtful in IN_DOUBT)
        numbers = [(counted, status.deliveries), ("figure_doubt", in_doubt)]
        numbers += [("figure_adopted", status.adopted)] if status.adopted else []
        figures = [(language.say(key, number), language.number(number)) for key, number in numbers]
        told = language.say("figure_spent")
        if status.estimated_costs:
            told = language.say("figure_spent_of", estimate=say_estimate(status, language))
        figures.append((told, language.amounts(status.costs) if status.costs else "—"))
        if status.last_activity is not None:
            local = status.last_activity.astimezone(ZoneInfo(status.timezone))
            figures.append((language.say("figure_last", day=language.long_day(local)), language.clock(local)))
        return [{"told": told, "number": number} for told, number in figures]

    def _list_stops(self, resume: str) -> Values:
        status, language = self._status, self._language
        shown = [
            {
                "glob": clip(stop.glob, LABEL) or None,
                "told": language.say(
                    "stopped_by", by=clip(stop.by, LABEL), moment=language.moment(stop.at, status.timezone)
                ),
                "resume": clip(stop.spell_resume(resume), MESSAGE),
            }
            for stop in status.stops[: self._items]
        ]
        return {"shown": shown, "more": say_more(language, len(status.stops) - self._items)}

    def _list_doubts(self, resolve: str) -> Values:
        status, language = self._status, self._language
        doubts = sorted(status.in_doubt, key=lambda chunk: not status.can_settle(chunk))
        urgent = any(map(status.can_settle, doubts))
        return {
            "title": language.say("section_settle" if urgent else "section_sending"),
            "number": language.number(len(doubts)),
            "shown": [self._tell_doubt(chunk, resolve) for chunk in doubts[: self._items]],
            "more": say_more(language, len(doubts) - self._items),
        }

    def _tell_doubt(self, chunk: ChunkRecord, resolve: str) -> Values:
        status, language = self._status, self._language
        about = language.say(
            "doubt_probe" if chunk.probe else "doubt_about",
            label=clip(chunk.label, LABEL),
            people=language.count("people", chunk.recipients),
            moment=language.moment(chunk.recorded_at, status.timezone),
        )
        note = None
        if chunk.status is ChunkStatus.SENDING:
            note = language.say("doubt_overdue" if status.can_settle(chunk) else "doubt_sending")
        accepted, not_sent = spell_settlement(chunk.chunk, resolve) if status.can_settle(chunk) else (None, None)
        return {
            "status": chunk.status.value,
            "told": language.say(f"chunk_{chunk.status}", 1),
            "chunk": clip(chunk.chunk, LABEL),
            "about": about,
            "reason": clip(chunk.reason, MESSAGE) if chunk.reason else None,
            "note": note,
            "accepted": accepted,
            "not_sent": not_sent,
        }

    def _tell_counted(self, chunk: ChunkRecord) -> Values:
        language = self._language
        people = language.count("people", chunk.recipients)
        told = language.say("counted", counted=language.number(chunk.counted or 0), people=people)
        return {"chunk": clip(chunk.chunk, LABEL), "label": clip(chunk.label, LABEL), "told": told}
