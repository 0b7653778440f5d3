"""``python -m benchmarks.pace``: how close adaptive concurrency comes to the best fixed number of connections.

Two kinds of servers cannot handle many concurrent requests: nginx that refuses them, and a server that slows down. The
runs with a fixed number use the same program without adaptation. Each run makes a new mirror; "again" knows the host.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import socket
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, run, scratch_directory
from benchmarks.server import free_port, running_nginx

_PIN = """\
import runpy, sys
from crawler.http.pacing import concurrency, gate
gate.initial = lambda ceiling, *_: concurrency.ConcurrencyLimit(
    limit=ceiling, base=ceiling, ceiling=ceiling, stage=concurrency.Holding(), patience=1 << 60)
runpy.run_module("crawler", run_name="__main__", alter_sys=True)
"""
"""Runs the program with ``--workers`` requests per host from the start, without trials."""
_WORKERS = 16
_SIZE = 3000
"""Size of each file in bytes."""
_REFUSES = 4
_LIMIT = """\
limit_conn_zone $server_port zone=all:64k;
server {{
    listen 127.0.0.1:{port} backlog=1024; root {root}; autoindex on; keepalive_requests 100000;
    limit_conn all {most}; limit_conn_status 429;
    sendfile_max_chunk 2k; limit_rate 80k;
}}
"""
"""Each file is sent in two pieces and takes 25 ms, so that requests overlap: nginx counts those in progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A server, the numbers of connections that may be best for it, and how many files it has."""

    name: str
    fixed: tuple[int, ...]
    files: int
    serve: Callable[[Path], AbstractContextManager[int]]
    """Takes a scratch directory with the tree in ``www``; yields the port."""


@contextmanager
def _refusing(scratch: Path) -> Iterator[int]:
    port = free_port()
    site = _LIMIT.format(port=port, root=scratch / "www", most=_REFUSES)
    with running_nginx(scratch / "www", scratch, more=site):
        yield port


def _crowded(best: int, seconds: float, port: int, names: list[str]) -> None:
    """Serve HTTP. Each request takes ``seconds``; beyond ``best`` concurrent ones, this grows with their square."""
    rows = "".join(f'<a href="{name}">{name}</a>  01-Jan-2025 00:00  {_SIZE}\n' for name in names)
    page = (
        f"<html><head><title>Index of /</title></head><body><h1>Index of /</h1><hr><pre>{rows}</pre><hr></body></html>"
    )
    active = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal active
        with closing(writer):
            while head := await _head(reader):
                path = head.split(b" ", 2)[1]
                active += 1
                await asyncio.sleep(seconds * max(1.0, active / best) ** 2)
                active -= 1
                body = page.encode() if path == b"/" else b"x" * _SIZE
                status = b"404 Not Found" if path == b"/robots.txt" else b"200 OK"
                kind = b"text/html" if path == b"/" else b"application/octet-stream"
                writer.write(
                    b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, kind, len(body), body)
                )

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=256)
        await server.serve_forever()

    asyncio.run(main())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _slowing(best: int) -> Callable[[Path], AbstractContextManager[int]]:
    @contextmanager
    def serve(scratch: Path) -> Iterator[int]:
        port, names = free_port(), sorted(path.name for path in (scratch / "www").iterdir())
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_crowded, args=(best, 0.02, port, names), daemon=True)
        process.start()
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.join()

    return serve


def _wait_for(port: int) -> None:
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError("the server does not start")


CASES = (
    Case(name=f"nginx refuses more than {_REFUSES}", fixed=(3, 4), files=600, serve=_refusing),
    Case(name="slows down beyond 3", fixed=(2, 3, 4), files=900, serve=_slowing(3)),
    Case(name="slows down beyond 9", fixed=(8, 9, 10), files=2000, serve=_slowing(9)),
)


def learnt(mirror: Path) -> str:
    with closing(sqlite3.connect(mirror / ".crawler" / "state.sqlite3")) as state:
        return ", ".join(str(row[0]) for row in state.execute("SELECT connections FROM hosts"))


def _clear(mirror: Path) -> None:
    """Remove all files; the state, with what is known of the host, stays."""
    for path in mirror.iterdir():
        if path.is_file():
            path.unlink()


def measure(case: Case, scratch: Path, rounds: int) -> list[tuple[str, float, str]]:
    """(name, median seconds, number found) of each kind of run of ``case``; the kinds alternate."""
    (scratch / "www").mkdir()
    for number in range(case.files):
        (scratch / "www" / f"file-{number:05}.bin").write_bytes(b"x" * _SIZE)
    walls: dict[str, list[float]] = {}
    found: dict[str, str] = {}
    mirror = scratch / "mirror"
    with case.serve(scratch) as port:
        url = f"http://127.0.0.1:{port}/"

        def timed(name: str, command: list[str], workers: int) -> None:
            cost: Cost = run([*command, "-q", "-w", str(workers), url, str(mirror)])
            if cost.code:
                raise RuntimeError(f"{case.name}, {name}: exit {cost.code}")
            walls.setdefault(name, []).append(cost.wall)

        for _ in range(rounds):
            for workers in case.fixed:
                timed(f"{workers} fixed", [sys.executable, "-c", _PIN], workers)
                shutil.rmtree(mirror)
            for name in ("adaptive", "adaptive, again"):
                timed(name, [sys.executable, "-m", "crawler"], _WORKERS)
                found[name] = learnt(mirror)
                _clear(mirror)
            shutil.rmtree(mirror)
    return [(name, statistics.median(times), found.get(name, "")) for name, times in walls.items()]


def main() -> None:
    """Print a table for each server. The only argument is the number of rounds [1]."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for case in CASES:
        scratch = scratch_directory()
        scratch.chmod(0o755)  # nginx may run as another user
        try:
            rows = measure(case, scratch, rounds)
        finally:
            shutil.rmtree(scratch)
        best = min(wall for name, wall, _ in rows if name.endswith("fixed"))
        lines = [f"| {name} | {wall:.2f} | {best / wall:.2f} | {settled} |" for name, wall, settled in rows]
        head = "| requests at once | seconds | throughput / best fixed | settled at |\n|---|---|---|---|"
        sys.stdout.write(f"\n{case.name}: {case.files} files, --workers {_WORKERS}\n\n{head}\n")
        sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
