"""Whole runs of a mirror of a listing with several pages, whose files are served, too: without sockets."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote
from weakref import finalize

from crawler.model.config import Config
from tests.support import scratch
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse
from tests.support.simulated_run import simulated_run

ROOT = "http://h.test/pub/"
SIZE = 5 * 1024
"""Of each file: pages show "5 KiB"."""
_HEADERS = {"Content-Length": str(SIZE), "Last-Modified": "Thu, 02 Jan 2025 03:04:00 GMT"}
_HREF = re.compile(r'<td><a href="([^"]+)"')


class Listed(Protocol):
    """A site of one directory."""

    names: list[str]
    """The files that it has."""

    def page(self, query: str) -> str | None:
        """The page of the listing that ``query`` names; None if there is none."""


class PagedMirror:
    """A mirror of ``site``."""

    def __init__(self, site: Listed, *, delete: bool = True, extra: str = "") -> None:
        """``extra``: name of a file that is there already, and that the site does not have."""
        self.site, self._delete = site, delete
        self.shown = set[str]()
        """The names on the pages that the last run has read."""
        self._directory = Path(tempfile.mkdtemp(dir=scratch.MEMORY if scratch.has_room() else None))
        if extra:
            (self._directory / "mirror").mkdir()
            (self._directory / "mirror" / extra).touch()
        finalize(self, shutil.rmtree, self._directory, ignore_errors=True)

    @property
    def names(self) -> set[str]:
        """The files that the mirror holds."""
        return {path.name for path in self._directory.glob("mirror/*.*") if path.is_file()}

    async def run(self, *, trusts: bool = False, delete: bool | None = None) -> bool:
        """Mirror the site again. Returns whether the run has succeeded.

        Asserts that no file is lost that the site has and, if it has succeeded, that the listing shows all of them.
        """
        self.shown = set()
        known = self.names.intersection(self.site.names)
        config = {
            "delete": self._delete if delete is None else delete, "max_delete": "100%", "attempts": 1,
            "no_robots": True, "workers": 3, "trust_pages": trusts,
        }  # fmt: skip
        client = FakeClient(self._respond)
        report = await simulated_run(
            ROOT, self._directory / "mirror", Config.from_mapping(config, where="test"), client
        )
        if not trusts:
            assert known <= self.names, "nothing is lost"
            assert report.exit_code or known <= self.shown, "no file is hidden"
        return report.exit_code == 0

    async def runs(self, count: int) -> str:
        """The outcome of runs: 0 for each that has succeeded, 5 for each that has not."""
        return "".join(["0" if await self.run() else "5" for _ in range(count)])

    def _respond(self, request: FakeRequest) -> FakeResponse:
        path, _, query = request.url.removeprefix(ROOT).partition("?")
        if path:
            is_there = unquote(path) in self.site.names
            return FakeResponse(headers=_HEADERS, body=bytes(SIZE)) if is_there else FakeResponse(status=404)
        return self.listing(query)

    def listing(self, query: str) -> FakeResponse:
        """The page of the listing that ``query`` names, of which ``shown`` notes the rows."""
        markup = self.site.page(query)
        if markup is None:
            return FakeResponse(status=404, headers={"Content-Type": "text/html"})
        self.shown.update(map(unquote, _HREF.findall(markup)))
        return FakeResponse(headers={"Content-Type": "text/html"}, body=markup.encode())


def page_of(names: list[str], page: Callable[[str], str | None]) -> Listed:
    """A site that has ``names``, with the listing ``page``."""

    class Site:
        pass

    site = Site()
    site.names, site.page = names, page  # type: ignore[attr-defined]
    return site  # type: ignore[return-value]
