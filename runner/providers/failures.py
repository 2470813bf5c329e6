"""Why nothing was sent, where the reason is ours."""

from __future__ import annotations


class GivenUp(Exception):
    """Something of ours, and not of the network's, speaks against going on; for good where `final`."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
