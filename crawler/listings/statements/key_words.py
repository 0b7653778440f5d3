"""Splits the name of a field into words: ``hasNextPage``, ``has_next_page``, ``HAS-NEXT-PAGE``, ``hasnextpage``."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"(?!(?<![A-Za-z])[Xx][-_])(?:[A-Z]+(?![a-z])|[A-Z]?[a-z]+)")  # "X-Total-Count" begins with no word
_TROUBLED = re.compile(r"([a-z]+)(error|failure|warning|exception)s?")
"""A name that ends with a word that tells of trouble, whatever it begins with: ``readerrors``."""
_LONGEST = 60
"""Maximum number of characters of a name that is looked at."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEXT = _set(
    """next nxt more additional continue continuation continued resumption following follow subsequent truncated
    truncation evaluated"""
)
"""Words of a field whose value is the way to further rows, or says whether there are any."""
CURSOR = _set("cursor marker skiptoken scroll after resume remaining rest")
"""The same, if no other word of the name says that the value tells where this page begins."""
TOKEN = frozenset({"token"})
"""The same beside a word for a page or a list: a token alone may be that of a session."""
HERE = _set("previous prev before back first self current this start begin initial request requested given")
"""Words that make a cursor that of this page, or of one before it."""
END = _set("last end ended eof done finish finished final exhausted exhaustive complete completed whole entire")
"""Words of a flag that is false if further rows follow."""
PART = _set(
    """partial partially incomplete omitted skipped dropped missing limited clipped abridged
    shortened capped exceeded overflow overflowed stale loading scanning indexing refreshing unfinished"""
)
"""Words of a field that is true, or has a value, if rows are missing."""
TROUBLE = _set(
    """error err errno exception fault failure fail failed failing warning warn problem trouble crash crashed panic
    aborted denied corrupt corrupted broken offline degraded unavailable unreachable inaccessible unreadable invalid
    timeout timedout timed interrupted cancelled canceled damaged lost unmounted unauthorized"""
)
"""The same, if something has failed."""
GOOD = _set("success successful succeeded ok okay valid ready found exist available healthy online mounted")
"""Words of a flag that is false if something has failed."""
STATUS = _set("status state outcome code result health condition")
"""Words of a field whose value is a word or a number for what has happened."""
UNWELL = _set("bad critical fatal down dead ko nok unhealthy impaired suspended maintenance pending processing queued")
"""Values of these that tell of trouble, besides its own words."""
COUNT = _set("total count counts cnt num number nb quantity qty amount length found matched matching")
"""Words of a number of rows, if other words do not say what it counts."""
NUMBER = frozenset({"num", "number", "nb", "amount"})
"""Those that may also number a thing: the number of a page."""
FILES = frozenset({"file", "blob"})
DIRECTORIES = _set("dir directory folder subdir subdirectory subfolder prefix")
ROWS = _set(
    """item entry row record result element child member key doc document hit match content list listing path name
    asset resource node object"""
)
"""Words for rows of either kind."""
LISTS = frozenset({"list", "listing", "result", "entry"})
"""Things whose size is a number of rows; that of a file or directory is one of bytes."""
NOT = frozenset({"no", "non", "not", "without"})
SHOWN = _set("shown listed returned displayed fetched loaded included")
"""Words for rows that are on the page, or not."""
ADDRESSES = frozenset({"url", "uri", "href", "link"})
"""Words of a field that holds a URL."""
EXPLAINS = _set("message msg reason detail description info text note notice explanation")
"""Words of a field that says what has happened."""
SETTING = _set(
    """max min allow allowed ignore on free log handler color colour level threshold policy mode rate retry report
    reporting enable enabled disable disabled support supported url uri href link template can if show
    default page"""
)
"""Words of a field that says what happens *if* something fails: ``ignore_errors``, ``error_log``."""
NEUTRAL = _set(
    """page pages link url uri href id index offset position has is are there in of to the all chunk part batch set
    query param parameter data response request sequence value string odata hal bucket container file per limit size top
    http max template overall meta pagination paging
    paginator pager body payload header ocs envelope stat summary statistics
    available server exact from skip pos seq range params location bookmark window group segment fully
    reached at load can rel nav navigation nb hit"""
)
"""Words beside which the others mean what they mean alone."""

KNOWN = (
    NEXT | CURSOR | TOKEN | HERE | END | PART | TROUBLE | GOOD | STATUS | COUNT | FILES | DIRECTORIES | ROWS | NOT
    | EXPLAINS | NEUTRAL | SHOWN
)  # fmt: skip
_PLURALS = {
    "entries": "entry",
    "directories": "directory",
    "children": "child",
    "matches": "match",
    "pages": "pages",
    "prefixes": "prefix",
}


@lru_cache(4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of ``name`` in lower case and in the singular, but for "pages". Words that run together are told apart
    if all of them are known."""
    found = [word.lower() for word in _WORD.findall(name[:_LONGEST])]
    return tuple(part for word in found for part in (_parts(word) or (word,)))


def has_plural(name: str) -> bool:
    """Whether ``name`` is one word in the plural for rows: ``files``."""
    words = words_of(name)
    is_rows = len(words) == 1 and words[0] in FILES | DIRECTORIES | ROWS
    return is_rows and _WORD.findall(name)[0].lower() != words[0]


def _parts(word: str) -> tuple[str, ...]:
    """The fewest known words that ``word`` consists of; empty if it does not, and does not end with an error."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(word) + 1):
        splits = (
            (*before, known)
            for start in range(end)
            if (before := best[start]) is not None and (known := _singular(word[start:end]))
        )
        best.append(min(splits, key=len, default=None))
    troubled = _TROUBLED.fullmatch(word)
    return best[-1] or (troubled.groups() if troubled else ())


def _singular(word: str) -> str:
    """``word`` as it is known: in the singular; "" if it is not."""
    plain = _PLURALS.get(word, word)
    if plain in KNOWN:
        return plain
    return word[:-1] if word.endswith("s") and word[:-1] in KNOWN else ""
