"""The server: a separate process with one asyncio protocol, designed to use less CPU time than its client."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from multiprocessing.connection import Connection
from typing import Self
from urllib.parse import unquote

from tests.e2e.soak.faults import VERDICTS, WITHOUT_BODY, Dice, Fault, shaped, wire
from tests.e2e.soak.tree import Tree
from tests.support.misbehaving.responses import Request, Response, Version, respond
from tests.support.misbehaving.site import OLD

ROOT = "/pub/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the server serves, and which faults it injects."""

    files: int
    directories: int
    seed: int
    rate: float
    """Fraction of the requests that fail."""


@dataclass(slots=True, kw_only=True)
class Log:
    """The requests of a run, and the faults injected. Paths are below the root, without a slash."""

    requests: int = 0
    listings: int = 0
    """Requests for listings."""
    files: int = 0
    """Requests for files."""
    heads: int = 0
    """HEAD requests for files."""
    faults: Counter[Fault] = field(default_factory=Counter)
    listing_faults: int = 0
    """Faults of listings that another request cures."""
    failed_files: dict[str, Fault] = field(default_factory=dict)
    """Files that failed for good, with their faults."""
    failed_listings: dict[str, Fault] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    """Directories whose listing was sent completely."""


class _Upstream:
    """The state shared by all connections."""

    def __init__(self, plan: Plan) -> None:
        self.tree = Tree(plan.files, plan.directories, plan.seed)
        self.log = Log()
        self._dice = Dice(plan.rate, plan.seed)
        self._run = 0
        self._verdicts = True
        self._dated = (0, b"")

    def command(self, verb: str, value: object) -> object:
        """Commands from the other process."""
        match verb:
            case "advance":
                self.tree.advance()
            case "begin":
                self.log, self._verdicts = Log(), bool(value)
                self._run += 1
            case "count":
                return self.log.requests
            case "log":
                return self.log
        return None

    def date(self) -> bytes:
        now = int(time.time())
        if self._dated[0] != now:
            self._dated = (now, formatdate(now, usegmt=True).encode())
        return self._dated[1]

    def serve(self, request: Request) -> tuple[Fault | None, bytes, bool]:
        """The fault of a request, the bytes to send, and whether the connection is kept."""
        self.log.requests += 1
        path = unquote(request.path.removeprefix(ROOT), "utf-8")
        reply = self._good(path, request)
        # A fault of the root's listing or of robots.txt would end the run; other tests cover that.
        verdicts = self._verdicts and request.path not in (ROOT, "/robots.txt") and request.method == "GET"
        fault, more = self._dice.roll(self._run, self.log.requests, verdicts=verdicts)
        if fault is not None and (request.method == "HEAD" or reply.status == 404) and fault not in WITHOUT_BODY:
            fault = None
        if request.path.startswith(ROOT):
            self.log.heads += request.method == "HEAD"
            self._note(path, fault, reply)
        if fault is not None:
            reply = shaped(fault, reply, more)
        data, keep = wire(fault, reply, self.date(), head=request.method == "HEAD")
        return fault, data, keep

    def _good(self, path: str, request: Request) -> Response:
        """The response that a server without faults would send."""
        directory, _, name = path.rpartition("/")
        names = self.tree.directories.get(directory) if request.path.startswith(ROOT) else None
        if names is None or (name and name not in names):
            return Response(status=404, body=b"not found")
        if name:
            return respond(request, self.tree.version(directory, names[name]))
        page = Version(data=self.tree.page(directory), mtime=OLD, content_type="text/html", etag=None, dated=False)
        return respond(request, page)

    def _note(self, path: str, fault: Fault | None, reply: Response) -> None:
        log, directory = self.log, path.removesuffix("/")
        is_listing = not path or directory != path
        if is_listing:
            log.listings += 1
        else:
            log.files += 1
        if fault is None:
            if is_listing and reply.status == 200:
                log.served.add(directory)
            return
        log.faults[fault] += 1
        if fault in VERDICTS:
            log.served.discard(directory)
            (log.failed_listings if is_listing else log.failed_files)[directory] = fault
        elif is_listing:
            log.listing_faults += 1


class _Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, upstream: _Upstream) -> None:
        self._upstream = upstream
        self._buffer = b""
        self._dead = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._dead and b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._answer(_parsed(head))

    def _answer(self, request: Request) -> None:
        fault, data, keep = self._upstream.serve(request)
        self._dead = not keep or fault is Fault.RESET
        if fault is Fault.RESET:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
            return
        self._transport.write(data)
        if not keep and fault is not Fault.STALL:
            self._transport.close()


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method=method, target=target, headers=headers, connection=0, at=0.0)


def _serve(plan: Plan, pipe: Connection) -> None:
    """The server process: serves until the pipe is closed."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        upstream, closed = _Upstream(plan), asyncio.Event()

        def obey() -> None:
            try:
                pipe.send(upstream.command(*pipe.recv()))
            except (EOFError, OSError):
                loop.remove_reader(pipe.fileno())
                closed.set()

        server = await loop.create_server(lambda: _Wire(upstream), "127.0.0.1", 0, backlog=512)
        pipe.send(server.sockets[0].getsockname()[1])
        loop.add_reader(pipe.fileno(), obey)
        await closed.wait()

    asyncio.run(serve())


class Server:
    """The handle of the server process. ``url`` is that of the root."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._plan, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}{ROOT}"
        return self

    def __exit__(self, *error: object) -> None:
        self._pipe.close()
        self._process.join()

    def begin(self, *, verdicts: bool) -> None:
        """Begin a run with an empty log. Without ``verdicts``, only faults that a retry cures are injected."""
        self._call("begin", verdicts)

    def advance(self) -> None:
        self._call("advance")

    def requests(self) -> int:
        """Number of requests since ``begin``."""
        count = self._call("count")
        assert isinstance(count, int)
        return count

    def log(self) -> Log:
        log = self._call("log")
        assert isinstance(log, Log)
        return log

    def _call(self, verb: str, value: object = None) -> object:
        self._pipe.send((verb, value))
        return self._pipe.recv()
