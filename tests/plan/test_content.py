"""What the ledger keeps of a content."""

from __future__ import annotations

import pytest

from runner.model.config import Content
from runner.model.ledger import KeptContent
from runner.model.secret import Secret
from runner.plan.content import keep_content
from runner.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(Secret("k" * 32))


@pytest.mark.parametrize(
    ("audio", "email", "url"),
    [
        ("5f2c8e6b", "ops@example.fr", None),
        ("aaaa1111", "ops+2026@example.fr", "https://hooks.example.fr/vms?from=2026-12-01"),
        ("5f2c8e6b1a2b3c4d5e6f708192a3b4c5", "o.p_s@example.fr", "http://192.168.10.20:8443/vms"),
    ],
)
def test_what_holds_no_number_is_kept_byte_for_byte(audio: str, email: str, url: str | None) -> None:
    content = Content(audio=audio, notify_email=email, notify_url=url, schedule="2026-12-01 10:00")
    kept = KeptContent(audio=audio, notify_email=email, notify_url=url, schedule="2026-12-01 10:00")
    assert keep_content(content, PSEUDONYMS) == kept
