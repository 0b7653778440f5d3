"""Explains lines of a list of URLs that are written for another program."""

from __future__ import annotations

import re

from crawler.text.escape import printable, redacted
from crawler.text.patterns import pattern

_URL = pattern(r"https?://[^\s\"'<>|)\]]+", re.I)
_OPTION = pattern(r"[A-Za-z][\w-]*\s*=\s*\S.*")
_CURL = pattern(r"-{0,2}url\s*[=:\s]\s*[\"']?https?://.*", re.I)
_COMMAND = pattern(
    r"(?:\$\s*)?(?:sudo\s+)?(?:wget2?|curl|aria2c?|axel|https?ie?|crawler|iwr|invoke-webrequest|start-bitstransfer)\s.*",
    re.I,
)
_FORM = "each line is a URL, or a URL, a tab and a path below DIR"


def line_problem(line: str) -> str:
    """What to write instead of ``line``, which is no URL; "" if nothing is known about it."""
    found = _URL.search(line)
    url = redacted(found[0].rstrip(",;")) if found else ""
    if _COMMAND.fullmatch(line) and found:
        return f"a command: write its URL alone: {url}"
    if _CURL.fullmatch(line) and found:
        return f"an option of curl: write the URL alone: {url}"
    if _OPTION.fullmatch(line) and not found:
        return f"{printable(line.partition('=')[0].strip())} is an option of another program, such as aria2: {_FORM}"
    return f"write the URL alone: {url}" if found and found[0] != line else ""
