"""The choice of a proxy for a URL."""

from __future__ import annotations

import pytest

from crawler.http.proxies import Proxies, proxy_url


@pytest.mark.parametrize(
    ("exempt", "url", "direct"),
    [
        ("", "http://h/", False),
        ("*", "http://h/", True),
        ("other *", "http://h/", True),
        ("h", "http://h/", True),
        ("h", "http://H.:8080/", True),
        ("h", "http://noth/", False),
        ("example.org", "http://a.example.org/", True),
        (".example.org", "http://a.example.org/", True),
        (".example.org", "http://example.org/", True),
        ("*.example.org", "http://a.example.org/", True),
        ("example.org", "http://anexample.org/", False),
        ("a.example.org", "http://example.org/", False),
        ("h:8080", "http://h:8080/", True),
        ("h:8080", "http://h/", False),
        ("h:80", "http://h/", True),
        (".example.org:8080", "http://a.example.org:8080/", True),
        ("127.0.0.1", "http://127.0.0.1:9/", True),
        ("127.0.0.1:9", "http://127.0.0.1:9/", True),
        ("127.0.0.1:9", "http://127.0.0.1/", False),
        ("127.0.0.0/8", "http://127.1.2.3/", True),
        ("127.0.0.1/8", "http://127.1.2.3/", True),
        ("10.0.0.0/8", "http://127.1.2.3/", False),
        ("10.0.0.0/8", "http://h/", False),
        ("0.0.1", "http://127.0.0.1/", False),
        ("::1", "http://[0:0::1]/", True),
        ("[::1]", "http://[::1]/", True),
        ("[::1]:81", "http://[::1]:81/", True),
        ("[::1]:81", "http://[::1]/", False),
        ("fd00::/8", "http://[fd12::1]/", True),
        ("fd00::/8", "http://10.0.0.1/", False),
        ("127.0.0.0/99 . : [ [::1 /", "http://127.0.0.1/", False),
    ],
)
def test_no_proxy_lists_hosts_that_are_contacted_directly(exempt: str, url: str, direct: bool) -> None:
    proxies = Proxies(by_scheme={"http": "http://proxy:3128"}, exempt=tuple(exempt.split()))
    assert proxies.choose(url) == (None if direct else "http://proxy:3128")


def test_each_scheme_has_its_own_proxy() -> None:
    proxies = Proxies(by_scheme={"https": "http://proxy:3128"})
    assert proxies.choose("https://h/") == "http://proxy:3128"
    assert proxies.choose("http://h/") is None
    assert Proxies().choose("http://h/") is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("https://u:p@proxy/", "https://u:p@proxy/"),
        ("127.0.0.1:3128", "http://127.0.0.1:3128"),
        ("u:p@proxy:3128", "http://u:p@proxy:3128"),
        ("proxy", "http://proxy"),
        ("socks5://proxy:1080", "socks5://proxy:1080"),
    ],
)
def test_a_proxy_of_a_variable_may_be_written_without_its_scheme(text: str, url: str) -> None:
    assert proxy_url(text, bare=True) == url
    if text != url:
        with pytest.raises(ValueError, match="expected http://host:port"):
            proxy_url(text, bare=False)


@pytest.mark.parametrize(
    "text",
    [
        "socks4://proxy",
        "socks://u:secret@proxy",
        "socks5://",
        "socks5h://u:secret@proxy:port",
        "socks5://proxy/path",
        "socks5://u:secret@pro xy",
        "ftp://proxy",
        "not a url",
        "u:secret@proxy:port",
        "http://",
        "://",
    ],
)
def test_a_proxy_speaks_http_or_socks5(text: str) -> None:
    with pytest.raises(ValueError, match="expected http://host:port") as raised:
        proxy_url(text, bare=True)
    assert "secret" not in str(raised.value)


def test_an_invalid_proxy_is_reported_when_it_is_needed() -> None:
    proxies = Proxies(by_scheme={"http": "socks4://proxy:1080"}, exempt=("near",))
    assert proxies.choose("http://near/") is None
    with pytest.raises(
        ValueError, match=r"http_proxy=socks4://proxy:1080: expected http://host:port, .*; set no_proxy=h "
    ):
        proxies.choose("http://h/")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("socks5://proxy", "socks5://proxy:1080"),
        ("SOCKS5H://proxy/", "socks5h://proxy:1080"),
        ("socks5h://u:p@[::1]", "socks5h://u:p@[::1]:1080"),
        ("socks5h://[::1]:9", "socks5h://[::1]:9"),
    ],
)
def test_a_socks_proxy_has_a_port(text: str, url: str) -> None:
    assert proxy_url(text, bare=False) == url


@pytest.mark.parametrize(
    ("proxy", "variables", "text", "said"),
    [
        ("http://p:3128", {"http": "http_proxy"}, "cannot connect to the proxy: connection refused",
         "cannot connect to the proxy http://p:3128 of http_proxy: connection refused"),
        ("http://u:secret@p:3128/", {}, "the proxy refused to connect",
         "the proxy http://p:3128/ of --proxy refused to connect"),
        ("socks5://u:s/e@cret@p", {"http": "all_proxy"}, "the SOCKS proxy did not connect: the proxy closed it",
         "the SOCKS proxy socks5://p of all_proxy did not connect: the proxy closed it"),
    ],
)  # fmt: skip
def test_a_proxy_is_named_without_its_password(proxy: str, variables: dict[str, str], text: str, said: str) -> None:
    proxies = Proxies(by_scheme={"http": proxy}, variables=variables)
    assert proxies.named(text, "http://h/") == said
    assert proxies.named(text, "https://h/") == text
