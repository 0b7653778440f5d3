"""Presents the objects below a prefix as directories and files.

A store has no directories; a common prefix of keys is shown as one. Other programs mark
directories by keys that end in a slash; obstore shows these without the slash, and they are left out here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import obstore

from crawler.model.interfaces import UNREAD
from crawler.model.values import Kind, Local
from crawler.storage.objects.attributes import SECOND, mtime_of
from crawler.storage.objects.keys import parents
from crawler.text.urls import STATE_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

_CHUNK, _PIECE = 1000, 4000
"""Numbers of objects that are read together."""
DIRECTORY = Local(Kind.DIRECTORY, 0, 0)
MARK = "marked as a directory by another program, with an object that cannot be deleted here"
"""The reason in ``Destination.spared`` for a directory that has a mark."""


def version_of(etag: str | None) -> str:
    """``Local.version`` of an object with this ETag. Azure lists ETags without quotes."""
    return (etag or "").strip().removeprefix("W/").strip('"')


def if_match(version: str) -> GetOptions:
    """The options of a request that succeeds only if the object still has this version."""
    return {"if_match": f'"{version}"'} if version else {}


async def scan(store: ObjectStore, directory: str) -> tuple[dict[str, Local], bool]:
    """(content of ``directory``, without times; whether it is a separate mirror). Raises what obstore raises.

    If a file and a directory have the same name, the file is shown, and what lies below it is shown beside it, by names
    with slashes: no listing can show a directory there, so nothing else would ever name or delete it.
    """
    found = await obstore.list_with_delimiter_async(store, directory or None)
    start = len(directory) + 1 if directory else 0
    names: dict[str, Local] = {prefix[start:]: DIRECTORY for prefix in found["common_prefixes"]}
    is_mirror = names.pop(STATE_DIRECTORY, None) is not None
    both = [item["path"] for item in found["objects"] if item["path"][start:] in names]
    for item in found["objects"]:
        if item["path"] != directory:
            names[item["path"][start:]] = Local(Kind.FILE, item["size"], UNREAD, version=version_of(item["e_tag"]))
    for path in both:
        names.update({below[start:]: local for below, local in (await _below(store, path)).items()})
    return names, is_mirror


async def files_in_pieces(store: ObjectStore, directory: str) -> AsyncGenerator[dict[str, Local], None]:
    """See ``interfaces.Destination``. Raises what obstore raises.

    obstore returns the list of a directory as a whole, but the list of all keys below it in pieces. These may include
    the marks of directories, which look like empty files, so the pieces end early at the first empty file, too.
    """
    start, last = len(directory) + 1 if directory else 0, ""
    async for chunk in obstore.list(store, directory or None, chunk_size=_PIECE):
        piece = dict[str, Local]()
        for item in chunk:
            path, size = item["path"], item["size"]
            name = path[start:]
            if not directory and path.startswith(f"{STATE_DIRECTORY}/"):
                continue
            if "/" in name or name <= last or not size:
                yield {}
                return
            piece[name] = Local(Kind.FILE, size, UNREAD, version=version_of(item["e_tag"]))
            last = name
        if piece:
            yield piece


async def _below(store: ObjectStore, path: str) -> dict[str, Local]:
    """Path → item, for everything below the object ``path``. The path of a mark of ``path`` itself ends in a slash."""
    rows, spared = arrange(await walk(store, path), path, ())
    found = {below: Local(Kind.FILE, size, UNREAD) for below, kind, size in rows if kind is Kind.FILE}
    marked = {(f"{path}/" if below == path else below): reason for below, reason in spared.items()}
    return found | {below: Local(Kind.FILE, 0, UNREAD, spared=reason) for below, reason in marked.items()}


async def look(store: ObjectStore, path: str) -> tuple[Local, dict[str, str]] | None:
    """(the object at ``path`` with its time, its metadata), or None. Raises what obstore raises."""
    try:
        got = await obstore.get_async(store, path, options={"head": True})
    except FileNotFoundError:
        return None
    return local_of(got), dict(got.attributes)


def local_of(got: GetResult) -> Local:
    """The object in a response. If its metadata has no time, the time at which it was stored is used."""
    meta, mtime = got.meta, mtime_of(got.attributes)
    if mtime is None:
        mtime = int(meta["last_modified"].timestamp()) * SECOND
    return Local(Kind.FILE, meta["size"], mtime, version=version_of(meta["e_tag"]))


async def is_directory(store: ObjectStore, path: str) -> bool:
    """Whether there are objects below ``path``. Raises what obstore raises."""
    async for chunk in obstore.list(store, path, chunk_size=2):
        if any(item["path"] != path for item in chunk):
            return True
    return False


async def has_mark(store: ObjectStore, path: str) -> bool:
    """Whether another program has marked ``path`` as a directory, by a key that ends in a slash.

    Raises what obstore raises.
    """
    async for chunk in obstore.list(store, path, chunk_size=2):
        return any(item["path"] == path for item in chunk)
    return False


async def walk(store: ObjectStore, directory: str) -> dict[str, int]:
    """Path → size in bytes of everything below ``directory``, and of the mark of ``directory`` itself.

    Raises what obstore raises.
    """
    found: dict[str, int] = {}
    async for chunk in obstore.list(store, directory or None, chunk_size=_CHUNK):
        found.update((item["path"], item["size"]) for item in chunk)
    return found


def arrange(
    files: dict[str, int], directory: str, made: Collection[str]
) -> tuple[list[tuple[str, Kind, int]], dict[str, str]]:
    """(what may be deleted below ``directory``, children before their directory; other path → why it must stay).

    ``made``: directories that this run created explicitly and that may be empty.
    """
    files = {path: size for path, size in files.items() if not path.startswith(f"{STATE_DIRECTORY}/")}
    owners = {path.split(f"/{STATE_DIRECTORY}/")[0] for path in files if f"/{STATE_DIRECTORY}/" in path}
    directories = {path for path in made if _is_below(path, directory)}
    directories.update(above for path in files for above in parents(path) if _is_below(above, directory))
    rows, spared = list[tuple[str, Kind, int]](), dict[str, str]()
    for path, size in files.items():
        owner = next((each for each in (path, *parents(path)) if each in owners), None)
        if owner is not None:
            spared[owner if _is_below(owner, directory) else path] = f"part of another mirror, the one in {owner}"
        elif path == directory or (path in directories and not size):
            spared[path] = MARK
        else:
            rows.append((path, Kind.FILE, size))
    directories = {path for path in directories if owners.isdisjoint((path, *parents(path)))}
    deepest = sorted(directories - spared.keys(), key=lambda path: (-path.count("/"), path))
    return rows + [(path, Kind.DIRECTORY, 0) for path in deepest], spared


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(f"{directory}/") if directory else bool(path)
