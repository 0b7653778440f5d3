"""Measures the destination in an object store: ``python -m benchmarks.object_store``.

``puts``: stores the files of a first run, alternately by the destination and by obstore alone with equal attributes.
``keys``: lists a million objects, in a thousand directories (``keys-in-one``: in one), and compares them with a state
that has all.

The store is a small S3 server in a separate process. It stores nothing and lists as many objects as requested.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.store import ObjectStore

from crawler.model.state.directory_digest import DirectoryDigest
from crawler.model.values import Entry, Job, Kind, Known, Outcome, Result, Span, Staged, Validators
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder
from crawler.pipeline.tally import Tally
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories
from crawler.storage.objects.attributes import attributes
from crawler.storage.objects.connect import connect
from crawler.storage.objects.destination import AT_ONCE, ObjectDestination
from crawler.storage.objects.location import Location
from crawler.storage.state.store import SqliteState

SECOND = 1_000_000_000
MIB = 1 << 20
MTIME = 1_700_000_000 * SECOND
BATCH, STEP = 128, 4000
URL = "http://h/"
LISTED = datetime(2020, 1, 1, tzinfo=UTC)
SIZE = 1000
"""Size of each object of ``keys``, in bytes."""
LISTING = '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def etag(key: str) -> str:
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


# --- the store ------------------------------------------------------------------------------------


def page(query: dict[str, list[str]], each: int) -> bytes:
    """A page of ListObjectsV2: ``each`` objects in every prefix."""
    prefix = query.get("prefix", [""])[0]
    start = int(query.get("continuation-token", ["0"])[0])
    rows = []
    for number in range(start, min(start + 1000, each)):
        key = f"{prefix}file-{number:07}.bin"
        rows.append(
            f"<Contents><Key>{key}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etag(key)}"
            f"&quot;</ETag><Size>{SIZE}</Size></Contents>"
        )
    end = start + len(rows)
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{end}</NextContinuationToken>"
    last = "<IsTruncated>false</IsTruncated>"
    return f"{LISTING}{more if end < each else last}{''.join(rows)}</ListBucketResult>".encode()


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, each: int) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            await reader.readexactly(int(fields.get("content-length", "0")))
            url = urlsplit(target)
            query = parse_qs(url.query, keep_blank_values=True)
            body, status = b"", "200 OK"
            if method == "GET" and "list-type" in query:
                body = page(query, each)
            elif method == "POST" and "uploads" in query:
                body = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            elif method == "POST":
                body = b'<CompleteMultipartUploadResult><ETag>"1-1"</ETag></CompleteMultipartUploadResult>'
            elif method in {"HEAD", "GET"}:
                status = "404 Not Found"
            tag = etag(url.path.removeprefix("/bench/"))
            writer.write(f'HTTP/1.1 {status}\r\nETag: "{tag}"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body)
            await writer.drain()


def serve(each: int, port: Any) -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: respond(r, w, each), "127.0.0.1", 0, limit=MIB)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Server:
    """The S3 server, in a process of its own."""

    def __init__(self, each: int = 1000) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(each, theirs), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{ours.recv()}"

    def store(self) -> tuple[ObjectStore, Location]:
        where = Location("s3", "bench", "", self.url)
        options = {"endpoint": self.url, "access_key_id": "k", "secret_access_key": "s", "region": "us-east-1"}
        return connect(where, options), where

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


# --- puts -----------------------------------------------------------------------------------------


def staged(path: str, body: bytes) -> Staged:
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    known = Known(path=path, url=f"http://h/{path}", row="r", size=len(body), mtime=MTIME, digest=digest)
    result = Result(path=path, url=known.url, outcome=Outcome.SAVED, digest=digest, size=len(body), known=known)
    job = Job(url=known.url, path=path, reason="new")
    return Staged(job=job, part="", body=body, size=len(body), mtime=MTIME, result=result)


async def by_destination(store: ObjectStore, where: Location, items: list[Staged]) -> None:
    async with ObjectDestination(store, where) as destination:
        for start in range(0, len(items), BATCH):
            await destination.commit(items[start : start + BATCH])


async def by_obstore(store: ObjectStore, where: Location, items: list[Staged]) -> None:
    """Store ``items`` as any program would: with equal attributes, and the same number of requests at once."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def put(item: Staged) -> None:
        async with turns:
            found = attributes(item.job.path, item.mtime, item.result.digest, where.scheme)
            await obstore.put_async(store, item.job.path, item.body, attributes=found, use_multipart=False)

    for start in range(0, len(items), BATCH):
        await asyncio.gather(*[put(item) for item in items[start : start + BATCH]])


def measured(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Do ``work``. Returns (elapsed time, processor time of this process) in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(_awaited(work))
    return time.perf_counter() - wall, time.process_time() - cpu


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def puts(files: int, size: int, rounds: int) -> None:
    server = Server()
    store, where = server.store()
    items = [staged(f"d{number // 100:03}/f{number:05}.bin", number.to_bytes(4, "big") * (size // 4))
             for number in range(files)]  # fmt: skip
    results: dict[str, list[tuple[float, float]]] = {"destination": [], "obstore": []}
    measured(lambda: by_obstore(store, where, items[:BATCH]))
    for _ in range(rounds):
        results["obstore"].append(measured(lambda: by_obstore(store, where, items)))
        results["destination"].append(measured(lambda: by_destination(store, where, items)))
    server.stop()
    say(f"{files} files of {size} bytes, median of {rounds} rounds in turns")
    walls, cpus = ({name: median(run[kind] for run in runs) for name, runs in results.items()} for kind in (0, 1))
    for name in results:
        say(f"  {name:12} {walls[name]:6.2f} s, {cpus[name] / files * 1000:.2f} ms of CPU per file")
    say(f"  ratio: wall {walls['obstore'] / walls['destination']:.2f}, CPU {cpus['obstore'] / cpus['destination']:.2f}")


# --- keys -----------------------------------------------------------------------------------------


def known_at(path: str) -> Known:
    values = {"row": "1000 2020", "size": SIZE, "mtime": MTIME, "version": etag(path), "checked": time.time()}
    return Known(path=path, url=URL + path, **values)  # type: ignore[arg-type]


def digest_of(directory: str, each: int) -> DirectoryDigest:
    """The digest of a page that lists the files of ``directory``."""
    builder, size, modified = DirectoryDigestBuilder(), Span(SIZE, SIZE), Span(LISTED, LISTED)
    for name in (f"file-{number:07}.bin" for number in range(each)):
        url = f"{URL}{directory}/{name}"
        builder.add(Entry(name=name, kind=Kind.FILE, url=url, size=size, modified=modified, row="1000 2020"), None)
    return DirectoryDigest(
        answered=URL, body_digest="", validators=Validators(), family="", wishes="all", files=builder.files,
        total=builder.total, resolution=1, newest=builder.newest, newest_local=0.0, skipped=(),
    )  # fmt: skip


async def compare(directories: int, each: int) -> None:
    server = Server(each)
    store, where = server.store()
    names = [f"d{number:04}" for number in range(directories)]
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "state.sqlite3"
        async with SqliteState(path) as state:
            for directory in names:
                for start in range(0, each, STEP):
                    known = [known_at(f"{directory}/file-{n:07}.bin") for n in range(start, min(start + STEP, each))]
                    state.remember(known)
                    await state.count_files()
        digests = {directory: digest_of(directory, each) for directory in names}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, cpu, tally = time.perf_counter(), time.process_time(), Tally(URL, str(where))
        async with SqliteState(path) as state, ObjectDestination(store, where) as destination:
            unchanged = UnchangedDirectories(destination, state, tally, allows=lambda _: True, wishes="all")
            for directory, digest in digests.items():
                assert await unchanged.is_kept(directory, digest)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        server.stop()
    assert unchanged.files == directories * each
    say(
        f"{unchanged.files:,} keys in {directories} directories: {time.perf_counter() - wall:.1f} s, "
        f"{time.process_time() - cpu:.1f} s of CPU, peak {peak / 1024:.0f} MiB (before {before / 1024:.0f} MiB)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["puts", "keys", "keys-in-one"])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.what == "puts":
        puts(options.files, options.size, options.rounds)
    else:
        asyncio.run(compare(1000, 1000) if options.what == "keys" else compare(1, 1_000_000))


if __name__ == "__main__":
    main()
