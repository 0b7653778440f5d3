"""Collects names that a page mentions without listing them as entries: they are not proven absent, so not deleted.

A link to another host, to a directory above or to nowhere is not an entry, but the page still shows its name. A page
whose file rows all lead elsewhere does not show an empty directory (for HTML see ``external_rows``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from crawler.listings.values.hrefs import LinkKind, Target
from crawler.model.reasons import Reason
from crawler.model.values import Entry, Kind, Rejection
from crawler.text.patterns import pattern
from crawler.text.urls import before_query

_SILENT = {LinkKind.SORT, LinkKind.PARENT, LinkKind.BREADCRUMB, LinkKind.SELF, LinkKind.PAGE}
"""Links to this page, to other pages of the listing or to directories above do not mention a name."""
_SILENT_REASONS = {Reason.DUPLICATE, *(kind.value for kind in _SILENT)}
ELSEWHERE = {
    LinkKind.OTHER_HOST,
    LinkKind.ABOVE,
    LinkKind.QUERY,
    LinkKind.SCHEME,
    LinkKind.FRAGMENT,
    LinkKind.DEEP,
    LinkKind.BAD_NAME,
}
_ELSEWHERE_REASONS = {kind.value for kind in ELSEWHERE}
_NAVIGATION = {*_SILENT_REASONS, Reason.NAVIGATION}
_AUTHORITY = pattern(r"\A(?:[a-z][a-z0-9+.-]*:)?//[^/]*", re.IGNORECASE)


def names_of_link(kind: LinkKind, href: str, text: str, own: str = "", here: str = "") -> set[str]:
    """The names that a rejected link mentions: the last segment of its path, and its ``text``.

    ``own`` is the name in a link to this very page (``index.php``), or "": it probably names the script that prints
    the page, but the directory may contain a file of that name. ``here`` is the name of the listed directory, or "" in
    a row: a link to nothing or to a fragment that shows it is the last of the breadcrumbs, which is this page.
    """
    if kind is LinkKind.FRAGMENT and here and text.strip("/") == here:
        return set()
    if kind is LinkKind.SELF and own:
        return {own}
    return set() if kind in _SILENT else {last_name(href), text.removesuffix("/")} - {"", ".", ".."}


def names_of(rejections: Iterable[Rejection]) -> set[str]:
    """The names that rejected rows of JSON and XML mention. The subject of a rejection is a URL or a plain name."""
    subjects = [rejection.subject for rejection in rejections if rejection.reason not in _SILENT_REASONS]
    plain = {subject.rstrip("/").rpartition("/")[2] for subject in subjects}
    return (plain | set(map(last_name, subjects))) - {"", ".", ".."}


_DOTS = pattern(r"\s*(?:\.{1,2}/)*\.{1,2}/?\s*")


def row_rejection(reason: str, subject: str, detail: str = "", name: str = "") -> Rejection:
    """The rejection of a row shown as ``name``. Navigation has no name in the rejection, so it is not counted."""
    is_navigation = reason in _NAVIGATION or is_dots_only(subject)
    return Rejection(reason, subject, detail, "" if is_navigation else name or subject or "?")


def is_dots_only(href: str) -> bool:
    """True if all segments of ``href`` are dots: this page or a directory above, even if <base> names another host."""
    return _DOTS.fullmatch(href) is not None


def last_name(href: str) -> str:
    """The last segment of the path of ``href``, decoded once."""
    path = _AUTHORITY.sub("/", before_query(href.strip()), count=1)
    name = path.rstrip("/").rpartition("/")[2]
    try:
        return unquote_to_bytes(name.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can contain
        return name


def has_files(entries: Iterable[Entry]) -> bool:
    """True if any of ``entries`` may be a file."""
    return any(entry.kind is not Kind.DIRECTORY for entry in entries)


def are_elsewhere(rejections: Iterable[Rejection]) -> bool:
    """True if any row leads elsewhere, given the ``rejections`` of a page without links outside its rows."""
    return any(rejection.reason in _ELSEWHERE_REASONS for rejection in rejections)


def reason_of(target: Target) -> str:
    """The reason why a link is not an entry; a child outside the region of the listing is navigation."""
    return Reason.NAVIGATION if target.kind in {LinkKind.CHILD, LinkKind.PAGE} else target.kind.value
