"""Reads the parameters of URLs, and compares the places of two pages of a listing by them."""

from __future__ import annotations

from urllib.parse import parse_qsl


def parameters(url: str) -> dict[str, str]:
    """The parameters of the query of ``url``, decoded."""
    return dict(parse_qsl(url.partition("?")[2], keep_blank_values=True, errors="surrogateescape"))


def is_number(value: str) -> bool:
    """Whether ``value`` may be the number of a page or an offset."""
    return value.isdecimal() and value.isascii() and len(value) < 12


def order(one: str, other: str) -> int | None:
    """-1, 0 or 1 if ``one`` comes before, is, or comes after ``other``; None if their URLs do not tell.

    They tell if they differ in the number that a single parameter has.
    """
    ours, theirs = parameters(one), parameters(other)
    if ours.keys() != theirs.keys():
        return None
    values = [(ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]]
    if len(values) != 1:
        return None if values else 0
    if not all(map(is_number, values[0])):
        return None
    first, second = map(int, values[0])
    return (first > second) - (first < second)


def is_alike(one: str, other: str) -> bool:
    """Whether two URLs have the same parameters, whatever their values are."""
    return parameters(one).keys() == parameters(other).keys()
