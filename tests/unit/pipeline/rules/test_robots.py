"""robots.txt: what it forbids, and what the response to the request for it means."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.values import Rejection
from crawler.pipeline.rules.robots import ALLOW_ALL, ROBOTS_BYTES, forbidden, is_of_robots, parse_robots, rules_for

AGENT = "crawler/0.1.0"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /private/\n", "/private/a", False),
        ("User-agent: *\nDisallow: /private/\n", "/public/a", True),
        ("User-agent: *\r\nDisallow: /private/\r\n", "/private/a", False),
        ("User-agent: *\rDisallow: /private/\r", "/private/a", False),
        ("\ufeffUser-agent: *\nDisallow: /\n", "/a", False),
        ("user-AGENT: *\ndisALLOW: /\n", "/a", False),
        ("User-agent: *\nDisalow /\n", "/a", False),
        ("User-agent: *\n  Disallow: / # all\n", "/a", False),
        ("User-agent: *\nDisallow: # nothing\n", "/a", True),
        ("User-agent: *\nDisallow:\n", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", True),
        ("User-agent: *\nDisallow: /*.iso$\n", "/x/y.iso", False),
        ("User-agent: *\nDisallow: /*.iso$\n", "/x/y.iso.asc", True),
        ("User-agent: *\nDisallow: /*?C=\n", "/x/?C=M;O=A", False),
        ("User-agent: *\nDisallow: /*?C=\n", "/x/", True),
        ("User-agent: *\nDisallow: /ä\n", "/%C3%A4/x", False),
        ("User-agent: *\nDisallow: /a%2fb\n", "/a%2Fb", False),
        ("User-agent: *\nDisallow: /a%2fb\n", "/a/b", True),
        ("User-agent: OtherBot\nDisallow: /\n", "/a", True),
        ("User-agent: craw\nDisallow: /\n", "/a", True),
        ("User-agent: crawlers\nDisallow: /\n", "/a", True),
        ("User-agent: my-crawler\nDisallow: /\n", "/a", True),
        ("User-agent: craw\nDisallow: /\n\nUser-agent: *\nDisallow: /x\n", "/x", False),
        ("User-agent: craw\nUser-agent: CRAWLER/1.0\nDisallow: /\n", "/a", False),
        ("useragent: Crawler # us\rDisallow: /\r", "/a", False),
        ("User-agent: crawler*\nDisallow: /\n", "/a", False),
        ("User-agent: OtherBot\nUser-agent: crawler\nDisallow: /\n", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: crawler\nDisallow: /x\n", "/a", True),
        ("User-agent: crawler\nDisallow: /x\n\nUser-agent: crawler\nDisallow: /y\n", "/y", False),
        ("Disallow: /\n", "/a", True),
        ("User-agent: *\nDisallow: /\n", "/robots.txt", True),
        ("", "/a", True),
        ("<!DOCTYPE html><pre>\nUser-agent: *\nDisallow: /\n</pre>", "/a", True),
        ("\n  <html>\nUser-agent: *\nDisallow: /\n", "/a", True),
    ],
)
def test_the_longest_rule_of_the_programs_group_decides(text: str, path: str, allowed: bool) -> None:
    assert parse_robots(text.encode()).allows("http://host.example" + path, AGENT) is allowed


def test_bytes_that_are_not_utf_8_spoil_only_their_own_rule() -> None:
    robots = parse_robots(b"User-agent: *\nDisallow: /caf\xe9/\nDisallow: /b\n\x00\xff\nDisallow: /x\n")
    assert not robots.allows("http://h/b", AGENT)
    assert not robots.allows("http://h/x", AGENT)
    assert robots.allows("http://h/caf", AGENT)


def test_rules_up_to_the_size_limit_are_read_and_none_is_cut_in_two() -> None:
    head = b"User-agent: *\nDisallow: /first\n"
    last = b"Disallow: /last/one/of/all\n"
    filler = b"# padding\n" * ((ROBOTS_BYTES - len(head) - 10) // 10)
    robots = parse_robots(head + filler + last)
    assert not robots.allows("http://h/first", AGENT)
    assert robots.allows("http://h/", AGENT), "Disallow: / would be the front half of the last rule"
    assert robots.allows("http://h/last/one/of/all", AGENT)


def test_a_single_endless_line_holds_no_rule() -> None:
    assert parse_robots(b"Disallow: /" + b"a" * ROBOTS_BYTES) is ALLOW_ALL


def test_a_crawl_delay_is_passed_over() -> None:
    assert parse_robots(b"User-agent: *\nCrawl-delay: 2.5\n") is ALLOW_ALL


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_says_how_the_rules_are_coded(coding: str) -> None:
    text = "\ufeff" if coding[-2:] in {"le", "be"} else ""
    robots = parse_robots(f"{text}User-agent: *\r\nDisallow: /a\r\n".encode(coding))
    assert not robots.allows("http://h/a", AGENT)
    assert robots.allows("http://h/b", AGENT)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (200, False),
        (206, None),
        (302, None),
        (400, True),
        (401, True),
        (403, True),
        (404, True),
        (410, True),
        (429, True),
        (500, None),
        (503, None),
        (None, None),
        (0, None),
        (999, None),
    ],
)
def test_a_missing_robots_txt_allows_all_and_a_broken_server_leaves_it_unknown(
    status: int | None, allowed: bool | None
) -> None:
    robots = rules_for(status, b"User-agent: *\nDisallow: /\n")
    assert (robots.allows("http://h/a", AGENT) if robots else None) is allowed


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.text(max_size=20))
def test_no_robots_txt_raises(body: bytes, agent: str) -> None:
    robots = parse_robots(b"User-agent: *\nDisallow: /x*y$\n" + body)
    robots.allows("http://h/a%zz?b", agent)


def test_the_parser_is_loaded_only_when_something_is_forbidden() -> None:
    code = (
        "import sys; from crawler.pipeline.rules.robots import *\n"
        "assert parse_robots(b'User-agent: *\\nDisallow:\\nSitemap: /s\\n').allows('http://h/a', 'x')\n"
        "assert 'protego' not in sys.modules\n"
        "assert not parse_robots(b'User-agent: *\\nDisallow: /\\n').allows('http://h/a', 'x')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


@pytest.mark.parametrize(
    ("rejection", "is_its"),
    [
        (forbidden("http://h/a"), True),
        (Rejection("robots-unreadable", "http://h/a"), True),
        (Rejection("above", "http://h/a"), False),
        (None, False),
    ],
)
def test_what_robots_txt_forbids_is_known_by_its_reason(rejection: Rejection | None, is_its: bool) -> None:
    assert is_of_robots(rejection) is is_its
    assert forbidden("http://h/a") == Rejection("robots", "http://h/a", "forbidden by robots.txt")


@pytest.mark.parametrize(
    ("status", "is_known"),
    [
        (199, False), (200, True), (206, False), (299, True), (300, False), (304, False), (399, False), (400, True),
        (499, True), (500, False),
    ],
)  # fmt: skip
def test_the_bounds_of_what_is_known(status: int, is_known: bool) -> None:
    robots = rules_for(status, b"User-agent: *\nDisallow: /\n")
    assert (robots is not None) is is_known
    assert robots is None or robots.allows("http://h/a", AGENT) is (status >= 400)


def test_a_robots_txt_of_exactly_the_limit_is_read_to_its_end() -> None:
    rule = b"User-agent: *\nDisallow: /last"
    text = b"#" * (ROBOTS_BYTES - len(rule) - 1) + b"\n" + rule
    assert len(text) == ROBOTS_BYTES
    assert not parse_robots(text).allows("http://h/last", AGENT)
    assert parse_robots(text + b"/x").allows("http://h/last/x", AGENT)


_PLACES = ["/", "/pub/", "/pub/a/", "/p", "/private/", "/pub/a%20b/", "/*", "/*.iso$", "/pub/*/x", "pub", "/?x"]
_NAMES = ["Disallow: ", "disallow:", "Dissallow ", "Allow: "]
_LINES = st.builds("{}{}{}".format, st.sampled_from(_NAMES), st.sampled_from(_PLACES), st.sampled_from(["", " # x"]))


@given(
    st.lists(_LINES, max_size=4),
    st.sampled_from(["User-agent: *", "User-agent: other", "User-agent: crawler"]),
    st.sampled_from(["/", "/pub/", "/pub/a/", "/pub/a%20b/", "/pub/ab/", "/private/x/"]),
    st.sampled_from(["", "x", "x.iso", "a/x", "?x", "%61"]),
)
def test_what_is_allowed_below_a_directory_is_allowed(lines: list[str], group: str, place: str, name: str) -> None:
    rules = parse_robots("\n".join([group, *lines]).encode())
    if rules.allows_below(place):
        assert rules.allows(f"http://h{place}{name}", "crawler")


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", "/pub/", True),
        ("User-agent: *\nDisallow:", "/pub/", True),
        ("User-agent: *\nDisallow: /private/", "/pub/", True),
        ("User-agent: *\nDisallow: /private/", "/private/a/", False),
        ("User-agent: *\nDisallow: /pub/a/b", "/pub/a/", False),
        ("User-agent: *\nDisallow: /pub/a/b", "/pub/b/", True),
        ("User-agent: *\nDisallow: /cgi-bin/*.cgi", "/pub/", True),
        ("User-agent: *\nDisallow: /*.cgi", "/pub/", False),
        ("User-agent: other\nDisallow: /", "/pub/", False),
        ("User-agent: *\nDisallow: /x", "/pub/a%20b/", False),
    ],
)
def test_rules_for_other_directories_are_seen_to_leave_one_alone(text: str, place: str, expected: bool) -> None:
    assert parse_robots(text.encode()).allows_below(place) is expected
