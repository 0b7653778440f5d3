"""A custom destination: all files in one SQLite archive (https://sqlite.org/sqlar.html) instead of a directory.

    python examples/sqlite_archive.py https://files.example.org/pub/ pub.sqlar
    sqlite3 pub.sqlar -Atv      # lists the archive; -Ax unpacks it

Each batch of files is one transaction: after a crash, either all or none of it is in the archive.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import crawler
from crawler import Kind, Known, Local

T = TypeVar("T")
TABLE = "CREATE TABLE IF NOT EXISTS sqlar(name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB)"
FIND = "SELECT rowid, mode, mtime, sz FROM sqlar WHERE name = CAST(? AS TEXT)"
BELOW = "SELECT name, mode, mtime, sz FROM sqlar WHERE name > CAST(? AS TEXT) AND name < CAST(? AS TEXT)"
PUT = "INSERT OR REPLACE INTO sqlar VALUES (CAST(? AS TEXT), ?, ?, ?, zeroblob(?))"
TOUCH = "UPDATE sqlar SET mtime = ? WHERE name = CAST(? AS TEXT) AND mode = ? AND mtime = ? AND sz = ?"
REMOVE = "DELETE FROM sqlar WHERE name = CAST(? AS TEXT)"
FILE, FOLDER = 0o100644, 0o040755
SECOND, MIB = 1_000_000_000, 1 << 20


def key(path: str) -> bytes:
    """Encode ``path``. Names may hold any bytes, as those of files do; SQLite stores text without checking it."""
    return path.encode("utf-8", "surrogateescape")


def local(mode: int, mtime: int, size: int) -> Local:
    return Local(Kind.DIRECTORY if stat.S_ISDIR(mode) else Kind.FILE, size, mtime * SECOND)


class Body(crawler.Part):
    """A large incomplete body, in a temporary file without a name: no later run can continue it."""

    def __init__(self, name: str) -> None:
        self.name, self.offset, self.validators = name, 0, crawler.Validators()
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the archive at the latest

    def note(self, validators: crawler.Validators) -> None:
        self.validators = validators

    async def write(self, chunk: bytes) -> None:
        await asyncio.to_thread(self.file.write, chunk)
        self.offset += len(chunk)

    async def rewind(self) -> None:
        await self.restart()

    async def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.offset, self.validators = 0, crawler.Validators()

    async def finish(self) -> str | None:
        return f"sha256:{await asyncio.to_thread(self._digest, 'sha256')}"

    async def matches(self, digest: str) -> bool:
        algorithm, _, wanted = digest.partition(":")
        known = algorithm in {"md5", "sha1", "sha256", "sha512"}
        return known and await asyncio.to_thread(self._digest, algorithm) == wanted.lower()

    def _digest(self, algorithm: str) -> str:
        self.file.seek(0)
        return hashlib.file_digest(self.file, algorithm).hexdigest()

    async def keep(self) -> None:
        await self.discard()

    async def discard(self) -> None:
        self.file.close()


class Archive(crawler.Destination):
    """An SQLite archive as a destination. SQLite runs in its own thread; the first change creates the file."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._bodies: dict[str, Body] = {}
        self._numbers = itertools.count()
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for body in self._bodies.values():
            body.file.close()
        if self._connection is not None:
            await self._run(self._connection.close)
        self._thread.shutdown()

    async def _run(self, call: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)
        except (sqlite3.Error, OSError) as error:
            raise crawler.DestinationError(f"cannot use {self._path}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path)
            self._connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        return self._connection

    def _select(self, query: str, *values: bytes) -> list[Any]:
        return self._open().execute(query, values).fetchall() if self._path.exists() else []

    # --- content ----------------------------------------------------------------------------------

    def _below(self, directory: str) -> list[tuple[str, Local]]:
        """Everything below ``directory``: keys between ``directory/`` and ``directory0`` (0 follows the slash)."""
        bounds = (key(f"{directory}/"), key(f"{directory}0")) if directory else (b"", b"\xff" * 256)
        return [(name, local(*rest)) for name, *rest in self._select(BELOW, *bounds)]

    async def scan(self, directory: str) -> dict[str, Local]:
        start = len(directory) + 1 if directory else 0
        return {
            name[start:]: found for name, found in await self._run(self._below, directory) if "/" not in name[start:]
        }

    async def walk_local(self, directory: str) -> list[tuple[str, Kind, int]]:
        backwards = sorted(await self._run(self._below, directory), key=lambda row: row[0], reverse=True)
        return [(name, found.kind, found.size) for name, found in backwards]

    def _blob(self, path: str) -> tuple[Local, sqlite3.Blob] | None:
        for number, *rest in self._select(FIND, key(path)):
            found = local(*rest)
            if found.kind is Kind.FILE:
                return found, self._open().blobopen("sqlar", "data", number, readonly=True)
        return None

    async def digest(self, path: str) -> str:
        return await self._run(self._digest, path)

    def _digest(self, path: str) -> str:
        found, hashing = self._blob(path), hashlib.sha256()
        if found is None:
            return ""
        with found[1] as blob:
            while piece := blob.read(MIB):
                hashing.update(piece)
        return f"sha256:{hashing.hexdigest()}"

    async def read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        return await self._run(self._read, path, limit)

    def _read(self, path: str, limit: int) -> tuple[Local, bytes] | None:
        found = self._blob(path)
        if found is None:
            return None
        with found[1] as blob:
            return (found[0], blob.read()) if len(blob) <= limit else None

    async def free_space(self) -> int:
        return shutil.disk_usage(self._path.absolute().parent).free

    # --- changes ----------------------------------------------------------------------------------

    async def open_part(self, job: crawler.Job) -> Body:
        body = Body(str(next(self._numbers)))
        self._bodies[body.name] = body
        return body

    async def clean_parts(self, wanted: Container[str]) -> None:
        return  # temporary files leave nothing behind

    async def _change(self, change: Callable[[sqlite3.Connection, Any], T], items: Sequence[object]) -> list[T]:
        """Apply ``change`` to all ``items`` in one transaction: all of them, or none."""

        def changed() -> list[T]:
            with self._open() as database:
                database.execute(TABLE)
                return [change(database, item) for item in items]

        return await self._run(changed) if items else []

    async def commit(self, batch: Sequence[crawler.Staged]) -> list[Known | str]:
        return await self._change(self._store, batch)

    async def set_time(self, path: str, local: Local, mtime: int) -> int | None:
        values = (mtime // SECOND, key(path), FILE, local.mtime // SECOND, local.size)
        [changed] = await self._change(lambda database, values: database.execute(TOUCH, values).rowcount, [values])
        return mtime // SECOND * SECOND if changed else None

    async def make_folder(self, path: str) -> str | None:
        [made] = await self._change(lambda database, path: put(database, path, FOLDER, int(time.time()), 0), [path])
        return made if isinstance(made, str) else None

    async def delete(self, paths: Sequence[str]) -> list[str | None]:
        return await self._change(remove, paths)

    def _store(self, database: sqlite3.Connection, item: crawler.Staged) -> Known | str:
        """Store one body under its name. Returns the record of the file, or the reason for failing."""
        part = self._bodies.pop(item.part, None)
        if item.part and part is None:
            return "its body is gone"
        with io.BytesIO(item.body) if part is None else part.file as file:
            size, mtime = file.seek(0, io.SEEK_END), int(time.time()) if item.mtime is None else item.mtime // SECOND
            if size != item.size:
                return f"its body holds {size} bytes instead of {item.size}"
            row = put(database, item.job.path, FILE, mtime, size)
            if isinstance(row, str):
                return row
            file.seek(0)
            with database.blobopen("sqlar", "data", row) as blob:
                while piece := file.read(MIB):
                    blob.write(piece)
        job, result = item.job, item.result
        known = result.known or Known(path=job.path, url=job.url, row=job.row, size=0, mtime=0, digest=result.digest)
        return replace(known, size=size, mtime=mtime * SECOND)


def put(database: sqlite3.Connection, path: str, mode: int, mtime: int, size: int) -> int | str:
    """Insert the row of ``path`` and those of its parent directories. Returns its row id, or the reason for failing."""
    if problem := crawler.path_problem(path):
        return problem
    names = path.split("/")
    for depth in range(1, len(names) + 1):
        name, wanted = "/".join(names[:depth]), FOLDER if depth < len(names) else mode
        there = database.execute(FIND, (key(name),)).fetchone()
        if there is not None and stat.S_ISDIR(there[1]) != stat.S_ISDIR(wanted):
            return "something else of that name is in the way"
        if there is None or name == path:
            try:
                made = database.execute(PUT, (key(name), wanted, mtime, size * (name == path), size * (name == path)))
            except (OverflowError, sqlite3.DataError) as error:
                return f"SQLite cannot hold it: {error}"
    return made.lastrowid or 0


def remove(database: sqlite3.Connection, path: str) -> str | None:
    if problem := crawler.path_problem(path):
        return problem
    if database.execute(f"{BELOW} LIMIT 1", (key(f"{path}/"), key(f"{path}0"))).fetchone():
        return "it is not empty"
    database.execute(REMOVE, (key(path),))
    return None


async def main(url: str, archive: str) -> int:
    state = f"{archive}.state"  # a directory for what is known of the files, and for the lock
    report = await crawler.mirror(url, state, destination=Archive(archive))
    print(f"{report.saved} saved, {report.unchanged} unchanged, {report.failed} failed")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
