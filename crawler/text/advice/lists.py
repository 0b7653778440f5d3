"""Explains lines of a list of URLs that are written for another program."""

from __future__ import annotations

import re

from crawler.text.escape import printable, redacted
from crawler.text.patterns import pattern
from crawler.text.urls import looks_like_file, origin

_URL = pattern(r"https?://[^\s\"'<>|)\]]+", re.I)
_OPTION = pattern(r"[A-Za-z][\w-]*\s*=\s*\S.*")
_CURL = pattern(r"-{0,2}url\s*[=:\s]\s*[\"']?https?://.*", re.I)
_COMMAND = pattern(
    r"(?:\$\s*)?(?:sudo\s+)?(?:wget2?|curl|aria2c?|axel|https?ie?|crawler|iwr|invoke-webrequest|start-bitstransfer)\s.*",
    re.I,
)
_FORM = "each line is a URL, or a URL, a tab and a path below DIR"

_TABLE = pattern(r"\[\[?\s*(?:mirror|defaults)\s*\]\]?")
_SECOND = pattern(r"[\s,;|]+https?://", re.I)
_SEPARATED = pattern(r"[^?#]*/[^?#/]*\.[A-Za-z]\w{0,4}([,;])[^,;/?#]*\.[A-Za-z]\w{0,4}")
"""A URL that ends like a file, and after a comma or semicolon a name that ends like one. RCS's ``x.c,v`` does not."""
_COMMENT = pattern(r"(?://|;|--|%|REM\b)(?:\s.*)?", re.I)
_COLUMNS = frozenset(("url", "urls", "uri", "link", "links", "href", "address", "download"))
"""Names of a column of URLs, in the first line of a table."""
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
"""How files of gzip, bzip2, xz, zstd and zip begin."""


def content_problem(content: bytes) -> str:
    """Why ``content``, the beginning of a file that is in no UTF-16, is not a list; "" if it may be one."""
    if content.startswith(_COMPRESSED):
        return "it is compressed: unpack it first"
    return "it is not a text: expected URLs, one per line" if b"\0" in content else ""


def joined_problem(url: str) -> str:
    """What is wrong with the first field of a line, a URL, if it holds more than that; "" if it is one URL.

    A URL may contain blanks, as those copied from a browser do.
    """
    if origin(url) is None:
        return ""
    if _SECOND.search(url):
        return "several URLs: write one per line"
    if " " in url and looks_like_file(url.partition(" ")[0]):
        return "a TAB separates a URL from its path; a blank in a URL is written as %20"
    if url[-1:] in {",", ";"}:
        return f"write the URL alone: {redacted(url.rstrip(',;'))}"
    if separated := _SEPARATED.fullmatch(url):
        what, code = {",": ("comma", "%2C"), ";": ("semicolon", "%3B")}[separated[1]]
        return f"a TAB separates a URL from its path; a {what} in a URL is written as {code}"
    return ""


def line_problem(line: str) -> str:
    """What to write instead of ``line``, which is no URL; "" if nothing is known about it."""
    if _TABLE.fullmatch(line):
        return "a file of mirrors: --config FILE runs them"
    found = _URL.search(line)
    url = redacted(found[0].rstrip(",;")) if found else ""
    if _COMMAND.fullmatch(line) and found:
        return f"a command: write its URL alone: {url}"
    if _CURL.fullmatch(line) and found:
        return f"an option of curl: write the URL alone: {url}"
    if _COMMENT.fullmatch(line):
        return "a comment begins with #"
    if (
        not found
        and len(fields := re.split(r"[,;\t|]", line)) > 1
        and _COLUMNS & {each.strip("\"' ").lower() for each in fields}
    ):
        return "the names of columns: begin the line with #, or leave it out"
    if _OPTION.fullmatch(line) and not found:
        return f"{printable(line.partition('=')[0].strip())} is an option of another program, such as aria2: {_FORM}"
    return f"write the URL alone: {url}" if found and found[0] != line else ""
