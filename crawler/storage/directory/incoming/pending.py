"""A file between the writing of its part and its final name, and what is known of it then."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from crawler.model.values import Known, Staged


@dataclass(slots=True)
class PendingFile:
    """A part with all its bytes and its time, waiting for the flush."""

    item: Staged
    part: str
    descriptor: int = -1
    size: int = 0
    mtime: int = 0
    placed: bool = False
    timed: bool = True
    """False if it could not be given its time: then only the final name tells what it has."""


def part_problem(status: os.stat_result, item: Staged) -> str:
    """Why the part cannot be what was written; "" if it can."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return "its part was replaced by something else"
    if status.st_size != item.size:
        return f"its part holds {status.st_size} bytes instead of {item.size}"
    return ""


def known_of(file: PendingFile) -> Known:
    """What the state is to remember of a file that has its name."""
    item = file.item
    base = item.result.known
    if base is None:
        return Known(
            path=item.job.path,
            url=item.job.url,
            row=item.job.row,
            size=file.size,
            mtime=file.mtime,
            digest=item.result.digest,
        )
    if (file.size, file.mtime) == (base.size, base.mtime) and base.digest:
        return base
    return Known(
        path=base.path,
        url=base.url,
        row=base.row,
        size=file.size,
        mtime=file.mtime,
        validators=base.validators,
        digest=base.digest or item.result.digest,
        checked=base.checked,
    )
