"""The kinds of faults: which request fails, and what the client receives."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b

from tests.support.misbehaving.responses import Response

LOGIN = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form>".ljust(5000) + b"</form></body></html>"
"""A login page longer than any small file and shorter than any large one, so that no listed size equals its own."""
ELSEWHERE = "http://login.invalid/?back=1"


class Fault(StrEnum):
    """A kind of fault. A retry cures the first eight; the others are final for the URL."""

    BUSY = "503"
    BROKEN = "500"
    OVERLOAD = "429"
    RESET = "reset"
    SHORT = "short"
    STALL = "stall"
    CHUNKS = "chunks"
    GARBAGE = "garbage"
    GONE = "404"
    WRONG = "size"
    """A file longer or shorter than listed; half a listing. Content-Length agrees with the body."""
    LOGIN = "login"
    ELSEWHERE = "redirect"


VERDICTS = frozenset((Fault.GONE, Fault.WRONG, Fault.LOGIN, Fault.ELSEWHERE))
HEALED = tuple(fault for fault in Fault if fault not in VERDICTS)
WITHOUT_BODY = frozenset((Fault.BUSY, Fault.BROKEN, Fault.OVERLOAD, Fault.RESET, Fault.GARBAGE))
"""Faults that can be detected even in a response without a body."""


class Dice:
    """Decides by the numbers of the run and the request alone, so that a seed reproduces the faults."""

    def __init__(self, rate: float, seed: int) -> None:
        self._rate = rate
        self._seed = seed

    def roll(self, run: int, number: int, *, verdicts: bool) -> tuple[Fault | None, int]:
        """(fault of request ``number`` of a run, random number to vary it)."""
        digest = blake2b(f"{self._seed}/{run}/{number}".encode(), digest_size=12).digest()
        if int.from_bytes(digest[:4], "big") >= self._rate * 2**32:
            return None, 0
        which, more = int.from_bytes(digest[4:8], "big"), int.from_bytes(digest[8:], "big")
        choice = tuple(Fault) if verdicts else HEALED
        return choice[which % len(choice)], more


def shaped(fault: Fault, reply: Response, more: int) -> Response:
    """The response that replaces ``reply``, for faults that are responses."""
    page = (("Content-Type", "text/html"),)
    match fault:
        case Fault.BUSY | Fault.OVERLOAD:
            # A 429 without Retry-After delays all requests for a second: a few are enough.
            delay = ("1", None)[more % 2] if more % 32 < 2 else "0"
            after = (("Retry-After", delay),) if delay is not None else ()
            return Response(status=int(fault), headers=(*page, *after), body=b"later")
        case Fault.BROKEN | Fault.GONE:
            return Response(status=int(fault), headers=page, body=b"<html>an error page</html>")
        case Fault.LOGIN:
            return Response(headers=page, body=LOGIN)
        case Fault.ELSEWHERE:
            return Response(status=302, headers=(("Location", ELSEWHERE),))
        case Fault.WRONG:
            return _wrong(reply, more)
        case _:
            return reply


def _wrong(reply: Response, more: int) -> Response:
    """Half of the body, or much more than all of it, with headers that agree."""
    half = bool(reply.body) and (more % 2 == 0 or ("Content-Type", "text/html") in reply.headers)
    body = reply.body[: len(reply.body) // 2] if half else reply.body * 2 + b"x" * 5000
    return Response(headers=reply.headers, body=body)


def wire(fault: Fault | None, reply: Response, date: bytes, *, head: bool) -> tuple[bytes, bool]:
    """(bytes to send, whether the connection can be reused). RESET and STALL are left to the sender."""
    if fault is Fault.GARBAGE:
        return b"\x16\x03 nobody knows what this is\r\n\r\n", False
    top = _head(reply, date, chunked=fault is Fault.CHUNKS)
    body = b"" if head or reply.status == 304 else reply.body
    if fault is Fault.CHUNKS:
        half = body[: len(body) // 2] or b"x"
        return b"%b%x\r\n%b\r\nzz\r\nno chunk" % (top, len(half), half), False
    if fault in (Fault.SHORT, Fault.STALL):
        return (top + body[: len(body) // 2] if body else top[: len(top) // 2]), False
    return top + body, True


def _head(reply: Response, date: bytes, *, chunked: bool) -> bytes:
    lines = [b"HTTP/1.1 %d Status" % reply.status, b"Date: " + date]
    lines += [f"{name}: {value}".encode() for name, value in reply.headers]
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif reply.status != 304:
        lines.append(b"Content-Length: %d" % len(reply.body))
    return b"\r\n".join(lines) + b"\r\n\r\n"
