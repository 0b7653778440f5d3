"""robots.txt (RFC 9309): which URLs of a host may be requested."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from crawler.model import limits
from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from crawler.text.patterns import pattern

if TYPE_CHECKING:
    from protego import Protego

ROBOTS_BYTES = 512 * limits.KIB
"""Maximum number of bytes that are read of a robots.txt; section 2.5 requires at least 500 KiB."""

# A line that restricts some crawler: "Disallow", in a spelling that protego accepts, with a value.
_RESTRICTION = pattern(r"\s*di[a-z]+\s*[:\s]\s*[^\s#]", re.IGNORECASE)

_RESTRICTED = pattern(r"\s*di[a-z]+\s*[:\s]\s*([^\s#]\S*)", re.IGNORECASE)
"""A line that ``_RESTRICTION`` matches. Its group: the value, up to a space."""
_PLAIN = pattern(r"/[A-Za-z0-9/._~-]*")
"""The beginning of a path that means the same in every encoding, and no wildcard."""

_GROUP = pattern(r"^(\s*user[- ]?agent\s*[:\s]\s*)(\S[^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
"""A line that begins a group. Its groups: the text before the crawler's name, and the name."""
_TOKEN = pattern(r"[A-Za-z_-]+")
"""A product token of a crawler (section 2.2.1)."""
_CODINGS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (b"", "utf-8-sig"))
"""Byte order mark → codec; the first match counts. Some editors save UTF-16, which section 2.3 does not allow."""
_NOBODY = "|"
"""A name that is not the product token of any crawler."""


class Robots:
    """The robots.txt rules of one host. ``ALLOW_ALL`` has none."""

    __slots__ = ("_content", "_restricted", "_rules")

    def __init__(self, content: str | None) -> None:
        self._content = content
        self._restricted: tuple[str, ...] | None = None
        self._rules: dict[str, Protego] = {}

    def allows_below(self, path: str) -> bool:
        """Whether every URL whose path begins with ``path`` is allowed to all crawlers, as far as that is easy to see.

        No rule that forbids anything begins like ``path``, whomever it is for. False if that is not certain.
        """
        if self._content is None:
            return True
        if self._restricted is None:
            found = map(_RESTRICTED.match, self._content.splitlines())
            self._restricted = tuple({_plain_beginning(line[1]) for line in found if line is not None})
        if _plain_beginning(path) != path:
            return False
        return not any(path.startswith(rule) or rule.startswith(path) for rule in self._restricted)

    def allows(self, url: str, user_agent: str) -> bool:
        """Whether ``user_agent`` (a whole User-Agent header or its product token) may fetch ``url``, an absolute URL.

        The longest rule that matches decides; of equally long ones, Allow takes precedence (section 2.2.2).
        """
        if self._content is None:
            return True
        if user_agent not in self._rules:
            from protego import Protego  # imported here, because most hosts have no rules to parse

            self._rules[user_agent] = Protego.parse(_without_others(self._content, user_agent))
        return self._rules[user_agent].can_fetch(url, user_agent)


def _plain_beginning(path: str) -> str:
    """``path`` up to the first character that robots.txt may spell in another way; "" unless it begins with a slash."""
    found = _PLAIN.match(path)
    return "" if found is None else found[0]


ALLOW_ALL = Robots(None)


def forbidden(url: str) -> Rejection:
    """The rejection of ``url`` because robots.txt forbids it."""
    return Rejection(Reason.ROBOTS, url, "forbidden by robots.txt")


def is_of_robots(rejection: Rejection | None) -> bool:
    """Whether ``rejection`` is due to robots.txt, so that the next run may decide differently."""
    return rejection is not None and rejection.reason in {Reason.ROBOTS, Reason.ROBOTS_UNREADABLE}


def parse_robots(text: bytes) -> Robots:
    """The rules of a robots.txt. Any bytes are valid: what cannot be read as a rule is ignored (section 2.2).

    Crawl-delay is not in the RFC and is ignored; --requests-per-second limits a run. A web page in place of robots.txt,
    from a site that sends one for every URL, has no rules.
    """
    if len(text) > ROBOTS_BYTES:
        text = text[:ROBOTS_BYTES].rpartition(b"\n")[0]  # a truncated rule would mean something else
    coding = next(coding for mark, coding in _CODINGS if text.startswith(mark))
    content = text.decode(coding, "replace")
    if content.lstrip().startswith("<") or not any(map(_RESTRICTION.match, content.splitlines())):
        return ALLOW_ALL
    return Robots(content)


def _without_others(content: str, user_agent: str) -> str:
    """``content`` with the names of groups for other crawlers than ``user_agent`` made unmatchable.

    A group applies if its product token equals one of ``user_agent``, ignoring case (section 2.2.1). Protego compares
    prefixes: ``craw`` would match ``crawler``.
    """
    ours = {token.lower() for token in _TOKEN.findall(user_agent)}

    def renamed(line: re.Match[str]) -> str:
        if line[2].startswith("*"):
            return line[0]
        token = _TOKEN.match(line[2])
        return line[1] + (token[0] if token is not None and token[0].lower() in ours else _NOBODY)

    return _GROUP.sub(renamed, content)


def rules_for(status: int | None, body: bytes) -> Robots | None:
    """The rules by the response to ``GET /robots.txt``, after redirects (sections 2.3.1.1 to 2.3.1.4).

    ``status`` is None if there was no response. "Unavailable" (4xx; too many redirects are for the caller) allows
    everything; "unreachable" (5xx, no response, any other status) returns None: nothing may be fetched. A 206, which
    was not asked for, is a part of the file; a 304 and a redirect that leads nowhere do not say what is in it.
    """
    if status is None or status == 206 or not 200 <= status < 500:
        return None
    if status < 300:
        return parse_robots(body)
    return ALLOW_ALL if status >= 400 else None
