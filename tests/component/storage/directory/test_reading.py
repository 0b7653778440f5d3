"""Names of DIR that are looked up one by one, or some thousand at a time, are what a scan of their directory shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.spared import OwnFile
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.directory.windows.destination import WindowsDestination

ODD = ["absent", "", ".", "..", "a/b", "nul\0", "n" * 300, "\ud800", ".crawler", "A.bin", "a\u0308"]
DIRECTORIES = ["", "d", "other", "other/below", "link", "nowhere", "d/a.bin", "x" * 300]


def planted(root: Path) -> LocalDestination:
    """A directory with everything that is treated in its own way."""
    for name in (".crawler", "d/sub", "other/.crawler", "other/below"):
        (root / name).mkdir(parents=True)
    for name in (
        "a.bin",
        "ä",
        "d/a.bin",
        "d/summary.json",
        "other/f",
        "other/below/f",
        "d/.crawler-0123456789abcdef.1.part",
    ):
        (root / name).write_bytes(name.encode())
    (root / os.fsdecode(b"\xff")).touch()
    (root / "link").symlink_to("d")
    os.mkfifo(root / "d/fifo")
    return LocalDestination(root, own=[OwnFile("--summary", root / "d/summary.json")])


@pytest.mark.parametrize("directory", DIRECTORIES)
async def test_what_is_looked_up_by_name_is_what_a_scan_shows(tmp_path: Path, directory: str) -> None:
    async with planted(tmp_path) as destination:
        whole = await destination.scan(directory)
    names = [*whole, *ODD]
    async with planted_again(tmp_path) as destination:
        found = [await destination.inspect(directory, [name]) for name in names]
        together = await destination.inspect(directory, names)
        owner = destination.owner(directory)
    expected = {name: local for name, local in whole.items() if name != ".crawler"}
    assert together == expected
    assert found == [{name: expected[name]} if name in expected else {} for name in names]
    assert (owner is None) == (not directory.startswith("other"))


def planted_again(root: Path) -> LocalDestination:
    return LocalDestination(root, own=[OwnFile("--summary", root / "d/summary.json")])


@pytest.mark.parametrize("listed", [[], ["a.bin", "summary.json", "sub"], ["link", "absent", "fifo", "f"]])
@pytest.mark.parametrize("directory", DIRECTORIES)
async def test_a_large_directory_shows_the_same(tmp_path: Path, directory: str, listed: list[str]) -> None:
    async with planted(tmp_path) as destination:
        whole = await destination.scan(directory)
    async with planted_again(tmp_path) as destination:
        large = destination.large_directory(directory)
        assert large is not None
        assert await large.find(listed) == {name: local for name, local in whole.items() if name in listed}
        rest = dict[str, Local]()
        async for piece in large.others(lambda name: name in listed):
            rest |= piece
    left_out = {name for name in whole if name not in rest}
    assert rest == {name: local for name, local in whole.items() if name not in left_out}
    assert all(name in listed and whole[name].kind is Kind.FILE and not whole[name].spared for name in left_out)
    assert large.files == len(left_out)


async def test_what_a_run_has_stored_in_an_empty_directory_is_not_looked_at(tmp_path: Path) -> None:
    async with LocalDestination(tmp_path) as destination:
        large = destination.large_directory("")
        assert large is not None
        assert await large.find(["f"]) == {}
        (tmp_path / "f").write_bytes(b"")
        assert await large.find(["f"]) == {}
        assert [piece async for piece in large.others(lambda _: True)] == []
        assert large.files == 0


async def test_a_name_is_not_looked_up_in_another_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that folds case."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/ReadMe").write_bytes(b"1")
    (tmp_path / "d/z").write_bytes(b"1")
    stat = os.stat

    def folding(name: object, **options: object) -> os.stat_result:
        if isinstance(name, bytes) and name.lower() == b"readme":
            name = b"ReadMe"
        return stat(name, **options)  # type: ignore[arg-type,call-overload,no-any-return]

    monkeypatch.setattr(os, "stat", folding)
    async with LocalDestination(tmp_path) as destination:
        assert await destination.inspect("d", ["readme", "z"]) == {
            name: local for name, local in (await destination.scan("d")).items() if name == "z"
        }
        assert list(await destination.inspect("d", ["ReadMe"])) == ["ReadMe"]


@pytest.mark.parametrize("name", ["a:b", "con", "ABC", "abc", "absent", "n" * 300])
async def test_windows_names_are_looked_up_as_they_are_stored(tmp_path: Path, name: str) -> None:
    (tmp_path / "d%3A").mkdir()
    for stored in ("a%3Ab", "%63on", "con", "ABC", "%61bc"):
        (tmp_path / "d%3A" / stored).write_bytes(stored.encode())
    async with WindowsDestination(tmp_path) as destination:
        whole = await destination.scan("d:")
        assert await destination.inspect("d:", [name]) == {each: whole[each] for each in [name] if each in whole}


async def test_one_name_is_looked_up_without_reading_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(Scan, "_scan", None)
    monkeypatch.setattr(os, "listdir", None)
    async with LocalDestination(tmp_path) as destination:
        assert list(await destination.inspect("", ["a", "b"])) == ["a"]


async def test_a_directory_that_cannot_be_read_is_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a").touch()

    def locked(*_: object) -> object:
        raise PermissionError(13, "permission denied")

    async with LocalDestination(tmp_path) as destination:
        large = destination.large_directory("d")
        assert large is not None
        assert list(await large.find(["a"])) == ["a"]
        monkeypatch.setattr(os, "scandir", locked)
        with pytest.raises(DestinationError, match="cannot read the directory d"):
            _ = [piece async for piece in large.others(lambda _: False)]
