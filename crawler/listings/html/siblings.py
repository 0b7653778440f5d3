"""Reads short pages that begin like the page of a directory beside them.

The listings of a tree differ in the path that their heads name, and in their rows. What ``Reading`` finds out about the
head of a page (its charset, its links, what they are) is the same for the next directory of the same parent if its head
is the same text but for that path. Only its rows are left to be read. Any other page is left to ``Reading``; a test
ensures that both give the same listing.
"""

from __future__ import annotations

from crawler.listings.html.grammar import Reading, directory_entry, fixed_time
from crawler.listings.html.grammars import GRAMMARS, Grammar
from crawler.listings.page import SELF_CONTAINED, Page
from crawler.listings.values.hrefs import PLAIN_DIRECTORY, LinkKind
from crawler.listings.values.sizes import read_size
from crawler.model.struct import Value
from crawler.model.values import Entry, Kind, Listing, Rejection, Span

_MOST = 64
"""Maximum number of heads that are kept."""
_LONGEST = 3000
"""Maximum length of a head: a charset is declared in the first 4 KiB of a page."""
_FILE = Kind.FILE  # a member of an enumeration takes 80 ns to look up
_ABOVE = {LinkKind.PARENT.value, LinkKind.SORT.value}


class _Head(Value, frozen=True):
    """The head of the pages of directories that have the same parent."""

    grammar: Grammar
    pieces: list[str]
    """Its text before, between and after the places where it has the path of the directory, without a final slash."""
    rejections: tuple[Rejection, ...]
    """Its links: none of them leads elsewhere."""


class SiblingPages:
    """Reads short pages, and remembers how those of each directory begin."""

    def __init__(self) -> None:
        self._heads: dict[tuple[str, str], _Head] = {}
        """(URL of the parent, content type) → head."""

    def read(self, body: bytes, url: str, content_type: str) -> Listing | None:
        """The listing of a page that matches a grammar from end to end; None for any other page."""
        plain = PLAIN_DIRECTORY.fullmatch(url) if body.isascii() else None
        path, siblings = ("", ("", "")) if plain is None else (url[plain.end("host") : -1], (plain[1], content_type))
        head = self._heads.get(siblings)
        if head is not None and (found := _read_rows(head, body.decode("ascii"), url, path)) is not None:
            return found
        reading = Reading.begin(Page(body=body, url=url, content_type=content_type))
        whole = None if reading is None else reading.whole()
        if plain is not None and reading is not None and whole is not None:
            self._note(siblings, reading, path)
        return whole

    def _note(self, siblings: tuple[str, str], reading: Reading, path: str) -> None:
        """Remember the head of the page that ``reading`` has read, if it says the same of all directories beside it."""
        head, links = reading.head, reading.links
        above = path[: path.rindex("/") + 1]
        is_plain = all(
            link.reason in _ABOVE and (link.subject[:1] == "?" or link.subject in {"../", above})
            and path not in link.subject
            for link in links
        )  # fmt: skip
        if is_plain and len(head) <= _LONGEST and reading.page.charset in SELF_CONTAINED:
            if len(self._heads) >= _MOST:
                self._heads.clear()
            self._heads[siblings] = _Head(reading.grammar, head.split(path), links)


def _read_rows(head: _Head, text: str, url: str, path: str) -> Listing | None:
    """The listing of the page ``text`` of the directory ``path`` if it begins with ``head``; None for any other page.

    Each row must be a plain name, and there must be one, because the heading of an empty page is looked at.
    """
    expected, grammar = path.join(head.pieces), head.grammar
    start = len(expected)
    if not text.startswith(expected) or start > _LONGEST or _end_of_head(text, grammar) != start:
        return None
    tiled = grammar.plain_rows.match(text, start)
    end = start if tiled is None else tiled.end()
    tail = text[end:]
    if grammar.tail.fullmatch(tail) is None or "<meta" in tail.lower():
        return None
    rows = grammar.row.findall(text, start, end)
    if not rows or len({row[0] for row in rows}) < len(rows):
        return None
    entries = tuple([_entry(grammar, url, *row) for row in rows])
    return Listing(
        url=url,
        family=grammar.family,
        confidence=1.0,
        is_listing=True,
        entries=entries,
        rejections=head.rejections,
    )


def _end_of_head(text: str, grammar: Grammar) -> int | None:
    """Where the head of ``text`` ends, if the first grammar that it matches is ``grammar``."""
    for each in GRAMMARS:
        head = each.head.match(text)
        if head is not None:
            return head.end() if each is grammar else None
    return None


def _entry(grammar: Grammar, base: str, href: str, time: str, size: str) -> Entry:
    """The entry of a row whose ``href`` is a plain name; see ``Reading``."""
    if href[-1] == "/":
        return directory_entry(href[:-1], base + href, time, size)
    exact = int(size) if size.isdigit() else None
    span = read_size(size, grammar.rounding) if exact is None else Span(exact, exact)
    row = f"{time}  {size}".strip()
    return Entry(name=href, kind=_FILE, url=base + href, size=span, modified=fixed_time(time), row=row)
