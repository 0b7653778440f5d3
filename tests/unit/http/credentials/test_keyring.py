"""Which credentials a worker gets, and that a client with a part of them sends the same as one with all."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pprint import pformat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from crawler.http.client import ClientOptions
from crawler.http.credentials.cookie_jars import read_cookies
from crawler.http.credentials.keyring import NO_CREDENTIALS, Credentials, Keyring
from crawler.http.credentials.login import Login
from crawler.http.proxies import Proxies
from crawler.text.urls import Origin, origin

PLACES = (
    "http://a.test",
    "https://a.test",
    "http://a.test:8080",
    "http://b.test",
    "http://sub.b.test",
    "http://c.test",
)
URLS = tuple(f"{place}/{name}" for place in PLACES for name in ("x", "y"))
COOKIES = (("a.test", "FALSE"), (".b.test", "TRUE"), ("b.test", "FALSE"), ("a.test", "SECURE"))


def secret(url: str) -> str:
    return f"secret-of-{url}-"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """A header, a login and cookies for all of PLACES but the last, and logins for some URLs."""
    file = tmp_path_factory.mktemp("cookies") / "cookies.txt"
    lines = []
    for number, (domain, flag) in enumerate(COOKIES):
        flags = [str(flag == name).upper() for name in ("TRUE", "SECURE")]
        lines.append("\t".join((domain, flags[0], "/", flags[1], "0", f"n{number}", f"v{number}")))
    file.write_text("# Netscape HTTP Cookie File\n" + "\n".join(lines) + "\n")
    of = {where: place for place in PLACES[:-1] if (where := origin(place)) is not None}
    return Credentials(
        headers={where: {"X-Key": secret(f"h/{place}")} for where, place in of.items()},
        logins={where: login(f"{place}/") for where, place in of.items()},
        url_logins={url: login(url) for url in URLS[1::4]},
        cookies=read_cookies(str(file)),
    )


def login(url: str) -> Login:
    return Login(user="me", password=secret(url), start=url)


def sent(keyring: Keyring, url: str, first: str) -> tuple[object, ...]:
    """What a request for ``url`` carries."""
    found = keyring.login_for(url, first)
    return keyring.headers_for(url), None if found is None else found.login, keyring.cookies.header(url)


@given(shards=st.lists(st.lists(st.sampled_from(URLS), min_size=1), min_size=1))
def test_a_client_with_the_credentials_of_its_urls_sends_what_one_with_all_sends(
    everything: Credentials, shards: list[list[str]]
) -> None:
    whole, part = Keyring(everything), Keyring(NO_CREDENTIALS)
    for urls in shards:
        credentials: Credentials = pickle.loads(pickle.dumps(everything.of_urls(urls)))
        wanted = {origin(url) for url in urls}
        assert credentials.origins == wanted
        assert set(credentials.headers) <= wanted >= set(credentials.logins)
        assert set(credentials.url_logins) <= set(urls)
        part.add(credentials)
        for url in urls:
            assert sent(part, url, url) == sent(whole, url, url)


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("http://a.test", ["n0"]), ("https://a.test", ["n0", "n3"]), ("http://a.test:8080", ["n0"]),
        ("http://b.test", ["n1", "n2"]), ("http://sub.b.test", ["n1"]), ("http://c.test", []), ("http://xb.test", []),
    ],
)  # fmt: skip
def test_cookies_travel_for_the_hosts_that_get_them(everything: Credentials, place: str, names: list[str]) -> None:
    assert [cookie.name for cookie in everything.of_urls([f"{place}/deep/x"]).cookies] == names


async def test_what_a_redirect_needs_is_obtained_once_and_before_the_first_request(everything: Credentials) -> None:
    asked: list[Origin] = []

    async def obtain(where: Origin) -> Credentials:
        asked.append(where)
        return everything.of_origins([where])

    keyring, whole = Keyring(NO_CREDENTIALS, obtain), Keyring(everything)
    keyring.add(everything.of_urls([URLS[0]]))
    for url in (URLS[0], URLS[2], URLS[3], URLS[-1], URLS[-1], "no URL"):
        await keyring.reach(url)
        assert sent(keyring, url, URLS[0]) == sent(whole, url, URLS[0])
    assert asked == [origin(URLS[2]), origin(URLS[-1])]
    assert not keyring.is_complete
    keyring.add(Credentials())
    assert keyring.is_complete, "a run without credentials has no more of them"
    await keyring.reach(URLS[8])
    assert len(asked) == 2


def test_what_a_server_has_set_is_not_reset_by_cookies_that_come_again(everything: Credentials) -> None:
    keyring = Keyring(NO_CREDENTIALS)
    keyring.add(everything.of_urls([URLS[0]]))
    keyring.cookies.keep(URLS[0], CIMultiDict([("Set-Cookie", "n0=new; Path=/")]))
    before = keyring.cookies.header(URLS[0])
    keyring.add(everything.of_urls(URLS))
    assert keyring.cookies.header(URLS[0]) == before
    assert "v0" not in str(before)
    assert keyring.cookies.header("http://b.test/") == Keyring(everything).cookies.header("http://b.test/")


def test_no_representation_shows_a_secret(everything: Credentials) -> None:
    proxies = Proxies(by_scheme={"http": "http://me:secret-p@proxy:1"})
    options = ClientOptions(user_agent="x", credentials=everything, proxies=proxies)
    values: Sequence[object] = (everything, options, everything.of_urls(URLS), *everything.url_logins.values(), proxies)
    for value in values:
        for text in (repr(value), str(value), pformat(value), f"{[value]}", str(list(value.__rich_repr__()))):  # type: ignore[attr-defined]
            assert "secret" not in text
