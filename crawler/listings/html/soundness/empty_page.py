"""Decides whether all of a page without rows is what servers print for an empty directory.

Only then does it prove that the directory is empty. A page whose rows a script would add, a login, or an error in any
language may have the frame of a listing, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from crawler.listings.html.pager.labels import without_labels
from crawler.listings.html.soundness.passages import Passage
from crawler.model.flaws import Flaw, FlawKind
from crawler.text.patterns import pattern
from crawler.text.urls import decoded

_ACTIVE = pattern(
    r"<(?:iframe|frame|embed|object)\b|<meta\b[^>]{0,200}\brefresh\b"
    r"|<input\b[^>]{0,300}\bpassword\b",
    re.IGNORECASE,
)
"""Elements that no server prints for an empty directory."""
_OWN = pattern(r"<(?:form|noscript|script)\b", re.IGNORECASE)
"""Elements that only some families print."""
_SCRIPTED = {"caddy", "lighttpd", "hfs", "simple-http-server"}
"""Families whose pages contain scripts and forms of their own, which sort and filter the rows."""
_KNOWN = (
    pattern(
        r"(?:proudly served by |powered by |served (?:with|by) )?\b(?:apache|nginx|openresty|tengine|lighttpd|litespeed"
        r"|caddy|jetty|tomcat|python|simplehttp|mini_httpd|thttpd|cherokee|monkey|hiawatha|webfs|darkhttpd|busybox|boa"
        r"|http ?file ?server|hfs|rebex|microsoft-iis|iis|web server)(?:[/ ]v?[\d.]+\w*)?(?: ?\([^)]{1,60}\))?"
        r"(?: (?:mod_|openssl|php|dav|mod)[\w./-]{1,40})*(?: web)?(?: server)?(?: at(?: [^ ]{1,253})?)?"
        r"(?: +port \d{1,5})?",
        re.IGNORECASE,
    ),
    pattern(r"\bindex of /\S*", re.IGNORECASE),  # behind a proxy, the path may have a prefix
    pattern(r"<!doctype\b[^>]{0,300}>|<\?xml[^>]{0,99}>", re.IGNORECASE),
    pattern(
        r"\[?(?:to |up to (?:a )?higher(?: level)? )?(?:parent ?(?:directory|folder|dir)|higher level directory)\]?",
        re.IGNORECASE,
    ),
    pattern(r"\b(?:go up|up|back|home|root|dir|icon|ico)\b", re.IGNORECASE),
    pattern(
        r"\b(?:file ?)?(?:name|last[ -]modified|modified|modification|date|time|timestamp|uploaded|size|bytes|length"
        r"|description|type|kind|mime|owner|user|group|permissions?|mode|hits|attributes|version|created)\b",
        re.IGNORECASE,
    ),
    pattern(
        r"\((?:no files|empty)\)|\b(?:no (?:files?|entries|items)(?: or (?:folders|directories))?"
        r"(?: (?:in|found|here|to (?:show|list|display))\b[\w ]{0,20})?|(?:this |the )?(?:folder|directory) is empty"
        r"|empty(?: (?:folder|directory))?)\b",
        re.IGNORECASE,
    ),
    pattern(
        r"\btotal\b|\b0 ?(?:[KMGT]i?B?|bytes?|files?|items?|objects?|folders?|sub-?(?:folders?|director\w{1,3})"
        r"|director(?:y|ies)|links?|entries)\b",
        re.IGNORECASE,
    ),
    pattern(
        r"\b\d{1,4}[-/. ](?:\d{1,2}|[a-z]{3,9})[-/. ]\d{1,4}\b|\b[a-z]{3,9} \d{1,2},? \d{4}\b"
        r"|\b(?:mon|tue|wed|thu|fri|sat|sun)\b|\b\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?\b|\b(?:gmt|utc)\b",
        re.IGNORECASE,
    ),
    pattern(r"\b\d[\d.,]* ?(?:[kmgt]i?b?|b|bytes?)\b", re.IGNORECASE),
    pattern(
        r"(?:(?:auto)?index|(?:directory |file )?listing|contents?|files|directory|folder|inhalt|verzeichnis)"
        r"(?: (?:of|for|von|de|di|in|listing|index))*(?: directory)?",
        re.IGNORECASE,
    ),
)
"""What may stand on such a page besides the path and the names of the directories above."""
_LONGEST = 6000
"""Number of characters beyond which a passage is not looked at: no path or heading is that long."""
_COUNTED = pattern(r"\b[1-9][\d.,]* (?:files?|items?|entries|objects?)\b", re.IGNORECASE)
_LETTER = pattern(r"[^\W\d_]")


def unknown_in(
    markup: str, passages: Iterable[Passage], url: str, family: str, labels: Collection[str] = ()
) -> Flaw | None:
    """What shows that the page without rows at ``url`` is not that of an empty directory, or None.

    ``passages``: those of ``markup``. ``family``: the family of the listing. ``labels``: those of its pager; if it has
    one, the words of pagers explain themselves.
    """
    active = _ACTIVE.search(markup) or (None if family in _SCRIPTED else _OWN.search(markup))
    if active is not None:
        return Flaw(FlawKind.UNKNOWN, active[0])
    places = _places_of(url)
    for passage in passages:
        text = passage.text
        if text in labels or (labels and _LETTER.search(without_labels(text)) is None):
            continue
        if len(text) > _LONGEST or _COUNTED.search(text) or not _is_explained(text, places):
            return Flaw(FlawKind.UNKNOWN, text)
    return None


def _places_of(url: str) -> set[str]:
    """The parts of ``url`` that a page may show: its host, its path and the names in that. Caddy decodes them twice."""
    host, _, rest = url.partition("#")[0].partition("://")[2].partition("/")
    path, query = map(decoded, rest.partition("?")[::2])
    again = decoded(path)
    return {path, again, host, host.rpartition(":")[0], query, *path.split("/"), *again.split("/")} - {""}


def _is_explained(text: str, places: Collection[str]) -> bool:
    """Whether ``text`` has no word besides ``places`` and all that is known.

    A place, such as a part of the URL, may have the name of a known word or of one in a known phrase, so either may be
    taken away first.
    """
    rests = (_without(_KNOWN, _without_places(text, places)), _without_places(_without(_KNOWN, text), places))
    return any(_LETTER.search(rest) is None for rest in rests)


def _without_places(text: str, places: Collection[str]) -> str:
    """``text`` without the parts of the URL, where they are no parts of words."""
    for place in sorted(places, key=len, reverse=True):
        text = re.sub(rf"(?<![^\W_]){re.escape(place)}(?![^\W_])", " ", text)
    return text


def _without(known: Iterable[re.Pattern[str]], text: str) -> str:
    for each in known:
        text = each.sub(" ", text)
    return text
