"""Finds the directory that a page lists, which is not always the one in its URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from crawler.listings.html.tree.regions import in_navigation
from crawler.listings.html.tree.survey import Link
from crawler.listings.values import queries
from crawler.listings.values.hrefs import LinkKind, Resolver

_ELSEWHERE = {LinkKind.QUERY, LinkKind.SORT, LinkKind.PAGE, LinkKind.OTHER_HOST, LinkKind.SCHEME, LinkKind.FRAGMENT}
_BELOW_A_ROOT = {LinkKind.DEEP, LinkKind.ABOVE, LinkKind.SELF, LinkKind.BREADCRUMB, LinkKind.PARENT}


def find_listed_directory(links: Sequence[Link], resolver: Resolver) -> Resolver | None:
    """The resolver for the directory that the page lists; None if it is the one that ``resolver`` assumes."""
    own = resolver.path.rpartition("/")[0] + "/"
    if resolver.root != own and any(
        link.target.kind is LinkKind.DEEP and urlsplit(link.target.url).path.rstrip("/").rpartition("/")[0] + "/" == own
        for link in links
    ):  # a <base href> above the page: only entries below the page's own URL were requested
        return resolver.with_root(own)
    children = [link for link in links if link.target.kind is LinkKind.CHILD and not link.target.url.partition("?")[2]]
    parents: Counter[str] = Counter()
    for link in links:
        if link.target.kind in _BELOW_A_ROOT and "?" not in link.target.url:
            path = urlsplit(link.target.url).path
            parents[path.rstrip("/").rpartition("/")[0] + "/"] += 1
    for root, count in parents.most_common(12):
        if _may_be_root(root, resolver) and _are_fewer(children, count):
            return resolver.with_root(root)
    return None


def _are_fewer(children: Sequence[Link], count: int) -> bool:
    """True if there are fewer ``children`` than ``count``, without those in menus, which also link to siblings."""
    return count > len(children) or count > sum(not in_navigation(link.tag) for link in children)


def _may_be_root(root: str, resolver: Resolver) -> bool:
    if not resolver.path.endswith("/") and root == resolver.path + "/":
        return True
    return bool(resolver.named_directory) and unquote(root).rstrip("/").endswith(resolver.named_directory)


def find_query_directory(links: Sequence[Link], resolver: Resolver) -> Resolver | None:
    """The resolver for the form in which queries name directories: base64, or paths that begin with the page's own.

    None if ``resolver`` already assumes that form.
    """
    named = [(link, value) for link in links if (value := _directory_of(link))]
    if not named:
        return None
    directory, coded = resolver.named_directory, _is_coded(named)
    if coded and directory:
        directory = (queries.directory_value(resolver.query, coded=True) or ("", ""))[1]
    own = unquote(resolver.root, errors="surrogateescape").strip("/")
    values = {queries.trimmed(value) for _, value in named}
    paths = [value for value in values if "/" in value]  # a value without a slash may be any name
    if paths and not (coded or resolver.query) and own and all(value.startswith(f"{own}/") for value in paths):
        directory = "" if own in values else own  # if ``own`` is among them, it may be a subdirectory of the same name
    if (directory, coded) == (resolver.named_directory, resolver.is_coded):
        return None
    return resolver.with_named_directory(directory, coded=coded)


def _directory_of(link: Link) -> str:
    """The value by which the query of a link names a directory; "" if there is none."""
    if link.target.kind in _ELSEWHERE:
        return ""
    _, _, query = link.target.url.partition("?")
    key, value = queries.directory_parameter(query) or ("", "")
    return value if key in queries.PLAIN_DIRECTORY_KEYS and key != "/" and queries.trimmed(value) else ""


def _is_coded(named: Sequence[tuple[Link, str]]) -> bool:
    """True if all values are base64, and at least half of the links show the last segment of the decoded path."""
    plain = {value: queries.from_base64(value) for _, value in named}
    if not all(plain.values()):
        return False
    shown = {value for link, value in named if link.text == (plain[value] or "").rstrip("/").rpartition("/")[2]}
    return 2 * len(shown) >= len(plain)
