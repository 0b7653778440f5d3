"""Is "Next" without a URL what is left of the pager of a listing that has one page?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from crawler.listings.html.pager.labels import without_labels
from crawler.listings.html.soundness.passages import Passage
from crawler.text.patterns import pattern

_ALIVE = pattern(r"<(?:script|form)\b|\son[a-z]{3,30}\s*=|\bjavascript:(?!\s*(?:void\b|;|[\"'\s>]))", re.IGNORECASE)
"""What may make a control without a URL do something."""
_NUMBERS, _LETTER = pattern(r"\d+"), pattern(r"[^\W\d_]")


def shows_one_page(markup: str, passages: Iterable[Passage], rows: Collection[int]) -> bool:
    """Whether nothing on the page can make a control without a URL do anything, and its pager shows the number 1 alone.

    ``passages``: those of ``markup``, of which ``rows`` (``id`` of passages) are rows of the listing.
    """
    if _ALIVE.search(markup):
        return False
    texts = [without_labels(each.text) for each in passages if id(each) not in rows and _NUMBERS.search(each.text)]
    return {number for text in texts if not _LETTER.search(text) for number in _NUMBERS.findall(text)} == {"1"}
