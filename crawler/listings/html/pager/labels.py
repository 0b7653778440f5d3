"""What the label of a link or a button says about pages: next, previous, a number, more."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from functools import cache

from crawler.listings.html.pager import words
from crawler.model.struct import Value
from crawler.text.patterns import pattern


class Says(Enum):
    """The meaning of a label for somebody who wants all pages."""

    NEXT = "next"
    MORE = "more"
    """More entries, by a word that menus use, too."""
    NUMBER = "number"
    LAST = "last"
    BACK = "back"
    """A page that comes before this one: the previous or the first one."""
    OTHER = "other"


class Label(Value, frozen=True):
    """A label, understood."""

    says: Says
    number: int = 0
    """The number of the page, for NUMBER."""


_OTHER = Label(Says.OTHER)
_LONGEST = 40
"""Number of characters that no label of a pager exceeds."""

_MEANINGS = {
    phrase: says
    for says, phrases in (
        (Says.NEXT, words.NEXT),
        (Says.MORE, words.MORE),
        (Says.LAST, words.LAST),
        (Says.BACK, words.BACK),
    )
    for phrase in phrases
}
"""What labels say, in small letters; ``#`` stands for a number. Some are ligatures of icon fonts."""
_AFTER = "\u00bb\u203a\u2192\u27e9\u25b6\u25ba\u226b\u276f\u23f5\u21e8\u21d2\u3009"
_BEFORE = "\u00ab\u2039\u2190\u27e8\u25c0\u25c4\u226a\u276e\u23f4\u21e6\u21d0\u3008"
_DECORATION = " \xa0()[]{}|<>.,:;\u2026\u2022\u00b7*_\u2010\u2011\u2012\u2013\u2014-" + _AFTER + _BEFORE
_PAGE = r"page|seite|p[a\u00e1]gina|strona|\u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430|\u7b2c"
_NUMBER = pattern(
    rf"(?:(?:go to )?(?:{_PAGE}) ?)?(\d{{1,6}})(?: ?(?:of|von|de|sur|di|\u0438\u0437|/) ?\d{{1,6}})?"
    r"(?: ?[\u9875\u9801])?(?: \(?current\)?)?",
    re.IGNORECASE,
)
_RANGE = pattern(r"(\d{1,9}) ?[-\u2013\u2014] ?(\d{1,9})")
_DIGITS = pattern(r"\d+")


def _by_first_letter(phrases: Collection[str]) -> str:
    """A pattern of ``phrases``, the longest first, that tries those alone which begin as the text does."""
    tails = dict[str, list[str]]()
    for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
        tails.setdefault(phrase[0], []).append(re.escape(phrase[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in tails.items()).replace(r"\#", r"\d+")


POSSIBLE = pattern(
    rf"\s*(?:[^\w<]*(?:\d{{1,9}}(?![\w.])|(?:go to|{_PAGE}|"
    + _by_first_letter({phrase.split()[0] for phrase in _MEANINGS} - {"#", "go"})
    + rf")\b)|[>{_AFTER}{_BEFORE}]|&(?:[gl]t;|[rlRL]saquo|[rlRL]aquo|[rlRL]arr|#))",
    re.IGNORECASE,
)
"""The start of a label that says something; everything else is a name or prose."""


def understood(text: str) -> Label:
    """The meaning of ``text``, in which white space is folded."""
    if len(text) > _LONGEST:
        return _OTHER
    bare = text.strip(_DECORATION)
    if not bare:
        return _by_arrows(text)
    number = _NUMBER.fullmatch(bare)
    if number is not None:
        return Label(Says.NUMBER, int(number[1]))
    rows = _RANGE.fullmatch(bare)
    if rows is not None:
        return _by_rows(int(rows[1]), int(rows[2]))
    return Label(_MEANINGS.get(_DIGITS.sub("#", bare.lower()), Says.OTHER))


def _by_arrows(text: str) -> Label:
    """What a label without letters and digits says: ``>``, ``»`` or ``>|``."""
    marks = text.replace(" ", "").strip("|[]().")
    if marks and (set(marks) <= set(_AFTER) or set(marks) == {">"}):
        return Label(Says.LAST if text.endswith("|") else Says.NEXT)
    return Label(Says.BACK) if marks and (set(marks) <= set(_BEFORE) or set(marks) == {"<"}) else _OTHER


def _by_rows(first: int, last: int) -> Label:
    """The page with the rows ``first`` to ``last``, if the pages before it are as long."""
    length = last - first + 1
    if length < 1 or (first - 1) % length:
        return _OTHER
    return Label(Says.NUMBER, (first - 1) // length + 1)


def without_labels(text: str) -> str:
    """``text`` without the words of pagers, in any language: next, back, last and page. Numbers remain."""
    return _without(_stated(with_pages=True), text)


def without_turns(text: str) -> str:
    """Same, but the words for a page and its rows remain, too."""
    return _without(_stated(with_pages=False), text)


def _without(stated: re.Pattern[str], text: str) -> str:
    return stated.sub(lambda found: f" {' '.join(_DIGITS.findall(found[0]))} ", text)


@cache
def _stated(*, with_pages: bool) -> re.Pattern[str]:
    phrases = words.NEXT | words.BACK | words.LAST | (words.PAGE if with_pages else frozenset())
    return re.compile(rf"(?<!\w)(?:{_by_first_letter(phrases)})(?!\w)", re.IGNORECASE)
