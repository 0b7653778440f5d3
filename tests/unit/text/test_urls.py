"""URLs: their validity, their scope, and their paths under DIR."""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.errors import ConfigError
from crawler.model.values import Rejection
from crawler.text import urls
from crawler.text.arguments import start_url

BASE = "http://h/pub/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", ("http", "h", 80)),
        ("http://h/pub/", ("http", "h", 80)),
        ("HTTP://H.Example:80/", ("http", "h.example", 80)),
        ("https://h/", ("https", "h", 443)),
        ("https://h:8443/a?b#c", ("https", "h", 8443)),
        ("http://h:/a", ("http", "h", 80)),
        ("http://h?q", ("http", "h", 80)),
        ("http://user:pw@h:81/a", ("http", "h", 81)),
        ("http://good@evil/", ("http", "evil", 80)),
        ("http://[::1]:8080/a", ("http", "::1", 8080)),
        ("http://[2001:DB8::1]/", ("http", "2001:db8::1", 80)),
        ("http://h/a@b:99/", ("http", "h", 80)),
        ("http://h./", ("http", "h.", 80)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: urls.Origin) -> None:
    assert urls.origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "", "h", "/pub/", "//h/pub/", "http:", "http://", "http:///pub/", "http:/h/", "http://:80/",
        "http://h:port/", "http://h:99999/", "http://h:-1/", "http://[::1/", "http://]/",
        "ftp://h/", "file:///etc/passwd", "mailto:a@h", "javascript:alert(1)", "data:,x", "gopher://h/",
        "http://good\\@evil/", "http://h\\evil/",
    ],
)  # fmt: skip
def test_only_absolute_http_urls_have_an_origin(url: str) -> None:
    assert urls.origin(url) is None


def test_port_zero_is_not_the_default_port() -> None:
    assert urls.origin("http://h:0/") != urls.origin("http://h/")


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("a.zip", "http://h/pub/a.zip"),
        ("a%20b%2Fc.zip", "http://h/pub/a%20b%2Fc.zip"),
        ("a b.zip", "http://h/pub/a%20b.zip"),
        ("ä.zip", "http://h/pub/%C3%A4.zip"),
        ("\udce4.zip", "http://h/pub/%E4.zip"),
        ('a"<>^`{}.zip', "http://h/pub/a%22%3C%3E%5E%60%7B%7D.zip"),
        ("100%.zip", "http://h/pub/100%.zip"),
        ("a+b&c=(d)'[e]~.zip", "http://h/pub/a+b&c=(d)'[e]~.zip"),
        ("a.zip#part", "http://h/pub/a.zip"),
        ("a.zip?x=1#part", "http://h/pub/a.zip?x=1"),
        (" \ta.zip\r\n", "http://h/pub/a.zip"),
        ("sub/", "http://h/pub/sub/"),
        ("./sub/", "http://h/pub/sub/"),
        ("../x", "http://h/x"),
        ("../../../x", "http://h/x"),
        ("/x", "http://h/x"),
        ("?C=N;O=D", "http://h/pub/?C=N;O=D"),
        ("//other/x", "http://other/x"),
        ("https://other:1/x", "https://other:1/x"),
        ("%2e%2e/x", "http://h/pub/%2e%2e/x"),
        ("..%2fx", "http://h/pub/..%2fx"),
        ("..\\x", "http://h/pub/..%5Cx"),
        ("", "http://h/pub/"),
    ],
)
def test_an_href_is_resolved_and_its_bytes_are_kept(href: str, expected: str) -> None:
    assert urls.resolve(BASE, href) == expected


@pytest.mark.parametrize(
    "href", ["mailto:a@h", "javascript:void(0)", "data:,x", "ftp://h/x", "file:///etc/passwd", "//[bad/x", "http://:9/"]
)
def test_an_href_to_anything_but_http_is_none(href: str) -> None:
    assert urls.resolve(BASE, href) is None


@given(st.text(max_size=60))
def test_a_resolved_url_fits_in_a_request_line(href: str) -> None:
    url = urls.resolve(BASE, href)
    assert url is None or (url.isascii() and url.isprintable() and " " not in url and "#" not in url)


@given(st.text(alphabet=st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_name_survives_encoding_and_decoding(name: str) -> None:
    url = urls.resolve(BASE, quote(name, safe=""))
    assert url is not None
    assert urls.last_name(url) == name or name in {".", ".."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("http://h/a b/", "http://h/a%20b/"), ("  https://h ", "https://h"), ("http://u:p@h/x#y", "http://u:p@h/x")],
)
def test_a_start_url_is_encoded(text: str, expected: str) -> None:
    assert start_url(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://h/./pub/", "http://h/pub/"),
        ("http://h/x/../pub/", "http://h/pub/"),
        ("http://h/pub/sub/..", "http://h/pub/"),
        ("http://h/pub/.", "http://h/pub/"),
        ("http://h/..", "http://h/"),
        ("http://h/../%2e%2E/a/b?x=/../y", "http://h/a/b?x=/../y"),
        ("http://h/pub/a..b/", "http://h/pub/a..b/"),
        ("http://h", "http://h"),
    ],
)
def test_dot_segments_of_a_start_url_are_resolved(text: str, expected: str) -> None:
    assert start_url(text) == expected


@pytest.mark.parametrize("text", ["", "h/pub/", "http://"])
def test_an_invalid_start_url_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match="http://host/path/") as raised:
        start_url(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "bare", "login"),
    [
        ("http://h/a@b", "http://h/a@b", None),
        ("http://u:p@h:8/a", "http://h:8/a", ("u", "p")),
        ("http://u@h/", "http://h/", ("u", "")),
        ("http://:p@h/", "http://h/", ("", "p")),
        ("http://u%40x:p%3A%2f@h/", "http://h/", ("u@x", "p:/")),
        ("http://u:p@ss@h/", "http://h/", ("u", "p@ss")),
        ("http://u:a:b@h/", "http://h/", ("u", "a:b")),
        ("http://u:p@[::1]:8/x?y=z", "http://[::1]:8/x?y=z", ("u", "p")),
        ("http://@h/", "http://h/", ("", "")),
        ("http://%ff:%C3%A4@h/", "http://h/", ("\udcff", "ä")),
    ],
)
def test_user_and_password_are_removed_and_decoded(url: str, bare: str, login: tuple[str, str] | None) -> None:
    assert urls.userinfo(url) == (bare, login)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/pub/", "http://h/pub/a", "http://h/pub/a/b/?x=../..", "http://h:80/pub/a", "http://H/pub/a",
        "HTTP://h/pub/a", "http://user@h/pub/a", "http://h/pub/..a", "http://h/pub/a..", "http://h/pub/...",
        "http://h/pub/a%2Eb", "http://h/pub/%252e%252e/", "http://h/pub/?C=N", "http://h/pub/a%2fb", "http://h/pub/.a",
    ],
)  # fmt: skip
def test_urls_at_or_below_the_base_are_in_scope(url: str) -> None:
    assert urls.in_scope(url, BASE)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/", "http://h/pub", "http://h/public/", "http://h/PUB/a", "http://h/pub%2Fa", "http://h//pub/a",
        "http://other/pub/a", "http://h:8080/pub/a", "https://h/pub/a", "http://h.evil/pub/", "http://h@evil/pub/",
        "http://h./pub/a", "ftp://h/pub/a", "", "/pub/a", "//h/pub/a", "http://h:x/pub/",
        "http://h/pub/..", "http://h/pub/../x", "http://h/pub/a/../../x", "http://h/pub/.", "http://h/pub/./a",
        "http://h/pub/%2e%2e/x", "http://h/pub/%2E%2E", "http://h/pub/.%2e/x", "http://h/pub/%2e./x", "http://h/pub/%2e/x",
        "http://h/pub/..%2fx", "http://h/pub/a%2f..%2fx", "http://h/pub/a%2F%2e%2e%2Fx", "http://h/pub/..%2F..%2Fx?q",
        "http://h/pub/..\\x", "http://h/pub/..%5cx", "http://h/pub/a%5C..%5Cx", "http://h/pub/a\\..\\x",
        "http://h:80/pub/%2e%2e/x", "http://h\\@h/pub/", "http://h/pub\\a",
    ],
)  # fmt: skip
def test_urls_beside_or_above_the_base_or_with_dot_segments_are_out_of_scope(url: str) -> None:
    assert not urls.in_scope(url, BASE)


def test_the_root_of_a_host_is_a_base_too() -> None:
    assert urls.in_scope("http://h", "http://h/")
    assert urls.in_scope("http://h/x", "http://h/")
    assert not urls.in_scope("http://h/..", "http://h/")


def test_dots_in_a_query_are_not_dot_segments() -> None:
    assert urls.in_scope("http://h/pub/?f=/../../etc", BASE)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("http://h/a", "https://h/b", True),
        ("http://h:80/a", "https://h:443/a", True),
        ("http://H/a", "HTTPS://h/a", True),
        ("http://h/a", "https://other/a", False),
        ("http://h:8080/a", "https://h/a", False),
        ("http://h/a", "https://h:8443/a", False),
        ("https://h/a", "http://h/a", False),
        ("http://h/a", "http://h/a", False),
        ("https://h/a", "https://h/a", False),
        ("nonsense", "https://h/a", False),
        ("http://h/a", "nonsense", False),
    ],
)
def test_an_upgrade_is_http_to_https_of_one_host_on_the_usual_ports(source: str, target: str, expected: bool) -> None:
    assert urls.is_upgrade(source, target) is expected


@pytest.mark.parametrize(
    "name",
    [
        "a", ".hidden", "..a", "...", "a..", "~", "$HOME", "-rf", "C:", "a:b", "CON", "a b", " ", "日本", "%2e%2e",
        "%00", "a\\b", "\udce4", ".crawler2", "crawler", "x" * 255, "ä" * 127,
    ],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="a backslash separates there")
def test_unusual_names_that_file_systems_accept_are_accepted(name: str) -> None:
    assert urls.file_name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "empty"), (".", "or .."), ("..", "or .."), ("a/b", "slash"), ("/", "slash"), ("a\0b", "NUL"),
        ("a\nb", "control"), ("\x1b]0;x\x07", "control"), ("\x7f", "control"), ("\x9b", "control"),
        ("a\u2028b", "control"), ("..\\x", "backslash"), ("a\\..\\b", "backslash"), ("a\\..", "backslash"),
        ("C:\\x", "backslash"),
        ("\\\\host\\x", "backslash"), (".crawler", "own"), ("x" * 256, "255"), ("ä" * 128, "255"),
        ("\udce4" * 256, "255"), ("\ud800", "encoded"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_one_segment_says_why(name: str, word: str) -> None:
    problem = urls.file_name_problem(name)
    assert problem is not None
    assert word in problem


@pytest.mark.parametrize(
    ("directory", "name", "expected"),
    [("", "a", "a"), ("x/y", "a", "x/y/a"), ("", "a/b/c", "a/b/c"), ("x", "a b/ä", "x/a b/ä")],
)
def test_an_entry_path_joins_directory_and_name(directory: str, name: str, expected: str) -> None:
    assert urls.entry_path(directory, name) == expected


@pytest.mark.parametrize(
    "name", ["", "..", "a/../b", "a//b", "/a", "a/", "a/.crawler/b", ".crawler/state.sqlite3", "a/\0", "x" * 256]
)
def test_an_entry_path_with_one_bad_segment_is_rejected(name: str) -> None:
    rejection = urls.entry_path("x", name)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.subject) == ("bad-name", name)
    assert rejection.detail


def test_a_path_that_grows_too_long_is_rejected() -> None:
    directory = "/".join(["d" * 200] * 19)
    assert isinstance(urls.entry_path(directory, "x" * 180), str)
    rejection = urls.entry_path(directory, "x" * 182)
    assert isinstance(rejection, Rejection)
    assert str(limits.PATH_BYTES) in rejection.detail
    assert isinstance(urls.entry_path(directory, "ä" * 100), Rejection), "bytes count, not characters"


@given(st.text(max_size=40), st.sampled_from(["", "sub", "a/b"]))
def test_an_entry_path_never_leaves_its_directory(name: str, directory: str) -> None:
    path = urls.entry_path(directory, name)
    if isinstance(path, str):
        top = os.path.normpath(os.path.join("/dir", directory))
        assert os.path.normpath(os.path.join(top, name)) == os.path.join(top, name)
        assert os.path.join("/dir", path).startswith(top + "/")
        assert ".crawler" not in path.split("/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/pub/a.zip", "a.zip"),
        ("http://h/pub/sub/a%20b", "sub/a b"),
        ("http://h/pub/%25", "%"),
        ("http://h/pub/%252e%252e", "%2e%2e"),
        ("http://h/pub/%E4", "\udce4"),
        ("http://h/pub/a?x=1", "a"),
        ("http://h:80/pub/a", "a"),
    ],
)
def test_a_url_below_the_base_has_a_path(url: str, expected: str) -> None:
    assert urls.relative_path(url, BASE) == expected


@pytest.mark.parametrize(
    ("url", "reason", "subject"),
    [
        ("http://h/a", "above", "http://h/a"),
        ("http://other/pub/a", "above", "http://other/pub/a"),
        ("http://h/pub/%2e%2e/a", "above", "http://h/pub/%2e%2e/a"),
        ("http://h/pub/..%2fa", "above", "http://h/pub/..%2fa"),
        ("http://h/pub/a%2fb", "bad-name", "http://h/pub/a%2fb"),
        ("http://h/pub/%00", "bad-name", "\0"),
        ("http://h/pub/a//b", "bad-name", "a//b"),
        ("http://h/pub/", "bad-name", ""),
        ("http://h/pub/.crawler/lock", "bad-name", ".crawler/lock"),
    ],
)
def test_a_url_that_has_no_path_under_dir_is_rejected(url: str, reason: str, subject: str) -> None:
    rejection = urls.relative_path(url, BASE)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.subject) == (reason, subject)


SEGMENTS = st.lists(
    st.sampled_from(
        ["a", "..", ".", "%2e%2e", "%2E.", "..%2f", "%2f", "%5c..", "\\", "", "%252e", "pub", "%00", "b c"]
    ),
    max_size=6,
)


@given(SEGMENTS)
def test_no_path_in_scope_climbs_even_if_decoded_first(segments: list[str]) -> None:
    url = BASE + "/".join(segments)
    if urls.in_scope(url, BASE):
        decoded = urlsplit(url).path.replace("%5c", "/").replace("%2f", "/").replace("\\", "/")
        decoded = decoded.replace("%2e", ".").replace("%2E", ".")
        assert os.path.normpath("/" + decoded.lstrip("/")).startswith("/pub")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("http://h/a", "http://h/a", True),
        ("http://h/a/", "http://h/a", True),
        ("http://h/%61%2D/", "http://h/a-/", True),
        ("http://h/%e4", "http://h/%E4", True),
        ("http://h/a", "http://h/A", False),
        ("http://h/a", "http://h/b/a", False),
        ("http://h/?d=a", "http://h/?d=b", False),
        ("http://h/a", "https://h/a", False),
    ],
)
def test_two_spellings_of_one_url_are_the_same(first: str, second: str, expected: bool) -> None:
    assert urls.is_same(first, second) is expected


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a/b.zip", "b.zip"),
        ("http://h/a/", ""),
        ("http://h", ""),
        ("http://h/a%2Fb?x", "a/b"),
        ("http://h/%E4", "\udce4"),
    ],
)
def test_the_last_name_of_a_url_is_decoded_once(url: str, name: str) -> None:
    assert urls.last_name(url) == name


@pytest.mark.parametrize(
    ("url", "directory"),
    [
        ("http://h/a/b.zip?x#y", "http://h/a/"),
        ("http://h/a/", "http://h/a/"),
        ("http://h/a", "http://h/"),
        ("http://h", "http://h/"),
        ("http://h/a%2Fb", "http://h/"),
    ],
)
def test_the_directory_of_a_url_ends_at_its_last_slash(url: str, directory: str) -> None:
    assert urls.directory_of(url) == directory
