"""Reads pages that match a known server's output exactly, using a grammar instead of a tree.

Each grammar covers what one server prints, from the first byte to the last: nginx (``ngx_http_autoindex_html``),
Apache (``mod_autoindex``, with ``FancyIndexing``, as a table, and plain), lighttpd (``mod_dirlisting``), Go
(``dirList`` of ``net/http``) and Python (``http.server.list_directory``). A page that deviates anywhere, by a theme, a
header, truncation or an attack, is left to the tolerant reader. For pages that match, a test ensures that both give the
same listing. This is about ten times faster, needs no tree, and proves that the page is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from crawler.listings.html.grammars import GRAMMARS, Grammar
from crawler.listings.html.soundness.heading import another_heading
from crawler.listings.page import Page
from crawler.listings.values.character_references import attribute_value
from crawler.listings.values.hrefs import PLAIN_HREF, LinkKind, Resolver, Target
from crawler.listings.values.mentioned_names import are_elsewhere, row_rejection
from crawler.listings.values.queries import has_parameter, is_doubtful
from crawler.listings.values.sizes import read_size
from crawler.model import limits
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Entry, Kind, Listing, Rejection, Span
from crawler.text.http_fields import MONTHS
from crawler.text.names.hashed import HashedTexts
from crawler.text.patterns import pattern

PIECE = 2_000
"""Maximum number of entries in a piece of a listing."""
_LONGEST_ROW = 1 << 16
"""Number of characters that no row is expected to exceed."""


_HREF_OF_HEAD = pattern(r'<a href="([^"]*)"')
_MINUTE = timedelta(seconds=59)
_EPOCH_YEAR = 1970
_FILE, _DIRECTORY = Kind.FILE, Kind.DIRECTORY  # a member of an enumeration takes 80 ns to look up


def read_by_grammar(page: Page) -> Listing | None:
    """The listing of a page that matches a grammar from end to end; None for any other page."""
    reading = Reading.begin(page)
    return None if reading is None else reading.whole()


class Reading:
    """One pass over a page with a grammar."""

    def __init__(self, page: Page, grammar: Grammar, windows: Iterator[str], text: str, start: int) -> None:
        """``windows``: the text of the page after ``text``, whose rows begin at ``start``."""
        self.page, self.grammar = page, grammar
        self._windows, self._text, self._start = windows, text, start
        self._seen: set[str] | HashedTexts = set()
        self._shows_files = False
        self.matched = False
        self.rejections: list[Rejection] = []
        self.resolver = Resolver(page.url)
        self._sizes: dict[str, Span[int] | None] = {"": None}
        self.head = text[:start]
        for found in _HREF_OF_HEAD.finditer(text, 0, start):
            self._reject(attribute_value(found[1]))
        self.links = tuple(self.rejections)
        """The links in the head."""

    @classmethod
    def begin(cls, page: Page) -> Reading | None:
        """A reading positioned after the head of the page; None if no grammar's head matches."""
        if page.start[:1] != b"<" or "?" in page.url:
            return None
        windows = page.windows()
        text = next(windows)
        for grammar in GRAMMARS:
            head = grammar.head.match(text)
            if head is not None:
                reading = cls(page, grammar, windows, text, head.end())
                return reading if all(link.reason in _NAVIGATION for link in reading.rejections) else None
        return None

    def whole(self) -> Listing | None:
        """The listing, if the page matches to its end; otherwise None."""
        entries = [entry for piece in self.pieces(len(self.page.body)) for entry in piece]
        return self.verdict(tuple(entries)) if self.matched else None

    def pieces(self, size: int) -> Iterator[list[Entry]]:
        """The entries in lists of at most ``size``. ``matched`` is then True if the rest of the page matched too."""
        piece: list[Entry] = []
        match_row, seen, is_plain, entry = self.grammar.row.match, self._seen, PLAIN_HREF.fullmatch, self._entry
        base, text, position = self.resolver.plain_base, self._text, self._start
        while True:
            while found := match_row(text, position):
                position = found.end()
                href, time, listed = found.group("href", "time", "size")
                if base is not None and is_plain(href):
                    slash = href[-1] == "/"
                    name, url = href[:-1] if slash else href, base + href
                else:
                    target = self._target(attribute_value(href))
                    if target is None:
                        yield piece
                        return
                    if target.kind is not LinkKind.CHILD:
                        continue
                    name, url, slash = target.name, target.url, target.slash
                if url in seen:  # no server prints a row twice: the tree reader compares the two
                    yield piece
                    return
                seen.add(url)
                piece.append(entry(name, url, slash, time, listed))
                if len(piece) >= size:
                    seen = self._noted(piece, seen)
                    yield piece
                    piece = []
            rest = self._next_window(text, position)
            if rest is None:
                break
            text, position = rest, 0
        self._noted(piece, seen)
        self.matched = self.grammar.tail.fullmatch(text, position) is not None
        yield piece

    def _noted(self, piece: list[Entry], seen: set[str] | HashedTexts) -> set[str] | HashedTexts:
        """Note ``piece``. Returns the set of the URLs seen so far, in the form in which it takes less memory."""
        self._shows_files = self._shows_files or any(entry.kind is _FILE for entry in piece)
        if isinstance(seen, set) and len(seen) > limits.EXACT_NAMES:
            seen = HashedTexts(seen)
        self._seen = seen
        return seen

    def _next_window(self, text: str, position: int) -> str | None:
        """The rest of ``text``, which matches no row, and the text that follows it; None if none follows.

        Every row ends with a newline, as does every window, so that a row matches a window as it would match the page.
        """
        following = next(self._windows, None)
        if following is not None and len(text) - position > _LONGEST_ROW:  # no row, but the tail or something else
            following += "".join(self._windows)
        return None if following is None else text[position:] + following

    def _target(self, href: str) -> Target | None:
        """The target of a row; None if only the tree reader, which looks at the text of the link, knows what it is.

        A target that is no entry is added to the rejections.
        """
        target = self.resolver.target(href)
        is_open = is_doubtful(href) or has_parameter(href)
        if is_open or target.kind not in _HARMLESS | {LinkKind.CHILD}:
            return None
        if target.kind is not LinkKind.CHILD:
            self.rejections.append(row_rejection(target.kind.value, href, target.problem, target.name))
        return target

    def part(self, entries: list[Entry]) -> Listing:
        """``entries`` as a piece before the end of the page, so without a verdict."""
        family = self.grammar.family
        return Listing(
            url=self.page.url, family=family, confidence=0.9, is_listing=False, complete=False, entries=tuple(entries)
        )

    def verdict(self, entries: tuple[Entry, ...]) -> Listing:
        """The last piece, with the verdict: ``entries``, the rejections, and the proof that the page is complete."""
        is_elsewhere = are_elsewhere(self.rejections) and not self._shows_files
        heading = None if self._seen else another_heading(self.page.text, self.page.url)
        flaws = (Flaw(FlawKind.ELSEWHERE) if is_elsewhere else None, heading)
        return Listing(
            url=self.page.url,
            family=self.grammar.family,
            confidence=1.0,
            is_listing=True,
            entries=entries,
            rejections=tuple(self.rejections),
            conclusive=not any(flaws),
            flaws=tuple(flaw for flaw in flaws if flaw is not None),
        )

    def _reject(self, href: str) -> None:
        target = self.resolver.target(href)
        self.rejections.append(Rejection(target.kind.value, href, target.problem))

    def _entry(self, name: str, url: str, slash: bool, time: str, size: str) -> Entry:
        if slash:
            return directory_entry(name, url, time, size)
        sizes = self._sizes
        if size not in sizes:
            sizes[size] = read_size(size, self.grammar.rounding)
        modified, row = fixed_time(time), f"{time}  {size}".strip()
        return Entry(name=name, kind=_FILE, url=url, size=sizes[size], modified=modified, row=row)


# In a root, which has no link to a parent, a file called "Parent Directory" looks like one.
_NAVIGATION = {kind.value for kind in (LinkKind.SORT, LinkKind.PARENT, LinkKind.BREADCRUMB, LinkKind.SELF)}
_HARMLESS = {LinkKind.BAD_NAME, LinkKind.SELF, LinkKind.PARENT}


def directory_entry(name: str, url: str, time: str, size: str) -> Entry:
    """The entry of a row that shows a directory, with ``time`` and ``size`` as printed."""
    modified = fixed_time(time)
    if modified is not None and modified.low.year <= _EPOCH_YEAR:
        modified = None
    return Entry(name=name, kind=_DIRECTORY, url=url, modified=modified, row=f"{time}  {size}".strip())


@lru_cache(4096)
def fixed_time(text: str) -> Span[datetime] | None:
    """``06-May-2025 03:08``, ``2025-05-06 03:08`` or ``2025-May-06 03:08:09``, naive, in the server's zone."""
    if not text:
        return None
    try:
        if text[2] == "-":
            day, month, year = int(text[:2]), MONTHS[text[3:6]], int(text[7:11])
        elif len(text) == 16:
            year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
        else:
            year, month, day = int(text[:4]), MONTHS[text[5:8]], int(text[9:11])
        clock = text.rpartition(" ")[2]
        seconds = int(clock[6:8]) if len(clock) == 8 else 0
        start = datetime(year, month, day, int(clock[:2]), int(clock[3:5]), seconds)  # noqa: DTZ001 - in the server's zone
    except (ValueError, KeyError):
        return None
    return Span(start, start if len(clock) == 8 else start + _MINUTE)
