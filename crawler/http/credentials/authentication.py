"""Finds out how servers want user and password (as Basic, as Digest, or not at all), and sends them that way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, Protocol

from crawler.http.credentials.challenges import Challenge, digest_of, parse_challenges
from crawler.http.credentials.digest import DigestNonce
from crawler.http.credentials.login import Login
from crawler.http.framing.request_head import FIRST_BYTE
from crawler.http.response import RawResponse, read_out
from crawler.model import limits
from crawler.model.errors import FetchError
from crawler.model.interfaces import Permit
from crawler.text.http_fields import REDIRECT_STATUS, RETRYABLE_STATUS
from crawler.text.urls import before_query, origin, resolve

_UNAUTHORIZED = 401
_NEXT_NONCE = re.compile(r'(?:^|[\s,])nextnonce\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class Scheme(Enum):
    """An authentication scheme."""

    UNKNOWN = "the server has not been asked"
    NONE = "without credentials, until a response asks for them"
    UNASKED_BASIC = "as with BASIC, although the server has asked for nothing"
    BASIC = "each request carries user and password (RFC 7617)"
    DIGEST = "each request proves that the password is known (RFC 7616)"


def first_scheme(status: int, challenges: list[Challenge]) -> Scheme:
    """The scheme to use, chosen from the response to a request without credentials.

    A server that does not ask for a login is sent Basic anyway: it may show more to clients that log in, or redirect
    all others to a login page.
    """
    if digest_of(challenges) is not None:
        return Scheme.DIGEST
    if status != _UNAUTHORIZED:
        return Scheme.UNASKED_BASIC
    return Scheme.BASIC if not challenges or _offers_basic(challenges) else Scheme.NONE


def _offers_basic(challenges: list[Challenge]) -> bool:
    return any(challenge.scheme == "basic" for challenge in challenges)


class Request(Protocol):
    """Sends one request, with the value of Authorization if one is given."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], *, authorization: str | None = None
    ) -> Awaitable[RawResponse]: ...


class _Space:
    """The scheme and nonce for a directory and everything below it (RFC 7617 section 2.2)."""

    __slots__ = ("nonce", "scheme")

    def __init__(self) -> None:
        self.scheme = Scheme.UNKNOWN
        self.nonce: DigestNonce | None = None

    def use(self, scheme: Scheme, nonce: DigestNonce | None = None) -> None:
        self.scheme, self.nonce = scheme, nonce


class Authenticator:
    """Authenticates the requests of one login to one origin.

    The server is asked once how to log in, by a request without credentials. Where it has asked for Digest, the
    password is never sent as Basic.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self._asking = asyncio.Lock()
        self._asked: list[str] = [login.start]
        """The URLs asked how to log in: that of the login, and the redirects that were followed."""
        self._redirect: str | None = None  # another one, not yet permitted
        self._first = _Space()
        self._spaces = {_directory(login.start): self._first}

    def scheme(self, url: str) -> Scheme:
        """The scheme for requests for ``url``."""
        return self._space(url).scheme

    def _space(self, url: str) -> _Space:
        """The space of the closest directory above ``url`` that has one, else the space of the login's start URL."""
        if len(self._spaces) > 1:
            place = _directory(url)
            while place:
                if place in self._spaces:
                    return self._spaces[place]
                place = place[: place.rfind("/", 0, -1) + 1]
        return self._first

    async def send(
        self, request: Request, method: str, url: str, headers: Mapping[str, str], *, repeats: int
    ) -> RawResponse | None:
        """Send a request. Returns None if it must be sent again, after a call of ``settle``.

        ``repeats``: how often this method has returned None for the request. Raises FetchError.
        """
        if self._first.scheme is Scheme.UNKNOWN:
            async with self._asking:  # its holder has a connection and waits for a response alone
                is_free = self._first.scheme is Scheme.UNKNOWN and self._redirect is None
                return await self._ask(request) if is_free else None
        sent = self.authorization(method, url)
        response = await request(method, url, headers, authorization=sent)
        with _usable(response, url):
            is_again = self.is_worth_repeating(url, response.status, response.headers, sent, repeats)
        if is_again:
            await read_out(response)
            return None
        if repeats > limits.CHALLENGES and _is_stale(response):
            response.release()
            raise FetchError("the server declares each nonce of its Digest authentication stale", url=url)
        return response

    async def _ask(self, request: Request) -> RawResponse | None:
        """Ask the server how to log in. Returns the response only if it is an error that does not tell how.

        Redirects within the origin are followed, because their target may ask for Digest. Raises FetchError.
        """
        url = self._asked[-1]
        response = await request("GET", url, FIRST_BYTE)
        self._redirect = _target(response, url) if len(self._asked) < limits.REDIRECTS else None
        if self._redirect is None:
            with _usable(response, url):
                is_learnt = self.learn(response.status, response.headers)
            if not is_learnt:
                self._asked = [self.login.start]
                return response
        await read_out(response)
        return None

    async def settle(self, permit: Permit) -> bool:
        """Follow the redirect of a request that asked how to log in, or not. Returns whether the scheme is known.

        Must not be called while a connection is held: ``permit`` may send requests, with this login too.
        """
        target = self._redirect
        if target is not None:
            is_followed = await permit(self._asked[-1], target) is None
            if self._redirect is target:  # otherwise another request has decided it meanwhile
                self._redirect = None
                self._asked.append(target)
                if not is_followed:
                    self._first.use(Scheme.UNASKED_BASIC)
        return self._first.scheme is not Scheme.UNKNOWN

    def learn(self, status: int, headers: Mapping[str, str]) -> bool:
        """Learn how to log in from a response to a request without credentials. False if it is a temporary error.

        Raises ValueError if the login cannot be used.
        """
        if status in RETRYABLE_STATUS:
            return False
        challenges = _challenges(headers) if status == _UNAUTHORIZED else []
        scheme = first_scheme(status, challenges)
        self._first.use(scheme, self._nonce(digest_of(challenges)) if scheme is Scheme.DIGEST else None)
        return True

    def authorization(self, method: str, url: str) -> str | None:
        """The value of Authorization for the next request. Each call increments the nonce count of Digest."""
        space = self._space(url)
        if space.nonce is not None:
            return space.nonce.authorization(method, url)
        return self.login.basic if space.scheme in {Scheme.BASIC, Scheme.UNASKED_BASIC} else None

    def is_worth_repeating(
        self, url: str, status: int, headers: Mapping[str, str], sent: str | None, repeats: int
    ) -> bool:
        """Whether the response means that the request should be sent again with a new ``authorization``.

        ``sent``: the value of Authorization that the request had; ``repeats``: how often it was sent again before.
        Raises ValueError if the login cannot be used.
        """
        space = self._space(url)
        if status != _UNAUTHORIZED:
            self._renew(space, headers)
            return False
        if repeats > limits.CHALLENGES:
            return False
        challenges = _challenges(headers)
        digest = digest_of(challenges)
        if digest is not None:
            is_answered = space.nonce is not None and space.nonce.realm == digest.parameters["realm"] and bool(sent)
            self._accept(url, space, digest)
            return not is_answered or digest.is_stale or not repeats
        if sent is None and space.scheme is not Scheme.DIGEST and _offers_basic(challenges):
            space.use(Scheme.BASIC)
            return True
        return False

    def _accept(self, url: str, space: _Space, digest: Challenge) -> None:
        """Answer ``digest`` at ``url`` from now on; spaces that asked for Basic or for another realm do not change."""
        nonce = self._nonce(digest)
        is_other = space.nonce is not None and space.nonce.realm != nonce.realm
        if is_other or space.scheme is Scheme.BASIC:
            space = self._spaces.setdefault(_directory(url), _Space())
        space.use(Scheme.DIGEST, nonce)

    def _nonce(self, challenge: Challenge | None) -> DigestNonce:
        assert challenge is not None
        try:
            return DigestNonce(self.login.user, self.login.password, challenge)
        except ValueError:
            raise ValueError(
                "the server asks for Digest authentication, which needs a user without ':', and user, password and "
                "realm in UTF-8"
            ) from None

    def _renew(self, space: _Space, headers: Mapping[str, str]) -> None:
        """Use the nonce that a server announces for the next request (RFC 7616 section 3.5)."""
        if space.nonce is not None and "Authentication-Info" in headers:
            found = _NEXT_NONCE.search(headers["Authentication-Info"])
            if found is not None and found[1]:
                challenge = space.nonce.challenge
                renewed = challenge._replace(parameters={**challenge.parameters, "nonce": found[1]})
                space.use(Scheme.DIGEST, self._nonce(renewed))


def _target(response: RawResponse, url: str) -> str | None:
    """The URL that a redirect leads to; None if there is none, or if its origin is not that of ``url``."""
    location = response.headers.get("Location")
    target = resolve(url, location) if location is not None and response.status in REDIRECT_STATUS else None
    return target if target is not None and origin(target) == origin(url) else None


@contextmanager
def _usable(response: RawResponse, url: str) -> Iterator[None]:
    """Turn a ValueError of the block into a FetchError, and end ``response``."""
    try:
        yield
    except ValueError as error:
        response.release()
        raise FetchError(str(error), url=url, retryable=False) from None


def _directory(url: str) -> str:
    """The path of ``url`` up to its last slash."""
    path = before_query(url)
    return path[path.find("/", path.find("://") + 3) : path.rfind("/") + 1]


def _is_stale(response: RawResponse) -> bool:
    if response.status != _UNAUTHORIZED:
        return False
    digest = digest_of(_challenges(response.headers))
    return digest is not None and digest.is_stale


def _challenges(headers: Mapping[str, str]) -> list[Challenge]:
    several: Any = headers  # a multidict
    return parse_challenges(several.getall("WWW-Authenticate", ()))
