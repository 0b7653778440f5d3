"""Which responses to URL are a file, and which must not be taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError, RobotsForbidden, VerificationError
from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from crawler.pipeline.rules.responses.content_type import SNIFFED
from crawler.pipeline.rules.single_file import (
    Look,
    by_beginning,
    by_headers,
    file_name,
    is_same_file,
    may_be_file,
    names_file,
    root_error,
    why_no_listing,
)
from crawler.text.advice.requests import with_advice
from crawler.text.arguments import default_directory

ZIP, TEXT, HTML, JSON = "application/zip", "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
PK, WORDS, PAGE, DATA = b"PK\3\4" + bytes(2000), b"hello\n", b"<!doctype html><title>x</title>", b' {"a": 1}'
BODIES = {"binary": PK, "text": WORDS, "page": PAGE, "data": DATA, "empty": b""}


@pytest.mark.parametrize(
    ("url", "content_type", "files", "pages"),
    [
        # (URL, type) → bodies that are files, and bodies that are files unless they are listings
        ("http://h/pub/x.zip", ZIP, "binary text page data empty", ""),
        ("http://h/pub/x.zip", "application/octet-stream", "binary text page data empty", ""),
        ("http://h/README", TEXT, "binary text page data empty", ""),
        ("http://h/get.php?id=5", ZIP, "binary text page data empty", ""),
        ("http://h/get?file=x.zip", TEXT, "binary text page data empty", ""),
        ("http://h/x.json", JSON, "binary", "text page data empty"),
        ("http://h/x.xml", "text/xml", "binary", "text page data empty"),
        ("http://h/feed.atom", "application/atom+xml", "binary", "text page data empty"),
        ("http://h/api/files", JSON, "binary", ""),
        ("http://h/api.php?list", JSON, "binary", ""),
        ("http://h/pub", "application/xml", "binary", ""),
        ("http://h/pub/x.zip", HTML, "binary", ""),
        ("http://h/pub/x.zip", "Application/XHTML+xml", "binary", ""),
        ("http://h/login", HTML, "binary", ""),
        ("http://h/x.html", "text/html", "binary", "text page data empty"),
        ("http://h/index.html", "text/html", "binary", ""),
        ("http://h/x.php?id=5", HTML, "binary", ""),
        ("http://h/x.zip", "", "binary text", "data"),
        ("http://h/x.html", "", "binary text", "page data"),
        ("http://h/pub", "", "binary text", ""),
        ("http://h/pub/", ZIP, "", ""),
        ("http://h/pub/", TEXT, "", ""),
        ("http://h/.crawler", ZIP, "", ""),
        ("http://h/..%2fx", ZIP, "", ""),
        ("http://h", ZIP, "", ""),
        ("http://h/?id=5", ZIP, "", ""),
    ],
)
def test_a_file_is_told_from_a_page_by_url_type_and_beginning(
    url: str, content_type: str, files: str, pages: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    for name, body in BODIES.items():
        look = by_headers(url, headers)
        if look is Look.UNDECIDED:
            look = by_beginning(url, content_type, body[:SNIFFED])
        assert (look is Look.FILE) == (name in files.split()), name
        may_be = look is Look.UNDECIDED and may_be_file(url, url, content_type, body)
        assert may_be == (name in pages.split()), name


def test_a_file_that_the_server_attaches_is_one_whatever_its_type_and_gets_its_name_where_url_has_none() -> None:
    given = {"Content-Type": HTML, "Content-Disposition": 'attachment; filename="r e.html"'}
    for url, name in (("http://h/get?id=5", "r e.html"), ("http://h/down/", "r e.html"), ("http://h/x.zip", "x.zip")):
        assert file_name(url, given) == name
        assert by_headers(url, given) is Look.FILE
    evil = {"Content-Type": ZIP, "Content-Disposition": "attachment; filename=../x"}
    assert file_name("http://h/get?id=5", evil) == "get"
    assert by_headers("http://h/down/", evil) is Look.PAGE
    inline = {"Content-Type": HTML, "Content-Disposition": "inline; filename=x.html"}
    assert by_headers("http://h/get?id=5", inline) is Look.UNDECIDED


def test_a_page_of_html_is_a_file_only_under_the_url_that_was_asked_for() -> None:
    assert may_be_file("http://h/x.html", "https://h/x.html", HTML, PAGE)
    assert not may_be_file("http://h/x.html", "http://h/login.html", HTML, PAGE)


def test_a_coded_page_is_read_as_usual_and_data_longer_than_any_listing_is_a_file() -> None:
    assert by_headers("http://h/x.json", {"Content-Type": JSON, "Content-Encoding": "gzip"}) is Look.PAGE
    assert by_headers("http://h/x.json", {"Content-Type": JSON, "Content-Length": str(1 << 40)}) is Look.FILE
    assert by_headers("http://h/x.json", {"Content-Length": str(limits.LISTING_RAW + 1)}) is Look.FILE
    assert by_headers("http://h/x.json", {"Content-Length": str(limits.LISTING_RAW)}) is Look.UNDECIDED
    assert by_headers("http://h/x.json", {}) is Look.UNDECIDED
    assert by_headers("http://h/files", {"Content-Type": JSON, "Content-Length": str(1 << 40)}) is Look.UNDECIDED
    assert by_headers("http://h/x.zip", {"Content-Type": HTML, "Content-Length": str(1 << 40)}) is Look.UNDECIDED


@given(
    st.binary(max_size=80), st.sampled_from(["", HTML, JSON, TEXT, ZIP]), st.sampled_from(["x.zip", "x.html", "x", ""])
)
def test_whatever_begins_like_a_page_and_is_labelled_so_is_never_a_file_at_once(
    tail: bytes, content_type: str, name: str
) -> None:
    url = f"http://h/{name}"
    look = by_headers(url, {"Content-Type": content_type})
    if look is Look.UNDECIDED:
        look = by_beginning(url, content_type, PAGE + tail)
        assert look is Look.UNDECIDED
        assert not may_be_file(url, url, HTML, PAGE + tail) or name == "x.html"
    assert names_file(url) or look is Look.PAGE


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("http://h/x.zip", "http://h/x.zip", True),
        ("http://h/x.zip?Signature=a", "http://h/x.zip?Signature=b", True),
        ("http://h/get.php?id=5", "http://h/get.php?id=6", False),
        ("http://h/get?id=5", "http://h/get?id=6", False),
        ("http://h/get.php?id=5", "http://h/get.php?id=5", True),
        ("http://h/a/x.zip", "http://h/b/x.zip", False),
        ("http://h/x.zip", "http://g/x.zip", False),
    ],
)
def test_urls_of_one_file_differ_in_their_signature_at_most(first: str, second: str, same: bool) -> None:
    assert is_same_file(first, second) == is_same_file(second, first) == same


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/pub/", "pub"), ("http://h/pub", "pub"), ("http://h/a/b/c/", "c"), ("http://h/a//", "a"),
        ("http://h/", "h"), ("http://h", "h"), ("http://files.example.org:8080/", "files.example.org"),
        ("http://h/pub/x.zip", "pub"), ("http://h/x.tar.gz", "h"), ("http://h/pub/index.html", "pub"),
        ("http://h/v1.2", "v1.2"), ("http://h/v1.2/", "v1.2"), ("http://h/a%20b/", "a b"), ("http://h/~me/", "~me"),
        ("http://h/.crawler/", "h"), ("http://h/%2e%2e/", "h"), ("http://h/a%2fb/", "h"), ("http://h/%00/", "h"),
        ("http://[::1]:80/", "::1"), ("http://h/pub/?C=N", "pub"),
    ],
)  # fmt: skip
def test_dir_is_named_by_the_last_directory_of_url_or_by_its_host(url: str, name: str) -> None:
    assert default_directory(url) == name


FORM = b"<html><form><input type=password name=p></form></html>"


@pytest.mark.parametrize(
    ("answered", "content_type", "body", "expected"),
    [
        (
            "http://h/pub/",
            "text/html",
            FORM,
            "it asks for a password: --cookies FILE, --netrc or --header @FILE may log",
        ),
        ("http://h/login", "", FORM, "it asks for a password"),
        ("http://h/pub/", "text/html", b"<html>home</html>", ""),
        ("http://h/x/a.zip", "application/zip", b"PK", "it redirects to a file: give its URL, http://h/x/a.zip"),
        ("http://h/pub/", "application/zip", b"PK", ""),
        ("http://h/x/a.json", "application/json", b"{}", ""),
        ("http://h/x/a", "", b"x", ""),
    ],
)
def test_what_came_instead_of_a_listing_is_named(answered: str, content_type: str, body: bytes, expected: str) -> None:
    found = why_no_listing("http://h/pub/", answered, content_type, body)
    assert found.startswith(expected) if expected else found == ""
    assert "redirects" not in why_no_listing(answered, answered, content_type, body)


@pytest.mark.parametrize(
    ("url", "asks"), [("http://h/pub/", True), ("http://h/x.zip", False), ("http://h/pub/?view=1", False)]
)
def test_a_page_with_a_password_may_be_a_login_page_only_in_place_of_a_directory(url: str, asks: bool) -> None:
    assert bool(why_no_listing(url, url, HTML, FORM)) is asks


@pytest.mark.parametrize(
    ("head", "expected"),
    [(b"{}", "UNDECIDED"), (b" [1]", "UNDECIDED"), (b"<feed>", "UNDECIDED"), (b"a<b", "FILE"), (b"", "PAGE")],
)
def test_a_response_without_a_type_may_be_a_page_by_its_first_character(head: bytes, expected: str) -> None:
    assert by_beginning("http://h/x.zip", "", head) is Look[expected]


FORM = b"<html><title>Log in</title><form><input type=password></form>"


@pytest.mark.parametrize(
    ("url", "answered", "content_type", "body", "may_be"),
    [
        ("http://h/a/", "http://h/a/", "application/json", b"{}", False),
        ("http://h/a.html", "http://h/a.html", HTML, FORM, False),
        ("http://h/a/b.html", "http://h/login/b.html", HTML, PAGE, False),
        ("http://h/a/b.html", "http://h/v2/b.html", HTML, PAGE, True),
        ("http://h/account.html", "http://h/account.html", HTML, FORM, True),
        ("http://h/%FF.html", "http://h/%FF.html", HTML, PAGE, True),
        ("http://h/index.html", "http://h/index.html", HTML, PAGE, False),
    ],
)
def test_which_texts_may_be_files(url: str, answered: str, content_type: str, body: bytes, may_be: bool) -> None:
    assert may_be_file(url, answered, content_type, body) is may_be


SECRET, SHOWN = "http://u:p@h/pub/", "http://h/pub/"


def fetch_error(reason: str | None, **more: int) -> FetchError:
    rejection = None if reason is None else Rejection(reason, SHOWN)
    return FetchError("no page", url=SHOWN, rejection=rejection, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "is_advised", "kind"),
    [
        (fetch_error(None, status=404), True, None),
        (fetch_error(Reason.REDIRECTS), True, None),
        (fetch_error(Reason.OTHER_HOST, status=404), False, None),
        (VerificationError("no page"), True, None),
        (ListingError("no page", content_type="text/html"), True, "text/html"),
        (ListingError("no page", content_type=""), True, ""),
    ],
)
def test_the_error_of_a_run_names_its_root_and_what_to_do(
    error: FetchError | VerificationError | ListingError, is_advised: bool, kind: str | None
) -> None:
    found = root_error(SECRET, error)
    assert isinstance(found, ListingError)
    assert (str(found), found.content_type) == (
        f"{SHOWN}: {with_advice(SECRET, error) if is_advised else 'no page'}",
        kind,
    )


@pytest.mark.parametrize("reason", [Reason.ROBOTS, Reason.ROBOTS_UNREADABLE])
def test_the_error_of_a_run_whose_root_robots_txt_forbids_names_the_option(reason: str) -> None:
    found = root_error(SECRET, fetch_error(reason))
    assert isinstance(found, RobotsForbidden)
    assert str(found) == f"{SHOWN}: no page: --no-robots continues without it"


def test_there_is_advice_about_a_root_that_is_not_there() -> None:
    assert with_advice(SECRET, fetch_error(None, status=404)) != "no page"
