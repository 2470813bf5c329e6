"""What a campaign's process and a sealed one tell each other: frames over a pipe, and values of templates as JSON.

Nothing of it is code: what the sealed process sends can be wrong, and no more than that.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import IO, Any

Json = Any
"""Whatever stands in JSON."""

MOST_FRAME_BYTES = 64 << 20
_HEAD = struct.Struct(">cI")


class Kind(Enum):
    """What a frame holds."""

    ROWS = b"r"
    """Some cells of the column, a row each, as JSON: their texts and, where one is none, why."""
    PAGE = b"p"
    """What the next rows or bytes are, as JSON."""
    BYTES = b"b"
    """Some of the bytes of a page."""
    FAILED = b"f"
    """Why there will be nothing more, as JSON: message, hint and code of an error that a user can meet."""
    BROKEN = b"x"
    """A defect, as the text of its traceback."""
    END = b"e"
    """All was sent."""


Emit = Callable[[Kind, bytes], None]
"""Sends one frame."""


def write_frame(file: IO[bytes], kind: Kind, body: bytes = b"") -> None:
    """Send one frame at once."""
    file.write(_HEAD.pack(kind.value, len(body)) + body)
    file.flush()


def read_frames(file: IO[bytes]) -> Iterator[tuple[Kind, bytes]]:
    """The frames until the pipe is closed, which may be in the middle of one. Raises ValueError for what is none."""
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        kind, size = _HEAD.unpack(head)
        if size > MOST_FRAME_BYTES:
            raise ValueError("a frame is larger than any may be")
        body = file.read(size)
        if len(body) < size:
            return
        yield Kind(kind), body


def write_request(request: Mapping[str, object]) -> bytes:
    """A request with its values, of the types that a template's parameters can have."""
    return json.dumps({name: _pack(value) for name, value in request.items()}).encode()


def read_request(data: bytes) -> dict[str, Any]:
    """What `write_request` wrote."""
    return {name: _unpack(value) for name, value in json.loads(data).items()}


def _pack(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case timedelta():
            return {"timedelta": [value.days, value.seconds, value.microseconds]}
        case list() | tuple():
            return [_pack(part) for part in value]
        case Mapping():
            return {"map": {str(name): _pack(part) for name, part in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} can't be handed to a sealed process")


_UNPACK: Mapping[str, Callable[[Any], object]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "map": lambda parts: {name: _unpack(part) for name, part in parts.items()},
}


def _unpack(value: Json) -> Json:
    if isinstance(value, list):
        return [_unpack(part) for part in value]
    if isinstance(value, dict):
        ((kind, part),) = value.items()
        return _UNPACK[kind](part)
    return value
