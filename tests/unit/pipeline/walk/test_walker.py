"""The walk visits each directory once, enters none that it must not, and survives the failure of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.errors import FetchError, ListingError
from crawler.model.values import Entry, Kind, Listing, Rejection
from crawler.pipeline.rules.listings.loops import EQUAL
from crawler.pipeline.rules.scope import Bounds
from crawler.pipeline.walk.page_reader import PageReader
from crawler.pipeline.walk.pages import Directory, DirectoryPage
from crawler.pipeline.walk.walker import Walker
from tests.support.fakes import FakeClient, FakeRequest, FakeResponse, MemoryState, Recorder, permit_as

ROOT = "http://h/pub/"


def listing(
    url: str, *names: str, complete: bool = True, is_listing: bool = True, pages: tuple[str, ...] = (), row: str = ""
) -> Listing:
    """A page with these names; those that end in a slash are directories."""
    entries = tuple(
        Entry(
            name=name.rstrip("/").rpartition("/")[2],
            folder=name.rstrip("/").rpartition("/")[0],
            kind=Kind.DIRECTORY if name.endswith("/") else Kind.FILE,
            url=url.partition("?")[0] + name,
            row=row or url,
        )
        for name in names
    )
    return Listing(
        url=url,
        family="test",
        confidence=1.0,
        is_listing=is_listing,
        complete=complete,
        entries=entries,
        next_pages=pages,
    )


class Walk:
    """A walker over a table of pages, with a record of what it does."""

    def __init__(
        self,
        *pages: Listing,
        refused: Mapping[str, str] | None = None,
        observer: Recorder | None = None,
        **bounds: int | bool,
    ) -> None:
        self.pages = {page.url: page for page in pages}
        self.responses: dict[str, FakeResponse] = {}
        self.client = FakeClient(self._respond)
        self.state = MemoryState()
        self.observer = observer or Recorder()
        self.visited: list[DirectoryPage] = []
        reader = PageReader(client=self.client, state=self.state, observer=self.observer, parse=self._parse, attempts=1)
        self.walker = Walker(
            reader,
            self.observer,
            bounds=Bounds(**bounds),  # type: ignore[arg-type]
            permit_as=permit_as,
            refuse=lambda path, url: Rejection((refused or {})[path], url) if path in (refused or {}) else None,
        )

    def _respond(self, request: FakeRequest) -> FakeResponse:
        if request.url in self.responses:
            return self.responses[request.url]
        if request.url not in self.pages:
            return FakeResponse(status=404, headers={"Content-Type": "text/html"})
        return FakeResponse(headers={"Content-Type": "text/html"}, body=request.url.encode())

    async def _parse(self, body: bytes, url: str, _content_type: str) -> AsyncGenerator[Listing, None]:
        yield self.pages.get(body.decode()) or listing(url, is_listing=False)

    async def visit(self, page: DirectoryPage) -> bool:
        self.visited.append(page)
        return True

    async def run(self, *starts: Directory) -> None:
        await self.walker.walk(starts or [Directory(path="", url=ROOT)], self.visit)

    @property
    def paths(self) -> list[str]:
        return sorted(page.directory.path for page in self.visited)

    def complete(self, path: str) -> bool:
        return any(page.complete for page in self.visited if page.directory.path == path)


def only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    (error,) = group.exceptions
    return only_error(error) if isinstance(error, BaseExceptionGroup) else error


@pytest.mark.parametrize("listers", [1, 2, 8])
async def test_every_directory_is_read_once(listers: int) -> None:
    walk = Walk(
        listing(ROOT, "a/", "b/", "x"),
        listing(f"{ROOT}a/", "c/", "y"),
        listing(f"{ROOT}a/c/"),
        listing(f"{ROOT}b/", "z"),
        listers=listers,
    )
    await walk.run()
    assert walk.paths == ["", "a", "a/c", "b"]
    assert sorted(walk.client.urls()) == sorted(walk.pages)
    assert all(page.complete and page.last for page in walk.visited)
    assert {page.directory.path: page.directory.depth for page in walk.visited} == {"": 0, "a": 1, "b": 1, "a/c": 2}


async def test_the_walk_goes_depth_first_in_the_order_of_the_page() -> None:
    walk = Walk(
        listing(ROOT, "a/", "b/"), listing(f"{ROOT}a/", "c/"), listing(f"{ROOT}a/c/"), listing(f"{ROOT}b/"), listers=1
    )
    await walk.run()
    assert [page.directory.path for page in walk.visited] == ["", "a", "a/c", "b"]


async def test_a_directory_that_fails_is_reported_and_the_others_are_read() -> None:
    walk = Walk(listing(ROOT, "bad/", "good/", "other/"), listing(f"{ROOT}good/"))
    walk.responses[f"{ROOT}bad/"] = FakeResponse(status=503)
    walk.pages[f"{ROOT}other/"] = listing(f"{ROOT}other/", is_listing=False)
    await walk.run()
    assert walk.paths == ["", "good"]
    assert dict(walk.observer.failed_listings).keys() == {"bad", "other"}
    assert "503" in dict(walk.observer.failed_listings)["bad"]
    assert "not a directory listing" in dict(walk.observer.failed_listings)["other"]
    assert walk.walker.failures == 2


@pytest.mark.parametrize(
    "response",
    [
        FakeResponse(status=404),
        FakeResponse(status=500),
        FakeResponse(headers={"Content-Type": "text/html"}, body=b"Welcome"),
        FakeResponse(status=0, fails=FetchError("refused", url=ROOT, connection=True)),
        FakeResponse(status=304),
    ],
    ids=["404", "500", "no listing", "no answer", "304 to a first request"],
)
async def test_a_root_that_fails_raises_and_names_the_url(response: FakeResponse) -> None:
    walk = Walk()
    walk.responses["http://h/secret-free/"] = response
    with pytest.raises(ExceptionGroup) as raised:
        await walk.run(Directory(path="", url="http://h/secret-free/"))
    error = only_error(raised.value)
    assert isinstance(error, ListingError)
    assert "http://h/secret-free/" in str(error)
    assert walk.visited == []


async def test_a_listing_that_was_cut_is_visited_and_fails() -> None:
    walk = Walk(listing(ROOT, "a/"), listing(f"{ROOT}a/", "x", "b/", "half/", complete=False), listing(f"{ROOT}a/b/"))
    await walk.run()
    assert walk.paths == ["", "a", "a/b"]  # the truncated row may be anything
    assert not walk.complete("a")
    assert walk.complete("a/b")
    assert [path for path, _ in walk.observer.failed_listings] == ["a"]
    assert f"{ROOT}a/" not in walk.state.memos


async def test_all_pages_of_a_listing_are_read_and_only_the_last_is_complete() -> None:
    walk = Walk(
        listing(ROOT, "a", pages=(f"{ROOT}?p=2",)),
        listing(f"{ROOT}?p=2", "b", pages=(f"{ROOT}?p=3",)),
        listing(f"{ROOT}?p=3", "c"),
    )
    await walk.run()
    assert [page.url for page in walk.visited] == [ROOT, f"{ROOT}?p=2", f"{ROOT}?p=3"]
    assert [page.complete for page in walk.visited] == [page.last for page in walk.visited] == [False, False, True]


async def test_a_pager_with_the_numbers_of_all_pages_is_read_once_a_page() -> None:
    pages = (ROOT, f"{ROOT}?p=2", f"{ROOT}?p=3", f"{ROOT}?p=4")
    walk = Walk(*(listing(page, f"file{number}", pages=pages) for number, page in enumerate(pages)))
    await walk.run()
    assert walk.client.urls() == list(pages)
    assert [page.last for page in walk.visited] == [False, False, False, True]


async def test_a_later_page_that_fails_leaves_its_directory_incomplete() -> None:
    walk = Walk(
        listing(ROOT, "x/"),
        listing(f"{ROOT}x/", "a", "sub/", pages=(f"{ROOT}x/?p=2",)),
        listing(f"{ROOT}x/sub/"),
    )
    await walk.run()
    assert not walk.complete("x")
    assert walk.complete("x/sub")
    assert [path for path, _ in walk.observer.failed_listings] == ["x"]


async def test_a_cut_page_makes_the_listing_incomplete_whatever_follows() -> None:
    walk = Walk(
        listing(ROOT, "x/"),
        listing(f"{ROOT}x/", "a", complete=False, pages=(f"{ROOT}x/?p=2",)),
        listing(f"{ROOT}x/?p=2", "b"),
    )
    await walk.run()
    assert not walk.complete("x")
    assert len(walk.visited) == 3


async def test_a_directory_that_several_pages_repeat_is_read_once() -> None:
    walk = Walk(
        listing(ROOT, "sub/", pages=(f"{ROOT}?p=2",)), listing(f"{ROOT}?p=2", "sub/", "b"), listing(f"{ROOT}sub/")
    )
    await walk.run()
    assert walk.paths == ["", "", "sub"]


def same_name(*urls: str) -> Listing:
    entries = tuple(Entry(name="sub", kind=Kind.DIRECTORY, url=url) for url in urls)
    return Listing(url=ROOT, family="test", confidence=1.0, is_listing=True, entries=entries)


async def test_one_directory_in_two_spellings_is_read_once() -> None:
    walk = Walk(same_name(f"{ROOT}sub/", f"{ROOT}%73ub/"), listing(f"{ROOT}sub/"), listing(f"{ROOT}%73ub/"))
    await walk.run()
    assert walk.paths == ["", "sub"]
    assert walk.observer.failed_listings == []


async def test_two_directories_of_one_name_cannot_both_be_kept_and_that_is_a_failure() -> None:
    walk = Walk(same_name(f"{ROOT}sub/", f"{ROOT}other/sub/"), listing(f"{ROOT}sub/"), listing(f"{ROOT}other/sub/"))
    await walk.run()
    assert walk.paths == ["", "sub"]
    assert [path for path, _ in walk.observer.failed_listings] == ["sub"]
    assert "name-clash" in walk.observer.failed_listings[0][1]


async def test_pages_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_PAGES", 5)
    endless = [f"{ROOT}x/?p={number}" for number in range(20)]
    pages = [
        listing(url, f"f{number}", pages=(following,)) for number, (url, following) in enumerate(pairwise(endless))
    ]
    walk = Walk(listing(ROOT, "x/"), listing(f"{ROOT}x/", pages=(endless[0],)), *pages)
    await walk.run()
    assert len(walk.client.requests) <= 7
    assert "more than 5 pages" in walk.observer.failed_listings[0][1]


async def test_a_next_page_elsewhere_is_not_read() -> None:
    walk = Walk(listing(ROOT, "a", pages=("http://evil/?p=2", "http://h/?p=2")))
    await walk.run()
    assert walk.client.urls() == [ROOT]


@pytest.mark.parametrize(
    ("bounds", "read", "refused"),
    [
        ({"max_depth": 0}, [""], [("a", "depth")]),
        ({"max_depth": 1}, ["", "a"], [("a/b", "depth")]),
        ({"max_depth": 9}, ["", "a", "a/b"], []),
        ({"recursive": False}, [""], []),
    ],
)
async def test_how_deep_a_walk_goes(
    bounds: dict[str, int | bool], read: list[str], refused: list[tuple[str, str]]
) -> None:
    walk = Walk(listing(ROOT, "a/", "x"), listing(f"{ROOT}a/", "b/"), listing(f"{ROOT}a/b/"), **bounds)
    await walk.run()
    assert walk.paths == read
    assert walk.observer.refused == refused
    assert walk.observer.failed_listings == []


async def test_a_tree_without_end_stops_at_the_safety_stop_and_that_is_a_failure() -> None:
    url, pages = ROOT, []
    for number in range(limits.DEPTH + 5):
        pages.append(listing(url, f"d{number}/"))
        url += f"d{number}/"
    walk = Walk(*pages)
    await walk.run()
    assert len(walk.visited) == limits.DEPTH
    assert ["--max-depth" in reason for _, reason in walk.observer.failed_listings] == [True]


Graph = dict[int, dict[str, int]]
"""Directory → name of a subdirectory → the directory that it is: trees, and links that lead back up."""


def pages_of(graph: Graph, levels: int) -> list[Listing]:
    """All listings of ``graph`` down to so many levels, each with the same rows wherever it is reached.

    All directories hold a file of the same name, so that they look alike if their subdirectories do.
    """
    found, now = [], [(ROOT, 0)]
    for _ in range(levels + 1):
        found += [listing(url, *(f"{name}/" for name in graph[node]), "file", row="same") for url, node in now]
        now = [(f"{url}{name}/", below) for url, node in now for name, below in graph[node].items()]
    return found


async def test_a_tree_that_contains_itself_is_found_out_before_anything_of_it_is_visited() -> None:
    walk = Walk(*pages_of({0: {"loop": 0}}, 9))
    await walk.run()
    assert walk.paths == [""]
    [(path, reason)] = walk.observer.failed_listings
    assert path == "loop"
    assert "loop: it repeats the listing of its ancestor http://h/pub/" in reason
    assert "--exclude /loop/" in reason
    assert "--max-depth" in reason


async def test_a_loop_through_two_directories_is_found_out_before_anything_of_it_is_visited() -> None:
    walk = Walk(*pages_of({0: {"a": 1, "c": 2}, 1: {"b": 0}, 2: {}}, 9))
    await walk.run()
    assert walk.paths == ["", "a", "c"]
    assert [path for path, _ in walk.observer.failed_listings] == ["a/b"]


@pytest.mark.parametrize("levels", [1, 2, 3])
async def test_a_directory_with_copies_of_itself_is_mirrored_whole(levels: int) -> None:
    graph: Graph = {number: {"a": number + 1} for number in range(levels + 1)} | {levels + 1: {}}
    walk = Walk(*pages_of(graph, levels + 1))
    await walk.run()
    assert sorted(walk.paths) == ["/".join("a" * depth) for depth in range(levels + 2)]
    assert walk.observer.failed_listings == []


@pytest.mark.parametrize("bounds", [{"max_depth": 2}, {"recursive": False}])
async def test_nothing_is_read_ahead_where_the_walk_may_not_go(bounds: dict[str, int | bool]) -> None:
    walk = Walk(*pages_of({0: {"loop": 0}}, 9), refused={"loop/loop/loop": "exclude"}, **bounds)
    await walk.run()
    deepest = bounds.get("max_depth", 0)
    assert set(walk.client.urls()) == {ROOT + "loop/" * depth for depth in range(deepest + 1)}
    assert walk.observer.failed_listings == []


NAMES = st.sampled_from(["a", "b"])


@given(
    st.recursive(st.just({}), lambda below: st.dictionaries(NAMES, below, max_size=2), max_leaves=8).filter(
        lambda tree: height(tree) <= EQUAL
    )
)
@settings(max_examples=60, deadline=None)
async def test_finite_trees_with_copies_of_parts_of_themselves_are_mirrored_whole(tree: dict[str, Any]) -> None:
    graph: Graph = {}
    number_nodes(tree, graph)
    pages = pages_of(graph, EQUAL)
    walk = Walk(*pages)
    await walk.run()
    assert sorted({f"{ROOT}{path}/" if path else ROOT for path in walk.paths}) == sorted({page.url for page in pages})
    assert walk.observer.failed_listings == []


def height(tree: dict[str, Any]) -> int:
    return 1 + max(map(height, tree.values()), default=-1) if tree else 0


def number_nodes(tree: dict[str, Any], graph: Graph) -> int:
    number = len(graph)
    graph[number] = {}
    for name, below in tree.items():
        graph[number][name] = number_nodes(below, graph)
    return number


@given(st.lists(st.dictionaries(NAMES, st.integers(0, 2), max_size=2), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
async def test_trees_with_links_back_up_end_soon_and_fail_only_in_a_loop(links: list[dict[str, int]]) -> None:
    graph: Graph = dict(enumerate(links))
    walk = Walk()
    walk.responses = Endless(graph, walk.pages)
    await walk.run()
    assert len(walk.client.requests) <= 600
    assert bool(walk.observer.failed_listings) == has_circle(graph, 0, ())


class Endless(dict[str, FakeResponse]):
    """Renders each page of a graph when it is requested."""

    def __init__(self, graph: Graph, pages: dict[str, Listing]) -> None:
        self._graph = graph
        self._pages = pages

    def __contains__(self, url: object) -> bool:
        node = 0
        for name in str(url).removeprefix(ROOT).split("/")[:-1]:
            node = self._graph[node][name]
        names = (f"{name}/" for name in self._graph[node])
        self._pages[str(url)] = listing(str(url), *names, f"file{node}", row="same")
        return False


def has_circle(graph: Graph, node: int, above: tuple[int, ...]) -> bool:
    return node in above or any(has_circle(graph, below, (*above, node)) for below in graph[node].values())


async def test_refused_directories_are_not_entered_and_the_rule_is_reported() -> None:
    walk = Walk(listing(ROOT, "a/", "b/"), listing(f"{ROOT}b/"), refused={"a": "exclude"})
    await walk.run()
    assert walk.paths == ["", "b"]
    assert walk.observer.refused == [("a", "exclude")]


@pytest.mark.parametrize(
    ("url", "reason"), [("http://evil/sub/", "other-host"), ("http://h/sub/", "above"), (f"{ROOT}%2e%2e/", "above")]
)
async def test_directories_elsewhere_are_not_entered(url: str, reason: str) -> None:
    walk = Walk(same_name(url))
    await walk.run()
    assert walk.client.urls() == [ROOT]
    assert walk.observer.refused == [("sub", reason)]


@pytest.mark.parametrize("name", ["..", ".crawler", "a\0b", "x" * 300])
async def test_a_directory_whose_name_cannot_be_is_a_failure(name: str) -> None:
    entry = Entry(name=name, kind=Kind.DIRECTORY, url=f"{ROOT}odd/")
    page = Listing(url=ROOT, family="test", confidence=1.0, is_listing=True, entries=(entry,))
    walk = Walk(page)
    await walk.run()
    assert walk.client.urls() == [ROOT]
    assert walk.walker.failures == 1


async def test_a_page_that_did_not_change_is_not_parsed_again() -> None:
    first = Walk(listing(ROOT, "sub/", "x"), listing(f"{ROOT}sub/", "y"))
    first.responses[f"{ROOT}sub/"] = FakeResponse(
        headers={"Content-Type": "text/html", "ETag": '"1"'}, body=f"{ROOT}sub/".encode()
    )
    await first.run()
    second = Walk()
    second.state.memos = first.state.memos
    second.responses = {
        ROOT: FakeResponse(headers={"Content-Type": "text/html"}, body=ROOT.encode()),
        f"{ROOT}sub/": FakeResponse(status=304),
    }
    await second.run()
    asked = {asked.url: asked.headers.get("If-None-Match") for asked in second.client.requests}
    assert asked == {ROOT: None, f"{ROOT}sub/": '"1"'}
    assert sorted((page.directory.path, len(page.entries)) for page in second.visited) == [("", 2), ("sub", 1)]
    assert all(page.complete for page in second.visited)


async def test_the_same_bytes_at_another_address_are_parsed_again() -> None:
    """Hrefs are relative: their meaning depends on the URL that served the page."""
    first = Walk(listing(ROOT, "x"))
    await first.run()
    moved = "http://h/pub/new/"
    second = Walk(listing(moved, "x"))
    second.state.memos = first.state.memos
    second.responses[ROOT] = FakeResponse(status=301, headers={"Location": moved})
    second.responses[moved] = FakeResponse(headers={"Content-Type": "text/html"}, body=ROOT.encode())
    second.pages[ROOT] = listing(moved, "x", "y")
    await second.run()
    assert [len(page.entries) for page in second.visited] == [2]


async def test_late_directories_are_walked_within_the_same_rules() -> None:
    walk = Walk(listing(ROOT, "x"), listing(f"{ROOT}late/", "y"), refused={"no": "robots"}, max_depth=1)
    await walk.run()
    admit = walk.walker.admit(
        [
            ("late", f"{ROOT}late/"),
            ("no", f"{ROOT}no/"),
            ("deep/er", f"{ROOT}deep/er/"),
            ("out", "http://evil/out/"),
        ]
    )
    assert [directory.path for directory in admit] == ["late"]
    assert walk.observer.refused == [("no", "robots"), ("deep/er", "depth"), ("out", "other-host")]
    await walk.run(*admit)
    assert walk.paths == ["", "late"]


async def test_an_error_of_the_visitor_ends_the_walk_and_leaves_no_task() -> None:
    walk = Walk(listing(ROOT, "a/", "b/"), listing(f"{ROOT}a/"), listing(f"{ROOT}b/"))

    async def broken(page: DirectoryPage) -> bool:
        if page.directory.path:
            raise LookupError
        return True

    with pytest.raises(ExceptionGroup):
        await walk.walker.walk([Directory(path="", url=ROOT)], broken)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_walk_that_is_stopped_reads_no_further_listing() -> None:
    walk = Walk(listing(ROOT, "a/", "b/"), listing(f"{ROOT}a/"), listing(f"{ROOT}b/"))

    async def stop(_page: DirectoryPage) -> bool:
        return False

    await walk.walker.walk([Directory(path="", url=ROOT)], stop)
    assert walk.client.urls() == [ROOT]


async def test_nothing_to_walk_is_an_end() -> None:
    walk = Walk()
    async with asyncio.timeout(60):
        await walk.walker.walk([], walk.visit)
    assert walk.visited == []


def linked(url: str, target: str, **headers: str) -> FakeResponse:
    return FakeResponse(
        headers={"Content-Type": "text/html", "Link": f'<{target}>; rel="next"', **headers}, body=url.encode()
    )


async def test_a_page_goes_on_where_its_link_header_says_and_is_complete_with_the_last_one() -> None:
    second = f"{ROOT}?page=2"
    walk = Walk(listing(ROOT, "a"), listing(second, "b"), listing(f"{ROOT}?page=3", "c"))
    walk.responses = {ROOT: linked(ROOT, "?page=2"), second: linked(second, "/pub/?page=3")}
    await walk.run()
    assert [(page.url, page.complete) for page in walk.visited] == [
        (ROOT, False),
        (second, False),
        (f"{ROOT}?page=3", True),
    ]
    assert walk.observer.failed_listings == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://other/pub/?page=2", "listings are read from the host of URL only"),
        ("/?page=2", "not below http://h/pub/"),
        ("mailto:x", "cannot be parsed"),
    ],
)
async def test_a_listing_whose_next_page_is_not_read_is_not_complete(target: str, words: str) -> None:
    first = f"{ROOT}sub/"
    again = f"{first}?page=1"
    walk = Walk(listing(ROOT, "sub/"), listing(first, "a"), listing(again, "b"))
    walk.responses = {first: linked(first, target), again: linked(again, target)}
    await walk.run()
    ((path, reason),) = walk.observer.failed_listings
    assert path == "sub"
    assert words in reason
    assert not walk.complete("sub")


@pytest.mark.parametrize(("target", "is_whole"), [("./", True), ("?page=1", False)])
async def test_a_page_whose_link_header_leads_to_itself_is_the_last_and_one_that_leads_back_is_in_a_loop(
    target: str, *, is_whole: bool
) -> None:
    again = f"{ROOT}?page=1"
    walk = Walk(listing(ROOT, "a"), listing(again, "b"))
    walk.responses = {ROOT: linked(ROOT, target), again: linked(again, "./")}
    await walk.run()
    assert walk.complete("") is is_whole
    assert ["in a loop" in reason for _, reason in walk.observer.failed_listings] == [True] * (not is_whole)


@pytest.mark.parametrize("is_304", [True, False])
async def test_a_remembered_page_goes_on_as_its_link_header_says_now(is_304: bool) -> None:
    second = f"{ROOT}?page=2"
    walk = Walk(listing(ROOT, "a"), listing(second, "b"))
    walk.responses[ROOT] = FakeResponse(headers={"Content-Type": "text/html", "ETag": '"1"'}, body=ROOT.encode())
    await walk.run()
    walk.responses[ROOT] = linked(ROOT, "?page=2", ETag='"1"')
    await walk.run()
    assert walk.client.urls() == [ROOT, ROOT, second], "the same bytes, and now there is a second page"
    headers = {"ETag": '"1"'}
    walk.responses[ROOT] = FakeResponse(status=304, headers=headers) if is_304 else linked(ROOT, "?page=2", ETag='"1"')
    await walk.run()
    assert walk.client.urls()[3:] == [ROOT, second]
