"""Hosts in canonical form: a table of spellings in URLs, links and options."""

from __future__ import annotations

import pytest

from crawler.listings.values.exact_urls import resolve_link
from crawler.pipeline.rules.scope import Scope
from crawler.text.hosts import canonical_authority, connectable, named_hosts, without_zone
from crawler.text.urls import origin, resolve


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
    ],
)
def test_hosts_that_an_option_names(option: str, url: str, is_named: bool) -> None:
    assert (Scope("http://here/", named_hosts([option])).file(url) is None) is is_named


def test_the_zone_of_an_address_is_for_this_machine_only() -> None:
    url = "http://[fe80::1%25eth0]:80/a%25b"
    assert connectable(url) == "http://[fe80::1%eth0]:80/a%25b"
    assert without_zone(url) == "[fe80::1]:80"
    assert connectable("http://[::1%25lo]/") == "http://[::1]/"  # only link-local addresses have one
    for other in ("http://[::1]/%25", "http://host/[%25]", "http://host/a]%25"):
        assert (connectable(other), without_zone(other)) == (other, None)
        assert origin(other) is not None
