"""Finds what attributes say about the number of entries and pages, and where scripts load the next page from.

Scripts build pagers from ``data-total`` and the like, so there may be no text and no link that says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from crawler.listings.html.pager.controls import Control
from crawler.listings.html.pager.hints import attributes_of
from crawler.listings.html.pager.labels import Label, Says
from crawler.model.flaws import Claim, ClaimKind
from crawler.text.patterns import pattern

_MENTION = pattern(r"(?:data-(?:total|pages|page-?count|(?:num|max|last)[-_]?page)|aria-rowcount)")
_LOADER = pattern(r"hx-get|data-next-(?:page-)?(?:url|href|link)")
_LONGEST = 1000
"""Number of characters of a tag before such an attribute."""
_TAG = pattern(r"<[a-z][\w-]*(\s(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ENTRIES = pattern(r"data-(?:total(?:-?(?:items|entries|rows|count|records|files|results|objects))?|total_count)")
_PAGES = pattern(r"data-(?:(?:total|num|max|last)[-_]?pages?|pages|page-?count|pages-?total)")
_PAGER = pattern(
    r"(?:^|[^a-z])(?:pager|pages|page[-_]?(?:nav\w*|numbers?|items?|links?)|paging|pagina\w*|load-?more|infinite\w*)"
    r"(?:$|[^a-z])",
    re.IGNORECASE,
)
"""A class, id, role or label of a pager."""
_NAMED = ("class", "id", "role", "aria-label", "name", "data-role", "data-component", "data-controller")
_POSITION = pattern(r"data-(?:current-?page|page|per-?page|page-?size|current|offset)")
"""An attribute that says which page a pager shows, or how long it is."""
_SCROLLED = pattern(r"\b(?:revealed|intersect)\b")
"""Events that occur when the end of a list is scrolled into view."""
_OTHER_ROWS = 2
"""Number of rows that ``aria-rowcount`` may include besides the entries: the heading, and the directory above."""


def attribute_claims(markup: str) -> Iterator[Claim]:
    """What the pagers of ``visible`` markup state by their attributes.

    ``data-total`` may count anything, so the element must be that of a pager by its name or its other attributes.
    """
    for attributes in _elements(_MENTION, markup):
        if _is_pager(attributes):
            yield from _stated(attributes)
        rows = attributes.get("aria-rowcount", "")
        if _is_count(rows) and int(rows) > _OTHER_ROWS:
            yield Claim(ClaimKind.ENTRIES, f"aria-rowcount={rows}", int(rows) - _OTHER_ROWS)


def attribute_controls(markup: str) -> Iterator[Control]:
    """The elements of ``visible`` markup to which scripts add the next page once they are scrolled into view."""
    for attributes in _elements(_LOADER, markup):
        for name, value in attributes.items():
            is_next = _LOADER.fullmatch(name) and name != "hx-get"
            if value and (is_next or (name == "hx-get" and _SCROLLED.search(attributes.get("hx-trigger", "")))):
                yield Control(Label(Says.NEXT), f"{name}={value}", value, is_named=False, is_loaded=True)


def _elements(mentions: re.Pattern[str], markup: str) -> Iterator[Mapping[str, str]]:
    """The attributes of the elements in whose tags ``mentions`` occurs."""
    end = 0
    for mention in mentions.finditer(markup):
        start = markup.rfind("<", max(end, mention.start() - _LONGEST), mention.start())
        tag = _TAG.match(markup, start) if start >= 0 else None
        if tag is not None:
            end = tag.end()
            yield attributes_of(tag[1])


def _is_pager(attributes: Mapping[str, str]) -> bool:
    return any(_PAGER.search(attributes.get(name, "")) for name in _NAMED) or any(map(_POSITION.fullmatch, attributes))


def _stated(attributes: Mapping[str, str]) -> Iterator[Claim]:
    for name, value in attributes.items():
        if _is_count(value) and _PAGES.fullmatch(name):
            yield Claim(ClaimKind.PAGES, f"{name}={value}", int(value))
        elif _is_count(value) and _ENTRIES.fullmatch(name):
            yield Claim(ClaimKind.ENTRIES, f"{name}={value}", int(value))


def _is_count(value: str) -> bool:
    return value.isdecimal() and value.isascii() and len(value) < 10
