"""Why a connection failed: the chain of errors below a client's, in words that are ours alone."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

_NOT_KNOWN = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What a resolver answers that knows that there is no such name; some systems have no second word for it."""


def describe_cause(error: BaseException) -> str | None:
    """The cause in a few words, made of error numbers alone: no text that came from outside, no name, no address.

    None where the errors say no more than that the connection ended.
    """
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the certificate is not trusted ({cause.verify_message.partition(',')[0]})"
            case ssl.SSLError():
                return f"TLS failed ({(cause.reason or 'closed').replace('_', ' ').lower()})"
            case socket.gaierror() if cause.errno not in _NOT_KNOWN:
                return "the name could not be looked up"
            case socket.gaierror() | UnicodeError():
                return "the name is not known"
            case OSError() if cause.errno is not None:
                return os.strerror(cause.errno).lower()
    return None


def is_lasting(error: BaseException) -> bool:
    """Whether the same would come of another try: the certificate is not trusted, or the name not known."""
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError() | UnicodeError():
                return True
            case socket.gaierror():
                return cause.errno in _NOT_KNOWN
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The errors that led to this one, the first of them first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return reversed(chain)
