"""Hashes and writes the pieces of a body in two threads, while a third one receives the next ones."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from crawler.model import limits
from crawler.storage.directory.incoming.part_file import PartFile

_AHEAD = 3
"""Maximum number of pieces that are being hashed and written; with two, each stage waits for the other ones."""


class _Piece(NamedTuple):
    data: memoryview
    hashed: Future[hashlib._Hash | None]
    """The hash of the part up to and including this piece."""
    written: Future[None]

    @property
    def is_done(self) -> bool:
        return self.hashed.done() and self.written.done()


class PieceStages:
    """Appends pieces to a part file, in their order. For one thread, which must call ``close`` at the end.

    The part's ``written`` and ``hashing`` cover the pieces that are both written and hashed, up to the first one that
    failed, so they always prove the beginning of the file.
    """

    def __init__(self, file: PartFile) -> None:
        self._file = file
        self._hashing: hashlib._Hash | None = None
        """Used by the thread that hashes, while there are pieces."""
        self._pieces = deque[_Piece]()
        self._threads: list[ThreadPoolExecutor] | None = None
        """One for each stage, once they are needed; empty if the system has no more threads."""

    @property
    def is_behind(self) -> bool:
        """Whether a piece is still being hashed or written."""
        return bool(self._pieces) and not self._pieces[-1].is_done

    def append(self, data: bytes | memoryview) -> None:
        """Hash and write ``data`` and all earlier pieces. Raises OSError."""
        self._settle()
        self._file.writelines((data,))

    def put(self, data: memoryview) -> memoryview | None:
        """Begin to hash and write ``data``. Returns memory for the next piece; None if ``data`` is stored already.

        Raises OSError, also for an earlier piece.
        """
        if self._threads is None:
            self._threads = _started()
        if not self._threads:
            self.append(data)
            return None
        free = self._finish_first() if len(self._pieces) == _AHEAD else memoryview(bytearray(limits.BULK_PIECE))
        if not self._pieces:
            self._hashing = self._file.hashing
        hasher, writer = self._threads
        self._pieces.append(_Piece(data, hasher.submit(self._hash, data), writer.submit(self._file.write_last, data)))
        return free

    def close(self) -> None:
        """Wait for all pieces, and stop the threads. Raises OSError."""
        try:
            self._settle()
        finally:
            for thread in self._threads or ():
                thread.shutdown()

    def _settle(self) -> None:
        while self._pieces:
            self._finish_first()

    def _finish_first(self) -> memoryview:
        """Wait for the earliest piece and count it. Returns its memory. If it failed, no later one ever counts."""
        piece = self._pieces.popleft()
        try:
            piece.written.result()
            self._file.count(len(piece.data), piece.hashed.result())
        except BaseException:
            self._pieces.clear()
            raise
        return memoryview(piece.data.obj)

    def _hash(self, data: memoryview) -> hashlib._Hash | None:
        if self._hashing is not None:
            self._hashing = self._hashing.copy()
            self._hashing.update(data)
        return self._hashing


def _started() -> list[ThreadPoolExecutor]:
    """A running thread for each stage; none if the system has no more."""
    threads = [ThreadPoolExecutor(1, f"destination-{stage}") for stage in ("hash", "write")]
    try:
        for thread in threads:
            thread.submit(int)  # which starts the thread
    except RuntimeError:
        for thread in threads:
            thread.shutdown(wait=False)
        return []
    return threads
