"""Sends requests that share a connection, and learns from the responses how many of them the host handles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from crawler.http.decoding import PlainPages, page_of, read_decoded
from crawler.http.framing.request_head import page_headers
from crawler.http.lane import pipeline_depth
from crawler.http.lane.batch import Outcome
from crawler.http.lane.loss import EXCESSES, Ending
from crawler.http.lane.pipeline_depth import HostDepth, broken, closes_after, doubted, interrupted, refused, usable
from crawler.http.pacing.gate import Gate
from crawler.http.pacing.host import Host
from crawler.http.problem import RequestError
from crawler.http.response import WholeResponse, joined, whole_responses
from crawler.http.transport import Transport, log_requests
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.interfaces import FetchedPage
from crawler.model.network import responses as interfaces
from crawler.model.network.pipelining import Findings, Ordered, Requests, Together, Verdict
from crawler.model.network.shapes import HeaderShape
from crawler.model.struct import Value
from crawler.model.values import Validators
from crawler.text.http_fields import OVERLOAD_STATUS

if TYPE_CHECKING:
    from crawler.model.network.receiving import Arrived, Reception

_BREAKS = frozenset(
    {Ending.SILENT, Ending.INVALID, Ending.GARBLED, Ending.DAMAGED, Ending.BAD_REQUEST, *EXCESSES}
)  # fmt: skip
"""Endings of a lane with several requests in flight that show that the host does not handle pipelining."""


_INTERRUPTIONS = frozenset({Ending.CLOSED, Ending.CUT, Ending.RESET})
"""Endings of such a lane that the network may have caused."""


class Usual(Value, frozen=True, kw_only=True):
    """The functions that a client applies to every request."""

    enter: Callable[[str], Awaitable[Host]]
    """Waits for a connection to the host of a URL. Raises FetchError."""
    complete: Callable[[Requests], Requests]
    """Adds to the headers of requests the cookies and the --header fields that apply to their URLs."""
    is_plain: Callable[[str], bool]
    """Whether a request for the URL needs neither a proxy nor a login. Raises ValueError."""
    note: Callable[[Sequence[WholeResponse]], None]
    """Called with the responses to GETs when they have arrived."""


class Sharing:
    """Implements ``interfaces.Sharing``. ``deepest``: maximum number of requests on a connection; 1 for no sharing."""

    def __init__(self, usual: Usual, transport: Transport, gate: Gate, deepest: int) -> None:
        self._usual = usual
        self._transport = transport
        self._gate = gate
        self._deepest = 1 if gate.limits_requests else deepest
        self._pages = PlainPages()

    def depth(self, url: str) -> int:
        """How many requests may share a connection to the host of ``url`` now."""
        if self._deepest < 2:
            return 1
        seen = self._transport.experience(url)
        if seen is None or not seen.is_persistent or not self._is_plain(url):
            return 1
        name = self._gate.host(url).name
        host = self._gate.depths.of(name)
        if seen.has_excess:
            host = self._change(name, broken(host), "unexpected bytes after the last response")
        if seen.per_connection is not None:
            host = self._change(name, closes_after(host, seen.per_connection), "")
        return usable(host, self._deepest)

    def spare(self, url: str) -> int:
        if self._gate.limits_requests or self._transport.experience(url) is None or not self._is_plain(url):
            return 0
        return max(0, self._gate.host(url).free)

    def is_crowded(self, url: str) -> bool:
        return self._gate.host(url).free < 0

    def is_near(self, url: str) -> bool | None:
        seen = self._transport.experience(url)
        return None if seen is None else seen.first.is_near

    def is_quick(self, url: str) -> bool:
        seen = self._transport.experience(url)
        return seen is not None and seen.first.quickest < limits.QUICK

    def announces_ranges(self, url: str) -> bool:
        seen = self._transport.experience(url)
        return seen is not None and seen.first.sends_ranges

    def open_ahead(self, url: str, requests: int) -> None:
        if requests and self.spare(url):
            host = self._gate.host(url)
            self._transport.open_ahead(url, lambda idle: host.state.ahead(free=host.free, idle=idle, requests=requests))

    def _is_plain(self, url: str) -> bool:
        try:
            return self._usual.is_plain(url)
        except ValueError:
            return False

    def _change(self, name: str, host: HostDepth, reason: str) -> HostDepth:
        self._gate.depths.change(name, host, reason)
        return host

    async def send(self, together: Together) -> Sequence[WholeResponse | None]:
        url = together.url
        try:
            host = await self._usual.enter(url)
        except FetchError:
            return []
        most = self.depth(url)
        requests = together.requests(most, max(0, host.free)) if most > 1 else ()
        if not requests:
            host.withdraw()
            return []
        count = 1
        try:
            found, verdict = await self._exchange(together, requests, host)
            if all(each is None or each.status not in OVERLOAD_STATUS for each in found):
                count = together.size  # a refusal, or anything else that is wrong, is about the connection
        except RequestError as error:
            if error.blames_host:
                host.failed()
            return []
        except ValueError:
            return []
        finally:
            host.leave(count)
        if self._gate.limits_bytes:
            await self._gate.acquire_bytes(sum(len(response.body) for response in found if response))
        return [response if is_proven else None for response, is_proven in zip(found, verdict.proven, strict=True)]

    def can_order(self, url: str, accepts: Callable[[HeaderShape], bool], files: int, *, in_depth: bool) -> bool:
        seen = self._transport.experience(url)
        if self._gate.limits_bytes or not self.is_near(url) or seen is None or seen.most_requests < files:
            return False
        depth = self.depth(url)
        is_deep = depth > 1 and (depth == self._deepest or not in_depth)
        return is_deep and self._transport.can_hand_over(url) and bool(seen.shapes.patterns(accepts))

    async def order(self, ordered: Ordered, reception: Reception) -> None:
        try:
            host = await self._usual.enter(ordered.url)
        except FetchError:
            return
        arrived: Arrived | None = None
        try:
            arrived = await self._order(ordered, reception, host)
        except RequestError as error:
            if error.blames_host:
                host.failed()
        except ValueError:
            pass
        finally:
            host.leave(len(arrived.etags) if arrived is not None else 1)
        if arrived is not None:
            self._conclude(host.name, ordered.judge(arrived))

    async def _order(self, ordered: Ordered, reception: Reception, host: Host) -> Arrived | None:
        """Have the files requested. Raises RequestError, ValueError."""
        from crawler.model.network import receiving  # imported only if needed

        requests = self._usual.complete(ordered.requests())
        handed, heads = await self._transport.hand_over(requests, lambda size: host.received(size, time.monotonic()))
        seen = self._transport.experience(ordered.url)
        patterns = seen.shapes.patterns(ordered.accepts) if seen is not None else []
        order = receiving.Order(requests=heads, sizes=ordered.sizes, depth=self.depth(ordered.url), patterns=patterns)
        try:
            arrived = await reception.receive(order, handed.body)
        except asyncio.CancelledError:
            handed.body.stop()
            raise
        if arrived is not None and arrived.etags:
            host.succeeded(requests[0][0])
            log_requests("GET", (url for url, _ in requests[: len(arrived.etags)]), 200)
        if handed.ending in _BREAKS:
            self._change(host.name, broken(self._gate.depths.of(host.name)), handed.ending.value)
        return arrived

    async def _exchange(
        self, together: Together, requests: Requests, host: Host
    ) -> tuple[Sequence[WholeResponse | None], Verdict]:
        """The responses to ``requests``, and what they prove. Raises RequestError, ValueError."""
        generation = host.generation
        sent = await self._transport.share(self._usual.complete(requests), together)
        found = whole_responses([requests[at][0] for at in sent.places], sent.answers, sent.turn)
        is_ended = sent.ending is Ending.ANNOUNCED or None not in sent.answers
        verdict = together.judge(found, sent.carried, is_ended=is_ended)
        self._transport.settle(together.url, sent, verdict.carried)
        self._judge_ending(sent, host, are_small=together.are_small)
        self._note(found, host, generation)
        self._conclude(host.name, verdict.findings)
        return found, verdict

    def _note(self, found: Sequence[WholeResponse | None], host: Host, generation: int) -> None:
        is_refused, size, succeeded = False, 0, None
        arrived = [response for response in found if response is not None]
        self._usual.note(arrived)
        for response in arrived:
            size += len(response.body)
            if response.status not in OVERLOAD_STATUS:
                succeeded = response.url
            elif not is_refused:
                is_refused = True
                host.overloaded(response.status, response.headers, generation)
                known = self._gate.depths.of(host.name)
                self._change(host.name, refused(known, len(found)), "the host refused more requests")
        host.received(size, time.monotonic())
        if succeeded is not None:
            host.succeeded(succeeded)

    def _judge_ending(self, sent: Outcome, host: Host, *, are_small: bool) -> None:
        if len(sent.answers) < 2 or sent.ending is None:
            return
        known = self._gate.depths.of(host.name)
        if sent.is_race or (sent.ending is Ending.ABANDONED and are_small):
            self._change(host.name, doubted(known), sent.ending.value)
        elif sent.ending in _INTERRUPTIONS:
            self._change(host.name, interrupted(known), sent.ending.value)
        elif sent.ending in _BREAKS:
            self._change(host.name, broken(known), sent.ending.value)

    def _conclude(self, name: str, findings: Findings) -> None:
        """Learn from what the responses have shown."""
        host = self._gate.depths.of(name)
        if findings.is_exchanged:
            self._change(name, broken(host), "a response came in the place of another one")
        elif findings.is_doubtful:
            self._change(name, doubted(host), "the responses contradict the listing")
        else:
            agreed = pipeline_depth.agreed(host, findings.agreed, self._deepest)
            self._change(name, agreed, "the responses agree with the listing")

    def joined(self, first: interfaces.WholeResponse, second: interfaces.WholeResponse) -> interfaces.WholeResponse:
        return joined(first, second)

    def page_headers(self, validators: Validators) -> Mapping[str, str]:
        return page_headers(validators)

    def page_at_once(self, response: interfaces.WholeResponse) -> FetchedPage | None:
        return self._pages.page(response)

    async def page(self, response: interfaces.WholeResponse) -> FetchedPage:
        body = b"" if response.status == 304 else await read_decoded(response)
        return page_of(response, body)
