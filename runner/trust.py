"""Whom a connection believes that it is who it says: the one TLS context of all that connects to the network."""

from __future__ import annotations

import os
import ssl
from functools import cache

import httpx


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The TLS context that trusts httpx's authorities and the machine's; its making costs more than a request."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    # SSLKEYLOGFILE would have the keys of every session written to a file.
    context.keylog_filename = os.devnull
    return context
