"""The credentials of a run, each with the place that it was given for, and those that one client holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from crawler.http.credentials.cookies import Cookies
from crawler.model.struct import Brief, field, replace
from crawler.text.urls import Origin, origin

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from crawler.http.credentials.authentication import Authenticator
    from crawler.http.credentials.login import Login
    from crawler.http.credentials.logins import Logins


class Credentials(Brief, frozen=True, kw_only=True):
    """Headers, logins and cookies, as the user gave them. Its representation does not show them."""

    headers: Mapping[Origin, Mapping[str, str]] = field(default_factory=dict)
    """Origin → headers of --header, sent to that origin only."""
    logins: Mapping[Origin, Login] = field(default_factory=dict)
    """Origin → login for requests to it."""
    url_logins: Mapping[str, Login] = field(default_factory=dict)
    """URL → login for requests that begin at that URL; it replaces the login of the URL's origin."""
    cookies: Sequence[Cookie] = ()
    """Cookies of --cookies, sent to the hosts that they name."""
    origins: frozenset[Origin] | None = None
    """The origins of which these are all credentials; None for every origin."""

    def __repr__(self) -> str:
        return "Credentials(…)" if self.are_any else "Credentials()"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []

    @property
    def are_any(self) -> bool:
        return bool(self.headers or self.logins or self.url_logins or self.cookies)

    def of_origins(self, origins: Collection[Origin]) -> Credentials:
        """The credentials that requests to ``origins`` need, whatever their URLs."""
        if not self.are_any:
            return self
        cookies: Sequence[Cookie] = ()
        if self.cookies:
            from crawler.http.credentials.cookie_jars import cookies_of

            cookies = cookies_of(self.cookies, origins)
        return Credentials(
            headers={each: self.headers[each] for each in origins if each in self.headers},
            logins={each: self.logins[each] for each in origins if each in self.logins},
            cookies=cookies,
            origins=frozenset(origins),
        )

    def of_urls(self, urls: Collection[str]) -> Credentials:
        """The credentials that requests for ``urls`` need, without those of redirects to other origins."""
        if not self.are_any:
            return self
        of_urls = {url: self.url_logins[url] for url in urls if url in self.url_logins} if self.url_logins else {}
        of_origins = self.of_origins({where for url in urls if (where := origin(url)) is not None})
        return replace(of_origins, url_logins=of_urls)


NO_CREDENTIALS = Credentials(origins=frozenset())
"""Of no origin: those that a worker holds before it gets a shard."""
Obtain = Callable[[Origin], Awaitable[Credentials]]
"""Returns the credentials of an origin."""


class Keyring:
    """The credentials that a client holds. More may be added at any time."""

    def __init__(self, held: Credentials, obtain: Obtain | None = None) -> None:
        """``obtain`` is needed unless ``held`` is complete."""
        self._headers = dict(held.headers)
        self._origins = held.origins
        """The origins whose credentials are here; None for all."""
        self._obtain = obtain
        self.cookies = Cookies(held.cookies)
        self._logins: Logins | None = None
        self._add_logins(held)

    @property
    def is_complete(self) -> bool:
        """Whether nothing can be missing."""
        return self._origins is None

    async def reach(self, url: str) -> None:
        """Obtain the credentials of the origin of ``url`` unless they are here. To be called before each request."""
        where = origin(url)
        if self._origins is not None and where is not None and where not in self._origins and self._obtain is not None:
            self.add(await self._obtain(where))

    def add(self, more: Credentials) -> None:
        """Hold ``more``, too."""
        if more.are_any:
            self._headers.update(more.headers)
            self.cookies.add(more.cookies)
            self._add_logins(more)
        if self._origins is not None:
            self._origins = None if more.origins is None else self._origins | more.origins

    def _add_logins(self, more: Credentials) -> None:
        if self._logins is not None:
            self._logins.add(more.logins, more.url_logins)
        elif more.logins or more.url_logins:
            from crawler.http.credentials.logins import Logins

            self._logins = Logins(more.logins, more.url_logins)

    def login_for(self, url: str, first: str) -> Authenticator | None:
        """The login that a request for ``url`` gets; ``first`` is the URL before any redirects."""
        return self._logins.find(url, first) if self._logins is not None else None

    @property
    def adds_nothing(self) -> bool:
        """Whether no request gets a cookie or a --header field now."""
        return not self._headers and self.cookies.are_none

    def headers_for(self, url: str) -> Mapping[str, str] | None:
        """The --header fields that a request for ``url`` gets."""
        return self._headers.get(origin(url) or ("", "", 0)) if self._headers else None
