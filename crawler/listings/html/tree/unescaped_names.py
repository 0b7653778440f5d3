"""Names that a server did not escape: ``what?.txt``, ``a#1.txt`` and ``epoch1:2.deb`` as they stand in a link.

As a URL (RFC 3986) such a link leads to ``what``, to ``a``, or to a scheme ``epoch1``. When the page shows the link by
its whole spelling, that is the name of the file, and the link is read as if it had been escaped. The same holds for
what may be a parameter: ``a;jsessionid=1`` is a file of that name, or the file ``a`` in a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from crawler.listings.html.tree.regions import shows_name
from crawler.listings.html.tree.survey import Link
from crawler.listings.values.hrefs import LinkKind, Resolver, Target, name_problem
from crawler.listings.values.queries import RESERVED, has_parameter, is_doubtful, without_parameters
from crawler.text.urls import before_query, decoded

_SEGMENT = "%=&~+!$,;'@()*[]|"  # as in a URL, but for what ends a path or a scheme
_LONGEST = 1_000
_SCHEMES = {"javascript", "data", "mailto", "tel", "http", "https", "ftp", "ftps", "sftp", "file", "rsync", "magnet"}


def settle(links: Sequence[Link], resolver: Resolver, *, members_only: bool) -> None:
    """Give every link that shows an unescaped name the target that was meant.

    ``members_only``: the program prints names as they are and adds no parameters to them.
    """
    _settle_parameters([link for link in links if has_parameter(link.href)], resolver, members_only=members_only)
    for link in links:
        if is_doubtful(link.href) and len(link.href) < _LONGEST and link.target.kind not in _SURE:
            link.target = _meant(link, resolver) or link.target


def _settle_parameters(links: Sequence[Link], resolver: Resolver, *, members_only: bool) -> None:
    literal = {link.href for link in links if is_part_of_name(_shown_by(link), link.href, members_only=members_only)}
    for link in links:
        if link.href in literal:
            link.target = resolver.target(link.href, literal=True)


def _shown_by(link: Link) -> list[str]:
    return [text for text in (link.text, *link.pieces, link.title) if text]


def is_part_of_name(shown: Iterable[str], href: str, *, members_only: bool) -> bool:
    """Whether the parameters in ``href`` belong to the name, going by the texts that are ``shown`` for the link.

    A text that has them, or is cut within them, says so; one that is the name without them says that they are none
    of it. Where neither is shown, it depends on whether the program prints ``members_only``.
    """
    path = before_query(href.strip())
    full, plain = decoded(path), decoded(without_parameters(path))
    names = {(full, plain), (_last(full), _last(plain))}
    said = set(shown)
    if any(shows_name(text, whole) and not shows_name(text, bare) for text in said for whole, bare in names):
        return True
    return members_only and not any(text.strip().rstrip("/") in {_last(plain), plain.rstrip("/")} for text in said)


def is_another(first: Link, second: Link) -> bool:
    """Whether two rows whose links have become one URL are shown by different names, so that they may be two files."""
    if first.href == second.href or not any("?" in link.href or has_parameter(link.href) for link in (first, second)):
        return False
    texts = {link.text.rstrip("/") for link in (first, second)}
    return (
        len(texts) == 2 and all(texts) and not all(shows_name(link.text, link.target.name) for link in (first, second))
    )


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


_SURE = {LinkKind.SORT, LinkKind.PARENT, LinkKind.PAGE}


def _meant(link: Link, resolver: Resolver) -> Target | None:
    href = link.href.strip()
    for prefix in ("./", resolver.directory, resolver.root):
        if href.startswith(prefix):
            href = href[len(prefix) :]
            break
    if href.startswith(":") and href[1:].rstrip("/") in {link.text.rstrip("/"), quote(link.text.rstrip("/"))}:
        return resolver.target("./" + href[1:])  # JFrog Bintray's script takes the colon away
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
    return Target(LinkKind.CHILD, url + "/" if is_folder else url, decoded(bare), is_folder)
