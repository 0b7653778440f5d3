"""New files that are planned in the short way end as the rules of the planner would decide, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.config import Config
from crawler.model.errors import DestinationError
from crawler.model.options.rules import Rule
from crawler.model.state.directory_digest import row_digest
from crawler.model.values import Entry, Job, Kind, Span, Validators
from crawler.pipeline.plan.planner import Planner
from crawler.pipeline.rules.budgets import Budget
from crawler.pipeline.walk.pages import Directory, DirectoryPage, Elsewhere
from tests.unit.pipeline.plan.test_planner import HOUR, NOON, PLENTY, ROOT, Decider, file, known

NAMES = ["a", "b.zip", "c d.zip", "a+b", "SHA256SUMS", "b.zip.sha256"]
NAMES += [".hidden", "ä", "..", "x/y", "n" * 250, "d", "a\nd"]
CONFIGS = [
    Config(),
    Config(ext=("zip",)),
    Config(rules=(Rule(include=False, pattern="a*"),)),
    Config(min_size=5),
    Config(max_size=5),
    Config(last=("b*",)),
    Config(last=("[b]*", "c?d.zip")),
    Config(last=("*", "b.zip")),
    Config(check="digest"),
]


async def _none(*_: object) -> None:
    return None


def entries() -> st.SearchStrategy[Entry]:
    """Rows as listings show them: usual ones, and those about which each rule of the planner decides."""
    usual = st.builds(file, st.sampled_from(NAMES[:6]), size=st.sampled_from([1, 10]))
    changed: dict[str, list[object]] = {
        "kind": [Kind.UNKNOWN, Kind.DIRECTORY],
        "folder": ["sub"],
        "size": [None],
        "modified": [None],
        "digest": ["md5:" + "0" * 32],
        "url": ["http://other/a", "http://h/above", f"{ROOT}../x", f"{ROOT}a%2e", "ftp://h/a", f"{ROOT}second"],
        "name": [*NAMES[6:]],
    }
    change = st.sampled_from([(name, value) for name, values in changed.items() for value in values])
    unusual = st.builds(lambda entry, one: replace(entry, **{one[0]: one[1]}), usual, change)
    return st.one_of(usual, usual, usual, unusual)


def planned(short: bool, pages: Sequence[Sequence[Entry]], decider: Decider, path: str) -> object:
    """All that a planner did with ``pages``, with or without the short way."""

    async def visit() -> str:
        try:
            for page in pages:
                await decider.visit(*page, path=path, last=False)
            digest = decider.producer._open[path].digest
            digests.append((digest.entries, digest.files, digest.total, digest.is_plain, digest.resolution))
            await decider.visit(path=path, complete=True)
        except DestinationError as error:
            return str(error)
        return ""

    digests: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        if not short:
            patch.setattr("crawler.pipeline.plan.planner.new_files", _none)
        error = asyncio.run(visit())
    observer, own = decider.observer, decider.producer
    done = [
        observer.results,
        observer.listed_paths,
        observer.refused,
        own.findings.held,
        own.findings.blocked,
        own.findings.unlisted,
        error,
        digests,
    ]
    # before a run that fails for lack of space, other files may have been put into the queue
    jobs = [replace(job, mark=None) for job in decider.jobs]
    return [*done, None if error else jobs, own._policy.room._planned, decider.state.forgotten]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_short_way_ends_as_the_rules_decide(data: st.DataObject) -> None:
    pages = data.draw(st.lists(st.lists(entries(), max_size=6), min_size=1, max_size=2))
    path = data.draw(st.sampled_from(["", "", "sub", "/".join(["n" * 200] * 20)]))
    above = f"{path}/" if path else ""
    seldom = data.draw(st.integers(0, 2)) == 0
    local = data.draw(st.lists(st.sampled_from([above + "a", above + "b.zip"]), max_size=1)) if seldom else []
    states = (
        [known(name) for name in data.draw(st.lists(st.sampled_from([*local, above + "a"]), max_size=1))]
        if seldom
        else []
    )
    config = data.draw(st.sampled_from(CONFIGS)) if data.draw(st.booleans()) else Config()
    forbidden = data.draw(st.lists(st.sampled_from([ROOT + "a", ROOT + "b.zip"]), max_size=1)) if seldom else []
    budget = data.draw(st.sampled_from([None, None, (1, None), (None, 15)]))
    free = data.draw(st.sampled_from([PLENTY, PLENTY, PLENTY, 25]))

    sums = data.draw(st.sampled_from([None, b"", b"0" * 64 + b"  a\n"]))

    def decider() -> Decider:
        made = None if budget is None else Budget(files=budget[0], size=budget[1])
        return Decider(local, *states, config=config, forbidden=forbidden, budget=made, free=free, sums=sums)

    assert planned(True, pages, decider(), path) == planned(False, pages, decider(), path)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 300])
async def test_new_files_are_put_in_the_order_of_the_listing(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    decider = Decider()
    rows = [file(f"{number}.zip") for number in range(count)]
    monkeypatch.setattr(Planner, "_decide", None)  # none of them takes the long way
    await decider.visit(*rows)
    assert decider.paths == [row.name for row in rows]
    decider.assert_closed()


@pytest.mark.parametrize("there", [[], ["other"]])
@pytest.mark.parametrize(
    ("is_new", "below", "expected"), [(True, "", [[Span(10, 10), None]]), (False, "", []), (True, "sub", [])]
)
async def test_the_destination_is_told_which_sizes_to_expect_of_new_files(
    there: list[str], below: str, *, is_new: bool, expected: list[list[Span[int] | None]]
) -> None:
    decider, told = Decider([*there, *([] if is_new else ["a"])], *([] if is_new else [known("a")])), list[object]()
    rules = decider.producer._rules
    decider.producer._rules = replace(rules, policy=replace(rules.policy, expect=told.append))
    await decider.visit(file("a", directory=below), replace(file("b", directory=below), size=None))
    assert told == expected


async def test_a_file_that_takes_the_long_way_keeps_its_place_in_the_order() -> None:
    decider = Decider()
    await decider.visit(file("a"), file("ä"), file("b"), replace(file("c"), kind=Kind.UNKNOWN), file("d"))
    assert decider.paths == ["a", "ä", "b", "c", "d"]


async def test_beside_checksum_files_the_long_way_is_taken() -> None:
    decider = Decider(sums=b"0" * 64 + b"  a\n")
    await decider.visit(file("SHA256SUMS"), file("a"), file("b"))
    assert [(job.path, job.digest) for job in decider.jobs] == [("a", "sha256:" + "0" * 64), ("b", None)]


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the entries on which the planner has decided one by one."""
    names, decide = list[str](), Planner._decide

    async def noted(self: Planner, directory: object, entry: Entry, *others: object, **more: object) -> None:
        names.append(entry.name)
        await decide(self, directory, entry, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Planner, "_decide", noted)
    return names


LONGEST = limits.PATH_BYTES // 4
AT_REST = "n" * 200 + "/"
UNUSUAL = {
    "usual": (file("m"), False),
    "of no size": (replace(file("m"), size=None), False),
    "of no time": (replace(file("m"), modified=None), False),
    "unknown": (replace(file("m"), kind=Kind.UNKNOWN), True),
    "of a directory below": (file("m", directory="sub"), True),
    "with a digest": (replace(file("m"), digest="md5:" + "0" * 32), True),
    "with a name that may need another one": (file("mä"), True),
    "that is there": (file("d"), True),
    "above": (file("m", url="http://h/m"), True),
    "of another host": (file("m", url="http://other/m"), True),
    "twice": (file("b.zip"), True),
}


@pytest.mark.parametrize("what", UNUSUAL)
async def test_what_takes_the_long_way_stands_alone(what: str, long_way: list[str]) -> None:
    """Those before and behind it take the short way; what has the name of something else is not new."""
    entry, is_unusual = UNUSUAL[what]
    decider = Decider()
    await decider.visit(file("b.zip"), file("c"), entry, file("y"), file("z"), file("d", kind=Kind.DIRECTORY))
    assert long_way == [entry.name] * is_unusual


@pytest.mark.parametrize(
    ("config", "forbidden", "expected"),
    [
        (Config(), [], ""),
        (Config(ext=("zip",)), [], "a c"),
        (Config(min_size=11), [], "a b.zip c"),
        (Config(min_size=10), [], ""),
        (Config(rules=(Rule(include=False, pattern="c"),)), [], "c"),
        (Config(last=("b*",)), [], "b.zip"),
        (Config(rules=(Rule(include=False, pattern="sub/c"),)), [], "c"),
        (Config(newer_than=NOON - HOUR), [], ""),
        (Config(newer_than=NOON + HOUR), [], "a b.zip c"),
        (Config(), [ROOT + "c"], "c"),
        (Config(ext=("zip",)), [ROOT + "b.zip"], "a b.zip c"),
    ],
)
async def test_what_an_option_or_robots_txt_may_refuse_takes_the_long_way(
    config: Config, forbidden: list[str], expected: str, long_way: list[str]
) -> None:
    decider = Decider(config=config, forbidden=forbidden)
    await decider.visit(file("a"), file("b.zip"), file("c"), path="sub")
    assert long_way == expected.split()


@pytest.mark.parametrize(
    ("local", "states", "expected"),
    [
        ([], [], ""),
        (["b"], [], "b"),
        (["other"], [], ""),
        (["sub/b"], [], ""),
        ([], ["b"], "a b c"),
        ([], ["gone"], "a b c"),
        ([], ["sub/b"], ""),
    ],
)
async def test_where_the_state_or_the_destination_has_something_the_long_way_is_taken(
    local: list[str], states: list[str], expected: str, long_way: list[str]
) -> None:
    decider = Decider(local, *map(known, states))
    await decider.visit(file("a"), file("b"), file("c"))
    assert long_way == expected.split()


async def test_what_the_destination_cannot_store_takes_the_long_way(long_way: list[str]) -> None:
    decider = Decider()
    decider.destination.rejects = {"sub/con": "is a device"}.get  # type: ignore[method-assign]
    await decider.visit(file("a"), file("con"), file("b"), path="sub")
    assert long_way == ["con"]


@pytest.mark.parametrize("what", ["obstacles", "replaced"])
async def test_after_what_stands_in_the_way_of_a_directory_the_long_way_is_taken(
    what: str, long_way: list[str]
) -> None:
    decider = Decider()
    await decider.visit(file("a"), last=False)
    getattr(decider.producer.findings.unlisted, what)["d"] = "a mount point"
    await decider.visit(file("b"))
    assert long_way == ["b"]


async def test_what_a_listing_repeats_is_planned_once_and_another_file_of_the_name_is_refused(
    long_way: list[str],
) -> None:
    decider = Decider()
    await decider.visit(file("a"), last=False)
    await decider.visit(file("a"), file("a", url=f"{ROOT}other"))
    assert long_way == ["a", "a"]
    assert decider.paths == ["a"]
    assert [result.outcome for result in decider.observer.results] == ["failed"]


async def test_the_listing_of_another_upstream_takes_the_long_way(long_way: list[str]) -> None:
    decider = Decider()
    directory = Directory(path="", url=ROOT)
    page = DirectoryPage(
        directory=directory, url=ROOT, scope=decider.scope, entries=[file("a")], complete=True, last=True
    )
    await decider.producer.visit(replace(page, elsewhere=Elsewhere(scope=decider.scope, base=ROOT)), decider._put)
    assert long_way == ["a"]


async def test_a_limited_run_takes_the_long_way_and_so_does_a_page_without_new_files(long_way: list[str]) -> None:
    await Decider(budget=Budget(files=9, size=None)).visit(file("a"))
    assert long_way == ["a"]
    await Decider().visit(replace(file("b"), kind=Kind.UNKNOWN), file("c", directory="sub"))
    assert long_way == ["a", "b", "c"]


@pytest.mark.parametrize(("length", "is_long"), [(LONGEST, False), (LONGEST + 1, True)])
async def test_a_path_that_may_be_too_long_takes_the_long_way(length: int, is_long: bool, long_way: list[str]) -> None:
    path = (AT_REST * 99)[: length - 2] + "n"
    await Decider().visit(file("a"), path=path[: length - 2])
    assert long_way == ["a"] * is_long


async def test_a_job_has_the_digest_of_its_row_if_that_has_been_computed() -> None:
    decider, time = Decider(), Span(NOON, NOON)
    rows = [replace(file(name, size=7), modified=time) for name in "abc"]
    await decider.visit(*rows, replace(rows[0], name="d", url=f"{ROOT}d?x=1"), path="sub")
    marks = [row_digest(name, f"{ROOT}{name}", row.row, 7) for name, row in zip("abcd", [*rows, rows[0]], strict=True)]
    assert [job.mark for job in decider.jobs] == [None, *marks[1:]]


async def test_a_new_file_is_booked_listed_and_put_as_what_it_is() -> None:
    decider = Decider(free=1000)
    decider.destination.parts["sub/begun"] = (b"123", Validators())
    loose, unsized = replace(file("b"), size=Span(3, 9), modified=None), replace(file("c"), size=None)
    rows = [file("a", size=7), loose, unsized, file("begun", size=99)]
    await decider.visit(*rows, path="sub")
    assert decider.jobs == [
        Job(url=row.url, path=f"sub/{row.name}", reason="new", size=row.size, modified=row.modified, row=row.row)
        for row in rows
    ]
    assert decider.producer._policy.room._planned == 7 + 3, "what has been begun has been booked"
    assert decider.observer.listed_paths == [f"sub/{row.name}" for row in rows]
