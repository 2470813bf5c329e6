"""The provider's limit, as the provider sees it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from runner.sandbox.server import Sandbox

Serve = Callable[..., Sandbox]


@pytest.mark.slow
def test_no_window_at_the_provider_ever_holds_more_than_the_limit_over_ends_and_kills(place, serve: Serve) -> None:
    sandbox = serve(requests=5, per_s=2.0, latency_s=0.05)
    project = (place.root / "campaigns.yaml").read_text().replace("{requests: 100, per: 1s}", "{requests: 5, per: 2s}")
    campaign = (place.root / "campaigns/recall.yaml").read_text()
    people = "\n".join(["phone", *(f"0612{number:06d}" for number in range(190)), ""])
    place.write(
        {
            "campaigns.yaml": project.replace("timeout: 5s", "timeout: 1s"),
            "campaigns/recall.yaml": f"{campaign}delivery: {{chunk_size: 10}}\n",
            "data/people.csv": people,
        }
    )
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        run = place.start("apply", "--auto-approve", "--format", "json")
        assert run.stdout is not None
        asked = 0
        while asked < 4:
            asked += json.loads(run.stdout.readline())["type"] == "requesting"
        run.send_signal(how)
        run.communicate(timeout=60)
    assert place.apply().returncode in {0, 3}
    counted = sandbox.count()
    assert (counted.limited, counted.twice) == (0, 0)
    assert counted.busiest == 5
    assert counted.requests in {18, 19}
