"""Chooses how a request is sent: on a lane, or through aiohttp's session, which is imported when it is needed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from crawler.http.framing.request_head import TARGET, for_lane, header_fields, request_head
from crawler.http.lane.batch import Outcome
from crawler.http.lane.dial import ConnectionSettings, Dialer
from crawler.http.lane.pipeline_depth import Experience
from crawler.http.lane.pool import LanePool
from crawler.http.proxies import is_socks
from crawler.http.response import RawResponse
from crawler.http.sockets.early import EarlyConnections
from crawler.http.sockets.endpoint import Endpoint
from crawler.http.sockets.open_connections import OpenConnections
from crawler.model.network.pipelining import Carried, Requests, Together

if TYPE_CHECKING:
    from crawler.http.lane.bulk.handed import Handed
    from crawler.http.session import Session

_LOG = logging.getLogger("crawler")
_TARGETS = re.compile(r"(?:/[!-\"$-~]*(?: |\Z))+")
"""Several targets of which none has a fragment, separated by spaces."""


def log_requests(method: str, urls: Iterable[str], status: int) -> None:
    """Log requests when their responses are known."""
    if _LOG.isEnabledFor(logging.DEBUG):
        for url in urls:
            _LOG.debug("request", extra={"fields": {"method": method, "url": url, "status": status}})


class Transport:
    """Sends requests. Must be created and closed in the event loop."""

    def __init__(
        self,
        agent: str,
        settings: ConnectionSettings,
        connections: Callable[[str], OpenConnections],
        early: EarlyConnections | None = None,
    ) -> None:
        """``agent``: the User-Agent header. ``connections`` returns those of the host of a URL, always the same.

        ``early``: connections that were opened before the event loop.
        """
        self._agent = agent
        self._settings = settings
        # Most requests have the same headers. The cache belongs to the instance because some contain credentials.
        self._fields = lru_cache(maxsize=64)(header_fields)
        self._connections_of = connections
        self._connections: dict[Endpoint, OpenConnections] = {}
        self._lanes = LanePool(Dialer(settings, early), settings.patience, self._connections.__getitem__)
        self._session: Session | None = None

    async def close(self) -> None:
        await self._lanes.close()
        if self._session is not None:
            await self._session.close()

    async def send(self, method: str, url: str, headers: Mapping[str, str], proxy: str | None) -> RawResponse:
        """Send a GET or HEAD and wait for the headers. Raises RequestError, ValueError."""
        through = proxy if proxy is not None and is_socks(proxy) else None
        parts = for_lane(url, through) if proxy is None or through is not None else None
        if parts is None and through is not None:
            raise ValueError("this URL cannot be requested through a SOCKS proxy")
        if parts is None:
            return await self._by_session().send(method, url, headers, proxy)
        where, host, target = parts
        self._know(where, url)
        return await self._lanes.send(where, self._head(method, target, host, headers), is_head=method == "HEAD")

    async def share(self, requests: Requests, together: Together) -> Outcome:
        """Send a GET for each (URL, headers) on one lane, without a proxy; see ``LanePool.share``.

        All URLs must have the same host, for which ``experience`` is not None. Raises RequestError, ValueError.
        """
        where, heads = self._prepared(requests)
        return await self._lanes.share(where, heads, together)

    def can_hand_over(self, url: str) -> bool:
        """Whether the connections to the host of ``url`` can be handed to another process."""
        parts = for_lane(url, None)
        return parts is not None and not parts[0].is_tls

    async def hand_over(self, requests: Requests, received: Callable[[int], None]) -> tuple[Handed, list[bytes]]:
        """A connection for a GET for each (URL, headers), and their header sections. Raises RequestError, ValueError.

        It must be used. ``received`` is called with numbers of bytes. All URLs must have the same host.
        """
        where, heads = self._prepared(requests)
        return await self._lanes.hand_over(where, received), heads

    def _prepared(self, requests: Requests) -> tuple[Endpoint, list[bytes]]:
        """Where a GET for each (URL, headers) is sent, and their header sections. Raises ValueError."""
        url = requests[0][0]
        parts = for_lane(url, None)
        assert parts is not None, "not sent on a lane"
        where, host, target = parts
        heads = self._heads(requests, host, url.removesuffix(target))
        self._know(where, url)
        return where, heads

    def _heads(self, requests: Requests, host: str, prefix: str) -> list[bytes]:
        """The header section of a GET for each (URL, headers); ``prefix`` is the beginning of all URLs, up to the path.

        Raises ValueError.
        """
        heads, given, fields, start = list[bytes](), None, b"", len(prefix)
        targets = [url[start:] for url, headers in requests if headers is requests[0][1] and url.startswith(prefix)]
        together = " ".join(targets)
        if together.count(" ") + 1 == len(requests) and _TARGETS.fullmatch(together):
            fields = self._fields(host, self._agent, tuple(requests[0][1].items()))
            return [b"GET %b HTTP/1.1\r\n%b" % (target.encode(), fields) for target in targets]
        for url, headers in requests:
            target = url[len(prefix) :].partition("#")[0]
            if not url.startswith(prefix) or TARGET.fullmatch(target) is None:
                raise ValueError("the URL cannot be requested together with the others")
            if headers is not given:  # nearly all have the same
                given, fields = headers, self._fields(host, self._agent, tuple(headers.items()))
            heads.append(b"GET %b HTTP/1.1\r\n%b" % (target.encode(), fields))
        return heads

    def open_ahead(self, url: str, connections: Callable[[int], int]) -> None:
        """Open connections for later requests to the host of ``url``, without a proxy; see ``LanePool.open_ahead``."""
        parts = for_lane(url, None)
        assert parts is not None, "not sent on a lane"
        self._know(parts[0], url)
        self._lanes.open_ahead(parts[0], connections)

    def _know(self, where: Endpoint, url: str) -> None:
        """Note to which host, that of ``url``, an endpoint belongs."""
        if where not in self._connections:
            self._connections[where] = self._connections_of(url)

    def settle(self, url: str, sent: Outcome, carried: Carried | None) -> None:
        """Keep or close the lane of requests to the host of ``url``; see ``LanePool.settle``."""
        parts = for_lane(url, None)
        assert parts is not None, "not sent on a lane"
        self._lanes.settle(parts[0], sent, carried)

    def experience(self, url: str) -> Experience | None:
        """Observations made on the lanes to the host of ``url``; None if ``url`` cannot be requested on a lane."""
        try:
            parts = for_lane(url, None)
        except ValueError:
            return None
        return None if parts is None else self._lanes.experience(parts[0])

    def _head(self, method: str, target: str, host: str, headers: Mapping[str, str]) -> bytes:
        fields = self._fields(host, self._agent, tuple(headers.items()))
        return request_head(method, target, fields)

    def _by_session(self) -> Session:
        if self._session is None:
            from crawler.http.session import Session

            self._session = Session(self._agent, self._settings)
        return self._session
