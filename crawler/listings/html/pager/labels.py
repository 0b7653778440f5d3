"""What the label of a link or a button says about pages: next, previous, a number, more."""

from __future__ import annotations

import re
from enum import Enum

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

_PHRASES = {
    Says.NEXT: (
        "show all #|show all # files|show all # items|view all # files|show # more|show # more files|load # more"
        "|next results|next entries|next items|next files|next set|next batch|next # results|next # files"
        "|next # items|next # entries|next # objects|next # rows|view older files|show older files|older items"
        "|n\u00e4sta sida|neste side|n\u00e6ste side|seuraava sivu|vis mere|vis flere|visa fler|visa mer"
        "|n\u00e4yt\u00e4 lis\u00e4\u00e4"
        "|hent flere|last inn flere|ladda fler|vorw\u00e4rts|n\u00e4chste dateien"
        "|\u043d\u0430\u043f\u0440\u0435\u0434|ti\u1ebfp|\u0e16\u0e31\u0e14\u0e44\u0e1b"
        "|next|forward|next page|next #|go to next page|older|older posts|older entries|older files|navigate_next"
        "|chevron_right|arrow_forward|load more|show more|view more|see more|get more|load all|show all|view all"
        "|see all|more files|more entries|more items|more results|more objects|# more files|# more entries"
        "|# more items|# more results|# more objects|load more files|load more items|show more files"
        "|load more results|show more results|n\u00e4chste|n\u00e4chste seite|weiter|weitere dateien|weitere seiten"
        "|mehr laden|mehr anzeigen|alle anzeigen|suivant|suivante|suivants|page suivante|charger plus|afficher plus"
        "|voir plus|afficher la suite|afficher tout|siguiente|siguientes|p\u00e1gina siguiente"
        "|siguiente p\u00e1gina|cargar m\u00e1s|mostrar m\u00e1s|ver m\u00e1s|ver todos|pr\u00f3xima|pr\u00f3ximo"
        "|pr\u00f3xima p\u00e1gina|p\u00e1gina seguinte|seguinte|carregar mais|mostrar mais|ver mais|ver tudo"
        "|successiva|successivo|successivi|avanti|pagina successiva|carica altri|mostra altri|volgende"
        "|volgende pagina|meer laden|meer tonen|nast\u0119pna|dal\u0161\u00ed|n\u00e4sta|n\u00e6ste|neste|seuraava"
        "|sonraki|k\u00f6vetkez\u0151|urm\u0103toarea|\u03b5\u03c0\u03cc\u03bc\u03b5\u03bd\u03b7"
        "|\u0441\u043b\u0435\u0434|\u0441\u043b\u0435\u0434\u0443\u044e\u0449\u0430\u044f"
        "|\u0441\u043b\u0435\u0434\u0443\u044e\u0449\u0430\u044f \u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430"
        "|\u0434\u0430\u043b\u0435\u0435|\u0432\u043f\u0435\u0440\u0435\u0434|\u0432\u043f\u0435\u0440\u0451\u0434"
        "|\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u044c \u0435\u0449\u0451"
        "|\u043f\u043e\u043a\u0430\u0437\u0430\u0442\u044c \u0435\u0449\u0435"
        "|\u043d\u0430\u0441\u0442\u0443\u043f\u043d\u0430|\u0434\u0430\u043b\u0456|\u4e0b\u9875|\u4e0b\u4e00\u9875"
        "|\u4e0b\u4e00\u9801|\u4e0b\u9801|\u540e\u4e00\u9875|\u52a0\u8f7d\u66f4\u591a|\u67e5\u770b\u66f4\u591a"
        "|\u6b21|\u6b21\u3078|\u6b21\u306e\u30da\u30fc\u30b8|\u3082\u3063\u3068\u898b\u308b|\ub2e4\uc74c"
        "|\ub354 \ubcf4\uae30|\u0627\u0644\u062a\u0627\u0644\u064a|\u05d4\u05d1\u05d0"
    ),
    Says.MORE: (
        "more|all|continue|fortsett|forts\u00e4tt|forts\u00e6t|jatka|mehr|alle|plus|tout|m\u00e1s|mais|altro"
        "|meer|\u0435\u0449\u0451|\u0435\u0449\u0435|\u66f4\u591a"
        "|\u3082\u3063\u3068"
    ),
    Says.LAST: (
        "siste|siste side|sista|sista sidan|sidste|sidste side|viimeinen|last|last page|go to last page"
        "|last_page|letzte|letzte seite|derni\u00e8re|derni\u00e8re page|\u00faltima"
        "|\u00faltimo|ultima|laatste|ostatnia|\u043f\u043e\u0441\u043b\u0435\u0434\u043d\u044f\u044f|\u672b\u9875"
        "|\u5c3e\u9875|\u672b\u9801|\u6700\u5f8c|\u6700\u5f8c\u3078"
    ),
    Says.BACK: (
        "newer files|view newer files|newer items|forrige|forrige side|f\u00f6reg\u00e5ende"
        "|f\u00f6reg\u00e5ende sida"
        "|edellinen|edellinen sivu|f\u00f8rste|f\u00f8rste side|f\u00f6rsta|f\u00f6rsta sidan|previous|prev"
        "|previous page|prev page|previous #|prev #|go to previous page|first|first page"
        "|go to first page|newer|newer posts|newer entries|navigate_before|chevron_left|arrow_back|first_page"
        "|zur\u00fcck|vorherige|vorherige seite|erste|erste seite|pr\u00e9c\u00e9dent|pr\u00e9c\u00e9dente"
        "|page pr\u00e9c\u00e9dente|premi\u00e8re|anterior|p\u00e1gina anterior|primera|primero|primeira|precedente"
        "|prima|indietro|vorige|eerste|\u043f\u0440\u0435\u0434"
        "|\u043f\u0440\u0435\u0434\u044b\u0434\u0443\u0449\u0430\u044f|\u043d\u0430\u0437\u0430\u0434"
        "|\u043f\u0435\u0440\u0432\u0430\u044f|\u4e0a\u9875|\u4e0a\u4e00\u9875|\u4e0a\u4e00\u9801"
        "|\u524d\u4e00\u9875|\u9996\u9875|\u9996\u9801|\u524d\u3078|\u6700\u521d|\u6700\u521d\u3078"
    ),
}
"""What labels say, in small letters; ``#`` stands for a number. Some are ligatures of icon fonts."""
_MEANINGS = {phrase: says for says, phrases in _PHRASES.items() for phrase in phrases.split("|")}
_AFTER = "\u00bb\u203a\u2192\u27e9\u25b6\u25ba\u226b\u276f\u23f5\u21e8\u3009"
_BEFORE = "\u00ab\u2039\u2190\u27e8\u25c0\u25c4\u226a\u276e\u23f4\u21e6\u3008"
_DECORATION = " \xa0()[]{}|<>.,:;\u2026\u2022\u00b7*_\u2010\u2011\u2012\u2013\u2014-" + _AFTER + _BEFORE
_PAGE = r"page|seite|p[a\u00e1]gina|strona|\u0441\u0442\u0440\u0430\u043d\u0438\u0446\u0430|\u7b2c"
_NUMBER = pattern(
    rf"(?:(?:go to )?(?:{_PAGE}) ?)?(\d{{1,6}})(?: ?(?:of|von|de|sur|di|\u0438\u0437|/) ?\d{{1,6}})?"
    r"(?: ?[\u9875\u9801])?(?: \(?current\)?)?",
    re.IGNORECASE,
)
_RANGE = pattern(r"(\d{1,9}) ?[-\u2013\u2014] ?(\d{1,9})")
_DIGITS = pattern(r"\d+")
POSSIBLE = pattern(
    rf"\s*(?:[^\w<]*(?:\d{{1,9}}(?![\w.])|(?:go to|{_PAGE}|"
    + "|".join(sorted({re.escape(phrase.split()[0]) for phrase in _MEANINGS} - {re.escape("#"), "go"}))
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
    if marks and (set(marks) <= set(_AFTER) or marks in {">", ">>"}):
        return Label(Says.LAST if text.endswith("|") else Says.NEXT)
    return Label(Says.BACK) if marks and (set(marks) <= set(_BEFORE) or marks in {"<", "<<"}) else _OTHER


def _by_rows(first: int, last: int) -> Label:
    """The page with the rows ``first`` to ``last``, if the pages before it are as long."""
    length = last - first + 1
    if length < 1 or (first - 1) % length:
        return _OTHER
    return Label(Says.NUMBER, (first - 1) // length + 1)
