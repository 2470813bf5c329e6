"""Why a connection did not come about, from the chain of errors below the client's."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator


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
