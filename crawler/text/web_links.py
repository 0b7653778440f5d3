"""The ``Link`` header field (RFC 8288): which pages continue a page."""

from __future__ import annotations

import re

from crawler.text.urls import resolve

_TARGET = re.compile(r"[\s,]*<([^>]*)>[ \t]*")
_PARAMETER = re.compile(r';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)?[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?[ \t]*')
_ESCAPED = re.compile(r"\\(.)")


def next_pages(field: str, url: str) -> tuple[str, ...] | None:
    """Absolute URLs of what ``field`` says comes after the page at ``url``; () if nothing does.

    ``field``: the value of the header; several fields are joined by commas (RFC 9110 section 5.3).

    Of several ``rel`` of one link the first counts (section 3.3), and a link about something else than the page, by its
    ``anchor``, is none of its pages (section 3.2). None if ``next`` is mentioned in a way that cannot be read: then it
    is not known whether something follows.
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


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _is_about(anchor: str | None, url: str) -> bool:
    return anchor is None or resolve(url, anchor) == resolve(url, "")
