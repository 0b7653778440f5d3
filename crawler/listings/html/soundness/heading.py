"""The heading of a page without rows: does it name another directory than the one that was requested?"""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

from crawler.model.flaws import Flaw, FlawKind
from crawler.text.patterns import pattern
from crawler.text.urls import decoded

_HEADED = pattern(
    r"(?i:<(?:title|h1)\b[^>]{0,300}>\s{0,99}"
    r"(?:index of|directory listing (?:for|of)|(?:directory )?(?:listing|contents?) of|directory:) {0,9})"
    r"(?P<bracket>\[?)(?P<path>/[^<]*)"
)
"""A heading that is a path, in the words of Apache, nginx, Python, Tomcat, Jetty and others."""
_MORE = pattern(r"/(?=\s)|\s+(?:[-|:\u2013\u2014\u00b7\u2022\u00bb(]|at\b|on\b)(?=\s|\w)")
"""Where a path may end that something else follows, such as the name of the site."""

_UNDECODED, _OTHER = pattern(r"[\udc80-\udcff\ufffd]"), pattern(r"[^\x00-\x7f]")


def another_heading(markup: str, url: str) -> Flaw | None:
    """The heading of a page if it names a directory that cannot be the one at ``url``, else None.

    Only the last segments are compared, because a proxy may add or remove a prefix. A root may be any directory.
    """
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    path = decoded(path.rpartition("/")[0])
    own, again = (_spaced(each.rpartition("/")[2]) for each in (path, decoded(path)))  # Caddy decodes it twice
    headed = [tuple(_readings(*found)) for found in _HEADED.findall(markup)] if own else []
    names = [{_spaced(text.strip().rstrip("/").rpartition("/")[2]) for text in readings} for readings in headed]
    if _UNDECODED.search(own) or any(map(_UNDECODED.search, map("".join, names))):  # the page is in any encoding
        own, again, names = _ascii(own), _ascii(again), [set(map(_ascii, found)) for found in names]
    is_another = bool(names) and all(found.isdisjoint({"", own, again}) for found in names)
    return Flaw(FlawKind.HEADING, headed[0][0].strip()) if is_another else None


def _readings(bracket: str, path: str) -> Iterator[str]:
    """What the ``path`` of a heading may stand for.

    Servers print the name of a directory as it is, with references of HTML, or as in its URL, some in brackets. What
    follows may belong to it or not.
    """
    ends = [found.start() for found in _MORE.finditer(path)]
    if bracket:
        ends = [place for place, letter in enumerate(path) if letter == "]"] or ends
    for end in [*ends, len(path)]:
        text = path[:end]
        yield unescape(text)
        yield from {text, decoded(text), decoded(unescape(text)), _as_utf8(unescape(text))}


def _as_utf8(text: str) -> str:
    """The text of a page in UTF-8 that its server calls Latin-1, as Apache does; ``text`` if it cannot be one."""
    try:
        return text.encode("cp1252").decode()
    except UnicodeError:
        return text


def _ascii(name: str) -> str:
    """What stands before the first character that is not ASCII, which is marked."""
    found = _OTHER.search(name)
    return name if found is None else f"{name[: found.start()]}\ufffd"


def _spaced(text: str) -> str:
    """``text`` as a browser shows it, which makes one blank of several."""
    return " ".join(text.split())
