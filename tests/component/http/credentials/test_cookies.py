"""Which cookies are sent, where and for how long (RFC 6265)."""

from __future__ import annotations

from pathlib import Path

import pytest
from multidict import CIMultiDict

from crawler.http.credentials.cookie_jars import LONGEST_COOKIE, MOST_COOKIES, read_cookies
from crawler.http.credentials.cookies import Cookies
from crawler.model.errors import ConfigError

PAGE = "http://h.test/pub/"
NEVER = "Thu, 01 Jan 1970 00:00:00 GMT"
HEADING = "# Netscape HTTP Cookie File"


def setting(*cookies: str, url: str = PAGE, jar: Cookies | None = None) -> Cookies:
    """A client's cookies after ``url`` has set ``cookies`` in a response."""
    jar = Cookies() if jar is None else jar
    jar.keep(url, CIMultiDict([("Set-Cookie", cookie) for cookie in cookies]))
    return jar


@pytest.mark.parametrize(
    ("cookie", "url", "sent"),
    [
        ("a=1", PAGE + "f", "a=1"),
        ("a=1", "http://h.test/pub", "a=1"),
        ("a=1", "http://h.test/public", None),
        ("a=1; Path=/", "http://h.test/x", "a=1"),
        ("a=1; Path=/other", PAGE, None),
        ("a=1; Path=/", "http://h.test:8080/", None),
        ("a=1; Path=/", "https://h.test/", None),
        ("a=1; Path=/", "http://other.test/", None),
        ("a=1; Path=/; Domain=h.test", "http://cdn.h.test/", None),
        ("a=1; Path=/; Domain=other.test", "http://h.test/", None),
        ("a=1; Path=/; Secure", "http://h.test/", None),
        ("a=1; Path=/; Max-Age=0", "http://h.test/", None),
        (f"a=1; Path=/; Expires={NEVER}", "http://h.test/", None),
        ("a=1; Path=/; Max-Age=900; HttpOnly; SameSite=Strict", "http://h.test/", "a=1"),
        ('a="x y"; Path=/', "http://h.test/", 'a="x y"'),
        ("a=b=c%20; Path=/", "http://h.test/", "a=b=c%20"),
        ("", PAGE, None),
    ],
)
def test_a_cookie_is_sent_where_it_belongs(cookie: str, url: str, sent: str | None) -> None:
    assert setting(cookie).header(url) == sent


def test_the_last_value_of_a_name_is_sent_and_a_deleted_one_is_not() -> None:
    jar = setting("a=1", "b=2")
    assert jar.header(PAGE) == "a=1; b=2"
    setting("a=3", jar=jar)
    assert sorted((jar.header(PAGE) or "").split("; ")) == ["a=3", "b=2"]
    setting(f"a=; Expires={NEVER}", jar=jar)
    assert jar.header(PAGE) == "b=2"


def test_hosts_by_address_have_cookies_too() -> None:
    for url in ("http://127.0.0.1:8000/", "http://[::1]:8000/"):
        assert setting("a=1", url=url).header(url) == "a=1"


def test_a_server_cannot_make_requests_grow_without_end() -> None:
    jar = Cookies()
    for number in range(MOST_COOKIES * 2):
        setting(f"name-{number}=1", f"long-{number}={'x' * LONGEST_COOKIE}", jar=jar)
    sent = (jar.header(PAGE) or "").split("; ")
    assert sorted(sent) == sorted(f"name-{number}=1" for number in range(MOST_COOKIES))


def test_a_full_jar_takes_new_values_of_its_cookies() -> None:
    """Cookies are the same if name, domain and path are the same (RFC 6265 section 5.3 step 11)."""
    jar = setting(*(f"name-{number}=old" for number in range(MOST_COOKIES)))
    setting("name-7=new", "another=1", "name-8=2; Path=/", f"name-9={'x' * LONGEST_COOKIE}", jar=jar)
    expected = {f"name-{number}={'new' if number == 7 else 'old'}" for number in range(MOST_COOKIES)}
    assert set((jar.header(PAGE) or "").split("; ")) == expected
    setting(f"name-7=; Expires={NEVER}", "another=1", jar=jar)
    assert set((jar.header(PAGE) or "").split("; ")) == (expected - {"name-7=new"}) | {"another=1"}


def cookie_file(tmp_path: Path, *lines: str, heading: str = HEADING) -> str:
    path = tmp_path / "cookies.txt"
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    return str(path)


LINES = (
    "h.test\tFALSE\t/\tFALSE\t0\thost\t1",
    ".h.test\tTRUE\t/\tFALSE\t4102444800\tdomain\t2",
    "#HttpOnly_h.test\tFALSE\t/pub/\tFALSE\t4102444800\thidden\t3",
    "h.test\tFALSE\t/\tTRUE\t4102444800\tsecure\t4",
    "h.test\tFALSE\t/\tFALSE\t1\texpired\t5",
    "other.test\tFALSE\t/\tFALSE\t0\tother\t6",
    "intranet\tFALSE\t/\tFALSE\t0\tnear\t7",
)


@pytest.mark.parametrize(
    ("url", "names"),
    [
        (PAGE, {"host", "domain", "hidden"}),
        ("http://h.test/", {"host", "domain"}),
        ("https://h.test/", {"host", "domain", "secure"}),
        ("http://cdn.h.test/", {"domain"}),
        ("http://other.test:8000/", {"other"}),
        ("http://else.test/", set()),
        ("http://intranet/", {"near"}),
        ("http://intranet.test/", set()),
    ],
)
def test_the_cookies_of_a_file_are_sent_to_the_hosts_that_it_names(tmp_path: Path, url: str, names: set[str]) -> None:
    jar = Cookies(read_cookies(cookie_file(tmp_path, *LINES)))
    found = jar.header(url)
    assert {each.partition("=")[0] for each in (found or "").split("; ") if each} == names
    setting("new=7; Path=/", url=url, jar=jar)
    assert "new=7" in (jar.header(url) or "").split("; ")


@pytest.mark.parametrize(
    ("heading", "line", "words"),
    [("", LINES[0], "Netscape's format"), (HEADING, "h.test FALSE / FALSE 0 a 1", "Netscape's format")],
)
def test_another_format_is_named(tmp_path: Path, heading: str, line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_cookies(cookie_file(tmp_path, line, heading=heading))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_cookies(str(tmp_path / "missing"))
    (tmp_path / "bytes").write_bytes(HEADING.encode() + b"\n\xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_cookies(str(tmp_path / "bytes"))
