"""Decides whether a page was truncated, from the markup after its last row.

The result determines whether a page may prove that files are absent, and so whether local files may be deleted. The
rules are in one table; the first that applies decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from crawler.model.struct import Value

if TYPE_CHECKING:
    from bs4.element import Tag

_CLOSED = ("pre", "table", "ul", "ol", "tbody")
"""Elements meant for rows, which every program closes after the last one."""
_BALANCED = ("div", "li", "section", "main", "article", "center", "form", "dl")
"""Elements that may surround any row: they are closed if there are as many end tags as start tags."""
_LINKS = re.compile(r"<a[\s>]")
_HEAD = 4_000
"""Maximum number of characters before the document element, if there is one."""


class PageEnd(Enum):
    """Conclusion drawn from the end of a page."""

    CUT = auto()
    """The page was truncated: an element is not closed."""
    OPEN = auto()
    """The end proves nothing: no element had to be closed, so a page truncated between two rows looks the same."""
    CLOSED = auto()
    """The page is complete."""


class LastRow(Value, frozen=True):
    """The place of a page's last row."""

    region: Tag | None = None
    """The element that contains the rows, or would on an empty page."""
    href: str = ""
    ancestors: frozenset[str] = frozenset()
    """The names of the elements around the row, including its own."""
    holds_all: bool = True
    """Whether the region contains all rows. If each row has its own region, its end is not the end of the listing."""


class Tail:
    """The end of a page as the rules below see it. ``proved``: the markup is that of one known program."""

    def __init__(self, text: str, last: LastRow, *, proved: bool) -> None:
        self.proved = proved
        self._last = last
        self._text = text
        self._name = last.region.name if last.region is not None else ""

    @cached_property
    def _lower(self) -> str:
        return self._text.lower()

    @cached_property
    def _after(self) -> str:
        """The markup from the href of the last row on, or from the last link if that href is not found."""
        href = self._last.href
        quoted = (f"{mark}{spelt}" for spelt in {href, escape(href)} for mark in "\"'=")
        start = max(self._text.rfind(spelt) for spelt in quoted) if href else -1
        return self._lower[start if start >= 0 else max(self._lower.rfind("<a "), 0) :]

    @cached_property
    def _has_document(self) -> bool:
        return "<html" in self._lower[:_HEAD] or "<body" in self._lower[:_HEAD]

    @property
    def ends_in_tag(self) -> bool:
        """True if the last tag lacks its ``>``."""
        return self._text.rfind("<") > self._text.rfind(">")

    @property
    def closes_document(self) -> bool:
        """True if the document element ends after the last row."""
        return "</html" in self._after or "</body" in self._after

    @property
    def ends_in_link(self) -> bool:
        """True if the link of the last row has no end tag, although most have one: some programs print none."""
        return "</a" not in self._after and 2 * self._lower.count("</a") > len(_LINKS.findall(self._lower))

    @property
    def opens_another(self) -> bool:
        """True if an element meant for rows begins after the last row and does not end."""
        after = self._after
        return any(
            max(after.rfind(f"<{name}>"), after.rfind(f"<{name} ")) > after.rfind(f"</{name}>") for name in _CLOSED
        )

    @property
    def may_lack_document_end(self) -> bool:
        """True if the page has no document element, or its program is known never to close it."""
        return not self._has_document or (self.proved and self._name in _CLOSED)

    @property
    def closes_region(self) -> bool:
        """True if the element that contains the rows ends after the last one, and generic elements around it do too."""
        if self._name in _CLOSED:
            return f"</{self._name}>" in self._after
        around = self._last.ancestors.intersection(_BALANCED) - {"li"} | {self._name}.intersection(_BALANCED)
        return all(_is_balanced(self._lower, name) for name in around)

    @property
    def is_listing_end(self) -> bool:
        """True if the region is an element that must be closed and contains all rows."""
        return (self.proved or self._last.holds_all) and self._name in {*_CLOSED, *_BALANCED}


class Rule(Value, frozen=True):
    """The conclusion from a page's end if ``applies`` holds."""

    end: PageEnd
    why: str
    applies: Callable[[Tail], bool]


RULES = (
    Rule(PageEnd.CUT, "the last tag is incomplete", lambda tail: tail.ends_in_tag),
    Rule(PageEnd.CLOSED, "the document ends after the last row", lambda tail: tail.closes_document),
    Rule(PageEnd.CUT, "the link of the last row does not end", lambda tail: tail.ends_in_link),
    Rule(PageEnd.CUT, "a table or list begins after the last row and does not end", lambda tail: tail.opens_another),
    Rule(PageEnd.CUT, "the document does not end", lambda tail: not tail.may_lack_document_end),
    Rule(PageEnd.CUT, "the element around the rows does not end", lambda tail: not tail.closes_region),
    Rule(PageEnd.CLOSED, "the element around all rows ends", lambda tail: tail.is_listing_end),
    Rule(PageEnd.OPEN, "no element contains all rows", lambda tail: True),
)
"""In order: the first rule that applies decides."""


def end_of(text: str, last: LastRow, *, proved: bool) -> PageEnd:
    """What the end of the page ``text`` proves.

    Some programs never close their document. If the markup is ``proved`` to be that of a known program, the end of the
    element around the rows is enough.
    """
    tail = Tail(text, last, proved=proved)
    return next(rule.end for rule in RULES if rule.applies(tail))


def _is_balanced(lower: str, tag: str) -> bool:
    return lower.count(f"</{tag}>") >= len(re.findall(rf"<{tag}[\s>]", lower))
