"""Rows P: late, wrong, endless or lying responses."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote

import pytest

from crawler.model import limits
from tests.support.misbehaving.behaviours import (
    Behaviour,
    Cut,
    EndlessContinue,
    EndlessHeaders,
    HangUp,
    Late,
    NoLastChunk,
    Page,
    Raw,
    Redirect,
    Refusing,
    ResetAtOnce,
    RetryAfterDate,
    Says,
    Silent,
    Status,
)
from tests.support.misbehaving.logins import PASSWORD, USER
from tests.support.misbehaving.pages import SHAPES, Row, nginx
from tests.support.misbehaving.samples import DAY, KB, SILENCE, beside, blob, each_beside, many, populate
from tests.support.misbehaving.sandbox import Sandbox
from tests.support.misbehaving.server import Site
from tests.support.misbehaving.site import OLD, Resource

MEMORY = 400 << 20


def gap(site: Site, path: str) -> float:
    """Seconds between the first two requests for ``path``."""
    first, second = site.log.of(path)[:2]
    return second.at - first.at


@pytest.mark.row("P01")
@pytest.mark.parametrize("size", [20 * KB, 900 * KB])
def test_chunks_without_a_last_one_are_not_a_file(sandbox: Sandbox, site: Site, size: int) -> None:
    beside(site, "old.bin", blob(size))
    old = site.contents()
    sandbox.mirror(site.url).succeeds()
    site.file("old.bin", blob(size, 5), NoLastChunk(), mtime=OLD + DAY, size=size + 1)
    site.file("new.bin", blob(size, 6), NoLastChunk(), size=size + 1)
    sandbox.mirror(site.url, attempts=2).fails(5)
    sandbox.holds(old)


@pytest.mark.row("P01")
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_the_last_chunk_counts_even_when_the_size_agrees(sandbox: Sandbox, site: Site, times: int | None) -> None:
    good = beside(site, "a.bin", blob(20 * KB), NoLastChunk(times=times))
    run = sandbox.mirror(site.url)
    if times == 1:
        run.succeeds()
        sandbox.holds(site.contents())
    else:
        run.fails(5)
        sandbox.holds(good)


@pytest.mark.row("P02")
@pytest.mark.parametrize("status", [503, 429])
def test_retry_after_in_seconds_is_waited_for(sandbox: Sandbox, site: Site, status: int) -> None:
    beside(site, "a.bin", blob(5000), Status(status, headers=(("Retry-After", "2"),), times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert gap(site, "/pub/a.bin") >= 1.8


@pytest.mark.row("P03")
def test_retry_after_as_a_date_is_waited_for(sandbox: Sandbox, site: Site) -> None:
    beside(site, "a.bin", blob(5000), RetryAfterDate(3.5, times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())
    assert gap(site, "/pub/a.bin") >= 1.9


@pytest.mark.row("P02")
def test_retry_after_holds_for_a_listing_too(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    site.on("sub/", Status(503, headers=(("Retry-After", "2"),), times=1))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)
    assert gap(site, "/pub/sub/") >= 1.8


@pytest.mark.row("P24")
@pytest.mark.parametrize(("status", "attempts", "most"), [(429, 1, 18), (503, 5, 36)])
def test_a_server_that_refuses_more_than_two_at_once_loses_no_file(
    sandbox: Sandbox, site: Site, status: int, attempts: int, most: int
) -> None:
    for number in range(60):
        site.file(f"f{number:03}", blob(100, number), Refusing(0.02, 2, status))
    sandbox.mirror(site.url, attempts=attempts, workers=16).succeeds()
    sandbox.holds(site.contents())
    assert 0 < sum(request.status == status for request in site.log) <= most


@pytest.mark.row("P24")
def test_a_server_that_refuses_everything_gets_a_few_requests_for_each_file(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000), Status(429))
    sandbox.mirror(site.url, attempts=2).fails(5)
    sandbox.holds(good)
    assert 2 <= site.log.times("/pub/a.bin") <= 2 + limits.REFUSALS


@pytest.mark.row("P04")
def test_a_retry_after_of_days_fails_that_file_alone(sandbox: Sandbox, site: Site) -> None:
    values = ("86400", "99999999999999999999", "Thu, 01 Jan 2099 00:00:00 GMT")
    faults = {f"f{n}": Status(503, headers=(("Retry-After", value),)) for n, value in enumerate(values)}
    good = each_beside(site, faults, blob(5000))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)


@pytest.mark.row("P04")
def test_an_invalid_retry_after_is_ignored(sandbox: Sandbox, site: Site) -> None:
    values = ("-5", "soon", "", "1e3", "Thu, 32 Foo 2024 99:00:00 GMT", "2,2", "٣", "nan", "inf")
    faults = {f"f{n}": Status(503, headers=(("Retry-After", value),), times=1) for n, value in enumerate(values)}
    each_beside(site, faults, blob(5000))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P05")
def test_a_server_error_is_tried_again_and_its_page_never_stored(sandbox: Sandbox, site: Site) -> None:
    good = each_beside(site, {str(status): Status(status) for status in (500, 502, 503, 504)}, blob(5000))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert all(2 <= site.log.times(f"/pub/{status}") <= 3 for status in (500, 502, 503, 504))


@pytest.mark.row("P06")
def test_a_listed_file_that_is_gone_is_requested_once(sandbox: Sandbox, site: Site) -> None:
    good = each_beside(site, {str(status): Status(status) for status in (401, 403, 404, 410)}, blob(5000))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert [site.log.times(f"/pub/{status}", "GET") for status in (401, 403, 404, 410)] == [1, 1, 1, 1]


@pytest.mark.row("P14")
def test_a_file_that_redirects_to_itself_ends(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000))
    site.on("a.bin", Redirect(f"{site.url}a.bin"))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert site.log.times("/pub/a.bin") <= 20


@pytest.mark.row("P14")
def test_a_redirect_loop_of_two_ends(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000))
    site.on("a.bin", Redirect("/pub/b.bin"))
    site.on("b.bin", Redirect("/pub/a.bin"))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert site.log.times("/pub/a.bin") <= 30


CONTRADICTIONS: dict[str, Behaviour] = {
    "empty": Page(b"", "application/octet-stream"),
    "half": Page(blob(2500), "application/octet-stream"),
    "longer": Page(blob(7000), "application/octet-stream"),
    "chunked": Says(framing="chunked", body=blob(4999)),
    "close": Says(framing="close", http="HTTP/1.0", body=blob(4999)),
}


@pytest.mark.row("P13", "P17")
def test_a_body_that_contradicts_the_listing_is_not_installed(sandbox: Sandbox, site: Site) -> None:
    for name in CONTRADICTIONS:
        site.file(f"old.{name}", blob(5000))
    old = each_beside(site, {}, b"")
    sandbox.mirror(site.url).succeeds()
    for name, fault in CONTRADICTIONS.items():
        site.file(f"old.{name}", blob(5000, 7), fault, mtime=OLD + DAY)
        site.file(f"new.{name}", blob(5000, 8), fault)
    sandbox.mirror(site.url, attempts=2).fails(5)
    sandbox.holds(old)


@pytest.mark.row("P15")
def test_a_redirect_to_another_scheme_is_refused(sandbox: Sandbox, site: Site) -> None:
    targets = (
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "ftp://127.0.0.1/x",
        "data:,x",
        "javascript:1",
        "http:",
        "",
    )
    good = each_beside(site, {f"f{n}": Redirect(target) for n, target in enumerate(targets)}, blob(5000))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)


@pytest.mark.row("P16")
def test_a_directory_linked_without_its_slash_becomes_a_directory(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        wanted = populate(site)
        rows = "".join(
            f'<li><a href="{name}">{name}</a></li>\n' for name in ("README", "a.txt", "x.tar.gz", "sub", "other/")
        )
        title = "Directory listing for /pub/"
        page = f"<html><title>{title}</title><body><h1>{title}</h1><ul>\n{rows}</ul><hr></body></html>\n"
        site.listing("", page.encode())
        site.on("sub", Redirect("/pub/sub/", status=301))
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(wanted)


@pytest.mark.row("P16")
@pytest.mark.parametrize("shape", ["nginx", "python"])
def test_a_redirect_to_a_directory_may_spell_its_name_otherwise(sandbox: Sandbox, shape: str) -> None:
    spelled = {"a%2Bb": "a+b", "caf%c3%a9": "caf%C3%A9", "x%28y%29": "x(y)", "v1%2E2": "v1.2"}
    with Site(shape=shape) as site:
        site.otherwise = lambda target: site.at(unquote(target).removeprefix("/pub/"))  # spelling does not matter
        for href, name in spelled.items():
            site.file(f"{unquote(href)}/inner", b"inner")
            site.on(href, Redirect(f"/pub/{name}/", status=301))
        site.listing("", SHAPES[shape]("/pub/", [Row(href=href, size=None, mtime=OLD) for href in spelled]))
        sandbox.mirror(site.url).succeeds()
        sandbox.holds({f"{unquote(href)}/inner": b"inner" for href in spelled})


@pytest.mark.row("P18")
def test_a_body_that_ends_with_the_connection_is_taken_when_its_size_agrees(sandbox: Sandbox, site: Site) -> None:
    beside(site, "a.bin", blob(20 * KB), Says(framing="close", http="HTTP/1.0"))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P20")
def test_endless_header_lines_are_cut_off(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000), EndlessHeaders())
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(5)
    sandbox.holds(good)
    assert run.peak < MEMORY


NOT_HTTP = {
    "reason": b"HTTP/1.1 200 " + b"O" * 3_000_000 + b"\r\n\r\n",
    "line": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 3_000_000 + b"\r\n\r\n",
    "count": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000 + b"Content-Length: 5\r\n\r\nabcde",
    "tls": b"\x15\x03\x01\x00\x02\x02\x46",
    "ftp": b"220 ftp.example.org ready\r\n",
    "status": b"HTTP/1.1 abc\r\n\r\n",
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4000\r\n\r\nabcde",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabcde\r\n0\r\n\r\n",
    "huge chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabcde",
    "both": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nabcde\r\n0\r\n\r\nHT",
}


@pytest.mark.row("P20")
def test_a_response_that_is_not_http_is_an_error_of_that_file(sandbox: Sandbox, site: Site) -> None:
    good = each_beside(site, {name: Raw(data) for name, data in NOT_HTTP.items()}, blob(5000))
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(5)
    sandbox.holds(good)
    assert run.peak < MEMORY


@pytest.mark.row("P18")
def test_a_body_that_ends_with_a_reset_is_incomplete_though_its_size_agrees(sandbox: Sandbox) -> None:
    with Site(shape="apache") as site:  # the listing shows the size as 4.9K
        site.file("a.bin", blob(5000), Says(framing="close", times=1), Cut(at=0.999, how="rst", times=1))
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
        assert len(site.log.of("/pub/a.bin")) == 2


@pytest.mark.row("P21")
def test_endless_provisional_responses_meet_a_deadline(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000), EndlessContinue())
    sandbox.mirror(site.url, attempts=2, timeout=SILENCE).fails(5)
    sandbox.holds(good)


@pytest.mark.row("P22")
@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
def test_a_compressed_file_is_stored_as_it_was_sent(sandbox: Sandbox, site: Site, coding: str) -> None:
    archive = gzip.compress(blob(5000), mtime=0)
    beside(
        site, "x.tar.gz", archive, Says(headers=(("Content-Encoding", coding), ("Content-Type", "application/x-tar")))
    )
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P22")
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_compressed_file_that_the_server_compresses_again_is_refused(
    sandbox: Sandbox, framing: Literal["length", "chunked"]
) -> None:
    archive = gzip.compress(blob(50000), mtime=0)
    says = Says(headers=(("Content-Encoding", "gzip"),), body=gzip.compress(archive), framing=framing)
    with Site(shape="apache") as site:  # the listing shows both sizes as 49K
        good = beside(site, "x.tar.gz", archive, says)
        sandbox.mirror(site.url).fails(5)
        sandbox.holds(good)


@pytest.mark.row("P23")
def test_a_coding_that_was_not_requested_never_reaches_the_disk(sandbox: Sandbox, site: Site) -> None:
    text = b"the same line\n" * 500
    good = beside(site, "x.txt", text, Says(headers=(("Content-Encoding", "gzip"),), body=gzip.compress(text)))
    run = sandbox.mirror(site.url)
    if run.code == 0:
        sandbox.holds(site.contents())
    else:
        run.fails(5)
        sandbox.holds(good)


@pytest.mark.row("M12")
def test_nested_codings_are_refused(sandbox: Sandbox) -> None:
    one = (("Content-Encoding", ", ".join(["gzip"] * 1000)),)
    hundred = (("Content-Encoding", "gzip"),) * 100
    with Site(shape="python") as site:
        good = each_beside(site, {}, b"")
        for name, codings in {"one": one, "many": hundred}.items():
            site.file(f"{name}.txt", b"text", Says(headers=codings))
            site.directory(f"sub {name}", Says(headers=codings))
        sandbox.mirror(site.url, attempts=2).fails(5)
        sandbox.holds(good)


@pytest.mark.row("P22", "P23")
def test_a_transfer_coding_or_an_unknown_coding_is_refused(sandbox: Sandbox) -> None:
    """The request has no TE field, so chunked is the only transfer coding allowed (RFC 9112 section 6.1)."""
    packed = gzip.compress(b"text" * 2000, mtime=0)
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    responses = {
        "two fields.txt": (b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\nConnection: close\r\n", packed),
        "gzip.txt": (b"Transfer-Encoding: gzip, chunked\r\n", chunks),
        "chunked first.txt": (b"Transfer-Encoding: chunked, gzip\r\n", packed[:-9]),
        "x-chunked.txt": (b"Transfer-Encoding: x-chunked\r\n", packed[:-9]),
        "twice.tar.gz": (b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n" % len(packed), packed),
        "other.tar.gz": (b"Content-Encoding: br\r\nContent-Length: %d\r\n" % len(packed), packed),
    }
    with Site(shape="python") as site:
        raw = {name: Raw(b"HTTP/1.1 200 OK\r\n%b\r\n%b" % response) for name, response in responses.items()}
        good = each_beside(site, raw, blob(5000))
        sandbox.mirror(site.url, attempts=2).fails(5)
        sandbox.holds(good)


@pytest.mark.row("M13")
def test_get_decides_whatever_head_says(sandbox: Sandbox) -> None:
    with Site(shape="python") as site:
        for status in (403, 404, 405, 500):
            site.file(f"{status}.bin", blob(5000), Status(status, when="head"))
        site.file("length.bin", blob(5001), Says(when="head", length=7))
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())


@pytest.mark.row("M13", "C06")
def test_a_head_without_a_usable_response_is_followed_by_get(sandbox: Sandbox) -> None:
    """A file that GET finds to be current is left alone."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbody"
    faults: dict[str, Behaviour] = {
        "closed": HangUp(when="head"),
        "reset": ResetAtOnce(when="head"),
        "silent": Silent(when="head"),
        "body": Raw(body, when="head"),
        "no HTTP": Raw(b"220 ready\r\n", when="head"),
        "elsewhere": Redirect("http://127.0.0.2:1/", when="head"),
        "forbidden": Status(403, when="head"),
    }
    with Site(shape="python") as site:
        for name in faults:
            site.file(f"{name}.same", blob(3000, 1), etag=None)
            site.file(f"{name}.new", blob(3000, 1), etag=None)
        sandbox.mirror(site.url).succeeds()
        before = sandbox.inodes()
        for name, fault in faults.items():
            site.file(f"{name}.same", blob(3000, 1), fault, etag=None)
            site.file(f"{name}.new", blob(3000, 2), fault, etag=None, mtime=OLD + DAY)
        sandbox.mirror(site.url, timeout=SILENCE).succeeds()
        sandbox.holds(site.contents())
        after = sandbox.inodes()
        assert {path for path in before if after[path] == before[path]} == {f"{name}.same" for name in faults}


@pytest.mark.own
@pytest.mark.row("E01")
def test_a_304_with_a_body_is_a_304(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    sandbox.mirror(site.url).succeeds()
    before = sandbox.inodes()
    for path in wanted:
        site.at(path).behave((Raw(b"HTTP/1.1 304 Not Modified\r\n\r\nthis must never be stored"),))
    sandbox.mirror(site.url, attempts=1, more=("--check=headers",)).succeeds()
    assert sandbox.inodes() == before
    sandbox.holds(wanted)


@pytest.mark.row("M14")
def test_any_date_of_a_server_is_survived(sandbox: Sandbox, site: Site) -> None:
    moments = {"1970": 0.0, "epoch+1": 1.0, "2106": 4_294_967_296.0, "2300": 10_413_792_000.0}
    for name, moment in moments.items():
        site.file(name, blob(5000), mtime=moment)
    for _ in range(2):
        sandbox.mirror(site.url).succeeds()
        sandbox.holds(site.contents())
    assert {name: (sandbox.directory / name).stat().st_mtime for name in moments} == moments


@pytest.mark.row("M14")
def test_an_invalid_date_is_survived(sandbox: Sandbox, site: Site) -> None:
    dates = ("yesterday", "", "Thu, 99 Foo 99999 99:99:99 GMT", "0", "Mon, 01 Jan 0001 00:00:00 GMT")
    faults = {f"f{n}": Says(headers=(("Last-Modified", date), ("Date", date))) for n, date in enumerate(dates)}
    each_beside(site, faults, blob(5000))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("E01")
def test_only_200_is_a_whole_file(sandbox: Sandbox, site: Site) -> None:
    whole = (("Content-Range", "bytes 0-4999/5000"),)
    statuses = (201, 202, 203, 204, 205, 206, 207, 226, 300, 304, 305, 418, 451, 599, 999)
    faults = {str(status): Status(status, headers=whole, body=blob(5000)) for status in statuses}
    good = each_beside(site, faults, blob(5000))
    sandbox.mirror(site.url, attempts=1).fails(5)
    sandbox.holds(good)


@pytest.mark.row("E02")
def test_an_empty_file_is_a_file(sandbox: Sandbox, site: Site) -> None:
    site.file("empty", b"")
    site.file("sub/empty", b"")
    for _ in range(2):
        sandbox.mirror(site.url).succeeds()
        sandbox.holds({"empty": b"", "sub/empty": b""})


@pytest.mark.row("E03")
def test_a_slow_first_response_within_the_timeout_is_awaited(sandbox: Sandbox, site: Site) -> None:
    wanted = populate(site)
    site.on("a.txt", Late(1.2))
    site.on("sub/", Late(1.2))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(wanted)


@pytest.mark.row("E04")
def test_a_location_with_a_line_break_adds_no_header(sandbox: Sandbox, site: Site) -> None:
    good = beside(site, "a.bin", blob(5000))
    raw = b"HTTP/1.1 302 Found\r\nLocation: /pub/b%0d%0aX-Injected:%20yes\r\nContent-Length: 0\r\n\r\n"
    site.on("a.bin", Raw(raw))
    sandbox.mirror(site.url).fails(5)
    sandbox.holds(good)
    assert not any("x-injected" in request.headers for request in site.log)


@pytest.mark.own
@pytest.mark.row("N07")
def test_the_number_of_attempts_counts_the_first(sandbox: Sandbox, site: Site) -> None:
    """A closed reused connection proves nothing about the file, so one more attempt is free."""
    beside(site, "a.bin", blob(5000), HangUp())
    beside(site, "b.bin", blob(5000), Status(500))
    sandbox.mirror(site.url, attempts=1).fails(5)
    assert 1 <= site.log.times("/pub/a.bin") <= 2
    assert site.log.times("/pub/b.bin") == 1


@pytest.mark.own
@pytest.mark.row("P25")
@pytest.mark.parametrize(
    "fault",
    [Status(503), HangUp(), ResetAtOnce(), Silent(), Raw(b"+OK ready\r\n")],
    ids=["503", "fin", "rst", "silent", "no HTTP"],
)
def test_a_robots_txt_that_cannot_be_read_forbids_all_and_is_named(
    sandbox: Sandbox, site: Site, fault: Behaviour
) -> None:
    populate(site)
    site.otherwise = {"/robots.txt": Resource(path="/robots.txt", behaviours=[fault])}.get
    run = sandbox.mirror(site.url, attempts=2, timeout=SILENCE)
    run.fails(8)
    run.says(f"{site.origin}/robots.txt", "--no-robots")
    assert set(site.log.targets) <= {"/robots.txt", "/pub/"}
    sandbox.holds({})
    sandbox.mirror(site.url, more=["--no-robots"]).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.own
@pytest.mark.row("P04", "P25")
def test_a_robots_txt_with_a_retry_after_of_days_is_requested_once(sandbox: Sandbox, site: Site) -> None:
    busy = Status(503, headers=(("Retry-After", "86400"),))
    site.otherwise = {"/robots.txt": Resource(path="/robots.txt", behaviours=[busy])}.get
    run = sandbox.mirror(site.url)
    run.fails(8)
    run.says("86400 s")
    assert site.log.times("/robots.txt") == 1
    assert set(site.log.targets) <= {"/robots.txt", "/pub/"}


def robots_txt(site: Site, body: bytes, *behaviours: Behaviour) -> None:
    """The site's response to /robots.txt."""
    resource = site.resource("/robots.txt")
    resource.page = lambda: body
    resource.behave(behaviours)
    site.otherwise = {"/robots.txt": resource}.get


@pytest.mark.own
@pytest.mark.row("P25")
@pytest.mark.parametrize(
    ("target", "code"), [("/robots.txt", 0), ("ftp://h/robots.txt", 8), ("http://elsewhere.invalid/robots.txt", 8)]
)
def test_a_robots_txt_in_a_redirect_loop_counts_as_none_and_one_that_cannot_be_fetched_forbids_all(
    sandbox: Sandbox, site: Site, target: str, code: int
) -> None:
    populate(site)
    robots_txt(site, b"", Redirect(target))
    sandbox.mirror(site.url, attempts=1).ends(code)
    sandbox.holds(site.contents() if code == 0 else {})


FORBIDS = b"User-agent: *\nDisallow: /\n"
RULES = gzip.compress(FORBIDS + b"".join(b"Disallow: /x%d\n" % number for number in range(500)))
CODED = ("Content-Encoding", "gzip")
UNREADABLE: dict[str, tuple[bytes, Behaviour]] = {
    "gzip cut short": (RULES[:-12], Says(headers=(CODED,))),
    "gzip damaged": (RULES[:60] + b"\0\0\0\0" + RULES[64:], Says(headers=(CODED,))),
    "not gzip": (FORBIDS, Says(headers=(CODED,))),
    "br": (b"\x0b\x0c\x80", Says(headers=(("Content-Encoding", "br"),))),
    "cut short": (b"User-agent: *\nDisallow:\n", Cut(at=0.5)),
}


@pytest.mark.own
@pytest.mark.row("P25")
@pytest.mark.parametrize("what", UNREADABLE)
def test_a_robots_txt_that_cannot_be_read_to_its_end_forbids_all(sandbox: Sandbox, site: Site, what: str) -> None:
    populate(site)
    robots_txt(site, *UNREADABLE[what])
    run = sandbox.mirror(site.url, attempts=2)
    run.fails(8)
    run.says("/robots.txt cannot be read", "--no-robots")
    sandbox.holds({})


@pytest.mark.own
@pytest.mark.row("P25")
@pytest.mark.parametrize("coded", [False, True], ids=["plain", "gzip"])
def test_the_beginning_of_an_endless_robots_txt_applies(sandbox: Sandbox, site: Site, coded: bool) -> None:
    populate(site)
    body = FORBIDS + b"# padding\n" * 100_000
    robots_txt(site, gzip.compress(body) if coded else body, Says(headers=(CODED,) if coded else ()))
    run = sandbox.mirror(site.url)
    run.fails(8)
    run.says("forbids")


@pytest.mark.own
@pytest.mark.row("P25")
def test_a_broken_page_beside_a_404_of_robots_txt_forbids_nothing(sandbox: Sandbox, site: Site) -> None:
    populate(site)
    robots_txt(site, b"no gzip", Status(404, headers=(CODED,)))
    sandbox.mirror(site.url).succeeds()
    sandbox.holds(site.contents())


# --- robots.txt of other hosts ------------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[Site]:
    with Site() as running:
        yield running


def link_elsewhere(site: Site, other: Site, *names: str) -> None:
    """A page of an unknown server; on that of a known one, a link to another host would not be a row."""
    rows = [Row(href="a.txt", size=len(site.contents()["a.txt"]), mtime=OLD)]
    for name in names:
        other.file(name, blob(500))
        rows.append(Row(href=f"{other.url}{name}", size=500, mtime=OLD, text=name))
    site.listing("", nginx("/pub/", rows).replace(b"Index of", b"Files of"))


@pytest.mark.own
@pytest.mark.row("P29")
def test_each_host_has_its_own_robots_txt_and_it_is_read_once(sandbox: Sandbox, site: Site, other: Site) -> None:
    populate(site)
    link_elsewhere(site, other, "a.bin", "b.bin", "c.bin")
    robots_txt(site, b"User-agent: *\nDisallow: /pub/a.bin\n")
    robots_txt(other, b"User-agent: *\nDisallow: /pub/b.bin\n")
    allowed = [f"--allow-host={other.host}:{other.port}"]
    sandbox.mirror(site.url, more=allowed).succeeds()
    assert sandbox.tree().keys() == {"a.txt", "a.bin", "c.bin"}
    assert sorted(other.log.targets) == ["/pub/a.bin", "/pub/c.bin", "/robots.txt"]


@pytest.mark.own
@pytest.mark.row("P29")
def test_files_of_a_host_whose_robots_txt_cannot_be_read_have_failed(sandbox: Sandbox, site: Site, other: Site) -> None:
    wanted = populate(site)
    link_elsewhere(site, other, "a.bin")
    robots_txt(other, b"", Status(500))
    run = sandbox.mirror(site.url, attempts=1, more=[f"--allow-host={other.host}:{other.port}"])
    run.fails(5)
    run.says("a.bin", "/robots.txt cannot be read")
    sandbox.holds({"a.txt": wanted["a.txt"]})


@pytest.mark.own
@pytest.mark.row("P29")
@pytest.mark.parametrize("what", ["root", "folder", "file"])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_redirect_is_judged_where_it_leads(sandbox: Sandbox, site: Site, other: Site, what: str, where: str) -> None:
    target = site if where == "here" else other
    for running in (site, other):
        populate(running)
        running.file("private/secret.bin", blob(500))
        if running is target:
            robots_txt(running, b"User-agent: *\nDisallow: /pub/private/\n")
    site.file("x.bin", blob(500))
    path = {"root": "", "folder": "sub/", "file": "x.bin"}[what]
    site.on(path, Redirect(f"{target.url}private/{'secret.bin' if what == 'file' else ''}"))
    run = sandbox.mirror(site.url, attempts=1, more=[f"--allow-host={other.host}:{other.port}"])
    if what == "root":
        run.fails(8)
        run.says("robots.txt", "--no-robots")
    elif what == "folder" and where == "elsewhere":
        run.fails(5)  # only the host of URL is asked for listings
    else:
        run.succeeds()
        assert "a.txt" in sandbox.tree()
        assert "x.bin" not in sandbox.tree() or what != "file"
    assert "/pub/private/secret.bin" not in target.log.targets
    assert "/pub/private/" not in target.log.targets


@pytest.mark.own
@pytest.mark.row("P29")
def test_a_robots_txt_that_moved_to_another_host_applies(sandbox: Sandbox, site: Site, other: Site) -> None:
    populate(site)
    robots_txt(other, FORBIDS)
    robots_txt(site, b"", Redirect(f"{other.origin}/robots.txt"))
    run = sandbox.mirror(site.url)
    run.fails(8)
    assert sorted(site.log.targets) in (["/pub/", "/robots.txt"], ["/robots.txt"])
    sandbox.holds({})


@pytest.mark.own
@pytest.mark.row("P34")
def test_the_digest_that_a_redirect_to_a_mirror_promises_is_checked(sandbox: Sandbox, site: Site, other: Site) -> None:
    body = blob(2000)
    right = base64.b64encode(hashlib.sha256(body).digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    for name, digest, relation in (
        ("right.bin", right, "duplicate"),
        ("wrong.bin", wrong, "duplicate"),
        ("page.bin", wrong, "next"),  # of the page with the redirect
    ):
        said = (("Digest", f"SHA-256={digest}"), ("Link", f"<{other.url}{name}>; rel={relation}"))
        site.file(name, body, Redirect(f"{other.url}{name}", headers=said))
        other.file(name, body)
    run = sandbox.mirror(site.url, attempts=1, more=[f"--allow-host={other.host}:{other.port}"])
    run.fails(5)
    run.says("wrong.bin", "does not have the published digest")
    sandbox.holds({"right.bin": body, "page.bin": body})


@pytest.mark.row("P29")
def test_a_redirect_ends_where_a_process_has_one_connection(sandbox: Sandbox, site: Site) -> None:
    """The connection is needed for robots.txt, which a process reads when it meets its first redirect."""
    many(site, 6, "a", size=300)
    site.file("latest.bin", blob(300, 0), Redirect(to=f"{site.url}a/f000"))
    sandbox.mirror(site.url, workers=3, more=["--processes=2"]).succeeds()
    sandbox.holds(site.contents())


@pytest.mark.row("P29")
@pytest.mark.parametrize(("connections", "more"), [(1, []), (3, ["--processes=2"])])
def test_whatever_may_need_a_second_connection_ends_with_few(
    sandbox: Sandbox, site: Site, connections: int, more: list[str]
) -> None:
    """A login whose start redirects, redirects to another host, checksum files, pieces of a file, HEAD: in two runs."""
    with Site() as other:
        site.directory("", Redirect(to=f"{site.url}tree/"))
        many(site, 6, "tree/a", size=300)
        site.file("tree/SHA256SUMS", f"{hashlib.sha256(blob(300, 1)).hexdigest()}  a/f001\n".encode())
        site.file("tree/large.bin", blob(5 << 20))
        for name, body in many(other, 2, "tree/b", size=300).items():
            site.file(name, body, Redirect(to=f"{other.url}{name}"))
        start = site.url.replace("://", f"://{USER}:{PASSWORD.replace(' ', '%20')}@", 1)
        more = [*more, "--segments=4", f"--allow-host={other.host}:{other.port}"]
        for _ in range(2):
            sandbox.mirror(start, workers=connections, more=more).succeeds()
            sandbox.holds({name.removeprefix("tree/"): body for name, body in site.contents().items()})
            (sandbox.directory / ".crawler/state.sqlite3").unlink()
