"""Published digests: what they are called, and whether a body has them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping


def header_digest(headers: Mapping[str, str]) -> str | None:
    """The digest that an answer promises (RFC 9530), as ``algorithm:hex``."""
    match = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", headers.get("Repr-Digest", ""))
    if match is None:
        return None
    try:
        return "sha256:" + base64.b64decode(match[1], validate=True).hex()
    except binascii.Error:
        return None


def matches(body: bytes, digest: str) -> bool:
    """True if ``body`` has ``algorithm:hex``."""
    algorithm, _, expected = digest.partition(":")
    return hashlib.new(algorithm, body).hexdigest() == expected.lower()
