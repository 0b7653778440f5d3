"""Collects what a page shows besides its rows and besides what known servers print around them.

The state remembers it, so that the next run can tell what is new on the page: an error in unknown words, for example.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from html import unescape
from itertools import pairwise

from crawler.listings.html.pager.labels import without_labels
from crawler.listings.html.pager.pages import Continuation
from crawler.listings.html.soundness.empty_page import active_elements, foreign_elements, is_explained, places_of
from crawler.listings.html.soundness.passages import Passage, drawn, scripts, tags_in
from crawler.listings.values import other_texts
from crawler.listings.values.mentioned_names import last_name
from crawler.model.flaws import ClaimKind
from crawler.model.struct import Value
from crawler.model.values import ASIDE, MARKUP, Kind, Listing
from crawler.text.patterns import pattern
from crawler.text.urls import decoded, origin, resolve_any

_LABEL = pattern(
    r"(?<![\w-])(alt|title|aria-label|placeholder|value|src|type)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))",
    re.IGNORECASE,
)
_SHOWN_LABELS = ("alt", "title", "aria-label", "placeholder")
_BUTTONS = {"submit", "button", "reset"}
_LETTER, _SIGN = pattern(r"[^\W\d_]"), pattern(r"[^\x00-\x7f]|\d")

_FEWEST = 3
"""Minimum number of rows that have to have a common form."""
_MOST_ROWS = 200
"""Maximum number of rows that are looked at."""
_FACT = pattern(
    r"(?<!\S)[dlrwxsStT-]{10}(?!\S)|[^ ]*(?:\.\.>?|\u2026)|\b[a-z]{1,9} ago\b"
    r"|(?<!\S)(?:(?:[a-z]+|x-[\w-]+)/[\w.+-]+|[Dd]irectory|[Ff]older|[Ff]ile)(?!\S)"
)
"""Permissions, a name that is not printed whole, an age, and a type."""
_MARKER = pattern(r"(?<!\S)(?:<[^\W\d_]{1,12}>|d)(?!\S)")
"""What marks the row of a directory, in any language."""
_BETWEEN, _BACK = pattern(r"(?<=\d)(?=[^\W\d_])"), pattern(r"\bback\b", re.IGNORECASE)
_NO_MORE = Continuation()


class SplitPage(Value, frozen=True):
    """A page as it was received and as it is split."""

    markup: str
    shown: str
    """``markup`` without what is not visible."""
    passages: Sequence[Passage]
    """The passages of ``shown``."""
    base: str
    """What its links are resolved against."""
    more: Continuation = _NO_MORE
    """How its listing goes on. What only pagers say is no text."""


class _Rows:
    """What the rows of a page are."""

    def __init__(self, page: SplitPage, listing: Listing, names: Collection[str], rows: Collection[int]) -> None:
        self._names, self._rows, self._base = names, rows, page.base
        self._places = {_place_of(entry.url) for entry in listing.entries}
        self._subjects = {rejection.subject for rejection in listing.rejections if rejection.row}

    def contain(self, passage: Passage) -> bool:
        """Whether ``passage`` is one of the rows."""
        if id(passage) in self._rows or any(map(self._is_led_to, passage.hrefs)):
            return True
        # The link need not contain the name: ``?dir=docs``.
        shows = any(cell.strip().rstrip("/") in self._names for cell in passage.cells)
        return shows and any(
            "?" in href and origin(self._resolved(href)) == origin(self._base) for href in passage.hrefs
        )

    def _is_led_to(self, href: str) -> bool:
        plain = href.rstrip("/")
        if href in self._subjects:
            return True
        if plain not in self._names and last_name(href) not in self._names:
            return False
        return not ("/" in plain or ":" in plain) or _place_of(self._resolved(href)) in self._places

    def _resolved(self, href: str) -> str:
        return resolve_any(self._base, href) or ""


def texts_outside(
    page: SplitPage, listing: Listing, names: Collection[str], rows: Collection[int] = ()
) -> tuple[str, ...] | None:
    """The texts outside the rows of ``listing`` that servers are not known to print; see ``Listing.texts``.

    ``names``: those that the rows show. ``rows``: ``id`` of the passages that are rows without a link.
    None if there are too many of them.
    """
    is_row, places = _Rows(page, listing, names, rows).contain, places_of(listing.url)
    shown = [(passage, is_row(passage)) for passage in page.passages]
    found: dict[str, None] = {}
    for passage, is_in in shown:
        if is_in or _is_pager(passage, page.more):
            continue
        kept = _kept(passage, places, has_rows=bool(names))
        if kept is not None:
            found[kept] = None
            if len(found) > other_texts.MOST:
                return None
    in_rows = [passage for passage, is_in in shown if is_in]
    directories = {entry.name for entry in listing.entries if entry.kind is Kind.DIRECTORY}
    said = _said_by_last_row(in_rows, names, directories)
    asides = (*_labels(page.shown, in_rows), *drawn(page.markup), *said)
    found |= {
        f"{ASIDE}{text}": None
        for text in asides
        if text not in names and not is_explained(text, places, has_rows=bool(names))
    }
    found |= dict.fromkeys(map(other_texts.digest_of, scripts(page.markup)))
    found |= dict.fromkeys(f"{MARKUP}{tag}" for tag in active_elements(page.markup))
    found |= dict.fromkeys(_foreign(page.markup))
    return None if len(found) > other_texts.MOST else tuple(found)


def _is_pager(passage: Passage, more: Continuation) -> bool:
    """Whether ``passage`` says nothing but what pagers do: their words in any language, their labels, and numbers.

    One without any text has only links, such as arrows, that lead to the directory itself.
    """
    is_here = bool(passage.hrefs) and all(_target(href) in {"", "./"} for href in passage.hrefs)
    is_paged = bool(more.links) or any(claim.kind is ClaimKind.PLACE for claim in more.claims)
    if not (is_here or (passage.text and is_paged)):
        return False
    text = passage.text
    for label in sorted(more.labels if more.links else (), key=len, reverse=True):
        text = text.replace(label, " ")
    return _LETTER.search(_BACK.sub(" ", without_labels(_BETWEEN.sub(" ", text)))) is None


def _kept(passage: Passage, places: Collection[str], *, has_rows: bool) -> str | None:
    """What is kept of ``passage``, which is no row; None if nothing is."""
    text = passage.text
    if not text or not is_explained(text, places):
        return _shown(passage)
    is_sign = _LETTER.search(text) is None and _SIGN.search(text) is not None
    is_new = is_sign or (has_rows and not is_explained(text, places, has_rows=True))
    return f"{ASIDE}{_shown(passage)}" if is_new else None


def _place_of(url: str) -> str:
    """The directory of ``url``, decoded."""
    return decoded(url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[0])


def _shown(passage: Passage) -> str:
    """The text of ``passage`` and where it leads; if the text is long, only its digest."""
    return "\0".join([other_texts.shortened(passage.text), *map(_target, passage.hrefs)])


def _target(href: str) -> str:
    """``href`` without query and fragment."""
    return href.partition("?")[0].partition("#")[0]


def _labels(markup: str, rows: Sequence[Passage]) -> Iterator[str]:
    """The labels of pictures and controls outside ``rows``, which ``markup`` shows without being texts."""
    bounds = [0, *(bound for row in rows for bound in (row.at, row.end)), len(markup)]
    for start, stop in list(pairwise(bounds))[::2]:
        for name, attributes in tags_in(markup, start, stop):
            labels = _attributes(attributes)
            kind = labels.get("type", "").lower() if name == "input" else ""
            keys = () if kind == "hidden" else (*_SHOWN_LABELS, *(("value",) if kind in _BUTTONS else ()))
            texts = (" ".join(labels[key].split()) for key in keys if key in labels)
            yield from (text for text in texts if len(text) <= other_texts.LONGEST)


def _foreign(markup: str) -> Iterator[str]:
    """A text for each frame and the like, a password and a redirect in ``markup``: what it is, and its source."""
    for tag, start in foreign_elements(markup):
        tag = "a password" if tag.lower().startswith("<input") else tag.lower()
        source = next((_attributes(each).get("src", "") for _, each in tags_in(markup, start, start + 2000)), "")
        yield f"{ASIDE}{tag}\0{source.partition('?')[0]}"


def _attributes(attributes: str) -> dict[str, str]:
    return {key.lower(): unescape(a or b or c) for key, a, b, c in _LABEL.findall(attributes)}


def _said_by_last_row(rows: Sequence[Passage], names: Collection[str], directories: set[str]) -> Iterator[str]:
    """The texts in cells of the last of ``rows`` in which the others show nothing but names, dates, sizes and the like.

    A server that fails while it prints rows may say so there. What marks one of ``directories`` is nothing like that:
    it may be the only one.
    """
    last = rows[-1] if rows else None
    if last is None or not any(name in last.text for name in {*map(last_name, last.hrefs)} & set(names)):
        return  # it does not show its name, so that it is not known what else it shows
    others = [row for row in rows[:-1][-_MOST_ROWS:] if row.region == last.region]
    if len(others) < _FEWEST - 1:
        return
    for number, cell in enumerate(last.cells):
        is_marked = not directories.isdisjoint(map(last_name, last.hrefs))
        if _says_more(_MARKER.sub(" ", cell) if is_marked else cell, last, names) and not any(
            _says_more(row.cells[number], row, names) for row in others if number < len(row.cells)
        ):
            yield " ".join(cell.split())


def _says_more(cell: str, row: Passage, names: Collection[str]) -> bool:
    """Whether ``cell`` of ``row`` has a word that is neither in the name that it shows nor a fact about a file."""
    text = " ".join(cell.split())
    own = {*map(last_name, row.hrefs), text.rstrip("/")} & set(names)
    shown = {" ".join(name.split()) for name in own}
    return not is_explained(text, shown, facts=(_FACT,))
