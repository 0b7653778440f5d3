"""Interfaces for requests that share a connection, and what their responses prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from crawler.model.network.responses import FetchedPage, WholeResponse
from crawler.model.network.shapes import HeaderShape
from crawler.model.struct import Value
from crawler.model.values import Validators

if TYPE_CHECKING:
    from crawler.model.network.receiving import Arrived, Reception

Requests = Sequence[tuple[str, Mapping[str, str]]]
"""(URL, headers) of each of several GETs."""


class Carried(Protocol):
    """Summary of all responses that a connection has carried."""

    def __len__(self) -> int:
        """Number of responses."""
        ...


class Findings(Value, frozen=True, kw_only=True):
    """Observations about a host, made on responses to requests that shared a connection."""

    agreed: int = 0
    """Number of responses that are proven to belong to their requests."""
    is_doubtful: bool = False
    """Whether a response contradicts what is known about its request."""
    is_exchanged: bool = False
    """Whether one response arrived in place of another."""


class Verdict(Value, frozen=True, kw_only=True):
    """The decision about responses and their connection."""

    proven: Sequence[bool]
    """For each request, whether there is a response that is proven to belong to it."""
    findings: Findings
    carried: Carried | None
    """What the connection has carried now; None if it must not be used again."""


class Together(Protocol):
    """Requests that are to be sent together on one connection."""

    url: str
    """The URL of one of them; all have the same host."""

    @property
    def are_small(self) -> bool:
        """Whether the responses should be small; if not, a large one is no fault of the host."""
        ...

    def requests(self, most: int, free: int) -> Requests:
        """The GETs, at most ``most``; may be empty. Called once a connection is available.

        ``free``: number of further connections that are available.
        """
        ...

    @property
    def size(self) -> int:
        """Number of files or pages whose requests are sent; one that is requested in two ranges counts once."""
        ...

    def following(self, carried: Carried) -> Sequence[int]:
        """The places of the requests whose responses can be told from all that a connection has carried, in order."""
        ...

    def keep(self, places: Sequence[int]) -> None:
        """Note that only the requests at these places are sent. Called once, just before they are."""
        ...

    def judge(self, responses: Sequence[WholeResponse | None], carried: Carried | None, *, is_ended: bool) -> Verdict:
        """Whether the responses belong to the requests sent. ``carried``: what their connection carried before, if any.

        None stands for a request without a complete, small response. ``is_ended``: the last response that arrived was
        followed by nothing, because no other one was due, or because it was announced as the last of the connection.
        """
        ...


class Ordered(Protocol):
    """Files of one host that are to be requested by another process."""

    url: str
    """The URL of one of them."""

    def requests(self) -> Requests:
        """The GETs. Called once, when they are about to be sent."""
        ...

    @property
    def sizes(self) -> list[int]:
        """The size of each file."""
        ...

    def accepts(self, shape: HeaderShape) -> bool:
        """Whether responses of this shape may be the files."""
        ...

    def judge(self, arrived: Arrived) -> Findings:
        """Note which responses belong to their requests. Returns what all show of the host."""
        ...


class Sharing(Protocol):
    """Sends requests that share a connection."""

    def depth(self, url: str) -> int:
        """How many requests may share a connection to the host of ``url`` now; 1: sharing is not possible."""
        ...

    def spare(self, url: str) -> int:
        """How many more connections to the host of ``url`` may be used now; 0 if requests for it are no ordinary ones.

        Requests are not ordinary if they go through a proxy, need a login, or have a rate that is limited.
        """
        ...

    def is_crowded(self, url: str) -> bool:
        """Whether requests to the host of ``url`` are waiting for a connection."""
        ...

    def is_near(self, url: str) -> bool | None:
        """Whether the host of ``url`` responds so soon that sharing gains little; None as long as that is not known."""
        ...

    def is_quick(self, url: str) -> bool:
        """Whether the host of ``url`` is known to respond within ``limits.QUICK``."""
        ...

    def announces_ranges(self, url: str) -> bool:
        """Whether the host of ``url`` has said that it sends ranges of a file, which had a strong entity tag."""
        ...

    def open_ahead(self, url: str, requests: int) -> None:
        """Open connections for ``requests`` later requests to the host of ``url``, as soon as it has been reached.

        There are at most as many as may be used; those that turn out not to be needed are closed.
        """
        ...

    async def send(self, together: Together) -> Sequence[WholeResponse | None]:
        """Send requests, and return the responses that are proven to belong to them. Redirects are not followed.

        None stands for a request that has to be sent alone; there may be more of them than the result has items.
        """
        ...

    def can_order(self, url: str, accepts: Callable[[HeaderShape], bool], files: int, *, in_depth: bool) -> bool:
        """Whether another process may request ``files`` of the host of ``url`` on one connection.

        ``accepts``: see ``Ordered``; some of its responses must have had such a shape. ``in_depth``: very many at once.
        """
        ...

    async def order(self, ordered: Ordered, reception: Reception) -> None:
        """Have files requested for ``reception``. ``ordered`` judges the responses, unless nothing has come of it.

        Call this only if ``can_order`` is true.
        """
        ...

    def joined(self, first: WholeResponse, second: WholeResponse) -> WholeResponse:
        """The response with the whole file whose two parts, one behind the other, are in ``first`` and ``second``."""
        ...

    def page_headers(self, validators: Validators) -> Mapping[str, str]:
        """The headers of a request for a listing page, with the condition that ``validators`` express."""
        ...

    def page_at_once(self, response: WholeResponse) -> FetchedPage | None:
        """The result of ``page`` if nothing has to be decompressed; None: call ``page``."""
        ...

    async def page(self, response: WholeResponse) -> FetchedPage:
        """The page in ``response``, decompressed. Raises VerificationError."""
        ...
