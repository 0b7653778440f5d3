"""A server of small files that mishandles pipelined requests: it swaps, drops, repeats and cuts responses, or closes.

Most responses are valid by themselves; only their position is wrong. ``faults`` are used up one by one, so that a run
that repeats its requests gets everything in the end.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple, Self

_DATE = "Thu, 02 Jan 2025 03:04:05 GMT"
_NOW = "Fri, 03 Jan 2025 03:04:05 GMT"
_LINGER = struct.pack("ii", 1, 0)


class Fault(NamedTuple):
    """A fault of the given ``kind``, after ``after`` correct responses."""

    kind: str
    after: int = 0


FILLED = ("short", "bare", "announced", "timed out", "interim", "filled")
"""Kinds of faults in which a body is shorter than announced, and something else follows it."""
KINDS = ("swap", "drop", "repeat", "reset", "close", "last", "old", "bad request", "garbage", "empty", *FILLED)
_IN_PAIRS = ("swap", "interim", "filled")
"""Kinds that need another request behind: nothing shows what fills a body exactly if nothing follows it."""
_ERROR = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class Disorderly:
    """Serves ``files`` by name below ``/``, with one listing. An async context manager."""

    def __init__(
        self,
        files: dict[str, bytes],
        faults: Sequence[Fault] = (),
        *,
        per_connection: int | None = None,
        repeats_late: bool = False,
        title: str = "Index of /{}",
        ranges: bool = False,
    ) -> None:
        self.files = files
        self._title = title
        """Title of a listing, with braces in place of its path."""
        self._ranges = ranges
        """Whether files have entity tags, and ranges of them are sent. A request for one is NAME#FIRST-LAST below."""
        self._per_connection = per_connection
        """Number of responses after which a connection is closed, which the last one announces."""
        self._repeats_late = repeats_late
        """Whether the first response to requests sent together is repeated before the next one on the connection."""
        self.requests: list[str] = []
        self.rounds: list[int] = []
        """Number of requests that arrived together, for each round trip of the connections."""
        self.used: list[list[int]] = []
        """The same for each connection."""
        self.faults = list(faults)
        self._right = 0
        """Number of correct responses since the last fault."""
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    @property
    def connections(self) -> int:
        return len(self.used)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        used = list[int]()
        self.used.append(used)
        sent, late = 0, b""
        try:
            while data := await reader.read(1 << 16):
                while not data.endswith(b"\r\n\r\n"):
                    data += await reader.read(1 << 16)
                names = [self._target(head.decode()) for head in data.split(b"\r\n\r\n")[:-1]]
                self.rounds.append(len(names))
                used.append(len(names))
                writer.write(late)
                late = self._response(names[0]) if self._repeats_late and len(names) > 1 else b""
                self.requests += names
                sent += len(names)
                if self._per_connection is not None and sent >= self._per_connection:
                    names = names[: len(names) - (sent - self._per_connection)]
                    self._answer(names[:-1], writer)
                    writer.write(self._response(names[-1], "Connection: close\r\n"))
                    return
                if not self._answer(names, writer):
                    return
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _target(self, head: str) -> str:
        """The name that a request is for, and the range."""
        name, wanted = head.split(" ", 2)[1][1:], head.partition("\r\nRange: bytes=")[2]
        return f"{name}#{wanted.partition(chr(13))[0]}" if wanted and self._ranges else name

    def _answer(self, names: list[str], writer: asyncio.StreamWriter) -> bool:
        """Respond to the requests for ``names``. Returns whether the connection stays open."""
        while names:
            name = names.pop(0)
            kind = self._next_fault(bool(names))
            if kind == "swap":
                writer.write(self._response(names[0]) + self._response(name))
                names.pop(0)
            elif kind == "repeat":
                writer.write(self._response(name) * 2)
            elif kind == "bad request":
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            elif kind == "garbage":
                writer.write(b"\0\0garbage\r\n\r\n")
            elif kind == "short":  # and the connection stays open
                writer.write(self._response(name)[:-5])
            elif kind == "bare":  # as if the request had been a HEAD
                writer.write(self._response(name).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            elif kind == "announced":  # and goes on as if it had not been
                writer.write(self._response(name, "Connection: close\r\n")[:-5])
            elif kind == "timed out":
                writer.write(self._response(name)[:-17] + _TIMEOUT)
                return False
            elif kind == "interim":  # as long as what is missing
                writer.write(self._response(name)[: -len(_INTERIM)] + _INTERIM)
            elif kind == "filled":  # with an error, and so is the place of the next response
                writer.write(self._response(name)[: -len(_ERROR)] + _ERROR * 2)
                names.pop(0)
            elif kind == "empty":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif kind == "reset":
                writer.get_extra_info("socket").setsockopt(1, 13, _LINGER)  # SO_LINGER: the close is a reset
                writer.transport.abort()
                return False
            elif kind in ("last", "old"):
                writer.write(
                    self._response(name, "Connection: close\r\n" if kind == "last" else "", minor=kind == "last")
                )
                return False
            elif kind == "silent":  # from now on, on this connection
                names.clear()
            elif kind == "close":
                return False
            elif kind != "drop":
                writer.write(self._response(name))
        return True

    def _next_fault(self, has_others: bool) -> str:
        fault = self.faults[0] if self.faults else None
        if fault is None or self._right < fault.after or (fault.kind in _IN_PAIRS and not has_others):
            self._right += 1
            return ""
        self._right = 0
        return self.faults.pop(0).kind

    def _response(self, name: str, fields: str = "", *, minor: int = 1) -> bytes:
        name, _, wanted = name.partition("#")
        body, status = self.files.get(name), "200 OK"
        if name == "" or name.endswith("/"):
            body = self._listing(name)
            fields += "Content-Type: text/html\r\n"
        elif body is not None:
            fields += f"Content-Type: application/octet-stream\r\nLast-Modified: {_DATE}\r\n"
            if self._ranges:
                fields += f'Date: {_NOW}\r\nETag: "{zlib.crc32(body)}"\r\n'
            if wanted:
                first, last = (int(each) if each else len(body) - 1 for each in wanted.split("-"))
                fields += f"Content-Range: bytes {first}-{last}/{len(body)}\r\n"
                body, status = body[first : last + 1], "206 Partial Content"
        if body is None:
            return _ERROR
        return f"HTTP/1.{minor:d} {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body

    def _listing(self, directory: str) -> bytes:
        below = [name.removeprefix(directory) for name in self.files if name.startswith(directory)]
        rows = [
            f'<a href="{each}">{each}</a>{" " * (51 - len(each))}02-Jan-2025 03:04 {size:>19}'
            for each, size in {
                each.partition("/")[0] + "/" * ("/" in each): "-" if "/" in each else len(self.files[directory + each])
                for each in below
            }.items()
        ]
        page = f"<html>\r\n<head><title>{self._title.format(directory)}</title></head>\r\n<body>\r\n"
        page += f'<h1>Index of /{directory}</h1><hr><pre><a href="../">../</a>\r\n'
        rows_of = "".join(f"{row}\r\n" for row in rows)
        return f"{page}{rows_of}</pre><hr></body>\r\n</html>\r\n".encode()
