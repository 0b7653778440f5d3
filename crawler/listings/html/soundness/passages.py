"""Splits a page into passages: table rows, list items and lines, with their texts and links.

This works on the markup, so the result does not depend on whether the tree was built whole, abridged or in parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape

from crawler.model.struct import Struct, field
from crawler.text.patterns import pattern

_UNSEEN = pattern(r"<!--|<(script|style|template|svg)\b", re.IGNORECASE)
_SCRIPT_ELEMENT = pattern(r"<(script)\b", re.IGNORECASE)
_ENDS = {
    "": pattern("-->"),
    **{name: pattern(rf"</{name}\s{{0,9}}>", re.IGNORECASE) for name in ("script", "style", "template", "svg")},
}
_TAG = pattern(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_HREF = pattern(r"\b(?:data-)?href\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_REGIONS = {"table", "pre", "ul", "ol", "dl"}
_BREAKS = {
    "br", "hr", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "form", "dt", "dd", "section", "article",
    "main", "header", "footer", "nav", "blockquote", "center", "body", "html", "head", "title", "address", "caption",
    "thead", "tbody", "tfoot", "noscript", *_REGIONS,
}  # fmt: skip
_SILENT_ENDS = {"td", "b", "i", "em", "strong", "small", "code", "tt", "time", "font"}
"""Elements whose end tags are skipped for speed: they are half of the tags of a table."""
_BOILERPLATE = {
    "title", "h1", "h2", "h3", "h4", "h5", "h6", "address", "footer", "nav", "caption", "thead", "tfoot", "th",
}  # fmt: skip
_IN_LINKS = {"div", "p", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6"}
"""Blocks that a link may contain."""


class Passage(Struct):
    """A table row, a list item or a line."""

    region: int
    """The number of the table, list or ``pre`` that contains the passage; 0 if none does."""
    kind: str
    """The element name of the region, or ""."""
    boilerplate: bool
    """Whether the passage is a heading, a footer or a menu."""
    at: int
    """The offset of the passage in the markup."""
    opened: str = ""
    """The attributes of the element that begins with the passage, unless it is a link or a part of a row."""
    cells: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of all cells, white space folded."""
        return " ".join(" ".join(self.cells).split())


def visible(markup: str) -> str:
    """``markup`` without comments, scripts and styles."""
    shown, at = list[str](), 0
    for start, stop in _enclosed(markup, _UNSEEN):
        shown.append(markup[at:start])
        at = stop
    return " ".join([*shown, markup[at:]])


def scripts(markup: str) -> list[str]:
    """The script elements of ``markup``, including their start tags."""
    return [markup[start:stop] for start, stop in _enclosed(markup, _SCRIPT_ELEMENT)]


def _enclosed(markup: str, opening: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """(start, end) of the elements that match ``opening``. Linear time: a missing end tag is searched for only once."""
    at, endless = 0, set[str]()
    for found in opening.finditer(markup):
        name = (found[1] or "").lower()
        if found.start() < at or name in endless:
            continue
        end = _ENDS[name].search(markup, found.end())
        if end is None:
            endless.add(name)
            continue
        at = end.end()
        yield found.start(), at


class _Splitter:
    def __init__(self) -> None:
        self.regions: list[tuple[int, str]] = [(0, "")]
        self.boilerplate: list[str] = []
        self.count = self.at = 0
        self.in_link = False
        """Whether the position is inside a link, where a line break belongs to a name and does not end the line."""
        self.link = ""
        """The href of a link that contains blocks, each a passage; "" outside of it."""
        self.blocks = 0
        """Number of blocks that are open inside the link."""
        self.current = self._new()

    def _new(self) -> Passage:
        number, kind = self.regions[-1]
        return Passage(number, kind, bool(self.boilerplate), self.at, cells=[""])

    def finish(self) -> Sequence[Passage]:
        """Begin a new passage. Returns the current one, unless it is empty."""
        self._note_text_of_link()
        done, self.current = self.current, self._new()
        return (done,) if done.hrefs or done.text else ()

    def add_text(self, text: str) -> Sequence[Passage]:
        """Returns the passages that end at a line of ``text``."""
        done: list[Passage] = []
        lines = text.split("\n") if self.regions[-1][1] == "pre" and not self.in_link else [text]
        for number, line in enumerate(lines):
            if number:
                done += self.finish()
            self.current.cells[-1] += unescape(line)
        return done

    def add_tag(self, closing: bool, name: str, attributes: str) -> Sequence[Passage]:
        """Returns the passage that the tag ends, if it ends one."""
        done: Sequence[Passage] = ()
        in_row = self.regions[-1][1] == "table" and name not in {"tr", "thead", "tbody", "tfoot", "caption"}
        if closing and name in self.boilerplate:
            self.boilerplate.remove(name)
        if name in _BREAKS and not (in_row and name not in _REGIONS):
            done = self.finish()
            self.current.opened = "" if closing else attributes
            self._note_block_in_link(name, closing=closing)
        if name in _BOILERPLATE and not closing:
            self.boilerplate.append(name)
            self.current.boilerplate = True
        if name in _REGIONS:
            self._note_region(name, closing=closing)
        elif name in {"td", "th"} and not closing:
            self.current.cells.append("")
        elif in_row and name in _BREAKS:
            self.current.cells[-1] += " "
        if name == "a":
            self._note_text_of_link()
            self.in_link, self.link = not closing, ""
        elif name == "span" and not self.in_link:
            self.current.cells[-1] += " "
        found = None if closing or not attributes else _HREF.search(attributes)
        if found is not None and name not in {"link", "base"}:
            self.current.hrefs.append(unescape(found[1] or found[2] or found[3] or ""))
            if name == "a":
                self.link, self.blocks = self.current.hrefs[-1], 0
        return done

    def _note_text_of_link(self) -> None:
        """Give the current passage the link that contains its text."""
        if self.link and not self.current.hrefs and self.current.text:
            self.current.hrefs.append(self.link)

    def _note_block_in_link(self, name: str, *, closing: bool) -> None:
        """A link without an end tag ends with the block around it, or where no link can go on."""
        if self.link:
            self.blocks += -1 if closing else 1
            if self.blocks < 0 or name not in _IN_LINKS:
                self.link = ""

    def _note_region(self, name: str, *, closing: bool) -> None:
        if not closing:
            self.count += 1
            self.regions.append((self.count, name))
        elif len(self.regions) > 1:
            self.regions.pop()
        self.current = self._new()


def split_passages(markup: str) -> Iterator[Passage]:
    """The passages of ``visible`` markup in order, without those that have neither text nor links.

    A number that an option shows is a choice, and no part of the text around the selection: "Show [10|25] entries".
    """
    splitter, at, is_choice = _Splitter(), 0, False
    for found in _TAG.finditer(markup):
        start, end = found.span()
        if at < start:
            text = markup[at:start]
            if is_choice and text.strip().isdecimal():
                text = " "
            if "\n" in text:
                yield from splitter.add_text(text)
            else:
                splitter.current.cells[-1] += unescape(text)
        at = end
        closing, name, attributes = found.groups()
        if closing and name in _SILENT_ENDS:
            continue
        splitter.at, name = start, name.lower()
        is_choice = name == "option" and not closing
        yield from splitter.add_tag(bool(closing), name, attributes)
    yield from splitter.add_text(markup[at:])
    yield from splitter.finish()
