"""robots.txt (RFC 9309): which URLs of a host its owner wants left alone."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.reasons import Reason
from crawler.model.values import Rejection

if TYPE_CHECKING:
    from protego import Protego

ROBOTS_BYTES = 512 * limits.KIB
"""How much of a robots.txt is read: section 2.5 asks for at least 500 KiB."""

# A line that restricts anyone: "Disallow" in the spellings that protego knows, with a value.
_RESTRICTION = re.compile(r"\s*di[a-z]+\s*[:\s]\s*[^\s#]", re.IGNORECASE)

_GROUP = re.compile(r"^(\s*user[- ]?agent\s*[:\s]\s*)(\S[^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
"""A line that begins a group: what stands before the name, and the name."""
_TOKEN = re.compile(r"[A-Za-z_-]+")
"""A product token (section 2.2.1)."""
_CODINGS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"", "utf-8-sig"))
"""Byte order mark → codec, the first that fits. UTF-16 is what some editors save: not what section 2.3 asks for."""
_NOBODY = "|"
"""What is the product token of no crawler."""


class Robots:
    """The rules of one host. ``ALLOW_ALL`` has none."""

    __slots__ = ("_content", "_rules")

    def __init__(self, content: str | None) -> None:
        self._content = content
        self._rules: dict[str, Protego] = {}

    def allows(self, url: str, user_agent: str) -> bool:
        """May ``user_agent`` (a whole User-Agent header or its product token) fetch ``url``, an absolute URL?

        The longest rule that matches decides, Allow before Disallow (section 2.2.2).
        """
        if self._content is None:
            return True
        if user_agent not in self._rules:
            from protego import Protego  # here, because most hosts have nothing for it to read

            self._rules[user_agent] = Protego.parse(_without_others(self._content, user_agent))
        return self._rules[user_agent].can_fetch(url, user_agent)


ALLOW_ALL = Robots(None)


def forbidden(url: str) -> Rejection:
    """Why ``url`` is left alone."""
    return Rejection(Reason.ROBOTS, url, "forbidden by robots.txt")


def is_of_robots(rejection: Rejection | None) -> bool:
    """Whether robots.txt is the reason: it may say something else the next time."""
    return rejection is not None and rejection.reason in {Reason.ROBOTS, Reason.ROBOTS_UNREADABLE}


def parse_robots(text: bytes) -> Robots:
    """Every byte sequence is a robots.txt: what cannot be read as a rule is none (section 2.2).

    Crawl-delay is not in the RFC and is passed over: --requests-per-second limits a run. A web page in its place, as
    sites with a catch-all answer give, holds no rules.
    """
    if len(text) > ROBOTS_BYTES:
        text = text[:ROBOTS_BYTES].rpartition(b"\n")[0]  # a rule cut short would say something else
    coding = next(coding for mark, coding in _CODINGS if text.startswith(mark))
    content = text.decode(coding, "replace")
    if content.lstrip().startswith("<") or not any(map(_RESTRICTION.match, content.splitlines())):
        return ALLOW_ALL
    return Robots(content)


def _without_others(content: str, user_agent: str) -> str:
    """``content`` with the names of groups that are not for ``user_agent`` made unmatchable.

    A group is for us if its product token equals one of ours, in any case (section 2.2.1). Protego takes the beginning
    of a token for the token: ``craw`` would be ``crawler``.
    """
    ours = {token.lower() for token in _TOKEN.findall(user_agent)}

    def renamed(line: re.Match[str]) -> str:
        if line[2].startswith("*"):
            return line[0]
        token = _TOKEN.match(line[2])
        return line[1] + (token[0] if token is not None and token[0].lower() in ours else _NOBODY)

    return _GROUP.sub(renamed, content)


def rules_for(status: int | None, body: bytes) -> Robots | None:
    """What an answer to ``GET /robots.txt`` means, after redirects (sections 2.3.1.1 to 2.3.1.4).

    ``status`` is None when there was no answer. "Unavailable" (4xx, or redirects without end) allows everything;
    "unreachable" (5xx, no answer, anything unheard of) is None: nothing may be fetched until it is known.
    """
    if status is None or not 200 <= status < 500:
        return None
    return parse_robots(body) if status < 300 else ALLOW_ALL
