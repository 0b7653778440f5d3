"""Finds what the attributes of pagers say about the number of entries and pages, as ``data-total`` and ``data-pages``.

Scripts build pagers from such attributes, so there may be no text and no link that says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from crawler.listings.html.pager.controls import attributes_of
from crawler.model.flaws import Claim, ClaimKind
from crawler.text.patterns import pattern

_MENTION = pattern(r"data-(?:total|pages|page-?count|(?:num|max|last)[-_]?page)")
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


def attribute_claims(markup: str) -> Iterator[Claim]:
    """What the pagers of ``visible`` markup state by their attributes.

    ``data-total`` may count anything, so the element must be that of a pager by its name or its other attributes.
    """
    for mention in _MENTION.finditer(markup):
        start = markup.rfind("<", max(0, mention.start() - _LONGEST), mention.start())
        tag = _TAG.match(markup, start) if start >= 0 else None
        attributes = attributes_of(tag[1]) if tag is not None else {}
        if _is_pager(attributes):
            yield from _stated(attributes)


def _is_pager(attributes: Mapping[str, str]) -> bool:
    return any(_PAGER.search(attributes.get(name, "")) for name in _NAMED) or any(map(_POSITION.fullmatch, attributes))


def _stated(attributes: Mapping[str, str]) -> Iterator[Claim]:
    for name, value in attributes.items():
        if not (value.isdecimal() and value.isascii() and len(value) < 10):
            continue
        if _PAGES.fullmatch(name):
            yield Claim(ClaimKind.PAGES, f"{name}={value}", int(value))
        elif _ENTRIES.fullmatch(name):
            yield Claim(ClaimKind.ENTRIES, f"{name}={value}", int(value))
