"""The form of ``Listing.texts``, whatever the format of a page."""

from __future__ import annotations

from zlib import crc32

from crawler.model.values import MARKUP

MOST = 64
"""Maximum number of texts: a page with more of them renders a document, which changes for reasons of its own."""
LONGEST = 300
"""Maximum length of a text that is looked at, in characters; a longer one is prose."""


def digest_of(code: str) -> str:
    """What stands for ``code``, or for prose: only whether it is the same can be told."""
    return f"{MARKUP}{crc32(code.encode('utf-8', 'replace')):x}"


def shortened(text: str) -> str:
    """``text``, or its digest if it is prose."""
    return text if len(text) <= LONGEST else digest_of(text)
