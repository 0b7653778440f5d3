"""Requests the first page of a run while the robots.txt of its host is still on its way.

The page is used only once robots.txt allows it; otherwise the response is dropped, whatever it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from crawler.model.errors import FetchError, VerificationError
from crawler.model.interfaces import FetchedPage, Permit, Response, Take
from crawler.model.values import Validators
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.siblings import Pages

T = TypeVar("T")

CONNECTIONS = 2
"""Number of free connections that it takes: neither request may have to wait until the other one has ended."""
_HELD = 1.0
"""Seconds that a connection is held whose body may be a file. robots.txt may need it, after a redirect or a refusal."""


class AdmittedPages:
    """Implements ``Pages``: a page of a host whose robots.txt is being read waits for it, and so does its error."""

    def __init__(self, pages: Pages, rules: RobotsTxt) -> None:
        self._pages, self._rules = pages, rules

    async def fetch_page(
        self,
        url: str,
        *,
        validators: Validators,
        permit: Permit,
        html_only: bool = False,
        take: Take | None = None,
    ) -> FetchedPage:
        """Fetch a listing page. Raises FetchError, also if robots.txt forbids ``url``, and VerificationError."""
        fetch = partial(self._pages.fetch_page, url, validators=validators, permit=permit, html_only=html_only)
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

    async def _take(self, url: str, take: Take, response: Response) -> bytes | None:
        """Pass ``response`` to ``take`` once it is allowed. Raises _Dropped if that takes too long."""
        try:
            async with asyncio.timeout(_HELD):
                await self._admit(url)
        except TimeoutError:
            raise _Dropped from None
        return await take(response)


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
