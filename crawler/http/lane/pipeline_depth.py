"""Computes from observations how many requests a lane to one host may carry at once (RFC 9112 section 9.3.2)."""

from __future__ import annotations

from math import inf

from crawler.http.framing.shape import Shapes
from crawler.http.sockets.first_responses import FirstResponses
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Struct, Value, field, replace

DEEPEST = 32
"""Maximum number of requests in flight on one lane: each batch costs 0.3 ms of processor time, whatever is in it."""
_FIRST = 2
"""The initial depth, once a host has kept a connection open after a complete HTTP/1.1 response."""
_GROWTH = 4
"""Factor by which the depth grows after as many responses as the depth that agree with their rows in the listing."""
_DOUBTS = 3
"""Number of batches without any usable response, or with a contradiction, after which pipelining is given up."""


class Experience(Struct):
    """Observations made on the lanes to one endpoint."""

    is_persistent: bool = False
    """Whether the server has kept a connection open after a complete HTTP/1.1 response."""
    per_connection: int | None = None
    """Number of responses after which the server has announced the end of a connection, twice; None if unknown."""
    last_end: int | None = None
    """Number of responses before the last announced end of a connection; a single one may be due to a restart."""
    has_excess: bool = False
    """Whether unrequested bytes have followed the responses to a batch."""
    is_concurrent: bool = False
    """Whether a connection has been served while another one, on which a response had arrived, was still open."""
    shapes: Shapes = field(default_factory=Shapes)
    """The shapes of its header sections."""
    first: FirstResponses = field(default_factory=FirstResponses)

    def note_response(self, minor: int, connections: int) -> None:
        """Note a complete response of HTTP/1.``minor``; ``connections``: number of those that are open after one."""
        self.is_persistent |= minor > 0
        self.is_concurrent |= connections > 1

    def note_end(self, responses: int) -> None:
        """Note that the server has announced the end of a connection after so many ``responses``."""
        if responses == self.last_end:
            self.per_connection = min(responses, self.per_connection or responses)
        self.last_end = responses

    def note_excess(self) -> None:
        """Note that unrequested bytes have followed the responses to a batch."""
        self.has_excess = True

    @property
    def most_requests(self) -> float:
        """Number of requests that a connection takes, as far as is known."""
        return self.per_connection or inf


class HostDepth(Value, frozen=True, kw_only=True):
    """The pipelining depth of one host, and the evidence for it."""

    depth: int = _FIRST
    agreed: int = 0
    """Number of responses at this depth that agreed with their rows in the listing."""
    doubts: int = 0
    """Number of batches that failed without proof that the host is at fault: a file may have changed meanwhile."""
    is_broken: bool = False
    """Whether pipelining has failed: the host gets one request at a time for the rest of this run, and for a month."""
    most: int | None = None
    """Maximum depth after a refusal (429, 503), for the rest of this run; None without one."""
    per_connection: int | None = None
    """Number of requests after which the host announces that it closes a connection; None if unknown."""
    is_news: bool = False
    """Whether this run has learnt something about the host that is worth remembering."""

    @property
    def learnt(self) -> int:
        """The depth to remember; 1 if pipelining does not work, 0 if nothing is known."""
        return 1 if self.is_broken else self.depth if self.depth > _FIRST else 0


def recalled(known: HostLimits | None) -> HostDepth:
    """The state of a host at the start of a run; ``known`` is what an earlier run learnt."""
    if known is None:
        return HostDepth()
    return HostDepth(depth=max(known.depth, _FIRST), is_broken=known.depth == 1, per_connection=known.per_connection)


def usable(host: HostDepth, deepest: int) -> int:
    """The number of requests that a lane may carry; ``deepest`` is the maximum that the options allow."""
    if host.is_broken:
        return 1
    depths = (host.depth, deepest, host.most or deepest, host.per_connection or deepest)
    return max(1, min(depths))


def agreed(host: HostDepth, count: int, deepest: int) -> HostDepth:
    """The state after a batch in which ``count`` responses are proven to belong to their requests."""
    total = host.agreed + count
    if host.is_broken or not count:
        return host
    if total < host.depth or host.depth >= deepest:
        return replace(host, agreed=min(total, host.depth))
    return replace(host, depth=min(_GROWTH * host.depth, deepest), agreed=0, is_news=True)


def doubted(host: HostDepth) -> HostDepth:
    """The state after a batch that failed without proof that the host is at fault: the search restarts, a few times."""
    if host.doubts + 1 >= _DOUBTS:
        return broken(host)
    return replace(host, depth=_FIRST, agreed=0, doubts=host.doubts + 1)


def broken(host: HostDepth) -> HostDepth:
    """The state after swapped responses, a reset, silence or the like: one request at a time from now on."""
    return host if host.is_broken else replace(host, depth=_FIRST, agreed=0, is_broken=True, is_news=True)


def interrupted(host: HostDepth) -> HostDepth:
    """The state after a connection that broke off, which the network may have caused: half as many requests.

    At the lowest depth, one request at a time for the rest of this run; the next one tries again.
    """
    if host.is_broken:
        return host
    return replace(host, depth=max(host.depth // 2, _FIRST), agreed=0, most=host.most if host.depth > _FIRST else 1)


def refused(host: HostDepth, depth: int) -> HostDepth:
    """The state after a 429 or 503 in a batch of ``depth`` requests: at most half as many from now on."""
    return replace(host, most=max(1, min(depth // 2, host.most or depth)), agreed=0)


def closes_after(host: HostDepth, requests: int) -> HostDepth:
    """The state after the host has announced the end of a connection in its response number ``requests``."""
    if host.per_connection is not None and host.per_connection <= requests:
        return host
    return replace(host, per_connection=max(1, requests), is_news=True)
