"""What a file or folder of a project may hold at most: who goes beyond has made a mistake, or means harm."""

from __future__ import annotations

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_PROBLEMS = 100
"""Problems of one file that are told: whoever has more mends these first."""
