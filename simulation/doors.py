"""The doors of one process: its accounts' locks, and the wire in place of the network."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from runner.errors import AccountLocked
from runner.model.clock import Clock
from runner.model.ledger import Holder
from runner.model.secret import Secret
from runner.sending.chunk import Door
from runner.state.lock import Held, hold_account
from runner.state.open import State
from simulation.process import Process
from simulation.wire import Wire

BASE_URL = "https://api.example.fr/v1"


@dataclass(slots=True)
class Hall:
    """Where the doors are, and the locks that are held until `until_closed` ends."""

    process: Process
    state: State
    clock: Clock
    until_closed: ExitStack
    _locks: dict[bytes, Held] = field(default_factory=dict)

    def open_doors(self) -> tuple[Door, ...]:
        """Those of the accounts that are used. Raises AccountLocked where another process holds them all."""
        project, selected = self.process.project, self.process.selected
        used = sorted({campaign.account for campaign in project.campaigns if campaign.name in selected})
        doors, closed = [], []
        for name in used:
            try:
                doors.append(self._open_door(name))
            except AccountLocked as error:
                self.process.world.counts["races"] += 1
                closed.append(error)
        if not doors:
            raise closed[0]
        return tuple(replace(door, post=self._lay_wire(door, doors).post) for door in doors)

    def _open_door(self, account: str) -> Door:
        api_key = Secret(self.process.keys[account])
        fingerprint = self.state.pseudonyms.of_account("voicepartner", BASE_URL, api_key)
        if fingerprint not in self._locks:
            self._locks[fingerprint] = self._lock(fingerprint, account)
        held = self.process.helds[account] = replace(self._locks[fingerprint], account=account)
        return Door(
            account=self.process.project.accounts[account],
            base_url=BASE_URL,
            api_key=api_key,
            proxy=None,
            allowed_hosts=None,
            held=held,
            state=self.state,
            clock=self.clock,
        )

    def _lay_wire(self, door: Door, doors: list[Door]) -> Wire:
        sharing = [other.account.limits for other in doors if other.held.account_id == door.held.account_id]
        return Wire(self.process, sharing)

    def _lock(self, fingerprint: bytes, account: str) -> Held:
        process = self.process
        process.step("before it locks")
        lock = hold_account(
            self.state,
            fingerprint=fingerprint,
            account=account,
            holder=self._introduce(),
            wait=process.patience,
            clock=self.clock,
        )
        held = self.until_closed.enter_context(lock)
        process.locks[held.account_id] = held
        process.world.holders[held.account_id] = process
        process.tell(f"holds account {held.account_id} (`{account}`)")
        return held

    def _introduce(self) -> Holder:
        return Holder(
            user="ops",
            host="host",
            boot_id=self.clock.read().boot_id,
            pid=self.process.number,
            process_started="1",
            command="campaign apply",
            since=self.clock.now(),
            pid_namespace="one",
        )
