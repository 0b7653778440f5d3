"""A page that begins like those beside it is read as it is read alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.html import siblings
from crawler.listings.html.grammar import read_by_grammar
from crawler.listings.html.siblings import SiblingPages
from crawler.listings.page import Page
from tests.unit.listings.printers import LEAN, Node, apache_pre, lighttpd, nginx, nodes, times

PLACES = ["/pub/a/", "/pub/b-1/", "/pub/b-1/c/", "/q/a/", "/pub/", "/pub/Parent/", "/a/a/", "/td/a/"]
TYPES = ["text/html", "text/html; charset=iso-8859-1", "text/html; charset=utf-16", "text/html; charset=utf-7"]
INSERTED = [
    "", "<meta charset=utf-16>", "<meta charset='utf-7'>", "\xe9", "\ufeff", '<a href="../">../</a>\r\n',
    '<a href="b">b</a>\n', '<a href="/pub/a/">x</a>', "+AGE-", "</pre>", "<pre>\n", " ", "\n",
    '<a href="?C=N;O=D">Name</a>', "Parent Directory",
]  # fmt: skip
plain = st.builds(
    Node,
    name=st.sampled_from(
        [b"a", b"b.zip", b"Parent", b"2e", b"x+y~1", b"n" * 199, b"n" * 200, b".x", b"a b", b"r\xc3\xa9"]
    ),
    directory=st.booleans(),
    size=st.integers(0, 2**45),
    when=times,
)
trees = st.lists(plain, min_size=0, max_size=5) | st.lists(nodes, max_size=3)
TIME = datetime(2024, 7, 1, 12, 5, tzinfo=UTC)
Printer = Callable[[list[Node]], str]


def printed(printer: Printer, tree: list[Node], place: str, *, above: bool = True) -> str:
    """The page of the directory at ``place``; ``above``: its link to the directory above is right."""
    parent = place[: place.rindex("/", 0, -1) + 1]
    text = printer(tree).replace("/pub/", place).replace("/pub<", f"{place[:-1]}<")
    return text.replace('href="/"', f'href="{parent if above else "/elsewhere/"}"')


def alone(body: bytes, url: str, kind: str) -> object:
    return read_by_grammar(Page(body=body, url=url, content_type=kind))


@pytest.mark.parametrize("printer", LEAN)
@given(
    pages=st.lists(
        st.tuples(
            trees,
            st.sampled_from(PLACES),
            st.sampled_from(TYPES),
            st.booleans(),
            st.sampled_from(INSERTED),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=4,
    ),
    host=st.sampled_from(["http://host.test", "https://h:8", "ftp://h"]),
)
@settings(max_examples=15, deadline=None)
def test_a_page_is_read_as_it_is_read_alone(printer: Printer, pages: list[tuple[object, ...]], host: str) -> None:
    reader = SiblingPages()
    first = printed(printer, [], "/pub/z/").encode()
    reader.read(first, f"{host}/pub/z/", TYPES[0])
    for tree, place, kind, above, inserted, where in pages:
        text = printed(printer, tree, place, above=above)  # type: ignore[arg-type]
        at = int(where * len(text))  # type: ignore[operator]
        body = f"{text[:at]}{inserted}{text[at:]}".encode()
        url = f"{host}{place}"
        assert reader.read(body, url, kind) == alone(body, url, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("printer", LEAN)
def test_what_is_known_of_a_page_beside_it_is_used(printer: Printer, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = [Node(b"a", True, 0, TIME), Node(b"b", False, 7, TIME)]
    reader, url = SiblingPages(), "http://host.test/pub/"
    first, second = (printed(printer, tree, f"/pub/{name}/").encode() for name in "ab")
    found, expected = reader.read(first, f"{url}a/", "text/html"), alone(second, f"{url}b/", "text/html")
    assert found is not None
    monkeypatch.setattr(siblings, "Reading", None)
    assert reader.read(second, f"{url}b/", "text/html") == expected


TREE = [Node(b"a", True, 0, TIME), Node(b"b", False, 7, TIME)]
PARENT = '<img src="x"> <a href="a/">Parent Directory</a>  2024-07-01 08:05  -   \n'
UTF_8 = '<meta charset="utf-8">\n'
SCRIPT = '<script type="text/javascript">"<meta charset=utf-16>"</script>\n'
CAPITALS = SCRIPT.replace("meta", "META")


@pytest.mark.parametrize(
    ("printer", "place", "tree", "both", "second"),
    [
        pytest.param(lighttpd, "/pub/b/", TREE, (UTF_8, ""), ("</body>", f"{SCRIPT}</body>"), id="charset in the tail"),
        pytest.param(nginx, "/pub/b/", [], ("Index of /pub/b/", "Index of /x/"), ("", ""), id="heading, no row"),
        pytest.param(apache_pre, "/q/b/", TREE, ('href="/q/"', 'href="/pub/"'), ("", ""), id="another parent"),
        pytest.param(apache_pre, "/pub/b/", TREE, ('href="/pub/"', 'href="/pub/b/"'), ("", ""), id="a link to one"),
        pytest.param(nginx, "/pub/b/", [TREE[0]], ("", ""), ("", ""), id="no file"),
        pytest.param(nginx, "/pub/b/", [TREE[1]] * 2, ("", ""), ("", ""), id="the same row twice"),
        pytest.param(nginx, "/pub/b/", TREE, ("", ""), ("</html>", ""), id="cut"),
        pytest.param(nginx, "/pub/b/", TREE, ("", ""), ("Index of /pub/b/", "Index of /pub/c/"), id="of another"),
        pytest.param(nginx, "/pub/b/", TREE, ("", ""), ('"b"', '"\xe9"'), id="not ASCII"),
        pytest.param(nginx, "/pub/b/", TREE, ("", ""), ('"a/"', '"a%20b/"'), id="an escaped name"),
        pytest.param(nginx, "/pub/b/", [Node(b"long", True, 0, TIME)], ("", ""), ("", ""), id="a longer name"),
        pytest.param(lighttpd, "/pub/b/", TREE, (UTF_8, ""), ("</body>", f"{CAPITALS}</body>"), id="in capitals"),
        pytest.param(apache_pre, "/pub/b/", TREE, ("", ""), ('href="/pub/"', 'href="/bup/"'), id="as long a link"),
    ],
)  # fmt: skip
def test_a_page_that_differs_in_more_is_read_alone(
    printer: Printer, place: str, tree: list[Node], both: tuple[str, str], second: tuple[str, str]
) -> None:
    reader = SiblingPages()
    first = printed(printer, TREE, "/pub/a/").replace(both[0].replace("/b/", "/a/"), both[1])
    reader.read(first.encode(), "http://h/pub/a/", "text/html")
    body, url = printed(printer, tree, place).replace(*both).replace(*second).encode(), f"http://h{place}"
    assert reader.read(body, url, "text/html") == alone(body, url, "text/html")


def test_the_first_row_may_belong_to_the_head() -> None:
    reader, found = SiblingPages(), []
    for name, row in [("a", ""), ("b", PARENT)]:
        text = printed(apache_pre, [TREE[1]], f"/pub/{name}/")
        start, end = text.index("<hr>") + 4, text.index("   \n") + 4
        body, url = f"{text[:start]}{row}{text[end:]}".encode(), f"http://h/pub/{name}/"
        found.append(reader.read(body, url, "text/html"))
        assert found[-1] == alone(body, url, "text/html")
    assert found[0] is not None


def test_only_so_many_heads_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siblings, "_MOST", 3)
    reader = SiblingPages()
    for number in range(10):
        place = f"/pub/{number}/x/"
        assert reader.read(printed(nginx, [], place).encode(), f"http://h{place}", "text/html") is not None
        assert len(reader._heads) <= 3


def read_twice(first: str, second: str, *, kind: str = "text/html", urls: tuple[str, str] = ("a/", "b/")) -> bool:
    """Whether the second page is read by the head of the first one, and as it is read alone."""
    reader, bodies = SiblingPages(), (first.encode(), second.encode())
    for body, name in zip(bodies, urls, strict=True):
        url = f"http://h/pub/{name}"
        assert reader.read(body, url, kind) == alone(body, url, kind)
    return bool(reader._heads)


@pytest.mark.parametrize("printer", LEAN)
@pytest.mark.parametrize("kind", TYPES)
def test_no_head_is_kept_of_a_page_in_another_code(printer: Printer, kind: str) -> None:
    pages = [printed(printer, TREE, f"/pub/{name}/") for name in "ab"]
    assert read_twice(*pages, kind=kind) is (kind in TYPES[:2])


@pytest.mark.parametrize(
    ("link", "is_kept"),
    [("/pub/", True), ("/", False), ("/pub/a/", False), ("/elsewhere/", False), ("http://other.test/", False)],
)
def test_no_head_is_kept_whose_links_lead_anywhere_but_up(link: str, *, is_kept: bool) -> None:
    pages = [printed(apache_pre, TREE, f"/pub/{name}/").replace('href="/pub/"', f'href="{link}"') for name in "ab"]
    assert read_twice(*pages) is is_kept


@pytest.mark.parametrize("shorter", [-1, 0, 1])
def test_no_long_head_is_kept(shorter: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [printed(nginx, TREE, f"/pub/{name}/") for name in "ab"]
    monkeypatch.setattr(siblings, "_LONGEST", pages[0].index('<a href="a/"') + shorter)
    assert read_twice(*pages) is (shorter >= 0)


@pytest.mark.parametrize("urls", [("a/?x", "b/?x"), ("a//", "b//"), ("a", "b")])
def test_no_head_is_kept_of_a_page_at_a_url_that_is_not_plain(urls: tuple[str, str]) -> None:
    pages = [printed(nginx, TREE, f"/pub/{name}/") for name in "ab"]
    assert not read_twice(*pages, urls=urls)


def test_no_head_is_kept_of_a_page_that_is_not_read_to_its_end() -> None:
    pages = [printed(nginx, TREE, f"/pub/{name}/").replace("</html>", "") for name in "ab"]
    assert not read_twice(*pages)
