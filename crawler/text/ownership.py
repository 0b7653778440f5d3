"""Decides which URL DIR mirrors, whether another URL is another mirror, and whether DIR is inside another mirror."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote_to_bytes, urlsplit

from crawler.model.errors import AlreadyRunning, ConfigError
from crawler.model.struct import Value
from crawler.text.escape import masked, printable
from crawler.text.urls import INDEX_PAGE, INDEX_SORT, in_scope, last_name, looks_like_file


def tree_of(url: str) -> tuple[str, str, str]:
    """(host and port, path, query), equal for all URLs of the same tree. Raises ValueError.

    Differences in the scheme, the case of the host, the default port, a final slash, an index page (index.html), the
    encoding of the path, and the sort order of Apache or fancyindex (?C=M&O=D) are ignored.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    port = "" if parts.port in (None, default) else f":{parts.port}"
    path = unquote_to_bytes(parts.path)
    directory, _, last = path.rpartition(b"/")
    if INDEX_PAGE.fullmatch(last):
        path = directory
    return host + port, quote(path.rstrip(b"/")), "" if INDEX_SORT.fullmatch(parts.query) else parts.query


def is_same_tree(first: str, second: str) -> bool:
    """True if two URLs are of the same mirror, so that neither would delete the files of the other."""
    try:
        return tree_of(first) == tree_of(second)
    except ValueError:
        return first == second


def is_subtree(url: str, base: str, directory: str) -> bool:
    """Whether a mirror of ``base`` stores the tree at ``url`` in ``directory``, a path relative to its DIR."""
    return is_same_tree(url, f"{base.rstrip('/')}/{quote(directory, errors='surrogateescape')}/")


def owner(runs: Sequence[tuple[str, int | None]]) -> str | None:
    """The URL that DIR mirrors; None if unknown.

    ``runs``, newest first, are (URL, number of listed entries) of the recorded runs. Runs of a list have no URL. A run
    that listed nothing stored nothing, so it does not count. A killed run (None) may have stored files: it counts if no
    other run does.
    """
    mirrored = [(url, listed) for url, listed in runs if url]
    stored = (url for url, listed in mirrored if listed)
    killed = (url for url, listed in mirrored if listed is None)
    return next(stored, None) or next(killed, None)


def root_refusal(directory: str) -> str:
    """The message that refuses the root of the file system as DIR."""
    return f"DIR: {directory} is the root of the whole system: choose a directory in it"


def refusal(directory: str, known: str, url: str) -> str:
    """The message that refuses a run in the mirror of another URL. For a single file, --moved is not suggested."""
    if looks_like_file(url):
        root = f"{known.rstrip('/')}/"
        advice = f", or run {masked(root)}, which has it" if in_scope(url, root) else " for this file"
    else:
        advice = ", or add --moved if the site has moved to this URL"
    return f"{directory} is the mirror of {masked(known)}, not of {masked(url)}: choose another directory{advice}"


def foreign_files(directory: str, files: Iterable[tuple[str, str]], base: str, url: str) -> str:
    """The message that refuses a mirror of ``url`` in ``directory`` if it holds files of other URLs, else "".

    ``files``: (path, URL) of files saved by their URLs or from lists. ``base``: URL of the listing, with its slash.
    """
    for path, source in files:
        expected = base + quote(path, errors="surrogateescape")
        if source != expected and not is_same_tree(source, expected):  # nearly all are equal
            return (
                f"{directory} holds files of other URLs, such as {printable(path)} of {masked(source)}, and a mirror "
                f"of {masked(url)} with --delete would remove them: choose another directory, or add --moved to make "
                "it that mirror"
            )
    return ""


def other_file(directory: str, name: str, known: str, url: str) -> str:
    """The message that refuses to replace the file ``name`` of the URL ``known`` by that of ``url``."""
    return (
        f"{directory.rstrip('/')}/{printable(name)} is the file of {masked(known)}, not of {masked(url)}: choose "
        "another directory, or add --moved to replace it"
    )


def list_refusal(directory: str, known: str, items: Iterable[tuple[str, str]]) -> str:
    """The message that refuses a list in the mirror of ``known``, or "" if each file is where the mirror stores it.

    ``items``: (URL, path) of the listed files; the path is "" if only the server's response can tell it. The next
    --delete of the mirror would remove any other file, or the list would replace a file of the mirror.
    """
    for url, path in items:
        if not path and url.endswith("/"):
            continue  # it names no file, for which it fails in any directory
        if not path:
            which = f"{masked(url)}, whose name --name-from header takes from the server"
        elif not _is_file_of(known, url, path):
            which = f"{masked(url)} (as {printable(path)})"
        else:
            continue
        return (
            f"{directory} is the mirror of {masked(known)}, to which this file of the list does not belong: {which}. "
            "The --delete of the mirror would remove it: choose another directory for the list"
        )
    return ""


def _is_file_of(base: str, url: str, path: str) -> bool:
    """Whether a mirror of ``base`` stores the file at ``url`` as ``path``."""
    try:
        host, root, query = tree_of(base)
        expected = f"{urlsplit(base).scheme}://{host}{root}/{quote(path, errors='surrogateescape')}"
        return not query and last_name(url) == path.rpartition("/")[2] and tree_of(url) == tree_of(expected)
    except ValueError:
        return False


class Enclosing(Value, frozen=True, kw_only=True):
    """A directory above DIR that has its own state, as found by the first run in DIR."""

    directory: str
    below: str
    """Path of DIR relative to ``directory``."""
    url: str | None
    """The URL that ``directory`` mirrors; None if unknown."""
    knows_files: bool | None
    """Whether the state there knows files in DIR or below; None if no state is usable, or it may be incomplete."""
    is_running: bool
    """Whether a run holds the lock of ``directory``."""


def enclosing_refusal(
    above: Enclosing, directory: str, url: str, *, is_empty: bool, moved: bool
) -> ConfigError | AlreadyRunning | None:
    """Why the first mirror of ``url`` in ``directory`` may not start inside ``above``, or None if it may.

    With --delete, the new mirror would remove the files that ``above`` stores there; while ``above`` is running, it is
    unknown which files these will be. ``is_empty``: ``directory`` contains no files, so none can be lost.
    """
    if above.url is not None and is_subtree(url, above.url, above.below):
        return None
    if above.is_running:
        return AlreadyRunning(
            f"{directory} is inside {above.directory}, where another run is in progress: the first run in {directory} "
            "must wait until that one has ended, see --lock-wait"
        )
    if moved or above.knows_files is False or (above.knows_files is None and is_empty):
        return None
    advice = f"choose another directory, or add --moved to turn {directory} into a mirror of {masked(url)}"
    mirror = f"the mirror of {masked(above.url)}" if above.url is not None else "the mirror of an unknown URL"
    if above.knows_files:
        return ConfigError(f"{directory} is inside {above.directory}, {mirror}, and contains files of it: {advice}")
    return ConfigError(
        f"{directory} is inside {above.directory}, {mirror}, whose state does not show which files in {directory} "
        f"belong to it: {advice}"
    )
