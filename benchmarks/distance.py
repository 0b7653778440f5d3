"""Counts the round trips of a run: a simulated clock, and a server that seems to be 40 ms away.

The clock of ``DistantLoop`` stands still while anything can be done, and then jumps to the next timer. So the simulated
time of a run consists of its round trips, whatever the machine does meanwhile.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self, TypeVar, cast

T = TypeVar("T")

_SETTLE = 0.0005
"""Real seconds to wait for bytes that the system has not delivered yet, before the clock jumps."""
ROUND_TRIP = 0.04
"""Simulated seconds."""
_DATE = "Thu, 02 Jan 2025 03:04:05 GMT"
_NOW = "Fri, 03 Jan 2025 03:04:05 GMT"


class _Jumping(selectors.DefaultSelector):
    """A selector that moves the clock instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        found = super().select(_SETTLE)
        if found:
            return found
        if timeout is None:  # nothing will happen by itself: another thread has to wake the loop
            return super().select(None)
        self.now += timeout
        return []


class DistantLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is simulated. Calls in threads take no time: the loop waits for them."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._threads = ThreadPoolExecutor(1)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        done = (executor or self._threads).submit(func, *args)
        error = done.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(done.result())
        return future

    def close(self) -> None:
        self._threads.shutdown()
        super().close()


@contextmanager
def distant_loop(*, is_busy: bool = False) -> Iterator[asyncio.Runner]:
    """A runner with a ``DistantLoop``, whose clock is that of the whole process meanwhile.

    ``is_busy``: programs seem to wait for a processor all the time; otherwise they never do.
    """
    from crawler.app.first_request import robots_txt as first_request
    from crawler.http.sockets import processors
    from crawler.storage import executor

    real, patience = (time.monotonic, time.process_time, processors.waited), executor._MOMENT
    head_start = first_request._HEAD_START
    with asyncio.Runner(loop_factory=DistantLoop) as runner:
        clock = runner.get_loop().time
        time.monotonic, time.process_time, processors.waited = clock, lambda: 0.0, clock if is_busy else lambda: 0.0
        executor._MOMENT = 60.0  # so that no batch is written while the clock moves
        first_request._HEAD_START = 0.0  # imports take no time
        try:
            yield runner
        finally:
            (time.monotonic, time.process_time, processors.waited), executor._MOMENT = real, patience
            first_request._HEAD_START = head_start


class DistantServer:
    """Serves ``files`` by name below ``/``, as nginx does, one ``ROUND_TRIP`` away. An async context manager.

    A connection takes one round trip, and a request another one. Responses to requests that arrive together come
    together.
    """

    def __init__(self, files: Mapping[str, bytes], robots: bytes = b"") -> None:
        self._files = {"robots.txt": robots, **files} if robots else dict(files)
        self._pages: dict[str, bytes] = {}
        self.began: float | None = None
        self.ended = 0.0
        """When the last response arrived, on the simulated clock."""
        self.opened: list[float] = []
        """When each connection was opened."""
        self.used: set[int] = set()
        """The connections on which a request was sent."""
        self.requests: list[tuple[float, int, str]] = []
        """When each request was sent, on which connection, and for what."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Distant(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()

    def forget(self) -> None:
        """Forget the requests and connections so far."""
        self.began, self.ended = None, 0.0
        self.opened.clear()
        self.used.clear()
        self.requests.clear()

    @property
    def round_trips(self) -> int:
        """Number of round trips from the first connection to the last response."""
        return 0 if self.began is None else round((self.ended - self.began) / ROUND_TRIP)

    @property
    def rounds(self) -> list[int]:
        """Number of requests that were sent in each round trip in which any was."""
        assert self.began is not None
        counts = Counter(int((when - self.began) / ROUND_TRIP + 0.01) for when, _, _ in self.requests)
        return [counts[each] for each in sorted(counts)]

    @property
    def sends(self) -> int:
        """How often requests were sent, together or alone."""
        return len({(when, connection) for when, connection, _ in self.requests})

    def response(self, name: str, wanted: str = "") -> bytes:
        """The response to ``GET /name``; ``wanted``: only this range, as ``FIRST-LAST`` or ``FIRST-``."""
        body, kind, status = self._files.get(name), f"application/octet-stream\r\nLast-Modified: {_DATE}", "200 OK"
        if name == "" or name.endswith("/"):
            body, kind = self._page(name), "text/html"
        if body is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        kind += f'\r\nAccept-Ranges: bytes\r\nETag: "{len(body)}"' if body and name not in self._pages else ""
        if wanted:
            first, last = (int(each) if each else len(body) - 1 for each in wanted.split("-"))
            kind += f"\r\nDate: {_NOW}\r\nContent-Range: bytes {first}-{last}/{len(body)}"
            body, status = body[first : last + 1], "206 Partial Content"
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: {kind}\r\n\r\n".encode() + body

    def _page(self, directory: str) -> bytes:
        if not self._pages:
            self._pages = _pages(self._files)
        return self._pages[directory]


class _Distant(asyncio.Protocol):
    """A connection of the server."""

    def __init__(self, server: DistantServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server, now = self._server, self._loop.time()
        self._transport = cast("asyncio.Transport", transport)
        self._number = len(server.opened)
        self._ready = now + ROUND_TRIP
        server.opened.append(now)
        if server.began is None:
            server.began = now

    def data_received(self, data: bytes) -> None:
        *heads, self._pending = (self._pending + data).split(b"\r\n\r\n")
        requests = [_request(head.decode()) for head in heads]
        server, sent = self._server, max(self._loop.time(), self._ready)
        server.used.add(self._number)
        server.requests += [(sent, self._number, name) for name, _ in requests]
        answer = b"".join(server.response(name, wanted) for name, wanted in requests)
        self._loop.call_at(sent + ROUND_TRIP, self._answer, answer)

    def _answer(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._server.ended = self._loop.time()
            self._transport.write(data)


def _request(head: str) -> tuple[str, str]:
    """The name that a request is for, and the range; "" for the whole file."""
    return head.split(" ", 2)[1][1:], head.partition("\r\nRange: bytes=")[2].partition("\r")[0]


def _pages(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The listings of all directories, by name with its final slash; "" is the root."""
    rows: dict[str, dict[str, str]] = {"": {}}
    for name, body in files.items():
        size = str(len(body))
        while True:
            directory, slash, _ = name.rstrip("/").rpartition("/")
            rows.setdefault(directory + slash, {})[name.removeprefix(directory + slash)] = size
            if not slash:
                break
            name, size = directory + slash, "-"
    return {directory: _page(directory, each) for directory, each in rows.items()}


def _page(directory: str, rows: Mapping[str, str]) -> bytes:
    """A listing as nginx prints it; ``rows``: name → size."""
    page = f"<html>\r\n<head><title>Index of /{directory}</title></head>\r\n<body>\r\n"
    page += f'<h1>Index of /{directory}</h1><hr><pre><a href="../">../</a>\r\n'
    for name, size in rows.items():
        page += f'<a href="{name}">{name}</a>{" " * (51 - len(name))}02-Jan-2025 03:04 {size:>19}\r\n'
    return f"{page}</pre><hr></body>\r\n</html>\r\n".encode()
