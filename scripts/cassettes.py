"""Record what the sandbox answers into cassettes/, for the tests of the provider to replay: `make cassettes`.

Each cassette holds one exchange, made by the same code that `apply` sends with. The key in them is made up, and the
numbers are of the block kept for fiction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import vcr

from runner.model.clock import SystemClock
from runner.model.config import Content
from runner.model.secret import Secret
from runner.providers import http, voicepartner
from runner.sandbox.server import Sandbox

FOLDER = Path(__file__).resolve().parent.parent / "cassettes"
HEADER = "# Recorded from the embedded sandbox by `make cassettes`: no real provider, key or number.\n"
CONTENT = Content(audio="recording", notify_email="ops@example.fr")
NUMBERS = (33639980001, 33639980002)

# Each cassette with the faults of the sandbox that answers, and the key that is sent.
EXCHANGES: Mapping[str, tuple[Sequence[str], str]] = {
    "accepted": ((), "cassette-key"),
    "accepted-in-part": (("partial",), "cassette-key"),
    "audio-not-found": (("audio-not-found",), "cassette-key"),
    "failed": (("500",), "cassette-key"),
    "limited": (("429:30",), "cassette-key"),
    "no-credit": (("no-credit",), "cassette-key"),
    "not-found": (("not-found",), "cassette-key"),
    "number-refused": (("refuse-number",), "cassette-key"),
    "success-without-campaign": (("no-id",), "cassette-key"),
    "wrong-key": ((), "invalid-cassette-key"),
}


def forget_what_changes(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without its date and with a fixed campaign, so that recording again changes nothing."""
    answer["headers"] = {name: value for name, value in answer["headers"].items() if name.lower() != "date"}
    body = re.sub(rb'("campaignId": ")\w+', rb"\1c0ffee", answer["body"]["string"])
    return {**answer, "body": {"string": body}}


def record(name: str, faults: Sequence[str], key: str) -> None:
    """One exchange into one cassette."""
    path = FOLDER / f"{name}.yaml"
    path.unlink(missing_ok=True)
    recorder = vcr.VCR(
        match_on=["method", "path", "body"], record_mode="once", before_record_response=forget_what_changes
    )
    with Sandbox(faults=faults) as sandbox, recorder.use_cassette(str(path)):
        http.send(
            f"{sandbox.base_url}/campaign/send",
            voicepartner.build_body(Secret(key), CONTENT, None, NUMBERS),
            timeout=timedelta(seconds=30),
            before_first_byte=lambda: None,
            clock=SystemClock(),
            proxy=None,
            allowed_hosts=None,
        )
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", path.read_text(encoding="utf-8"))
    path.write_text(HEADER + text, encoding="utf-8")
    print(f"recorded {path.relative_to(FOLDER.parent)}")


if __name__ == "__main__":
    for cassette, (wrong, secret) in EXCHANGES.items():
        record(cassette, wrong, secret)
