"""What the state remembers of a page besides its rows."""

from __future__ import annotations

from crawler.model.struct import Value


class Surroundings(Value, frozen=True):
    """What stays the same from day to day around the rows of a page."""

    heading: str = ""
    """The heading without what changes each day; "" if there is none, or an older version wrote this."""
    texts: str = ""
    """Digests of the other texts (see ``rules.listings.page_texts``); "" if they are unknown."""
    doubts: int = 0
    """Number of visits in succession in which new text was doubted: the page was not this one in the last of them."""
    changes: int = 0
    """Number of times that a part of the heading is known to have changed."""
    common: str = ""
    """What all these headings have in common (see ``rules.listings.page_heading``)."""
    doubted: str = ""
    """The heading of the last visit, if it was another one and rows were missing."""


UNKNOWN = Surroundings()
