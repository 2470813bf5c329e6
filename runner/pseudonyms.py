"""Numbers → keyed hashes, in Python and as an SQL expression that gives the same, spelled out.

What stands here can't be changed later: a pseudonym that is computed otherwise matches nobody in an older state, and
everybody would be reached again.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import final
from urllib.parse import urlsplit, urlunsplit

from runner.errors import StateRefused
from runner.model.secret import Secret

SHORTEST_KEY = 32
PSEUDONYM_BYTES = 16
PURPOSES = ("recipient", "account", "sender", "check", "said", "plan")
DEFAULT_PORTS = {"http": 80, "https": 443}
BLOCK_BYTES = 64
"""The block of SHA-256, to which HMAC (RFC 2104) pads its key."""


@final
class Pseudonyms:
    """Keyed hashes of one state: HMAC-SHA-256, cut to 16 bytes, by a key of its own for each purpose.

    Each purpose's key is HMAC-SHA-256 of the purpose's name by the state key, so that no pseudonym of one kind can be
    held against one of another. Raises StateRefused where the state key has fewer than 32 characters; blanks around
    it do not count, since files and variables gain and lose them.
    """

    def __init__(self, key: Secret) -> None:
        text = key.open().strip()
        if len(text) < SHORTEST_KEY:
            message = f"the state's key has {len(text)} characters; it must have at least {SHORTEST_KEY}"
            hint = "make one with `openssl rand -hex 32`, and keep it where the state is not"
            raise StateRefused(message, hint=hint, code="state-key-short")
        self._keys = {purpose: _derive(text, purpose) for purpose in PURPOSES}
        self._inner, self._outer = (sha256(padded) for padded in self._pad_key())

    @property
    def check_value(self) -> bytes:
        """16 bytes that a state keeps, so that it recognises a wrong key."""
        return self._hash("check", b"")

    def of_number(self, number: int) -> bytes:
        """The 16 bytes under which the ledger knows the recipient with this number (E.164 digits)."""
        return self.of_numbers((number,))[0]

    def of_numbers(self, numbers: Iterable[int]) -> tuple[bytes, ...]:
        """Those of many recipients, in their order."""
        # HMAC by two hashes that have the padded key behind them: a chunk of 500 takes half as long as by `hmac`.
        copy_inner, copy_outer = self._inner.copy, self._outer.copy
        pseudonyms = []
        for number in numbers:
            inner, outer = copy_inner(), copy_outer()
            inner.update(b"+%d" % number)
            outer.update(inner.digest())
            pseudonyms.append(outer.digest()[:PSEUDONYM_BYTES])
        return tuple(pseudonyms)

    def of_account(self, provider: str, base_url: str, api_key: Secret) -> bytes:
        """16 bytes that are equal for equal API keys at one address, under whatever name of account."""
        return self._hash("account", json.dumps([provider, _normalise(base_url), api_key.open()]).encode())

    def of_sender(self, e164: str) -> bytes:
        """The 16 bytes that stand for a sender's number (`+33612345678`); no recipient's pseudonym equals them."""
        return self._hash("sender", e164.encode())

    def of_said(self, text: str) -> bytes:
        """16 bytes that stand for a text of the project's files which may hold telephone numbers."""
        return self._hash("said", text.encode("utf-8", "surrogatepass"))

    def sign_plan(self, content: bytes) -> bytes:
        """32 bytes that nobody can make for another content who has not the key."""
        return hmac.digest(self._keys["plan"], content, sha256)

    def sql(self, column: str) -> tuple[str, dict[str, bytes]]:
        """`of_number` as a DuckDB expression over a BIGINT column, and the parameters that it names.

        Its answer is text, 32 lower-case hexadecimal digits.
        """
        # DuckDB has no HMAC, but HMAC is two hashes over padded keys (RFC 2104). Its `sha256` answers such digits.
        inner, outer = self._pad_key()
        hashed = f"unhex(sha256($pseudonym_inner || encode({column}::VARCHAR)))"
        expression = f"substr(sha256($pseudonym_outer || {hashed}), 1, {2 * PSEUDONYM_BYTES})"
        return expression, {"pseudonym_inner": inner + b"+", "pseudonym_outer": outer}

    def _pad_key(self) -> tuple[bytes, bytes]:
        """The recipients' key as the inner and the outer hash of HMAC begin with it."""
        padded = self._keys["recipient"].ljust(BLOCK_BYTES, b"\0")
        inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
        return inner, outer

    def _hash(self, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._keys[purpose], message, sha256)[:PSEUDONYM_BYTES]


def _derive(key: str, purpose: str) -> bytes:
    # A variable may hold bytes that are no UTF-8; they come here as surrogates, and leave as those bytes.
    secret = key.encode("utf-8", "surrogateescape")
    return hmac.digest(secret, f"campaign-runner/1/{purpose}".encode(), sha256)


def _normalise(base_url: str) -> str:
    """One spelling for all spellings of an address; what can't be read as one stands for itself."""
    try:
        parts = urlsplit(base_url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return base_url
    name = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS.get(parts.scheme):
        name = f"{name}:{port}"
    return urlunsplit((parts.scheme, name, parts.path.rstrip("/"), parts.query, ""))
