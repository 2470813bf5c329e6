"""The wire of a history, in place of `http.send`: with its promises, and with every fault that it can meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

from runner.model.clock import Clock
from runner.model.config import Limits
from runner.model.secret import Secret
from runner.model.verdict import NotSent
from runner.providers.http import SHARE_FOR_WRITING, Answer, Lost
from runner.sending.chunk import Exchange
from simulation.books import LawBroken
from simulation.judge import judge_departure
from simulation.process import Process
from simulation.provider import Reply, Request, read_request
from simulation.weather import Fate

SILENT = frozenset({Fate.LOST_BEFORE, Fate.LOST_AFTER})
NONSENSE = "soon"
FROZEN_OFTEN = 8.0
"""How much likelier a process freezes between record and request, where it would do the greatest harm."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The way of one process to the provider, with the limits of every account that has the same key."""

    process: Process
    limits: Sequence[Limits]

    def post(
        self,
        _url: str,
        body: bytes,
        *,
        timeout: timedelta,
        before_first_byte: Callable[[], None],
        clock: Clock,
        proxy: Secret | None,  # noqa: ARG002
        allowed_hosts: frozenset[str] | None,  # noqa: ARG002
    ) -> Exchange:
        """One request. See runner.providers.http.send, whose promises these are."""
        process, world = self.process, self.process.world
        process.step("before it connects")
        fate = world.draw_fate()
        if fate is Fate.NOT_CONNECTED:
            world.machine.advance(5 * world.rng.random())
            process.tell("finds no connection")
            return NotSent("no connection")
        process.connected_s = world.machine.now_s
        with process.fused(timeout) as began_s:
            before_first_byte()
            process.step("between record and request", freezes=FROZEN_OFTEN)
            if world.machine.now_s - began_s >= SHARE_FOR_WRITING * timeout.total_seconds():
                process.tell("has recorded too slowly, and sends nothing")
                return NotSent("recording the chunk took so long that nothing was sent any more")
            left_s = world.machine.now_s
            request = read_request(body)
            reply = self._travel(request, fate, began_s + timeout.total_seconds())
        answer = self._come_back(reply, fate, left_s + timeout.total_seconds(), clock)
        if isinstance(answer, Answer):
            self._heed(reply, request.key)
        process.turned_s = process.answered_s = world.machine.now_s
        process.step("between answer and record")
        return answer

    def _travel(self, request: Request, fate: Fate, fuse_s: float) -> Reply:
        """The bytes leave, and reach the provider while the kernel's timer still runs."""
        process, world = self.process, self.process.world
        process.last_numbers = request.numbers
        world.laws.check_departure(request, process.runs)
        judge_departure(world, process, request)
        closed_until_s = process.closed_until_s.get(request.key, float("-inf"))
        if world.machine.now_s < closed_until_s:
            raise LawBroken("a request left before the provider wanted one again")
        longest_s = fuse_s - world.machine.now_s
        world.machine.advance(min(world.draw_latency(), longest_s))
        if fate is not Fate.LOST_BEFORE:
            world.laws.note_arrival(request, self.limits)
        if fate is Fate.LOST_BEFORE:
            process.tell(f"sends {len(request.numbers)} of {request.label}: {fate}")
            return Reply(0, b"")
        reply = world.provider.answer(request, fate, self._draw_headers())
        process.tell(f"sends {len(request.numbers)} of {request.label} by {request.key}: {fate}, {reply.status}")
        world.laws.check_people()
        return reply

    def _draw_headers(self) -> dict[str, str]:
        """What a 429 says of when to come back: seconds, a date, nothing or nonsense."""
        world = self.process.world
        seconds = world.rng.choice((0, 1, 2, 5))
        date = format_datetime(world.machine.now() + timedelta(seconds=seconds), usegmt=True)
        return world.rng.choice(({}, {"retry-after": str(seconds)}, {"retry-after": date}, {"retry-after": NONSENSE}))

    def _heed(self, reply: Reply, key: str) -> None:
        """Until when no request may leave: so long as the answer says, else for a whole window."""
        asked = reply.headers.get("retry-after", "")
        if reply.status == 429 and (asked.isdecimal() or asked in {"", NONSENSE}):
            longest_s = max(limit.per for limit in self.limits).total_seconds()
            wait_s = float(asked) if asked.isdecimal() else longest_s
            self.process.closed_until_s[key] = self.process.world.machine.now_s + wait_s

    def _come_back(self, reply: Reply, fate: Fate, answer_by_s: float, clock: Clock) -> Exchange:
        """The answer, where one comes in time, or the end of waiting for it."""
        process, world = self.process, self.process.world
        process.step("between request and answer")
        world.machine.advance(world.draw_latency())
        if fate in SILENT and world.rng.random() < 0.5:
            world.machine.advance_to(answer_by_s)
        if fate in SILENT or world.machine.now_s > answer_by_s:
            return Lost("no whole answer came", clock.read())
        return Answer(status=reply.status, headers=reply.headers, body=reply.body, ended=clock.read())
