"""The file of a part, written and hashed by one thread at a time, or by another process."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterable

from crawler.model import limits
from crawler.storage.directory.os_errors import flush as flush_file
from crawler.storage.directory.tree import write_all
from crawler.text.http_fields import certain_length

CREATE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags for opening a new file."""
OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Flags for opening an existing one."""


class PartFile(io.FileIO):
    """A part file that hashes the data written to it, so that one hop to a thread does both.

    ``hashing`` is None if digests are off. A task can be cancelled while a thread still writes for it, so a lock
    serialises writing, flushing and closing: nothing is written to a closed descriptor. A new file is created when it
    is first written to, or closed: by the thread that does that, because creating it may block.
    """

    def __init__(self, name: str, directory: int, *, new: bool, digests: bool) -> None:
        self._name, self._directory, self._is_new = name, directory, new
        self._turn = threading.Lock()
        self._is_created = False
        self.is_open = True
        """Whether it can be written to."""
        self.hashing = hashlib.sha256() if digests else None
        self._digest: str | None = None
        """What a process has computed instead of ``hashing``."""
        self.written = 0
        """Number of bytes that are both written and hashed."""
        if not new:
            self._create()

    def _create(self) -> None:
        """Open the file unless that has been done. Raises OSError."""
        if not self._is_created:
            super().__init__(self._name, "x+" if self._is_new else "r+", opener=self._open)
            self._is_created = True

    def _open(self, path: str, flags: int) -> int:
        return os.open(path, flags | (CREATE if self._is_new else OPEN), 0o666, dir_fd=self._directory)

    def writelines(self, chunks: Iterable[bytes | memoryview], /) -> None:  # type: ignore[override]
        """Write and hash all of ``chunks``. Raises OSError."""
        with self._turn:
            self._create()
            for data in chunks:  # each by itself, because joining them costs as much as writing them
                write_all(self.fileno(), data)
                if self.hashing is not None:
                    self.hashing.update(data)
                self.written += len(data)

    def write_last(self, data: bytes | memoryview) -> None:
        """Write ``data``, which does not count before ``count``. Raises OSError."""
        with self._turn:
            self._create()
            write_all(self.fileno(), data)

    def count(self, size: int, hashing: hashlib._Hash | None) -> None:
        """Count the next ``size`` bytes that ``write_last`` has written; ``hashing``: of all bytes up to their end."""
        with self._turn:
            self.written += size
            self.hashing = hashing

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been done yet, not even to create the file."""
        return self._is_new and not self._is_created and self.is_open

    @property
    def sha256(self) -> str | None:
        """SHA-256 in hex of what is written; None if digests are off."""
        return self._digest if self.hashing is None else self.hashing.hexdigest()

    def conclude(self, size: int, digest: str) -> None:
        """Take over what a process has written and closed: all of the body, ``size`` bytes.

        ``digest``: its SHA-256 in hex; "" if digests are off.
        """
        self.written, self.hashing, self._digest = size, None, digest or None
        self.is_open = False

    def adopt(self, count: int) -> None:
        """Go on behind what a process has written, about ``count`` bytes, which are read again for their digest.

        Raises OSError.
        """
        with self._turn:
            self._is_new = False
            try:
                self._create()
            except FileNotFoundError:
                if count:
                    raise  # somebody has removed the file
                self._is_new = True
                return
            size = os.fstat(self.fileno()).st_size
            if self.hashing is not None:
                self.digest_of(size)
            self.go_on(size)

    def last(self, most: int) -> bytes:
        """The last ``most`` bytes. Raises OSError."""
        with self._turn:
            start = max(0, self.written - most)
            return os.pread(self.fileno(), self.written - start, start)

    def proof(self, *, flush: bool) -> tuple[int, str] | None:
        """(number of bytes, their SHA-256 in hex), flushed if ``flush``; None if there are no bytes or digests are off.

        If the run was cancelled while a thread closed the file, it may already be closed. It is complete then, and
        verifying it detects missing data. Raises OSError.
        """
        with self._turn:
            digest = self.sha256
            if digest is None or not self.written:
                return None
            if flush and not self.closed:
                flush_file(self.fileno())
            return self.written, digest

    def digest_of(self, count: int) -> str:
        """SHA-256 in hex of the first ``count`` bytes, read again; later writes continue this hash. Raises OSError."""
        self.hashing, left = hashlib.sha256(), count
        while left > 0 and (block := self.read(min(left, limits.MIB))):
            self.hashing.update(block)
            left -= len(block)
        return self.hashing.hexdigest()

    def go_on(self, count: int) -> None:
        """Continue writing after the first ``count`` bytes, which were hashed. Raises OSError."""
        self.truncate(count)
        self.seek(count)
        self.written = count

    def rewind(self) -> None:
        """Remove bytes at the end that may belong to another response (``certain_length``). Raises OSError."""
        with self._turn:
            if not self.written:
                return
            start = max(0, self.written - limits.DOUBTED)
            left = start + certain_length(os.pread(self.fileno(), self.written - start, start))
            if left < self.written:
                if self.hashing is not None:
                    self.seek(0)
                    self.digest_of(left)
                self.go_on(left)

    def close(self) -> None:
        with self._turn:
            self.is_open = False
            if self._is_created:
                super().close()

    def complete(self) -> None:
        """Close the file, and create it if nothing was written to it. Raises OSError."""
        with self._turn:
            self._create()
            self.is_open = False
            super().close()
