"""New files that are stored in the short way end as those that are stored one by one, and failures of the disk too."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Known, Staged
from crawler.storage.directory import commit
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.destination import LocalDestination
from tests.contract.destination import staged

KNOWN = Known(path="", url="http://host/", row="", size=0, mtime=0, digest="sha256:00")
SECOND = 1_000_000_000
NOW = 1_750_000_000 * SECOND
NAMES = ["a", "b.tar.gz", "c d", "ä", "\udcff", ".x", "n" * 250, "n" * 300, ".crawler", "..", "x\n", "log", "-y", ""]
ABOVE = ["", "", "", "sub/", "sub/deep/", "file/", "link/", "/", "ä/"]
MTIMES = [1_700_000_000 * SECOND, 1_700_000_000 * SECOND + 1, 0, -SECOND, None, 10**30]


def prepared(directory: Path) -> None:
    """What a batch may find in DIR: files, directories, links and a FIFO, with the names of its own files."""
    (directory / "file").write_text("old")
    (directory / "b.tar.gz").write_text("old")
    (directory / "link").symlink_to(directory.parent)
    (directory / "sub").mkdir()
    (directory / "sub" / "a").mkdir()
    os.mkfifo(directory / "sub" / "c d")
    (directory / "sub" / "b.tar.gz").symlink_to("a")
    (directory / "sub" / "log").write_text("the log of the run")


def batch(chance: random.Random) -> list[Staged]:
    """Files of all kinds, most of them usual."""
    items = []
    for number in range(chance.randint(1, 12)):
        path = chance.choice(ABOVE) + chance.choice(NAMES) if chance.random() < 0.5 else f"{number}.bin"
        mtime = chance.choice(MTIMES) if chance.random() < 0.3 else MTIMES[0]
        item = staged(path, b"body of %d" % number, mtime)
        known = replace(KNOWN, path=path, size=item.size, mtime=mtime or 0)
        item = replace(item, result=replace(item.result, known=known)) if chance.random() < 0.7 else item
        item = undigested(item) if chance.random() < 0.5 else item
        item = staged("sub/not-yet-here") if chance.random() < 0.05 else item
        items.append(replace(item, size=item.size + 1) if chance.random() < 0.05 else item)
    return items


def undigested(item: Staged) -> Staged:
    """``item`` as if its digest was left to the destination."""
    known = item.result.known and replace(item.result.known, digest=None)
    return replace(item, result=replace(item.result, known=known, digest=None), lacks_digest=True)


def contents(directory: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(directory.rglob("*")):
        status, name = path.lstat(), os.fsdecode(path.relative_to(directory))
        is_file = path.is_file() and not path.is_symlink()
        if not name.startswith(".crawler/lock"):
            found[name] = (
                (status.st_mode, status.st_mtime_ns // SECOND, path.read_bytes()) if is_file else status.st_mode
            )
    return {name: value for name, value in found.items() if name != "sub/log" or isinstance(value, tuple)}


def stored(items: Sequence[Staged], broken: Callable[[pytest.MonkeyPatch], None], *, short: bool, fsync: str) -> object:
    """(The outcomes or the error, what is in DIR) after a commit of ``items``."""

    async def run(directory: Path) -> object:
        own = [
            OwnFile("--log-file", directory / "sub" / "log"),
            OwnFile("--summary", directory / "sub" / "not-yet-here"),
        ]
        async with LocalDestination(directory, fsync=fsync, own=own) as destination:
            await destination.acquire(0)
            with pytest.MonkeyPatch.context() as patch:
                if not short:
                    patch.setattr(commit, "write_bodies", lambda *_: None)
                    patch.setattr(commit, "name_files", lambda *_: None)
                broken(patch)
                try:
                    return with_true_digests(await destination.commit(items), items)
                except DestinationError as error:
                    return str(error).replace(str(directory), "DIR"), error.done

    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "d"
        directory.mkdir()
        prepared(directory)
        outcomes = asyncio.run(run(directory))
        return _without_clock(outcomes), {name: _timeless(value, items) for name, value in contents(directory).items()}


def with_true_digests(outcomes: Sequence[Known | str], items: Sequence[Staged]) -> list[Known | str]:
    """``outcomes``, in which each digest that was left to the destination is that of the body."""
    for item, known in zip(items, outcomes, strict=True):
        if item.lacks_digest and isinstance(known, Known):
            assert known.digest == "sha256:" + sha256(item.body).hexdigest()
    return list(outcomes)


def _without_clock(outcomes: Any) -> object:
    """``outcomes`` without the times of writing, which files without a time of their own have."""
    if not isinstance(outcomes, list):
        return outcomes
    return [each if isinstance(each, str) or each.mtime < NOW else replace(each, mtime=0) for each in outcomes]


def _timeless(value: object, items: Sequence[Staged]) -> object:
    set_times = {(item.mtime or 0) // SECOND for item in items}
    return (value[0], value[2]) if isinstance(value, tuple) and value[1] not in set_times else value


def unbroken(_patch: pytest.MonkeyPatch) -> None: ...


@pytest.mark.parametrize("seed", range(16))
def test_the_short_way_stores_what_the_long_way_stores(seed: int) -> None:
    fsync = ("batch", "batch", "file", "none")[seed % 4]
    items = batch(random.Random(seed))
    assert stored(items, unbroken, short=True, fsync=fsync) == stored(items, unbroken, short=False, fsync=fsync)


class Breaking:
    """Lets the call number ``at`` of a function of ``os`` fail, and all later ones if ``stays``."""

    def __init__(self, call: str, number: int, at: int, *, stays: bool) -> None:
        self.call, self.number, self.at, self.stays = call, number, at, stays
        self.count = 0
        self.real = getattr(os, call)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.call == "open" and not arguments[1] & os.O_CREAT:
            return self.real(*arguments, **options)
        self.count += 1
        if self.count == self.at or (self.stays and self.count > self.at):
            raise OSError(self.number, os.strerror(self.number))
        return self.real(*arguments, **options)

    def into(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(os, self.call, self)


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize(
    ("call", "number"),
    [
        *product(
            ["open", "write", "utime", "fsync", "rename"], [errno.ENOSPC, errno.EACCES, errno.EFBIG, errno.EMFILE]
        ),
        *product(["rename"], [errno.ENOENT, errno.EXDEV]),
    ],
)
def test_a_failing_call_has_the_same_consequence(call: str, number: int, stays: bool) -> None:
    if call == "utime" and not stays:
        return  # the short way leaves the file to the long way, which sets the time once more
    items = [staged(name, b"body of %d" % place) for place, name in enumerate("abcd")]

    def broken(patch: pytest.MonkeyPatch) -> None:
        Breaking(call, number, 2, stays=stays).into(patch)

    assert stored(items, broken, short=True, fsync="batch") == stored(items, broken, short=False, fsync="batch")
