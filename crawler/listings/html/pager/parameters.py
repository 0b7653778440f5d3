"""Compares the query of a link with that of the page that shows it: which parameters select another page."""

from __future__ import annotations

from urllib.parse import parse_qsl

from crawler.listings.values import queries
from crawler.text.patterns import pattern

_DATE = pattern(r"\d{4}-\d\d(?:-\d\d)?")
"""A month or a day, as the arrows of calendars have it."""


def parameters(url: str) -> dict[str, str]:
    """The parameters of the query of ``url``, decoded."""
    return dict(parse_qsl(url.partition("?")[2], keep_blank_values=True, errors="surrogateescape"))


def changed(url: str, own: str) -> dict[str, str]:
    """The parameters of ``url`` that ``own``, the URL of the page, lacks or has with another value."""
    ours = parameters(own)
    return {key: value for key, value in parameters(url).items() if ours.get(key) != value}


def is_known(key: str) -> bool:
    """Whether ``key`` is known as a parameter that selects a page."""
    return key.lower() in queries.PAGE_KEYS or key.lower() in queries.CURSOR_KEYS


def is_number(value: str) -> bool:
    """Whether ``value`` may be the number of a page or an offset."""
    return value.isdecimal() and value.isascii() and len(value) < 12


def is_presentation(url: str, own: str) -> bool:
    """Whether ``url`` may show the rows of ``own``, the URL of the page, in another order, view or language."""
    return all(not is_known(key) and _is_presentation(key, value) for key, value in changed(url, own).items())


def _is_presentation(key: str, value: str) -> bool:
    is_place = not value or key.lower() in queries.PLAIN_DIRECTORY_KEYS
    return is_place or queries.is_view(key, value) or queries.is_sort(key, value) or bool(_DATE.fullmatch(value))


def differing(url: str, own: str) -> str:
    """The parameter in which the query of ``url`` differs from that of ``own``, the URL of the page.

    If there are several, the one that is known as that of pages, or the only number; else "".
    """
    theirs, ours = parameters(url), parameters(own)
    keys = list(changed(url, own)) or [key for key in ours if key not in theirs]
    likely = [key for key in keys if is_known(key)] or [key for key in keys if is_number(theirs.get(key, ""))]
    return likely[0] if likely else keys[0] if len(keys) == 1 else ""
