"""Collects names that a page shows without listing them: they are not proven absent, so they are not deleted.

What leads to another host, above, or nowhere is no entry, but the page still shows the very name. And a page that has
rows for files, all of which lead elsewhere, is not the page of an empty folder (for HTML: ``external_rows``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from crawler.listings.values.hrefs import LinkKind, Target
from crawler.model.values import Entry, Kind, Rejection
from crawler.text.urls import before_query

_SILENT = {LinkKind.SORT, LinkKind.PARENT, LinkKind.BREADCRUMB, LinkKind.SELF, LinkKind.PAGE}
"""Links to this page, to another page of the listing or to one above mention no member of the directory."""
_SILENT_REASONS = {"duplicate", *(kind.value for kind in _SILENT)}
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
_NAVIGATION = {*_SILENT_REASONS, "navigation"}
_AUTHORITY = re.compile(r"\A(?:[a-z][a-z0-9+.-]*:)?//[^/]*", re.IGNORECASE)


def names_of_link(kind: LinkKind, href: str, text: str, own: str = "") -> set[str]:
    """The names that a rejected link mentions: the last segment of its path, and its ``text``.

    ``own`` is the name by which a link leads to this very page (``index.php``), "" if it has none: the page is taken
    for that script, but the folder may as well hold a file of that name.
    """
    if kind is LinkKind.SELF and own:
        return {own}
    return set() if kind in _SILENT else {last_name(href), text.removesuffix("/")} - {"", ".", ".."}


def names_of(rejections: Iterable[Rejection]) -> set[str]:
    """The names that rejected rows of JSON and XML mention. Their subject is a URL or a plain name."""
    subjects = [rejection.subject for rejection in rejections if rejection.reason not in _SILENT_REASONS]
    plain = {subject.rstrip("/").rpartition("/")[2] for subject in subjects}
    return (plain | set(map(last_name, subjects))) - {"", ".", ".."}


_DOTS = re.compile(r"\s*(?:\.{1,2}/)*\.{1,2}/?\s*")


def row_rejection(reason: str, subject: str, detail: str = "", name: str = "") -> Rejection:
    """The rejection of a row that is shown as ``name``, which is counted unless it is navigation."""
    is_navigation = reason in _NAVIGATION or is_way_up(subject)
    return Rejection(reason, subject, detail, "" if is_navigation else name or subject or "?")


def is_way_up(href: str) -> bool:
    """True if ``href`` consists of dots only: the page itself or one above, even if <base> names another host."""
    return _DOTS.fullmatch(href) is not None


def last_name(href: str) -> str:
    """The last segment of a path, whatever host it is on, decoded once."""
    path = _AUTHORITY.sub("/", before_query(href.strip()), count=1)
    name = path.rstrip("/").rpartition("/")[2]
    try:
        return unquote_to_bytes(name.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, as JSON can carry
        return name


def has_files(entries: Iterable[Entry]) -> bool:
    """True if any of ``entries`` may be a file."""
    return any(entry.kind is not Kind.DIRECTORY for entry in entries)


def are_elsewhere(rejections: Iterable[Rejection]) -> bool:
    """Whether rows lead elsewhere, of a page that has no other links than those of its rows."""
    return any(rejection.reason in _ELSEWHERE_REASONS for rejection in rejections)


def reason_of(target: Target) -> str:
    """The reason why a link is not an entry; a child outside the listing is navigation."""
    return "navigation" if target.kind in {LinkKind.CHILD, LinkKind.PAGE} else target.kind.value


def is_keyed(entry: Entry, plain: set[str]) -> bool:
    """Whether an entry is one of ``plain``, with a query behind its name."""
    address, _, query = entry.url.partition("?")
    return bool(query) and address in plain and last_name(address) == entry.name
