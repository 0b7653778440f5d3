"""Rows H10, H12, L08, N10: responses that grow without bound in size, memory or time."""

from __future__ import annotations

import pytest

from tests.support.misbehaving.behaviours import EndlessBody, EndlessFraming, Page, gzip_bomb
from tests.support.misbehaving.samples import SILENCE, beside, blob, each_beside
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site


@pytest.mark.row("H10")
@pytest.mark.parametrize("where", ["sub/", ""], ids=["folder", "root"])
def test_a_listing_that_unpacks_to_gigabytes_is_cut_off(sandbox: Sandbox, site: Site, where: str) -> None:
    good = beside(site, "sub/hidden", blob(500))
    bomb = gzip_bomb(4 << 30, b"<html><head><title>Index of /pub/sub/</title></head><body><pre>")
    site.on(where, Page(bomb, headers=(("Content-Encoding", "gzip"),)))
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(5 if where else 3)
    assert run.peak < 600 << 20
    sandbox.holds(good if where else {})


@pytest.mark.row("H12")
@pytest.mark.parametrize("listed", [1000, 900_000])
def test_a_body_without_end_is_cut_off_at_the_listed_size(sandbox: Sandbox, site: Site, listed: int) -> None:
    good = beside(site, "a.bin", blob(listed), EndlessBody())
    run = sandbox.mirror(site.url)
    run.fails(5)
    sandbox.holds(good)
    assert all(request.sent <= 16 << 20 for request in site.log.of("/pub/a.bin"))
    assert run.peak < 400 << 20


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n"
FRAMING = {
    "extension": (CHUNKED + b"3e8;", b"a=b;"),
    "zeros": (CHUNKED, b"0"),
    "field of a trailer": (WHOLE + b"X: ", b"y"),
    "trailer": (WHOLE, b"X: y\r\n"),
}


@pytest.mark.row("N10", "H12")
@pytest.mark.parametrize("pause", [0.3, 0.0], ids=["trickle", "flood"])
def test_a_body_that_is_only_framed_meets_a_deadline(sandbox: Sandbox, site: Site, pause: float) -> None:
    times = 1 if pause else 20_000
    endless = {
        name: EndlessFraming(begin=begin, again=again * times, pause=pause) for name, (begin, again) in FRAMING.items()
    }
    good = each_beside(site, endless, blob(1000))
    site.on("sub/", endless["extension"])
    run = sandbox.mirror(site.url, attempts=1, timeout=SILENCE)
    run.fails(5)
    sandbox.holds(good)
    assert run.peak < 400 << 20


BOMBS = (
    *("<a ", "<a href=", "<div>", "<table><tr><td>", "<a href='", "<!-- ", "&amp", "<a href=x>"),
    *("<pre><a href=x>x</a>\n", "<div><a href=x>x</a> 1K<br>"),
)


@pytest.mark.row("L08")
def test_a_listing_made_to_stop_the_parser_stops_only_itself(sandbox: Sandbox, site: Site) -> None:
    good = each_beside(site, {}, b"")
    for number, unit in enumerate(BOMBS):
        site.listing(f"sub{number}", unit.encode() * 24_000)
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(5)
    sandbox.holds(good)
