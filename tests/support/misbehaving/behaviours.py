"""Faults as values.

A behaviour belongs to one resource. ``times`` limits the number of requests it affects (None: all), ``after`` lets that
many requests pass first, ``when`` selects requests. A behaviour can change the state of the resource (``version``), the
response (``shape``) or the bytes on the connection (``send``).

    site.file("a.bin", data, Cut(at=0.4, how="fin", times=1))
    site.file("b.bin", data, Status(503, headers=(("Retry-After", "2"),), times=1))
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from time import time
from typing import Literal, Protocol

from .responses import Headers, Request, Response, Version

When = Literal["any", "get", "head", "range", "whole"]
CHUNK = 1 << 16


class Wire(Protocol):
    """A connection, for behaviours that write the response themselves."""

    async def head(self, response: Response) -> None: ...
    async def raw(self, data: bytes) -> None: ...
    async def body(self, data: bytes, response: Response) -> None: ...
    async def gone(self) -> None: ...
    async def end(self, response: Response) -> None: ...
    async def reset(self) -> None: ...
    async def end_below_tls(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """No fault: the response of a correct server."""

    times: int | None = None
    after: int = 0
    when: When = "any"

    def is_about(self, request: Request) -> bool:
        match self.when:
            case "any":
                return True
            case "get" | "head":
                return request.method == self.when.upper()
            case "range":
                return "range" in request.headers
            case "whole":
                return request.method == "GET" and "range" not in request.headers

    def holds(self, count: int) -> bool:
        """Whether this behaviour affects the current request.

        ``count``: matching requests so far, including this one.
        """
        return count > self.after and (self.times is None or count <= self.after + self.times)

    def version(self, version: Version) -> Version:
        return version

    def shape(self, response: Response, request: Request) -> Response:
        del request
        return response


class Sending(Behaviour):
    """A behaviour that writes the response itself. ``send`` returns whether the connection can be reused."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        raise NotImplementedError


# --- the resource changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Becomes(Behaviour):
    """The resource changes: a file is replaced while it is being fetched."""

    state: Version

    def version(self, version: Version) -> Version:
        del version
        return self.state


# --- the response changes


@dataclass(frozen=True, slots=True)
class Status(Behaviour):
    """An error status, with a body that must never be stored."""

    status: int
    headers: Headers = ()
    body: bytes = b"<html><body>this error page must never be stored</body></html>"

    def shape(self, response: Response, request: Request) -> Response:
        del request
        return Response(status=self.status, headers=(("Content-Type", "text/html"), *self.headers), body=self.body)


@dataclass(frozen=True, slots=True)
class RetryAfterDate(Behaviour):
    """429 with a Retry-After HTTP-date ``seconds`` from now."""

    seconds: float

    def shape(self, response: Response, request: Request) -> Response:
        del response, request
        date = formatdate(time() + self.seconds, usegmt=True)
        return Response(status=429, headers=(("Retry-After", date),), body=b"slow down")


@dataclass(frozen=True, slots=True)
class Redirect(Behaviour):
    to: str
    status: int = 302
    headers: Headers = ()

    def shape(self, response: Response, request: Request) -> Response:
        del response, request
        return Response(status=self.status, headers=(("Location", self.to), *self.headers), body=b"moved")


@dataclass(frozen=True, slots=True)
class CookieGate(Behaviour):
    """Redirects to the same URL and sets ``cookie``, unless the request has it."""

    cookie: str = "seen=1"

    def shape(self, response: Response, request: Request) -> Response:
        if self.cookie in request.headers.get("cookie", "").split("; "):
            return response
        headers = (("Location", request.target), ("Set-Cookie", f"{self.cookie}; Path=/; HttpOnly"))
        return Response(status=302, headers=headers, body=b"moved")


@dataclass(frozen=True, slots=True)
class Page(Behaviour):
    """Status 200 with other content: a login page, a soft 404, a JSON error."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: Headers = ()

    def shape(self, response: Response, request: Request) -> Response:
        del response, request
        return Response(headers=(("Content-Type", self.content_type), *self.headers), body=self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Says(Behaviour):
    """The correct body with other headers, framing or length."""

    headers: Headers = ()
    framing: Literal["length", "chunked", "close"] = "length"
    http: str = "HTTP/1.1"
    length: int | None = None
    body: bytes | None = None

    def shape(self, response: Response, request: Request) -> Response:
        del request
        if response.status not in (200, 206):
            return response
        body = response.body if self.body is None else self.body
        changed = replace(response, framing=self.framing, version=self.http, length=self.length, body=body)
        return changed.with_headers(*self.headers)


@dataclass(frozen=True, slots=True)
class Undated(Behaviour):
    """A 304 without Last-Modified, as Go's ``http.ServeContent`` sends it (RFC 9110 section 15.4.5)."""

    def shape(self, response: Response, request: Request) -> Response:
        del request
        if response.status != 304:
            return response
        return replace(response, headers=tuple(pair for pair in response.headers if pair[0] != "Last-Modified"))


@dataclass(frozen=True, slots=True)
class Unnamed(Behaviour):
    """A 304 without ETag to each conditional request, whether the file has changed or not, as if it were another's."""

    last_modified: float | None = None

    def shape(self, response: Response, request: Request) -> Response:
        if "if-none-match" not in request.headers:
            return response
        times = () if self.last_modified is None else (("Last-Modified", formatdate(self.last_modified, usegmt=True)),)
        return Response(status=304, headers=times)


@dataclass(frozen=True, slots=True)
class IgnoresRange(Behaviour):
    """200 and the whole body for any range request: servers may ignore Range (RFC 9110 section 14.2)."""

    whole: bytes

    def shape(self, response: Response, request: Request) -> Response:
        del request
        return response if response.status == 304 else replace(response, status=200, body=self.whole)


@dataclass(frozen=True, slots=True)
class RangeFrom(Behaviour):
    """206 that starts ``shift`` bytes before the requested offset, with a matching Content-Range."""

    whole: bytes
    shift: int = 1000

    def shape(self, response: Response, request: Request) -> Response:
        first = int(request.headers["range"].partition("=")[2].partition("-")[0])
        start = max(0, first - self.shift)
        total = len(self.whole)
        part = replace(response, status=206, body=self.whole[start:])
        return part.with_headers(("Content-Range", f"bytes {start}-{total - 1}/{total}"))


# --- the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Sending):
    """The connection ends at a fraction of the body: cleanly (``fin``), by RST, or by FIN below TLS (``silent``)."""

    at: float
    how: Literal["fin", "rst", "silent"] = "fin"
    data: bytes = b""
    """What the server sends instead of the rest."""

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        await wire.body(response.body[: int(len(response.body) * self.at)], response)
        await wire.raw(self.data)
        if self.how == "rst":
            await wire.reset()
        elif self.how == "silent":
            await wire.end_below_tls()
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess(Sending):
    """A correct response on a connection that stays open, followed after ``pause`` seconds by unrequested ``data``.

    Without a pause ``data`` is in the same write as the body: once the next request is sent, it could not be
    distinguished from the response to that request.
    """

    data: bytes
    pause: float = 0.0

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        if not self.pause and response.framing == "length" and response.status not in (204, 304):
            await wire.body(response.body + self.data, response)
            return True
        if response.status not in (204, 304):
            await wire.body(response.body, response)
            await wire.end(response)
        if self.pause:
            await asyncio.sleep(self.pause)
        await wire.raw(self.data)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(Sending):
    """A correct response on a connection that stays open, and the same once more after ``pause`` seconds."""

    pause: float

    async def send(self, wire: Wire, response: Response) -> bool:
        for pause in (self.pause, 0.0):
            await wire.head(response)
            await wire.body(response.body, response)
            await wire.end(response)
            await asyncio.sleep(pause)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Sending):
    """Sends nothing after a fraction of the body; the connection stays open."""

    at: float

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        await wire.body(response.body[: int(len(response.body) * self.at)], response)
        await wire.gone()
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trickle(Sending):
    """Sends the body byte by byte, so that no idle timeout expires."""

    every: float = 0.3

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        for place in range(len(response.body)):
            await wire.body(response.body[place : place + 1], response)
            await asyncio.sleep(self.every)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced(Sending):
    """Sends the body in ``pieces`` with a pause before each, like a slow server."""

    pieces: int
    every: float

    async def send(self, wire: Wire, response: Response) -> bool:
        await wire.head(response)
        for part in _split(response.body, self.pieces):
            await asyncio.sleep(self.every)
            await wire.body(part, response)
        return True


class Waiting(Behaviour):
    """A correct response after a wait. The server waits before it writes anything."""

    __slots__ = ()

    async def wait(self, request: Request) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Held(Waiting):
    """A correct response once ``until`` holds: what has to come first does, however slow the machine is."""

    until: Callable[[], object]

    async def wait(self, request: Request) -> None:
        while not self.until():  # noqa: ASYNC110 - what tests wait for are requests, files and processes
            await asyncio.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Late(Waiting):
    """A correct response after a pause."""

    seconds: float

    def delay(self, request: Request) -> float:
        del request
        return self.seconds

    async def wait(self, request: Request) -> None:
        await asyncio.sleep(self.delay(request))


@dataclass(frozen=True, slots=True)
class Refusing(Late):
    """Responds with ``status`` at once if more than ``most`` requests are in flight, else correctly after a pause."""

    most: int
    status: int = 429

    def delay(self, request: Request) -> float:
        return 0.0 if request.active > self.most else self.seconds

    def shape(self, response: Response, request: Request) -> Response:
        return Response(status=self.status, body=b"too many") if request.active > self.most else response


@dataclass(frozen=True, slots=True)
class Crowded(Late):
    """Takes ``seconds`` for up to ``best`` concurrent requests; beyond, more with the square of their number."""

    best: int

    def delay(self, request: Request) -> float:
        return self.seconds * max(1.0, request.active / self.best) ** 2


class Silent(Sending):
    """Accepts the request and never responds."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        await wire.gone()
        return False


class HangUp(Sending):
    """Closes the connection without sending a byte."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        del wire, response
        return False


class ResetAtOnce(Sending):
    """Resets the connection without sending a byte."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        await wire.reset()
        return False


class NoLastChunk(Sending):
    """Sends the whole body in chunks, then closes the connection instead of sending the last chunk."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        chunked = replace(response, framing="chunked")
        await wire.head(chunked)
        await wire.body(chunked.body, chunked)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndlessBody(Sending):
    """Endless chunks. ``most`` protects the machine that tests a client without a limit."""

    most: int = 256 << 20

    async def send(self, wire: Wire, response: Response) -> bool:
        chunked = replace(response, framing="chunked")
        await wire.head(chunked)
        for _ in range(self.most // CHUNK):
            await wire.body(b"\0" * CHUNK, chunked)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndlessHeaders(Sending):
    """A status line, then endless header lines."""

    most: int = 256 << 20

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        await wire.raw(b"HTTP/1.1 200 OK\r\n")
        lines = b"".join(b"X-Filler-%d: %s\r\n" % (number, b"a" * 100) for number in range(500))
        for _ in range(self.most // len(lines)):
            await wire.raw(lines)
            await asyncio.sleep(0.01)
        return False


class EndlessContinue(Sending):
    """Endless 100 Continue responses: each restarts a read timeout."""

    __slots__ = ()

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        while True:
            await wire.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndlessFraming(Sending):
    """``begin``, then ``again`` every ``pause`` seconds without end: no body data. ``most`` ends it in any case."""

    begin: bytes
    again: bytes
    pause: float = 0.0
    most: int = 64 << 20

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        await wire.raw(self.begin)
        for _ in range(self.most // len(self.again)):
            await wire.raw(self.again)
            await asyncio.sleep(self.pause)
        return False


@dataclass(frozen=True, slots=True)
class Raw(Sending):
    """Sends these bytes unchanged, then closes the connection."""

    data: bytes

    async def send(self, wire: Wire, response: Response) -> bool:
        del response
        await wire.raw(self.data)
        return False


def gzip_bomb(decoded: int, start: bytes = b"") -> bytes:
    """A gzip stream of about 1/1000 of ``decoded`` bytes of blanks, made without compressing all of them.

    A full flush (zlib manual) ends on a byte and clears the window, so the output after it can be repeated unchanged.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (10 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (decoded // (10 << 20)) + packer.flush()


def _split(data: bytes, pieces: int) -> Iterator[bytes]:
    step = max(1, -(-len(data) // pieces))
    for place in range(0, len(data), step):
        yield data[place : place + step]
