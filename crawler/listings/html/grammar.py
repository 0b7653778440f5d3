"""Reads pages that match a known server's output exactly, using a grammar instead of a tree.

Each grammar covers what one server prints, from the first byte to the last: nginx (``ngx_http_autoindex_html``),
Apache (``mod_autoindex``, with ``FancyIndexing``, as a table, and plain), lighttpd (``mod_dirlisting``), Go
(``dirList`` of ``net/http``) and Python (``http.server.list_directory``). A page that deviates anywhere, by a theme, a
header, truncation or an attack, is left to the tolerant reader. For pages that match, a test ensures that both give the
same listing. This is about ten times faster, needs no tree, and proves that the page is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from crawler.listings.html.soundness.diagnostics import another_heading
from crawler.listings.page import Page
from crawler.listings.values.character_references import attribute_value
from crawler.listings.values.hrefs import PLAIN_HREF, LinkKind, Resolver, Target
from crawler.listings.values.mentioned_names import are_elsewhere, row_rejection
from crawler.listings.values.queries import has_parameter, is_doubtful
from crawler.listings.values.sizes import Rounding, read_size
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.struct import Value
from crawler.model.values import Entry, Kind, Listing, Rejection, Span
from crawler.text.months import MONTHS
from crawler.text.patterns import pattern

PIECE = 2_000
"""Maximum number of entries in a piece of a listing."""


class Grammar(Value, frozen=True):
    """The pages of one server, in order: head, rows, tail. ``row`` has the groups href, time and size."""

    family: str
    head: re.Pattern[str]
    row: re.Pattern[str]
    tail: re.Pattern[str]
    rounding: Rounding = Rounding.SAFE


def _grammar(family: str, head: str, row: str, tail: str, rounding: Rounding = Rounding.SAFE) -> Grammar:
    return Grammar(family, pattern(head), pattern(row), pattern(tail), rounding)


_NEWLINE = r"\r?\n"
_HREF = r'(?P<href>[^"<>\s\0\ud800-\udfff]+)'  # ``Page.markup`` replaces NUL and surrogates
_LINK = rf'<a href="{_HREF}">[^<]*</a>'
_DMY, _YMD = r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d"
_IMG = r"<img [^<>]*>"
_ICON = rf"(?:{_IMG}|&nbsp;)"
_ADDRESS = r"(?:<address>[^<]*</address>\n)?</body></html>\s*"
_APACHE = (
    r"(?:<!DOCTYPE [^<>]*>\n)?<html>\n <head>\n  <title>Index of [^<]*</title>\n </head>\n <body>\n"
    r"<h1>Index of [^<]*</h1>\n"
)
_APACHE_SIZE = r"(?P<size>-|\d{1,3}|\d{1,3}[KMGTPE]|\d\.\d[KMGTPE])"
_SORT = r'<a href="\?C=[NMSD];O=[AD]">'

GRAMMARS = (
    _grammar(
        "nginx-pre",
        rf"<html>{_NEWLINE}<head><title>Index of [^<]*</title></head>{_NEWLINE}"
        rf"<body(?: bgcolor=\"white\")?>{_NEWLINE}"
        rf"<h1>Index of [^<]*</h1><hr><pre><a href=\"\.\./\">\.\./</a>{_NEWLINE}",
        rf"{_LINK} +(?P<time>{_DMY}) +(?P<size>-|\d+[KMG]?){_NEWLINE}",
        rf"</pre><hr></body>{_NEWLINE}</html>\s*",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-pre",
        rf"{_APACHE}<pre>(?:{_IMG}| {{5}})? ?{_SORT}Name</a> *{_SORT}Last modified</a> *{_SORT}Size"
        rf"</a>(?: *{_SORT}Description</a>)?"
        rf" *<hr>(?:(?:{_IMG} | {{6}})?<a href=\"[^\"<>]*\">Parent Directory</a> +(?:(?:{_YMD}|{_DMY}) +)?- *\n)?",
        rf"(?:{_IMG} | {{6}})?{_LINK} +(?P<time>{_YMD}|{_DMY}) +{_APACHE_SIZE}(?: [^<\n]*)?\n",
        rf"<hr></pre>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-table",
        rf"{_APACHE}  <table>\n   <tr><th valign=\"top\">{_ICON}</th><th>{_SORT}Name</a></th>"
        rf"<th>{_SORT}Last modified</a></th>"
        rf"<th>{_SORT}Size</a></th>(?:<th>{_SORT}Description</a></th>)?</tr>\n   <tr><th colspan=\"\d\"><hr></th>"
        rf"</tr>\n"
        rf"(?:<tr><td valign=\"top\">{_ICON}</td><td><a href=\"[^\"<>]*\">Parent Directory</a> *</td>"
        rf"<td>&nbsp;</td><td align=\"right\"> *- *</td>(?:<td>&nbsp;</td>)?</tr>\n)?",
        rf"<tr><td valign=\"top\">{_ICON}</td><td>{_LINK} *</td><td align=\"right\">(?P<time>{_YMD}|{_DMY}) *</td>"
        rf"<td align=\"right\"> *{_APACHE_SIZE} *</td>(?:<td>[^<]*</td>)?</tr>\n",
        rf" *<tr><th colspan=\"\d\"><hr></th></tr>\n</table>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "apache-ul",
        rf"{_APACHE}<ul>(?:<li><a href=\"[^\"<>]*\"> Parent Directory</a></li>\n)?",
        rf'(?:<li><a href="{_HREF}"> [^<]*</a></li>\n)(?P<time>)(?P<size>)',
        rf"</ul>\n{_ADDRESS}",
        Rounding.NEAREST,
    ),
    _grammar(
        "lighttpd",
        r"<!DOCTYPE html>\n<html>\n<head>\n(?:<meta [^<>]*>\n)?<title>Index of [^<]*</title>\n"
        r"<style type=\"text/css\">[^<]*</style>\n"
        r"</head>\n<body>\n<h2>Index of [^<]*</h2>\n<div class=\"list\">\n"
        r"<table summary=\"Directory Listing\" [^<>]*>\n"
        r"<thead><tr><th class=\"n\">Name</th><th class=\"m\">Last Modified</th><th class=\"s\">Size</th>"
        r"<th class=\"t\">Type</th></tr></thead>\n<tbody>\n"
        r"(?:<tr class=\"d\"><td class=\"n\"><a href=\"\.\./\">\.\.</a>/</td><td class=\"m\">&nbsp;</td>"
        r"<td class=\"s\">- &nbsp;</td><td class=\"t\">Directory</td></tr>\n)?",
        rf"<tr(?: class=\"d\")?><td class=\"n\">{_LINK}/?</td><td class=\"m\">(?P"
        rf"<time>\d{{4}}-[A-Z][a-z]{{2}}-\d\d \d\d:\d\d:\d\d)</td>"
        r"<td class=\"s\">(?P<size>-|\d+\.\d[KMGTPE])(?: &nbsp;)?</td><td class=\"t\">[^<]*</td></tr>\n",
        r"(?s:</tbody>\n</table>\n</div>\n<div class=\"foot\">[^<]*</div>\s*(?:"
        r"<script type=\"text/javascript\">.{0,20000}?</script>\s*)?"
        r"</body>\n</html>\s*)",
        Rounding.FLOOR,
    ),
    _grammar(
        "go-http",
        r"(?:<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n)?<pre>\n",
        rf"(?:{_LINK}\n)(?P<time>)(?P<size>)",
        r"</pre>\n",
    ),
    _grammar(
        "python",
        r"<!DOCTYPE [^<>]*>\n<html(?: lang=\"en\")?>\n<head>\n<meta [^<>]*>\n(?:<style type=\"text/css\">[^<]*"
        r"</style>\n)?"
        r"<title>Directory listing for [^<]*</title>\n</head>\n<body>\n<h1>Directory listing for [^<]*</h1>\n"
        r"<hr>\n<ul>\n",
        rf"(?:<li>{_LINK}</li>\n)(?P<time>)(?P<size>)",
        r"</ul>\n<hr>\n</body>\n</html>\s*",
    ),
)  # fmt: skip

_HREF_OF_HEAD = pattern(r'<a href="([^"]*)"')
_MINUTE = timedelta(seconds=59)
_EPOCH_YEAR = 1970
_FILE = Kind.FILE  # a member of an enumeration takes 80 ns to look up


def read_by_grammar(page: Page) -> Listing | None:
    """The listing of a page that matches a grammar from end to end; None for any other page."""
    reading = Reading.begin(page, set())
    if reading is None:
        return None
    entries = [entry for piece in reading.pieces(len(page.text)) for entry in piece]
    return reading.verdict(tuple(entries)) if reading.matched else None


class Reading:
    """One pass over a page with a grammar."""

    def __init__(self, page: Page, grammar: Grammar, start: int, seen: set[str]) -> None:
        self.page, self.grammar, self.start, self.seen = page, grammar, start, seen
        self.matched = False
        self.rejections: list[Rejection] = []
        self.resolver = Resolver(page.url)
        self._sizes: dict[str, Span[int] | None] = {"": None}
        self._times: dict[str, Span[datetime] | None] = {"": None}
        for found in _HREF_OF_HEAD.finditer(page.text, 0, start):
            self._reject(attribute_value(found[1]))

    @classmethod
    def begin(cls, page: Page, seen: set[str]) -> Reading | None:
        """A reading positioned after the head of the page; None if no grammar's head matches.

        The reading adds the URLs of its entries to ``seen``.
        """
        if page.start[:1] != b"<" or "?" in page.url:
            return None
        for grammar in GRAMMARS:
            head = grammar.head.match(page.text)
            if head is not None:
                reading = cls(page, grammar, head.end(), seen)
                return reading if all(link.reason in _NAVIGATION for link in reading.rejections) else None
        return None

    def pieces(self, size: int) -> Iterator[list[Entry]]:
        """The entries in lists of at most ``size``. ``matched`` is then True if the rest of the page matched too."""
        text, position = self.page.text, self.start
        piece: list[Entry] = []
        match_row, seen, is_plain, entry = self.grammar.row.match, self.seen, PLAIN_HREF.fullmatch, self._entry
        base = self.resolver.plain_base
        while found := match_row(text, position):
            position = found.end()
            href, time, listed = found.group("href", "time", "size")
            if base is not None and is_plain(href):
                slash = href[-1] == "/"
                name, url = href[:-1] if slash else href, base + href
            else:
                target = self._target(attribute_value(href))
                if target is None:
                    yield piece  # its entries are in ``seen`` already
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
                yield piece
                piece = []
        self.matched = self.grammar.tail.fullmatch(text, position) is not None
        yield piece

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
        is_elsewhere = are_elsewhere(self.rejections) and all(url.endswith("/") for url in self.seen)
        heading = None if self.seen else another_heading(self.page.text, self.page.url)
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
        sizes, times = self._sizes, self._times
        if size not in sizes:
            sizes[size] = read_size(size, self.grammar.rounding)
        if time not in times:
            times[time] = _fixed_time(time)
        modified, row = times[time], f"{time}  {size}".strip()
        if not slash:
            return Entry(name=name, kind=_FILE, url=url, size=sizes[size], modified=modified, row=row)
        if modified is not None and modified.low.year <= _EPOCH_YEAR:
            modified = None
        return Entry(name=name, kind=Kind.DIRECTORY, url=url, modified=modified, row=row)


# In a root, which has no link to a parent, a file called "Parent Directory" looks like one.
_NAVIGATION = {kind.value for kind in (LinkKind.SORT, LinkKind.PARENT, LinkKind.BREADCRUMB, LinkKind.SELF)}
_HARMLESS = {LinkKind.BAD_NAME, LinkKind.SELF, LinkKind.PARENT}


def _fixed_time(text: str) -> Span[datetime] | None:
    """``06-May-2025 03:08``, ``2025-05-06 03:08`` or ``2025-May-06 03:08:09``, naive, in the server's zone."""
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
