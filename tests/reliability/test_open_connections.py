"""--workers is the bound of open connections, idle ones included, over all processes of a run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import crawler
from tests.support.misbehaving.behaviours import Behaviour, Late
from tests.support.misbehaving.responses import Request, Response
from tests.support.misbehaving.samples import many
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

pytestmark = pytest.mark.own


@pytest.mark.row("X26")
def test_the_client_closes_what_its_workers_may_open(sandbox: Sandbox, site: Site) -> None:
    for name in "abcd":
        many(site, 30, name)
        site.on(f"{name}/", Late(0.02))
    for path in site.contents():
        site.on(path, Late(0.01))
    report = crawler.mirror_sync(site.url, sandbox.directory, cluster="local:2", workers=8, listers=4)
    assert report.saved == 120
    assert max(request.active for request in site.log) >= 7, "after the walk the workers use nearly all"
    assert max(site.most_connections, *(request.open for request in site.log)) <= 8


@dataclass(frozen=True, slots=True)
class Busy(Behaviour):
    """429 if more than ``most`` requests are in flight."""

    most: int

    def shape(self, response: Response, request: Request) -> Response:
        return Response(status=429) if request.active > self.most else response


@pytest.mark.row("X26")
def test_a_refusal_leaves_no_idle_connections_beyond_the_lower_limit(sandbox: Sandbox, site: Site) -> None:
    many(site, 60)
    for path in site.contents():
        site.on(path, Late(0.01), Busy(4))
    report = crawler.mirror_sync(site.url, sandbox.directory, workers=16, pipeline=1)
    assert (report.saved, report.failed) == (60, 0)
    assert max(request.open for request in site.log) > 5
    last = max(number for number, request in enumerate(site.log) if request.status == 429)
    # The client knows of that refusal when it requests the file again. What is open from then on is within the new
    # limit, or has been opened since, to try 5 once more.
    again = next(n for n, request in enumerate(site.log) if n > last and request.path == site.log[last].path)
    since = site.log[again].accepted
    assert max(request.open - (request.accepted - since) for request in site.log[again:]) <= 4
