"""Names that a server did not escape: ``what?.txt``, ``a#1.txt`` and ``epoch1:2.deb`` as they stand in a link.

As a URL (RFC 3986) such a link leads to ``what``, to ``a``, or to a scheme ``epoch1``. When the page shows the link by
its whole spelling, that is the name of the file, and the link is read as if it had been escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from crawler.listings.hrefs import Resolver, Target, Way, decoded, name_problem
from crawler.listings.queries import RESERVED, is_doubtful
from crawler.listings.regions import shows_name
from crawler.listings.survey import Link

_SEGMENT = "%=&~+!$,;'@()*[]|"  # as in a URL, but for what ends a path or a scheme
_LONGEST = 1_000
_SCHEMES = {"javascript", "data", "mailto", "tel", "http", "https", "ftp", "ftps", "sftp", "file", "rsync", "magnet"}


def settle(links: Iterable[Link], resolver: Resolver) -> None:
    """Give every link that shows an unescaped name the target that was meant."""
    for link in links:
        if is_doubtful(link.href) and len(link.href) < _LONGEST and link.target.way not in _SURE:
            link.target = _meant(link, resolver) or link.target


_SURE = {Way.SORT, Way.PARENT, Way.PAGE}


def _meant(link: Link, resolver: Resolver) -> Target | None:
    href = link.href.strip()
    for prefix in ("./", resolver.directory, resolver.root):
        if href.startswith(prefix):
            href = href[len(prefix) :]
            break
    bare = href.removesuffix("/")
    plain = RESERVED.split(bare, maxsplit=1)[0]
    if not plain or plain.lower() in _SCHEMES or "/" in bare or not is_doubtful(bare) or name_problem(decoded(bare)):
        return None
    shown = [link.text, link.title]
    if any(shows_name(text, decoded(plain)) for text in shown):
        return None
    if not any(text.rstrip("/") in {bare, decoded(bare)} for text in shown if text):
        return None
    url = resolver.directory + quote(bare, safe=_SEGMENT, errors="surrogateescape")
    is_folder = href.endswith("/")
    return Target(Way.CHILD, url + "/" if is_folder else url, decoded(bare), is_folder)
