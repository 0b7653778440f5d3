"""Derives URLs from the URL of a listing, and takes URLs apart: base, query, last segment, origin.

Uses plain string operations, because they run for each of up to 100,000 entries. Nothing is re-encoded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from crawler.model.reasons import Reason
from crawler.text.urls import before_query, is_same_site, origin, resolve

# Characters that ``crawler.text.urls.resolve`` neither encodes nor removes.
_CLEAN = re.compile(r"[A-Za-z0-9_.~%/:?=&+!$,;'@()*|-]+").fullmatch


def base_of(url: str) -> str:
    """``url`` up to the last slash of its path: the base of relative references (RFC 3986 section 5.2.3)."""
    plain = before_query(url)
    slash = plain.rfind("/", plain.find("//") + 2)
    return plain[: slash + 1] if slash >= 0 else plain + "/"


def bucket_of(url: str) -> str:
    """``url`` without its query, ending in a slash: the base of the keys of an object store."""
    plain = before_query(url)
    return plain if plain.endswith("/") else plain + "/"


def last_segment(url: str) -> tuple[str, bool]:
    """The last non-empty segment of the path, still encoded, and whether a slash follows it."""
    plain = before_query(url)
    path = plain[plain.find("//") + 2 :].partition("/")[2]
    trimmed = path.rstrip("/")
    return trimmed.rpartition("/")[2], trimmed != path


def resolve_link(page: str, href: str) -> str | None:
    """Same as ``crawler.text.urls.resolve``, but several times faster for the hrefs of most listings."""
    if _CLEAN(href) and href[-1] != "?":  # ``urljoin`` drops an empty query
        if href.startswith(("http://", "https://")):
            return href if len(href) > len(_site(href)) and _is_canonical(_site(href)) else resolve(page, href)
        if href[0] == "/" and href[:2] != "//" and "/." not in href and _is_canonical(_site(page)):
            return _site(page) + href
    return resolve(page, href)


def is_external(url: str, page: str) -> bool:
    """True if ``url`` has another origin than ``page``. http and https of a host on default ports count as the same."""
    return _differ(_site(url), _site(page))


def _site(url: str) -> str:
    """The ``scheme://host:port`` of ``url``."""
    slash = url.find("/", url.find("//") + 2)
    return url if slash < 0 else url[:slash]


@lru_cache(1024)
def _is_canonical(site: str) -> bool:
    return resolve("", site + "/") == site + "/"


@lru_cache(1024)
def _differ(site: str, page: str) -> bool:
    there, here = origin(site), origin(page)
    return there != here and not is_same_site(there, here)


def misplaced(url: str, base: str) -> str | None:
    """Why ``url`` is not one level below ``base`` (which ends in a slash): ``above``, ``deep``, ``self`` or None."""
    if not url.startswith(base):
        return Reason.ABOVE
    below = before_query(url)[len(base) :].removesuffix("/")
    if not below:
        return Reason.SELF
    return Reason.DEEP if "/" in below else None


def query_value(url: str, name: str) -> str | None:
    """The first value of a query parameter, decoded once; None if the parameter is missing."""
    for part in _query(url).split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "surrogateescape")
    return None


def with_query(url: str, drop: frozenset[str], changes: dict[str, str]) -> str | None:
    """``url`` with the query parameters ``drop`` removed and ``changes`` set; the others keep their bytes and order.

    None if a value contains a lone surrogate that cannot be encoded (see ``exact_entries.quote_name``).
    """
    gone = drop | changes.keys()
    parts = [part for part in _query(url).split("&") if part and part.partition("=")[0] not in gone]
    try:
        parts += [f"{key}={quote(value, safe='/', errors='surrogateescape')}" for key, value in changes.items()]
    except UnicodeEncodeError:
        return None
    return f"{before_query(url)}?{'&'.join(parts)}"


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]
