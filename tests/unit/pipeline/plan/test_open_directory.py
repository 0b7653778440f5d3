"""The times of files that a destination lists without them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crawler.model.interfaces import UNREAD
from crawler.model.values import Kind, Known, Local
from crawler.pipeline.plan.open_directory import OpenDirectory
from crawler.pipeline.plan.single_path import look
from tests.support.fakes import FakeDestination, MemoryState


class Store(FakeDestination):
    """A destination that lists versions instead of times. ``asked``: the names whose times were looked up."""

    def __init__(self, times: dict[str, int]) -> None:
        super().__init__({name: Local(Kind.FILE, 5, UNREAD, version="v1") for name in times})
        self._times = times
        self.asked: list[str] = []

    async def inspect(self, directory: str, names: Collection[str]) -> dict[str, Local]:
        self.asked += names
        return {name: Local(Kind.FILE, 5, self._times[name], version="v1") for name in names if name in self._times}


def known(name: str, version: str = "v1", size: int = 5) -> Known:
    return Known(path=name, url=f"http://h/{name}", row="r", size=size, mtime=7, version=version)


async def test_only_listed_files_that_are_not_as_saved_are_asked_about_and_all_at_once() -> None:
    store = Store(dict.fromkeys(("same", "other", "longer", "unknown", "unlisted", "gone"), 9))
    state = MemoryState()
    state.remember([known("same"), known("other", "v0"), known("longer", size=4)])
    opened = OpenDirectory(destination=store, state=state, url="http://h/")
    opened.shown.directories[""] = dict.fromkeys(("same", "other", "longer", "unknown", "gone", "absent"), False)
    await opened.scan("")
    del store._times["gone"]  # removed after it was listed
    local, saved = await opened.look("", "same")
    assert local is not None
    assert (local.mtime, saved) == (7, known("same")), "the time that it was given"
    assert sorted(store.asked) == ["gone", "longer", "other", "unknown"]
    for name in ("other", "longer", "unknown"):
        found, _ = await opened.look("", name)
        assert found == Local(Kind.FILE, 5, 9, version="v1")
    assert await opened.look("", "gone") == (None, None)
    assert await opened.look("", "absent") == (None, None)
    assert len(store.asked) == 4


class Counting(dict[str, Local]):
    """Counts how often names are looked up."""

    count = 0

    def get(self, name: str, default: object = None) -> Any:
        self.count += 1
        return super().get(name)


async def test_the_names_of_a_page_in_many_pieces_are_gone_through_once() -> None:
    """For a million names in pieces of 2,000 it were 250 million."""
    names = [f"f{number:03}" for number in range(100)]
    store, state = Store(dict.fromkeys(names, 9)), MemoryState(*map(known, names))
    opened = OpenDirectory(destination=store, state=state, url="http://h/")
    opened.local[""] = local = Counting(await store.scan(""))
    opened.known[""] = await state.directory("")
    for start in range(0, 100, 10):
        opened.shown.directories.setdefault("", {}).update(dict.fromkeys(names[start : start + 10], False))
        for name in names[start : start + 10]:
            assert (await opened.look("", name))[0] == Local(Kind.FILE, 5, 7, version="v1")
    assert store.asked == []
    assert local.count < 3 * len(names)


async def test_a_single_path_is_looked_at_with_its_time_wherever_it_comes_from() -> None:
    plain = FakeDestination({"d/x": Local(Kind.FILE, 1, 3)})
    assert await look(plain, "d/x") == Local(Kind.FILE, 1, 3)
    assert await look(plain, "d/y") is None
    store = Store({"x": 9})
    assert await look(store, "x") == Local(Kind.FILE, 5, 9, version="v1")
    assert store.asked == ["x"]
