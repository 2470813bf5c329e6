"""Whom the ledger holds and in which chunks, by campaign and by day: pictures, each with the table of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from runner.model.ledger import ChunkStatus
from runner.model.status import Status
from runner.render.columns import Counts, draw_columns, find_calendar, mark_calendar
from runner.render.language import Language
from runner.render.sentences import clip, say_more
from runner.render.shapes import Bar, Piece, choose_shown, lay_pieces

Values = dict[str, object]

LABEL = 120
HALF = 34
"""Characters of a label in a picture of half the width."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What is counted, people or chunks: its kinds as the style sheet calls them, and the phrase for each."""

    name: str
    phrases: Mapping[str, str]


PEOPLE = Sort(
    "people",
    {
        "reached": "people_reached",
        "adopted": "people_adopted",
        "unknown": "unknown",
        "sending": "sending",
        "refused": "refused",
    },
)
CHUNKS = Sort(
    "chunks",
    {
        "reached": "chunk_accepted",
        "unknown": "chunk_unknown",
        "sending": "chunk_sending",
        "rejected": "chunk_rejected",
        "released": "chunk_released",
    },
)

Beside = tuple[str, Sequence[str], str]
"""A column of a table: the phrase of its head, its cells, and what stands in the row of sums."""
KINDS = tuple(dict.fromkeys((*PEOPLE.phrases, *CHUNKS.phrases)))


class StatusPictures:
    """The pictures of one status; their tables have at most `most` rows."""

    def __init__(self, status: Status, language: Language, most: int) -> None:
        self._status = status
        self._language = language
        self._most = most

    def tell_campaigns(self) -> Values:
        """People and chunks by campaign and status."""
        language, campaigns = self._language, self._status.campaigns
        people = [_count_people(campaign.record.people, campaign.record.adopted) for campaign in campaigns]
        chunks = [_count_chunks(campaign.record.chunks) for campaign in campaigns]
        zone = ZoneInfo(self._status.timezone)
        last = [language.short_moment(campaign.record.last_activity.astimezone(zone)) for campaign in campaigns]
        accounts = [clip(campaign.record.account, LABEL) for campaign in campaigns]
        return {
            "id": "campaigns",
            "title": language.say("section_campaigns"),
            "said": language.say("campaigns_sentence"),
            "pictures": [
                self._draw_campaigns(PEOPLE, people, ("last_activity", last, "")),
                self._draw_campaigns(CHUNKS, chunks, ("account", accounts, "")),
            ],
        }

    def _draw_campaigns(self, sort: Sort, counts: Sequence[Counts], beside: Beside) -> Values:
        language = self._language
        labels = [campaign.label for campaign in self._status.campaigns]
        paired = list(zip(labels, counts, strict=True))
        shown, others = choose_shown(paired, lambda pair: Decimal(sum(pair[1].values())))
        told = [(clip(label, HALF), each) for label, each in shown]
        if others:
            told.append((language.count("together", len(others)), add_counts(each for _, each in others)))
        names = [clip(label, LABEL) for label in labels]
        return {
            **self._describe(sort, counts, "by_campaign"),
            "bars": [
                Bar(label=label, told=self._count(sort, each), pieces=self._lay(sort, each)) for label, each in told
            ],
            **self._lay_table(sort, ("campaign", names, language.say("all")), counts, beside),
        }

    def _count(self, sort: Sort, counts: Counts) -> str:
        return self._language.count(sort.name, sum(counts.values()))

    def _lay(self, sort: Sort, counts: Counts) -> tuple[Piece, ...]:
        return lay_pieces(counts, lambda kind, count: self._tell_kind(sort, kind, count))

    def _tell_kind(self, sort: Sort, kind: str, count: int) -> str:
        return f"{self._language.number(count)} {self._language.say(sort.phrases[kind], count)}"

    def tell_days(self) -> Values:
        """People and chunks by the day on which they were recorded, and by status."""
        language, days = self._language, self._status.days[::-1]
        calendar = find_calendar(days[-1].day, days[0].day)
        earlier = sum(day.day < calendar[0] for day in days)
        said = [language.say("days_sentence", zone=self._status.timezone)]
        said += [language.say("days_earlier", earlier, n=language.number(earlier))] if earlier else []
        costs = [language.amounts(day.costs) if day.costs else "—" for day in days]
        whole = language.amounts(self._status.costs) if self._status.costs else "—"
        people = [_count_people(day.people, day.adopted) for day in days]
        chunks = [_count_chunks(day.chunks) for day in days]
        return {
            "id": "days",
            "title": language.say("section_days"),
            "said": " ".join(said),
            "pictures": [
                self._draw_days(PEOPLE, people, calendar, None),
                self._draw_days(CHUNKS, chunks, calendar, ("column_cost", costs, whole)),
            ],
        }

    def _draw_days(
        self, sort: Sort, counts: Sequence[Counts], calendar: Sequence[date], beside: Beside | None
    ) -> Values:
        language, days = self._language, [day.day for day in self._status.days[::-1]]
        by_day = dict(zip(days, counts, strict=True))
        highest = max((by_day.get(day, {}) for day in calendar), key=lambda each: sum(each.values()))
        names = [language.long_day(day) for day in days]
        return {
            **self._describe(sort, counts, "by_day"),
            "columns": draw_columns(calendar, by_day, lambda kind, count: self._tell_kind(sort, kind, count), language),
            "most": self._count(sort, highest),
            "ticks": mark_calendar(calendar, language),
            **self._lay_table(sort, ("day", names, language.say("all_days")), counts, beside),
        }

    def _describe(self, sort: Sort, counts: Sequence[Counts], key: str) -> Values:
        """A picture's title, what it shows in words, and its legend."""
        language, whole = self._language, add_counts(counts)
        parts = ", ".join(self._tell_kind(sort, kind, count) for kind, count in whole.items())
        return {
            "id": f"{sort.name}-{key}".replace("_", "-"),
            "title": language.say(f"{sort.name}_{key}"),
            "said": language.say("picture", whole=self._count(sort, whole), parts=parts),
            "legend": [
                {"kind": kind, "count": language.number(count), "told": language.say(sort.phrases[kind], count)}
                for kind, count in whole.items()
            ],
        }

    def _lay_table(self, sort: Sort, first: Beside, counts: Sequence[Counts], last: Beside | None) -> Values:
        """The table of a picture's numbers: a kind of which there is none has no column."""
        whole = add_counts(counts)
        columns = [first]
        for kind, total in whole.items():
            cells = [self._language.number(each.get(kind, 0)) for each in counts]
            columns.append((sort.phrases[kind], cells, self._language.number(total)))
        columns += [last] if last is not None else []
        rows = list(zip(*(cells for _, cells, _ in columns), strict=True))
        return {
            "heads": [self._language.say(head) for head, _, _ in columns],
            "rows": rows[: self._most],
            "sum": [total for _, _, total in columns],
            "more": say_more(self._language, len(rows) - self._most),
            "columns_number": len(columns),
        }


def _count_people(people: Mapping[str, int], adopted: int) -> Counts:
    """People by what pictures show; of nothing there is no nought."""
    return add_counts([{**people, "reached": people.get(ChunkStatus.ACCEPTED, 0) - adopted, "adopted": adopted}])


def _count_chunks(chunks: Mapping[str, int]) -> Counts:
    """Chunks by what pictures show; of nothing there is no nought."""
    return add_counts([{**chunks, "reached": chunks.get(ChunkStatus.ACCEPTED, 0)}])


def add_counts(counts: Iterable[Counts]) -> Counts:
    """Counts together, in the order in which they are shown."""
    every = list(counts)
    sums = {kind: sum(each.get(kind, 0) for each in every) for kind in KINDS}
    return {kind: count for kind, count in sums.items() if count}
