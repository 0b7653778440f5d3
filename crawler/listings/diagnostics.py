"""What a page says outside of its rows that makes it no proof of what a folder holds.

Diagnostics of an interpreter count wherever they stand, and words of an error where rows would stand or on a page that
has none: the listing is then not complete. So is one that says that it shows a part, and one behind which the
document of an error begins. Scripts that write links, and a heading that names another directory, make a page
inconclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from crawler.listings.hrefs import decoded
from crawler.listings.passages import Passage, scripts

_INTERPRETER = re.compile(
    r"\b(?:Warning|Fatal error|Parse error|Catchable fatal error): .*\bon line \d+"
    r"|\bPHP (?:Warning|Fatal error|Parse error):"
    r"|Traceback \(most recent call last\)"
    r"|\[an error occurred while processing this directive\]"
    r"|\[Errno \d+\]|\(errno \d+\)"
)
_TROUBLE = re.compile(
    r"\berror\b|permission denied|input/output error|\bi/o error|too many (?:open files|requests)"
    r"|stale (?:nfs )?file handle"
    r"|no such file|not a directory|cannot (?:open|read|list|access)|(?:could not|couldn't|can't|unable to|failed to) "
    r"(?:open|read|list|load|access|get|fetch|retrieve)|access denied|\bforbidden\b|timed out|time-?out|try again"
    r"|temporarily|unavailable|under maintenance|\bloading\b|please wait",
    re.IGNORECASE,
)
_LONGEST = 300
"""Characters of a message: longer passages are prose."""
_NONE_OF = re.compile(r"\b0 (?:out )?of ([1-9][\d,.]*)\b")
_SHOWN_OF = re.compile(
    r"\b(?:showing|displaying) (?:(?:the )?first )?"
    r"(?:\d[\d,.]* ?(?:to|[-\u2013]) ?)?(\d[\d,.]*) (?:out )?of (\d[\d,.]*)\b",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"<!doctype\b|<html\b", re.IGNORECASE)
_HEADING = re.compile(r"<(?:title|h1)\b[^>]{0,300}>([^<]{0,200})", re.IGNORECASE)
_STATUS = re.compile(r"\s*[45]\d\d\b")
_HANDLER = re.compile(r"\son[a-z]+\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_WRITES = re.compile(
    r"document\.write(?:ln)?\s*\(|insertAdjacentHTML\s*\(|(?:inner|outer)HTML\s*\+?=(?!=)"
    r"|\.append(?:Child)?\s*\(|\.html\s*\("
)
_MAKES_LINKS = re.compile(
    r"<a\s+(?:[a-z-]+\s*=\s*\\?[\"'][^\"'<>]{0,80}\\?[\"']\s+){0,4}href\s*=(?!\s*[\\\"']*(?:[#?]|https?:|javascript:|mailto:))"
    r"|createElement\s*\(\s*[\"']a[\"']\s*\)(?!.*\.click\s*\(\s*\))(?=.*\.href\s*=(?![=\s]*[\"'][#?]))"
    r"|createTextNode\s*\(\s*[\"']<a\s",
    re.IGNORECASE | re.DOTALL,
)
_CRUMBS = re.compile(r"\b\w*(?:bread|crumb)\w*\s*\+?=(?!=)[^;]{0,2000};", re.IGNORECASE)
"""The trail of directories above, which themes write by a script."""
_LOADS = re.compile(r"\bfetch\s*\(|XMLHttpRequest|\$\.(?:get|ajax|getJSON)\s*\(")
_FILLS = re.compile(r"insertAdjacentHTML\s*\(|(?:inner|outer)HTML\s*\+?=(?!=)|\.html\s*\(")
_HEADED = re.compile(r"<(?:title|h1)\b[^>]{0,300}>\s{0,99}Index of (/[^<]*)<", re.IGNORECASE)


def is_in_trouble(said: Iterable[Passage], regions: set[int], rows: set[int], *, is_empty: bool) -> bool:
    """Whether passages outside of ``rows`` (their ids) tell of an error, or that a part is shown."""
    for passage in said:
        if id(passage) in rows:
            continue
        text = passage.text
        if _INTERPRETER.search(text):
            return True
        if is_empty and _NONE_OF.search(text):
            return True
        if passage.furniture or passage.hrefs or len(text) > _LONGEST:
            continue
        if (is_empty or passage.region in regions) and _TROUBLE.search(text):
            return True
    return False


def shows_a_part(said: Iterable[Passage], rows: set[int]) -> bool:
    """Whether the page says that it shows fewer than there are."""
    found = (_SHOWN_OF.search(passage.text) for passage in said if id(passage) not in rows and not passage.furniture)
    return any(match is not None and _number(match[1]) < _number(match[2]) for match in found)


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


def error_document_follows(markup: str, last: int) -> bool:
    """Whether the document of an error begins behind ``last``, where the last row stands.

    A server that fails while it prints does that. Mirrors have footers that are documents of their own, too.
    """
    start = _DOCUMENT.search(markup, last)
    headings = _HEADING.finditer(markup, start.start()) if start is not None else iter(())
    return any(_STATUS.match(found[1]) or _TROUBLE.search(found[1]) for found in islice(headings, 2))


def writes_links(markup: str) -> bool:
    """Whether scripts of a page make links to files and put them in, or fill in markup that they load.

    Sorting moves rows that are there and writes no links but ``#`` and ``?``, a trail of directories leads up, counters
    load scripts and no markup, and a link that a script makes to click it itself saves something.
    """
    code = "\n".join([*scripts(markup), *(found[1] for found in _HANDLER.finditer(markup))])
    if not code:
        return False
    code = _CRUMBS.sub(";", code)
    makes = _WRITES.search(code) and _MAKES_LINKS.search(code)
    return bool(makes or (_LOADS.search(code) and _FILLS.search(code)))


def names_another(markup: str, url: str) -> bool:
    """Whether the heading of a page names a directory that cannot be the one at ``url``.

    A proxy may add a prefix or take one away, the last segment stays; the root may be any directory.
    """
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    own = decoded(path.rpartition("/")[0]).rpartition("/")[2]
    headed = [decoded(found[1]).strip().rstrip("/").rpartition("/")[2] for found in _HEADED.finditer(markup)]
    return bool(own) and bool(headed) and all(name and name != own for name in headed)
