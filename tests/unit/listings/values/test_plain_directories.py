"""Directories with plain URLs are resolved in a short way, with the same results as in the long one."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings.values.hrefs import Resolver

segments = st.sampled_from(
    ["a", "pub", "1.0", "a-b_c~d", "..", ".", ".x", "x..", "%41", "a;b", "", "a b", "\u00e9", "?q", "#f"]
)
urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp"]),
    st.sampled_from(["h", "example.org", "127.0.0.1", "H", "u@h", "[::1]", "-", "h.", "1.2.3"]),
    st.sampled_from(["", ":80", ":8080", ":99999", ":", ":x"]),
    st.lists(segments, max_size=4).map("/".join),
    st.sampled_from(["/", "", "/index.html"]),
)
HREFS = [
    "../",
    "..",
    "./",
    "a",
    "a/",
    "../../",
    "/",
    "?C=N;O=D",
    "a;b",
    "//h/a",
    "../x",
    "%2e%2e/",
    "http://h/",
    "#x",
    "",
]


class _Long(Resolver):
    """Takes the long way."""

    def _is_plain(self, url: str, *, coded: bool) -> bool:
        return False


@settings(max_examples=300, deadline=None)
@given(urls)
@example("http://h/a/b/")
@example("http://h/a/")
@example("http://h/")
@example("http://h:99999/a/b/")
def test_both_ways_give_the_same_targets(url: str) -> None:
    short = Resolver(url)
    if not short._parent:
        return
    long = _Long(url)
    assert {**vars(short), "_parent": ""} == vars(long)
    assert [short.target(href) for href in HREFS] == [long.target(href) for href in HREFS]


def test_plain_urls_take_the_short_way() -> None:
    assert Resolver("http://example.org:8080/pub/1.0/")._parent == "http://example.org:8080/pub/"
    assert Resolver("http://h/pub/")._parent == "http://h/"
    assert not Resolver("http://h/")._parent
