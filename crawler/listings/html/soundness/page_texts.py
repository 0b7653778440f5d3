"""Collects what a page shows besides its rows and besides what known servers print around them.

The state remembers it, so that the next run can tell what is new on the page: an error in unknown words, for example.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zlib import crc32

from crawler.listings.html.soundness.empty_page import active_elements, is_explained, places_of
from crawler.listings.html.soundness.passages import Passage, scripts
from crawler.listings.values.mentioned_names import last_name
from crawler.model.values import MARKUP

_MOST = 64
"""Maximum number of texts: a page with more of them renders a document, which changes for reasons of its own."""
_LONGEST = 300
"""Maximum length of a text that is looked at; a longer one is prose."""


def texts_outside(
    markup: str, passages: Sequence[Passage], url: str, names: Collection[str], rows: Collection[int] = ()
) -> tuple[str, ...] | None:
    """The texts outside the rows of the page at ``url`` that servers are not known to print; see ``Listing.texts``.

    ``names``: those that the rows show. ``rows``: ``id`` of the passages that are rows without a link.
    None if there are too many of them.
    """
    found: dict[str, None] = {}
    places = places_of(url)
    for passage in passages:
        if id(passage) in rows or any(_leads_to(href, names) for href in passage.hrefs) or _shows(passage, names):
            continue
        if not (passage.text and is_explained(passage.text, places)):
            found[_shown(passage)] = None
            if len(found) > _MOST:
                return None
    found |= dict.fromkeys(f"{MARKUP}{crc32(code.encode('utf-8', 'replace')):x}" for code in scripts(markup))
    found |= dict.fromkeys(f"{MARKUP}{tag}" for tag in active_elements(markup))
    return None if len(found) > _MOST else tuple(found)


def _leads_to(href: str, names: Collection[str]) -> bool:
    return href.rstrip("/") in names or last_name(href) in names


def _shows(passage: Passage, names: Collection[str]) -> bool:
    """Whether ``passage`` has a link, and shows a name that the link need not contain: ``?dir=docs``."""
    return bool(passage.hrefs) and any(cell.strip().rstrip("/") in names for cell in passage.cells)


def _shown(passage: Passage) -> str:
    """The text of ``passage`` and where it leads; if the text is long, only its digest."""
    text = passage.text
    if len(text) > _LONGEST:
        text = f"{MARKUP}{crc32(text.encode('utf-8', 'replace')):x}"
    return "\0".join([text, *(href.partition("?")[0].partition("#")[0] for href in passage.hrefs)])
