"""Digests of what is small by the interpreter's own functions: ``hashlib`` loads OpenSSL for them, in 3 ms."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing is slow
if TYPE_CHECKING:
    from hashlib import blake2b, sha256
else:
    try:
        from _blake2 import blake2b
    except ImportError:  # built without it
        from hashlib import blake2b
    try:
        from _sha2 import sha256
    except ImportError:  # before Python 3.12, or built without it
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

__all__ = ["blake2b", "sha256_hex"]

_SMALL = 1 << 14
"""Number of bytes up to which the interpreter's own SHA-256 takes 0.1 ms at most. That of OpenSSL is faster."""


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of ``data`` in hex."""
    if len(data) <= _SMALL:
        return sha256(data).hexdigest()
    from hashlib import sha256 as by_openssl  # imported only if needed

    return by_openssl(data).hexdigest()
