"""Times that a file system or a column cannot represent: each is recorded once, as stored."""

from __future__ import annotations

import json

from tests.support.misbehaving.samples import blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

TIMES = {
    "1903": -2_100_000_000,
    "1938": -1_000_000_000,
    "1969": -10_000_000,
    "1970": 60,
}


def rows() -> bytes:
    """A listing with times as seconds since 1970, as many servers print them."""
    return json.dumps(
        [{"name": name, "type": "file", "size": 100, "mtime": when} for name, when in TIMES.items()]
    ).encode()


def test_a_time_out_of_range_costs_nothing_in_the_second_night(sandbox: Sandbox, site: Site) -> None:
    for number, (name, when) in enumerate(TIMES.items()):
        site.file(name, blob(100, number), mtime=when)
    site.listing("", rows)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    assert [request.path for request in site.log if request.path != "/pub/" and "robots" not in request.path] == []
