"""The doors of a run: each account's address and key, looked up at last, and its lock, taken before planning.

In a rehearsal every account leads to an embedded sandbox of its own, which has that account's limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from runner.cli.context import Invocation
from runner.errors import AccountLocked, Problem, ReferenceUnresolved
from runner.hosts import parse_allowed_hosts
from runner.model.clock import Clock
from runner.model.config import Account, Project
from runner.model.secret import Reference, Secret
from runner.plan.schedule import is_over
from runner.plan.selection import Selection
from runner.project.references import resolve
from runner.render.words import render_duration
from runner.sending.chunk import Door
from runner.state.lock import Held, hold_account, this_holder
from runner.state.open import State

ALLOW_HOSTS = "CAMPAIGN_ALLOW_HOSTS"
"""The environment variable that names, with commas, the only hosts that may be connected to."""
REHEARSAL_RECORD = Path(".campaign/sandbox-record.db")


def used_accounts(project: Project, selection: Selection, now: datetime) -> tuple[Account, ...]:
    """The accounts of the campaigns that may be sent now, by name."""
    names = {
        campaign.account
        for campaign in project.campaigns
        if campaign.enabled
        and selection.includes(campaign)
        and not is_over(campaign, now, project.accounts[campaign.account].timezone)
    }
    return tuple(project.accounts[name] for name in sorted(names))


@dataclass(slots=True)
class Hall:
    """Where the doors are: what they are opened with, and the locks that are held, until `until_closed` ends."""

    invocation: Invocation
    root: Path
    state: State
    clock: Clock
    sandbox: bool = field(kw_only=True)
    until_closed: ExitStack = field(kw_only=True)
    _locks: dict[bytes, Held] = field(init=False, default_factory=dict)

    def open_doors(
        self, accounts: Sequence[Account], lock_timeout: timedelta
    ) -> tuple[tuple[Door, ...], dict[str, Problem]]:
        """The doors of these accounts, and why others stay closed, by the account's name.

        A door stays closed where its key or address is not set, or where another runner holds its lock for longer than
        `lock_timeout`. Raises that very error where no door can be opened.
        """
        doors: list[Door] = []
        closed: dict[str, Problem] = {}
        for account in accounts:
            try:
                doors.append(self._open_door(account, lock_timeout))
            except (ReferenceUnresolved, AccountLocked) as error:
                closed[account.name] = error.as_problem(account.place)
                if len(closed) == len(accounts):
                    raise
        return tuple(doors), closed

    def _open_door(self, account: Account, lock_timeout: timedelta) -> Door:
        if self.sandbox:
            base_url, api_key, proxy = self._start_sandbox(account), Secret(f"rehearsal-{account.name}"), None
            identity = "sandbox"
        else:
            base_url, api_key = self._look_up(account.base_url).open(), self._look_up(account.api_key)
            proxy = self._look_up(account.proxy) if account.proxy is not None else None
            identity = base_url
        allowed = None if self.sandbox else parse_allowed_hosts(self.invocation.environment.get(ALLOW_HOSTS))
        # A recording that waited for longer than a request may take would be ended by the kernel, without a word.
        self.state.limit_waits(account.timeout)
        fingerprint = self.state.pseudonyms.of_account(account.provider, identity, api_key)
        return Door(
            account=account,
            base_url=base_url,
            api_key=api_key,
            proxy=proxy,
            allowed_hosts=allowed,
            held=replace(self._hold(fingerprint, account, lock_timeout), account=account.name),
            state=self.state,
            clock=self.clock,
        )

    def _hold(self, fingerprint: bytes, account: Account, lock_timeout: timedelta) -> Held:
        """The lock of this key, taken once however many accounts share it. Whoever waits for it is told for whom."""
        if fingerprint not in self._locks:
            try:
                self._locks[fingerprint] = self._take(fingerprint, account, timedelta(0))
            except AccountLocked as error:
                if not lock_timeout:
                    raise
                most = render_duration(lock_timeout.total_seconds())
                self.invocation.warn(f"{error.message}; waiting for it for {most} at most")
                self.invocation.begin(f"waiting for the lock of account `{account.name}`")
                self._locks[fingerprint] = self._take(fingerprint, account, lock_timeout)
                self.invocation.begin("planning")
        return self._locks[fingerprint]

    def _take(self, fingerprint: bytes, account: Account, wait: timedelta) -> Held:
        lock = hold_account(
            self.state,
            fingerprint=fingerprint,
            account=account.name,
            holder=this_holder(self.clock, "campaign apply"),
            wait=wait,
            clock=self.clock,
        )
        return self.until_closed.enter_context(lock)

    def _look_up(self, reference: Reference) -> Secret:
        return resolve(reference, environment=self.invocation.environment, root=self.root)

    def _start_sandbox(self, account: Account) -> str:
        from runner.sandbox.server import Sandbox

        limits = account.limits
        record = self.root / REHEARSAL_RECORD
        server = Sandbox(requests=limits.requests, per_s=limits.per.total_seconds(), record=record)
        return self.until_closed.enter_context(server).base_url
