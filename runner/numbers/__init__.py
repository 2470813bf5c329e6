"""Telephone numbers: text to E.164 and kind, or why not; the patterns that judge whole columns; masking.

Importing this room is cheap: libphonenumber comes with the first text that is judged.
"""

from runner.numbers.judging import has_number, judge_anywhere, judge_number
from runner.numbers.masking import (
    format_number,
    mask_cell,
    mask_name,
    mask_number,
    mask_numbers,
    mask_written,
)
from runner.numbers.values import FICTION, SPECIAL_REASONS, TERRITORIES, InvalidNumber, Number

__all__ = [
    "FICTION",
    "SPECIAL_REASONS",
    "TERRITORIES",
    "InvalidNumber",
    "Number",
    "format_number",
    "has_number",
    "judge_anywhere",
    "judge_number",
    "mask_cell",
    "mask_name",
    "mask_number",
    "mask_numbers",
    "mask_written",
]
