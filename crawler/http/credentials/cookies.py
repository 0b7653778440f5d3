"""The cookies of a client. Most runs have none and do not import the cookie jar of the standard library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from crawler.http.credentials.cookie_jars import CookieJars


class Cookies:
    """The cookies of one client; creates the ``CookieJars`` for the first one."""

    def __init__(self, given: Sequence[Cookie] = ()) -> None:
        """``given``: cookies from a file, sent to the hosts that they name."""
        self._given = given
        self._jars: CookieJars | None = self._create() if given else None

    def add(self, given: Sequence[Cookie]) -> None:
        """Hold more cookies from a file. Those that are here already keep the values that servers have set."""
        if not given:
            return
        self._given = (*self._given, *given)
        if self._jars is None:
            self._jars = self._create()
        else:
            self._jars.add(given)

    @property
    def are_none(self) -> bool:
        """Whether there is no cookie."""
        return self._jars is None

    def header(self, url: str) -> str | None:
        """The value of the Cookie header for a request for ``url``; None if no cookie matches."""
        return None if self._jars is None else self._jars.header(url)

    def keep(self, url: str, headers: Mapping[str, str]) -> None:
        """Store the cookies that are set by the ``headers`` of the response for ``url``."""
        if "Set-Cookie" in headers:
            self._jars = self._jars or self._create()
            self._jars.keep(url, headers)

    def _create(self) -> CookieJars:
        from crawler.http.credentials.cookie_jars import CookieJars

        return CookieJars(self._given)
