"""Compares the query of a link with that of the page that shows it: which parameters select another page."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crawler.listings.values import queries
from crawler.text.patterns import pattern
from crawler.text.url_parameters import is_number, parameters

_DATE = pattern(r"\d{4}-\d\d(?:-\d\d)?")
"""A month or a day, as the arrows of calendars have it."""


def changed(url: str, own: str) -> dict[str, str]:
    """The parameters of ``url`` that ``own``, the URL of the page, lacks or has with another value."""
    ours = parameters(own)
    return {key: value for key, value in parameters(url).items() if ours.get(key) != value}


def is_known(key: str) -> bool:
    """Whether ``key`` is known as a parameter that selects a page."""
    return key.lower() in queries.PAGE_KEYS or key.lower() in queries.CURSOR_KEYS


def is_presentation(url: str, own: str) -> bool:
    """Whether ``url`` may show the rows of ``own``, the URL of the page, in another order, view or language."""
    return all(not is_known(key) and _is_presentation(key, value) for key, value in changed(url, own).items())


def _is_presentation(key: str, value: str) -> bool:
    is_place = not value or key.lower() in queries.PLAIN_DIRECTORY_KEYS
    return is_place or queries.is_view(key, value) or queries.is_sort(key, value) or bool(_DATE.fullmatch(value))


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
