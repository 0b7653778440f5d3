"""Reads the ``Link`` header field (RFC 8288): which pages continue a page, and whether a file has copies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.text.patterns import pattern
from crawler.text.urls import resolve

DUPLICATES = 20
"""Maximum number of copies of a file that are tried; a redirector may name hundreds."""
_PRIORITY = pattern(r"[0-9]{1,6}")
_LAST = 999_999

_TARGET = pattern(r"[\s,]*<([^>]*)>[ \t]*")
_PARAMETER = pattern(r';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)?[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?[ \t]*')
_METALINK = "application/metalink4+xml"
_ESCAPED = pattern(r"\\(.)")


def next_pages(field: str, url: str) -> tuple[str, ...] | None:
    """Absolute URLs of the pages that follow the page at ``url``; () if none do, None if ``field`` mentions ``next``
    but is invalid, so that this is unknown.

    ``field``: the value of the header; several fields are joined by commas (RFC 9110 section 5.3). If a link has
    several ``rel`` parameters, the first counts (RFC 8288 section 3.3). A link whose ``anchor`` is another resource
    does not count (section 3.2).
    """
    text, at, found = field, 0, dict[str, None]()
    while text[at:].strip(" \t,"):
        match = _TARGET.match(text, at)
        if match is None:
            return None if "next" in text[at:].lower() else tuple(found)
        target, at = match[1], match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, at):
            at = parameter.end()
            parameters.setdefault((parameter[1] or "").lower(), _unquoted(parameter[2] or ""))
        if "next" not in parameters.get("rel", "").lower().split() or not _is_about(parameters.get("anchor"), url):
            continue
        page = resolve(url, target)
        if page is None:
            return None
        found[page] = None
    return tuple(found)


def names_duplicates(field: str) -> bool:
    """Whether the Link header ``field`` names other copies of the same file, or a description of them (RFC 6249)."""
    for _, parameters in _links(field):
        relations = parameters.get("rel", "").lower().split()
        if "duplicate" in relations or ("describedby" in relations and parameters.get("type", "").lower() == _METALINK):
            return True
    return False


def duplicates(field: str, url: str) -> tuple[str, ...]:
    """Absolute URLs of other copies of the file at ``url``, best first: by ``pri``, 1 to 999999 (RFC 6249 section 3.1).

    At most ``DUPLICATES``; copies that are not an http or https URL, or the file itself, are left out.
    """
    found: dict[str, int] = {}
    for target, parameters in _links(field):
        copy = resolve(url, target)
        if copy is not None and copy != url and "duplicate" in parameters.get("rel", "").lower().split():
            text = parameters.get("pri", "")
            priority = int(text) if _PRIORITY.fullmatch(text) else _LAST
            found[copy] = min(priority, found.get(copy, priority))
    return tuple(sorted(found, key=lambda copy: found[copy])[:DUPLICATES])


def _links(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (target, parameters) of each link in ``field``, up to the first invalid one."""
    at = 0
    while match := _TARGET.match(field, at):
        at = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(field, at):
            at = parameter.end()
            parameters.setdefault((parameter[1] or "").lower(), _unquoted(parameter[2] or ""))
        yield match[1], parameters


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _is_about(anchor: str | None, url: str) -> bool:
    return anchor is None or resolve(url, anchor) == resolve(url, "")
