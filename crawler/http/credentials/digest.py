"""Digest authentication (RFC 7616). aiohttp computes the responses; it is imported when a server asks for Digest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from yarl import URL

from crawler.http.credentials.challenges import Challenge

if TYPE_CHECKING:
    from aiohttp import DigestAuthMiddleware

_SENT_BACK = ("realm", "nonce", "algorithm", "opaque")


class DigestNonce:
    """Answers one challenge, with a count of the requests that used its nonce.

    Raises ValueError if the user contains a colon, or if user, password or realm are not UTF-8.
    """

    def __init__(self, user: str, password: str, challenge: Challenge) -> None:
        from aiohttp import DigestAuthMiddleware

        self.challenge = challenge
        given = challenge.parameters
        self.realm = given["realm"]
        fields = {name: given[name] for name in _SENT_BACK if name in given} | (
            {"qop": "auth"} if "qop" in given else {}
        )
        "".join(fields.values()).encode()
        self._challenge = "Digest " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in fields.items())
        self._middleware: DigestAuthMiddleware = DigestAuthMiddleware(user, password)

    def authorization(self, method: str, url: str) -> str:
        """The value of Authorization for the next request. Each call increments the nonce count."""
        target = url.partition("#")[0]
        target = target[target.find("/", target.find("://") + 3) :]
        # Passing the whole target as a path preserves an empty query. The middleware compares origins: one is enough.
        where = URL.build(scheme="http", host="origin", path=target, encoded=True)
        request = SimpleNamespace(method=method, url=where, headers={}, body=b"")
        coroutine = self._middleware(cast("Any", request), cast("Any", self._respond))
        try:
            coroutine.send(None)  # finishes without waiting, because the handler responds at once
        except StopIteration:
            return str(request.headers["Authorization"])
        raise AssertionError("aiohttp's middleware waits for something")

    async def _respond(self, request: Any) -> SimpleNamespace:
        """The handler that the middleware calls: it answers a request without Authorization with the challenge."""
        is_answered = "Authorization" in request.headers
        headers = {} if is_answered else {"www-authenticate": self._challenge}
        return SimpleNamespace(status=200 if is_answered else 401, headers=headers, url=request.url)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
