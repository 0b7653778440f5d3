"""Whether the heading of an empty page names the directory that was requested."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.html.soundness.heading import another_heading
from crawler.model.flaws import Flaw, FlawKind


@pytest.mark.parametrize(
    ("url", "heading", "is_another"),
    [
        ("http://h/deep/pub/", "/deep/pub/", False),
        ("http://h/deep/pub/", "/mirror/pub/", False),  # a proxy may have added or removed a prefix
        ("http://h/deep/pub/", "/pub/deep/", True),
        ("http://h/deep/pub/", "/", False),  # a root may be any directory
        ("http://h/deep/pub/index.php", "/deep/pub/", False),
        ("http://h/deep/pub/index.php?a=/b/", "/deep/pub/", False),
        ("http://h/deep/pub/#/b/", "/deep/pub", False),
        ("http://h/deep/pub/?u=http://g/b/", "/deep/pub/", False),
        ("http://h/a://pub/", "/other/", True),
        ("http://h/some%20dir/", "/some dir/", False),
        ("http://h/some%20dir/", "/some%20dir/", False),
        ("http://h/TEX/", "/TEX/", False),
        ("http://h/a%252Fb/", "/a/b/", False),  # decoded twice, as by Caddy
        ("http://h/a%2541/", "/aA/", False),
        ("http://h/a%252541/", "/aA/", True),
        ("http://h/a%2541/", "/b/", True),
        ("http://h/caf%E9/", "/caf\u00e9/", False),  # a page in Latin-1 of a directory whose name is
        ("http://h/caf%E9/", "/caf\ufffd", False),
        ("http://h/caf%E9/", "/cafe/", True),
        ("http://h/caf%E9/", "/th\u00e9/", True),
        ("http://h/%83%5C%88/", "/\u30bd\u8868/", False),  # Shift JIS
        ("http://h/caf%C3%A9/", "/caf\u00e8/", True),
        ("http://h/caf%C3%A9/", "/caf\u00c3\u00a9/", False),  # UTF-8 that is said to be Latin-1
        ("http://h/caf%C3%A9/", "/caf\u00c3\u00a8/", True),
        ("http://h/caf%C3%81/", "/caf\u00c3\ufffd/", False),  # which has no character for 0x81
        ("http://h/", "/other/", False),
        ("http://h/?C=N", "/other/", False),
    ],
)
def test_a_heading_of_another_directory_has_another_last_segment(url: str, heading: str, is_another: bool) -> None:
    page = f"<title>Index of {heading}</title><h1>Index of {heading}</h1>"
    assert another_heading(page, url) == (Flaw(FlawKind.HEADING, heading) if is_another else None)


def test_all_headings_must_be_of_another_directory_and_the_first_is_quoted() -> None:
    page = "<title>Index of /{}/</title><h1>Index of /{}/</h1>"
    assert another_heading(page.format("other", "pub"), "http://h/pub/") is None
    assert another_heading(page.format("other", "more"), "http://h/pub/") == Flaw(FlawKind.HEADING, "/other/")


NAMES = [
    "a&b",
    "x<y",
    "[old]",
    "x]y",
    "a%41b",
    "a%25",
    "r&amp;d",
    "t ",
    " t",
    "a  b",
    "it's",
    'q"q',
    "~u",
    "a - b",
    "a|b",
    "a b (c)",
    "&lt",
    "#x",
    "?q",
    "a;b",
    "é",
    "日本",
]
FRAMES = [
    "Index of {}/", "Index of {}", "Directory listing for {}/", "Directory Listing For [{}/] - Up To [/]",
    "Index of {}/ - My mirror", "Index of {}/ | example.org", "Listing of {}/ (read-only)",
    "Directory: {}/ at example.org",
]  # fmt: skip


def shown(name: str, how: str) -> str:
    """The name as a program may print it in a heading."""
    match how:
        case "escaped":
            return escape(name, quote=False)
        case "escaped with quotes":
            return escape(name)
        case "URL":
            return quote(name)
        case _:
            return name.replace("<", "&lt;")


@pytest.mark.parametrize("how", ["escaped", "escaped with quotes", "URL", "raw"])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_name_is_known_in_every_spelling_and_before_other_text(frame: str, how: str) -> None:
    for name in NAMES:
        page = f"<title>{frame}</title>".format(f"/pub/{shown(name, how)}")
        assert another_heading(page, f"http://h/pub/{quote(name)}/") is None, name
        assert another_heading(page, "http://h/pub/other/") is not None, name


@given(
    name=st.text(st.characters(exclude_characters="/<>\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda name: name not in {".", ".."}
    ),
    how=st.sampled_from(["escaped", "URL", "escaped with quotes"]),
)
def test_any_name_is_known(name: str, how: str) -> None:
    page = f"<h1>Index of /{shown(name, how)}/</h1>"
    assert another_heading(page, f"http://h/{quote(name)}/") is None
