"""What the state remembers of a page besides its rows."""

from __future__ import annotations

from crawler.model.struct import Value, replace

YOUNG = "!"
"""What follows the digest of a text that was new in the last visit."""


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

    @property
    def seen_again(self) -> Surroundings:
        """The same after a visit that found the page as it was: nothing is doubted, and no text is new."""
        if not (self.doubts or YOUNG in self.texts):
            return self
        return replace(self, doubts=0, texts=self.texts.replace(YOUNG, ""))


UNKNOWN = Surroundings()
