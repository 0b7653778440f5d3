"""Collects the links and other relevant elements of a page in one pass; bounded iteration below an element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

from bs4.element import CData, NavigableString, PageElement, Tag

from crawler.listings.values.hrefs import Resolver, Target
from crawler.model.struct import Struct, field

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

MAX_LINKS = 1_000_000
MAX_NAMED = 50
MAX_NODES = 150
MAX_TEXT = 4_000
"""Maximum length in characters of a text in a row. Together with MAX_NODES it bounds the work on nested rows."""
_SURVEYED = ("base", "title", "h1", "h2", "h3", "h4", "caption", "input", "pre", "table", "ul", "p")


class Link(Struct, eq=False):
    """An element with an href, and its target."""

    tag: Tag
    href: str
    target: Target
    _pieces: list[str] | None = None
    _title: str | None = None
    _following: str | None = None

    def retarget(self, target: Target) -> None:
        """Set the target to ``target``, because the rest of the page shows that this link leads there."""
        self.target = target

    @property
    def pieces(self) -> list[str]:
        """The strings of the link's text."""
        if self._pieces is None:
            self._pieces = [piece for text in strings(self.tag) if (piece := squeezed(text[:MAX_TEXT]))]
        return self._pieces

    @property
    def title(self) -> str:
        """The tooltip of the link."""
        if self._title is None:
            self._title = str(self.tag.attrs.get("title", ""))
        return self._title

    @property
    def following(self) -> str:
        """The text that directly follows the link."""
        if self._following is None:
            sibling = self.tag.next_sibling
            self._following = str(sibling) if isinstance(sibling, NavigableString) else ""
        return self._following

    @property
    def text(self) -> str:
        """The text of the link, white space folded."""
        return " ".join(self.pieces)[:MAX_TEXT]


class Survey(Struct):
    """The relevant elements of a page, collected in one pass because each bs4 search walks the whole page."""

    leading: list[Tag] = field(default_factory=list)
    """Elements with a target: see ``leads_somewhere``."""
    named: dict[str, list[Tag]] = field(default_factory=dict)
    """The first elements of each name in ``_SURVEYED``."""

    @classmethod
    def of(cls, soup: BeautifulSoup) -> Survey:
        """The relevant elements of the page ``soup``, found in one walk."""
        survey = cls(named={name: [] for name in _SURVEYED})
        for tag in soup.descendants:
            if not isinstance(tag, Tag):
                continue
            kept = survey.named.get(tag.name)
            if kept is not None and len(kept) < MAX_NAMED:
                kept.append(tag)
            if tag.attrs and leads_somewhere(tag) and len(survey.leading) < MAX_LINKS:
                survey.leading.append(tag)
        return survey

    def first(self, *names: str, limit: int) -> list[Tag]:
        """Up to ``limit`` elements of each of ``names``."""
        return [tag for name in names for tag in self.named[name][:limit]]

    def links(self, resolver: Resolver) -> list[Link]:
        """All links, in page order."""
        links = []
        for tag in self.leading:
            href = tag.attrs.get("href") if tag.name == "a" else None
            href = str(href if href is not None else tag.attrs.get("data-href"))
            links.append(Link(tag, href, resolver.target(href)))
        return links


def leads_somewhere(tag: Tag) -> bool:
    """True for a link, and for an element with ``data-href``, which a script turns into one."""
    attrs = tag.attrs
    return ("href" in attrs and tag.name == "a") or ("data-href" in attrs and tag.name not in {"body", "html"})


def squeezed(text: str) -> str:
    """``text`` with white space folded and trimmed."""
    return " ".join(text.split())


def nodes(element: Tag) -> Iterator[tuple[PageElement, bool]]:
    """(node, whether it is inside a link) of the first nodes below ``element``, in order; bounded, without recursion.

    bs4's own ``descendants`` looks for the last node first, which is quadratic for nested rows.
    """
    stack: list[tuple[Iterator[PageElement], bool]] = [(iter(element.contents), element.name == "a")]
    left = MAX_NODES
    while stack and left:
        below, linked = stack[-1]
        node = next(below, None)
        if node is None:
            stack.pop()
            continue
        left -= 1
        yield node, linked
        if isinstance(node, Tag) and node.contents:
            stack.append((iter(node.contents), linked or node.name == "a"))


def strings(element: Tag) -> Iterator[NavigableString]:
    """The first visible strings below ``element``."""
    for node, _ in nodes(element):
        if is_text(node):
            yield node


def is_text(node: object) -> TypeGuard[NavigableString]:
    """True for visible text, as opposed to comments, scripts and doctypes."""
    return type(node) is NavigableString or type(node) is CData
