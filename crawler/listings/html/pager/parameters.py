"""Compares the query of a link with that of the page that shows it: which parameters select another page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from crawler.listings.values import queries
from crawler.text.patterns import pattern
from crawler.text.url_parameters import is_number, parameters

_DATE = pattern(r"\d{4}-\d\d(?:-\d\d)?")
"""A month or a day, as the arrows of calendars have it."""

_ORDER = pattern(r"asc|desc", re.IGNORECASE)
_YEAR = {"y", "yr", "year"}
_MONTH = {"m", "mo", "mon", "month", "d", "day", *_YEAR}
"""Parameters of calendars: a letter alone may be anything."""


def changed(url: str, own: str) -> dict[str, str]:
    """The parameters of ``url`` that ``own``, the URL of the page, lacks or has with another value."""
    ours = parameters(own)
    return {key: value for key, value in parameters(url).items() if ours.get(key) != value}


def is_known(key: str) -> bool:
    """Whether ``key`` is known as a parameter that selects a page."""
    return key.lower() in queries.PAGE_KEYS or key.lower() in queries.CURSOR_KEYS


def is_no_page(url: str, own: str) -> bool:
    """Whether ``url`` is no page for certain: it only sets a language or the like, or does something, as a vote."""
    keys = changed(url, own)
    if any(map(is_known, keys)):
        return False
    return any(map(queries.is_action, keys)) or (bool(keys) and all(map(queries.is_setting, keys)))


def is_presentation(url: str, own: str) -> bool:
    """Whether ``url`` may show the rows of ``own``, the URL of the page, in another order, view or language."""
    several = changed(url, own)
    if _is_month(several):
        return True
    return all(not is_known(key) and _is_presentation(key, value) for key, value in several.items())


def _is_month(several: Mapping[str, str]) -> bool:
    """Whether parameters are those of a calendar, as in ``?m=12&y=2026``."""
    keys = {key.lower() for key in several}
    return len(keys) > 1 and keys <= _MONTH and not keys.isdisjoint(_YEAR) and all(map(is_number, several.values()))


def _is_presentation(key: str, value: str) -> bool:
    if not value or key.lower() in queries.PLAIN_DIRECTORY_KEYS or _DATE.fullmatch(value) or _ORDER.fullmatch(value):
        return True
    is_setting = queries.is_setting(key) or queries.is_action(key) or queries.is_hidden(key)
    return is_setting or queries.is_view(key, value) or queries.is_sort(key, value)


def varying(urls: Iterable[str]) -> frozenset[str]:
    """The parameters that have several values in ``urls``."""
    values = dict[str, set[str]]()
    for url in urls:
        for key, value in parameters(url).items():
            values.setdefault(key, set()).add(value)
    return frozenset(key for key, several in values.items() if len(several) > 1)


def differing(url: str, own: str, number: int, several: Collection[str]) -> str:
    """The parameter with which ``url``, the link of page ``number``, selects another page than the one at ``own``.

    ``several``: the parameters that have several values in the links with numbers. One of them is likely, whatever is
    before it, as in ``?limit=20&nr=2``; then one that is known; then one that is the number; "" if there is none.
    """
    theirs, ours = parameters(url), parameters(own)
    keys = list(changed(url, own)) or [key for key in ours if key not in theirs]
    if len(keys) == 1:
        return keys[0]
    values = {key: theirs.get(key, "") for key in keys}
    likely = [key for key in keys if is_known(key) or is_number(values[key])]
    by_number = {str(number), str(number - 1)}
    ranked = sorted(
        likely,
        key=lambda key: (
            key not in several,
            not is_known(key),
            queries.is_view(key, values[key]),
            values[key] not in by_number,
        ),
    )
    return ranked[0] if ranked else ""
