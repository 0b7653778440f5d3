"""Reasons why a request on a lane has no complete response, and whether a repetition counts as another attempt."""

from __future__ import annotations

import ssl
from enum import Enum

from crawler.http.framing.header_section import FramingError, Head, NotAResponse
from crawler.http.tls import alert_text
from crawler.model.struct import Value
from crawler.text.escape import printable
from crawler.text.patterns import pattern


class Ending(Enum):
    """The way in which a lane ended."""

    ANNOUNCED = "the response before was announced as the last one of the connection, and nothing followed it"
    CLOSED = "the server closed the connection"
    CUT = "the connection ended within a body, or without close_notify where only that proves the end"
    RESET = "the connection was reset"
    SILENT = "nothing arrived for too long"
    SLOW = "a body arrived too slowly"
    INVALID = "not an HTTP/1.1 response, or one without a definite end: another attempt would get the same"
    GARBLED = "no response of any protocol: another attempt may get one"
    DAMAGED = "the chunks of a body are malformed, or another response begins in it"
    EXCESS = "bytes behind the last response that was requested"
    FOLLOWED = "another response behind the last one that was requested"
    UNREQUESTED = "the server sent data before the first request"
    REFUSED_BY_TLS = "a TLS alert instead of a response"
    BAD_REQUEST = "a request among several was answered 400: the server may not have understood where it began"
    TIMED_OUT = "a 408 on a used connection: the server was about to close it"
    ABANDONED = "closed by us"
    RECEIVER_LOST = "the process that received a body is gone"


EXCESSES = frozenset({Ending.EXCESS, Ending.FOLLOWED})
_WITHOUT_A_WORD = frozenset({Ending.CLOSED, Ending.GARBLED, *EXCESSES, Ending.RESET, Ending.TIMED_OUT})
OF_NO_REQUEST = frozenset({Ending.BAD_REQUEST, Ending.GARBLED, Ending.TIMED_OUT})
"""Endings by bytes that are part of no response to the request in flight."""
_BAD_REQUEST, REQUEST_TIMEOUT = 400, 408
_STATUS_LINE = pattern(rb"\s*HTTP/")


class Loss(Value, frozen=True):
    """The reason why a request has no complete response."""

    ending: Ending
    detail: str
    """More about the ending, in one clause; may be empty."""
    is_broken: bool
    """Whether a part of the response had arrived. If not, the request is unanswered."""
    is_free: bool
    """Whether sending the request again does not count as another attempt."""


class End(Value, frozen=True):
    """The end of a lane."""

    ending: Ending
    detail: str
    """More about the ending, in one clause; may be empty."""


def explained(error: Exception | None, *, has_begun: bool, has_head: bool, is_first: bool) -> End:
    """How a lane ended whose connection was lost with ``error``; None after an orderly end.

    ``has_begun``: a part of a response had arrived; ``has_head``: its header section was complete. ``is_first``: no
    response had been completed before.
    """
    is_unused = is_first and not has_begun
    # What is no error of TLS by its own type is not compared with one: only then is the module of TLS imported.
    if is_unused and not isinstance(error, ConnectionError | None) and isinstance(error, ssl.SSLError):
        return End(Ending.REFUSED_BY_TLS, alert_text(error))
    if error is not None:
        text = error.strerror if isinstance(error, OSError) else None
        return End(Ending.RESET, printable((text or str(error))[:200]))
    return End(Ending.CUT if has_head else Ending.CLOSED, "")


def refusal(head: Head | None, *, is_shared: bool, is_used: bool) -> End | None:
    """How a lane ends by the response of ``head``, if that is about the connection; None for any other.

    ``is_used``: there were responses before on the connection, or it was opened ahead (RFC 9110 section 15.5.9).
    """
    if head is None or head.status not in (_BAD_REQUEST, REQUEST_TIMEOUT):
        return None
    if head.status == _BAD_REQUEST:
        return End(Ending.BAD_REQUEST, "") if is_shared else None
    return End(Ending.TIMED_OUT, "") if is_used else None


def unreadable(error: FramingError, *, answered: int) -> End:
    """How a lane ends on which ``error`` is in the place of a response, after ``answered`` others."""
    is_garbled = isinstance(error, NotAResponse) and not error.is_permanent(is_first=not answered)
    return End(Ending.GARBLED if is_garbled else Ending.INVALID, str(error))


def excess(data: bytes, rest: int) -> Ending:
    """How a lane ends if the last ``rest`` bytes of ``data`` follow the last response that was requested."""
    return Ending.FOLLOWED if _STATUS_LINE.match(data, len(data) - rest) else Ending.EXCESS


def losses(end: End, requests: int, *, has_begun: bool, answered: int) -> list[Loss]:
    """The losses of the ``requests`` in flight when a lane ended by ``end``, in the order of the requests.

    ``has_begun``: a part of the response to the first request had arrived. ``answered``: number of earlier responses on
    the connection, or of requests for which it could have been used.
    """
    return [
        Loss(
            end.ending,
            end.detail,
            is_broken=has_begun and place == 0,
            is_free=_is_free(end.ending, place, has_begun=has_begun, answered=answered),
        )
        for place in range(requests)
    ]


def _is_free(ending: Ending, place: int, *, has_begun: bool, answered: int) -> bool:
    """Whether sending the request at ``place`` again does not count as another attempt.

    A request behind another one never had its turn, and a 400 may be meant for any of them. A server may close a
    connection just when it is reused (RFC 9112 section 9.3.1), and what it sends too much with a response may arrive
    just then.
    """
    if place > 0 or ending in (Ending.BAD_REQUEST, Ending.ANNOUNCED):
        return True
    return ending in _WITHOUT_A_WORD and not has_begun and answered > 0
