"""The doors of a run: each account's address and key, looked up at last, and its lock, taken before planning.

In a rehearsal every account leads to an embedded sandbox of its own, which has that account's limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from runner.cli.context import Invocation
from runner.hosts import parse_allowed_hosts
from runner.model.clock import Clock
from runner.model.config import Account, Project
from runner.model.secret import Reference, Secret
from runner.plan.selection import Selection
from runner.project.references import resolve
from runner.sending.chunk import Door
from runner.state.lock import Held, hold_account, this_holder
from runner.state.open import State

ALLOW_HOSTS = "CAMPAIGN_ALLOW_HOSTS"
"""The environment variable that names, with commas, the only hosts that may be connected to."""
REHEARSAL_KEY = Secret("rehearsal")
REHEARSAL_RECORD = Path(".campaign/sandbox-record.db")


def used_accounts(project: Project, selection: Selection) -> tuple[Account, ...]:
    """The accounts of the campaigns that may be sent, by name."""
    names = {campaign.account for campaign in project.campaigns if campaign.enabled and selection.includes(campaign)}
    return tuple(project.accounts[name] for name in sorted(names))


def open_doors(
    accounts: Sequence[Account],
    *,
    invocation: Invocation,
    root: Path,
    state: State,
    clock: Clock,
    lock_timeout: timedelta,
    sandbox: bool,
    until_closed: ExitStack,
) -> tuple[Door, ...]:
    """Look up where each account leads and with which key, and take its lock, which `until_closed` gives back.

    Accounts that share one key share its lock. Raises AccountLocked, with who holds it, after `lock_timeout`.
    """
    locks: dict[bytes, Held] = {}
    doors = []
    for account in accounts:
        if sandbox:
            base_url, api_key = _start_sandbox(account, root, until_closed), REHEARSAL_KEY
            identity = f"sandbox:{account.name}"
        else:
            base_url = _look_up(account.base_url, invocation, root).open()
            api_key = _look_up(account.api_key, invocation, root)
            identity = base_url
        fingerprint = state.pseudonyms.of_account(account.provider, identity, api_key)
        if fingerprint not in locks:
            holder = this_holder(clock, "campaign apply")
            lock = hold_account(
                state, fingerprint=fingerprint, account=account.name, holder=holder, wait=lock_timeout, clock=clock
            )
            locks[fingerprint] = until_closed.enter_context(lock)
        doors.append(
            Door(
                account=account,
                base_url=base_url,
                api_key=api_key,
                proxy=_look_up(account.proxy, invocation, root) if account.proxy is not None and not sandbox else None,
                allowed_hosts=None if sandbox else parse_allowed_hosts(invocation.environment.get(ALLOW_HOSTS)),
                held=replace(locks[fingerprint], account=account.name),
                state=state,
                clock=clock,
            )
        )
    return tuple(doors)


def _look_up(reference: Reference, invocation: Invocation, root: Path) -> Secret:
    return resolve(reference, environment=invocation.environment, root=root)


def _start_sandbox(account: Account, root: Path, until_closed: ExitStack) -> str:
    from runner.sandbox.server import Sandbox

    limits = account.limits
    server = Sandbox(requests=limits.requests, per_s=limits.per.total_seconds(), record=root / REHEARSAL_RECORD)
    return until_closed.enter_context(server).base_url
