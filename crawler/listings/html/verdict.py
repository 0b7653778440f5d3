"""Decides whether a page is a listing.

A page needs positive evidence, because the verdict decides whether local files may be deleted. Evidence is a heading
that names this very directory, sort links, column headings, a link up, rows with dates and sizes, and link texts that
are the names of their targets. The absence of evidence against a listing never counts. The weights of the marks are
added up; a login form or the words of an error subtract from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from crawler.listings.html.families import Family
from crawler.listings.html.titles import Titles
from crawler.listings.html.tree.survey import is_text
from crawler.model.struct import Value

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_EMPTY_WORDS = re.compile(
    r"\((?:no files|empty)\)"
    r"|\b(?:no files?(?: or (?:folders|directories))? (?:in this|found|here|to (?:show|list|display))"
    r"|(?:folder|directory) is empty|empty (?:folder|directory)|0 (?:files|items|objects|directories)\b)",
    re.IGNORECASE,
)
_NEEDED = 3.0
_MOST_OTHERS = 3
"""Maximum number of other links, such as those of a footer, on the page of an empty directory."""
_MOST = 0.8
"""Minimum share of the rows with an unknown extension."""
_MANY, _SOME = 10, 3
"""Minimum number of file names that are evidence enough without other marks, and on a page that is placed."""


class Evidence(Value, frozen=True):
    """Counts over the rows of a page, and facts about the rest of the page."""

    entries: int = 0
    matching: int = 0
    """Entries whose links show their names."""
    dated: int = 0
    sized: int = 0
    measured: bool = False
    """Whether what looks like sizes is under a heading for something else."""
    weighed: int = 0
    """Directories with a size that only their slash shows to be any."""
    slashed: int = 0
    """Directories whose link text ends in a slash."""
    filelike: int = 0
    """Names with a file extension other than a web page's."""
    typed: int = 0
    """Those with the extension of a common type of files."""
    alike: int = 0
    """Those with the same other extension."""
    directories: int = 0
    """Rows that an icon, a class or a column marks as a directory."""
    queried: int = 0
    """Rows whose queries name a directory below the listed one."""
    foreign: int = 0
    """Entries outside the directory. The other counts exclude them, because any page may link to such files."""
    sort_links: int = 0
    parent: bool = False
    """Whether any link leads to the directory above."""
    up: bool = False
    """Whether one of those does not look like the link to the home page that any page may have."""
    back: bool = False
    """Whether all of those are labelled as a link home or back, such as any page may have."""
    inside: bool = False
    """Whether such a link is a row of the listing itself."""
    headings: int = 0
    empty: bool = False
    """Whether the page says that the directory is empty."""
    words: int = 0
    """Words outside the rows."""
    others: int = 0
    """Links on a page without rows that lead neither up nor to the page itself."""


def says_empty(soup: BeautifulSoup) -> bool:
    """True if the page says in words that the directory is empty."""
    return any(is_text(node) and len(node) < 200 and _EMPTY_WORDS.search(node) for node in soup.descendants)


class PageFacts(Value, frozen=True):
    """The facts about a page to which the marks apply."""

    rows: Evidence
    titles: Titles
    family: Family

    @property
    def heading(self) -> float:
        """How clearly a heading says that the page is an index."""
        return self.titles.score

    def share(self, count: int) -> float:
        """``count`` as a share of the rows."""
        return count / self.rows.entries if self.rows.entries else 0.0

    @property
    def sized(self) -> int:
        """Rows with a size. Another measure is none where no more than the title may be that of a listing."""
        return 0 if self.rows.measured and not self.is_linked else self.rows.sized

    @property
    def columns(self) -> int:
        """0 to 2: how many of date and size are in most rows."""
        return (self.share(self.rows.dated) >= 0.5) + (self.share(self.sized) >= 0.5)

    @property
    def files(self) -> float:
        """The share of rows that are files whatever page they are on.

        A name that ends in a word may be a person, a domain or a share; an unknown extension counts if most rows have
        it, and sizes. Where something places the page in a directory, any extension does.
        """
        if self.is_placed:
            return self.share(self.rows.filelike)
        is_type = self.share(self.rows.typed + self.rows.alike) >= _MOST and self.share(self.sized) >= _MOST
        return self.share(self.rows.typed + (self.rows.alike if is_type else 0))

    @property
    def is_headed(self) -> bool:
        """True if the page identifies itself: by its heading, or by markup that only one program prints."""
        return self.heading >= 2.0 or self.family.proves

    @property
    def is_placed(self) -> bool:
        """True if anything shows that the page is that of a directory rather than a page about some files."""
        return self.is_linked or self.titles.is_own

    @property
    def is_linked(self) -> bool:
        """True if a link to the directory above shows that, or what only one program prints."""
        return self.leads_up or self.family.name != "generic"

    @property
    def leads_up(self) -> bool:
        """True if a link leads to the directory above. "Back" does so on any page: it needs a title that fits."""
        titles = self.titles
        is_fitting = self.heading >= (1.0 if titles.is_own else 2.0) and not titles.is_other
        return self.rows.up and (not self.rows.back or is_fitting)


class Mark(Value, frozen=True):
    """Evidence for a listing, or against one if its weight is negative."""

    weight: float
    why: str
    shows: Callable[[PageFacts], bool]


MARKS = (
    Mark(1.0, "a heading has the path, or words that head lists", lambda page: page.heading >= 1.0),
    Mark(1.0, "a heading calls the page an index", lambda page: page.heading >= 2.0),
    Mark(1.0, "a heading names this very directory", lambda page: page.heading >= 3.0),
    Mark(1.5, "links that sort the rows", lambda page: page.rows.sort_links >= 2),
    Mark(1.5, "headings of two columns", lambda page: page.rows.headings >= 2),
    Mark(0.75, "headings of a third column", lambda page: page.rows.headings >= 3),
    Mark(1.0, "a link to the directory above",
         lambda page: page.leads_up or (page.rows.parent and (page.heading >= 1.0 or page.family.proves))),
    Mark(1.0, "words that the directory is empty", lambda page: page.rows.empty),
    Mark(1.0, "markup that only one program prints", lambda page: page.family.proves),
    Mark(3.0, "such markup, and the page around the rows fits",
         lambda page: page.family.proves and bool(page.heading or page.rows.headings or page.rows.parent)),
    Mark(1.0, "names with a date or a size in some rows",
         lambda page: page.share(page.rows.matching) >= 0.5 and bool(page.rows.dated or page.sized)),
    Mark(1.0, "names with a date or a size in most rows",
         lambda page: page.share(page.rows.matching) >= 0.5 and page.columns >= 1),
    Mark(1.5, "a date and a size in most rows", lambda page: page.columns == 2),
    Mark(0.5, "links show the names of their targets", lambda page: page.share(page.rows.matching) >= 0.8),
    Mark(0.5, "three such links", lambda page: page.share(page.rows.matching) >= 0.8 and page.rows.entries >= 3),
    Mark(0.5, "ten such links", lambda page: page.share(page.rows.matching) >= 0.8 and page.rows.entries >= 10),
    Mark(1.0, "directories are shown with their slash", lambda page: page.rows.slashed > 0),
    Mark(2.0, "most rows are marked as directories", lambda page: page.share(page.rows.directories) >= 0.5),
    Mark(1.5, "queries name directories below this one", lambda page: page.share(page.rows.queried) >= 0.5),
    Mark(1.5, "most names are file names",
         lambda page: page.share(page.rows.filelike) >= 0.5 and page.share(page.rows.matching) >= 0.5),
    Mark(-3.0, "words of an error, or a password field", lambda page: page.titles.is_error),
    Mark(-1.0, "prose, and few rows",
         lambda page: page.rows.entries < 5 and page.rows.words > 400 * (page.rows.entries + 1)),
)  # fmt: skip


def weigh(page: PageFacts) -> float:
    """The sum of the marks' weights; a listing has at least ``_NEEDED``."""
    return sum(mark.weight for mark in MARKS if mark.shows(page))


def is_recognised(page: PageFacts) -> bool:
    """True if the marks suffice for a listing.

    A page without rows needs more than a heading: columns, a link up, words for emptiness, or the markup of a known
    program under a heading that names this very directory; or all that a listing has around its rows. If rows lead
    elsewhere, the directory is not empty. A page that does not identify itself must have the form of a listing.
    """
    score, rows = weigh(page), page.rows
    if rows.entries:
        return score >= _NEEDED and (page.is_headed or has_form(page))
    if is_empty_frame(page):
        return True
    if rows.foreign or not (page.heading >= 2.0 or (page.family.proves and page.heading >= 1.0)):
        return False
    marks = (rows.sort_links >= 2) + (rows.headings >= 2) + rows.parent + rows.empty
    marks += page.family.proves and page.heading >= 3.0
    return score >= _NEEDED + 1.0 and marks >= 1


def is_frame(page: PageFacts) -> bool:
    """True if what stands around the rows is that of a listing: columns, and a title that says nothing else."""
    rows, titles = page.rows, page.titles
    is_known = titles.is_own or titles.is_missing or page.heading >= 1.0 or page.family.name != "generic"
    is_marked = page.family.proves and (titles.is_own or titles.is_missing)
    has_columns = rows.headings >= 2 or rows.sort_links >= 2 or is_marked
    return is_known and has_columns and not (titles.is_error or titles.is_other)


def is_empty_frame(page: PageFacts) -> bool:
    """True if a page without rows has all that a listing has around its rows, and a link up."""
    rows, is_named = page.rows, page.family.proves or not page.titles.is_missing
    return is_named and rows.up and not rows.foreign and rows.others <= _MOST_OTHERS and is_frame(page)


def has_form(page: PageFacts) -> bool:
    """True if the rows alone look like files rather than packages, threads or articles.

    A single link is not enough, and neither are dates or the last segments of URLs, which any table may contain. On a
    page that nothing places in a directory, most rows must be files by their names, or directories by their marks.
    """
    rows, titles = page.rows, page.titles
    if titles.is_error or (titles.is_other and not page.leads_up):
        return False
    named, files = page.share(rows.matching), page.files
    has_marks = bool(rows.filelike or rows.directories or rows.slashed) or rows.headings >= 2 or rows.sort_links >= 2
    is_own = page.is_linked or (page.is_placed and page.share(rows.weighed) < 0.5)
    if rows.entries < 2:
        is_row = page.columns == 2 and rows.headings >= 3
        return is_own and named > 0 and (is_row or (rows.up and page.columns > 0 and is_frame(page)))
    marked = page.share(rows.slashed) >= 0.5 or page.share(rows.directories + rows.queried) >= 0.5
    is_file_list = is_own or files + page.share(rows.directories + rows.slashed - rows.weighed) >= 0.5
    return (
        (page.columns == 2 and has_marks and is_file_list and (named >= 0.5 or (files >= 0.5 and page.is_placed)))
        or (page.share(page.sized) >= 0.5 and has_marks and is_file_list and named >= 0.8)
        or (page.is_placed and rows.sort_links >= 2 and rows.headings >= 2 and named >= 0.5)
        or (rows.inside and named >= 0.8 and is_frame(page))
        or (
            marked
            and named >= 0.8
            and (page.is_placed or page.sized > rows.weighed or not (rows.headings or rows.dated))
        )
        or (files >= 0.8 and named >= 0.9 and rows.entries >= _MANY)
        or (page.is_placed and files + page.share(rows.slashed) >= 0.8 and named >= 0.9 and rows.entries >= _SOME)
    )
