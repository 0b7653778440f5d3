"""A new part that a process writes and hashes while it receives it; what is known of it is in shared memory."""

from __future__ import annotations

import os
from hashlib import sha256
from time import monotonic

from crawler.storage.life_line import SINCE, STORED

ENDING = 64 * 1024
"""Number of bytes at the end of a part in which a status line is looked for; see ``text.http_fields.ENDING``."""
EIO = 5
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class PartStream:
    """Raises OSError if the part cannot be created, like its methods if it cannot be written."""

    def __init__(self, name: str, parts: int, shared: memoryview[float], *, is_hashed: bool) -> None:
        """``parts``: the open directory."""
        self._descriptor = os.open(name, _CREATE, 0o666, dir_fd=parts)
        self._shared = shared
        self._hashing = sha256() if is_hashed else None
        self.size = 0
        """Number of bytes stored."""

    def store(self, data: bytes | memoryview) -> None:
        """Hash and write ``data``."""
        shared, descriptor = self._shared, self._descriptor
        shared[SINCE] = began = monotonic()
        try:
            if self._hashing is not None:
                self._hashing.update(data)
            while len(data):
                count = os.write(descriptor, data)
                self.size += count
                data = data[count:]
        finally:
            shared[STORED] += monotonic() - began
            shared[SINCE] = 0

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what is stored; "" if none is wanted."""
        return "" if self._hashing is None else self._hashing.hexdigest()

    def ending(self) -> bytes:
        """The last ENDING bytes, or all."""
        return os.pread(self._descriptor, ENDING, max(0, self.size - ENDING))

    def close(self) -> None:
        """May report a write that failed late: NFS, quota."""
        os.close(self._descriptor)
