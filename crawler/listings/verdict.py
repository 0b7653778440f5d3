"""Is this page a listing, and is it whole?

Positive recognition only: the answer decides whether local files may be deleted, so a page is a listing when marks say
so (the heading names this very directory, sort links, column headings, a way up, rows with dates and sizes, link texts
that are the names of their targets), never because nothing speaks against it. Each mark counts; a login form or an
error page's wording needs more of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from html import escape
from typing import TYPE_CHECKING

from crawler.listings.families import Family
from crawler.listings.hrefs import decoded
from crawler.listings.survey import Survey, is_text, squeezed

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag

_INDEX_WORDS = re.compile(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)|(?:directory|folder|file) (?:listing|index|contents?)"
    r"|listing (?:of|for|directory)|contents? of|directory\b|folder\b|browsing|listing$|links for"
    r"|simple (?:package )?index|inhalt von|содержимое|目录|collection:)",
    re.IGNORECASE,
)
_ERROR_WORDS = re.compile(
    r"\b(?:40[0-9]|50[0-9])\b|not found|forbidden|unauthori[sz]ed|access denied|error\b|log ?in|sign ?in|bad gateway|"
    r"unavailable|captive|wi-?fi|just a moment|checking your browser|nicht gefunden|introuvable|no encontrad",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r".\.(?!(?:s?html?|php\d?|aspx?|jsp|cgi|do)$)[A-Za-z0-9]{1,7}(?:\.(?:gz|xz|bz2|zst|asc|sig|md5|sha\d+))?$",
    re.IGNORECASE,
)
_EMPTY_WORDS = re.compile(
    r"\b(?:no files?(?: or (?:folders|directories))? (?:in this|found|here|to (?:show|list|display))"
    r"|(?:folder|directory) is empty|empty (?:folder|directory)|0 (?:files|items|objects|directories)\b)",
    re.IGNORECASE,
)
_NEEDED = 3.0
_PART = re.compile(r"\(of which only <b>\d+</b> are displayed\)")
"""Caddy's words for a page that ``limit`` cut."""
_CLOSED = ("pre", "table", "ul", "ol", "tbody")
_BALANCED = ("div", "li", "section", "main", "article", "center", "form", "dl")


@dataclass(slots=True)
class Evidence:
    """What the rows of a page say for it."""

    entries: int = 0
    matching: int = 0
    """Entries whose link shows their name."""
    dated: int = 0
    sized: int = 0
    slashed: int = 0
    """Directories that are shown with their slash."""
    filelike: int = 0
    """Names with the extension of a file that is no web page."""
    external: int = 0
    sort_links: int = 0
    parent: bool = False
    headings: int = 0
    empty: bool = False
    """The page says that the folder is empty."""
    words: int = 0
    """Words outside the rows."""


def is_filelike(name: str) -> bool:
    """True for a name that ends like a file's and not like a web page's."""
    return bool(_FILE_NAME.search(name[-40:]))


def heading_score(survey: Survey, path: str) -> float:
    """0 to 3: whether title or headings call the page an index, and of this very directory."""
    wanted = decoded(path).strip("/")
    best = 0.0
    for tag in survey.first("title", "h1", "h2", "h3", "h4", "caption", limit=3):
        text = squeezed(tag.get_text(" "))[:6000]
        words = _INDEX_WORDS.match(text)
        named = _names_path(text, wanted, anywhere=words is None)
        if words and named:
            return 3.0
        if words:
            best = max(best, 2.0)
        elif named:
            best = max(best, 1.0)
    return best


def _names_path(text: str, wanted: str, *, anywhere: bool) -> bool:
    plain = squeezed(decoded(text).replace(" /", "/").replace("/ ", "/")).rstrip("/ ")
    if wanted:
        return plain.endswith(squeezed(wanted)) or ("/" in plain and plain.endswith("/" + wanted.rpartition("/")[2]))
    return not anywhere and text.rstrip().endswith("/")


def says_empty(soup: BeautifulSoup) -> bool:
    """True when the page tells in words that the folder holds nothing."""
    return any(is_text(node) and len(node) < 200 and _EMPTY_WORDS.search(node) for node in soup.descendants)


def says_error(survey: Survey) -> bool:
    """True when title or first headings speak of an error or a login, or a password is asked for."""
    said = " ".join(tag.get_text(" ")[:200] for tag in survey.first("title", "h1", "h2", limit=1))
    if _INDEX_WORDS.match(said.strip()):
        return False
    asked = any(str(tag.attrs.get("type", "")).lower() == "password" for tag in survey.named["input"])
    return asked or bool(_ERROR_WORDS.search(said))


def weigh(evidence: Evidence, heading: float, family: Family, *, error: bool) -> float:
    """The sum of the marks; a listing has at least NEEDED."""
    score = heading
    score += 1.5 if evidence.sort_links >= 2 else 0.0
    score += min(evidence.headings, 3) * 0.75 if evidence.headings >= 2 else 0.0
    score += 1.0 if evidence.parent else 0.0
    score += 1.0 if evidence.empty else 0.0
    score += 3.0 if family.proves and (heading >= 1.0 or evidence.headings or evidence.parent) else 0.0
    score += 1.0 if family.proves else 0.0
    score += _rows_score(evidence)
    if error:
        score -= 3.0
    if evidence.entries < 5 and evidence.words > 400 * (evidence.entries + 1):
        score -= 1.0
    return score


def _rows_score(evidence: Evidence) -> float:
    total = evidence.entries
    if not total:
        return 0.0
    score = 0.0
    matching = evidence.matching / total
    if matching >= 0.5 and (evidence.dated or evidence.sized) * 2 >= 1:
        score += 2.0 if max(evidence.dated, evidence.sized) * 2 >= total else 1.0
    if evidence.dated * 2 >= total and evidence.sized * 2 >= total:
        score += 1.5
    if matching >= 0.8:
        score += 0.5 if total < 3 else 1.0 if total < 10 else 1.5
    score += 1.0 if evidence.slashed else 0.0
    score += 1.5 if evidence.filelike * 2 >= total and matching >= 0.5 else 0.0
    return score


def is_recognised(score: float, evidence: Evidence, *, proved: bool) -> bool:
    """True when the marks suffice.

    A page without rows needs more than a heading: columns, a way up, words for emptiness, or ``proved``, that is a
    family's own shape under a heading that names this very directory.
    """
    if evidence.entries:
        return score >= _NEEDED
    marks = (evidence.sort_links >= 2) + (evidence.headings >= 2) + evidence.parent + evidence.empty + proved
    return score >= _NEEDED + 1.0 and marks >= 1


class End(Enum):
    """What the end of a page proves."""

    CUT = auto()
    """The page was cut: what was opened is not closed."""
    OPEN = auto()
    """Nothing was opened that would have to be closed: a page that was cut between two rows looks the same."""
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Last:
    """Where the last row of a page stands."""

    region: Tag | None = None
    """The element that holds the rows, or that would."""
    href: str = ""
    around: frozenset[str] = frozenset()
    """The names of the elements that the row stands in."""
    holds_all: bool = True
    """The region looks like the only one of the page: if each row has one of its own, its end is not the listing's."""


def end_of(text: str, last: Last, *, proved: bool) -> End:
    """How a page ends.

    Some programs never close their document; where a family's shape is ``proved``, the end of the element that held the
    rows is enough. A page without a document element has to close that element, whatever it is called.
    """
    tail = text.rstrip()
    if _PART.search(text) or tail.rfind("<") > tail.rfind(">"):
        return End.CUT
    lower = tail.lower()
    quoted = (f"{mark}{href}" for href in {last.href, escape(last.href)} for mark in "\"'=")
    end = max(tail.rfind(href) for href in quoted) if last.href else -1
    behind = lower[end if end >= 0 else max(lower.rfind("<a "), 0) :]
    if "</html" in behind or "</body" in behind:
        return End.CLOSED
    if any(max(behind.rfind(f"<{tag}>"), behind.rfind(f"<{tag} ")) > behind.rfind(f"</{tag}>") for tag in _CLOSED):
        return End.CUT
    name = last.region.name if last.region is not None else ""
    has_document = "<html" in lower[:4000] or "<body" in lower[:4000]
    if name in _CLOSED:
        is_closed = f"</{name}>" in behind and (proved or not has_document)
    else:
        around = last.around.intersection(_BALANCED) - {"li"} | {name}.intersection(_BALANCED)
        is_closed = not has_document and all(_is_balanced(lower, tag) for tag in around)
    if not is_closed:
        return End.CUT
    return End.CLOSED if (proved or last.holds_all) and name in {*_CLOSED, *_BALANCED} else End.OPEN


def _is_balanced(lower: str, tag: str) -> bool:
    return lower.count(f"</{tag}>") >= len(re.findall(rf"<{tag}[\s>]", lower))
