"""How a server wants user and password, by its responses."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from crawler.http.credentials.authentication import Authenticator, Scheme, first_scheme
from crawler.http.credentials.challenges import parse_challenges
from crawler.http.credentials.login import Login, upgraded

DIGEST = 'Digest realm="r", nonce="n", qop="auth"'
BASIC = "Basic realm=x"
LOGIN = Login(user="u", password="p", start="http://example.org/pub/")


@pytest.mark.parametrize(
    ("status", "asked", "scheme"),
    [
        (401, [DIGEST], Scheme.DIGEST),
        (401, [BASIC, DIGEST], Scheme.DIGEST),
        (401, [BASIC], Scheme.BASIC),
        (401, ["Negotiate", BASIC], Scheme.BASIC),
        (401, [], Scheme.BASIC),
        (401, ["Negotiate"], Scheme.NONE),
        (401, ['Digest realm="r", nonce="n", algorithm=SHA-512-256'], Scheme.NONE),
        (200, [], Scheme.UNASKED_BASIC),
        (206, [], Scheme.UNASKED_BASIC),
        (304, [], Scheme.UNASKED_BASIC),
        (403, [], Scheme.UNASKED_BASIC),
        (404, [], Scheme.UNASKED_BASIC),
        (416, [], Scheme.UNASKED_BASIC),
        (301, [], Scheme.UNASKED_BASIC),
        (308, [], Scheme.UNASKED_BASIC),
    ],
)
def test_the_first_response_decides(status: int, asked: list[str], scheme: Scheme) -> None:
    assert first_scheme(status, parse_challenges(asked)) is scheme


def headers(*asked: str) -> CIMultiDict[str]:
    return CIMultiDict([("WWW-Authenticate", text) for text in asked])


@pytest.mark.parametrize(
    ("first", "asked", "sent", "repeats", "again", "then"),
    [
        ([DIGEST], [DIGEST], "Digest x", 0, True, Scheme.DIGEST),
        ([DIGEST], [DIGEST], "Digest x", 1, False, Scheme.DIGEST),
        ([DIGEST], [DIGEST + ", stale=TRUE"], "Digest x", 2, True, Scheme.DIGEST),
        ([DIGEST], [DIGEST + ", stale=true"], "Digest x", 4, False, Scheme.DIGEST),
        ([DIGEST], [DIGEST + ", stale=false"], "Digest x", 1, False, Scheme.DIGEST),
        ([DIGEST], [BASIC], "Digest x", 0, False, Scheme.DIGEST),
        ([DIGEST], [BASIC], None, 0, False, Scheme.DIGEST),
        ([BASIC], [BASIC], "Basic x", 0, False, Scheme.BASIC),
        ([BASIC], [DIGEST], "Basic x", 0, True, Scheme.DIGEST),
        ([BASIC], [DIGEST], "Basic x", 1, True, Scheme.DIGEST),
        (["Negotiate"], [BASIC], None, 0, True, Scheme.BASIC),
        (["Negotiate"], [DIGEST, BASIC], None, 0, True, Scheme.DIGEST),
        (["Negotiate"], ["Negotiate"], None, 0, False, Scheme.NONE),
    ],
)
def test_a_401_is_answered_once_per_nonce_and_never_by_basic_after_digest(
    first: list[str], asked: list[str], sent: str | None, repeats: int, again: bool, then: Scheme
) -> None:
    login = Authenticator(LOGIN)
    assert login.learn(401, headers(*first))
    assert login.is_worth_repeating(LOGIN.start, 401, headers(*asked), sent, repeats) is again
    assert login.scheme(LOGIN.start) is then
    assert (login.authorization("GET", LOGIN.start) or "").partition(" ")[0] == {
        Scheme.DIGEST: "Digest", Scheme.BASIC: "Basic", Scheme.NONE: "",
    }[then]  # fmt: skip


def test_a_server_in_trouble_is_asked_again() -> None:
    login = Authenticator(LOGIN)
    assert not login.learn(503, headers())
    assert login.scheme(LOGIN.start) is Scheme.UNKNOWN


@pytest.mark.parametrize(("user", "password"), [("a:b", "p"), ("u", "\udce9"), ("\udce9", "p")])
def test_a_login_that_digest_cannot_express_is_an_error_and_not_sent_as_basic(user: str, password: str) -> None:
    login = Authenticator(Login(user=user, password=password, start=LOGIN.start))
    with pytest.raises(ValueError, match="the server asks for Digest authentication, which needs"):
        login.learn(401, headers(DIGEST))


def test_each_directory_keeps_its_scheme_and_realm() -> None:
    """The start asks for Basic, the directories around and below it for Digest in two realms."""
    login, other = Authenticator(LOGIN), 'Digest realm="s", nonce="m"'
    assert login.learn(401, headers(BASIC))
    root, deep = "http://example.org/robots.txt", "http://example.org/pub/deep/x/file?q=/"
    for url, asked in ((root, DIGEST), (deep, other), (LOGIN.start, BASIC)):
        login.is_worth_repeating(url, 401, headers(asked), "Basic x", 1)
    assert login.authorization("GET", LOGIN.start + "a") == LOGIN.basic
    for url, realm in ((root, "r"), ("http://example.org/z/a", "r"), (deep, "s")):
        assert f'realm="{realm}"' in (login.authorization("GET", url) or "")
    assert login.is_worth_repeating(deep, 401, headers(DIGEST), "Digest x", 1)  # another realm: not refused yet
    assert 'realm="r"' in (login.authorization("GET", deep) or "")


def test_one_request_for_digest_ends_basic_where_nothing_was_asked_for() -> None:
    login = Authenticator(LOGIN)
    assert login.learn(200, headers())
    assert login.authorization("GET", LOGIN.start) == LOGIN.basic
    assert login.is_worth_repeating("http://example.org/pub/deep/x", 401, headers(DIGEST), LOGIN.basic, 0)
    assert (login.authorization("GET", LOGIN.start) or "").startswith("Digest ")


def test_the_login_of_http_asks_https_at_the_same_path() -> None:
    for start in ("http://example.org/pub/?x", "http://example.org:80/pub/?x"):
        assert upgraded(Login(user="u", password="p", start=start)).start == "https://example.org/pub/?x"
