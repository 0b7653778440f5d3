"""Requests the first page of a run while the robots.txt of its host is still on its way.

The page is used only once robots.txt allows it; otherwise the response is dropped, whatever it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.model import limits
from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import Client, FetchedPage, Permit, Response, Take
from crawler.model.values import Validators
from crawler.pipeline.walk.pages import GroupedPages, Pages, Share
from crawler.pipeline.walk.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from crawler.pipeline.walk.peeked_response import BegunResponse

T = TypeVar("T")

CONNECTIONS = 2
"""Number of free connections that it takes: neither request may have to wait until the other one has ended."""
_HELD = 1.0
"""Seconds that a connection is held whose body may be a file, before anything of that body is read."""
_LONGEST = 60.0
"""Seconds for which a short body is kept until robots.txt allows it. After that it is out of date."""


class AdmittedPages:
    """Implements ``Pages`` and ``GroupedPages``.

    A page of a host whose robots.txt is being read waits for it, and so does its error.
    """

    def __init__(self, pages: Pages, rules: RobotsTxt, client: Client, *, groups: GroupedPages | None = None) -> None:
        """``client`` sends the requests of ``pages``, ``groups`` and ``rules``."""
        self._pages, self._rules, self._client, self._groups = pages, rules, client, groups

    def may_share(self, url: str) -> bool:
        """See ``GroupedPages``."""
        return self._groups is not None and self._rules.has_read(url) and self._groups.may_share(url)

    def is_quick(self, url: str) -> bool:
        """See ``GroupedPages``."""
        return self._groups is not None and self._groups.is_quick(url)

    async def fetch_together(
        self, wanted: Sequence[tuple[str, Validators]], share: Share
    ) -> Sequence[FetchedPage | None]:
        """See ``GroupedPages``."""
        return [None] if self._groups is None else await self._groups.fetch_together(wanted, share)

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        fresh: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page. Raises FetchError, also if robots.txt forbids ``url``, and VerificationError."""
        fetch = partial(
            self._pages.fetch_page, url, validators=validators, permit=permit, html_only=html_only, fresh=fresh
        )
        if self._rules.has_read(url):
            return await fetch(take=take)
        try:
            page = await fetch(take=None if take is None else partial(self._take, url, take))
        except _Dropped:
            await self._admit(url)
            return await fetch(take=take)
        except (FetchError, VerificationError):
            await self._admit(url)
            raise
        await self._admit(url)
        return page

    async def _admit(self, url: str) -> None:
        """Raise FetchError if ``url`` is forbidden."""
        rejection = await self._rules.check(url)
        if rejection is not None:
            raise FetchError(rejection.detail, url=url, retryable=False, rejection=rejection)

    async def _take(self, url: str, take: Take, response: Response) -> bytes | Response:
        """Pass ``response`` to ``take`` once it is allowed.

        If that takes long, a short body is read, so that a server that serves one connection at a time can go on with
        robots.txt. Raises _Dropped if the body is long, or robots.txt needs the connection, after a refusal.
        """
        from crawler.pipeline.walk.peeked_response import BegunResponse  # imported only if needed

        held, waited, allowed = BegunResponse(response), 0.0, asyncio.ensure_future(self._admit(url))
        try:
            while not (await asyncio.wait([allowed], timeout=_HELD))[0]:
                waited += _HELD
                if waited >= _LONGEST or self._client.sharing.is_crowded(url) or not await _is_short(held):
                    raise _Dropped
            await allowed
        finally:
            allowed.cancel()
            await asyncio.gather(allowed, return_exceptions=True)
        taken = await take(held)
        return held if taken is None else taken


async def _is_short(response: BegunResponse) -> bool:
    """Read the body of ``response`` if it is short. False if it is not, or does not arrive soon. Raises FetchError."""
    try:
        async with asyncio.timeout(_HELD):
            return len(await response.beginning(limits.SMALL_BODY + 1)) <= limits.SMALL_BODY
    except TimeoutError:
        return False


class _Dropped(Exception):
    """The response has been dropped, because the connection may be needed."""


async def beside(entering: Coroutine[Any, Any, None], work: Coroutine[Any, Any, T]) -> T:
    """Do ``work`` beside ``entering``. If that fails, ``work`` is cancelled, and how it ended is ignored."""
    first, second = asyncio.ensure_future(entering), asyncio.ensure_future(work)
    try:
        await first
        return await second
    finally:
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
