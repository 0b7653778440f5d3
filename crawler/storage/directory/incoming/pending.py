"""A file whose part is completely written, but which does not have its final name yet."""

from __future__ import annotations

import errno
import os
import stat

from crawler.model.struct import Struct
from crawler.model.values import Known, Staged
from crawler.storage.directory.os_errors import is_whole, item_reason
from crawler.text.digests import sha256_of


class PendingFile(Struct):
    """A complete part, waiting to be flushed and named."""

    item: Staged
    part: str
    descriptor: int = -1
    size: int = 0
    mtime: int = 0
    placed: bool = False
    timed: bool = True
    """False if the modification time could not be set; the actual one is then read after the rename."""
    digest: str | None = None
    """The digest of the body if ``item`` lacks it and somebody has computed it."""


def part_problem(status: os.stat_result, item: Staged) -> str:
    """Why the part file is not the one that was written; "" if it is."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return "its part file was replaced by something else"
    if status.st_size != item.size:
        return f"its part file has {status.st_size} bytes, expected {item.size}"
    return ""


def known_of(file: PendingFile) -> Known:
    """What the state should remember about a file that has its final name."""
    item, base = file.item, file.item.result.known
    added = file.digest
    if item.lacks_digest and added is None:
        added = sha256_of(item.body)
    if base is None:
        return Known(
            path=item.job.path,
            url=item.job.url,
            row=item.job.row,
            size=file.size,
            mtime=file.mtime,
            digest=added or item.result.digest,
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
        digest=added or base.digest or item.result.digest,
        checked=base.checked,
    )


def unwritten(error: OSError, item: Staged) -> str:
    """The reason why the body of ``item`` cannot be written. Raises ``error`` if it concerns other files, too."""
    if is_whole(error) or not (item.part or error.errno == errno.EFBIG):
        raise error
    return item_reason(error)


def unnamed(error: OSError, file: PendingFile) -> str:
    """The reason why ``file`` cannot get its name. Raises ``error`` if it concerns other files, too."""
    if is_whole(error):
        raise error
    return item_reason(error, file.item.job.path.rpartition("/")[2])
