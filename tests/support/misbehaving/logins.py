"""A server that asks for a login: Digest (RFC 7616), written from the RFC and not from the program, or Basic."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace

from .behaviours import Behaviour
from .responses import Request, Response

USER, PASSWORD = "Mufasa", "Circle of Life"
_FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class AsksForDigest(Behaviour):
    """401 unless the request proves the password. Each nonce is valid for ``uses`` requests with different counts."""

    algorithm: str = "MD5"
    qop: str | None = "auth"
    uses: int = 1 << 30
    beside: tuple[str, ...] = ()
    """Other challenges, sent before this one."""
    announces: bool = False
    """Whether each response has the nonce of the next request."""
    nonces: dict[str, set[str]] = field(default_factory=dict)
    """Nonce → the counts of the requests that have used it."""

    def shape(self, response: Response, request: Request) -> Response:
        problem = self._problem(request)
        if problem is None and not self.announces:
            return response
        nonce = f"n{len(self.nonces)}"
        self.nonces[nonce] = set()
        if problem is None:
            return replace(response, headers=(*response.headers, ("Authentication-Info", f'nextnonce="{nonce}"')))
        challenge = f'Digest realm="a \\"realm\\", quoted", nonce="{nonce}", algorithm={self.algorithm}'
        challenge += f', opaque="o=1"{f", qop={chr(34)}{self.qop}{chr(34)}" if self.qop else ""}'
        challenge += ", stale=true" if problem == "stale" else ""
        asked = tuple(("WWW-Authenticate", text) for text in (*self.beside, challenge))
        return Response(status=401, headers=asked, body=b"log in")

    def _problem(self, request: Request) -> str | None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme != "Digest":
            return "missing"
        sent = {name: (value or plain).replace("\\", "") for name, value, plain in _FIELD.findall(text)}
        if sent.get("response") != self._expected(request, sent):
            return "wrong"
        counts, count = self.nonces[sent["nonce"]], sent.get("nc", str(len(self.nonces[sent["nonce"]])))
        if len(counts) >= self.uses or count in counts:
            return "stale"
        counts.add(count)
        return None

    def _expected(self, request: Request, sent: dict[str, str]) -> str:
        def hashed(text: str) -> str:
            return hashlib.new(self.algorithm.lower().removesuffix("-sess").replace("-", ""), text.encode()).hexdigest()

        secret = hashed(f'{USER}:a "realm", quoted:{PASSWORD}')
        if self.algorithm.lower().endswith("-sess"):
            secret = hashed(f"{secret}:{sent['nonce']}:{sent['cnonce']}")
        between = f"{sent['nc']}:{sent['cnonce']}:auth:" if self.qop else ""
        return hashed(f"{secret}:{sent['nonce']}:{between}{hashed(f'{request.method}:{request.target}')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsksForBasic(Behaviour):
    """401 unless the request has any Basic credentials."""

    def shape(self, response: Response, request: Request) -> Response:
        if request.headers.get("authorization", "").startswith("Basic "):
            return response
        return Response(status=401, headers=(("WWW-Authenticate", 'Basic realm="x"'),), body=b"log in")
