"""A site in memory: a tree of files as nginx lists and serves it, with its own clock and faults on request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import unquote

from crawler.model.errors import FetchError
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse
from tests.support.misbehaving.pages import Row, nginx
from tests.support.misbehaving.responses import Request, Version, respond

ROOT = "http://h/pub/"

LOGIN = b"<html><head><title>Log in</title></head><body><form>Name</form></body></html>"
"""A login page. No file has its size: a page of exactly the listed size could not be distinguished from the file."""


class Killed(BaseException):
    """Raised where the process is killed."""


@dataclass
class Upstream:
    """``files`` is the tree: path → (data, modification time in seconds)."""

    etags: bool
    dated: bool
    """Whether files have a Last-Modified."""
    now: int
    """The site's clock in seconds since the epoch."""
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Path of a file or directory → ``500``, ``cut``, ``page`` (a web page in its place), or ``half`` (of the rows)."""
    kill_at: int | None = None
    """Number of the request at which the client is killed."""
    requests: Counter[str] = field(default_factory=Counter)
    """Path → number of requests."""
    bodies: Counter[str] = field(default_factory=Counter)
    """Path of a file → number of times that some of its content was sent."""

    def client(self) -> FakeClient:
        self.requests.clear()
        self.bodies.clear()
        return FakeClient(self._respond, piece=16)

    @property
    def directories(self) -> set[str]:
        """Paths of all directories; "" is the root."""
        found = {""}
        for path in self.files:
            pieces = path.split("/")[:-1]
            found.update("/".join(pieces[: count + 1]) for count in range(len(pieces)))
        return found

    def put(self, path: str, data: bytes) -> None:
        """Write a file, replacing whatever occupies its path."""
        pieces = path.split("/")
        above = {"/".join(pieces[:count]) for count in range(1, len(pieces))}
        self.files = {
            other: version
            for other, version in self.files.items()
            if other not in above and not other.startswith(path + "/")
        }
        self.files[path] = (data, self.now)

    def move(self, source: str, target: str) -> None:
        """Rename a file; it keeps its time."""
        version = self.files.pop(source)
        self.put(target, version[0])
        self.files[target] = version

    def _respond(self, received: FakeRequest) -> FakeResponse:
        if self.kill_at is not None and self.requests.total() >= self.kill_at:
            raise Killed
        path = unquote(received.url.removeprefix(ROOT))
        self.requests[path] += 1
        trouble = self.broken.get(path.rstrip("/"))
        if trouble == "500":
            return FakeResponse(status=500)
        if path == "" or path.endswith("/"):
            return self._listing(path.rstrip("/"), trouble)
        return self._file(received, path, trouble)

    def _listing(self, directory: str, trouble: str | None) -> FakeResponse:
        if directory not in self.directories:
            return FakeResponse(status=404)
        page = self._page(directory, 2) if trouble == "half" else self._page(directory)
        if trouble == "page":
            page = LOGIN
        headers = {"Content-Type": "text/html", "Date": formatdate(self.now, usegmt=True)}
        return FakeResponse(headers=headers, body=page[: len(page) // 2] if trouble == "cut" else page)

    def _page(self, directory: str, step: int = 1) -> bytes:
        prefix = f"{directory}/" if directory else ""
        names = {path.removeprefix(prefix).partition("/")[0] for path in self.files if path.startswith(prefix)}
        rows = []
        for name in sorted(names)[::step]:
            version = self.files.get(prefix + name)
            if version is None:
                rows.append(Row(href=name + "/", size=None, mtime=self.now))
            else:
                rows.append(Row(href=name, size=len(version[0]), mtime=version[1]))
        return nginx(f"/pub/{prefix}", rows)

    def _file(self, received: FakeRequest, path: str, trouble: str | None) -> FakeResponse:
        if path not in self.files:
            return FakeResponse(status=404)
        data, mtime = self.files[path]
        request = Request(
            method=received.method,
            target=received.url,
            headers={name.lower(): value for name, value in received.headers.items()},
            connection=1,
            at=0.0,
        )
        reply = respond(request, Version(data=data, mtime=mtime, etag="auto" if self.etags else None, dated=self.dated))
        if trouble == "page":
            return FakeResponse(headers={"Content-Type": "text/html", "Content-Length": str(len(LOGIN))}, body=LOGIN)
        headers = dict(reply.headers) | {"Date": formatdate(self.now, usegmt=True)}
        if reply.status != 304:
            headers["Content-Length"] = str(len(reply.body))
        if reply.status in (200, 206) and received.method == "GET":
            self.bodies[path] += 1
        whole = FakeResponse(status=reply.status, headers=headers, body=reply.body)
        if trouble == "cut" and reply.body:
            return replace(
                whole, body=reply.body[: len(reply.body) // 2], fails=FetchError("cut short", url=received.url)
            )
        return whole
