"""Which URL DIR mirrors, and whether another URL is a different mirror."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes, urlsplit

from crawler.text.escape import masked
from crawler.text.urls import INDEX_PAGE, INDEX_SORT


def tree_of(url: str) -> tuple[str, str, str]:
    """What two URLs of the same tree have in common: host and port, path, query. Raises ValueError.

    The scheme, the case of the host, the default port, the slash at the end, the page of the folder (index.html),
    the way in which a path is encoded, and the order in which Apache or fancyindex sorts the page (?C=M&O=D) make no
    difference.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    port = "" if parts.port in (None, default) else f":{parts.port}"
    path = unquote_to_bytes(parts.path)
    folder, _, last = path.rpartition(b"/")
    if INDEX_PAGE.fullmatch(last):
        path = folder
    return host + port, quote(path.rstrip(b"/")), "" if INDEX_SORT.fullmatch(parts.query) else parts.query


def is_same_tree(first: str, second: str) -> bool:
    """Whether two URLs are the same mirror, so that neither would delete the files of the other."""
    try:
        return tree_of(first) == tree_of(second)
    except ValueError:
        return first == second


def owner(runs: Sequence[tuple[str, int | None]]) -> str | None:
    """The URL that DIR mirrors; None if unknown.

    ``runs``, newest first, are (URL, listed entries) of the runs that are remembered. Those of a list have no URL, and
    one that listed nothing brought nothing. One that was killed (None) may have brought something: it counts if no
    other run tells.
    """
    mirrored = [(url, listed) for url, listed in runs if url]
    told = (url for url, listed in mirrored if listed)
    killed = (url for url, listed in mirrored if listed is None)
    return next(told, None) or next(killed, None)


def refusal(directory: str, known: str, url: str) -> str:
    """The message that refuses a run on the mirror of another URL."""
    return (
        f"{directory} is the mirror of {masked(known)}, not of {masked(url)}: name another directory, "
        "or give --moved if this URL takes the other's place"
    )
