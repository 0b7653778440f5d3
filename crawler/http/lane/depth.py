"""How many requests a lane to one host may carry at once (RFC 9112 section 9.3.2). A function of what was observed."""

from __future__ import annotations

from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Value, replace

DEEPEST = 8
"""Requests in flight on one lane: more gains little even 40 ms away."""
_FIRST = 2
"""Where the search begins, once a host has kept a connection open after a complete HTTP/1.1 response."""
_PROOF = 2
"""Rounds of responses that agree with their rows before the depth is doubled."""
_DOUBTS = 3
"""Batches without a single usable response, or with a contradiction, after which pipelining is not tried again."""


class HostDepth(Value, frozen=True, kw_only=True):
    """What is known of one host."""

    depth: int = _FIRST
    agreed: int = 0
    """Responses at this depth that agreed with their rows."""
    doubts: int = 0
    """Batches that failed without proof that the host is at fault: a file may have changed since it was listed."""
    is_broken: bool = False
    """Whether it has failed: it gets one request at a time for the rest of this run, and for a month."""
    most: int | None = None
    """The depth that a refusal (429, 503) left, for the rest of this run."""
    per_connection: int | None = None
    """The requests after which the host closes a connection, as it announces."""
    is_news: bool = False
    """Whether this run has found out anything that is worth remembering."""

    @property
    def learnt(self) -> int:
        """The depth to be remembered; 1: pipelining does not work, 0: nothing is known."""
        return 1 if self.is_broken else self.depth if self.depth > _FIRST else 0


def recalled(known: HostLimits | None) -> HostDepth:
    """The state of a host at the start of a run; ``known`` is what an earlier run learnt."""
    if known is None:
        return HostDepth()
    return HostDepth(depth=max(known.depth, _FIRST), is_broken=known.depth == 1, per_connection=known.per_connection)


def usable(host: HostDepth, deepest: int) -> int:
    """The requests that a lane may carry; ``deepest``: as many as the options allow."""
    if host.is_broken:
        return 1
    depths = (host.depth, deepest, host.most or deepest, host.per_connection or deepest)
    return max(1, min(depths))


def agreed(host: HostDepth, count: int, deepest: int) -> HostDepth:
    """After a batch, of which ``count`` responses are proven to belong to their requests."""
    total = host.agreed + count
    if host.is_broken or not count:
        return host
    if total < _PROOF * host.depth or host.depth >= deepest:
        return replace(host, agreed=min(total, _PROOF * host.depth))
    return replace(host, depth=min(2 * host.depth, deepest), agreed=0, is_news=True)


def doubted(host: HostDepth) -> HostDepth:
    """After a batch that failed without proof that the host is at fault: it begins again, a few times."""
    if host.doubts + 1 >= _DOUBTS:
        return broken(host)
    return replace(host, depth=_FIRST, agreed=0, doubts=host.doubts + 1)


def broken(host: HostDepth) -> HostDepth:
    """After a response in the place of another one, a reset, silence and the like: no several requests from now on."""
    return host if host.is_broken else replace(host, depth=_FIRST, agreed=0, is_broken=True, is_news=True)


def refused(host: HostDepth, depth: int) -> HostDepth:
    """After a 429 or 503 in a batch of ``depth`` requests: half as many from now on."""
    return replace(host, most=max(1, min(depth // 2, host.most or depth)), agreed=0)


def closes_after(host: HostDepth, requests: int) -> HostDepth:
    """After the host has announced the end of a connection with its ``requests``th response."""
    if host.per_connection is not None and host.per_connection <= requests:
        return host
    return replace(host, per_connection=max(1, requests), is_news=True)
