"""The cookies that servers set during a run, kept in memory, and those in --cookies FILE."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy, LoadError, MozillaCookieJar
from typing import Any, cast
from urllib.request import Request

from crawler.model.errors import ConfigError
from crawler.paths import is_endless, unreadable
from crawler.text.urls import Origin, origin, origin_name

MOST_COOKIES = 50
"""Maximum number of cookies of one origin (RFC 6265 section 6.1)."""
LONGEST_COOKIE = 4096
"""Maximum length in bytes of name and value together (RFC 6265 section 6.1)."""
_POLICY = DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
"""A cookie without Domain is sent to its own host only, not to its subdomains."""


class CookieJars:
    """The cookies of one client (RFC 6265). A cookie that a server sets is sent to that origin only.

    The standard library's jar decides by domain, path, age and Secure. It does not distinguish ports, so each origin
    has its own jar. Cookies beyond the limits are ignored, but a full jar accepts new values for cookies that it has.
    """

    def __init__(self, given: Iterable[Cookie] = ()) -> None:
        """``given``: cookies from a file, sent to the hosts that they name."""
        self._given = tuple(given)
        self._jars: dict[Origin, CookieJar] = {}

    def add(self, given: Iterable[Cookie]) -> None:
        """Hold more cookies from a file. Those that are here already keep the values that servers have set."""
        more = [cookie for cookie in given if not any(_is_same(cookie, held) for held in self._given)]
        self._given += tuple(more)
        for jar in self._jars.values():
            for cookie in more:
                if not any(_is_same(cookie, kept) for kept in jar):
                    jar.set_cookie(cookie)

    def header(self, url: str) -> str | None:
        """The value of the Cookie header for a request for ``url``; None if no cookie matches."""
        if not (self._jars or self._given) or (jar := self._jar_of(url)) is None:
            return None
        request = Request(url)
        jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def keep(self, url: str, headers: Mapping[str, str]) -> None:
        """Store the cookies that are set by the ``headers`` of the response for ``url``."""
        if "Set-Cookie" not in headers or (jar := self._jar_of(url)) is None:
            return
        request = Request(url)
        for cookie in jar.make_cookies(cast("Any", _Response(headers)), request):
            if len(cookie.name) + len(cookie.value or "") > LONGEST_COOKIE:
                continue
            if len(jar) < MOST_COOKIES or any(_is_same(cookie, kept) for kept in jar):
                jar.set_cookie_if_ok(cookie, request)

    def _jar_of(self, url: str) -> CookieJar | None:
        """The jar of the origin of ``url``, created when it is first needed; None if ``url`` has no origin."""
        where = origin(url)
        if where is None:
            return None
        if where not in self._jars:
            jar = self._jars[where] = CookieJar(_POLICY)
            for cookie in self._given:
                jar.set_cookie(cookie)
        return self._jars[where]


def _is_same(one: Cookie, other: Cookie) -> bool:
    """True if storing one of the cookies replaces the other (RFC 6265 section 5.3 step 11)."""
    return (one.name, one.domain, one.path) == (other.name, other.domain, other.path)


class _Response:
    """The part of a response that ``CookieJar`` uses."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._fields = Message()
        several: Any = headers  # aiohttp's multidict
        for value in several.getall("Set-Cookie"):
            self._fields["Set-Cookie"] = value

    def info(self) -> Message:
        return self._fields


def cookies_of(cookies: Iterable[Cookie], origins: Iterable[Origin]) -> tuple[Cookie, ...]:
    """Those of ``cookies`` that requests to any of ``origins`` may carry, whatever their path."""
    requests = [Request(f"{origin_name(where)}/") for where in origins]
    return tuple(cookie for cookie in cookies if any(_may_go(cookie, request) for request in requests))


def _may_go(cookie: Cookie, request: Request) -> bool:
    return _POLICY.return_ok_domain(cookie, request) and _POLICY.return_ok_secure(cookie, request)


def read_cookies(path: str) -> tuple[Cookie, ...]:
    """The cookies in a file in Netscape's format, as exported by browsers and written by ``wget --save-cookies``.

    Expired cookies are left out. Raises ConfigError.
    """
    if is_endless(path):
        raise ConfigError(f"--cookies {path}: a device without an end: name a file")
    jar = MozillaCookieJar(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about an invalid line; LoadError follows
            jar.load(ignore_discard=True, ignore_expires=True)
    except LoadError:
        raise ConfigError(
            f"--cookies {path}: not in Netscape's format: its first line must be '# Netscape HTTP Cookie File', each "
            "other line has seven fields with TABs between them"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"--cookies {path}: not UTF-8") from None
    except OSError as error:
        is_cookie = "=" in str(path)
        reason = f"{error.strerror}: for a cookie itself, write --header 'Cookie: NAME=VALUE'"
        raise ConfigError(f"--cookies {path}: {reason if is_cookie else unreadable(error, path)}") from None
    for cookie in jar:
        cookie.expires = cookie.expires or None  # curl and wget write 0 for session cookies
        if "." not in cookie.domain:
            cookie.domain += ".local"  # what the standard library calls such a host
    return tuple(cookie for cookie in jar if not cookie.is_expired())
