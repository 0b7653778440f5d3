"""The logins of a client, and which of them a request gets."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.http.credentials.authentication import Authenticator
from crawler.http.credentials.login import Login, upgraded
from crawler.text.urls import Origin, is_upgrade, origin


class Logins:
    """Logins by origin, and by URL for requests that begin at that URL."""

    def __init__(self, of_origins: Mapping[Origin, Login], of_urls: Mapping[str, Login]) -> None:
        self._of_origins, self._of_urls = dict(of_origins), dict(of_urls)
        self._authenticators: dict[tuple[Origin, str, str], Authenticator] = {}

    def add(self, of_origins: Mapping[Origin, Login], of_urls: Mapping[str, Login]) -> None:
        """Hold more logins. What servers have said about those that are here already remains known."""
        self._of_origins.update(of_origins)
        self._of_urls.update(of_urls)

    def find(self, url: str, first: str) -> Authenticator | None:
        """The authenticator of a request for ``url``; ``first`` is the URL before any redirects."""
        where = origin(url)
        login = self._of_urls.get(first)
        if where is None:
            return None
        if login is not None and where != origin(first):
            login = upgraded(login) if is_upgrade(first, url) else None
        login = login or self._of_origins.get(where)
        if login is None:
            return None
        key = where, login.user, login.password
        if key not in self._authenticators:
            self._authenticators[key] = Authenticator(login)
        return self._authenticators[key]
