"""What no source reads, whatever the project."""

from __future__ import annotations

CLOSED = frozenset({".git", ".campaign", ".env"})
"""Names of folders and files, in any case: tokens, the state, secrets."""
