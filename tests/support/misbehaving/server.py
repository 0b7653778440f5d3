"""One origin: an HTTP/1.1 server on raw asyncio streams in its own thread, with a log of all requests.

with Site() as site:
    site.file("a/b.bin", b"...", Cut(at=0.5, times=1))
    run(site.url)
    assert site.log.times("/pub/a/b.bin") == 2
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import Self

from .behaviours import Sending, Waiting
from .responses import Request, Response, respond
from .site import Resource, Tree

HEAD_LIMIT = 1 << 18
_TURNS = 3
"""File descriptors of the event loop: accepting, opening and closing a connection needs one each."""
REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 304: "Not Modified", 404: "Not Found"}


class Log(list[Request]):
    """All requests in the order of arrival."""

    def of(self, path: str) -> list[Request]:
        """Requests for one raw path (such as ``/pub/a.bin``), whatever the query."""
        return [request for request in self if request.path == path]

    def times(self, path: str, method: str | None = None) -> int:
        return sum(1 for request in self.of(path) if method in (None, request.method))

    def bodies(self, under: str = "/") -> list[Request]:
        """GETs of files (not of listings) whose response carried content."""
        return [r for r in self if r.is_body and r.path.startswith(under) and not r.path.endswith("/")]

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self]


class Site(Tree):
    """Serves a tree at ``address``. ``tls`` makes it https; ``host`` is the name in its URLs."""

    def __init__(
        self,
        *,
        shape: str = "nginx",
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        address: str = "127.0.0.1",
        listings: Callable[[Response], Response] | None = None,
    ) -> None:
        super().__init__(shape=shape, listings=listings)
        self.log = Log()
        self.host, self._address = host, address
        self.refuse_after: int | None = None
        """Number of responses after which the port and all connections are closed."""
        self._refusing = socket.socket()
        """Takes the port when it is closed, lest another test's server listens there."""
        self.most_connections = 0
        self.connections = 0
        self._tls = tls
        self._active = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._refusing.close()

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The root: ``http://127.0.0.1:port/pub/``."""
        return f"{self.origin}{self.root}"

    def resource_of(self, request: Request) -> Resource:
        """The resource that a request names, by its path alone; sites that use queries override this."""
        return self.resource(request.path)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(
            self._connected, self._address, 0, limit=HEAD_LIMIT, ssl=self._tls, backlog=512
        )

    async def _stop(self) -> None:
        await self._close_port()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # handshakes as well
            for writer in list(self._open):
                writer.transport.abort()  # closing would wait for a client that is gone
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0)
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def _close_port(self) -> None:
        """Accept waiting connections before closing: a closed server loses their sockets and warns later."""
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self._server.close()
        if not self._refusing.getsockname()[1]:
            self._refusing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections may still be open
            self._refusing.bind((self._address, self.port))
            self._refusing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # nobody else may do the same

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Called when the connection is made: it is registered from then on, even if its task never starts."""
        self._open.add(writer)
        self.connections += 1
        self.most_connections = max(self.most_connections, self._are_open())
        task = self._loop.create_task(self._serve(_Connection(reader, writer), self.connections))
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._left(task, writer))

    def _are_open(self) -> int:
        """Number of connections that their clients have not closed, whatever has been read of them."""
        waiting = select.poll()
        numbers = [writer.get_extra_info("socket").fileno() for writer in self._open]
        sockets = [number for number in numbers if number >= 0]  # the server has closed the others
        for number in sockets:
            waiting.register(number, select.POLLRDHUP)
        return len(sockets) - len(waiting.poll(0))

    def _left(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        self._tasks.discard(task)
        self._open.discard(writer)
        writer.close()

    async def _serve(self, wire: _Connection, number: int) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # the client left
            await self._converse(wire, number)

    async def _converse(self, wire: _Connection, number: int) -> None:
        while (request := await wire.request(number)) is not None:
            self._active += 1
            request.active = self._active
            request.open, request.accepted = self._are_open(), self.connections
            request.peer = wire.writer.get_extra_info("peername")[0]
            self.log.append(request)
            try:
                keep = await self._answer(wire, request)
            finally:
                self._active -= 1
            if self.refuse_after is not None and len(self.log) >= self.refuse_after:
                await self._close_port()
                for other in list(self._open):
                    other.transport.abort()
            if not keep or request.headers.get("connection", "").lower() == "close":
                return

    async def _answer(self, wire: _Connection, request: Request) -> bool:
        resource = self.resource_of(request)
        wire.answering = request
        behaviours = resource.behaviours_for(request)
        for each in behaviours:
            if isinstance(each, Waiting):
                await each.wait(request)
        version = resource.version()
        for each in behaviours:
            version = each.version(version)
        reply = self.shaped(
            resource, respond(request, version) if resource.exists else Response(status=404, body=b"404")
        )
        for each in behaviours:
            reply = each.shape(reply, request)
        request.status = reply.status
        sender = next((each for each in behaviours if isinstance(each, Sending)), None)
        if sender is not None:
            return await sender.send(wire, reply)
        await wire.head(reply)
        if request.method != "HEAD" and reply.status not in (204, 304):
            await wire.body(reply.body, reply)
            await wire.end(reply)
        return reply.framing != "close"


class _Connection:
    """The bytes of one connection; what is written is not validated."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.answering: Request | None = None

    async def request(self, number: int) -> Request | None:
        """The next request; None if the client has closed the connection."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers: dict[str, str] = {}
        for name, colon, value in (line.partition(":") for line in lines):
            if colon:
                key = name.strip().lower()
                headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        return Request(method=method, target=target, headers=headers, connection=number, at=time.monotonic())

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, reply: Response) -> None:
        lines = [f"{reply.version} {reply.status} {REASONS.get(reply.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif reply.framing == "close":
            lines.append("Connection: close")
        elif reply.status not in (204, 304):
            lines.append(f"Content-Length: {len(reply.body) if reply.length is None else reply.length}")
        await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))

    async def body(self, data: bytes, reply: Response) -> None:
        if not data:
            return
        if self.answering is not None:
            self.answering.sent += len(data)
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data) if reply.framing == "chunked" else data)

    async def end(self, reply: Response) -> None:
        if reply.framing == "chunked":
            await self.raw(b"0\r\n\r\n")

    async def gone(self) -> None:
        """Returns when the client has closed the connection."""
        while await self.reader.read(1 << 16):
            pass

    async def reset(self) -> None:
        """RST instead of FIN, after all written data has been sent."""
        await asyncio.sleep(0.05)
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def end_below_tls(self) -> None:
        """FIN without close_notify."""
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as raw:
            raw.shutdown(socket.SHUT_WR)
        await self.gone()
