"""Stores files in directories on another file system than DIR/.crawler: mounted disks, mergerfs branches, quota realms.

A part cannot be renamed into such a directory (EXDEV), so it is copied to a hidden name next to the final one, flushed,
and renamed there: the final name still changes atomically. A copy left by a killed run is recognised by its name and
removed by the next complete run.
"""

from __future__ import annotations

import os
from contextlib import suppress

from crawler.storage.directory.copying import fill_from
from crawler.storage.directory.tree import CREATE_FLAGS, REOPEN_FLAGS, close_quietly
from crawler.text.patterns import pattern

_PREFIX = ".crawler-"
_LEFTOVER = pattern(r"\.crawler-[0-9a-f]{16}\.[0-9a-f]+\.part")


def hidden_name(part: str) -> str:
    """The name of the copy of a part; ``part`` ends in ``<16 hex digits>.<hex number>.part``."""
    return _PREFIX + ".".join(part.split(".")[-3:])


def is_leftover(name: str) -> bool:
    """True if ``name`` is the hidden name of a copy."""
    return name.startswith(_PREFIX) and _LEFTOVER.fullmatch(name) is not None


def copy_part(part: str, parts: int, target: str, directory: int) -> int:
    """Copy a part to the new file ``target`` and return its descriptor. A failed copy is removed. Raises OSError."""
    reading = os.open(part.encode("utf-8", "surrogateescape"), REOPEN_FLAGS, dir_fd=parts)
    try:
        writing = os.open(target, CREATE_FLAGS, 0o666, dir_fd=directory)
        try:
            fill_from(reading, writing)
        except BaseException:
            close_quietly(writing)
            with suppress(OSError):
                os.unlink(target, dir_fd=directory)
            raise
        return writing
    finally:
        close_quietly(reading)
