"""Tells by the words of its name what a field beside the rows of a listing is about."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from crawler.listings.statements import key_words as words


class Topic(StrEnum):
    """What a field is about."""

    NEXT = "next"
    """The way to further rows, or whether there are any."""
    CURSOR = "cursor"
    """The same, but the value may be that of this page."""
    END = "end"
    """Whether there are no further rows."""
    PART = "part"
    """What is missing."""
    TROUBLE = "trouble"
    """What has failed."""
    GOOD = "good"
    """Whether all is well."""
    STATUS = "status"
    """What has happened."""
    ROWS = "rows"
    """How many rows there are."""
    FILES = "files"
    DIRECTORIES = "directories"
    PAGES = "pages"
    """How many pages there are."""
    LIMIT = "limit"
    """How many rows a page has at most."""
    WHY = "why"
    """A message."""


_OPPOSITE = {Topic.NEXT: Topic.END, Topic.CURSOR: Topic.END, Topic.END: Topic.NEXT, Topic.GOOD: Topic.TROUBLE}
_PAGED = frozenset({"page", "pages", "list", "pagination", "paging", "scroll", "result", "listing"})


def topic_of(path: Sequence[str]) -> Topic | None:
    """What the field is about that is named by the last name of ``path``, below objects with the names before it.

    None if some word of them is not known: it may be about anything.
    """
    *parents, name = path
    own = words.words_of(name)
    above = [word for parent in parents for word in words.words_of(parent)]
    if any(word not in words.KNOWN for word in above):
        return None
    is_negated = not words.NOT.isdisjoint(own[:-1])  # "page_no" is a number
    found = _topic(frozenset(own), name, is_negated=is_negated)
    if "page" in above and own == ("size",):
        return Topic.LIMIT
    if found is Topic.ROWS and "pages" in above and len(own) == 1:
        return Topic.PAGES
    if found is None and own and parents and set(own) <= words.NEUTRAL - {"size"}:
        return _topic(frozenset((*own, *above)), name, is_negated=False)
    return found


def _topic(own: frozenset[str], name: str, *, is_negated: bool) -> Topic | None:
    if own & (words.TROUBLE | words.PART):
        is_setting = is_negated or bool(own & words.SETTING)
        return None if is_setting else Topic.TROUBLE if own & words.TROUBLE else Topic.PART
    if not own <= words.KNOWN:
        return None
    if is_negated and own & words.SHOWN:
        return Topic.PART
    found = _limit_or_pages(own) or _way_on(own) or _flag(own) or _rows(own, name)
    if found is None and own & words.STATUS:
        return None if own & words.ADDRESSES else Topic.STATUS
    if found is None:
        return Topic.WHY if own & words.EXPLAINS else None
    return _OPPOSITE.get(found) if is_negated else found


def _limit_or_pages(own: frozenset[str]) -> Topic | None:
    has_page = bool(own & {"page", "pages"})
    if own & (words.NEXT | words.CURSOR | words.TOKEN):
        return None
    if own & {"limit", "max"} and own & {"reached", "hit"}:
        return Topic.PART
    if "limit" in own or {"per", "page"} <= own or (own & {"page", "batch"} and own & {"size", "length"}):
        return Topic.LIMIT
    if "max" in own and not has_page:
        return Topic.LIMIT if own & (words.ROWS | words.FILES | words.COUNT) else None
    if "pages" in own or (has_page and own & (words.COUNT - words.NUMBER | {"max", "last"})):
        return None if own & words.ADDRESSES else Topic.PAGES
    return None


def _way_on(own: frozenset[str]) -> Topic | None:
    if own & {"previous", "prev"}:
        return None
    if own & words.NEXT:
        return None if own & words.EXPLAINS else Topic.NEXT
    if own & words.HERE:
        return None
    is_token = bool(own & words.TOKEN) and bool(own & _PAGED)
    return Topic.CURSOR if own & words.CURSOR or is_token else None


def _flag(own: frozenset[str]) -> Topic | None:
    if own & words.END or (own & {"all", "fully"} and own & words.SHOWN):
        return Topic.END
    return Topic.GOOD if own & words.GOOD and not own & words.COUNT - {"found"} else None


def _rows(own: frozenset[str], name: str) -> Topic | None:
    """What a number counts. The size of a file or directory is one of bytes."""
    is_size = "size" in own and bool(own & words.LISTS) and not own & (words.FILES | words.DIRECTORIES | words.COUNT)
    counts = is_size or bool(own & words.COUNT and "size" not in own) or words.has_plural(name)
    nouns = own & (words.FILES | words.DIRECTORIES | words.ROWS)
    if not counts or own & {"page", "pages", "offset", "index", "id", "per"} or own & words.STATUS - {"result"}:
        return None
    if not nouns and own & words.COUNT <= words.NUMBER - {"num"} | {"length"} and not is_size:
        return None
    if own & words.FILES and not own & words.DIRECTORIES:
        return Topic.FILES
    return Topic.DIRECTORIES if own & words.DIRECTORIES and not own & words.FILES else Topic.ROWS
