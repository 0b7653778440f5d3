"""A directory that is planned as a new one ends as the rules of the planner would decide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, KeysView, Sequence
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Entry, Job, Kind, Local, Rejection, Validators
from crawler.pipeline.plan import planner
from crawler.pipeline.plan.open_directory import OpenPage
from crawler.pipeline.plan.other_mirrors import Neighbours
from crawler.pipeline.rules.budgets import Budget
from crawler.pipeline.rules.extraneous import Unlisted
from crawler.pipeline.rules.scope import Scope
from crawler.pipeline.walk.pages import Directory, DirectoryPage, Elsewhere, PageVersion
from tests.unit.pipeline.plan.test_new_files import CONFIGS, entries
from tests.unit.pipeline.plan.test_planner import PLENTY, ROOT, Decider, file, known

VERSION = PageVersion(url=ROOT, answered=ROOT, body_digest="0", validators=Validators(), family="nginx-pre")
FIELDS: dict[str, object] = {
    "complete": False,
    "last": False,
    "conclusive": False,
    "recalled": True,
    "mentioned": frozenset({"a", "gone"}),
    "flaws": (Flaw(FlawKind.UNBOUNDED),),
    "unusable": (Rejection("query", "?x", row="x"),),
    "version": None,
    "elsewhere": Elsewhere(scope=Scope(ROOT, frozenset()), base=ROOT),
    "scope": Scope(ROOT, frozenset({"other"})),
}
"""What may be different on a page that is not the ordinary one."""


class Remembered:
    """What would be kept of unchanged directories."""

    def __init__(self) -> None:
        self.digests: list[tuple[object, ...]] = []

    def remember(self, path: str, version: PageVersion, builder: object) -> None:
        facts = [
            getattr(builder, name) for name in ("entries", "files", "total", "is_worth_it", "resolution", "newest")
        ]
        self.digests.append((path, version, *facts))


def page_of(rows: Sequence[Entry], path: str, **more: object) -> DirectoryPage:
    folder = Directory(path=path, url=f"{ROOT}{path}/" if path else ROOT)
    page = DirectoryPage(
        directory=folder, url=folder.url, scope=Scope(ROOT, frozenset()), entries=tuple(rows), complete=True, last=True,
        version=VERSION,
    )  # fmt: skip
    return replace(page, **more)  # type: ignore[arg-type]


async def _never(_rules: object, pages: Sequence[DirectoryPage], *_: object) -> list[DirectoryPage]:
    return list(pages)


def planned(way: str, pages: Sequence[DirectoryPage], decider: Decider) -> list[object]:
    """All that a planner did with ``pages``: the short way, "alone" or "together", or the "long" one."""
    own, error, expected, remembered = decider.producer, "", list[object](), Remembered()
    own._policy = replace(own._policy, unchanged=remembered, expect=expected.extend)  # type: ignore[arg-type]
    own._rules = replace(own._rules, policy=own._policy)

    async def visit() -> None:
        if way == "together":
            await own.visit_all(pages, decider._put)
            return
        for page in pages:
            await own.visit(page, decider._put)

    with pytest.MonkeyPatch.context() as patch:
        if way == "long":
            patch.setattr(planner, "take_new_directories", _never)
        try:
            asyncio.run(visit())
        except DestinationError as problem:
            error = str(problem)
    observer = decider.observer
    done = [
        observer.results,
        observer.listed_paths,
        observer.refused,
        own.findings.held,
        own.findings.blocked,
        own.findings.unlisted,
        error,
    ]
    return [
        *done,
        # before a run that fails for lack of space, other files may have been put into the queue
        None
        if error
        else (
            [replace(job, mark=None) for job in decider.jobs],
            own._open.keys(),
            expected,
            remembered.digests,
            own.findings.local_files,
        ),
        own._policy.room._planned,
        decider.state.forgotten,
        decider.state.seen,
    ]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_new_directory_ends_as_the_rules_decide(data: st.DataObject) -> None:
    seldom = data.draw(st.integers(0, 2)) == 0
    usual = st.builds(file, st.sampled_from(["a", "b.zip", "c d.zip", "a+b"]), size=st.sampled_from([1, 10]))
    pages = []
    for path in data.draw(st.lists(st.sampled_from(["", "sub", "sub/c", "sub"]), min_size=1, max_size=2, unique=True)):
        rows = data.draw(st.lists(entries() if seldom else usual, max_size=5, unique_by=lambda row: row.name))
        name = data.draw(st.sampled_from([None, None, *FIELDS]))
        pages.append(page_of(rows, path, **({} if name is None else {name: FIELDS[name]})))
    there = data.draw(st.lists(st.sampled_from(["a", "sub", "sub/a", "sub/other"]), max_size=1)) if seldom else []
    states = [known(name) for name in data.draw(st.lists(st.sampled_from(["a", "sub/gone"]), max_size=seldom))]
    config = data.draw(st.sampled_from(CONFIGS)) if data.draw(st.booleans()) else Config()
    forbidden = data.draw(st.lists(st.sampled_from([ROOT + "a", ROOT + "b.zip"]), max_size=seldom))
    budget = data.draw(st.sampled_from([None, None, (1, None)]))
    free = data.draw(st.sampled_from([PLENTY, PLENTY, PLENTY, 25]))
    sums = data.draw(st.sampled_from([None, b"", b"0" * 64 + b"  a\n"]))

    def decider() -> Decider:
        made = None if budget is None else Budget(files=budget[0], size=budget[1])
        return Decider(there, *states, config=config, forbidden=forbidden, budget=made, free=free, sums=sums)

    assert planned("alone", pages, decider()) == planned("long", pages, decider())


def by_path(done: Sequence[object]) -> list[object]:
    """``done`` in the order of its texts: what is decided together may have another order."""
    pieces = (each if isinstance(each, tuple) else (each,) for each in done)
    return [in_order(each) for each in chain.from_iterable(pieces)]


def in_order(each: object) -> object:
    if isinstance(each, Unlisted):
        return [in_order(getattr(each, name)) for name in each.__struct_fields__]
    return sorted(map(repr, each)) if isinstance(each, list | set | KeysView) else repr(each)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_directories_that_are_planned_together_end_as_alone(data: st.DataObject) -> None:
    seldom = data.draw(st.integers(0, 2)) == 0
    usual = st.builds(file, st.sampled_from(["a", "b.zip", "c d.zip", "a+b"]), size=st.sampled_from([1, 10]))
    pages = []
    for path in data.draw(st.lists(st.sampled_from(["sub", "sub/c", "d", "e"]), min_size=1, max_size=4, unique=True)):
        rows = data.draw(st.lists(entries() if seldom else usual, max_size=4, unique_by=lambda row: row.name))
        rows = [row for row in rows if row.kind is not Kind.DIRECTORY]  # such pages are visited alone
        name = data.draw(st.sampled_from([None, None, None, "version", "mentioned", "conclusive", "flaws", "unusable"]))
        pages.append(page_of(rows, path, **({} if name is None else {name: FIELDS[name]})))
    there = data.draw(st.lists(st.sampled_from(["d/x", "sub/a", "sub/other"]), max_size=2))
    states = [known(name) for name in data.draw(st.lists(st.sampled_from(["sub/a", "d/gone"]), max_size=1))]
    config = data.draw(st.sampled_from(CONFIGS)) if data.draw(st.booleans()) else Config()

    def decider() -> Decider:
        return Decider(there, *states, config=config)

    done = [by_path(planned(way, pages, decider())) for way in ("alone", "together")]
    assert done[0] == done[1]


@pytest.mark.parametrize("sums", [None, b"", b"0" * 64 + b"  a\n"])
@pytest.mark.parametrize("name", ["", "version", "mentioned", "unusable"])
@pytest.mark.parametrize("more", [[], [file("SHA256SUMS")], [file("b", directory="c")]])
def test_examples_of_new_directories_end_as_the_rules_decide(more: list[Entry], name: str, sums: bytes | None) -> None:
    changed = {name: FIELDS[name]} if name else {}
    pages = [page_of([file("a"), *more], "d"), page_of([file("b"), file("c")], "e", **changed)]
    done = [by_path(planned(way, pages, Decider(sums=sums))) for way in ("long", "alone", "together")]
    assert done[1:] == [done[0]] * 2


@pytest.mark.parametrize("is_scanned", [False, True])
async def test_new_directories_are_scanned_together_if_the_destination_does_that(
    begun: list[str], *, is_scanned: bool
) -> None:
    decider, scanned = Decider(["sub/x"]), list[Sequence[str]]()
    scan = decider.destination.scan

    def scan_all(paths: Sequence[str]) -> Awaitable[list[dict[str, Local]]] | None:
        scanned.append(paths)
        return asyncio.gather(*map(scan, paths)) if is_scanned else None

    async def scan_one(path: str) -> dict[str, Local]:
        scanned.append([path])
        return await scan(path)

    decider.destination.scan_all = scan_all  # type: ignore[method-assign]
    decider.destination.scan = scan_one  # type: ignore[method-assign]
    await decider.producer.visit_all([page_of([file("a")], path) for path in ("d", "sub")], decider._put)
    assert scanned == [["d", "sub"], *([] if is_scanned else [["d"], ["sub"]])]
    assert begun == ["sub"]


@pytest.mark.parametrize("is_foreign", [False, True])
async def test_nothing_new_is_stored_in_another_mirror(begun: list[str], *, is_foreign: bool) -> None:
    decider = Decider(["e/x"])
    decider.destination.owner = lambda path: "in" if path.partition("/")[0] == "in" else None  # type: ignore[method-assign]

    async def url_of(_directory: str) -> str:
        return "http://other/"

    decider.producer._beside = Neighbours(decider.destination, url_of, lambda: ROOT)
    paths = ["in", "in/deep", "d"] if is_foreign else ["d", "e"]
    await decider.producer.visit_all([page_of([file("a")], path) for path in paths], decider._put)
    assert decider.paths == (["d/a"] if is_foreign else ["d/a", "e/a"])
    assert begun == (["in", "in/deep"] if is_foreign else ["e"])
    assert [result.path for result in decider.observer.results] == (["in/a", "in/deep/a"] if is_foreign else [])


async def test_new_directories_are_decided_on_together_and_others_alone(begun: list[str]) -> None:
    decider, puts = Decider(["sub/x"]), list[list[str]]()

    async def put(*jobs: Job) -> None:
        puts.append([job.path for job in jobs])

    pages = [page_of([file("a"), file("b")], path) for path in ("d", "sub", "e")]
    assert await decider.producer.visit_all(pages, put)
    assert puts[0] == ["d/a", "d/b", "e/a", "e/b"]
    assert sorted(chain.from_iterable(puts[1:])) == ["sub/a", "sub/b"]
    assert begun == ["sub"]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the directories about which the planner has decided entry by entry."""
    paths, decide = list[str](), planner.Planner._decide_all

    async def noted(self: planner.Planner, page: OpenPage) -> None:
        paths.append(page.page.directory.path)
        await decide(self, page)

    monkeypatch.setattr(planner.Planner, "_decide_all", noted)
    return paths


@pytest.mark.parametrize("name", ["", *FIELDS])
async def test_an_ordinary_page_takes_the_short_way(name: str, begun: list[str]) -> None:
    decider = Decider()
    await decider.producer.visit(page_of([file("a")], "sub", **({name: FIELDS[name]} if name else {})), decider._put)
    assert begun == ([] if name in {"", "mentioned", "flaws", "version"} else ["sub"])


@pytest.mark.parametrize(
    ("rows", "is_short"),
    [
        ([], False),
        ([file("a")] * 2, False),
        ([file("a"), file("d", kind=Kind.DIRECTORY)], False),
        ([file("SHA256SUMS")], False),
        ([file(f"f{number}") for number in range(64)], True),
        ([file(f"f{number}") for number in range(65)], False),
    ],
)
async def test_a_few_plain_files_take_the_short_way(rows: list[Entry], is_short: bool, begun: list[str]) -> None:
    decider = Decider()
    await decider.producer.visit(page_of(rows, "sub"), decider._put)
    assert begun == ([] if is_short else ["sub"])


@pytest.mark.parametrize("what", ["obstacles", "replaced"])
async def test_after_what_stands_in_the_way_of_a_directory_the_long_way_is_taken(what: str, begun: list[str]) -> None:
    decider = Decider()
    getattr(decider.producer.findings.unlisted, what)["d"] = "a mount point"
    await decider.producer.visit(page_of([file("a")], "sub"), decider._put)
    assert begun == ["sub"]


@pytest.mark.parametrize("sums", [None, b"", b"0" * 64 + b"  a\n"])
async def test_beside_checksum_files_the_long_way_is_taken(sums: bytes | None, begun: list[str]) -> None:
    decider = Decider(sums=sums, config=Config(last=()))
    pages = [page_of([file(name)], path) for name, path in [("a", "d"), ("SHA256SUMS", "e"), ("a", "sub")]]
    for page in pages:
        await decider.producer.visit(page, decider._put)
    assert begun == ([] if sums is None else ["e", "sub"])


async def test_where_something_is_here_or_known_the_long_way_is_taken(begun: list[str]) -> None:
    for there, states in [(["sub/x"], []), ([], ["sub/x"]), (["x"], ["x"])]:
        decider = Decider(there, *map(known, states))
        await decider.producer.visit(page_of([file("a")], "sub"), decider._put)
    assert begun == ["sub", "sub"]
