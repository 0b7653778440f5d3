"""Which URL DIR mirrors, whether another URL is a different mirror, and whether DIR lies inside another mirror."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes, urlsplit

from crawler.model.errors import AlreadyRunning, ConfigError
from crawler.model.struct import Value
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


def is_subtree(url: str, base: str, folder: str) -> bool:
    """Whether ``url`` is the tree that a mirror of ``base`` stores in ``folder``, a path below its directory."""
    return is_same_tree(url, f"{base.rstrip('/')}/{quote(folder, errors='surrogateescape')}/")


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


class Enclosing(Value, frozen=True, kw_only=True):
    """A directory above DIR with a state directory of its own, as the first run in DIR finds it."""

    directory: str
    folder: str
    """Path of DIR below it."""
    url: str | None
    """What it is the mirror of; None if unknown."""
    knows_files: bool | None
    """Whether its state knows files in DIR or below; None if there is no usable state, or it may lack files."""
    is_running: bool
    """Whether a run holds its lock."""


def enclosing_refusal(
    above: Enclosing, directory: str, url: str, *, is_empty: bool, moved: bool
) -> ConfigError | AlreadyRunning | None:
    """Why the first mirror of ``url`` in ``directory`` may not begin inside ``above``, or None if it may.

    With --delete it would remove the files that ``above`` stores there. While ``above`` is running nobody knows which
    files those will be. ``is_empty``: ``directory`` holds no files, so there is nothing that a doubt could cost.
    """
    if above.url is not None and is_subtree(url, above.url, above.folder):
        return None
    if above.is_running:
        return AlreadyRunning(
            f"{directory} lies in {above.directory}, where another run is under way: the first run in {directory} has "
            "to wait until that one has ended, see --lock-wait"
        )
    if moved or above.knows_files is False or (above.knows_files is None and is_empty):
        return None
    advice = f"name another directory, or give --moved to turn {directory} into the mirror of {masked(url)}"
    mirror = f"the mirror of {masked(above.url)}" if above.url is not None else "the mirror of an unknown URL"
    if above.knows_files:
        return ConfigError(f"{directory} lies in {above.directory}, {mirror}, and holds files of it: {advice}")
    return ConfigError(
        f"{directory} lies in {above.directory}, {mirror}, whose state does not tell which files in {directory} are "
        f"its own: {advice}"
    )
