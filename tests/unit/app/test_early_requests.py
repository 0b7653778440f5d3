"""Which requests a run sends before its event loop is imported."""

from __future__ import annotations

from dataclasses import fields

import pytest

from crawler.app.first_request.early_requests import CHECKED, PLAIN, early_requests, given_in, is_plain
from crawler.http.sockets.endpoint import Endpoint
from crawler.model.config import Config
from crawler.model.values import Validators

DECLINED = {
    "client_cert": "read by ssl, which is imported later",
    "cluster": "other processes fetch",
    "cluster_insecure": "other processes fetch",
    "cookies": "may be sent with the first request, and take a module as large as what is saved",
    "dry_run": "takes no lock, so that another run may change what it is decided by",
    "fallback": "the page is not requested beside robots.txt",
    "name_from": "for lists",
    "names": "the names of earlier files may speak against it",
    "objects": "DIR is in an object store",
    "processes": "other processes fetch",
    "proxy": "where the first request is sent",
    "requests_per_second": "when the first requests are sent",
    "snapshots": "publishing may be refused",
    "state": "whether the disk of DIR is missing is known from there",
}
"""Option → why a run with it sends nothing early."""


def test_every_option_is_plain_or_checked_or_is_not_for_a_reason() -> None:
    taken = [*PLAIN, *CHECKED, *DECLINED]
    assert len(taken) == len(set(taken))
    assert set(taken) == {item.name for item in fields(Config)}


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ((), {}, True),
        (("delete", "workers"), {"HOME": "/"}, True),
        (("delete", "summary"), {}, True),
        (("delete", "header"), {}, True),
        (("requests_per_second",), {}, False),
        (("dry_run",), {}, False),
        ((), {"HTTP_PROXY": "http://p"}, False),
        ((), {"no_proxy": "*"}, False),
    ],
)
def test_a_run_is_plain_if_nothing_else_matters(
    given: tuple[str, ...], environment: dict[str, str], expected: bool
) -> None:
    assert is_plain(given, environment) is expected


def test_the_options_of_a_file_that_are_given() -> None:
    assert given_in(Config()) == set()
    assert given_in(Config(delete=True, trash=3, summary="x", workers=8)) == {"delete", "trash", "summary"}


ROBOTS, PAGE, NONE = b"GET /robots.txt HTTP/1.1\r\n", b"GET /a/ HTTP/1.1\r\n", b""
HTTP, FILE, TLS = "http://h/a/", "http://h/a.zip", "https://h/a/"


@pytest.mark.parametrize(
    ("root", "no_robots", "connections", "is_first", "lines"),
    [
        (HTTP, False, 2, True, [ROBOTS, PAGE]),
        (HTTP, False, 1, True, [ROBOTS]),
        (HTTP, False, 2, False, [ROBOTS, NONE]),
        (HTTP, False, 1, False, [ROBOTS]),
        (HTTP, True, 1, True, [PAGE]),
        (HTTP, True, 2, False, [NONE]),
        (f"{HTTP}?C=M", False, 9, True, [ROBOTS, b"GET /a/?C=M HTTP/1.1\r\n"]),
        (f"{HTTP}?x=/", False, 9, False, [ROBOTS, NONE]),
        (FILE, False, 2, True, [ROBOTS]),
        (FILE, False, 2, False, [ROBOTS]),
        (FILE, True, 2, True, [b"GET /a.zip HTTP/1.1\r\n"]),
        (TLS, False, 2, True, [NONE, NONE]),
        (TLS, False, 1, True, [NONE]),
        (TLS, True, 2, False, [NONE]),
    ],
)
def test_the_first_requests_of_a_run(
    root: str, no_robots: bool, connections: int, is_first: bool, lines: list[bytes]
) -> None:
    known = Validators() if is_first else None
    where, requests = early_requests(
        root, Config(no_robots=no_robots), connections=connections, is_first=is_first, validators=known
    )
    assert where == Endpoint("h", 443 if root == TLS else 80, is_tls=root == TLS)
    assert [request.partition(b"\r\n")[0] + b"\r\n" if request else b"" for request in requests] == lines
    assert all(b"\r\nHost: h\r\n" in request and request.endswith(b"\r\n\r\n") for request in requests if request)


@pytest.mark.parametrize(
    ("is_first", "validators", "fields"),
    [
        (True, Validators(), [b"Accept-Encoding: identity"]),
        (False, Validators(), [b"Accept-Encoding: gzip, deflate"]),
        (False, Validators(etag='"x"'), [b"Accept-Encoding: gzip, deflate", b'If-None-Match: "x"']),
    ],
)
def test_the_page_is_requested_with_what_is_known_of_it(
    is_first: bool, validators: Validators, fields: list[bytes]
) -> None:
    _, (_, page) = early_requests(HTTP, Config(), connections=2, is_first=is_first, validators=validators)
    lines = page.split(b"\r\n")
    assert [line for line in lines if line.startswith((b"Accept-E", b"If-"))] == fields


@pytest.mark.parametrize(("no_robots", "root"), [(False, HTTP), (True, HTTP), (True, FILE), (False, TLS)])
def test_a_host_is_asked_how_to_log_in_before_anything_else(no_robots: bool, root: str) -> None:
    config = Config(no_robots=no_robots, netrc=True)
    _, requests = early_requests(
        root, config, connections=2, is_first=True, validators=Validators(), own={"X": "y", "Range": "a"}, asks=True
    )
    assert len(requests) == 1
    if root != TLS:
        lines = requests[0].split(b"\r\n")
        assert lines[0] == b"GET " + root.removeprefix("http://h").encode() + b" HTTP/1.1"
        assert {b"X: y", b"Range: a", b"Accept: */*", b"Accept-Encoding: identity"} < set(lines)


def test_a_url_that_no_lane_serves_has_none() -> None:
    with pytest.raises(ValueError, match="lane"):
        early_requests("http://h", Config(), connections=2, is_first=True, validators=None)
