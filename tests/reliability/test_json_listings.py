"""Rows L: listings in JSON, and what they say beside their rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.misbehaving.behaviours import Behaviour
from tests.support.misbehaving.responses import Request, Response
from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

NAMES = [f"{letter}.bin" for letter in "abcdefgh"]
SAYS: dict[str, dict[str, Any]] = {
    "failed": {"status": "error", "message": "disk offline"},
    "flag": {"meta": {"hasMore": True}},
    "total": {"count": 3},
    "pages": {"page": 1, "totalPages": 2},
    "token": {"next_cursor": "abc"},
    "unknown": {"catatan": "penyimpanan bermasalah"},
    "elsewhere": {"_links": {"next": {"href": "http://elsewhere.test/"}}},
}


def document(names: Sequence[str], **fields: Any) -> bytes:
    rows = [{"name": name, "type": "file", "mtime": "2020-01-01T00:00:00Z", "size": 5} for name in names]
    return json.dumps({"files": rows, **fields}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages(Behaviour):
    """A listing of ``names`` on pages of three rows, each with a link to the next one."""

    names: Sequence[str]
    has_links: bool = True

    def shape(self, response: Response, request: Request) -> Response:
        start = int(request.target.partition("?from=")[2] or 0)
        names = self.names[start : start + 3]
        following = f"?from={start + 3}" if start + 3 < len(self.names) and self.has_links else None
        body = document(names, count=len(self.names), links={"next": following})
        return Response(headers=(("Content-Type", "application/json"),), body=body)


@pytest.mark.own
@pytest.mark.row("L39")
def test_what_json_says_beside_half_of_its_rows_deletes_nothing(sandbox: Sandbox, site: Site) -> None:
    for directory in SAYS:
        for name in NAMES[:3]:
            site.file(f"{directory}/{name}", blob(5, 5))
        site.listing(directory, document(NAMES[:3]))
    wanted = site.contents()
    sandbox.mirror(site.url).succeeds()
    for directory, fields in SAYS.items():
        site.listing(directory, document(NAMES[:2], **fields))
    run = sandbox.mirror(site.url, delete=True, more=["--ignore-errors"])
    run.fails(5)
    run.says("('count: 3')", "c.bin is not listed any more, but the server still has it")
    sandbox.holds(wanted)
    for directory in SAYS:
        site.listing(directory, document(NAMES[:2]))
        site.vanish(f"{directory}/{NAMES[2]}")
    sandbox.mirror(site.url, delete=True).succeeds()
    assert not [path for path in sandbox.tree() if path.endswith("c.bin")]


@pytest.mark.own
@pytest.mark.row("L39")
def test_links_between_pages_of_json_are_followed(sandbox: Sandbox, site: Site) -> None:
    for name in NAMES:
        site.file(f"d/{name}", blob(5, 5))
    wanted = site.contents()
    site.on("d/", Pages(names=NAMES))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    site.on("d/", Pages(names=NAMES[:7], has_links=False))
    sandbox.mirror(site.url, delete=True).fails(5)
    sandbox.holds(wanted)
    site.on("d/", Pages(names=NAMES[:7]))
    site.vanish(*(f"d/{name}" for name in NAMES[7:]))
    sandbox.mirror(site.url, delete=True).succeeds()
    assert sorted(path for path in sandbox.tree() if path.startswith("d/")) == [f"d/{name}" for name in NAMES[:7]]
