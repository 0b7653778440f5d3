"""A directory whose listing comes in pieces is decided on piece by piece, and as it would be as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.interfaces import UNREAD, LargeDirectory
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Known, Local
from crawler.pipeline.plan.open_directory import OpenDirectory
from crawler.storage.objects.large_directory import LargeObjectDirectory
from tests.support.fakes import FakeDestination
from tests.unit.pipeline.plan.test_new_files import CONFIGS, NAMES, entries
from tests.unit.pipeline.plan.test_planner import LOCAL, ROOT, Decider, file, known

LOCALS = [
    LOCAL,
    replace(LOCAL, size=11),
    Local(Kind.DIRECTORY, 0, 0),
    Local(Kind.DIRECTORY, 0, 0, "a mount point"),
    Local(Kind.FILE, 10, 5, "the --summary file"),
    Local(Kind.SYMLINK, 0, 0, "a symbolic link"),
]


class ByName(LargeDirectory):
    """Looks names up as a directory does."""

    def __init__(self, content: dict[str, Local]) -> None:
        self._content = content
        self.files = 0

    async def find(self, names: Collection[str]) -> dict[str, Local]:
        return {name: local for name, local in self._content.items() if name in names}

    async def others(self, is_file: Callable[[str], bool]) -> AsyncGenerator[dict[str, Local], None]:
        for name, local in self._content.items():
            if is_file(name) and local.kind is Kind.FILE and not local.spared:
                self.files += 1
            else:
                yield {name: local}


class Store(FakeDestination):
    """A destination that is large as ``kind`` says, and without times if it is a store."""

    def __init__(self, files: dict[str, Local], kind: str) -> None:
        super().__init__(files)
        self._kind = kind

    async def scan(self, directory: str) -> dict[str, Local]:
        found = await super().scan(directory)
        if self._kind == "names":
            return found
        return {
            name: replace(each, mtime=UNREAD, version="v") if each.kind is Kind.FILE else each
            for name, each in found.items()
        }

    async def inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        return {name: local for name, local in (await super().scan(directory)).items() if name in names}

    def large_directory(self, directory: str) -> LargeDirectory | None:
        if self._kind == "names":
            above = f"{directory}/" if directory else ""
            inside = {path[len(above) :]: each for path, each in self.files.items() if path.startswith(above)}
            below = {name.partition("/")[0]: Local(Kind.DIRECTORY, 0, 0) for name in inside if "/" in name}
            return ByName(below | {name: local for name, local in inside.items() if "/" not in name})
        return LargeObjectDirectory(self._pieces(directory)) if self._kind == "pieces" else None

    async def _pieces(self, directory: str) -> AsyncGenerator[dict[str, Local], None]:
        for name, local in sorted((await self.scan(directory)).items()):
            yield {name: local} if local.kind is Kind.FILE and not local.spared else {}


def outcome(decider: Decider, pages: Sequence[Sequence[Entry]], path: str, *, complete: bool) -> object:
    """All that a planner did with ``pages``, the pieces of one listing."""

    async def visit() -> object:
        for page in pages[:-1]:
            await decider.visit(*page, path=path, last=False)
        digest = decider.producer._open[path].digest
        await decider.visit(*pages[-1], path=path, complete=complete)
        return digest.entries, digest.files, digest.total, digest.is_plain, digest.resolution

    digests = asyncio.run(visit())
    observer, own, unlisted = decider.observer, decider.producer, decider.producer.findings.unlisted
    items = [
        sorted(map(repr, each))
        for each in (unlisted.gone, unlisted.replaced.items(), unlisted.obstructing.items(), unlisted.spared.items())
    ]
    done = [
        observer.results,
        observer.listed_paths,
        observer.refused,
        own.findings.held,
        own.findings.blocked,
        own.findings.local_files,
        digests,
    ]
    more = [sorted(unlisted.mentioned), unlisted.doubted, unlisted.obstacles, unlisted.occupied]
    return [*done, *items, *more, decider.jobs, own._policy.room._planned, decider.state.forgotten]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_pieces_are_decided_on_as_the_whole_directory(data: st.DataObject) -> None:
    ordered = data.draw(st.booleans())
    rows = data.draw(st.lists(entries(), min_size=1, max_size=12))
    rows = sorted(rows, key=lambda entry: entry.name) if ordered else rows
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), min_size=1, max_size=4)))
    pages = [rows[low:high] for low, high in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    path = data.draw(st.sampled_from(["", "sub"]))
    above = f"{path}/" if path else ""
    names = [name for name in NAMES if "/" not in name and name != ".."] + ["gone", "old.zip", "d/below", "sub/below"]
    local = data.draw(st.dictionaries(st.sampled_from(names).map(lambda name: above + name), st.sampled_from(LOCALS)))
    local = {name: each for name, each in local.items() if each.kind is not Kind.DIRECTORY or each.spared}
    if f"{above}d/below" in local:
        local.pop(f"{above}d", None)
    records = data.draw(st.lists(st.sampled_from(names).map(lambda name: above + name), unique=True))
    versions = data.draw(st.sampled_from(["", "v"]))
    states: list[Known] = [known(name, version=versions) for name in records]
    kind = data.draw(st.sampled_from(["names", "pieces", "neither"]))
    config = data.draw(st.sampled_from(CONFIGS)) if data.draw(st.booleans()) else None
    complete, kept = data.draw(st.booleans()), data.draw(st.sampled_from([0, 2, 100]))
    forbidden = data.draw(st.lists(st.sampled_from([ROOT + "a"]), max_size=1))
    sums = data.draw(st.sampled_from([None, None, b"0" * 64 + b"  a\n"]))

    def decider() -> Decider:
        made = Decider((), *states, config=config, forbidden=forbidden, sums=sums)
        made.destination = made.producer._destination = Store(local, kind)
        made.producer._rules = replace(made.producer._rules, destination=made.destination)
        if sums is not None:
            made.producer._policy.checksums._destination = made.destination  # type: ignore[union-attr]
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawler.model.limits.EXACT_NAMES", kept)
        by_piece = outcome(decider(), pages, path, complete=complete)

    def whole(*, path: str, large: object, **parts: object) -> OpenDirectory:
        return OpenDirectory(**parts)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawler.pipeline.plan.planner.LongDirectory", whole)
        assert by_piece == outcome(decider(), pages, path, complete=complete)


@pytest.mark.parametrize("kind", ["names", "pieces"])
async def test_only_the_files_of_a_piece_are_in_memory(kind: str) -> None:
    names = [f"f{number:02}" for number in range(40)]
    decider = Decider((), *[known(name, version="v") for name in names])
    decider.destination = decider.producer._destination = Store(dict.fromkeys([*names, "gone"], LOCAL), kind)
    for start in range(0, 40, 4):
        await decider.visit(*[file(name) for name in names[start : start + 4]], last=False)
        opened = decider.producer._open[""]
        assert len(opened.local[""]) == len(opened.known[""]) == 4
    await decider.visit()
    assert decider.extraneous == ["gone"]
    assert decider.producer.findings.local_files == 41
    assert {str(result.outcome) for result in decider.observer.results} == {"unchanged"}


async def test_names_that_are_not_in_the_order_of_a_store_are_looked_up_in_a_scan() -> None:
    decider = Decider((), *[known(name, version="v") for name in "abcd"])
    decider.destination = decider.producer._destination = Store(dict.fromkeys("abcde", LOCAL), "pieces")
    await decider.visit(file("c"), file("d"), last=False)
    await decider.visit(file("a"), file("b"))
    assert decider.extraneous == ["e"]
    assert decider.producer.findings.local_files == 5
    assert decider.observer.outcomes() == dict.fromkeys("abcd", "unchanged")


async def test_what_an_unread_rest_may_show_is_not_deleted() -> None:
    decider = Decider((), known("a"), known("b"))
    decider.destination = decider.producer._destination = Store(dict.fromkeys("ab", LOCAL), "names")
    await decider.visit(file("a"), last=False)
    await decider.visit(file("a2"), complete=False)
    assert (decider.extraneous, decider.state.forgotten) == ([], [])


@pytest.mark.parametrize("kind", ["names", "pieces", "neither"])
async def test_the_records_that_a_first_run_has_just_written_are_not_read(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decider = Decider(())
    decider.destination = decider.producer._destination = Store({}, kind)
    asked = list[str]()

    async def rows(path: str, _judge: object, default: object) -> object:
        asked.append(path)
        return default

    monkeypatch.setattr(decider.state, "rows", rows)
    await decider.visit(file("a"), last=False)
    await decider.visit(file("b"))
    assert [job.path for job in decider.jobs] == ["a", "b"]
    assert not asked
