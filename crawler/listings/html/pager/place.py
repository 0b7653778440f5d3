"""Where a page is, and whether a control that leads elsewhere may continue its listing all the same."""

from __future__ import annotations

from collections.abc import Callable

from crawler.listings.html.pager.controls import Control
from crawler.listings.values import queries
from crawler.listings.values.hrefs import Resolver
from crawler.model.struct import Value
from crawler.text.patterns import pattern
from crawler.text.urls import resolve_any, stripped

_NUMBERED_PATH = pattern(r"/(?:page|seite|index|p)?[/_.-]?(\d{1,6})(?:/|\.html?)?\Z")


class Place(Value, frozen=True):
    """Where the page is that shows the controls."""

    url: str
    """URL of the page, without a fragment."""
    target: Callable[[str], str | None]
    """Resolves a reference of the page; None if it is invalid."""
    shows_same: Callable[[str], bool]
    """Whether a URL is that of the same directory, whatever else its query says."""


def place_of(resolver: Resolver) -> Place:
    """The place of the page whose links ``resolver`` resolves."""
    return Place(
        resolver.page, lambda href: resolve_any(resolver.base, stripped(href) or resolver.page), resolver.shows_same
    )


def may_continue(control: Control, url: str, place: Place) -> bool:
    """Whether "Next" leads to what may be a page of the listing, although its URL is not that of the directory.

    That is a number below the directory, a script in it or the same path at another host, with the number of a page.
    Everything else is another document, a directory above or beside, or another site.
    """
    path, _, query = url.partition("?")
    if control.is_loaded:
        return True
    if queries.page_of(query)[0]:
        own = place.url.partition("?")[0]
        return place.shows_same(f"{path.rpartition('/')[0]}/") or path.split("/")[3:] == own.split("/")[3:]
    found = _NUMBERED_PATH.search(path)
    return found is not None and place.shows_same(f"{path[: found.start()]}/")


def is_numbered_path(control: Control, url: str, place: Place) -> bool:
    """Whether a URL is that of the listed directory plus the number that its link shows, as in ``page/2/``."""
    path = url.partition("?")[0]
    found = _NUMBERED_PATH.search(path)
    return found is not None and int(found[1]) == control.label.number and place.shows_same(f"{path[: found.start()]}/")


def is_other_form(control: Control, place: Place) -> bool:
    """Whether a button or a selection without a URL belongs to a form that another document receives.

    That is an opinion poll or a consent. The document may be the directory itself or a script in it.
    """
    if control.href is not None or not control.action:
        return False
    path = (place.target(control.action) or "").partition("#")[0].partition("?")[0]
    directory, _, name = path.rpartition("/")
    return not (place.shows_same(path) or ("." in name and place.shows_same(f"{directory}/")))
