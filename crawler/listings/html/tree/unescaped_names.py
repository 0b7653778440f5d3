"""Recognises names that a server did not escape in links: ``what?.txt``, ``a#1.txt``, ``epoch1:2.deb``.

As URLs (RFC 3986) these lead to ``what``, to ``a``, and to the scheme ``epoch1``. If the text of the link is the whole
href, it is the name of the file, and the link is read as if it were escaped. Path parameters are ambiguous too:
``a;jsessionid=1`` is a file of that name, or the file ``a`` in a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from crawler.listings.html.tree.regions import shows_name
from crawler.listings.html.tree.survey import Link
from crawler.listings.values.hrefs import LinkKind, Resolver, Target, link_name_problem
from crawler.listings.values.queries import RESERVED, has_parameter, is_doubtful, without_parameters
from crawler.text.urls import before_query, decoded

_SEGMENT = "%=&~+!$,;'@()*[]|"  # allowed in a URL, except for characters that end a path or a scheme
_LONGEST = 1_000
_SCHEMES = {"javascript", "data", "mailto", "tel", "http", "https", "ftp", "ftps", "sftp", "file", "rsync", "magnet"}


def correct_targets(links: Sequence[Link], resolver: Resolver, *, members_only: bool) -> None:
    """Correct the target of every link that shows an unescaped name.

    ``members_only``: the program links to members of the directory only and adds no parameters to their names.
    """
    _settle_parameters([link for link in links if has_parameter(link.href)], resolver, members_only=members_only)
    for link in links:
        if is_doubtful(link.href) and len(link.href) < _LONGEST and link.target.kind not in _SURE:
            link.retarget(_meant(link, resolver) or link.target)


def _settle_parameters(links: Sequence[Link], resolver: Resolver, *, members_only: bool) -> None:
    literal = {link.href for link in links if is_part_of_name(_shown_by(link), link.href, members_only=members_only)}
    for link in links:
        if link.href in literal:
            link.retarget(resolver.target(link.href, literal=True))


def _shown_by(link: Link) -> list[str]:
    return [text for text in (link.text, *link.pieces, link.title) if text]


def is_part_of_name(shown: Iterable[str], href: str, *, members_only: bool) -> bool:
    """True if the path parameters in ``href`` belong to the name, judged by the texts ``shown`` for the link.

    They do if a text contains them or is truncated within them, and do not if a text is the name without them.
    Otherwise the result is ``members_only``.
    """
    path = before_query(href.strip())
    full, plain = decoded(path), decoded(without_parameters(path))
    names = {(full, plain), (_last(full), _last(plain))}
    texts = set(shown)
    if any(shows_name(text, whole) and not shows_name(text, bare) for text in texts for whole, bare in names):
        return True
    return members_only and not any(text.strip().rstrip("/") in {_last(plain), plain.rstrip("/")} for text in texts)


def show_different_names(first: Link, second: Link) -> bool:
    """True if two links with the same URL show different names, so that they may be two files."""
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
        return resolver.target("./" + href[1:])  # JFrog Bintray's script removes the colon
    bare = href.removesuffix("/")
    plain = RESERVED.split(bare, maxsplit=1)[0]
    if not plain or plain.lower() in _SCHEMES or "/" in bare or not is_doubtful(bare):
        return None
    if link_name_problem(decoded(bare)):
        return None
    shown = [link.text, link.title]
    if any(shows_name(text, decoded(plain)) for text in shown):
        return None
    if not any(text.rstrip("/") in {bare, decoded(bare)} for text in shown if text):
        return None
    url = resolver.directory + quote(bare, safe=_SEGMENT, errors="surrogateescape")
    is_directory = href.endswith("/")
    return Target(LinkKind.CHILD, url + "/" if is_directory else url, decoded(bare), is_directory)
