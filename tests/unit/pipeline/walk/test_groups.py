"""A walk that requests listings in groups, and parses short ones at once, shows what one does that does neither."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.values import Kind, Validators
from crawler.pipeline.rules.scope import Bounds
from crawler.pipeline.walk.frontier import Frontier
from crawler.pipeline.walk.groups import group_reader
from crawler.pipeline.walk.groups.group_reader import GroupReader
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.pages import Directory, DirectoryPage, Share
from crawler.pipeline.walk.sibling_listings import Siblings
from crawler.pipeline.walk.walker import Walker
from crawler.workers.page_parsers import PageParsers
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, MemoryState, Recorder, permit_as
from tests.support.misbehaving.pages import Row, apache, nginx

ROOT = "http://h/pub/"
NAMES = ["a", "b", "c", "d", "e"]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(
    lambda names: "".join(f"{name}/" for name in names)
)
HOW = ["as it is", "not found", "another title", "cut", "moved", "paged", "twice", "odd row", "empty", "not a listing"]


def page_of(path: str, tree: frozenset[str], how: str) -> FakeResponse:
    """The listing of the directory at ``path`` below the root."""
    below = sorted(
        {each.removeprefix(path).partition("/")[0] for each in tree if each.startswith(path) and each != path}
    )
    rows = [Row(href=f"{name}/", size=None, mtime=1735787040) for name in below]
    rows += [Row(href=f"{name}.bin", size=500 + len(path), mtime=1735787040) for name in NAMES[: len(path) % 4]]
    if how == "odd row":
        rows.append(Row(href="//elsewhere/x", size=1))
    body = (apache if len(path) % 3 else nginx)("/other/" if how == "another title" else f"/pub/{path}", rows)
    headers = {"Content-Type": "text/html", "ETag": f'"{path}"'}
    if how == "cut":
        body = body[: len(body) * 2 // 3]
    elif how == "twice":
        body = body.replace(
            b"</pre>", f'<a href="x.bin">x.bin</a>{" " * 40}01-Jan-2025 03:04  5\r\n'.encode() * 2 + b"</pre>"
        )
    elif how == "paged":
        headers["Link"] = f'<{ROOT}{path}?page=2>; rel="next"'
    elif how == "moved":
        return FakeResponse(status=302, headers={"Location": "http://elsewhere/"})
    elif how in ("empty", "not a listing"):
        body = b"" if how == "empty" else b"<p>hello</p>"
    return FakeResponse(status=404 if how == "not found" else 200, headers=headers, body=body)


async def walk(
    tree: frozenset[str], hows: Mapping[str, str], *, deepest: int, listers: int, most: int = 1000
) -> dict[str, Any]:
    """What a walk shows and does. ``deepest``: number of requests that share a connection; 1: nothing is grouped.

    ``most``: number of pages that are visited together until the walk is to end.
    """

    def respond(request: FakeRequest) -> FakeResponse:
        path = request.url.removeprefix(ROOT).partition("?")[0]
        return page_of(path, tree, hows.get(path, "as it is"))

    client, state, observer, pages = FakeClient(respond), MemoryState(), Recorder(), list[DirectoryPage]()
    client.sharing.deepest = deepest
    siblings, parsers, is_grouped = Siblings(client, most_alone=4), PageParsers(), deepest > 1
    reader = PageReader(
        client=siblings,
        groups=siblings if is_grouped else None,
        state=state,
        observer=observer,
        parse=parsers.pieces,
        parse_whole=parsers.whole if is_grouped else None,
        attempts=1,
    )

    async def visit(page: DirectoryPage) -> bool:
        pages.append(page)
        return True

    async def visit_all(leaves: Sequence[DirectoryPage]) -> bool:
        assert all(page.last and page.complete for page in leaves)
        assert not any(entry.kind is Kind.DIRECTORY for page in leaves for entry in page.entries)
        pages.extend(leaves)
        return len(pages) < most

    walker = Walker(reader, observer, bounds=Bounds(listers=listers), permit_as=permit_as)
    await walker.walk([Directory(path="", url=ROOT)], visit, None if listers == 1 else visit_all)
    return {
        "pages": sorted(map(repr, pages)),
        "events": (sorted(observer.read), sorted(observer.refused), sorted(observer.failed_listings)),
        "memos": state.memos,
        "requests": [] if hows else sorted(client.urls()),
        "visits": (state.seen, state.pages),
        "failures": (walker.failures, walker.refused),
    }


@settings(max_examples=60, deadline=None)
@given(
    tree=st.frozensets(paths, max_size=12).map(
        lambda found: frozenset(path[: end + 1] for path in found for end, mark in enumerate(path) if mark == "/")
    ),
    hows=st.dictionaries(paths, st.sampled_from(HOW), max_size=6),
    deepest=st.sampled_from([2, 3, 16]),
    listers=st.integers(1, 4),
)
@example(tree=frozenset(f"{name}/" for name in NAMES), hows={}, deepest=16, listers=2)
@example(tree=frozenset(f"{name}/" for name in NAMES), hows={"b/": "another title", "c/": "cut"}, deepest=4, listers=1)
async def test_groups_change_nothing(tree: frozenset[str], hows: dict[str, str], deepest: int, listers: int) -> None:
    alone = await walk(tree, hows, deepest=1, listers=listers)
    assert await walk(tree, hows, deepest=deepest, listers=listers) == alone


async def test_a_walk_ends_when_the_pages_of_a_group_were_enough() -> None:
    levels = [frozenset(f"{'/'.join(names)}/" for names in product(NAMES, repeat=depth)) for depth in (1, 2, 3)]
    tree = levels[0] | levels[1] | levels[2]
    done = await walk(tree, {}, deepest=16, listers=2, most=3)
    assert len(done["pages"]) < len(tree)


class Known:
    """Knows the pages whose URLs have an ``a``."""

    async def recorded(self, url: str) -> tuple[None, object | None]:
        return None, SimpleNamespace(validators=Validators()) if "a" in url[len(ROOT) :] else None


class Connections:
    """Requests no page, but notes how many would share a connection, of which ``free`` more are free."""

    def __init__(self, free: int, *, quick: bool, seconds: float) -> None:
        self._free, self._quick, self._seconds = free, quick, seconds
        self.counts: list[int] = []

    def may_share(self, _url: str) -> bool:
        return True

    def is_quick(self, _url: str) -> bool:
        return self._quick

    async def fetch_together(self, wanted: Sequence[tuple[str, Validators]], share: Share) -> Sequence[None]:
        self.counts.append(share(32, self._free))
        await asyncio.sleep(self._seconds)
        return [None] * self.counts[-1]


@pytest.mark.parametrize(
    ("pages", "free", "quick", "expected"),
    [
        ("a" * 20, 15, True, [4]),
        ("a" * 20, 15, False, [2]),
        ("a" * 19 + "b", 15, True, [2]),
        ("a" * 3, 15, True, [3]),
        ("a" * 30, 2, True, [10]),
        ("a" * 32, 0, True, [32]),
    ],
)
async def test_known_pages_of_a_quick_host_are_not_divided_among_all_connections(
    pages: str, free: int, quick: bool, expected: list[int]
) -> None:
    connections = Connections(free, quick=quick, seconds=0.0)
    directories = [Directory(path=f"{at}", url=f"{ROOT}{at}{name}/") for at, name in enumerate(pages)]
    await GroupReader(cast("PageReader", Known()), connections).read(directories, Frontier(readers=0))
    assert connections.counts == expected


async def test_a_quick_host_whose_listings_take_long_is_not_taken_for_quick_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_reader, "_SLOW", 0.01)
    connections, reader = Connections(15, quick=True, seconds=0.02), Known()
    groups = GroupReader(cast("PageReader", reader), connections)
    for _ in range(2):
        await groups.read([Directory(path=f"{at}", url=f"{ROOT}{at}a/") for at in range(20)], Frontier(readers=0))
    assert connections.counts == [4, 2]


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        (nginx("/pub/", [Row(href="a", size=1, mtime=1735787040)]), True),
        (nginx("/pub/", [Row(href="a" * 200, size=1)] * 1 + [Row(href=f"{n:0200}", size=1) for n in range(40)]), False),
        (nginx("/pub/", [Row(href="a", size=1)])[:-30], False),
        (b"[]", False),
        (b"", False),
    ],
    ids=["short", "long", "cut", "json", "empty"],
)
def test_only_short_pages_of_known_servers_are_parsed_at_once(body: bytes, is_read: bool) -> None:
    assert (len(body) > limits.SMALL_PAGE) or is_read or len(body) < 2000
    assert (PageParsers().whole(body, ROOT, "text/html") is not None) == is_read
