"""What the title and the headings of a page say that it is: an index, the page of its directory, or something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from bs4.element import Tag

from crawler.listings.html import title_words
from crawler.listings.html.tree.regions import holds_row
from crawler.listings.html.tree.survey import Link, Survey, squeezed
from crawler.listings.values.hrefs import LinkKind
from crawler.model.struct import Value
from crawler.text.patterns import pattern
from crawler.text.urls import decoded

_INDEX_WORDS = pattern(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)(?: (?:all )?files)?(?= *[/:]|$)"
    r"|(?:directory|folder) (?:listing|index|contents?)|file (?:listing|index)"
    r"|listing directory|(?:listing|contents?) (?:of|for)(?= *[/:\[]|$)|files (?:of|in|under)(?= *[/:])"
    r"|simple (?:package )?index|listing$|[^:]{1,200}: simple list\b|inhalt von|содержимое|فهرس(?= *[/:]|$))",
    re.IGNORECASE,
)
_VAGUE_WORDS = pattern(
    r"^\W*(?:(?:auto)?index (?:of|von|de|di)|(?:listing|contents?) (?:of|for)|directory\b|folder\b|browsing|目录"
    r"|collection:|فهرس)",
    re.IGNORECASE,
)
"""Headings that are also used for other lists: articles, people, the sections of a page."""
_PACKAGE = pattern(r"^\W*links for (\S+)$", re.IGNORECASE)
"""The heading of the files of a Python package."""
_MEMBERS = pattern(r"members(?: area| only)?$", re.IGNORECASE)
"""The whole title of a page for members, or its end."""
_AROUND = " []()<>{}|/\\.:*+-\u2013\u2014\u00b7\u2022\u00ab\u00bb\u2039\u203a\u2190\u2191\u21a9\u25c0\u25c4"
"""What may stand around the words of a link."""
_HOST = pattern(r"[\w-]+(?:\.[\w-]+)+")
_BETWEEN = pattern(r"(?<=\s)[-|\u2013\u2014\u00b7\u2022\u00bb:](?=\s)")
_LETTER = pattern(r"[^\W\d_]")


class Titles(Value, frozen=True):
    """What the title and the first headings of a page say."""

    score: float = 0.0
    """How clearly they say that the page is an index: 3 for an index of this very directory, 2 for one of some
    directory, 1 for the bare path or for words that other lists use too, else 0."""
    is_error: bool = False
    """Whether they mention an error or a login, or the page has a password field."""
    is_other: bool = False
    """Whether they mention something that shows files for a reason of its own, or no files: a search, a cart."""
    is_own: bool = False
    """Whether one of them says nothing but the address of the page and that it lists files."""
    is_missing: bool = False
    """Whether there is none."""


def read_titles(survey: Survey, url: str, path: str) -> Titles:
    """What the titles of the page at ``url`` say, which shows the directory ``path``."""
    shown = [squeezed(tag.get_text(" "))[:300] for tag in survey.first("title", "h1", "h2", "h3", limit=1)]
    first = [text for text in shown if text]
    has_password = any(str(tag.attrs.get("type")).lower() == "password" for tag in survey.named["input"])
    places = _places(url, path)
    rest = [_without(text, places) for text in first]
    is_index = any(map(_INDEX_WORDS.match, first[:3]))
    return Titles(
        score=_score(survey, path),
        is_error=not is_index and (has_password or any(map(_is_error, rest))),
        is_other=not is_index and any(map(title_words.OTHER.are_in, rest[:2])),
        is_own=any(map(_is_own, rest)),
        is_missing=not first,
    )


def links_up(links: Iterable[Link], elements: Sequence[Tag]) -> tuple[bool, bool, bool, bool]:
    """Whether any of ``links`` leads to the directory above, like that of a listing, "Back", in one of ``elements``."""
    parents = [link for link in links if link.target.kind is LinkKind.PARENT]
    ups = [link for link in parents if leads_up(link)]
    is_back = bool(ups) and all(_is_home(link.text) for link in ups)
    return bool(parents), bool(ups), is_back, any(holds_row(each, link.tag) for each in elements for link in ups)


def leads_up(link: Link) -> bool:
    """Whether a link to the directory above is that of a listing, and not one to the home page, as any page has it."""
    return link.href.lstrip().startswith("..") or bool(link.text and not _is_home(link.text))


def _is_home(text: str) -> bool:
    """Whether ``text`` is that of a link to the home page: a word for it, or the name of the host."""
    plain = text.strip(_AROUND)
    return _HOST.fullmatch(plain) is not None or title_words.HOME.are(plain)


def _is_error(text: str) -> bool:
    """Whether ``text`` says that the page is an error or a login."""
    return title_words.ERROR.are_in(text) or _MEMBERS.search(text) is not None


def _is_own(text: str) -> bool:
    """Whether ``text``, without places, says nothing but that files are listed; beside the name of a site, or alone."""
    parts = [part for part in _BETWEEN.split(text) if _VAGUE_WORDS.match(part) or _INDEX_WORDS.match(part)]
    return any(_LETTER.search(title_words.OWN.without(part)) is None for part in (text, *parts))


def _score(survey: Survey, path: str) -> float:
    wanted = squeezed(decoded(path)).strip("/")
    best = 0.0
    for tag in survey.first("title", "h1", "h2", "h3", "h4", "caption", limit=3):
        text = squeezed(tag.get_text(" "))[:6000]
        vague = _VAGUE_WORDS.match(text)
        words = _INDEX_WORDS.match(text)
        named = _names_path(text, wanted, anywhere=not (words or vague))
        package = _PACKAGE.match(text)
        if named and (words or (vague and "/" in text)):
            return 3.0
        if words or (package and package[1] == wanted.rpartition("/")[2]):
            best = max(best, 2.0)
        elif named or vague or package:
            best = max(best, 1.0)
    return best


def _names_path(text: str, wanted: str, *, anywhere: bool) -> bool:
    plain = squeezed(decoded(text).replace("/ ", "/")).rstrip("/ ")
    if wanted:
        return plain.endswith("".join(wanted.rpartition("/")[1:]))
    return not anywhere and text.endswith("/")


def _places(url: str, path: str) -> list[str]:
    """The parts of ``url`` and of ``path`` that a heading may name, longest first."""
    host, _, rest = url.partition("#")[0].partition("://")[2].partition("/")
    names = squeezed(decoded(f"{path}/{rest.replace('?', '/')}")).split("/")
    return sorted(filter(None, {host, host.rpartition(":")[0], *host.split("."), *names}), key=len, reverse=True)


def _without(text: str, places: Collection[str]) -> str:
    """``text`` without ``places``, where they are no parts of words."""
    for place in places:
        text = re.sub(rf"(?<![^\W_]){re.escape(place)}(?![^\W_])", " ", text, flags=re.IGNORECASE)
    return text
