"""Recognises directories that are linked by their index pages: ``docs/index.html`` shown as ``docs``.

Programs that generate static index pages link directories this way. A link in prose or in a menu looks the same, so
the rule applies only if the page links no directory by its path, and links nothing else inside directories.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.listings.html.tree.regions import in_navigation
from crawler.listings.html.tree.survey import Link
from crawler.listings.values.hrefs import LinkKind
from crawler.model.struct import replace

_INDEX_PAGE = re.compile(r"index\.(?:s?html?|xhtml|php\d?)", re.IGNORECASE)


def resolve_index_pages(links: Sequence[Link]) -> None:
    """Make each link to a directory's index page a link to the directory, if its text is the directory's name."""
    deep = [link for link in links if link.target.kind is LinkKind.DEEP and not in_navigation(link.tag)]
    if not deep or not all(_leads_to_index(link) for link in deep):
        return
    if any(link.target.kind is LinkKind.CHILD and link.target.slash for link in links):
        return
    taken = {link.target.name for link in links if link.target.kind is LinkKind.CHILD}
    for link in deep:
        directory = link.target.folder
        if directory not in taken:
            link.retarget(replace(link.target, kind=LinkKind.CHILD, name=directory, folder="", slash=True))


def _leads_to_index(link: Link) -> bool:
    target = link.target
    shown = {text.removesuffix("/") for text in (link.text, *link.pieces)}
    return "?" not in target.url and bool(_INDEX_PAGE.fullmatch(target.name)) and target.folder in shown
