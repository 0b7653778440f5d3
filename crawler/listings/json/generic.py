"""JSON listings of programs without a reader of their own: fields are recognised by their names.

Examples are dufs (``?json``), Caddy 1, gohttpserver, copyparty (``?ls``), ``serve``, ``rclone lsjson`` and GitHub's
contents API. Any API may return an array of objects, so every row must prove that it is a file or a directory:
by a type or flag from a closed vocabulary, or by a name, a size and a time without any field foreign to files.
An empty array proves nothing, but that there are no further pages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.statements.key_words import has_plural, words_of
from crawler.listings.values.exact_entries import Details, Rows, quote_name
from crawler.listings.values.exact_urls import (
    base_of,
    bucket_of,
    is_external,
    last_segment,
    resolve_link,
)
from crawler.listings.values.exact_values import any_time, exact_size, hex_digest, printed
from crawler.listings.values.kinds import kind_of
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.struct import Value, replace
from crawler.model.values import Kind, Listing
from crawler.text.urls import before_query, decoded

_ROLES = {
    "name": ("name", "filename", "basename", "base", "filetitle"),
    "href": ("downloadurl", "href", "relative", "url", "link"),
    "kind": ("type", "kind", "pathtype", "filetype", "entrytype"),
    "folder": ("isdir", "isdirectory", "isfolder", "dir", "directory", "folder"),
    "file": ("isfile",),
    "link": ("issymlink", "issymboliclink"),
    "size": ("size", "bytes", "sz", "filesize", "length", "contentlength"),
    "time": ("mtime", "modtime", "lastmodified", "lastmod", "modified", "modifiedat", "datemodified", "ts", "mdate"),
    "sha256": ("sha256",),
    "md5": ("md5",),
}
_ROLE_OF = {key: (role, order) for role, keys in _ROLES.items() for order, key in enumerate(keys)}
_ALSO_OF_FILES = frozenset(
    re.findall(
        r"\w+",
        """path mode perm perms permissions owner user group uid gid inode ino nlink links atime ctime btime birthtime
        created createdat ext extension mime mimetype contenttype icon etag sha1 crc32 hidden ishidden readable
        writable target linktarget symlinkpath humansize sizehuman date time""",
    )
)
_KINDS = {
    **dict.fromkeys(("file", "f", "regular", "regularfile"), Kind.FILE),
    **dict.fromkeys(("directory", "dir", "d", "folder", "symlinkdir", "collection"), Kind.DIRECTORY),
    **dict.fromkeys(("symlink", "link", "l", "symlinkfile", "symboliclink"), Kind.SYMLINK),
    **dict.fromkeys(("other", "submodule", "socket", "fifo", "device"), Kind.OTHER),
}
_DIRECTORIES = frozenset({"dirs", "directories", "folders", "subdirs", "subdirectories", "subfolders"})
_CONTAINERS = frozenset({"files", "paths", "items", "entries", "contents", "content", "children", "list", "listing"})
_ELSEWHERE = frozenset(
    re.findall(
        r"\w+",
        """parent parents ancestor ancestors breadcrumb breadcrumbs crumbs root roots path paths up deleted trash
        removed recycle recent recently history version versions previous favourites favorites bookmarks pinned
        related siblings shared drives mirrors""",
    )
)
"""Words of arrays whose rows are those of other directories, or that are gone."""
FAMILY = "json-generic"
_DEEPEST = 3
"""Number of objects in each other in which further arrays are looked for."""

Columns = dict[str, str]
"""Role of a field → the key of that field in a row."""


class _Array(Value, frozen=True):
    """The rows of one array, and the kind that the array's name implies for them, if any."""

    rows: list[Any]
    kind: Kind | None = None


def read_generic(document: JsonDocument) -> Listing | None:
    """The listing; None if any named row is not provably a file or a directory.

    Rows without a name are counted as rejections; None if they are half of the rows or more.
    """
    dufs = _is_dufs(document.value)
    arrays = list(_arrays(document.value))
    count = sum(len(array.rows) for array in arrays)
    if not count and not dufs:
        return None
    taken = Rows(document.url)
    base = bucket_of(document.url) if dufs else base_of(document.url)
    known: dict[tuple[str, ...], Columns | None] = {}
    nameless = 0
    for array in arrays:
        for row in array.rows:
            if _is_nameless(row):
                nameless += 1
                taken.add_nameless()
                continue
            keys = tuple(row)
            if keys not in known:
                known[keys] = _columns(keys)
            columns = known[keys]
            details = columns and _details(row, columns, array.kind)
            if not columns or not details or not _take(taken, base, row, columns, details):
                return None
    if nameless and 2 * nameless >= count:
        return None
    family, confidence = ("dufs-json", 1.0) if dufs else (FAMILY, 0.7)
    left = next(_left_out(document.value, [array.rows for array in arrays], taken.names), None)
    flaws = () if left is None else (Flaw(FlawKind.PART, f"further rows in {left}"),)
    return taken.listing(family, complete=document.whole, confidence=confidence, flaws=flaws)


def read_empty(document: JsonDocument) -> Listing | None:
    """What proves nothing by itself, but may be the page after the last one: arrays for rows, and nothing in them."""
    arrays = list(_arrays(document.value))
    if not arrays or not document.whole or any(array.rows for array in arrays):
        return None
    return replace(Rows(document.url).listing(FAMILY, confidence=0.0), is_listing=False)


def _is_nameless(row: Any) -> bool:
    """True if no field of a row could name an entry."""
    if not isinstance(row, dict):
        return True
    naming = (value for key, value in row.items() if _ROLE_OF.get(_plain(key), ("",))[0] in {"name", "href"})
    return not any(isinstance(value, str) and value for value in naming)


def _is_dufs(root: Any) -> bool:
    """True for ``{"kind": "Index", "uri_prefix", "paths": […], …}``, which dufs prints for empty directories too."""
    return isinstance(root, dict) and root.get("kind") == "Index" and "uri_prefix" in root and "paths" in root


def _arrays(root: Any) -> Iterator[_Array]:
    if isinstance(root, list):
        yield _Array(root)
    elif isinstance(root, dict):
        lists = [(_plain(key), value) for key, value in root.items() if isinstance(value, list)]
        split = not {key for key, _ in lists}.isdisjoint(_DIRECTORIES) and "files" in {key for key, _ in lists}
        for key, rows in lists:
            if key in _DIRECTORIES:
                yield _Array(rows, Kind.DIRECTORY)
            elif key in _CONTAINERS and not (_is_dufs(root) and key != "paths"):
                yield _Array(rows, Kind.FILE if split and key == "files" else None)


def _left_out(fields: Any, taken: list[list[Any]], names: Collection[str], depth: int = 0) -> Iterator[str]:
    """The keys of arrays, other than those ``taken``, with rows that are provably entries, and not ``names``."""
    if not isinstance(fields, dict) or depth == _DEEPEST:
        return
    for key, value in fields.items():
        if not _ELSEWHERE.isdisjoint(words_of(key)):
            continue
        if isinstance(value, list) and not any(value is rows for rows in taken):
            if any(_is_row(item, key, names) for item in value):
                yield key
        else:
            yield from _left_out(value, taken, names, depth + 1)


def _is_row(item: Any, key: str, names: Collection[str]) -> bool:
    """Whether an item of the array ``key`` is another row. A name alone is one if its array is called ``prefixes``."""
    if isinstance(item, str):
        return bool(item) and has_plural(key) and item.rstrip("/") not in names
    columns = _columns(tuple(item)) if isinstance(item, dict) else None
    if not columns or _details(item, columns, None) is None:
        return False
    found = {str(item.get(columns.get(role, ""))).rstrip("/").rpartition("/")[2] for role in ("name", "href")}
    return found.isdisjoint(names)


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _columns(keys: tuple[str, ...]) -> Columns | None:
    """The key for each role; None if no key could name an entry, or none could show what it is."""
    best: dict[str, tuple[int, str]] = {}
    foreign = False
    for key in keys:
        plain = _plain(key)
        if plain in _ROLE_OF:
            role, order = _ROLE_OF[plain]
            best[role] = min(best.get(role, (order, key)), (order, key))
        elif plain not in _ALSO_OF_FILES:
            foreign = True
    columns = {role: key for role, (_, key) in best.items()}
    if not columns.keys() & {"name", "href"} or not columns.keys() & {"size", "time", "href"}:
        return None
    if foreign:
        columns["foreign"] = ""
    return columns


def _details(row: dict[str, Any], columns: Columns, given: Kind | None) -> Details | None:
    """Kind, size and time of a row; None if the row does not show that it is a file or a directory."""
    size, time = row.get(columns.get("size", "")), row.get(columns.get("time", ""))
    span, modified = exact_size(size), any_time(time)
    kind = given or _kind(row, columns)
    if kind is None:
        whole = span is not None and modified is not None and "foreign" not in columns
        if not whole:
            return None
        kind = Kind.DIRECTORY if str(row.get(columns.get("name", ""))).endswith("/") else Kind.UNKNOWN
    digests = (hex_digest(name, row.get(columns[name])) for name in ("sha256", "md5") if name in columns)
    return Details(
        kind=kind,
        size=span,
        modified=modified,
        row=printed(size, time),
        digest=next((digest for digest in digests if digest), None),
    )


def _kind(row: dict[str, Any], columns: Columns) -> Kind | None:
    """The kind of a row, by its flag, else its type; None if there is neither or the type is unknown."""
    if "folder" in columns and isinstance(flag := row[columns["folder"]], bool):
        link = "link" in columns and row[columns["link"]] is True
        return Kind.DIRECTORY if flag else Kind.SYMLINK if link else Kind.FILE
    if "kind" in columns and isinstance(word := row[columns["kind"]], str):
        return kind_of(_plain(word), _KINDS)
    if "file" in columns and isinstance(flag := row[columns["file"]], bool):
        return Kind.FILE if flag else Kind.DIRECTORY
    return None


def _take(taken: Rows, base: str, row: dict[str, Any], columns: Columns, details: Details) -> bool:
    """Add an entry, named by the last segment of its URL if there is one. False if nothing names the entry."""
    name, href = row.get(columns.get("name", "")), _href(row, columns)
    if href is None:
        if not isinstance(name, str):
            return False
        _take_raw(taken, base, name, details)
        return True
    url = resolve_link(taken.url, href)
    if url is None:
        taken.reject(Reason.SCHEME, href)
        return True
    segment, slash = last_segment(url)
    if slash and details.kind is Kind.UNKNOWN:
        details = replace(details, kind=Kind.DIRECTORY)
    if not segment or before_query(url) == before_query(taken.url):  # the name is in the query, or nowhere
        if not isinstance(name, str) or url == taken.url:
            taken.reject(Reason.SELF, href)
            return True
        segment = quote_name(name) or ""
    taken.add(decoded(segment), url, details, external=is_external(url, taken.url))
    return True


def _take_raw(taken: Rows, base: str, name: str, details: Details) -> None:
    plain = name.removesuffix("/") if details.kind is Kind.DIRECTORY else name
    if plain in {".", ".."}:
        taken.reject(Reason.SELF if plain == "." else Reason.PARENT, name)
    else:
        taken.add_raw(base, plain, details)


def _href(row: dict[str, Any], columns: Columns) -> str | None:
    """The link of a row: by the preferred key, or another if it is null (GitHub's ``download_url`` for directories)."""
    if "href" not in columns:
        return None
    first = row[columns["href"]]
    if isinstance(first, str) and first:
        return first
    others = (row[key] for key in row if _ROLE_OF.get(_plain(key), ("",))[0] == "href")
    return next((value for value in others if isinstance(value, str) and value), None)
