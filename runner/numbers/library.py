"""Numbers by libphonenumber's metadata: the one module that asks the library for a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberType,
    country_code_for_region,
    is_valid_number,
    is_valid_number_for_region,
    national_significant_number,
    number_type,
    parse,
)
from phonenumbers.phonemetadata import PhoneMetadata

from runner.model.config import Kind
from runner.numbers.spelling import HINTED_LENGTH
from runner.numbers.values import FICTION, SPECIAL_REASONS, TERRITORIES, InvalidNumber, Number

KIND_BY_TYPE = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.FIXED,
    # Where the plan does not tell them apart (Saint-Pierre-et-Miquelon), the line may ring.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.FIXED,
    PhoneNumberType.VOIP: Kind.VOIP,
}
REASON_BY_TYPE = {
    PhoneNumberType.PREMIUM_RATE: InvalidNumber.PREMIUM,
    PhoneNumberType.SHARED_COST: InvalidNumber.SHARED_COST,
    PhoneNumberType.TOLL_FREE: InvalidNumber.SPECIAL,
    PhoneNumberType.PERSONAL_NUMBER: InvalidNumber.SPECIAL,
    PhoneNumberType.PAGER: InvalidNumber.SPECIAL,
    PhoneNumberType.UAN: InvalidNumber.SPECIAL,
    PhoneNumberType.VOICEMAIL: InvalidNumber.SPECIAL,
}
_INTERNATIONAL = re.compile("[+]|0[^0-9]*0")
_REASON_BY_ERROR = {
    NumberParseException.TOO_SHORT_NSN: InvalidNumber.TOO_SHORT,
    NumberParseException.TOO_SHORT_AFTER_IDD: InvalidNumber.TOO_SHORT,
    NumberParseException.TOO_LONG: InvalidNumber.TOO_LONG,
    NumberParseException.INVALID_COUNTRY_CODE: InvalidNumber.NOT_VALID,
    NumberParseException.NOT_A_NUMBER: InvalidNumber.UNREADABLE,
}


def judge_part(part: str, countries: Sequence[str], *, fiction: bool) -> Number | InvalidNumber:
    """The number that `part` (digits and separators, perhaps a plus) is in the first of `countries` that has it."""
    reasons = []
    for country in countries:
        judged = _judge_in(part, country)
        if isinstance(judged, Number):
            return judged
        reasons.append(judged)
    if fiction and (number := _parse(part, "FR")) and _e164(number) in FICTION:
        return Number(_e164(number), Kind.MOBILE, "FR")
    return _choose_reason(part, countries, reasons)


def find_anywhere(part: str, countries: Sequence[str]) -> int | None:
    """The E.164 digits of a valid number of any type and any country, or None.

    Without a plus or `00`, it is read in `countries` and in the other territories, and in no further country: any row
    of digits is a number somewhere.
    """
    for country in countries:
        number = _parse(part, country)
        if number and is_valid_number_for_region(number, country):
            return _e164(number)
    for country in _unlisted(countries):
        if number := _find_unlisted(part, country):
            return _e164(number)
    abroad = _parse(part, "FR") if _INTERNATIONAL.match(part) else None
    return _e164(abroad) if abroad and is_valid_number(abroad) else None


def _judge_in(part: str, country: str) -> Number | InvalidNumber:
    try:
        number = parse(part, country)
    except NumberParseException as error:
        return _REASON_BY_ERROR[error.error_type]
    if number.extension:
        return InvalidNumber.EXTENSION
    if number.country_code != country_code_for_region(country):
        return InvalidNumber.OTHER_COUNTRY
    if not is_valid_number_for_region(number, country):
        return _why_not_valid(number, country)
    line = number_type(number)
    if line in KIND_BY_TYPE:
        return Number(_e164(number), KIND_BY_TYPE[line], country)
    return REASON_BY_TYPE.get(line, InvalidNumber.NOT_VALID)


def _why_not_valid(number: PhoneNumber, country: str) -> InvalidNumber:
    if _e164(number) in FICTION:
        return InvalidNumber.FICTION
    lengths = possible_lengths(country)
    # A number that was cut keeps its national prefix, which is no digit of it.
    length = len(national_significant_number(number).removeprefix("0"))
    if length < lengths[0]:
        return InvalidNumber.TOO_SHORT
    return InvalidNumber.TOO_LONG if length > lengths[-1] else InvalidNumber.NOT_VALID


def _choose_reason(part: str, countries: Sequence[str], reasons: Sequence[InvalidNumber]) -> InvalidNumber:
    for reason in reasons:
        if reason in SPECIAL_REASONS:
            return reason
    for country in _unlisted(countries):
        number = _find_unlisted(part, country)
        if number and number_type(number) in KIND_BY_TYPE:
            return InvalidNumber.of_unlisted(country)
    return next((r for r in reasons if r is not InvalidNumber.OTHER_COUNTRY), InvalidNumber.OTHER_COUNTRY)


def _unlisted(countries: Sequence[str]) -> Iterator[str]:
    return (c for c in TERRITORIES if c not in countries)


def _find_unlisted(part: str, country: str) -> PhoneNumber | None:
    number = _parse(part, country)
    if not number or not is_valid_number_for_region(number, country):
        return None
    is_whole = len(national_significant_number(number)) == HINTED_LENGTH
    return number if is_whole or _INTERNATIONAL.match(part) else None


def _parse(part: str, country: str) -> PhoneNumber | None:
    try:
        number = parse(part, country)
    except NumberParseException:
        return None
    return None if number.extension else number


def _e164(number: PhoneNumber) -> int:
    return int(f"{number.country_code}{national_significant_number(number)}")


def possible_lengths(country: str) -> tuple[int, ...]:
    """How many digits a number of `country` may have after its calling code, ascending."""
    metadata = PhoneMetadata.metadata_for_region(country, None)
    return tuple(metadata.general_desc.possible_length) if metadata and metadata.general_desc else ()
