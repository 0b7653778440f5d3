"""Rows P26 to P28, P30, P38: stray bytes, header sections of all kinds, validators that are not text."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.misbehaving.behaviours import Again, Behaviour, Cut, Excess, Late, Raw, Says, Status
from tests.support.misbehaving.samples import KB, blob, each_beside
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site

STRAY = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
EMPTY = b"<html><title>Index of /pub/sub/</title><h1>Index of /pub/sub/</h1><pre><a href='../'>../</a></pre></html>"


def stray(body: bytes) -> bytes:
    """A complete response that nothing requested."""
    return STRAY % len(body) + body


@pytest.mark.row("P26")
def test_excess_bytes_are_never_part_of_the_mirror(sandbox: Sandbox, site: Site) -> None:
    """The bytes follow a listing, robots.txt, files, redirects and errors, in the same packet."""
    extra = stray(b"X" * 500)
    for number in range(6):
        site.file(f"f{number}.bin", blob(500, number), Excess(data=extra) if number % 2 else Says(framing="chunked"))
    site.file("sub/c.bin", blob(500, 7), Says(framing="chunked"), Excess(data=b"\r\n"))
    for path in ("", "sub"):
        site.directory(path, Excess(data=extra))
    site.at("/robots.txt").behave((Excess(data=stray(b"User-agent: *\nDisallow: /\n")),))
    for more in ({}, {"delete": True}):
        sandbox.mirror(site.url, workers=1, **more).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P26")
def test_a_late_response_on_an_idle_connection_is_ignored(sandbox: Sandbox, site: Site) -> None:
    """If it were taken for the listing, --delete would empty the directory."""
    for name in ("a.bin", "sub/x.bin", "sub/y.bin"):
        site.file(name, blob(500, len(name)))
    sandbox.mirror(site.url, workers=1).succeeds()
    site.directory("", Excess(data=stray(EMPTY), pause=0.05))
    sandbox.mirror(site.url, workers=1, delete=True, more=["--requests-per-second=1"]).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P38")
@pytest.mark.parametrize("options", [[], ["--pipeline=off"]], ids=["pipelined", "alone"])
def test_a_response_that_another_one_precedes_is_found(sandbox: Sandbox, site: Site, options: list[str]) -> None:
    """Files of one size: only the response behind it tells that the first one is not that of the request."""
    for number in range(8):
        both = [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + blob(500, of) for of in (number + 9, number)]
        site.file(f"f{number}.bin", blob(500, number), Raw(b"".join(both), times=1))
    sandbox.mirror(site.url, workers=2, more=options).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P38")
@pytest.mark.parametrize("size", [3000, 70_000, 1 << 20])
@pytest.mark.parametrize("proxied", [False, True], ids=["directly", "through a proxy"])
def test_a_response_that_is_sent_twice_is_found(sandbox: Sandbox, site: Site, size: int, *, proxied: bool) -> None:
    """A response comes once more when the next file, whose row says the same, has been requested."""
    for number in range(6):
        site.file(f"f{number}.bin", blob(size, number), *([Again(pause=0.05)] if number == 2 else ()))
    url, env = site.url, dict[str, str]()
    if proxied:
        url, env = "http://far.invalid/pub/", {"http_proxy": site.origin, "no_proxy": ""}
        site.otherwise = lambda target: site.at(target.removeprefix(url))
    sandbox.mirror(url, workers=1, more=["--pipeline=off"], env=env).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P38")
def test_a_listing_that_is_sent_twice_makes_no_file_late(sandbox: Sandbox, site: Site) -> None:
    """It comes in place of the first file, and that in place of the next one."""
    site.directory("", Again(pause=0.3))
    for number in range(3):
        site.file(f"f{number}.bin", blob(3000, number), Late(0.2))
    sandbox.mirror(site.url, workers=1, more=["--pipeline=off", "--no-robots"]).fails(5)
    site.at("").behave(())
    sandbox.mirror(site.url, workers=1).succeeds()
    sandbox.holds(site.contents())


def raw(*lines: bytes, body: bytes = b"hello") -> Raw:
    return Raw(b"\r\n".join([b"HTTP/1.1 200 OK", *lines]) + b"\r\n\r\n" + body)


READABLE = {
    "trailer": raw(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "twice": raw(b"Content-Length: 5", b"Content-Length: 5"),
    "list": raw(b"Content-Length: 5, 5"),
    "both": raw(b"Content-Length: 7", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    "long": raw(b"Content-Security-Policy: " + b"x" * 60_000, b"Content-Length: 5"),
    "folded": raw(b"X: a", b" b", b"Content-Length:", b" 5"),
    "no-field": raw(b"Warning: x", b"a line without its name", b"Content-Length: 5"),
    "excess": raw(b"Content-Length: 5", body=b"hello and more"),
    "interim": Raw(b"HTTP/1.1 103 x\r\nLink: </y>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
}
PERMANENT = {
    "different": raw(b"Content-Length: 5", b"Content-Length: 6"),
    "negative": raw(b"Content-Length: -5"),
    "coding": raw(b"Transfer-Encoding: gzip, chunked"),
    "space": raw(b"Content-Length : 5"),
    "too-long": raw(b"X: " + b"x" * 70_000, b"Content-Length: 5"),
    "switch": Raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
    "icy": Raw(b"ICY 200 OK\r\n\r\nhello"),
}


@pytest.mark.row("P27")
def test_header_sections_are_read_as_curl_reads_them_or_refused_at_once(sandbox: Sandbox, site: Site) -> None:
    for name, behaviour in READABLE.items():
        site.file(f"{name}.bin", b"hello", behaviour)
    good = {**site.contents(), **each_beside(site, PERMANENT, b"hello")}
    run = sandbox.mirror(
        site.url, attempts=3, more=["--pipeline=off"]
    )  # otherwise requests lost with a connection are sent again
    run.fails(5)
    sandbox.holds(good)
    assert run.text.count("not valid HTTP") == len(PERMANENT)
    asked = Counter(request.path for request in site.log if not request.path.endswith("/"))
    assert asked.pop("/pub/icy") <= 2, "on a used connection, these bytes may have been sent too much before"
    assert set(asked.values()) == {1}, "each is asked for once"
    assert "\\x0a" not in run.text


@pytest.mark.row("P28")
@pytest.mark.parametrize("more", [[], ["--no-robots"]], ids=["directly", "first"])
def test_validators_that_are_not_text_are_sent_back_unchanged(sandbox: Sandbox, more: list[str]) -> None:
    tag = '"caf\udce9"'
    with Site() as site:
        site.file("a.bin", blob(300, 1), Says(headers=(("ETag", tag),)))
        site.file("b.bin", blob(300, 2), Says(headers=(("ETag", '"b"'), ("Last-Modified", "\udce9"))))
        cuts: list[Behaviour] = [Says(headers=(("ETag", tag),)), Cut(at=0.6, times=1)]
        site.file("c.bin", blob(900 * KB, 3), *cuts)
        site.directory("", Says(headers=(("ETag", tag),)))
        for options in (["--attempts=1"], [], ["--check=headers"]):
            run = sandbox.mirror(site.url, more=[*more, *options])
            assert run.code == (5 if "--attempts=1" in options else 0), run
        sandbox.holds(site.contents())
        sent = {request.headers.get("if-none-match") for request in site.log.of("/pub/a.bin")}
        assert '"caf\xe9"' in sent


@pytest.mark.row("P30")
def test_listings_without_a_body_end_like_any_other_error(sandbox: Sandbox, site: Site) -> None:
    """aiohttp shares one object among all empty bodies; a second reader would wait for its end forever."""
    site.file("a.bin", b"hello")
    for number in range(3):
        site.file(f"sub{number}/b.bin", b"hello", Status(204, body=b""))
        site.directory(f"sub{number}", Status(204, body=b""))
    run = sandbox.mirror(site.url)
    run.fails(5)
    assert run.text.count("sub") >= 3
    sandbox.holds({"a.bin": b"hello"})
