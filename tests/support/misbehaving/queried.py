"""Index scripts whose queries name directories, and WebHDFS: each serves a tree of files at one URL.

with Scripts() as site:
    site.add(by_dir, {"a/b.bin": b"..."})
    run(site.start_of(by_dir))

No path is refused: for ``?dir=../..`` a script shows a directory, so that a walk that leaves its tree appears in the
log.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, unquote

from .behaviours import Behaviour
from .responses import Request, Version
from .server import Site
from .site import OLD, Resource

Value = Callable[[str], str]


def _raw(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _coded(text: str) -> str:
    return quote(base64.b64encode(text.encode()).decode(), safe="")


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


@dataclass(frozen=True, slots=True)
class Script:
    """The form of a program's URLs for directories and files."""

    name: str
    address: str
    """Path of the script; its files are below it."""
    key: str = "dir"
    """The parameter that names the directory; if empty, the whole query does."""
    escaped: Value = _raw
    """Directory → the value in the query."""
    read: Value = str
    """The value of the query, percent-decoded → directory."""
    above: str = ""
    """Prefix of each directory in a value."""
    file_key: str = ""
    """The parameter that names the file; if empty, files are linked by their paths."""
    end: str = ""
    """Suffix of a directory in a value."""
    is_hdfs: bool = False

    @property
    def base(self) -> str:
        """Path of the directory that contains the files."""
        return self.address.rpartition("/")[0] + "/"

    def directory(self, path: str, *views: str) -> str:
        """URL of a directory; ``views`` are appended to its own parameters."""
        if self.is_hdfs:
            return f"{self.base}{quote(path)}{'/' if path else ''}?op=LISTSTATUS"
        value = self.above + path + (self.end if path else "")
        named = f"{self.key}={self.escaped(value)}" if self.key else f"/{quote(path)}{'/' if path else ''}"
        parts = [*([named] if path or not self.key else []), *views]
        return self.address + ("?" + "&".join(parts) if parts else "")

    def file(self, path: str) -> str:
        """URL of a file."""
        if self.is_hdfs:
            return f"{self.base}{quote(path)}?op=OPEN"
        if not self.key:
            return f"{self.address}?/{quote(path)}"
        if self.file_key:
            directory, _, name = path.rpartition("/")
            return f"{self.address}?{self.key}={self.escaped(directory)}&{self.file_key}={self.escaped(name)}"
        return self.base + quote(path)

    def resolve(self, target: str) -> tuple[str, bool]:
        """(path, whether it is a directory) that a request target names."""
        path, _, query = target.partition("?")
        if self.is_hdfs:
            return unquote(path).removeprefix(self.base).strip("/"), "OPEN" not in parse_qs(query).get("op", [])
        if path != self.address:
            return unquote(path).removeprefix(self.base), False
        if not self.key:
            named = unquote(query.partition("&")[0])
            return named.strip("/"), named.endswith("/") or not named
        values = dict(parse_qsl(query))
        directory = self.read(values.get(self.key, "")).removeprefix(self.above).strip("/")
        if self.file_key in values:
            return f"{directory}/{self.read(values[self.file_key])}".lstrip("/"), False
        return directory, True


SCRIPTS = (
    Script("dir", "/dir/index.php", escaped=quote_plus),
    Script("dir-of-files", "/get/list.php", file_key="file"),
    Script("path", "/path/", key="path", above="/"),
    Script("path-with-slashes", "/slashes/", key="path", escaped=quote, end="/"),
    Script("folder-in-base64", "/coded/", key="folder", escaped=_coded, read=_decoded),
    Script("folder-from-the-root-of-the-host", "/host/pub/", key="folder", escaped=quote, above="host/pub/"),
    Script("SD", "/sd/", key="SD", escaped=quote),
    Script("query-is-the-path", "/whole/", key=""),
    Script("webhdfs", "/webhdfs/v1/", is_hdfs=True),
)


@dataclass(slots=True)
class Shelf:
    """The files of one script, and the other content of its pages."""

    files: dict[str, bytes]
    links: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Directory → additional rows (URL, text); for WebHDFS only the text is used."""
    twins: dict[str, str] = field(default_factory=dict)
    """Directory → the directory that it is a symbolic link to."""
    broken: dict[str, tuple[Behaviour, ...]] = field(default_factory=dict)
    """Directory → behaviours of its page."""

    def real(self, path: str) -> str:
        """``path`` with all symbolic links resolved."""
        found = ""
        for name in path.split("/"):
            found = f"{found}/{name}".lstrip("/")
            found = self.twins.get(found, found)
        return found

    def members(self, directory: str) -> dict[str, bytes | None]:
        """Name → content for the members of ``directory``; None for a directory."""
        start = f"{directory}/" if directory else ""
        found: dict[str, bytes | None] = {}
        for path, data in self.files.items():
            if path.startswith(start):
                name, slash, _ = path[len(start) :].partition("/")
                found[name] = None if slash else data
        for path in self.twins:
            if path.rpartition("/")[0] == directory:
                found[path.rpartition("/")[2]] = None
        return found


class Scripts(Site):
    """A server with any number of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.shelves: dict[Script, Shelf] = {}

    def add(self, script: Script, files: Mapping[str, bytes]) -> Shelf:
        self.shelves[script] = shelf = Shelf(dict(files))
        return shelf

    def start_of(self, script: Script) -> str:
        return self.origin + script.directory("")

    def requests_of(self, script: Script) -> tuple[list[str], list[str]]:
        """(requested directories, requested files), in order."""
        resolved = [script.resolve(target) for target in self.log.targets if target.startswith(script.base)]
        directories = [path for path, is_directory in resolved if is_directory]
        return directories, [path for path, is_directory in resolved if not is_directory]

    def resource_of(self, request: Request) -> Resource:
        script = next((each for each in self.shelves if request.target.startswith(each.base)), None)
        if script is None:
            return super().resource_of(request)
        shelf = self.shelves[script]
        path, is_directory = script.resolve(request.target)
        if not is_directory:
            data = shelf.files.get(shelf.real(path))
            return Resource(path=request.target, state=None if data is None else Version(data=data, mtime=OLD))
        page = _statuses if script.is_hdfs else _table
        return Resource(
            path=request.target,
            state=Version(
                data=page(script, shelf, path).encode(),
                mtime=OLD,
                content_type="application/json" if script.is_hdfs else "text/html; charset=utf-8",
                etag=None,
                dated=False,
            ),
            behaviours=list(shelf.broken.get(path, ())),
        )


def _table(script: Script, shelf: Shelf, directory: str) -> str:
    """A table as such scripts print it: sort links in both directions, breadcrumbs, a menu of
    directories, itself and its parent as rows, icons."""
    title = f"/{directory}"
    sorts = "".join(
        f"<th><a href='{escape(script.directory(directory, f'sort={key}', f'order={order}'))}'>{key.title()}</a></th>"
        for key, order in (("name", "desc"), ("size", "asc"), ("date", "desc"))
    )
    steps = directory.split("/") if directory else []
    trail = "".join(
        f" / <a href='{escape(script.directory('/'.join(steps[: depth + 1])))}'>{escape(step)}</a>"
        for depth, step in enumerate(steps)
    )
    tops = {path.partition("/")[0] for path in shelf.files if "/" in path}
    tree = "".join(f"<li><a href='{escape(script.directory(top))}'>{escape(top)}</a></li>" for top in sorted(tops))
    rows = [_row(script.directory(directory), ".", None)]
    rows += [_row(script.directory(directory.rpartition("/")[0]), "..", None)] if directory else []
    for name, data in shelf.members(shelf.real(directory)).items():
        path = f"{directory}/{name}".lstrip("/")
        rows.append(_row(script.directory(path) if data is None else script.file(path), name, data))
    rows += [_row(address, text, None) for address, text in shelf.links.get(directory, ())]
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>Index of {escape(title)}</title></head><body>"
        f"<h1>Index of {escape(title)}</h1>"
        f"<div class='breadcrumb'><a href='{script.directory('')}'>home</a>{trail}</div>"
        f"<nav><ul>{tree}</ul></nav><table><tr>{sorts}</tr>{''.join(rows)}</table></body></html>"
    )


def _row(address: str, text: str, data: bytes | None) -> str:
    icon, size = ("folder", "-") if data is None else ("file", f"{len(data)} B")
    return (
        f"<tr><td><img src='/icons/{icon}.png' alt=''> <a href='{escape(address)}'>{escape(text)}</a></td>"
        f"<td>{size}</td><td>{datetime.fromtimestamp(OLD, UTC):%Y-%m-%d %H:%M}</td></tr>"
    )


def _statuses(script: Script, shelf: Shelf, directory: str) -> str:
    """The response to LISTSTATUS: unescaped names, without links to the parent or to other views."""
    del script
    rows = [_status(name, data) for name, data in shelf.members(shelf.real(directory)).items()]
    rows += [_status(text, None) for _, text in shelf.links.get(directory, ())]
    return json.dumps({"FileStatuses": {"FileStatus": rows}}, ensure_ascii=False)


def _status(name: str, data: bytes | None) -> dict[str, Any]:
    return {
        "accessTime": 0, "blockSize": 0 if data is None else 134217728, "childrenNum": 0, "fileId": 16386,
        "group": "supergroup", "length": len(data or b""), "modificationTime": int(OLD * 1000), "owner": "hdfs",
        "pathSuffix": name, "permission": "755", "replication": 0 if data is None else 3, "storagePolicy": 0,
        "type": "DIRECTORY" if data is None else "FILE",
    }  # fmt: skip
