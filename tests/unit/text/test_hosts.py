"""Hosts in canonical form: a table of spellings in URLs, links and options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.values.exact_urls import resolve_link
from crawler.model.errors import ConfigError
from crawler.pipeline.rules.scope import Scope
from crawler.text.hosts import (
    canonical_authority,
    connectable,
    is_named,
    name_problem,
    named_hosts,
    origin_of,
    without_zone,
)
from crawler.text.urls import origin, resolve


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", ""), ("a.b", ""), ("a.b.", ""), ("a_b", ""), ("-", ""), ("xn--bcher-kva.example", ""), ("1.2", ""),
        ("x" * 63, ""), (".".join(["x" * 61, *["y" * 63] * 3]), ""), ("b\u00fccher.example", ""),
        ("x" * 64, "at most 63"), (".".join(["x" * 62, *["y" * 63] * 3]), "at most 253"),
        (".", "two dots"), ("..", "two dots"), ("...", "two dots"), (".a", "two dots"), ("a..b", "two dots"),
        ("a..", "two dots"), ("a b", "no ' '"), ("a<b", "no '<'"), ("a|b", "no '|'"), ("1.2.3.4.5", "IPv4"),
        ("256.1.1.1", "IPv4"), ("a.0x1", "IPv4"), ("b..\u00fc", "international"), ("%61..b", "international"),
        ("\u00fc" * 64, "international"),
    ],
)  # fmt: skip
def test_a_name_that_no_host_can_have_is_no_host_and_says_why(name: str, said: str) -> None:
    assert said in name_problem(name)
    assert bool(name_problem(name)) == bool(said) == (canonical_authority(name) is None)
    assert (resolve("", f"http://{name}/") is None) == bool(said or not name)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("host.example", "host.example"),
        ("Host.Example:8080", "Host.Example:8080"),
        ("user:pass@host", "user:pass@host"),
        ("foo_bar.example", "foo_bar.example"),
        ("bücher.example:80", "xn--bcher-kva.example:80"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("b%C3%BCcher.example", "xn--bcher-kva.example"),
        ("foo_bar.bücher.example", "foo_bar.xn--bcher-kva.example"),
        ("u:p@faß.example", "u:p@xn--fa-hia.example"),
        ("☃.net", "xn--n3h.net"),
        ("h%6Fst.example", "host.example"),
        ("h%2Fst.example", None),
        ("h%20st", None),
        ("%FF.example", None),
        ("a..ü", None),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("１２７.1", "127.0.0.1"),
        ("127.0.0.256", None),
        ("256.1", None),
        ("1.2.3.4.5", None),
        ("08.1", None),
        ("a.1", None),
        ("[::1]:8080", "[::1]:8080"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[FE80::1%25eth0]", "[fe80::1%25eth0]"),
        ("[fe80::1%eth0]", "[fe80::1%25eth0]"),
        ("[fe80::1%25]", None),
        ("[::1", None),
        ("[::1]x", None),
        ("[v1.x]", None),
    ],
)
def test_the_canonical_form_of_a_host(given: str, canonical: str | None) -> None:
    assert canonical_authority(given) == canonical
    if canonical is not None:
        assert canonical_authority(canonical) == canonical
        for url in (f"http://{given}/a%20b?c", f"//{given}/a%20b?c"):
            assert resolve("http://page/", url) == resolve_link("http://page/", url) == f"http://{canonical}/a%20b?c"
        assert resolve("", f"http://{given}?d=a/b") == f"http://{canonical}/?d=a/b"
        assert resolve_link("http://page/", f"http://{given}?d=a/b") == f"http://{canonical}/?d=a/b"
    else:
        assert resolve("", f"http://{given}/") is None
        assert resolve_link("http://page/", f"http://{given}/") is None


@pytest.mark.parametrize(
    ("option", "url", "is_named"),
    [
        ("[::1]", "http://[::1]:8080/", True),
        ("::1", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8081", "http://[::1]:8080/", False),
        ("[0::1]", "http://[::1]/", True),
        ("bücher.example", "http://xn--bcher-kva.example/", True),
        ("Xn--Bcher-kva.example", "http://xn--bcher-kva.example/", True),
        ("bücher.example:81", "http://xn--bcher-kva.example:81/", True),
        ("127.1", "http://127.0.0.1:8080/", True),
        ("other.example", "http://xn--bcher-kva.example/", False),
        ("example.org", "http://EXAMPLE.org./", True),
        ("example.org.", "http://example.org/", True),
        ("example.org", "http://example.org../", False),
        ("example.org", "http://a.example.org/", False),
        ("example.org:80", "http://example.org/", True),
        ("example.org:443", "https://example.org/", True),
        ("example.org:443", "http://example.org/", False),
        ("*.example.org", "http://a.example.org/", True),
        ("*.Example.ORG.", "https://a.B.example.org.:8443/", True),
        ("*.example.org", "http://example.org/", False),
        ("*.example.org", "http://badexample.org/", False),
        ("*.example.org", "http://a.example.org.evil/", False),
        ("*.example.org", "http://example.org.evil/", False),
        ("*.example.org", "http://evil/a.example.org/", False),
        ("*.example.org", "http://evil#.example.org/", False),
        ("*.example.org", "http://evil?.example.org/", False),
        ("*.example.org", "http://a.example.org@evil/", False),
        ("*.example.org", "http://evil\\.example.org/", False),
        ("*.example.org", "http://.example.org/", False),
        ("*.example.org", "http://a..example.org/", False),
        ("*.example.org:8080", "http://a.example.org:8080/", True),
        ("*.example.org:8080", "http://a.example.org/", False),
        ("*.bücher.example", "http://a.xn--bcher-kva.example/", True),
        ("*.xn--bcher-kva.example", "http://a.xn--bcher-kva.example/", True),
        ("*.org", "http://example.org/", True),
        ("*.0.0.example", "http://127.0.0.example/", True),
        ("*", "http://example.org/", True),
        ("*", "https://[::1]:81/", True),
        ("*", "http://127.0.0.1/", True),
        ("*:443", "https://example.org/", True),
        ("*:443", "http://example.org/", False),
        ("*", "ftp://example.org/", False),
    ],
)
def test_hosts_that_an_option_names(option: str, url: str, is_named: bool) -> None:
    assert (Scope("http://here/", named_hosts([option])).file(url) is None) is is_named


@pytest.mark.parametrize(
    "option",
    [
        "", ".", "..", ":", ":80", "*.", "**", "*.*", "*.*.example.org", "*example.org", "cdn*.example.org", "a.*.org",
        "a.*", "*.0.0.1", "*.127.1", "*.[::1]", "*[::1]", "*::1", "example.org:", "example.org:0", "example.org:65536",
        "*:0", "example.org:http", "example.org:80:80", "http://example.org", "http://example.org/", "example.org/pub",
        "a b", "u@example.org", "example..org", ".example.org", "*..example.org", "[::1", "::1]", "1.2.3.4.5", "256.1",
        "\x1b[31m",
    ],
)  # fmt: skip
def test_what_is_no_host_and_no_pattern_is_refused(option: str) -> None:
    with pytest.raises(ConfigError, match=r"--allow-host .*: expected HOST, HOST:PORT, "):
        named_hosts([option])


LABELS = st.lists(st.from_regex("[a-z]{1,3}", fullmatch=True), min_size=1, max_size=4)


@given(LABELS, LABELS, st.integers(1, 65535), st.sampled_from(["", ".", ":80"]))
def test_a_pattern_covers_exactly_the_names_below_its_domain(
    host: list[str], domain: list[str], port: int, end: str
) -> None:
    hosts = named_hosts([f"*.{'.'.join(domain)}{end}"])
    is_below = len(host) > len(domain) and host[-len(domain) :] == domain
    assert is_named(".".join(host), port, hosts) is (is_below and (end != ":80" or port == 80))


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("http://h/", "http://h/"),
        ("https://u:p@h:80/a/b://c/", "https://u:p@h:80/"),
        ("http:///a/", "http:///"),
        ("http://h", ""),
    ],
)
def test_the_origin_of_a_url_ends_where_its_path_begins(url: str, begins: str) -> None:
    assert origin_of(url) == begins


def test_the_zone_of_an_address_is_for_this_machine_only() -> None:
    url = "http://[fe80::1%25eth0]:80/a%25b"
    assert connectable(url) == "http://[fe80::1%eth0]:80/a%25b"
    assert without_zone(url) == "[fe80::1]:80"
    assert connectable("http://[::1%25lo]/") == "http://[::1]/"  # only link-local addresses have one
    for other in ("http://[::1]/%25", "http://host/[%25]", "http://host/a]%25"):
        assert (connectable(other), without_zone(other)) == (other, None)
        assert origin(other) is not None
