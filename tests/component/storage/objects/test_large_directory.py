"""A directory of a store is read in pieces, in the order of its names; whatever is not in order is left to a scan."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.model.values import Kind, Local
from crawler.storage.objects import large_directory
from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.large_directory import LargeObjectDirectory
from crawler.storage.objects.location import Location

FILE = Local(Kind.FILE, 1, 0)


async def pieces(*names: str) -> AsyncGenerator[dict[str, Local], None]:
    """A piece for each of several texts, with a file for each of its letters."""
    for piece in names:
        yield dict.fromkeys(piece, FILE)


async def rest_of(directory: LargeObjectDirectory, listed: str) -> list[str]:
    return ["".join(piece) async for piece in directory.others(lambda name: name in listed)]


@pytest.mark.parametrize(
    ("content", "windows", "found", "rest", "files"),
    [
        (["abc", "def"], ["abc", "def"], ["abc", "def"], [], 6),
        (["abc", "def"], ["ab", "d"], ["ab", "d"], ["cef"], 3),
        (["abc", "def"], ["ax", "", "y"], ["a", "", ""], ["bcdef"], 1),
        (["abcdef"], ["b", "d"], ["b", "d"], ["acef"], 2),
        (["abc", "def"], [], [], ["abc", "def"], 0),
        ([], ["ab"], [""], [], 0),
        (["abc", "def"], ["de", "a"], ["de", None], None, 0),
        (["abc", "", "def"], ["a", "d"], ["a", None], None, 0),
        (["abc", ""], ["a"], ["a"], ["bc", ""], 1),
    ],
)
async def test_names_are_looked_up_in_order(
    content: Sequence[str], windows: Sequence[str], found: Sequence[str | None], rest: list[str] | None, files: int
) -> None:
    directory = LargeObjectDirectory(pieces(*content))
    for names, expected in zip(windows, found, strict=True):
        local = await directory.find(list(names))
        assert (None if local is None else "".join(local)) == expected
    if rest is not None:
        assert await rest_of(directory, "".join(windows)) == rest
        assert directory.files == files


async def test_what_lies_between_the_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_directory, "_MOST_AHEAD", 3)
    directory = LargeObjectDirectory(pieces("ab", "cd", "ef", "gh"))
    assert await directory.find(["a"]) is not None
    assert await directory.find(["h"]) is None


async def test_a_store_is_looked_up_by_name_as_a_scan_shows_it() -> None:
    store = MemoryStore()
    names = [f"f{number}" for number in range(12)]
    for name in names:
        await obstore.put_async(store, f"d/{name}", b"x")
    await obstore.put_async(store, "sub/below/f", b"x")
    async with ObjectDestination(store, Location("s3", "memory", "")) as destination:
        whole = await destination.scan("d")
        directory, flat = destination.large_directory("d"), destination.large_directory("sub")
        assert directory is not None
        assert flat is not None
        assert await directory.find(["f1", "f10", "nothing"]) == {name: whole[name] for name in ("f1", "f10")}
        rest = [piece async for piece in directory.others(lambda name: name == "f2")]
        assert sorted(name for piece in rest for name in piece) == sorted({*names} - {"f1", "f10", "f2"})
        assert directory.files == 3
        assert await flat.find(["f"]) is None
        assert await destination.scan("new") == {}
        assert destination.large_directory("new") is None, "known to be empty"
