"""The responses of a correct server: validators, conditional requests (RFC 9110 section 13), ranges (section 14)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from email.utils import formatdate, parsedate_to_datetime
from typing import Literal

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as it arrived; ``status`` and ``sent`` are set when the response is sent."""

    method: str
    target: str
    """Raw, as on the request line."""
    headers: dict[str, str]
    """Names in lower case; repeated headers are joined with a comma."""
    connection: int
    at: float
    """Seconds on the monotonic clock of the server's thread."""
    active: int = 1
    """Requests in flight when this one arrived, including itself."""
    open: int = 1
    """Connections that the clients had open when this one arrived."""
    accepted: int = 1
    """Connections that had been made until then, closed ones included."""
    peer: str = ""
    """The address of the client."""
    status: int | None = None
    sent: int = 0
    """Body bytes written."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def is_body(self) -> bool:
        """Whether the response carried content of the file: GET with 200 or 206."""
        return self.method == "GET" and self.status in (200, 206)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a resource."""

    data: bytes
    mtime: float
    """Seconds since the epoch."""
    content_type: str = "application/octet-stream"
    etag: str | None = "auto"
    """``auto`` derives a strong ETag; None sends none."""
    dated: bool = True
    """Whether Last-Modified is sent."""

    def validators(self) -> Headers:
        pairs: list[tuple[str, str]] = []
        if self.dated:
            pairs.append(("Last-Modified", formatdate(self.mtime, usegmt=True)))
        if self.tag is not None:
            pairs.append(("ETag", self.tag))
        return tuple(pairs)

    @property
    def tag(self) -> str | None:
        if self.etag != "auto":
            return self.etag
        return f'"{int(self.mtime):x}-{hashlib.md5(self.data, usedforsecurity=False).hexdigest()[:12]}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response that is sent unless a behaviour changes or replaces it."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""
    framing: Literal["length", "chunked", "close"] = "length"
    version: str = "HTTP/1.1"
    length: int | None = None
    """Content-Length to send instead of the true one."""

    def with_headers(self, *pairs: tuple[str, str]) -> Response:
        gone = {name.lower() for name, _ in pairs}
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in gone)
        return replace(self, headers=(*kept, *pairs))


def respond(request: Request, version: Version) -> Response:
    """The correct response to ``request`` for a resource in state ``version``."""
    common = (*version.validators(), ("Accept-Ranges", "bytes"))
    if _is_unchanged(request, version):
        return Response(status=304, headers=common)
    whole = Response(headers=(("Content-Type", version.content_type), *common), body=version.data)
    wanted = request.headers.get("range")
    if request.method != "GET" or wanted is None or not _range_still_valid(request, version):
        return whole
    return ranged(whole, wanted)


def ranged(whole: Response, wanted: str) -> Response:
    """206 with the single range ``bytes=a-b``, or 416. Several ranges or other units: the whole body."""
    unit, _, spec = wanted.partition("=")
    first, _, last = spec.strip().partition("-")
    total = len(whole.body)
    if unit.strip() != "bytes" or "," in spec or not (first or last):
        return whole
    start = int(first) if first else max(0, total - int(last))
    stop = min(total, int(last) + 1) if first and last else total
    if start >= total or start >= stop:
        unsatisfied = ("Content-Range", f"bytes */{total}")
        return replace(whole, status=416, body=b"").with_headers(unsatisfied)
    part = replace(whole, status=206, body=whole.body[start:stop])
    return part.with_headers(("Content-Range", f"bytes {start}-{stop - 1}/{total}"))


def _is_unchanged(request: Request, version: Version) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match decides, If-Modified-Since only in its absence."""
    match = request.headers.get("if-none-match")
    if match is not None:
        tags = [tag.strip().removeprefix("W/") for tag in match.split(",")]
        return version.tag is not None and (version.tag.removeprefix("W/") in tags or "*" in tags)
    since = request.headers.get("if-modified-since")
    return since is not None and version.dated and int(version.mtime) <= parsedate_to_datetime(since).timestamp()


def _range_still_valid(request: Request, version: Version) -> bool:
    """RFC 9110 section 13.1.5: an If-Range that does not match exactly makes the Range void."""
    condition = request.headers.get("if-range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == version.tag
    return version.dated and condition == formatdate(version.mtime, usegmt=True)
