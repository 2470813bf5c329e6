"""What the sandbox can be told to do wrong, and when."""

from __future__ import annotations

import difflib
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.errors import RunnerError
from runner.sandbox.api import Answer, accept, dump, limit, refuse, spell_number
from runner.sandbox.exchange import Exchange

TRICKLE_S = 0.1
JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}

_SPELLING = re.compile(r"(?P<kind>[a-z0-9-]+)(:(?P<value>[^@]+))?(@(?P<first>[1-9]\d{0,8})(-(?P<last>[1-9]\d{0,8}))?)?")


class FaultUnknown(RunnerError):
    """The sandbox knows no such fault."""

    code = "no-such-fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, with its value where its kind takes one, from the first to the last request that it strikes."""

    kind: str
    value: str | None = None
    first: int = 1
    last: int | None = None

    def strikes(self, request: int, numbers: Sequence[str]) -> bool:
        """Whether this request, counted from 1, meets the fault."""
        if self.kind == "refuse-number" and self.value is not None and spell_number(self.value) not in numbers:
            return False
        return self.first <= request and (self.last is None or request <= self.last)

    def strike(self, exchange: Exchange) -> None:
        """Do to the exchange what the fault is about."""
        FAULTS[self.kind].strike(exchange, self.value)


def parse_fault(text: str) -> Fault:
    """A fault as it is written: KIND, KIND@3 for the third request alone, KIND@3-5; with `:VALUE` after some kinds."""
    match = _SPELLING.fullmatch(text.strip())
    if match is None or int(match["last"] or match["first"] or 0) < int(match["first"] or 0):
        hint = "write KIND, KIND@N or KIND@N-M, as in reset@2 or 500@3-5"
        raise FaultUnknown(f"`{text}` is no fault", hint=hint)
    kind, value, first, last = match.group("kind", "value", "first", "last")
    if kind not in FAULTS:
        near = difflib.get_close_matches(kind, FAULTS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(FAULTS)}"
        raise FaultUnknown(f"the sandbox has no fault `{kind}`", hint=hint)
    if value is not None and not FAULTS[kind].takes_value(value):
        raise FaultUnknown(f"`{value}` is no value of the fault `{kind}`", hint=FAULTS[kind].text)
    fault = Fault(kind=kind, value=value)
    return replace(fault, first=int(first), last=int(last or first)) if first is not None else fault


def _say(answer: Callable[[], Answer]) -> Callable[[Exchange, str | None], None]:
    """A fault in which nothing is taken and this is answered."""
    return lambda exchange, _: exchange.answer(answer())


def _reset(exchange: Exchange, _: str | None) -> None:
    exchange.reset()


def _reset_taken(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.reset()


def _stay_silent(exchange: Exchange, _: str | None) -> None:
    exchange.wait_for_client()


def _stay_silent_taken(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.wait_for_client()


def _fail(exchange: Exchange, _: str | None) -> None:
    exchange.send(500, b"<h1>Internal Server Error</h1>", HTML)


def _fail_taken(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.send(500, b"<h1>Internal Server Error</h1>", HTML)


def _cut(exchange: Exchange, _: str | None) -> None:
    body = dump(exchange.take())
    exchange.send(200, body[: len(body) // 2], JSON, length=len(body))
    exchange.hang_up_after()


def _talk_garbage(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.send(200, b'{"success": tr\xff\x00', JSON)


def _talk_too_much(exchange: Exchange, _: str | None) -> None:
    body = dump(exchange.take())
    exchange.send(200, body + b" " * 2_000_000, JSON)


def _compress(exchange: Exchange, _: str | None) -> None:
    exchange.send(200, gzip.compress(dump(exchange.take())), {**JSON, "Content-Encoding": "gzip"})


def _trickle(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while exchange.pause(TRICKLE_S):
        exchange.write(b" ")


def _put_off(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    while exchange.pause(TRICKLE_S):
        exchange.write(b"HTTP/1.1 102 Processing\r\n\r\n")


def _redirect(exchange: Exchange, _: str | None) -> None:
    exchange.send(307, b"", {"Location": "/v1/campaign/send"})


def _limit(exchange: Exchange, value: str | None) -> None:
    exchange.send(429, dump(limit()), {**JSON, "Retry-After": value or "1"})


def _count_fewer(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.answer(accept(exchange.message, counted=len(exchange.message.numbers) - 1))


def _name_other_audio(exchange: Exchange, _: str | None) -> None:
    exchange.answer(exchange.take(filename="another.wav"))


def _hide_campaign(exchange: Exchange, _: str | None) -> None:
    exchange.take()
    exchange.answer(Answer(200, {"success": True}))


def _refuse_and_take(exchange: Exchange, _: str | None) -> None:
    exchange.answer(Answer(200, {**exchange.take().content, "success": False, "code": "DESTINATION_INVALID"}))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: what it does, in a few words, and how; and the values that it takes, if any."""

    text: str
    strike: Callable[[Exchange, str | None], None]
    takes_value: Callable[[str], bool] = lambda _: False


FAULTS: Mapping[str, Kind] = {
    "reset": Kind("takes nothing, resets the connection", _reset),
    "reset-taken": Kind("takes the message, then resets the connection", _reset_taken),
    "timeout": Kind("takes nothing, never answers", _stay_silent),
    "timeout-taken": Kind("takes the message, never answers", _stay_silent_taken),
    "500": Kind("takes nothing, answers HTTP 500", _fail),
    "500-taken": Kind("takes the message, answers HTTP 500", _fail_taken),
    "truncated": Kind("takes the message, sends half of the answer", _cut),
    "garbage": Kind("takes the message, answers what is no JSON", _talk_garbage),
    "oversized": Kind("takes the message, answers 2 MB", _talk_too_much),
    "gzip": Kind("takes the message, compresses the answer unasked", _compress),
    "trickle": Kind("takes the message, answers a byte now and then, without end", _trickle),
    "interim": Kind("takes the message, answers 102 without end", _put_off),
    "no-id": Kind("takes the message, answers success without a campaign's id", _hide_campaign),
    "partial": Kind("takes the message, counts one number less", _count_fewer),
    "other-audio": Kind("takes the message, answers with another recording's name", _name_other_audio),
    "refuse-taken": Kind("takes the message, answers a refusal that names a campaign", _refuse_and_take),
    "redirect": Kind("takes nothing, redirects to itself", _redirect),
    "429": Kind("takes nothing, answers HTTP 429; 429:SECONDS sets Retry-After (1)", _limit, str.isdecimal),
    "429-bare": Kind("takes nothing, answers HTTP 429 without Retry-After", _say(limit)),
    "refuse-number": Kind(
        "refuses as DESTINATION_INVALID; refuse-number:NUMBER only requests that hold it",
        _say(lambda: refuse("DESTINATION_INVALID", "a number can't be reached")),
        lambda value: spell_number(value) is not None,
    ),
    "refuse": Kind(
        "refuses with a code that the provider does not document",
        _say(lambda: refuse("SERVICE_REFUSED", "the request was refused")),
    ),
    "audio-not-found": Kind("refuses as AUDIO_FILE_NOT_FOUND", _say(lambda: refuse("AUDIO_FILE_NOT_FOUND", "gone"))),
    "sender-refused": Kind("refuses as SENDER_NOT_AUTHORIZED", _say(lambda: refuse("SENDER_NOT_AUTHORIZED", "no"))),
    "no-credit": Kind("refuses as NOT_CREDIT", _say(lambda: refuse("NOT_CREDIT", "no credit left"))),
    "wrong-key": Kind("refuses as code 10, HTTP 401", _say(lambda: refuse(10, "not authorised"))),
    "not-found": Kind("answers HTTP 404 and a page", lambda exchange, _: exchange.send(404, b"<h1>404</h1>", HTML)),
}
