"""Login pages in place of pages: where redirects led, and forms that ask for a password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pipeline.rules.responses.login_page import READ, is_login_page, leads_astray

TEXT = b"<!doctype html><title>Manual</title><p>Words"
FORM = b"<!doctype html><title>Please log in</title><form><input name=p TYPE='Password'></form>"
ASKED = "http://h/a/page.html"


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (ASKED, False),
        ("https://h/a/page.html", False),
        ("http://h/a/page.html?session=1", False),
        ("http://h:8080/a/p%61ge.html", False),
        ("http://h/b/page.html", False),
        ("http://mirror.h/pub/a/page.html", False),
        ("http://mirrors.auth.example/pub/a/page.html", False),
        ("http://h/get.cgi?file=/a/page.html", False),
        ("http://h/news.html?next=/other.html", False),
        ("http://h/author/page.html", False),
        ("http://h/", True),
        ("http://h/a/", True),
        ("http://h/b/", False),
        ("http://h/login", True),
        ("http://h/users/sign_in", True),
        ("http://h/user-login", True),
        ("http://h/auth/page.html", True),
        ("http://h/saml2/idp/SSOService.php", True),
        ("https://sso.example/a/page.html", True),
        ("https://login.h/common", True),
        ("http://h/session?return_to=%2Fa%2Fpage.html", True),
        ("http://h/session?continue=http%3A%2F%2Fh%2Fa%2Fpage.html", True),
        ("http://h/session?next=%252Fa%252Fpage.html", True),
    ],
)
def test_where_a_redirect_leads_shows_a_login_page(answered: str, expected: bool) -> None:
    assert leads_astray(ASKED, answered, TEXT) is expected
    is_elsewhere = (
        answered.partition("?")[0].replace("%61", "a").replace(":8080", "").partition("://")[2] != "h/a/page.html"
    )
    assert leads_astray(ASKED, answered, FORM) is (expected or is_elsewhere)
    assert not leads_astray(answered, answered, FORM)


def test_words_that_the_url_has_anyway_say_nothing() -> None:
    assert not leads_astray("http://h/auth/x.html", "http://h/v2/auth/x.html", TEXT)
    assert leads_astray("http://h/auth/x.html", "http://h/login/x.html", TEXT)
    assert not leads_astray("http://h/", "http://h/start.html?next=/", TEXT)
    assert leads_astray("http://h/a", "http://h/start.html?next=/a", TEXT)


def test_a_url_without_a_path_is_that_of_the_root() -> None:
    assert leads_astray("http://h/a", "http://h", TEXT)
    assert not leads_astray("http://h", "http://h/", TEXT)
    assert not leads_astray("http://h", "http://h/start.html?next=XX/XX", TEXT)


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        (ASKED, FORM, True),
        (ASKED, TEXT, False),
        (ASKED, FORM.replace(b"Please log in", b"Manual"), False),
        (ASKED, FORM.replace(b"'Password'", b"text"), False),
        (ASKED, FORM.replace(b"log in", b"anmelden"), True),
        (ASKED, FORM.replace(b"log in", "ログイン".encode()), True),
        (ASKED, FORM.replace(b"log in", b"catalog in"), False),
        (ASKED, FORM.replace(b"Please", b"\xff\xfe"), True),
        (ASKED, b" " * READ + FORM, False),
        (ASKED, b"", False),
        ("http://h/login.html", FORM, False),
        ("http://h/a/Sign-In.html", FORM, False),
        ("http://h/register.php", FORM, False),
        ("http://h/my%5Faccount.html", FORM, False),
    ],
)
def test_a_form_that_asks_for_a_password_is_a_login_page(url: str, body: bytes, expected: bool) -> None:
    assert is_login_page(url, body) is expected


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=60))
def test_any_urls_and_bytes_are_judged(first: str, last: str, body: bytes) -> None:
    asked, answered = f"http://h/{first.replace('[', '')}", f"http://h/{last.replace('[', '')}"
    leads_astray(asked, answered, body)
    is_login_page(asked, body)


@pytest.mark.parametrize("piece", [b"<input ", b"<title ", b"<title>", b"type = ", b"<input type='"])
def test_no_page_takes_long_to_judge(piece: bytes) -> None:
    assert not is_login_page(ASKED, piece * (READ // len(piece)))
