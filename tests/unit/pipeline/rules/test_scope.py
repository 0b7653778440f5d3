"""Where a run may go: listings, files, and the redirects of both."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from crawler.pipeline.rules.scope import Bounds, ListScope, Scope, all_in_scope, same_host_redirect, scope_base, upward
from crawler.text.urls import in_scope

HTTP = Scope("http://h/pub/")
HTTPS = Scope("https://h/pub/")
NAMED = Scope("http://h/pub/", frozenset({"cdn", "mirror:8080", "[::1]"}))
NAMED_TLS = Scope("https://h/pub/", frozenset({"cdn", "h"}))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://h/pub/sub/", None),
        ("http://h:80/pub/sub/", None),
        ("http://H/pub/sub/", None),
        ("http://h/", "above"),
        ("http://h/beside/", "above"),
        ("http://h/pub/%2e%2e/", "above"),
        ("http://other/pub/", "other-host"),
        ("http://h:8080/pub/", "other-host"),
        ("https://h/pub/", "other-host"),
        ("http://cdn/pub/", "other-host"),
    ],
)
def test_listings_are_read_at_or_below_the_root_only(url: str, reason: str | None) -> None:
    rejection = NAMED.listing(url)
    assert (rejection.reason if rejection else None) == reason


@pytest.mark.parametrize(
    ("scope", "url", "reason"),
    [
        (HTTP, "http://h/pub/a", None),
        (HTTP, "http://h/beside/a", "above"),
        (HTTP, "http://h/pub/..%2fa", "above"),
        (HTTP, "http://cdn/a", "other-host"),
        (HTTP, "http://h:8080/pub/a", "other-host"),
        (HTTP, "https://h/pub/a", "other-host"),
        (HTTP, "http://h@evil/pub/a", "other-host"),
        (HTTP, "file:///etc/passwd", "scheme"),
        (HTTP, "gopher://h/pub/a", "scheme"),
        (HTTP, "http://h\\@evil/pub/a", "scheme"),
        (NAMED, "http://cdn/a", None),
        (NAMED, "https://cdn:99/a", None),
        (NAMED, "http://CDN/a", None),
        (NAMED, "http://u@cdn/a", None),
        (NAMED, "http://mirror:8080/a", None),
        (NAMED, "http://mirror/a", "other-host"),
        (NAMED, "http://[::1]:9/a", None),
        (NAMED, "http://notcdn/a", "other-host"),
        (NAMED, "http://cdn.evil/a", "other-host"),
        (NAMED, "http://cdn@evil/a", "other-host"),
        (NAMED, "http://h/beside/a", "above"),
        (NAMED_TLS, "https://h/beside/a", None),
    ],
)
def test_files_come_from_below_the_root_or_from_a_named_host(scope: Scope, url: str, reason: str | None) -> None:
    rejection = scope.file(url)
    assert (rejection.reason if rejection else None) == reason


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://other/a", "--allow-host other "),
        ("http://other:81/a", "--allow-host other:81 "),
        ("http://h/x", "--allow-host h "),
    ],
)
def test_a_refused_file_names_the_option_that_would_fetch_it(url: str, advice: str) -> None:
    rejection = HTTP.file(url)
    assert rejection is not None
    assert advice in rejection.detail


@pytest.mark.parametrize("url", ["http://u:secret@other/a", "http://u:secret@h/beside"])
def test_advice_shows_no_password(url: str) -> None:
    rejection = HTTP.file(url)
    assert rejection is not None
    assert "secret" not in rejection.detail


@pytest.mark.parametrize(
    ("scope", "source", "target", "reason"),
    [
        (HTTP, "http://h/pub/a", "http://h/pub/b", None),
        (HTTP, "http://h/pub/a", "http://h/pub/a/", Reason.DIRECTORY),
        (HTTP, "http://h/pub/a", "http://h/pub/b/", None),
        (HTTP, "http://h/pub/a", "http://h/beside", "above"),
        (HTTP, "http://h/pub/a", "http://h/pub/%2e%2e/x", "above"),
        (HTTP, "http://h/pub/a", "http://other/a", "other-host"),
        (HTTP, "http://h/pub/a", "http://h:81/pub/a", "other-host"),
        (HTTP, "http://h/pub/a", "http://169.254.169.254/latest", "other-host"),
        (HTTP, "http://h/pub/a", "https://h/pub/a", None),
        (HTTP, "http://h/pub/a", "HTTPS://h/pub/a", None),
        (HTTP, "http://h/pub/a", "https://h:443/pub/a", None),
        (HTTP, "http://h/pub/a", "https://h/beside", "other-host"),
        (HTTP, "http://h/pub/a", "https://h:8443/pub/a", "other-host"),
        (HTTP, "https://h/pub/a", "http://h/pub/a", "scheme"),
        (HTTPS, "https://h/pub/a", "http://h/pub/a", "scheme"),
        (NAMED, "http://h/pub/a", "http://cdn/x", None),
        (NAMED, "http://h/pub/a", "https://cdn/x", None),
        (NAMED, "http://cdn/x", "https://cdn/y", None),
        (NAMED, "http://cdn/x", "http://h/pub/y", None),
        (NAMED_TLS, "https://h/pub/a", "https://cdn/x", None),
        (NAMED_TLS, "https://h/pub/a", "http://cdn/x", "scheme"),
        (NAMED_TLS, "https://h/pub/a", "HTTP://cdn/x", "scheme"),
        (NAMED_TLS, "HTTPS://h/pub/a", "http://cdn/x", "scheme"),
        (NAMED_TLS, "https://cdn/x", "http://cdn/x", "scheme"),
    ],
)
def test_where_the_redirect_of_a_file_may_lead(scope: Scope, source: str, target: str, reason: str | None) -> None:
    rejection = scope.file_redirect(source, target)
    assert (rejection.reason if rejection else None) == reason


@pytest.mark.parametrize(
    ("source", "target", "is_directory"),
    [
        ("/pub/a%2Bb", "/pub/a+b/", True),
        ("/pub/caf%c3%a9", "/pub/caf%C3%A9/", True),
        ("/pub/x%28y%29", "/pub/x(y)/", True),
        ("/pub/%7Eold", "/pub/~old/", True),
        ("/%70ub/v1%2E2", "/pub/v1.2/", True),
        ("/pub/a", "HTTP://H:80/pub/a/", True),
        ("/pub/a?x=1", "/pub/a/?x=1", True),
        ("/pub/a%2Bb", "/pub/a+b", False),
        ("/pub/a%252Bb", "/pub/a%2Bb/", False),
        ("/pub/a%2Fb", "/pub/a/b/", False),
        ("/pub/a%3Fb", "/pub/a?b/", False),
        ("/pub/a", "/pub/A/", False),
        ("/pub/a", "/pub/a/?download", False),
        ("/pub/a", "http://other/pub/a/", False),
    ],
)
def test_a_directory_is_known_by_its_slash_however_its_name_is_spelled(
    source: str, target: str, is_directory: bool
) -> None:
    source, target = urljoin("http://h/", source), urljoin("http://h/", target)
    rejection = HTTP.file_redirect(source, target)
    assert (rejection is not None and rejection.reason == Reason.DIRECTORY) is is_directory
    if is_directory:
        assert rejection is not None
        assert rejection.subject.replace("/?", "?").rstrip("/") == source, "entered as the listing spells it"


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("http://h/pub/a", "http://h/pub/a/", None),
        ("http://h/pub/a/", "http://h/pub/b/", None),
        ("http://h/pub/a/", "https://h/pub/a/", None),
        ("http://h/pub/a/", "http://h/", "above"),
        ("http://h/pub/a/", "https://h/", "other-host"),
        ("http://h/pub/a/", "http://cdn/a/", "other-host"),
        ("https://h/pub/a/", "http://h/pub/a/", "scheme"),
    ],
)
def test_where_the_redirect_of_a_listing_may_lead(source: str, target: str, reason: str | None) -> None:
    rejection = NAMED.listing_redirect(source, target)
    assert (rejection.reason if rejection else None) == reason


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("http://h/pub", "http://h/elsewhere/", None),
        ("http://h/pub/", "https://h/pub/", None),
        ("http://h/pub/", "http://other/pub/", "other-host"),
        ("http://h/pub/", "http://h:81/pub/", "other-host"),
        ("http://h/pub/", "https://h:81/pub/", "other-host"),
        ("http://h/pub/", "http://cdn/pub/", None),
        ("https://h/pub/", "https://cdn/pub/", None),
        ("https://h/pub/", "http://h/pub/", "scheme"),
        ("https://h/pub/", "http://cdn/pub/", "scheme"),
        ("https://h/pub/", "HTTP://cdn/pub/", "scheme"),
    ],
)
def test_where_the_redirect_of_the_root_may_lead(source: str, target: str, reason: str | None) -> None:
    rejection = Scope("", frozenset({"cdn"})).root_redirect(source, target)
    assert (rejection.reason if rejection else None) == reason


@pytest.mark.parametrize(
    ("source", "target", "followed"),
    [
        ("http://h/robots.txt", "http://h/other.txt", True),
        ("http://h/robots.txt", "https://h/robots.txt", True),
        ("https://h/robots.txt", "http://h/robots.txt", False),
        ("http://h/robots.txt", "http://www.h/robots.txt", False),
        ("http://h/robots.txt", "http://h:81/robots.txt", False),
    ],
)
def test_robots_txt_may_move_within_its_host(source: str, target: str, followed: bool) -> None:
    assert (same_host_redirect(source, target) is None) is followed


@pytest.mark.parametrize(
    ("url", "entries", "base"),
    [
        ("http://h/pub/", ["http://h/pub/a"], "http://h/pub/"),
        ("http://h/pub/index.html?x=1", ["http://h/pub/a"], "http://h/pub/"),
        ("http://h/pub", ["http://h/pub/a", "http://h/pub/b/"], "http://h/pub/"),
        ("http://h/pub", ["http://h/pub/a", "http://h/b"], "http://h/"),
        ("http://h/pub", [], "http://h/"),
        ("http://h", ["http://h/a"], "http://h/"),
        ("http://h?list", [], "http://h/"),
        ("http://h/pub?list#top", ["http://h/pub/a"], "http://h/pub/"),
        ("http://h/pub/", ["http://h/pub//a"], "http://h/pub/"),
    ],
)
def test_the_base_is_the_directory_of_the_root_listing(url: str, entries: list[str], base: str) -> None:
    assert scope_base(url, entries) == base


@pytest.mark.parametrize(
    ("start", "target", "is_up"),
    [
        ("http://h/p/", "http://h/", True),
        ("http://h/p/", "https://h/", True),
        ("http://h/p/", "http://h/index.html", True),
        ("http://h/p", "http://h/", True),
        ("http://h/a/b/c/", "http://h/a", True),
        ("http://h/%61/b%20c/d/", "http://h/a/b c/", True),
        ("http://h/a//b/", "http://h/a/", True),
        ("http://h/p/", "http://h/p/%2e%2e/", True),
        ("http://h/p/", "http://h/p/..%2f", True),
        ("http://h/p/", "http://h/q/", False),
        ("http://h/p/", "http://h/p/q/", False),
        ("http://h/p", "http://h/p/", False),
        ("http://h/p/", "http://h/p/index.html", False),
        ("http://h/p/index.html", "http://h/p/", False),
        ("http://h/pub/", "http://h/p/", False),
        ("http://h/p/", "https://h/p/", False),
        ("http://h/a%2fb/c/", "http://h/a/", False),
    ],
)
def test_the_root_may_move_but_not_up(start: str, target: str, is_up: bool) -> None:
    for source in (start, "http://h/elsewhere/"):  # via another place too
        rejection = Scope("").root_redirect(source, target, start=start)
        assert (rejection.reason if rejection else None) == ("above" if is_up else None)


def test_a_named_host_may_hold_the_root_at_its_top() -> None:
    scope = Scope("", frozenset({"cdn"}))
    assert scope.root_redirect("http://h/p/", "http://cdn/", start="http://h/p/") is None
    assert scope.root_redirect("http://cdn/x/", "http://cdn/", start="http://h/p/") is None


def test_a_user_reads_why_a_url_is_not_entered() -> None:
    other, above = "http://other/pub/", "http://h/x"
    assert HTTP.listing(other) == Rejection("other-host", other, "listings are read from the host of URL only")
    assert HTTP.listing(above) == Rejection("above", above, "not below http://h/pub/")
    assert HTTP.file("gopher://h/a") == Rejection("scheme", "gopher://h/a", "not an http or https URL")
    assert HTTP.file(other) == Rejection("other-host", other, "on another host: --allow-host other would fetch it")
    assert HTTP.file(above) == Rejection("above", above, "not below http://h/pub/: --allow-host h would fetch it")


def test_a_pattern_names_hosts_of_files_and_never_that_of_a_listing() -> None:
    for pattern in ("*", "*.example.org"):
        scope, cdn = Scope("http://h/pub/", frozenset({pattern})), "http://a.example.org/pub/"
        assert scope.file(cdn + "a") is None
        assert scope.file_redirect("http://h/pub/a", cdn + "a") is None
        assert ListScope(scope.hosts).file_redirect("http://h/pub/a", cdn + "a") is None
        assert scope.file_redirect("https://h/pub/a", cdn + "a") is not None  # never from https to http
        for rejection in (scope.listing(cdn), scope.listing_redirect("http://h/pub/", cdn),
                          scope.root_redirect("http://h/pub/", cdn)):  # fmt: skip
            assert rejection is not None
            assert rejection.reason == "other-host"
    assert Scope("http://h/pub/", frozenset({"a.example.org"})).root_redirect("http://h/pub/", cdn) is None


def test_a_user_reads_why_a_redirect_is_not_followed() -> None:
    here, other = "http://h/pub/a", "http://u:p@Other:81/x"
    elsewhere = "on another host: start there, or allow --allow-host other:81"
    assert HTTP.root_redirect(here, other) == Rejection("other-host", other, elsewhere)
    down = Rejection("scheme", "http://h/pub/a", "from https to http is never followed")
    for redirect in (HTTPS.root_redirect, HTTPS.listing_redirect, HTTPS.file_redirect):
        assert redirect("https://h/pub/a", "http://h/pub/a") == down
    directory = Rejection(Reason.DIRECTORY, "http://h/pub/a/", "it is a directory")
    assert HTTP.file_redirect(here, "http://h/pub/a/") == directory
    assert Reason.DIRECTORY == "directory"
    assert same_host_redirect(here, other) == Rejection("other-host", other, "on another host")
    up = Rejection("above", "http://h/", "that is above URL: start there if this is intended")
    assert upward("http://h/pub/", "http://h/") == up
    assert HTTP.root_redirect("http://h/pub/", "http://h/") == up


@pytest.mark.parametrize(
    ("bounds", "depths"),
    [
        (Bounds(), [True, True, True]),
        (Bounds(max_depth=1), [True, False, False]),
        (Bounds(max_depth=0), [False, False, False]),
        (Bounds(recursive=False), [False, False, False]),
        (Bounds(recursive=False, max_depth=2), [False, False, False]),
    ],
)
def test_how_far_a_walk_goes(bounds: Bounds, depths: list[bool]) -> None:
    assert [bounds.enters(depth) for depth in range(3)] == depths


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("http://h/a/b", "http://h/other", None),
        ("http://h:81/a/b", "http://h:81/", None),
        ("http://h/a/b", "https://h/other", None),
        ("http://h/a/b", "http://cdn/x", None),
        ("http://h/a/b", "http://other/x", "other-host"),
        ("http://h:81/a/b", "http://h/a/b", "other-host"),
        ("https://h/a/b", "http://h/a/b", "scheme"),
        ("http://h/a/b", "http://h/a/b/", Reason.DIRECTORY),
    ],
)
def test_where_the_redirect_of_a_listed_url_may_lead(source: str, target: str, reason: str | None) -> None:
    rejection = ListScope(frozenset({"cdn"})).file_redirect(source, target)
    assert (rejection.reason if rejection else None) == reason


PARTS = ["a", "b c", "a%20b", "%2e", ".a", "../x", "a\\x", "a\n..", "/"]


@given(st.lists(st.builds("{}{}".format, st.sampled_from(["http://h/pub/"] * 3 + ["http://H/pub/", "http://h/"]),
                          st.sampled_from(PARTS)), max_size=3))  # fmt: skip
def test_several_urls_are_in_scope_if_each_is(several: list[str]) -> None:
    assert all_in_scope(several, HTTP.base) is all(in_scope(each, HTTP.base) for each in several)
