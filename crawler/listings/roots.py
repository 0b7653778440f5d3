"""The directory that a page lists, where that is not the one of its own address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from crawler.listings.hrefs import Resolver, Way
from crawler.listings.regions import in_navigation
from crawler.listings.survey import Link

_BELOW_A_ROOT = {Way.DEEP, Way.ABOVE, Way.SELF, Way.BREADCRUMB, Way.PARENT}


def settle_root(links: Sequence[Link], resolver: Resolver) -> bool:
    """Find the directory that the page lists: its own, or what its address or its query names. True if another."""
    own = resolver.path.rpartition("/")[0] + "/"
    if resolver.root != own and any(
        link.target.way is Way.DEEP and urlsplit(link.target.url).path.rstrip("/").rpartition("/")[0] + "/" == own
        for link in links
    ):  # a <base href> above the page: what is asked for is what lies below its address
        resolver.set_root(own)
        return True
    children = [link for link in links if link.target.way is Way.CHILD and not link.target.url.partition("?")[2]]
    parents: Counter[str] = Counter()
    for link in links:
        if link.target.way in _BELOW_A_ROOT and "?" not in link.target.url:
            path = urlsplit(link.target.url).path
            parents[path.rstrip("/").rpartition("/")[0] + "/"] += 1
    for root, count in parents.most_common(12):
        if _may_be_root(root, resolver) and _are_fewer(children, count):
            resolver.set_root(root)
            return True
    return False


def _are_fewer(children: Sequence[Link], count: int) -> bool:
    """Whether ``children`` are under ``count``, not counting menus: these also link to what lies beside the page."""
    return count > len(children) or count > sum(not in_navigation(link.tag) for link in children)


def _may_be_root(root: str, resolver: Resolver) -> bool:
    if not resolver.path.endswith("/") and root == resolver.path + "/":
        return True
    return bool(resolver.folder) and unquote(root).rstrip("/").endswith(resolver.folder)
