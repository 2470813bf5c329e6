"""What a PostgreSQL server or the link to it fails with, as one of our errors."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from runner.errors import RunnerError, StateRefused, StateUnavailable


class SessionLost(StateUnavailable):
    """The connection to the server is gone, and with it the session's locks and the transaction that was under way."""


def translate(error: DBAPIError, name: str, patience_s: float, *, recording: bool) -> RunnerError | None:
    """The error as one of ours, by its SQLSTATE (the manual's appendix A); None where it is a defect.

    `recording` says whether the session may write, by which it is told what a role lacks.
    """
    state: str = getattr(error.orig, "sqlstate", None) or ""
    what = str(error.orig).strip().partition("\n")[0]
    match state[:2]:
        case "28" | "3D":
            return StateRefused(f"`{name}` lets nobody in: {what}", hint="check the URL", code="state-server")
        case "XX":
            hint = "put back a copy from before; a new state would reach everybody again"
            return StateRefused(f"`{name}` is damaged: {what}", hint=hint, code="state-damaged")
        case "53":
            return StateUnavailable(f"the server of `{name}` has no room: {what}", hint="make room, then run again")
    match state:
        case "42501" | "25006":
            is_reading = state == "42501" and not recording
            done, do, code = ("read", "read", "state-server") if is_reading else ("written", "write", "state-read-only")
            hint = f"give this role the right to {do} the state's tables"
            return StateRefused(f"`{name}` can't be {done}: {what}", hint=hint, code=code)
        case "55P03":
            message = f"another process has kept `{name}` locked for {patience_s:g} s"
            return StateUnavailable(message, hint="end what holds it, a backup or an open transaction perhaps")
        case "57014" | "40001" | "40P01":
            return StateUnavailable(f"the server of `{name}` gave up: {what}", hint="run again")
    if error.connection_invalidated or state[:2] in ("08", "57") or (not state and _is_operational(error)):
        hint = "check the server and the network, then run again"
        return SessionLost(f"`{name}` can't be reached: {what}", hint=hint)
    return None


def _is_operational(error: DBAPIError) -> bool:
    # By name, so that this room is there without the driver; a connection that timed out is a kind of it.
    return any(kind.__name__ == "OperationalError" for kind in type(error.orig).__mro__)
