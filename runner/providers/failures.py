"""Why nothing was sent: reasons of ours, and the chain of errors below the client's."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator


class GivenUp(Exception):
    """Something of ours, and not of the network's, speaks against going on; for good where `final`."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


def describe_cause(error: BaseException) -> str:
    """The cause in a few words, made of error numbers alone: no text that came from outside, no name, no address."""
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the certificate is not trusted ({cause.verify_message.partition(',')[0]})"
            case ssl.SSLError():
                return f"TLS failed ({(cause.reason or 'closed').replace('_', ' ').lower()})"
            case socket.gaierror() | UnicodeError():
                return "the name is not known"
            case OSError() if cause.errno is not None:
                return os.strerror(cause.errno).lower()
    return "it was closed before anything was sent"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The errors that led to this one, the first of them first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return reversed(chain)
