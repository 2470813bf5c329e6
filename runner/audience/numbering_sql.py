"""The numbering plans of `runner.numbers` as SQL: whose number some digits are, and of which kind of line.

Each function answers an expression over columns, or rows with more of them. The steps are those of libphonenumber's
parsing; their result is held against the library's own by the tests, string by string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.audience.engine import matches, quote_text
from runner.model.config import Kind
from runner.numbers import FICTION, InvalidNumber
from runner.numbers.patterns import CountryPatterns, TypePattern, calling_codes, country_patterns
from runner.numbers.spelling import HINTED_LENGTH

LINES: Mapping[Kind | InvalidNumber, int] = {
    **{kind: index for index, kind in enumerate(Kind)},
    InvalidNumber.PREMIUM: 10,
    InvalidNumber.SHARED_COST: 11,
    InvalidNumber.SPECIAL: 12,
}
"""Types of line as small integers: the kinds by their place in `Kind`, then what no message may be sent to."""

FIRST_SPECIAL = LINES[InvalidNumber.PREMIUM]

IS_WHOLE = f"(abroad IS NOT NULL OR starts_with(digits, '00') OR length(national#) = {HINTED_LENGTH})"
"""Whether digits may be read in a country that is not listed: a short national number is rather one that was cut."""


def read_abroad(digits: str, plus: str, prefix: str) -> str:
    """The digits after a plus or after the international prefix, NULL where neither stands before them."""
    start = len(prefix)
    after = f"substr({digits}, {start + 1})"
    has_prefix = f"starts_with({digits}, {quote_text(prefix)}) AND NOT starts_with({after}, '0')"
    return f"CASE WHEN {has_prefix} THEN {after} WHEN {plus} THEN {digits} END"


def strip_prefix(digits: str, plan: CountryPatterns) -> str:
    """`digits` without the national prefix, unless only with it they are a number."""
    stripped = f"substr({digits}, {len(plan.national_prefix) + 1})"
    kept = f"{matches(digits, plan.general)} AND NOT {matches(stripped, plan.general)}"
    return (
        f"CASE WHEN starts_with({digits}, {quote_text(plan.national_prefix)})"
        f" THEN CASE WHEN {kept} THEN {digits} ELSE {stripped} END ELSE {digits} END"
    )


def read_coded(digits: str, abroad: str, plan: CountryPatterns) -> str:
    """What follows this country's calling code, be it after a plus, a prefix or neither; NULL where it isn't there."""
    code = quote_text(plan.calling_code)
    inner = f"substr({digits}, {len(plan.calling_code) + 1})"
    better = f"NOT {matches(digits, plan.general)} AND {matches(strip_prefix(inner, plan), plan.general)}"
    is_coded = f"length({digits}) > {max(plan.lengths)} OR ({better})"
    return (
        f"CASE WHEN {abroad} IS NOT NULL"
        f" THEN CASE WHEN starts_with({abroad}, {code}) THEN substr({abroad}, {len(plan.calling_code) + 1}) END"
        f" WHEN starts_with({digits}, {code}) THEN CASE WHEN {is_coded} THEN {strip_prefix(inner, plan)} END END"
    )


def read_national(digits: str, abroad: str, coded: str, plan: CountryPatterns) -> str:
    """The national significant number in this country, NULL for a number of another country."""
    main = country_patterns(plan.sharing[0]) or plan
    own = f"CASE WHEN {abroad} IS NULL THEN {_strip_where_possible(digits, plan)} END"
    return f"CASE WHEN {coded} IS NOT NULL THEN {_strip_where_possible(coded, main)} ELSE {own} END"


def _strip_where_possible(digits: str, plan: CountryPatterns) -> str:
    lengths = ", ".join(map(str, plan.lengths))
    stripped = strip_prefix(digits, plan)
    possible = f"length({stripped}) IN ({lengths}) OR length({stripped}) > {max(plan.lengths)}"
    return f"CASE WHEN {possible} THEN {stripped} ELSE {digits} END"


def judge_line(national: str, plan: CountryPatterns) -> str:
    """The type of line of a national number that is valid in this country (one of `LINES`), else NULL."""
    own = _find_type(national, plan)
    if plan.sharing[0] == plan.country:
        return own
    plans = [p for c in plan.sharing if (p := country_patterns(c)) is not None]
    first = ", ".join(_find_type(national, p) for p in plans)
    return f"CASE WHEN ({own}) IS NOT NULL THEN coalesce({first}) END"


def apply_plans(rows: str, plans: Sequence[CountryPatterns], *, until_found: bool) -> str:
    """`rows` (with columns digits and abroad) and, for each plan, its columns `national<i>` and `line<i>`.

    With `until_found`, a plan is not asked about rows that an earlier one has found a kind for.
    """
    for index, plan in enumerate(plans):
        found = " OR ".join(f"coalesce(line{earlier} < {FIRST_SPECIAL}, FALSE)" for earlier in range(index))
        digits = f"CASE WHEN NOT ({found}) THEN digits END" if until_found and found else "digits"
        asked = f"SELECT *, {digits} AS asked{index} FROM {rows}"
        coded = read_coded(f"asked{index}", "abroad", plan)
        national = read_national(f"asked{index}", "abroad", f"coded{index}", plan)
        rows = f"(SELECT *, {coded} AS coded{index} FROM ({asked}))"
        rows = f"(SELECT *, {national} AS national{index} FROM {rows})"
        rows = f"(SELECT *, {judge_line(f'national{index}', plan)} AS line{index} FROM {rows})"
    return rows


def number_where(condition: str, plans: Sequence[CountryPatterns]) -> str:
    """The E.164 digits by the first plan for which `condition` holds, in which `#` stands for the plan's index."""
    numbers = {i: f"({quote_text(plan.calling_code)} || national{i})::BIGINT" for i, plan in enumerate(plans)}
    return _first_where(condition, numbers)


def kind_found(plans: Sequence[CountryPatterns]) -> str:
    """The kind of line by the first plan that has one for this row."""
    return _first_where(f"line# < {FIRST_SPECIAL}", {i: f"line{i}::UTINYINT" for i in range(len(plans))})


def why_special(plans: Sequence[CountryPatterns]) -> str:
    """Why no message may be sent to a number that the first plan which knows it calls special."""
    reasons = " ".join(
        f"WHEN {line} THEN {quote_text(means)}" for means, line in LINES.items() if line >= FIRST_SPECIAL
    )
    lines = {i: f"CASE line{i} {reasons} END" for i in range(len(plans))}
    return _first_where(f"line# >= {FIRST_SPECIAL}", lines)


def why_not_valid(plans: Sequence[CountryPatterns]) -> str:
    """What is wrong with digits that no plan takes, by the first country whose number they could be."""
    cases = {i: _why_not_valid(f"national{i}", plan) for i, plan in enumerate(plans)}
    own = _first_where("national# IS NOT NULL", cases)
    return f"coalesce({own}, {_why_foreign()}, {quote_text(InvalidNumber.NOT_VALID)})"


def why_unlisted(plans: Sequence[CountryPatterns]) -> str:
    """The reason that names the first of these countries whose number it is."""
    reasons = {i: quote_text(InvalidNumber.of_unlisted(plan.country)) for i, plan in enumerate(plans)}
    return _first_where(f"line# < {FIRST_SPECIAL} AND {IS_WHOLE}", reasons)


def _why_not_valid(national: str, plan: CountryPatterns) -> str:
    number = f"{quote_text(plan.calling_code)} || {national}"
    # A number that was cut keeps its national prefix, which is no digit of it.
    length = f"length(regexp_replace({national}, '^0', ''))"
    is_fiction = f"length({number}) = 11 AND {number} BETWEEN '{FICTION[0]}' AND '{FICTION[-1]}'"
    return (
        f"CASE WHEN {is_fiction} THEN {quote_text(InvalidNumber.FICTION)}"
        f" WHEN {length} < {min(plan.lengths)} THEN {quote_text(InvalidNumber.TOO_SHORT)}"
        f" WHEN {length} > {max(plan.lengths)} THEN {quote_text(InvalidNumber.TOO_LONG)}"
        f" ELSE {quote_text(InvalidNumber.NOT_VALID)} END"
    )


def _first_where(condition: str, values: Mapping[int, str]) -> str:
    branches = " ".join(f"WHEN {condition.replace('#', str(i))} THEN {value}" for i, value in values.items())
    return f"CASE {branches} END" if branches else "NULL"


def _why_foreign() -> str:
    codes = sorted(calling_codes())
    too_short = f"THEN CASE WHEN length(abroad) < # + 2 THEN {quote_text(InvalidNumber.TOO_SHORT)}"
    answer = f"{too_short} ELSE {quote_text(InvalidNumber.OTHER_COUNTRY)} END"
    branches = " ".join(
        f"WHEN substr(abroad, 1, {n}) IN ({', '.join(quote_text(c) for c in codes if len(c) == n)})"
        f" {answer.replace('#', str(n))}"
        for n in (1, 2, 3)
    )
    return f"CASE {branches} END"


def _find_type(national: str, plan: CountryPatterns) -> str:
    """One regular expression for all the types before fixed and mobile spares most rows six others."""
    rare = [t for t in plan.types if t.means not in (Kind.FIXED, Kind.MOBILE)]
    common = plan.types[len(rare) :]
    is_rare = matches(national, "|".join(t.pattern for t in rare)) if rare else "FALSE"
    cases = _type_cases(national, common)
    rest = f"CASE WHEN {is_rare} THEN {_type_cases(national, plan.types)} ELSE {cases} END"
    return f"CASE WHEN {_fits(national, plan.general, plan.lengths)} THEN {rest} END"


def _type_cases(national: str, types: Sequence[TypePattern]) -> str:
    branches = " ".join(f"WHEN {_fits(national, t.pattern, t.lengths)} THEN {LINES[t.means]}" for t in types)
    return f"CASE {branches} END"


def _fits(national: str, pattern: str, lengths: tuple[int, ...]) -> str:
    fits = matches(national, pattern)
    return f"length({national}) IN ({', '.join(map(str, lengths))}) AND {fits}" if lengths else fits
