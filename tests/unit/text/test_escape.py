from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http.proxies import proxy_url
from crawler.model.errors import ConfigError
from crawler.text.arguments import named_url
from crawler.text.escape import masked, printable, redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b.tar.gz", "a b.tar.gz"),
        ("naïve ünï 日本.txt", "naïve ünï 日本.txt"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "\\x7f"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\u2028b", "a\\u2028b"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
        ("tag\U000e0041", "tag\\U000e0041"),
    ],
)
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_no_control_or_format_character_gets_through(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/a", "http://h/a"),
        ("http://user@h/a", "http://h/a"),
        ("http://user:secret@h:8080/a?b@c", "http://h:8080/a?b@c"),
        ("https://user:se@cr@et@h/", "https://h/"),
        ("http://:secret@h/", "http://h/"),
        ("http://h/mail@example.org", "http://h/mail@example.org"),
        ("http://h/?u=a@b", "http://h/?u=a@b"),
        ("cannot get http://u:secret@h/x after http://v:secret@i/y", "cannot get http://h/x after http://i/y"),
        ("//u:secret@h/", "//h/"),
        ("http://u:secret@h/\x1b", "http://h/\\x1b"),
        ("HTTP://u:sec:ret@h/", "HTTP://h/"),
    ],
)
def test_user_and_password_are_never_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


secret = st.text(st.characters(exclude_characters="/?#", exclude_categories=("Cc", "Cs", "Z")), min_size=1)


@given(secret)
def test_no_password_gets_through_whatever_it_is_made_of(password: str) -> None:
    assert masked(f"http://user:{password}@host/path") == "http://host/path"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:s3cr/et@host/pub/", "http://host/pub/"),
        ("http://user:s3cr?et@host/", "http://host/"),
        ("http://user:s3cr#et@host/", "http://host/"),
        ("http://user:a@b/c@host/", "http://host/"),
        ("user:s3cret@host/pub/", "host/pub/"),
        ("http:/user:s3cret@host/", "host/"),
        ("http://user:s3cret/pub", "http://user:…"),
        ("http://user:12ab", "http://user:…"),
        ("localhost:8080/pub/", "localhost:8080/pub/"),
        ("http://[::1]:x", "http://[::1]:…"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("C:\\pub\\x", "C:\\pub\\x"),
        ("ftp://host/pub/", "ftp://host/pub/"),
        ("ftp://host:21/pub/", "ftp://host:21/pub/"),
        ("/srv/mirror", "/srv/mirror"),
        ("a\x1bb", "a\\x1bb"),
    ],
)
def test_nothing_secret_is_shown_of_an_invalid_url(text: str, shown: str) -> None:
    assert redacted(text) == shown


SECRET = "s3cret"
AROUND = st.text(st.sampled_from("ab1 @:/?#\\%&=[];\t'\"ü"), max_size=4)


@given(st.sampled_from(["http://", "https://", "HTTP://", "", "http:/", "//", "ftp://"]), AROUND, AROUND, AROUND)
def test_whatever_is_wrong_with_a_url_its_password_is_not_printed(scheme: str, user: str, head: str, tail: str) -> None:
    text = f"{scheme}u{user}:{head}{SECRET}{tail}@127.0.0.1:1/pub/"
    for read in (named_url, lambda text: proxy_url(text, bare=True)):
        try:
            read(text)
        except (ConfigError, ValueError) as error:
            assert SECRET not in str(error)
