"""Finds text outside the rows of a page that keeps it from proving what a directory holds.

Diagnostics of an interpreter count wherever they stand, and words of an error where rows would stand or on a page that
has none: the listing is then not complete. So is one that says that it shows a part, and one behind which the
document of an error begins. A heading that names another directory makes an empty page inconclusive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from crawler.listings.html.soundness.passages import Passage
from crawler.model.flaws import Flaw, FlawKind
from crawler.text.urls import decoded

_INTERPRETER = re.compile(
    r"\b(?:Warning|Fatal error|Parse error|Catchable fatal error): .{0,500}?\bon line \d"
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
_LIMITED = re.compile(r"\(of which only \d+ are displayed\)")
"""Caddy's words for a page that its option ``limit`` has cut."""
_LONGEST = 300
"""Maximum length of a message in characters; longer passages are prose."""
_NONE_OF = re.compile(r"\b0 (?:out )?of ([1-9][\d,.]*)\b")
_SHOWN_OF = re.compile(
    r"\b(?:showing|displaying) (?:(?:the )?first )?"
    r"(?:\d[\d,.]* ?(?:to|[-\u2013]) ?)?(\d[\d,.]*) (?:out )?of (\d[\d,.]*)\b",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"<!doctype\b|<html\b", re.IGNORECASE)
_HEADING = re.compile(r"<(?:title|h1)\b[^>]{0,300}>([^<]{0,200})", re.IGNORECASE)
_STATUS = re.compile(r"\s*[45]\d\d\b")
_HEADED = re.compile(r"<(?:title|h1)\b[^>]{0,300}>\s{0,99}Index of (/[^<]*)<", re.IGNORECASE)


def error_in(said: Iterable[Passage], regions: set[int], rows: set[int], *, is_empty: bool) -> Flaw | None:
    """What passages outside of ``rows`` (their ids) say of an error, or None."""
    for passage in said:
        if id(passage) in rows:
            continue
        text = passage.text
        found = _INTERPRETER.search(text)
        if found is not None:
            return Flaw(FlawKind.ERROR, text[found.start() :][:_LONGEST])
        if passage.furniture or passage.hrefs or len(text) > _LONGEST:
            continue
        if (is_empty or passage.region in regions) and _TROUBLE.search(text):
            return Flaw(FlawKind.ERROR, text)
    return None


def part_in(said: Iterable[Passage], rows: set[int], *, is_empty: bool, has_more: bool) -> Flaw | None:
    """Where passages outside of ``rows`` say that the page shows fewer entries than there are, or None.

    ``has_more``: other pages go on, so that a page may well show a part.
    """
    for passage in said:
        if id(passage) in rows:
            continue
        text = passage.text
        shown = None if has_more or passage.furniture else _SHOWN_OF.search(text)
        if _LIMITED.search(text) or (is_empty and _NONE_OF.search(text)) or (shown is not None and _is_less(shown)):
            return Flaw(FlawKind.PART, text)
    return None


def _is_less(found: re.Match[str]) -> bool:
    shown, of = (int(re.sub(r"\D", "", number) or 0) for number in found.groups())
    return shown < of


def error_after(markup: str, last: int) -> Flaw | None:
    """The heading of the error document that begins behind ``last``, where the last row stands, or None.

    A server that fails while it prints does that. Mirrors have footers that are documents of their own, too.
    """
    start = _DOCUMENT.search(markup, last)
    headings = _HEADING.finditer(markup, start.start()) if start is not None else iter(())
    for found in islice(headings, 2):
        if _STATUS.match(found[1]) or _TROUBLE.search(found[1]):
            return Flaw(FlawKind.ERROR_FOLLOWS, found[1])
    return None


def another_heading(markup: str, url: str) -> Flaw | None:
    """The heading of a page if it names a directory that cannot be the one at ``url``, or None.

    A proxy may add a prefix or take one away, the last segment stays; the root may be any directory.
    """
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    own = decoded(path.rpartition("/")[0]).rpartition("/")[2]
    headed = [decoded(found[1]).strip() for found in _HEADED.finditer(markup)] if own else []
    names = [heading.rstrip("/").rpartition("/")[2] for heading in headed]
    is_another = bool(names) and all(name and name != own for name in names)
    return Flaw(FlawKind.HEADING, headed[0]) if is_another else None
