"""Rows of one large file fetched in ranges: ranges that do not fit, versions that change, busy servers."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from tests.support.misbehaving.behaviours import (
    Becomes,
    Behaviour,
    Cut,
    IgnoresRange,
    Paced,
    RangeFrom,
    Says,
    Stall,
    Status,
)
from tests.support.misbehaving.responses import Request, Response, Version
from tests.support.misbehaving.samples import DAY, MB, beside, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD

pytestmark = pytest.mark.own
BIG = blob(6 * MB, 5)
OTHER = blob(6 * MB, 6)
SLOWLY = Paced(pieces=12, every=0.03, when="whole")
"""The first stream is still running when the ranges are served."""
IN_PIECES = ("--segments", "4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(Behaviour):
    """Responds with 503 to more than ``most`` requests at once."""

    most: int

    def shape(self, response: Response, request: Request) -> Response:
        return Response(status=503, body=b"busy") if request.active > self.most else response


@pytest.mark.row("P07", "P08", "P10", "M11")
def test_ranges_other_than_requested_are_not_used(sandbox: Sandbox, site: Site) -> None:
    whole = f"bytes 0-{len(BIG) - 1}/{len(BIG)}"
    multipart = (("Content-Type", "multipart/byteranges; boundary=B"), ("Content-Range", "x"))
    faults = {
        "whole": IgnoresRange(BIG, when="range"),
        "earlier": RangeFrom(BIG, when="range"),
        "lies": Says(headers=(("Content-Range", whole),), when="range"),
        "version": Says(headers=(("ETag", '"other"'),), when="range"),
        "refused": Status(416, when="range"),
        "multipart": Says(headers=multipart, when="range"),
    }
    beside(site, "good.too", BIG, SLOWLY)
    for name, fault in faults.items():
        site.file(name, BIG, fault, SLOWLY)
        sandbox.mirror(site.url, workers=40, more=IN_PIECES).succeeds()  # one at a time: a new host gets few requests
    sandbox.holds(site.contents())
    for name in faults:
        responses = site.log.of(f"/pub/{name}")
        assert len(responses) > 1, "nobody asked for pieces"
        assert sum(response.sent == len(BIG) for response in responses if "range" not in response.headers) == 1
    assert [request.status for request in site.log.of("/pub/good.too")].count(206) >= 4


@pytest.mark.row("P09")
def test_ranges_of_two_versions_are_never_joined(sandbox: Sandbox, site: Site) -> None:
    new = Version(data=OTHER, mtime=OLD + DAY)
    for number in (1, 2, 4, 6):
        site.file(f"f{number}", BIG, SLOWLY, Becomes(state=new, after=number))
    site.file("dates", BIG, SLOWLY, Becomes(state=Version(data=OTHER, mtime=OLD + DAY, etag=None), after=3), etag=None)
    run = sandbox.mirror(site.url, workers=40, more=IN_PIECES)
    run.ends(0, 5)
    sandbox.holds_only_whole(site.contents(), dict.fromkeys(site.contents(), OTHER))


@pytest.mark.row("N02", "N05")
def test_only_a_range_that_breaks_off_is_requested_again(sandbox: Sandbox, site: Site) -> None:
    site.file("fin", BIG, Cut(at=0.5, when="range", after=1, times=1), SLOWLY)
    site.file("rst", BIG, Cut(at=0.3, how="rst", when="range", after=2, times=2), SLOWLY)
    site.file("first", BIG, Cut(at=0.05, when="whole", times=1))
    sandbox.mirror(site.url, workers=20, more=IN_PIECES).succeeds()
    site.file("stalls", BIG, Stall(at=0.5, when="range", after=1, times=1), SLOWLY)  # alone
    sandbox.mirror(site.url, workers=20, timeout=3, more=IN_PIECES).succeeds()
    sandbox.holds(site.contents())
    for name in site.contents():
        assert sum("range" not in request.headers for request in site.log.of(f"/pub/{name}")) == 1


@pytest.mark.row("P02")
def test_a_server_that_is_busy_gets_fewer_requests_and_the_file_arrives(sandbox: Sandbox, site: Site) -> None:
    site.file("big", blob(16 * MB, 7), Busy(most=2), Paced(pieces=20, every=0.01))
    sandbox.mirror(site.url, workers=20, more=("--segments", "16")).succeeds()
    sandbox.holds(site.contents())
    assert sum(request.status == 503 for request in site.log) <= 16 + 8 + 4 + 2, "half as many after each refusal"


@pytest.mark.row("X07")
def test_ranges_stay_within_the_limit_on_connections(sandbox: Sandbox, site: Site) -> None:
    for number in range(3):
        site.file(f"f{number}", BIG, Paced(pieces=12, every=0.01))
    sandbox.mirror(site.url, workers=2, more=("--segments", "8")).succeeds()
    sandbox.holds(site.contents())
    # The server learns slightly late that the first stream was abandoned where a range begins.
    assert max(request.active for request in site.log) <= 3


def shows(clock: str) -> str:
    """A value of TZ, in POSIX notation, for which the local time is ``clock`` (HH:MM:SS) now."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    now = time.gmtime()
    west = (now.tm_hour - hour) * 3600 + (now.tm_min - minute) * 60 + now.tm_sec - second
    west = (west + 12 * 3600) % 86400 - 12 * 3600
    hours, rest = divmod(abs(west), 3600)
    return f"<here>{'-' if west < 0 else ''}{hours}:{rest // 60:02}:{rest % 60:02}"


@pytest.mark.row("X09")
def test_a_rate_of_the_time_of_day_changes_while_a_file_is_received(sandbox: Sandbox, site: Site) -> None:
    site.file("big.iso", BIG)
    table = "00:00,off 11:59,64K 12:00,off"
    run = sandbox.mirror(site.url, limit_rate=table, more=("--segments", "3", "-v"), env={"TZ": shows("11:59:56")})
    run.succeeds()
    sandbox.holds(site.contents())
    assert "rate bytes_per_second=65536 before=0" in run.errors
    assert "rate bytes_per_second=0 before=65536" in run.errors
