"""``DIR/.crawler/parts``: incomplete bodies, and the notes that prove their content.

A part is named ``<first 32 hex digits of sha256(path)>.<random>.part``. Its note, with ``.json`` appended to the name,
says which version of which URL its first ``offset`` bytes belong to, and their SHA-256. Only a part that agrees with
its note is ever resumed (``resuming``); everything else is removed.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Container
from contextlib import suppress
from itertools import count

from crawler.model import limits
from crawler.model.values import Job, Validators
from crawler.storage.directory.incoming.part_file import CREATE, OPEN, PartFile
from crawler.storage.directory.tree import decoded, write_all
from crawler.text.resuming import (
    KEY,
    NOTE,
    PART,
    PartNote,
    StoredPart,
    is_proven,
    note_of,
    parse_note,
    parts_with_notes,
)

_NOTE_BYTES = 64 * limits.KIB
"""Maximum size in bytes of a note: a URL, a path and two validators, whose own limits are far below this."""


OpenPart = tuple[str, PartFile, PartNote | None]
"""(name of a part, its file positioned for writing, the note that proves the bytes before that position)."""


class PartStore:
    """The parts of one DIR. ``directory`` is the descriptor of its parts directory and belongs to the caller."""

    def __init__(self, directory: int, *, digests: bool, flush: bool) -> None:
        self.directory = directory
        self.are_hashed = digests
        """Whether parts are hashed."""
        self._flush = flush
        self._run = os.urandom(8).hex()
        self._numbers = count()
        self._left: dict[str, str] = {}

    def new_name(self) -> str:
        """A unique, unguessable name, without a system call."""
        return f"{self._run}.{next(self._numbers):x}{PART}"

    def load(self) -> None:
        """List the parts of earlier runs. Raises OSError."""
        self._left = parts_with_notes(self._names())

    def sweep(self) -> None:
        """Remove everything that cannot be resumed. The caller must hold the lock. Raises OSError."""
        self.load()
        good = set(self._left.values())
        for name in self._names():
            if name.removesuffix(NOTE) not in good:
                self._unlink(name)

    def clean(self, wanted: Container[str]) -> None:
        """Remove the parts of every path that is not in ``wanted``. Raises OSError."""
        for name in list(self._left.values()):
            note = self._read_note(name)
            if note is None or note.path not in wanted:
                self.remove(name)

    @property
    def is_empty(self) -> bool:
        """Whether ``has`` is false for every path."""
        return not self._left

    def has(self, path: str) -> bool:
        """Whether an earlier run left a part for ``path``. No I/O."""
        return bool(self._left) and _key(path) in self._left

    def create(self, job: Job) -> OpenPart:
        """A new, empty part. Raises OSError."""
        name = f"{_key(job.path)}.{self.new_name()}"
        return name, PartFile(name, self.directory, new=True, digests=self.are_hashed), None

    def open(self, job: Job) -> OpenPart:
        """The proven beginning of a part that an earlier run left, or else a new part. Raises OSError."""
        return self._resume(job) or self.create(job)

    def _resume(self, job: Job) -> OpenPart | None:
        """Verify the part of an earlier run and truncate it to the proven length; remove it if nothing is proven."""
        name = self._left.get(_key(job.path))
        if name is None:
            return None
        note = self._read_note(name)
        if note is not None and self.are_hashed:
            with suppress(OSError):
                file = self._proven(name, note, job)
                if file is not None:
                    return name, file, note
        self.remove(name)
        return None

    def _proven(self, name: str, note: PartNote, job: Job) -> PartFile | None:
        file = PartFile(name, self.directory, new=False, digests=True)
        try:
            status = os.fstat(file.fileno())
            is_regular = stat.S_ISREG(status.st_mode)
            left = StoredPart(
                is_regular=is_regular, names=status.st_nlink, size=status.st_size, digest_of=file.digest_of
            )
            if is_proven(note, job, left):
                file.go_on(note.offset)
                file.rewind()
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        return None

    def write_note(self, name: str, file: PartFile, job: Job, validators: Validators) -> bool:
        """Flush the part, then replace its note atomically. False if no note could prove its content later.

        Raises OSError.
        """
        note = note_of(job, validators, file.proof(flush=self._flush))
        if note is None:
            return False
        new = f"{name}{NOTE}.new"
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=self.directory)
        descriptor = os.open(new, os.O_WRONLY | CREATE, 0o666, dir_fd=self.directory)
        try:
            write_all(descriptor, note.render())
        finally:
            os.close(descriptor)
        os.rename(new, f"{name}{NOTE}", src_dir_fd=self.directory, dst_dir_fd=self.directory)
        self._left[name[:KEY]] = name
        return True

    def digest(self, name: str, algorithm: str) -> str | None:
        """The digest in hex of a finished part, read again; None if the algorithm is unavailable. Raises OSError."""
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
            return None
        with io.FileIO(name, opener=lambda path, flags: os.open(path, flags | OPEN, dir_fd=self.directory)) as file:
            return hashlib.file_digest(file, algorithm).hexdigest()

    def remove(self, name: str) -> None:
        """Remove a part and its note, the note first. Never raises."""
        if self._left.get(name[:KEY]) == name:
            del self._left[name[:KEY]]
            self._unlink(f"{name}{NOTE}")
        self._unlink(name)

    def _unlink(self, name: str) -> None:
        with suppress(OSError):  # removed by the next run's sweep, or harmless
            os.unlink(name.encode("utf-8", "surrogateescape"), dir_fd=self.directory)

    def _names(self) -> list[str]:
        return [decoded(name) for name in os.listdir(self.directory)]

    def _read_note(self, name: str) -> PartNote | None:
        try:
            descriptor = os.open(f"{name}{NOTE}", os.O_RDONLY | OPEN, dir_fd=self.directory)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            try:
                return parse_note(file.read(_NOTE_BYTES))
            except OSError:
                return None


def _key(path: str) -> str:
    """A key of fixed length for ``path``, because the length of file names is limited."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:KEY]
