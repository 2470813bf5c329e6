"""Text to number and kind, or why not, for whole columns inside the engine.

Three nets, each for what the one before left: one regular expression for a French mobile however it is spelled; the
spelling rules and numbering plans as SQL; and the library itself, for the few distinct texts that only it can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from runner.audience import numbering_sql as numbering
from runner.audience import spelling_sql as spelling
from runner.audience.engine import matches, quote_text
from runner.model.config import Kind
from runner.numbers import SPECIAL_REASONS, TERRITORIES, InvalidNumber, Number, judge_anywhere, judge_number
from runner.numbers.patterns import CountryPatterns, TypePattern, country_patterns, first_digits

_FICTION = TypePattern(Kind.MOBILE, r"63998[0-9]{4}", (9,))
_ROWS_A_SLICE = 1_000_000
_TEXTS_A_TIME = 20_000
_ASK_LIBRARY = quote_text(spelling.ASK_LIBRARY)


@dataclass(frozen=True, slots=True)
class _Judging:
    """What is asked of one table: the words of `judge_rows`, and the plans where the engine can apply all of them."""

    connection: DuckDBPyConnection
    table: str
    into: str
    countries: tuple[str, ...]
    fiction: bool
    anywhere: bool
    plans: tuple[CountryPatterns, ...]

    @property
    def listed(self) -> tuple[CountryPatterns, ...]:
        return self.plans[: len(self.countries)]


def judge_rows(
    connection: DuckDBPyConnection,
    *,
    table: str,
    countries: Sequence[str],
    fiction: bool = False,
    into: str = "judged",
    anywhere: bool = False,
) -> None:
    """Judge every row of `table` (source INTEGER, row BIGINT, text VARCHAR) into a new table of that name.

    It gets (source, row, number BIGINT, kind UTINYINT, why VARCHAR), one row for each row of `table`, in its order.
    `number` is the digits of E.164, `kind` the place in `Kind`, `why` an `InvalidNumber` where `number` is null. Every
    verdict is that of `numbers.judge_number`. With `anywhere`, for exclusions, a valid number of any country and type
    passes, as by `numbers.judge_anywhere`; its kind is null where no message could be sent to it.
    """
    judging = _Judging(connection, table, into, tuple(countries), fiction, anywhere, _find_plans(countries))
    _judge_mobiles(judging)
    for start in range(0, _count(judging, into), _ROWS_A_SLICE):
        _judge_slice(judging, start)


def _find_plans(countries: Sequence[str]) -> tuple[CountryPatterns, ...]:
    """The plans of `countries` and then of the other territories; none at all where one must be left to the library."""
    wanted = [country_patterns(c) for c in (*countries, *(t for t in TERRITORIES if t not in countries))]
    plans = tuple(p for p in wanted if p is not None)
    is_whole = len(plans) == len(wanted) and len({p.international_prefix for p in plans}) == 1
    return plans if is_whole else ()


def _count(judging: _Judging, rows: str) -> int:
    found = judging.connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(found[0]) if found is not None else 0


def _judge_mobiles(judging: _Judging) -> None:
    bare = spelling.strip(spelling.strip_rare("text", (".", "-", "\xa0")), (" ",))
    is_french = bool(judging.plans) and judging.countries[0] == "FR" and judging.plans[0].lengths == (9,)
    number = _read_mobile(judging) if is_french else "NULL::BIGINT"
    judging.connection.execute(
        f"CREATE OR REPLACE TABLE {judging.into} AS"
        " SELECT source, row, number, CASE WHEN number IS NOT NULL THEN 0::UTINYINT END AS kind, NULL::VARCHAR AS why"
        f" FROM (SELECT source, row, {number} AS number"
        f" FROM (SELECT source, row, text, {bare} AS bare FROM {judging.table}))"
    )


def _read_mobile(judging: _Judging) -> str:
    """A French mobile in any of its commonest spellings as its number, anything else as NULL."""
    plan = judging.plans[0]
    patterns = [t.pattern for t in plan.types if t.means is Kind.MOBILE]
    if judging.fiction and judging.countries == ("FR",):
        patterns.append(_FICTION.pattern)
    begins = first_digits("|".join(patterns))
    others = [t.pattern for t in plan.types if t.means is not Kind.MOBILE and begins & first_digits(t.pattern)]
    spelled = rf"(?:(?:\+|00)33)?0?(?:{'|'.join(patterns)})|330?(?:{'|'.join(patterns)})"
    is_other = matches("right(bare, 9)", "|".join(others)) if others else "FALSE"
    return (
        f"CASE WHEN {matches('bare', spelled)} AND {spelling.is_whole('text', 'bare')}"
        f" THEN CASE WHEN NOT {is_other} THEN 33000000000 + bare::BIGINT % 1000000000 END END"
    )


def _judge_slice(judging: _Judging, start: int) -> None:
    """Judge what the first net left of some rows: bounded in memory, however many there are."""
    left = f"number IS NULL AND rowid >= {start} AND rowid < {start + _ROWS_A_SLICE}"
    if not _count(judging, f"{judging.into} WHERE {left}"):
        return
    rows = (
        f"SELECT source, row, text FROM {judging.table}"
        f" JOIN (SELECT source, row FROM {judging.into} WHERE {left}) USING (source, row)"
    )
    read, lines = f"{judging.into}_read", f"{judging.into}_lines"
    judging.connection.execute(f"CREATE OR REPLACE TEMP TABLE {read} AS {_read_texts(rows, judging)}")
    judging.connection.execute(f"CREATE OR REPLACE TEMP TABLE {lines} AS {_judge_lines(read, judging)}")
    _judge_elsewhere(judging, lines)
    _ask_library(judging, lines)
    judging.connection.execute(
        f"UPDATE {judging.into} SET number = l.number, kind = l.kind, why = l.why FROM {lines} AS l"
        f" WHERE {judging.into}.source = l.source AND {judging.into}.row = l.row"
    )
    judging.connection.execute(f"DROP TABLE {read}; DROP TABLE {lines}")


def _read_texts(rows: str, judging: _Judging) -> str:
    """(source, row, text, why, digits, abroad): text only where the library must be asked, digits where it must not."""
    if not judging.plans:
        why = f"CASE WHEN text IS NULL THEN {quote_text(InvalidNumber.EMPTY)} ELSE {_ASK_LIBRARY} END"
        return f"SELECT source, row, text, {why} AS why, NULL AS digits, NULL AS abroad FROM ({rows})"
    bared = f"SELECT *, {spelling.strip('text', spelling.COMMON_SEPARATORS)} AS bare FROM ({rows})"
    found = f"SELECT *, {spelling.find_simple('bare')} AS found FROM ({bared})"
    simple = (
        f"SELECT *, CASE WHEN found <> '' AND {spelling.is_whole('text', 'found')} THEN found END AS simple"
        f" FROM ({found})"
    )
    cleaned = f"SELECT *, CASE WHEN simple IS NULL THEN {spelling.clean('text')} END AS cleaned FROM ({simple})"
    cut = f"SELECT *, {spelling.cut('cleaned')} AS part FROM ({cleaned})"
    marks, figure = spelling.only_digits("part"), spelling.read_figure("part")
    figured = f"SELECT *, {marks} AS marks, {figure} AS figure FROM ({cut})"
    why = f"CASE WHEN simple IS NULL THEN {spelling.why_unread('cleaned', 'part', 'marks', 'figure')} END"
    spelled = f"SELECT *, {why} AS why FROM ({figured})"
    digits = "CASE WHEN why IS NULL THEN coalesce(ltrim(simple, '+'), figure, marks) END"
    numbered = f"SELECT *, {digits} AS digits, starts_with(coalesce(simple, part), '+') AS plus FROM ({spelled})"
    abroad = numbering.read_abroad("digits", "plus", judging.plans[0].international_prefix)
    asked = "TRUE" if judging.anywhere else f"why = {_ASK_LIBRARY}"
    kept = f"CASE WHEN {asked} THEN text END AS text"
    return f"SELECT source, row, {kept}, why, digits, {abroad} AS abroad FROM ({numbered})"


def _judge_lines(read: str, judging: _Judging) -> str:
    """(source, row, text, why, digits, abroad, number, kind): what the plans of the listed countries say."""
    plans = judging.listed
    if not plans:
        return f"SELECT *, NULL::BIGINT AS number, NULL::UTINYINT AS kind FROM {read}"
    asked = (*plans, _plan_of_fiction(judging)) if judging.fiction else plans
    number = numbering.number_where(f"line# < {numbering.FIRST_SPECIAL}", asked)
    special = numbering.number_where(f"line# >= {numbering.FIRST_SPECIAL}", plans) if judging.anywhere else "NULL"
    reason = f"coalesce({numbering.why_special(plans)}, {numbering.why_not_valid(plans)})"
    return (
        "SELECT source, row, text, digits, abroad, kind, coalesce(number, special) AS number,"
        f" CASE WHEN coalesce(number, special) IS NULL THEN coalesce(why, {reason}) END AS why"
        f" FROM (SELECT *, {number} AS number, {numbering.kind_found(asked)} AS kind, {special} AS special"
        f" FROM {numbering.apply_plans(read, asked, until_found=True)})"
    )


def _plan_of_fiction(judging: _Judging) -> CountryPatterns:
    france = next(p for p in judging.plans if p.country == "FR")
    return replace(france, types=(_FICTION,))


def _judge_elsewhere(judging: _Judging, lines: str) -> None:
    """Find the numbers of unlisted territories, to name the country or, for exclusions, to let them pass."""
    plans = judging.plans[len(judging.countries) :]
    specials = ", ".join(quote_text(reason) for reason in SPECIAL_REASONS)
    rows = f"(SELECT * FROM {lines} WHERE number IS NULL AND digits IS NOT NULL AND why NOT IN ({specials}))"
    if not judging.plans or not _count(judging, rows):
        return
    is_known = f"line# IS NOT NULL AND {numbering.IS_WHOLE}"
    number = numbering.number_where(is_known, plans) if judging.anywhere else "NULL::BIGINT"
    foreign = f"why = {quote_text(InvalidNumber.OTHER_COUNTRY)} AND abroad IS NOT NULL"
    asked = f"CASE WHEN {foreign} THEN {_ASK_LIBRARY} END" if judging.anywhere else "NULL"
    found = (
        f"SELECT source, row, {number} AS number, coalesce({numbering.why_unlisted(plans)}, {asked}, why) AS why"
        f" FROM {numbering.apply_plans(rows, plans, until_found=False)}"
    )
    judging.connection.execute(
        f"UPDATE {lines} SET number = f.number, why = CASE WHEN f.number IS NULL THEN f.why END FROM ({found}) AS f"
        f" WHERE {lines}.source = f.source AND {lines}.row = f.row"
    )


def _ask_library(judging: _Judging, lines: str) -> None:
    """Judge the distinct texts that only the library can tell, some thousands at a time."""
    execute = judging.connection.execute
    texts, answers = f"{judging.into}_texts", f"{judging.into}_answers"
    asked = f"why = {_ASK_LIBRARY}"
    if not _count(judging, f"{lines} WHERE {asked}"):
        return
    execute(f"CREATE OR REPLACE TEMP TABLE {texts} AS SELECT DISTINCT text FROM {lines} WHERE {asked}")
    execute(f"CREATE OR REPLACE TEMP TABLE {answers} (text VARCHAR, number BIGINT, kind UTINYINT, why VARCHAR)")
    start = 0
    while page := execute(
        f"SELECT text FROM {texts} WHERE rowid >= {start} AND rowid < {start + _TEXTS_A_TIME}"
    ).fetchall():
        columns = zip(*(_judge_text(text, judging) for (text,) in page), strict=True)
        execute(
            f"INSERT INTO {answers} SELECT unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::UTINYINT[]),"
            " unnest(?::VARCHAR[])",
            [list(column) for column in columns],
        )
        start += _TEXTS_A_TIME
    execute(
        f"UPDATE {lines} SET number = a.number, kind = a.kind, why = a.why FROM {answers} AS a"
        f" WHERE {lines}.text = a.text AND {lines}.{asked}"
    )
    execute(f"DROP TABLE {texts}; DROP TABLE {answers}")


def _judge_text(text: str, judging: _Judging) -> tuple[str, int | None, int | None, str | None]:
    judged = judge_number(text, judging.countries, fiction=judging.fiction)
    if isinstance(judged, Number):
        return text, judged.e164, numbering.LINES[judged.kind], None
    number = judge_anywhere(text, judging.countries, fiction=judging.fiction) if judging.anywhere else None
    return text, number, None, None if number is not None else judged.value
