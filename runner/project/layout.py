"""How a project's folder is laid out, and how much it may hold: whoever goes beyond errs, or means harm."""

from __future__ import annotations

PROJECT_FILE = "campaigns.yaml"
CAMPAIGNS_FOLDER = "campaigns"
ENDINGS = (".yaml", ".yml")
PASSED_OVER = ("_", ".")
"""Files and folders whose names begin so are no campaigns."""
MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_PROBLEMS = 100
"""Problems of one file that are told: whoever has more mends these first."""
MORE_PROBLEMS = "more-problems"
"""The code that ends such a list."""


def is_campaign_name(name: str) -> bool:
    """Whether a file of this name is a campaign, as far as its name says."""
    return name.lower().endswith(ENDINGS) and not name.startswith(PASSED_OVER)
