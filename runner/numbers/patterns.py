"""The library's metadata of one country as patterns, from which the engine judges whole columns.

The steps that turn digits into a number are libphonenumber's (`parse`, `is_valid_number_for_region`, `number_type`);
what is here is only what those steps need to know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import digits

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType, country_code_for_region
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

from runner.model.config import Kind
from runner.numbers.library import KIND_BY_TYPE, REASON_BY_TYPE, possible_lengths
from runner.numbers.values import InvalidNumber


@dataclass(frozen=True, slots=True)
class TypePattern:
    """The national numbers of one type of line: a regular expression for the whole, and the lengths that it may have.

    `means` is the kind of line, or why no message may be sent to such numbers. No lengths mean any.
    """

    means: Kind | InvalidNumber
    pattern: str
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CountryPatterns:
    """How numbers of one country are read and judged.

    `types` stand in the order in which they are tried. `sharing` are the countries with the same calling code, the
    main one first: a number's type is that of the first of them in which it is valid.
    """

    country: str
    calling_code: str
    national_prefix: str
    international_prefix: str
    general: str
    lengths: tuple[int, ...]
    types: tuple[TypePattern, ...]
    sharing: tuple[str, ...]


# Digits, classes of digits, groups, alternatives, repetitions: read alike by Python's `re` and by RE2.
_SIMPLE = re.compile(r"(?:\(\?:|[0-9|)\[\]{},?\-]|\\d)*")
_PIECES = re.compile(r"\(\?:|[|)?]|\{[^}]*\}|\[[^\]]*\]|\\d|[0-9]")
_TYPES = (
    (PhoneNumberType.PREMIUM_RATE, "premium_rate"),
    (PhoneNumberType.TOLL_FREE, "toll_free"),
    (PhoneNumberType.SHARED_COST, "shared_cost"),
    (PhoneNumberType.VOIP, "voip"),
    (PhoneNumberType.PERSONAL_NUMBER, "personal_number"),
    (PhoneNumberType.PAGER, "pager"),
    (PhoneNumberType.UAN, "uan"),
    (PhoneNumberType.VOICEMAIL, "voicemail"),
    (PhoneNumberType.FIXED_LINE, "fixed_line"),
    (PhoneNumberType.MOBILE, "mobile"),
)


def country_patterns(country: str) -> CountryPatterns | None:
    """The patterns of `country` (ISO 3166), or None where its metadata say more than patterns can.

    That is so where a prefix is a regular expression or is rewritten, or where a region is told by its first digits:
    there the library itself must be asked.
    """
    calling_code = country_code_for_region(country)
    sharing = COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    metadata = PhoneMetadata.metadata_for_region(country, None)
    if metadata is None or not all(_is_plain(PhoneMetadata.metadata_for_region(c, None)) for c in sharing):
        return None
    types = (_read_type(metadata, line, field) for line, field in _TYPES)
    return CountryPatterns(
        country=country,
        calling_code=str(calling_code),
        national_prefix=metadata.national_prefix_for_parsing or "",
        international_prefix=metadata.international_prefix or "",
        general=_pattern(metadata.general_desc),
        lengths=possible_lengths(country),
        types=tuple(t for t in types if t is not None),
        sharing=sharing,
    )


def first_digits(pattern: str) -> frozenset[str]:
    """The digits with which a number can begin that this pattern of a type of line takes, and perhaps others."""
    if re.search(r"(^|\(\?:|\|)($|\)|\|)", pattern):
        # What need not be there lets what follows it be first.
        return frozenset(digits)
    groups, is_first, found = [True], True, frozenset[str]()
    for piece in _PIECES.findall(pattern):
        match piece[0]:
            case "(":
                groups.append(is_first)
            case "|":
                is_first = groups[-1]
            case ")":
                groups.pop()
            case "{" if piece[1] != "0":
                pass
            case "?" | "{":
                return frozenset(digits)
            case _:
                found |= frozenset(re.findall(piece, digits)) if is_first else frozenset()
                is_first = False
    return found


def calling_codes() -> frozenset[str]:
    """Every calling code that the library knows."""
    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def _is_plain(metadata: PhoneMetadata | None) -> bool:
    if metadata is None or metadata.national_prefix_transform_rule or metadata.leading_digits:
        return False
    described = (metadata.general_desc, *(getattr(metadata, field) for _, field in _TYPES))
    return (
        all(_SIMPLE.fullmatch(_pattern(d)) for d in described)
        and re.fullmatch("[0-9]+", metadata.national_prefix_for_parsing or "") is not None
        # A plus is tried again without it where no calling code follows: certain only where the prefix starts with 0.
        and re.fullmatch("0[0-9]+", metadata.international_prefix or "") is not None
    )


def _read_type(metadata: PhoneMetadata, line: int, field: str) -> TypePattern | None:
    described: PhoneNumberDesc | None = getattr(metadata, field)
    pattern = _pattern(described)
    if described is None or not pattern:
        return None
    return TypePattern(KIND_BY_TYPE.get(line) or REASON_BY_TYPE[line], pattern, tuple(described.possible_length))


def _pattern(described: PhoneNumberDesc | None) -> str:
    return str(described.national_number_pattern or "") if described is not None else ""
