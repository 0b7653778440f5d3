"""Rows P07 to P10: the second half of a file must belong to the first; otherwise both are discarded."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.support.misbehaving.behaviours import Becomes, Cut, IgnoresRange, Page, RangeFrom, Says, Stall, Status
from tests.support.misbehaving.responses import Version
from tests.support.misbehaving.samples import DAY, KB, LOGIN, beside, blob
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD
from tests.support.waiting import wait_until

BIG = blob(900 * KB, 3)
LONG = blob(6000 * KB, 4)
CUT = Cut(at=0.4, times=1)


def leave_a_part(sandbox: Sandbox, site: Site, name: str = "big") -> None:
    """A run that is stopped while the transfer of ``name`` is stalled halfway."""
    site.at(name).behave((Stall(at=0.5, times=1),))
    program = sandbox.start(site.url)
    # Data that the server sent may not have arrived yet: the part shows what has.
    wait_until(lambda: sandbox.largest_part() >= len(BIG) // 4, "a quarter on the disk")
    program.signal(signal.SIGTERM)
    sandbox.note(program.finish())
    assert name not in sandbox.tree()


@pytest.mark.row("P07")
def test_a_whole_body_in_place_of_the_range_is_not_appended(sandbox: Sandbox, site: Site) -> None:
    beside(site, "big", BIG, IgnoresRange(BIG, when="range"), CUT)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P07", "L10")
def test_a_login_page_in_place_of_the_range_costs_no_part(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        page = LOGIN + b" " * len(BIG)
        site.file("big.iso", BIG)
        leave_a_part(sandbox, site, "big.iso")
        site.at("big.iso").behave((Page(page),))
        sandbox.mirror(site.url).fails(5)
        site.at("big.iso").behave(())
        site.log.clear()
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
        assert [request.status for request in site.log.of("/pub/big.iso")] == [206]


@pytest.mark.row("P08")
def test_a_range_that_starts_elsewhere_never_makes_a_wrong_file(sandbox: Sandbox, site: Site) -> None:
    for shift in (1, 1000, 900 * KB):
        site.file(f"by {shift}", BIG, RangeFrom(BIG, shift=shift, when="range"), CUT)
    beside(site, "good.too", blob(10))
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    sandbox.holds_only_whole(site.contents())
    assert run.code == 5 or sandbox.tree() == site.contents()


LIES = (
    "bytes 360000-899999/*",
    "bytes 0-1/2",
    "bytes */900000",
    "items 360000-899999/900000",
    "bytes 5-3/900000",
    "",
    "x",
)


@pytest.mark.row("P08", "M11")
def test_a_content_range_that_does_not_fit_never_makes_a_wrong_file(sandbox: Sandbox, site: Site) -> None:
    for number, content_range in enumerate(LIES):
        lie = Says(headers=(("Content-Range", content_range),), when="range")
        site.file(f"f{number}", BIG, lie, CUT)
    multipart = b"--B\r\nContent-Range: bytes 360000-899999/900000\r\n\r\n" + BIG[360000:] + b"\r\n--B--\r\n"
    parts = (("Content-Type", "multipart/byteranges; boundary=B"),)
    site.file("multipart", BIG, Says(headers=parts, body=multipart, when="range"), CUT)
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    sandbox.holds_only_whole(site.contents())
    assert run.code == 5 or sandbox.tree() == site.contents()


@pytest.mark.row("P09")
@pytest.mark.parametrize(
    "versions",
    [
        lambda old, new: (Version(data=old, mtime=OLD), Version(data=new, mtime=OLD + DAY)),
        lambda old, new: (Version(data=old, mtime=OLD, etag='W/"1"'), Version(data=new, mtime=OLD, etag='W/"1"')),
        lambda old, new: (Version(data=old, mtime=OLD, etag=None), Version(data=new, mtime=OLD + DAY, etag=None)),
        lambda old, new: (
            Version(data=old, mtime=OLD, etag=None, dated=False),
            Version(data=new, mtime=OLD, etag=None, dated=False),
        ),
    ],
    ids=["strong", "weak", "dates", "nothing"],
)
def test_half_of_one_version_is_never_joined_with_half_of_another(
    sandbox: Sandbox, site: Site, versions: Callable[[bytes, bytes], tuple[Version, Version]]
) -> None:
    first, second = versions(BIG, blob(900 * KB, 4))
    beside(site, "big", BIG, CUT, Becomes(state=second, after=1))
    site.at("big").state = first
    run = sandbox.mirror(site.url)
    run.ends(0, 5)
    sandbox.holds_only_whole(site.contents(), {"big": second.data})
    assert run.code == 5 or sandbox.tree()["big"] == second.data


@pytest.mark.row("P09")
def test_a_206_that_names_no_version_is_not_joined_with_what_came_before(sandbox: Sandbox) -> None:
    """The server ignores If-Range and the file is replaced, in some cases by one of another length."""
    with Site(shape="python") as site:
        wanted = beside(site, "big", BIG, CUT) | {"big": BIG}
        for name, size, dated in (("time", 900, True), ("nothing", 900, False), ("length", 905, True)):
            new = Version(data=blob(size * KB, 4), mtime=OLD + DAY, etag=None, dated=dated)
            unconditional = RangeFrom(new.data, shift=0, when="range")
            site.file(name, BIG, CUT, Becomes(state=new, after=1), unconditional)
            wanted[name] = new.data
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(wanted)


@pytest.mark.row("P09")
@pytest.mark.parametrize("knows_if_range", [True, False])
def test_a_part_of_an_earlier_run_is_not_joined_with_another_version(
    sandbox: Sandbox, site: Site, knows_if_range: bool
) -> None:
    beside(site, "big", BIG)
    leave_a_part(sandbox, site)
    new = blob(900 * KB, 4)
    if knows_if_range:
        site.file("big", new, mtime=OLD + DAY)
    else:
        site.file("big", new, RangeFrom(new, shift=0, when="range"), mtime=OLD + DAY, etag=None)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("E05")
def test_a_part_of_an_earlier_run_is_continued_where_it_ended(sandbox: Sandbox, site: Site) -> None:
    beside(site, "big", BIG)
    leave_a_part(sandbox, site)
    site.log.clear()
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    (request,) = site.log.of("/pub/big")
    assert request.status == 206
    assert "if-range" in request.headers
    assert sandbox.parts() == []


@pytest.mark.own
@pytest.mark.row("E05")
def test_a_part_that_was_damaged_on_the_disk_is_not_continued(sandbox: Sandbox, site: Site) -> None:
    beside(site, "big", BIG)
    leave_a_part(sandbox, site)
    for part in sandbox.parts():
        with open(part, "r+b") as file:
            file.write(b"damaged")
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P10")
def test_a_range_that_is_refused_leads_to_one_whole_request(sandbox: Sandbox, site: Site) -> None:
    beside(site, "big", BIG, Status(416, when="range"), CUT)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert site.log.times("/pub/big") <= 3


@pytest.mark.row("P10", "M11")
def test_a_file_that_shrank_below_the_part_is_fetched_anew(sandbox: Sandbox, site: Site) -> None:
    beside(site, "big", BIG)
    leave_a_part(sandbox, site)
    site.file("big", blob(50 * KB, 4), mtime=OLD + DAY)
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P36")
@pytest.mark.parametrize("attempts", [1, 3])
def test_a_body_never_goes_on_behind_another_response_that_ended_it(sandbox: Sandbox, attempts: int) -> None:
    sent = {
        "timeout": b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        "error": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 20000\r\n\r\n" + b"<p>error" * 2500,
        "begun": b"HTTP/1.0 50",
    }
    with Site() as site:
        for name, data in sent.items():
            site.file(f"{name}.iso", BIG, Cut(at=0.4, times=1, data=data))
        site.file("pieces.iso", LONG, Cut(at=0.4, times=1, data=sent["timeout"]))
        for _ in range(1 + len(sent) // attempts):
            run = sandbox.mirror(site.url, attempts=attempts, more=("--segments", "4"))
        run.succeeds()
        sandbox.holds(site.contents())
        assert {request.status for request in site.log.of("/pub/error.iso")} == {200, 206}, "the rest alone"


@pytest.mark.own
@pytest.mark.row("P37")
@pytest.mark.parametrize("size", [1000, 900_000])
def test_a_body_that_ends_with_the_beginning_of_another_response_is_requested_again(
    sandbox: Sandbox, size: int
) -> None:
    body, timeout = blob(size, 9), b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    described = b"an answer:\n" + timeout + bytes(size - len(timeout)) + timeout[:30]
    with Site() as site:
        site.file("short.iso", body, Says(body=body[:-30] + timeout[:30], times=1))
        site.file("filled.iso", body, Says(body=body[: -len(timeout)] + timeout, times=1))
        site.file("described.txt", described)
        sandbox.mirror(site.url, more=("--pipeline", "off")).succeeds()
        sandbox.holds(site.contents())
        assert [len(site.log.of(f"/pub/{name}")) for name in ("short.iso", "filled.iso", "described.txt")] == [2, 2, 2]
        sandbox.mirror(site.url).succeeds()
        assert len(site.log.of("/pub/described.txt")) == 2, "no request for a file that is unchanged"
