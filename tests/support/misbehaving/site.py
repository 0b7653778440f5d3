"""A tree of files, its listings, and the misbehaviour of each of its URLs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from . import pages
from .behaviours import Behaviour
from .responses import Request, Response, Version

OLD = 1_735_787_045.0
"""2025-01-02 03:04:05 UTC: long ago, so that no row is too recent to be trusted."""


@dataclass(slots=True)
class Resource:
    """The content of one URL path, and its behaviours."""

    path: str
    state: Version | None = None
    page: Callable[[], bytes] | None = None
    """Renders a listing."""
    behaviours: list[Behaviour] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return self.state is not None or self.page is not None

    def version(self) -> Version:
        if self.page is not None:
            kind = "text/html; charset=utf-8"
            return Version(data=self.page(), mtime=OLD, content_type=kind, etag=None, dated=False)
        return self.state or Version(data=b"", mtime=OLD)

    def behaviours_for(self, request: Request) -> list[Behaviour]:
        """The behaviours that apply to this request; each counts the requests that it matches."""
        holding: list[Behaviour] = []
        for number, each in enumerate(self.behaviours):
            if not each.is_about(request):
                continue
            self.counts[number] = self.counts.get(number, 0) + 1
            if each.holds(self.counts[number]):
                holding.append(each)
        return holding

    def behave(self, behaviours: tuple[Behaviour, ...]) -> None:
        self.behaviours = list(behaviours)
        self.counts = {}


@dataclass(slots=True, kw_only=True)
class Shown:
    """The size and time that a file has in the listing of its directory."""

    name: str
    size: int | None
    mtime: float


class Tree:
    """Files by path below the root ``/pub/``; their directories and listings follow from them."""

    root = "/pub/"

    def __init__(self, *, shape: str = "nginx", listings: Callable[[Response], Response] | None = None) -> None:
        self._resources: dict[str, Resource] = {}
        self._rows: dict[str, dict[str, Shown]] = {"": {}}
        self._render = pages.SHAPES[shape]
        self._listings = listings or (lambda response: response)
        self.portal: tuple[Behaviour, ...] = ()
        """If set, these respond to every request whatever its URL: a captive portal, a proxy, an outage."""
        self.otherwise: Callable[[str], Resource | None] = lambda target: None
        """Called for undefined URLs, to simulate endless trees and servers that respond to everything."""

    def file(
        self,
        path: str,
        data: bytes,
        *behaviours: Behaviour,
        mtime: float = OLD,
        listed: bool = True,
        size: int | None = None,
        **version: object,
    ) -> None:
        """Add or replace a file. ``size`` is the size shown in the listing; further keywords go to ``Version``."""
        state = Version(data=data, mtime=mtime, **version)  # type: ignore[arg-type]
        resource = self.at(path)
        resource.state, resource.page = state, None
        resource.behave(behaviours)
        directory, _, name = path.rpartition("/")
        self.directory(directory)
        if listed:
            shown = Shown(name=name, size=len(data) if size is None else size, mtime=mtime)
            self._rows[directory][name] = shown

    def directory(self, path: str, *behaviours: Behaviour) -> None:
        """Add a directory and its parents; ``behaviours`` are those of its listing."""
        parent, _, name = path.rpartition("/")
        if path and path not in self._rows:
            self.directory(parent)
            self._rows[parent][name] = Shown(name=name, size=None, mtime=OLD)
            self._rows[path] = {}
        resource = self.at(f"{path}/" if path else "")
        resource.page = lambda: self._page(path)
        if behaviours:
            resource.behave(behaviours)

    def listing(self, path: str, raw: bytes | Callable[[], bytes]) -> None:
        """Serve these bytes as the listing of ``path`` instead of rendering one."""
        self.directory(path)
        self.at(f"{path}/" if path else "").page = raw if callable(raw) else lambda: raw

    def links(self, *hrefs: str, path: str = "", size: int | None = 5) -> None:
        """A listing of exactly these hrefs in addition to the existing rows; hrefs are printed as they are."""
        rows = [pages.Row(href=href, size=size, mtime=OLD) for href in hrefs]
        self.listing(path, lambda: self._render(f"{self.root}{path}", [*rows, *self._listed(path)]))

    def on(self, path: str, *behaviours: Behaviour) -> None:
        """Set the behaviours of a URL below the root. ``path`` is raw (percent-encoded); ``""`` is the root itself."""
        self._resource(f"{self.root}{path}").behave(behaviours)

    def remove(self, path: str) -> None:
        """Remove the file from the listing and respond with 404."""
        directory, _, name = path.rpartition("/")
        del self._rows[directory][name]
        del self._resources[self._raw(path)]

    def vanish(self, *paths: str) -> None:
        """Respond to the URLs of these files with 404, whatever the listings show."""
        for path in paths:
            del self._resources[self._raw(path)]

    def at(self, path: str) -> Resource:
        """The resource of a decoded path below the root."""
        return self._resource(self._raw(path))

    def resource(self, target: str) -> Resource:
        """The resource of a raw request path; an unknown one does not exist (404)."""
        found = self._resources.get(target) or self.otherwise(target) or Resource(path=target)
        if self.portal:
            return Resource(path=target, page=found.page, state=found.state, behaviours=list(self.portal))
        return found

    def shaped(self, resource: Resource, response: Response) -> Response:
        return self._listings(response) if resource.page is not None else response

    def contents(self) -> dict[str, bytes]:
        """The content of a mirror of this tree according to its listings: path → bytes."""
        found: dict[str, bytes] = {}
        for directory, rows in self._rows.items():
            for name, shown in rows.items():
                path = f"{directory}/{name}" if directory else name
                state = self.at(path).state if shown.size is not None else None
                if state is not None:
                    found[path] = state.data
        return found

    def mtime(self, path: str) -> float:
        state = self.at(path).state
        assert state is not None
        return state.mtime

    def _resource(self, target: str) -> Resource:
        return self._resources.setdefault(target, Resource(path=target))

    def _raw(self, path: str) -> str:
        return self.root + quote(path, safe="/!$'()*,-.@_~=", errors="surrogateescape")

    def _page(self, path: str) -> bytes:
        title = f"{self.root}{path}/" if path else self.root
        return self._render(title, self._listed(path))

    def _listed(self, path: str) -> list[pages.Row]:
        rows = []
        for shown in sorted(self._rows[path].values(), key=lambda row: (row.size is not None, row.name)):
            href = pages.nginx_href(shown.name) + ("/" if shown.size is None else "")
            text = shown.name + ("/" if shown.size is None else "")
            rows.append(pages.Row(href=href, size=shown.size, mtime=shown.mtime, text=text))
        return rows


def cut_close(response: Response) -> Response:
    """A listing framed by the end of the connection: no length, no chunks."""
    return replace(response, framing="close", version="HTTP/1.0")
