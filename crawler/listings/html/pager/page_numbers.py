"""Finds what a text says about the number of its page: "page 1 of 3", in many languages."""

from __future__ import annotations

import re

from crawler.listings.html.pager.counting_words import OF, PAGE
from crawler.text.patterns import pattern

_PAGE = pattern(
    rf"\b{PAGE}[: ]*(?P<here>\d{{1,6}})?"
    rf" ?(?:(?:{OF}|/) ?(?P<number>\d{{1,6}})\b|\| ?(?P<bar>\d{{1,3}})\W*\Z)"
    r"|\u7b2c ?(?P<at>\d{1,6}) ?[\u9875\u9801]? ?/ ?\u5171? ?(?P<of>\d{1,6}) ?[\u9875\u9801]"
    r"|\u5171 ?(?P<all>\d{1,6}) ?[\u9875\u9801]"
    rf"|(?P<now>\d{{1,6}}) ?/ ?(?P<most>\d{{1,6}}) ?{PAGE}(?!\w)",
    re.IGNORECASE,
)


def page_in(text: str) -> tuple[int | None, int] | None:
    """The number of the page and of all pages, as ``text`` states them."""
    found = _PAGE.search(text)
    if found is None:
        return None
    here = next(filter(None, found.group("here", "at", "now")), None)
    return (int(here) if here else None), int(next(filter(None, found.group("number", "bar", "of", "all", "most"))))
