"""References that a grammar takes as names mean what the resolver, which has the rules, finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.values.character_references import attribute_value
from crawler.listings.values.hrefs import PLAIN_HREF, LinkKind, Resolver, Target
from crawler.listings.values.queries import has_parameter, is_doubtful

PAGES = [
    "http://h/",
    "https://h:1/pub/",
    "http://h/a%20b/index.html",
    "http://h",
    "http://h/x/y?C=M",
    "ftp://h/a/",
    "x",
]
ROOTS = ["", "/pub/", "/other/"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(PAGES),
    st.sampled_from(ROOTS),
    st.text(st.sampled_from("aZ0_.~+-/%&;:?#= \\\t\xe4"), min_size=1, max_size=6)
    | st.integers(198, 202).map("n".__mul__),
)
def test_a_plain_reference_is_a_child_of_its_directory(page: str, root: str, href: str) -> None:
    resolver = Resolver(page, root=root)
    if resolver.plain_base is None or PLAIN_HREF.fullmatch(href) is None:
        return
    name, slash = href.removesuffix("/"), href.endswith("/")
    assert resolver.target(href) == Target(LinkKind.CHILD, resolver.plain_base + href, name, slash)
    assert attribute_value(href) == href
    assert not is_doubtful(href)
    assert not has_parameter(href)


@pytest.mark.parametrize("href", ["a", "a.zip", "v1.0/", "_", "a+b~1-2.tar.gz"])
def test_usual_names_are_plain(href: str) -> None:
    assert PLAIN_HREF.fullmatch(href) is not None
    assert Resolver("http://h/pub/").plain_base == "http://h/pub/"


@pytest.mark.parametrize(
    "href", [".", "..", "./a", ".hidden", "a//", "a/b", "a:b", "a;x=1", "a%20b", "a&amp;b", "a\n", "?C=M"]
)
def test_whatever_needs_a_rule_is_not_plain(href: str) -> None:
    assert PLAIN_HREF.fullmatch(href) is None
