"""Units of time as people write them; alone, so that a shell completes a word of an option without a clock."""

from __future__ import annotations

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""How many seconds each unit of a duration has, the longest first."""
