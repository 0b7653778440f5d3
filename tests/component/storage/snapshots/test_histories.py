"""Random histories of DIR: a snapshot is a copy of DIR, later changes do not affect it, and only changes take space."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.options.retention import Retention
from tests.component.storage.snapshots.test_publication import OLD, Mirror

PATHS = st.sampled_from(["a", "b", "d", "d/a", "d/e", "d/e/f", "l"])
BODIES = st.sampled_from(["", "1", "2", "33"])
STEPS = st.one_of(
    st.tuples(st.just("save"), PATHS, BODIES),
    st.tuples(st.just("edit"), PATHS, BODIES),
    st.tuples(st.just("link"), PATHS, st.sampled_from(["a", "d", "../x"])),
    st.tuples(st.just("directory"), PATHS, st.just("")),
    st.tuples(st.just("chmod"), PATHS, st.sampled_from(["700", "755"])),
    st.tuples(st.just("remove"), PATHS, st.just("")),
    st.tuples(st.just("publish"), st.just(""), st.just("")),
)


def remove(mirror: Mirror, path: str) -> None:
    place = mirror.directory / path
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    mirror.known = {known: one for known, one in mirror.known.items() if f"{known}/".find(f"{path}/") != 0}


def make_room(mirror: Mirror, path: str) -> Path:
    """Remove what is at ``path``, and every file that is in the way of its directory."""
    pieces = path.split("/")
    for count in range(1, len(pieces)):
        above = mirror.directory / "/".join(pieces[:count])
        if above.is_symlink() or not above.is_dir():
            remove(mirror, "/".join(pieces[:count]))
            above.mkdir()
    return mirror.directory / path


def act(mirror: Mirror, verb: str, path: str, more: str) -> None:
    place = make_room(mirror, path)
    if verb == "edit" and place.is_file() and not place.is_symlink() and path not in mirror.known:
        place.write_text(more)  # writes into the file, as other programs do
        os.utime(place, ns=(OLD, OLD + len(more) * 10**10))
        return
    if verb == "chmod":
        if place.is_dir() and not place.is_symlink():
            place.chmod(int(more, 8))
        return
    if verb == "save" and place.is_file() and not place.is_symlink():
        mirror.save(path, more)
        return
    remove(mirror, path)
    match verb:
        case "save":
            mirror.save(path, more)
        case "edit":
            place.write_text(more)
            os.utime(place, ns=(OLD, OLD))
        case "link":
            place.symlink_to(more)
        case "directory":
            place.mkdir()


def picture(directory: Path) -> dict[str, tuple[object, ...]]:
    """Every path below ``directory`` except .crawler → what it is."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, names in os.walk(directory):
        if ".crawler" in folders:
            folders.remove(".crawler")
        for name in [*folders, *names]:
            place = Path(folder) / name
            status = place.lstat()
            if place.is_symlink():
                value: tuple[object, ...] = ("link", os.readlink(place))
            elif place.is_dir():
                value = ("directory", status.st_mode)
            else:
                value = ("file", place.read_text(), status.st_mtime_ns, status.st_mode)
            found[str(place.relative_to(directory))] = value
    return found


@settings(max_examples=25)
@given(steps=st.lists(STEPS, max_size=40))
def test_a_snapshot_is_what_the_directory_was(steps: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        mirror = Mirror(Path(temporary) / "mirror")
        expected: dict[str, dict[str, tuple[object, ...]]] = {}
        last = None
        for verb, path, more in [*steps, ("publish", "", "")]:
            if verb != "publish":
                act(mirror, verb, path, more)
                continue
            now = picture(mirror.directory)
            name = mirror.publish(Retention(100))
            assert (name != "") == (now != last), "a snapshot for each change that can be seen"
            if name:
                expected[name] = last = now
                for known in mirror.known:
                    assert mirror.inode(known) == mirror.inode(known, name), "what the mirror saved is shared"
            assert {each: picture(mirror.shelf / each) for each in expected} == expected
