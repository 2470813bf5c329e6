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
from simulation.flight import Flight
from simulation.judge import judge_departure
from simulation.process import Process
from simulation.provider import Arrival, Reply, Request, read_request
from simulation.weather import Fate

SILENT = frozenset({Fate.LOST_BEFORE, Fate.LOST_AFTER})
NONSENSE = "soon"
DANGER = 16.0
"""How much likelier trouble is between record and answer, where it would do the greatest harm."""


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
            process.step("between record and request", danger=DANGER)
            if world.machine.now_s - began_s >= SHARE_FOR_WRITING * timeout.total_seconds():
                process.tell("has recorded too slowly, and sends nothing")
                return NotSent("recording the chunk took so long that nothing was sent any more")
            flight = self._let_go(read_request(body), fate, began_s, timeout)
        answer = self._await_answer(flight, world.machine.now_s + timeout.total_seconds(), clock)
        process.turned_s = process.answered_s = world.machine.now_s
        process.step("between answer and record")
        return answer

    def _let_go(self, request: Request, fate: Fate, began_s: float, timeout: timedelta) -> Flight:
        """The bytes are the kernel's, who keeps trying for as long as `timeout`."""
        process, world = self.process, self.process.world
        process.last_numbers = request.numbers
        world.laws.check_held(request, process.runs)
        judge_departure(world, process, request)
        left_s, travel_s = world.machine.now_s, world.draw_travel(timeout.total_seconds())
        if left_s < process.closed_until_s.get(request.key, float("-inf")):
            raise LawBroken("a request left before the provider wanted one again")
        flight = Flight(
            request=request,
            fate=fate,
            limits=self.limits,
            began_s=began_s,
            boot=world.machine.boot,
            out_s=left_s + world.rng.choice((0, travel_s)),
            arrives_s=left_s + travel_s,
        )
        process.tell(f"sends {len(request.numbers)} of {request.label} by {request.key}")
        process.flight = flight
        if fate is not Fate.LOST_BEFORE and travel_s <= timeout.total_seconds():
            world.machine.schedule(flight.arrives_s, lambda: self._arrive(flight))
        return flight

    def _arrive(self, flight: Flight) -> None:
        """The provider has every byte, unless the process ended while the kernel still held some: SO_LINGER."""
        process, world, request = self.process, self.process.world, flight.request
        if process.ended_s < flight.out_s:
            return
        world.laws.check_held(request, process.runs)
        world.laws.note_arrival(request.key, Arrival(world.machine.now_s, flight.began_s, flight.boot, flight.limits))
        flight.reply = world.provider.answer(request, flight.fate, self._draw_headers())
        world.counts["strays"] += process.over or process.frozen
        whose = f"{len(request.numbers)} of {request.label} by {process.name}"
        world.tell("provider", f"has {whose}: {flight.fate}, {flight.reply.status}")
        world.laws.check_people()

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

    def _await_answer(self, flight: Flight, answer_by_s: float, clock: Clock) -> Exchange:
        """The answer, where one comes in time, or the end of waiting for it."""
        process, world = self.process, self.process.world
        # The longer it travels, the more can happen meanwhile.
        process.step("between request and answer", danger=DANGER * (1 + flight.arrives_s - world.machine.now_s))
        silent = flight.fate in SILENT
        hears_s = answer_by_s if silent and world.rng.random() < 0.5 else flight.arrives_s + world.draw_latency()
        process.wait_until(min(hears_s, answer_by_s))
        # Who was away for so long finds both: an answer, and that it is late.
        late = world.machine.now_s > answer_by_s and world.rng.random() < 0.5
        if flight.reply is None or silent or late or hears_s > answer_by_s:
            return Lost("no whole answer came", clock.read())
        self._heed(flight.reply, flight.request.key)
        return Answer(
            status=flight.reply.status, headers=flight.reply.headers, body=flight.reply.body, ended=clock.read()
        )
