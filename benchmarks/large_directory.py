"""Measures runs over one directory of a million files: ``python -m benchmarks.large_directory``.

The page has one row for each file, as nginx prints it. Runs, each in a process of its own: over an unchanged page, over
one in which a single row has changed, over one that lacks a row, and with ``--first`` a run that stores everything.

``--store``: into an object store, the server of ``benchmarks.object_store``; otherwise into a directory.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any

from benchmarks.object_store import Server, etag, say
from crawler.model.values import Known, Validators
from crawler.storage.state.store import SqliteState

SECOND = 1_000_000_000
MODIFIED = 1_577_836_800
"""2020-01-01T00:00:00Z, the time of all files."""
STEP, SIZE = 4000, 1000
HEAD = (
    "<html>\r\n<head><title>Index of /</title></head>\r\n<body>\r\n"
    '<h1>Index of /</h1><hr><pre><a href="../">../</a>\r\n'
)
TAIL = "</pre><hr></body>\r\n</html>\r\n"


def name_of(number: int) -> str:
    return f"file-{number:07}.bin"


def row_of(number: int, minute: int) -> str:
    name = name_of(number)
    return f'<a href="{name}">{name}</a>' + " " * 31 + f"01-Jan-2020 00:{minute:02}" + f"{SIZE:>20}\r\n"


def page_of(files: int, changed: int, lacking: int) -> bytes:
    """The page of ``files`` files; -1 for ``changed`` or ``lacking``: no such row."""
    rows = [row_of(number, 1 if number == changed else 0) for number in range(files) if number != lacking]
    return (HEAD + "".join(rows) + TAIL).encode()


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, files: int) -> None:
    pages = dict[str, bytes]()
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            target = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split(" ", 2)[1]
            kind, _, name = target.strip("/").partition("/")
            status, body = "200 OK", b"x" * SIZE
            if target == "/robots.txt":
                status, body = "404 Not Found", b""
            elif not name:
                if kind not in pages:
                    middle = files // 2
                    pages = {
                        kind: page_of(files, *{"changed": (middle, -1), "lacking": (-1, middle)}.get(kind, (-1, -1)))
                    }
                body = pages[kind]
            modified = formatdate(MODIFIED + 60 * (name == name_of(files // 2)), usegmt=True)
            fields = f"Content-Length: {len(body)}\r\n"
            fields += "Content-Type: text/html\r\n" if not name else f"Last-Modified: {modified}\r\n"
            writer.write(f"HTTP/1.1 {status}\r\nDate: {formatdate(usegmt=True)}\r\n{fields}\r\n".encode() + body)
            await writer.drain()


def serve(files: int, port: Any) -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: respond(r, w, files), "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def known_at(number: int, url: str, *, is_object: bool) -> Known:
    name = name_of(number)
    return Known(
        path=name, url=url + name, row=f"01-Jan-2020 00:00  {SIZE}", size=SIZE, mtime=MODIFIED * SECOND,
        version=etag(name) if is_object else "", checked=time.time(), digest="sha256:" + "0" * 64,
        validators=Validators(last_modified=formatdate(MODIFIED, usegmt=True)),
    )  # fmt: skip


async def seed(state: Path, files: int, url: str, *, is_object: bool) -> None:
    async with SqliteState(state) as store:
        for start in range(0, files, STEP):
            store.remember(
                [known_at(number, url, is_object=is_object) for number in range(start, min(start + STEP, files))]
            )
            await store.count_files()


def fill(directory: Path, files: int) -> None:
    """Create sparse files as a first run would have stored them."""
    (directory / ".crawler").mkdir()
    for number in range(files):
        path = directory / name_of(number)
        path.touch()
        os.truncate(path, SIZE)
        os.utime(path, (MODIFIED, MODIFIED))


def run(arguments: Sequence[str], what: str, environment: dict[str, str]) -> None:
    wall = time.perf_counter()
    command = [sys.executable, "-m", "crawler", "--progress", "none", "--lock", "none", *arguments]
    child = os.posix_spawn(sys.executable, command, os.environ | environment)
    _, status, usage = os.wait4(child, 0)
    say(
        f"{what:10} exit {os.waitstatus_to_exitcode(status)}: {time.perf_counter() - wall:.1f} s, "
        f"{usage.ru_utime + usage.ru_stime:.1f} s of CPU, peak {usage.ru_maxrss / 1024:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--only", nargs="*", default=["unchanged", "again", "changed", "lacking"])
    parser.add_argument("--home", type=Path, help="where to put DIR and the state, about 5 KB per file")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    http = multiprocessing.get_context("spawn").Process(target=serve, args=(options.files, theirs), daemon=True)
    http.start()
    base = f"http://127.0.0.1:{ours.recv()}/"
    store = Server(options.files) if options.store else None
    home = Path(tempfile.mkdtemp(dir=options.home))
    directory = home / "dir"
    directory.mkdir()
    environment = {"XDG_STATE_HOME": str(home / "xdg")}
    destination = str(directory)
    if store is not None:
        destination = "s3://bench"
        keys = {"ENDPOINT_URL": store.url, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "REGION": "us-east-1"}
        environment |= {f"AWS_{key}": value for key, value in keys.items()}
    try:
        if options.first:
            state = home / "first.sqlite3"
            run(["--state", str(state), base + "first/", destination], "first", environment)
            return
        if store is None:
            fill(directory, options.files)
        for what in options.only:
            state, kind = home / f"{what}.sqlite3", "unchanged" if what == "again" else what
            if what == "again":
                state = home / "unchanged.sqlite3"
            else:
                asyncio.run(seed(state, options.files, f"{base}{kind}/", is_object=store is not None))
            run(["--state", str(state), f"{base}{kind}/", destination], what, environment)
    finally:
        http.terminate()
        if store is not None:
            store.stop()
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
