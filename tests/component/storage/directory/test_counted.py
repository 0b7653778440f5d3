"""What is counted in a directory is what a scan of it finds, or nothing is counted."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.model.state.directory_digest import copy_digest
from crawler.model.values import Kind, Local
from crawler.storage.directory.boundaries.spared import Spared
from crawler.storage.directory.reading.counted import counted, listed
from crawler.storage.directory.reading.scan import Scan
from crawler.storage.directory.tree import Tree, identity

if TYPE_CHECKING:
    from crawler.storage.directory.reading.counted import Counted


def count(directory: Path, *paths: str) -> list[Counted | None]:
    root = os.open(directory, os.O_RDONLY)
    try:
        before = len(os.listdir("/proc/self/fd"))
        found = list(counted(root, paths))
        assert len(os.listdir("/proc/self/fd")) == before
        return found
    finally:
        os.close(root)


def scanned(directory: Path, path: str) -> Counted | None:
    """What a scan says about a directory; None unless it belongs to DIR and holds only files, of which none is left."""
    root = os.open(directory, os.O_RDONLY)
    scan = Scan(Tree(root, capacity=10), Spared(directory=directory))
    try:
        found = scan.scan(path)
        if scan.owner(path) is not None or scan.take_leftovers():
            return None
        return count_of(found)
    finally:
        scan.close()
        os.close(root)


def count_of(found: dict[str, Local]) -> Counted | None:
    if any(local.kind is not Kind.FILE for local in found.values()):
        return None
    return len(found), sum(copy_digest(name, local.size, local.mtime) for name, local in found.items())


def items(directory: Path, *paths: str) -> list[dict[str, Local] | None]:
    """What ``listed`` says, as a scan would say it."""
    root = os.open(directory, os.O_RDONLY)
    try:
        kinds, found = {False: Kind.FILE, True: Kind.DIRECTORY}, list[dict[str, Local] | None]()
        for path, there in zip(paths, listed(root, paths), strict=True):
            if there is not None:
                assert there[0] == identity((directory / path).stat())
            found.append(
                None
                if there is None
                else {name: Local(kinds[kind], size, mtime) for name, kind, size, mtime in there[1]}
            )
        return found
    finally:
        os.close(root)


def scan_of(directory: Path, path: str) -> dict[str, Local] | None:
    """What a scan finds in a directory; None if anything in it is protected, left over, or of another mirror."""
    root = os.open(directory, os.O_RDONLY)
    scan = Scan(Tree(root, capacity=10), Spared(directory=directory))
    try:
        found = scan.scan(path)
        is_plain = scan.owner(path) is None and not scan.take_leftovers()
        return found if is_plain and not any(local.spared for local in found.values()) else None
    finally:
        scan.close()
        os.close(root)


def _file(path: Path) -> None:
    path.write_bytes(b"x" * random.randrange(5))


def _mirror(path: Path) -> None:
    path.mkdir()
    (path / ".crawler").touch()


ITEMS: dict[str, Callable[[Path], object]] = {
    ".crawler": Path.mkdir,
    ".Crawler": Path.touch,
    ".crawler-0123456789abcdef.0.part": _file,
    ".htaccess": _file,
    ".treeinfo": Path.mkdir,
    "a directory": Path.mkdir,
    "a link": lambda path: path.symlink_to("elsewhere"),
    "a mirror": _mirror,
    "a pipe": os.mkfifo,
    "ä": _file,
    "ä\udcff": _file,
    "z" * 255: _file,
}
"""What may lie beside ordinary files, by name."""
ABOVE = ("", "a", "A/b", "1.0", "link", "file", "missing", "a/../a", "/a", "ä", "a//b", ".crawler", "a\udcff", "a\0")


def test_what_is_counted_is_what_a_scan_finds(tmp_path: Path) -> None:
    """Random directories, in which each kind of thing lies now and then, in random order."""
    chance, plain, unusual, shown = random.Random(5), 0, 0, 0
    for number in range(40):
        directory = tmp_path / str(number)
        paths = ["", "a", "A/b", "1.0", "a/c/d", "a/c/e", "a/c/d/e"]
        for path in paths:
            (directory / path).mkdir(parents=True, exist_ok=True)
            for name in chance.sample(["one", "Two", "3.gz"], chance.randrange(4)):
                _file(directory / path / name)
            for name in chance.sample(sorted(ITEMS), chance.choice([0, 0, 0, 1])):
                if not os.path.lexists(directory / path / name):
                    ITEMS[name](directory / path / name)
        (directory / "link").symlink_to("a")
        (directory / "file").touch()
        for path, found in zip(paths, count(directory, *paths), strict=True):
            assert found in (None, scanned(directory, path)), path
            plain, unusual = plain + (found is not None), unusual + (found is None)
        for path, there in zip(paths, items(directory, *paths), strict=True):
            assert there is None or there == scan_of(directory, path), path
            shown = shown + (there is not None and Kind.DIRECTORY in {local.kind for local in there.values()})
        paths = chance.sample(ABOVE, len(ABOVE))
        for path, found in zip(paths, count(directory, *paths), strict=True):
            assert found is None or found == scanned(directory, path), path
    assert plain > 50 and unusual > 50 and shown > 20


def test_ordinary_directories_are_counted(tmp_path: Path) -> None:
    for number, path in enumerate(("a/b/c", "a/b/D", "a/e/c", "e")):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "one").write_bytes(b"1" * number)
        (tmp_path / path / ".htaccess").touch()
    paths = ["a/b/D", "e", "a/b/c", "a/e/c", "e"]
    found = count(tmp_path, *paths)
    assert None not in found and found == [scanned(tmp_path, path) for path in paths]
    (tmp_path / ".crawler").mkdir()
    assert count(tmp_path / "e", "") == count(tmp_path, "e")
    (tmp_path / "e/.crawler").mkdir()
    assert count(tmp_path / "e", "") == [found[1]]
    assert count(tmp_path, "e") == [None]


def test_what_another_file_system_or_locale_might_take_for_something_else_is_left_to_the_scan(tmp_path: Path) -> None:
    for path in ("a/.CRAWLER", "b/\u200b.crawler", "ä/plain", "c/one"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()
    (tmp_path / "link").symlink_to("c")
    assert count(tmp_path, "a", "b", "ä", "c/../c", "./c", "/c", "c/", "missing", "c/one", "link") == [None] * 10


def test_what_a_scan_has_to_tell_apart_is_not_listed(tmp_path: Path) -> None:
    for name in ("plain/d", "full/d", "mirror/d/.crawler", "linked/d", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "linked" / "link").symlink_to("d")
    for number in range(500):
        (tmp_path / "full" / str(number)).touch()
    names = ("plain", "full", "mirror", "linked", "empty", "missing")
    found = items(tmp_path, *names)
    assert found == [scan_of(tmp_path, "plain"), *[None] * 5]
    os.mkdir(tmp_path / ".crawler")
    assert items(tmp_path / "plain", "") == [scan_of(tmp_path, "plain")]


@pytest.mark.parametrize("name", ["d", "d/E"])
def test_a_directory_with_several_spellings_is_left_to_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "d" / "E").mkdir(parents=True)
    stat = os.stat

    def folding(name: object, **options: object) -> os.stat_result:
        text = os.fsdecode(name) if isinstance(name, (str, bytes)) else name
        return stat({"D": "d", "e": "E"}.get(text, text), **options)  # type: ignore[arg-type,call-overload]

    monkeypatch.setattr(os, "stat", folding)
    assert count(tmp_path, name) == [None]


def test_no_directory_is_counted_while_no_file_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()

    def refused(*_args: object, **_options: object) -> int:
        raise OSError(24, "too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        assert list(counted(-1, ["a", ""])) == [None, None]
    assert count(tmp_path, "a") == [(0, 0)]
