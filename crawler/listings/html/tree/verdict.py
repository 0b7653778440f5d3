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
from crawler.listings.html.tree.survey import Survey, is_text, squeezed
from crawler.model.struct import Value
from crawler.text.urls import decoded

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

_INDEX_WORDS = re.compile(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)(?: (?:all )?files)?(?= *[/:]|$)"
    r"|(?:directory|folder|file) (?:listing|index|contents?)"
    r"|listing (?:of|for|directory)|contents? of(?= *[/:]|$)|files (?:of|in|under)(?= *[/:])"
    r"|simple (?:package )?index|links for|listing$|[^:]{1,200}: simple list\b|inhalt von|содержимое)",
    re.IGNORECASE,
)
_VAGUE_WORDS = re.compile(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)|contents? of|directory\b|folder\b|browsing|目录|collection:)",
    re.IGNORECASE,
)
"""Headings that are also used for other lists: articles, people, the sections of a page."""
_ERROR_WORDS = re.compile(
    r"\b(?:40[0-9]|50[0-9])\b|not found|forbidden|unauthori[sz]ed|access denied|error\b|log ?in|sign ?in|bad gateway|"
    r"unavailable|captive|wi-?fi|just a moment|checking your browser|nicht gefunden|introuvable|no encontrad",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r".\.(?!(?:s?html?|php\d?|aspx?|jsp|cgi|do)$)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,7}"
    r"(?:\.(?:gz|xz|bz2|zst|asc|sig|md5|sha\d+))?$",
    re.IGNORECASE,
)
"""A name with an extension, which contains a letter: ``3.6.4`` and ``name-1.00`` are versions."""
_HOST_NAME = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|eu|uk|de|fr|nl|it|es|ch|at|us|ca|ru|jp|cn|br|pl|se|no|fi|dk)$",
    re.IGNORECASE,
)
_EMPTY_WORDS = re.compile(
    r"\((?:no files|empty)\)"
    r"|\b(?:no files?(?: or (?:folders|directories))? (?:in this|found|here|to (?:show|list|display))"
    r"|(?:folder|directory) is empty|empty (?:folder|directory)|0 (?:files|items|objects|directories)\b)",
    re.IGNORECASE,
)
_NEEDED = 3.0
_MANY = 10
"""Minimum number of file names that are evidence enough without other marks."""


class Evidence(Value, frozen=True):
    """Counts over the rows of a page, and facts about the rest of the page."""

    entries: int = 0
    matching: int = 0
    """Entries whose links show their names."""
    dated: int = 0
    sized: int = 0
    slashed: int = 0
    """Directories whose link text ends in a slash."""
    filelike: int = 0
    """Names with a file extension other than a web page's."""
    directories: int = 0
    """Rows that an icon, a class or a column marks as a directory."""
    queried: int = 0
    """Rows whose queries name a directory below the listed one."""
    foreign: int = 0
    """Entries outside the directory. The other counts exclude them, because any page may link to such files."""
    sort_links: int = 0
    parent: bool = False
    headings: int = 0
    empty: bool = False
    """Whether the page says that the directory is empty."""
    words: int = 0
    """Words outside the rows."""


def is_filelike(name: str) -> bool:
    """True for a name with a file extension other than a web page's."""
    return bool(_FILE_NAME.search(name[-40:])) and not _HOST_NAME.match(name)


def heading_score(survey: Survey, path: str) -> float:
    """A score for how clearly the title or headings say that the page is an index.

    3 for an index of this very directory, 2 for one of some directory, 1 for the bare path or for words that other
    lists use too, else 0.
    """
    wanted = decoded(path).strip("/")
    best = 0.0
    for tag in survey.first("title", "h1", "h2", "h3", "h4", "caption", limit=3):
        text = squeezed(tag.get_text(" "))[:6000]
        vague = _VAGUE_WORDS.match(text)
        words = _INDEX_WORDS.match(text)
        named = _names_path(text, wanted, anywhere=not (words or vague))
        if named and (words or (vague and "/" in text)):
            return 3.0
        if words:
            best = max(best, 2.0)
        elif named or vague:
            best = max(best, 1.0)
    return best


def _names_path(text: str, wanted: str, *, anywhere: bool) -> bool:
    plain = squeezed(decoded(text).replace(" /", "/").replace("/ ", "/")).rstrip("/ ")
    if wanted:
        return plain.endswith(squeezed(wanted)) or ("/" in plain and plain.endswith("/" + wanted.rpartition("/")[2]))
    return not anywhere and text.rstrip().endswith("/")


def says_empty(soup: BeautifulSoup) -> bool:
    """True if the page says in words that the directory is empty."""
    return any(is_text(node) and len(node) < 200 and _EMPTY_WORDS.search(node) for node in soup.descendants)


def says_error(survey: Survey) -> bool:
    """True if the title or the first headings mention an error or a login, or the page has a password field."""
    headings = " ".join(tag.get_text(" ")[:200] for tag in survey.first("title", "h1", "h2", limit=1))
    if _INDEX_WORDS.match(headings.strip()):
        return False
    has_password = any(str(tag.attrs.get("type", "")).lower() == "password" for tag in survey.named["input"])
    return has_password or bool(_ERROR_WORDS.search(headings))


class PageFacts(Value, frozen=True):
    """The facts about a page to which the marks apply."""

    rows: Evidence
    heading: float
    family: Family
    error: bool = False

    def share(self, count: int) -> float:
        """``count`` as a share of the rows."""
        return count / self.rows.entries if self.rows.entries else 0.0

    @property
    def columns(self) -> int:
        """0 to 2: how many of date and size are in most rows."""
        return (self.share(self.rows.dated) >= 0.5) + (self.share(self.rows.sized) >= 0.5)

    @property
    def is_headed(self) -> bool:
        """True if the page identifies itself: by its heading, or by markup that only one program prints."""
        return self.heading >= 2.0 or self.family.proves


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
    Mark(1.0, "a link to the directory above", lambda page: page.rows.parent),
    Mark(1.0, "words that the directory is empty", lambda page: page.rows.empty),
    Mark(1.0, "markup that only one program prints", lambda page: page.family.proves),
    Mark(3.0, "such markup, and the page around the rows fits",
         lambda page: page.family.proves and bool(page.heading or page.rows.headings or page.rows.parent)),
    Mark(1.0, "names with a date or a size in some rows",
         lambda page: page.share(page.rows.matching) >= 0.5 and bool(page.rows.dated or page.rows.sized)),
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
    Mark(-3.0, "words of an error, or a password field", lambda page: page.error),
    Mark(-1.0, "prose, and few rows",
         lambda page: page.rows.entries < 5 and page.rows.words > 400 * (page.rows.entries + 1)),
)  # fmt: skip


def weigh(page: PageFacts) -> float:
    """The sum of the marks' weights; a listing has at least ``_NEEDED``."""
    return sum(mark.weight for mark in MARKS if mark.shows(page))


def is_recognised(page: PageFacts) -> bool:
    """True if the marks suffice for a listing.

    A page without rows needs more than a heading: columns, a link up, words for emptiness, or the markup of a known
    program under a heading that names this very directory. If rows lead elsewhere, the directory is not empty. A page
    that does not identify itself must have the form of a listing.
    """
    score, rows = weigh(page), page.rows
    if rows.entries:
        return score >= _NEEDED and (page.is_headed or has_form(page))
    if rows.foreign or not (page.heading >= 2.0 or (page.family.proves and page.heading >= 1.0)):
        return False
    marks = (rows.sort_links >= 2) + (rows.headings >= 2) + rows.parent + rows.empty
    marks += page.family.proves and page.heading >= 3.0
    return score >= _NEEDED + 1.0 and marks >= 1


def has_form(page: PageFacts) -> bool:
    """True if the rows alone look like files rather than packages, threads or articles.

    A single link is not enough, and neither are dates or the last segments of URLs, which any table may contain.
    """
    rows = page.rows
    named, files = page.share(rows.matching), page.share(rows.filelike)
    has_marks = bool(rows.filelike or rows.directories or rows.slashed) or rows.headings >= 2 or rows.sort_links >= 2
    if rows.entries < 2:
        return page.columns == 2 and named > 0 and rows.headings >= 3
    return (
        (page.columns == 2 and has_marks and (named >= 0.5 or files >= 0.5))
        or (page.share(rows.sized) >= 0.5 and has_marks and named >= 0.8)
        or (rows.sort_links >= 2 and rows.headings >= 2 and named >= 0.5)
        or (page.share(rows.slashed) >= 0.5 and named >= 0.8)
        or (page.share(rows.directories + rows.queried) >= 0.5 and named >= 0.8)
        or (files >= 0.8 and named >= 0.9 and rows.entries >= _MANY)
    )
