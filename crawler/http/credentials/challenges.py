"""Parses the challenges of a 401 response (RFC 9110 section 11.6.1), and chooses the one to answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_GAP = re.compile(r"[\s,]*")
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?=,|$)')
_SCHEME = re.compile(rf"({_TOKEN})(?:\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$)))?")
_REST = re.compile(r"[^,]*")
_ALGORITHMS = frozenset({"md5", "md5-sess", "sha-256", "sha-256-sess"})


class Challenge(NamedTuple):
    """One challenge; the scheme and the names of its parameters are in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def is_stale(self) -> bool:
        """Whether user and password were right, but the nonce is no longer valid (RFC 7616 section 3.3)."""
        return self.parameters.get("stale", "").lower() == "true"


def parse_challenges(fields: Iterable[str]) -> list[Challenge]:
    """The challenges in the values of WWW-Authenticate, in order. Malformed parts are skipped."""
    challenges: list[Challenge] = []
    for text in fields:
        parameters: dict[str, str] | None = None
        at = _end(_GAP, text, 0)
        while at < len(text):
            found = _PARAMETER.match(text, at)
            if found is not None:
                if parameters is not None:
                    value = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
                    parameters.setdefault(found[1].lower(), value)
            elif found := _SCHEME.match(text, at):
                parameters = {}
                challenges.append(Challenge(found[1].lower(), parameters))
            at = _end(_GAP, text, found.end() if found else _end(_REST, text, at))
    return challenges


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def digest_of(challenges: Iterable[Challenge]) -> Challenge | None:
    """The first Digest challenge that can be answered (RFC 7616 section 3.7), or None."""
    return next((each for each in challenges if each.scheme == "digest" and _is_answerable(each.parameters)), None)


def _is_answerable(parameters: Mapping[str, str]) -> bool:
    qop = parameters.get("qop")
    return (
        "realm" in parameters
        and bool(parameters.get("nonce"))
        and parameters.get("algorithm", "MD5").lower() in _ALGORITHMS
        and (qop is None or "auth" in (part.strip().lower() for part in qop.split(",")))
    )
