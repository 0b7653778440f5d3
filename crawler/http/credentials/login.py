"""User and password for an origin, or for a URL."""

from __future__ import annotations

import base64
from typing import ClassVar
from urllib.parse import urlsplit

from crawler.model.struct import Brief


class Login(Brief, frozen=True, kw_only=True):
    """User and password; bytes that are not UTF-8 are surrogates. The representation hides the password."""

    _shown: ClassVar[str] = "user start"
    user: str
    password: str
    start: str
    """The URL that is requested to find out how to log in: the one for which the user gave this login."""

    @property
    def basic(self) -> str:
        """The value of Authorization (RFC 7617) in UTF-8; other bytes are sent unchanged."""
        login = f"{self.user}:{self.password}".encode("utf-8", "surrogateescape")
        return "Basic " + base64.b64encode(login).decode("ascii")


def upgraded(login: Login) -> Login:
    """The ``login`` for http://host, changed to apply to https://host, where redirects may lead (``is_upgrade``)."""
    parts = urlsplit(login.start)
    start = parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80")).geturl()
    return Login(user=login.user, password=login.password, start=start)
