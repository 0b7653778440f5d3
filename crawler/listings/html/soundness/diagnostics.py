"""Finds text outside the rows of a page that keeps it from proving what a directory contains.

A listing is incomplete if the page contains diagnostics of an interpreter anywhere, words of an error in the place of
rows or on a page without rows, a statement that it shows only a part, or an error document after the listing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from crawler.listings.html.soundness.passages import Passage
from crawler.model.flaws import Flaw, FlawKind
from crawler.text.patterns import pattern

_INTERPRETER = pattern(
    r"\b(?:Warning|Fatal error|Parse error|Catchable fatal error): .{0,500}?\bon line \d"
    r"|\bPHP (?:Warning|Fatal error|Parse error):"
    r"|Traceback \(most recent call last\)"
    r"|\[an error occurred while processing this directive\]"
    r"|\[Errno \d+\]|\(errno \d+\)"
)
_TROUBLE = pattern(
    r"\berror\b|permission denied|input/output error|\bi/o error|too many (?:open files|requests)"
    r"|stale (?:nfs )?file handle"
    r"|no such file|not a directory|cannot (?:open|read|list|access)|(?:could not|couldn't|can't|unable to|failed to) "
    r"(?:open|read|list|load|access|get|fetch|retrieve)|access denied|\bforbidden\b|timed out|time-?out|try again"
    r"|temporarily|unavailable|under maintenance|\bloading\b|please wait",
    re.IGNORECASE,
)
_FAILS = pattern(
    r"^\W*(?:fatal )?error\s*[:!]|\berror (?:reading|listing|opening|while|in)\b|\ban error occurred"
    r"|internal server error"
    r"|\bi/o error|input/output error|permission denied|stale (?:nfs )?file handle|memory size of \d+ bytes exhausted"
    r"|(?:could not|cannot|couldn't|can't) be (?:read|listed|opened|shown|accessed)|\b(?:is|are) (?:offline|degraded)\b"
    r"|fehler (?:beim|in|:)|nicht (?:gelesen|geöffnet|lesbar)|erreur (?:de|lors|:)|impossible d[e']|error al\b"
    r"|errore (?:di|in|durante)"
    r"|erro (?:ao|de)\b|błąd (?:odczytu|podczas)|fout bij|fel vid|ошибк[аи] (?:при|чтения)|не удалось"
    r"|错误|失败|エラー|読み取れ|오류",
    re.IGNORECASE,
)
_IS_PART = pattern(
    r"\btruncated\b|\b(?:incomplete|partial (?:results?|list(?:ing)?))\b|^\W*(?:and |\u2026 ?|\.{3} ?)(?:and )?more\W*$"
    r"|\bloading more\b|\bscroll (?:down )?for more\b"
    r"|\b(?:some|more|other) files (?:are|were|could|may|might) (?:be |not be )?"
    r"(?:hidden|missing|read|shown|listed)|\b(?:sign|log) in to (?:see|view)\b"
    r"|\b(?:only|showing)(?: the)? (?:first|last|latest|newest) \d+ \w+"
    r"|unvollständig|gekürzt|(?:nur|werden) die (?:ersten|letzten|neuesten) \d+"
    r"|incompl[eè]t|tronqu|truncad|troncat|niekompletn"
    r"|неполн|показаны (?:только )?(?:первые|последние) \d+|仅显示|只显示|截断|不完整|省略され|のみ表示|불완전|생략",
    re.IGNORECASE,
)
_NEAR = 2
"""Number of passages above the first row and below the last one that may say why there are no more rows."""
_SHORT = 120
"""Maximum number of characters of what they say."""
_LIMITED = pattern(r"\(of which only \d+ are displayed\)")
"""Caddy's text on a page that its option ``limit`` has truncated."""
_LONGEST = 300
"""Maximum length of a message in characters; longer passages are prose."""
_NONE_OF = pattern(r"\b0 (?:out )?of ([1-9][\d,.]*)\b")
_TRUNCATED = pattern(
    r"(?:\b(?:and|plus)|\u2026|\.{3}|\+) ?\d[\d,.]* (?:\w+ )?more\b|^\W*\d[\d,.]* more(?: \w+)?\W*$"
    r"|\b(?:list(?:ing)?|results?|output|directory)(?: (?:is|was|has been|are))? (?:truncated|incomplete|abridged)\b"
    r"|\b\d[\d,.]* more \w{1,20} (?:are |were )?not (?:shown|listed|displayed)\b|\btoo many (?:files|entries|items) to"
    r"|\bonly the first \d[\d,.]* \w{0,20} ?(?:are|were|is) (?:shown|listed|displayed)\b",
    re.IGNORECASE,
)
_DOCUMENT = pattern(r"<!doctype\b|<html\b", re.IGNORECASE)
_HEADING = pattern(r"<(?:title|h1)\b[^>]{0,300}>([^<]{0,200})", re.IGNORECASE)
_STATUS = pattern(r"\s*[45]\d\d\b")


def error_in(passages: Iterable[Passage], regions: set[int], rows: set[int], *, is_empty: bool) -> Flaw | None:
    """The error that a passage outside ``rows`` (``id`` of passages) reports, or None."""
    for passage in passages:
        if id(passage) in rows:
            continue
        text = passage.text
        found = _INTERPRETER.search(text)
        if found is not None:
            return Flaw(FlawKind.ERROR, text[found.start() :][:_LONGEST])
        if passage.boilerplate or passage.hrefs or len(text) > _LONGEST:
            continue
        if (is_empty or passage.region in regions) and _TROUBLE.search(text):
            return Flaw(FlawKind.ERROR, text)
    return None


def stated_beside(passages: Sequence[Passage], rows: set[int], *, has_more: bool) -> Flaw | None:
    """What a short text beside ``rows`` says: that reading failed, or that there are more rows; None if it does not.

    ``has_more``: the listing has other pages, so that there are more rows is normal.

    Only whole statements count, as a README or a footer may tell of errors. They may be in one of many languages.
    """
    shown = [number for number, passage in enumerate(passages) if id(passage) in rows]
    if not shown:
        return None
    first, last = shown[0], shown[-1]
    above = [passage for passage in passages[max(0, first - _NEAR) : first] if not passage.boilerplate]
    for passage in (*above, *passages[last + 1 : last + 1 + _NEAR]):
        text = passage.text
        if len(text) <= _SHORT:
            if _FAILS.search(text):
                return Flaw(FlawKind.ERROR, text)
            if not has_more and _IS_PART.search(text):
                return Flaw(FlawKind.PART, text)
    return None


def part_in(passages: Iterable[Passage], rows: set[int], *, is_empty: bool, has_more: bool) -> Flaw | None:
    """The text outside ``rows`` that says that the page shows fewer entries than there are, or None.

    ``has_more``: there are further pages, so a page that shows a part is normal.
    """
    for passage in passages:
        if id(passage) in rows:
            continue
        text = passage.text
        if _LIMITED.search(text) or (is_empty and _NONE_OF.search(text)):
            return Flaw(FlawKind.PART, text)
        if not has_more and len(text) <= _LONGEST and _TRUNCATED.search(text):
            return Flaw(FlawKind.PART, text)
    return None


def error_after(markup: str, last: int) -> Flaw | None:
    """The heading of an error document that begins after ``last``, the offset of the last row; None if there is none.

    A server prints one if it fails midway. A complete document after the rows may also be the footer of a mirror.
    """
    start = _DOCUMENT.search(markup, last)
    headings = _HEADING.finditer(markup, start.start()) if start is not None else iter(())
    for found in islice(headings, 2):
        if _STATUS.match(found[1]) or _TROUBLE.search(found[1]):
            return Flaw(FlawKind.ERROR_FOLLOWS, found[1])
    return None
