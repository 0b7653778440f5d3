"""Fetches the robots.txt of each host once, and decides which URLs may be requested."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from crawler.model.config import Config
from crawler.model.errors import CrawlerError, FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.model.interfaces import Client, Permit
from crawler.model.reasons import Reason
from crawler.model.values import Rejection, Validators
from crawler.pipeline.attempts import persist
from crawler.pipeline.rules.robots import ALLOW_ALL, ROBOTS_BYTES, Robots, forbidden, rules_for
from crawler.text.escape import masked
from crawler.text.http_fields import RETRYABLE_STATUS
from crawler.text.urls import Origin, directory_of, origin


class RobotsTxt:
    """The robots.txt of all hosts of a run. With ``--no-robots`` all URLs are allowed and none is fetched."""

    def __init__(self, client: Client, config: Config, agent: str, *, is_new: bool = False) -> None:
        """``is_new``: nothing is known of the host at which the run begins (see ``retry.attempts_after``)."""
        self._is_new = is_new
        self._client = client
        self._config = config
        self._agent = agent
        self._known: dict[Origin | None, Robots | CrawlerError] = {}
        """Origin → its rules, or the error because of which they are unknown."""
        self._locks: dict[Origin | None, asyncio.Lock] = {}

    async def enter(self, url: str) -> None:
        """Check whether a run may begin at ``url``.

        Raises ListingError if its host cannot be reached, RobotsForbidden if its robots.txt forbids ``url`` or cannot
        be read.
        """
        rejection = await self.check(url)
        known = self._known.get(origin(url))
        if isinstance(known, CrawlerError):
            raise known
        if rejection is not None:
            raise RobotsForbidden(f"{_place(url)} forbids {masked(url)}: --no-robots ignores it")

    async def check(self, url: str) -> Rejection | None:
        """The rejection of ``url``, or None. Fetches the robots.txt of its host if it has not been fetched yet."""
        where = origin(url)
        if not self.has_read(url):
            async with self._locks.setdefault(where, asyncio.Lock()):
                if where not in self._known:
                    self._known[where] = await self._read(url)
        return self.rejection(url)

    def has_read(self, url: str) -> bool:
        """Whether ``rejection`` knows what the robots.txt of the host of ``url`` says, or that it cannot be read."""
        return self._config.no_robots or origin(url) in self._known

    def is_being_read(self, url: str) -> bool:
        """Whether the robots.txt of the host of ``url`` is on its way."""
        lock = self._locks.get(origin(url))
        return lock is not None and lock.locked()

    def rejection(self, url: str) -> Rejection | None:
        """The rejection of ``url``, or None, without fetching: on a host that was not checked nothing is allowed."""
        if self._config.no_robots:
            return None
        known = self._known.get(origin(url))
        if isinstance(known, Robots):
            return None if known.allows(url, self._agent) else forbidden(url)
        return Rejection(Reason.ROBOTS_UNREADABLE, url, str(known or f"{_place(url)} has not been read"))

    def allow_all(self, url: str) -> bool:
        """Whether nothing on the host of ``url`` is forbidden."""
        return self._config.no_robots or self._known.get(origin(url)) is ALLOW_ALL

    def allows_below(self, url: str) -> bool:
        """Whether ``allows`` is True for every URL in the directory of the page ``url``; False if in doubt."""
        if self.allow_all(url):
            return True
        known = self._known.get(origin(url))
        return isinstance(known, Robots) and known.allows_below(urlsplit(directory_of(url)).path)

    def allows(self, url: str) -> bool:
        """Whether the rules fetched so far allow a request for ``url``."""
        return self.rejection(url) is None

    def refuse(self, _path: str, url: str) -> Rejection | None:
        """``rejection`` with the signature that a walker needs."""
        return self.rejection(url)

    def permit(self, rule: Callable[[str, str], Rejection | None]) -> Permit:
        """A rule for redirects: ``rule``, and robots.txt for the source as well as for the target, must allow them.

        The first page is requested before robots.txt has been read, so its redirect is the first thing to be checked.
        """

        async def permit(source: str, target: str) -> Rejection | None:
            return await self.check(source) or rule(source, target) or await self.check(target)

        return permit

    async def _read(self, url: str) -> Robots | CrawlerError:
        where = _place(url)

        async def ask() -> Robots:
            page = await self._client.fetch_page(
                where, validators=Validators(), permit=_anywhere, most=ROBOTS_BYTES + 1
            )
            robots = rules_for(page.status, page.body)
            if robots is None or page.status in RETRYABLE_STATUS:
                from crawler.pipeline.walk.page_versions import refused_page  # imported only if needed

                raise refused_page(page, where)
            return robots

        try:
            return await persist(ask, self._config.attempts, is_new=self._is_new and not self._known)
        except (FetchError, VerificationError) as error:
            from crawler.text.advice.requests import with_advice, with_scheme  # imported only if needed

            if isinstance(error, FetchError):
                if error.connection and origin(error.url) == origin(url):  # the host is down anyway
                    return ListingError(f"{masked(url)}: {with_advice(url, error)}")
                if error.rejection is not None and error.rejection.reason == Reason.REDIRECTS:
                    return ALLOW_ALL  # a redirect loop counts as no robots.txt (RFC 9309 section 2.3.1.2)
            problem = f"{masked(where)} cannot be read ({error}), so nothing may be fetched"
            advice = filter(None, [with_scheme(url, error), "--no-robots continues without it"])
            return RobotsForbidden(f"{problem}: {'; '.join(advice)}")


async def _anywhere(_source: str, _target: str) -> Rejection | None:
    """Allow every redirect: robots.txt may be on another host (RFC 9309 section 2.3.1.2)."""
    return None


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"
