"""Files in DIR/.crawler that this user may not write, as an earlier run of another user leaves them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.model.errors import DestinationError
from crawler.model.values import Known
from crawler.storage.access import _obstacle, unwritable
from crawler.storage.directory.destination import LocalDestination
from crawler.storage.state.store import SqliteState

NOBODY = 65534
STATE, WAL, SHM, JOURNAL = (f"state.sqlite3{suffix}" for suffix in ("", "-wal", "-shm", "-journal"))


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A DIR of the user ``nobody``."""
    if os.geteuid():
        pytest.skip("needs root, to act as another user")
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(place, NOBODY, NOBODY)
    yield place / "mirror"
    shutil.rmtree(place)


async def run(directory: Path, path: str) -> str | None:
    """What a run does with the program's own files. Returns the problem of its state. Raises DestinationError."""
    with as_nobody():
        async with LocalDestination(directory, fsync="none") as destination:
            await destination.acquire(0)
            async with SqliteState(directory / ".crawler" / STATE) as state:
                await state.begin_run("http://h/")
                state.remember([Known(path=path, url="http://h/a", row="", size=1, mtime=1)])
                assert (await state.file(path) is None) == (state.problem is not None)
            return state.problem


def changed(place: Path, owner: int, mode: int) -> None:
    if not place.exists():
        (place.mkdir if place.name == "trash" else place.touch)()
    os.chown(place, owner, owner)
    place.chmod(mode)


@pytest.mark.parametrize("name", [STATE, WAL, SHM, "lock", "parts"])
@pytest.mark.parametrize(("owner", "mode"), [(0, 0o700), (0, 0o444), (NOBODY, 0o444), (NOBODY, 0)])
async def test_a_file_that_may_not_be_written_is_named_or_mended_and_does_not_last(
    directory: Path, name: str, owner: int, mode: int
) -> None:
    assert await run(directory, "first") is None
    if name == "parts" and mode == 0o444:
        return  # it can be opened: only a file that is created in it fails
    place = directory / ".crawler" / name
    changed(place, owner, mode)
    is_mended = name in {WAL, SHM} and owner == NOBODY
    advice = "belongs to root: chown it to nobody" if owner == 0 else f"is not writable (mode {mode:04o}): chmod u+rw"
    try:
        problem = await run(directory, "second")
    except DestinationError as error:
        problem = str(error)
        assert name in {"lock", "parts"}
    assert (problem is None) == is_mended
    assert is_mended or f"{place} {advice}" in str(problem)
    if not is_mended:
        changed(place, NOBODY, 0o700 if name == "parts" else 0o644)
    assert await run(directory, "third") is None
    assert sorted(item.name for item in (directory / ".crawler").iterdir()) == ["lock", "parts", STATE]


async def test_an_empty_journal_of_another_user_is_no_obstacle(directory: Path) -> None:
    await run(directory, "first")
    changed(directory / ".crawler" / JOURNAL, 0, 0o600)
    assert await run(directory, "second") is None


def test_what_is_absent_or_writable_needs_no_advice(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "absent") is None
    assert unwritable(tmp_path) is None


@pytest.mark.parametrize("is_directory", [False, True])
@pytest.mark.parametrize(("owner", "user"), [(0, 0), (NOBODY, NOBODY), (0, NOBODY), (NOBODY, 0)])
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o600, 0o444, 0])
@pytest.mark.parametrize("attributes", [0, 0x10, 0x20, 0x80000])
def test_no_advice_is_to_do_what_is_already_so(
    is_directory: bool, owner: int, user: int, mode: int, attributes: int
) -> None:
    text = _obstacle((stat.S_IFDIR if is_directory else stat.S_IFREG) | mode, owner, user, attributes)
    is_frozen, needed = attributes in {0x10, 0x20}, 0o700 if is_directory else 0o600
    assert ("chattr -" in text) == is_frozen
    assert ("chown" in text) == (not is_frozen and owner != user)
    assert ("chmod" in text) == (not is_frozen and owner == user and mode & needed != needed)
    assert "?" in text or "chattr" in text or "chown" in text or "chmod" in text


@pytest.mark.parametrize(("letter", "name"), [("i", "immutable"), ("a", "append-only")])
@pytest.mark.parametrize("place", [".", STATE])
def test_a_frozen_file_is_named_with_its_attribute(tmp_path: Path, place: str, letter: str, name: str) -> None:
    (tmp_path / STATE).touch()
    path = tmp_path / place
    if subprocess.run(["chattr", f"+{letter}", path], check=False, capture_output=True).returncode:
        pytest.skip("needs root and a file system with attributes")
    try:
        found = unwritable(path)
    finally:
        subprocess.run(["chattr", f"-{letter}", path], check=True)
    assert found in {None, f"{path} is {name} (lsattr shows it): chattr -{letter} it"}
    assert (found is None) == (letter == "a"), "appending is writing, for the kernel"
