"""crawler without SHA-256, to learn what the digests cost: no option does that, and no mirror should be made so."""

from __future__ import annotations

import hashlib
import sys


class _Nothing:
    """Looks like a hash object and computes nothing."""

    def __init__(self, data: bytes = b"") -> None:
        del data

    def update(self, data: bytes) -> None:
        del data

    def hexdigest(self) -> str:
        return "0" * 64


if __name__ == "__main__":
    hashlib.sha256 = _Nothing  # type: ignore[assignment]
    from crawler.cli import parser as cli  # after it: the modules below take the name from hashlib

    sys.exit(cli.run(sys.argv[1:]))
