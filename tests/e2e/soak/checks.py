"""Invariants after each run, however it ended: DIR agrees with the tree, and the counts with the server's log."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.soak.server import Log
from tests.e2e.soak.tree import data_of, mtime_of, size_of

OWN = ".crawler"
OWN_NAMES = frozenset(("state.sqlite3", "state.sqlite3-wal", "state.sqlite3-shm", "lock", "parts"))
SHOWN = 5
"""Maximum number of examples named for a problem."""


class Wrong(AssertionError):
    """An invariant is violated."""


@dataclass(slots=True)
class Content:
    """The content of DIR: path → number of the version."""

    files: dict[str, int] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    stamps: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Path → (inode, ctime in nanoseconds): a file with the same values need not be read again."""


def none(what: str, found: object) -> None:
    """Raise Wrong if ``found`` is not empty."""
    items = sorted(map(repr, found)) if isinstance(found, set | frozenset | list | dict) else [repr(found)]
    if found:
        raise Wrong(f"{what}: {len(items):,}, such as {', '.join(items[:SHOWN])}")


def equal(what: str, found: object, wanted: object) -> None:
    """Raise Wrong unless both are equal."""
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, wanted {wanted!r}")


def look(directory: Path, tree: Mapping[str, int], before: Content, *, all_again: bool = False) -> Content:
    """Read DIR. Every file must be a complete version: that of ``tree``, or the one that was there ``before``."""
    content, broken = Content(), set[str]()
    for path, info in _below(str(directory)):
        if stat.S_ISDIR(info.st_mode):
            content.directories.add(path)
            continue
        stamp = (info.st_ino, info.st_ctime_ns)
        number = before.files.get(path) if not all_again and before.stamps.get(path) == stamp else None
        if number is None:
            number = _version(directory / path, info, (tree.get(path), before.files.get(path)))
        if number is None:
            broken.add(path)
        else:
            content.files[path], content.stamps[path] = number, stamp
    none("files under a final name that are no version of theirs", broken)
    none("strangers in .crawler", set(os.listdir(directory / OWN)) - OWN_NAMES)
    return content


def _version(path: Path, info: os.stat_result, candidates: tuple[int | None, ...]) -> int | None:
    """The version of the file among ``candidates``, by size, time and bytes."""
    for number in dict.fromkeys(candidates):
        if number is None or not stat.S_ISREG(info.st_mode):
            continue
        if (info.st_size, int(info.st_mtime)) == (size_of(number), mtime_of(number)):
            with open(path, "rb") as file:
                if file.read() == data_of(number):
                    return number
    return None


def _below(top: str) -> Iterator[tuple[str, os.stat_result]]:
    """(path below ``top``, lstat result) of everything except the program's own directory."""
    todo = [""]
    while todo:
        directory = todo.pop()
        with os.scandir(f"{top}/{directory}") as entries:
            for entry in entries:
                path = f"{directory}/{entry.name}" if directory else entry.name
                if path == OWN:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
                yield path, entry.stat(follow_symlinks=False)


def parts(directory: Path) -> list[str]:
    """Names of incomplete downloads."""
    return sorted(os.listdir(directory / OWN / "parts"))


def nothing_lost(before: Content, after: Content, tree: Mapping[str, int]) -> None:
    """Check that files that were in DIR and exist upstream are still in DIR."""
    none("deleted, though upstream", (before.files.keys() & tree.keys()) - after.files.keys())


def up_to_date(log: Log, before: Content, after: Content, tree: Mapping[str, int]) -> None:
    """Check after a finished run that the files the server delivered are current and the others unchanged."""
    late = {path for path in tree if after.files.get(path) != tree[path]}
    excused = {path for path in late if path in log.failed_files or path.rpartition("/")[0] not in log.served}
    none("listed and served, but not current here", late - excused)
    none("changed by a run in which it failed", {p for p in excused if after.files.get(p) != before.files.get(p)})


def proven_gone(log: Log, before: Content, directories: set[str], tree: Mapping[str, int]) -> set[str]:
    """Files that a run with --delete must delete: a complete listing shows neither them nor a directory above them."""

    def is_proven(path: str) -> bool:
        directory = path.rpartition("/")[0]
        while directory not in directories:
            directory = directory.rpartition("/")[0]
        return directory in log.served

    return {path for path in before.files.keys() - tree.keys() if is_proven(path)}


def change_list(lines: str, summary: Mapping[str, object], before: Content, after: Content) -> None:
    """Check that the change list names each change in DIR and each failure once, and nothing else."""
    reported = dict[str, set[str]](added=set(), updated=set(), deleted=set(), failed=set())
    for line in lines.splitlines():
        change = json.loads(line)
        reported[change["change"]].add(change["path"])
    saved = reported["added"] | reported["updated"]
    new = {path for path, number in after.files.items() if before.files.get(path) != number}
    none("changed, and not in the change list", new - saved)
    none("in the change list, and not here", saved - after.files.keys())
    none(
        "deleted by the change list only, or in DIR only",
        reported["deleted"] ^ (before.files.keys() - after.files.keys()),
    )
    for count, paths in (("saved", saved), ("deleted", reported["deleted"]), ("failed", reported["failed"])):
        equal(f"{count} in the account", summary[count], len(paths))


def account(summary: Mapping[str, object], log: Log, tree: Mapping[str, int]) -> None:
    """Check that the counts add up and that the failures are exactly those that the server caused."""
    ends = [summary[name] for name in ("saved", "unchanged", "skipped", "failed")]
    equal("saved + unchanged + skipped + failed", sum(ends), summary["listed"])  # type: ignore[arg-type]
    for name, wanted in (("failures", log.failed_files), ("listing_failures", log.failed_listings)):
        named = {item["path"] for item in summary[name]}  # type: ignore[attr-defined]
        none(f"{name} without a reason on the server's side", named - wanted.keys())
        if not summary["interrupted"]:
            none(f"{name} that are not told", wanted.keys() - named)
    if summary["interrupted"]:
        return
    equal("skipped", summary["skipped"], 0)
    equal("failed", summary["failed"], len(log.failed_files))
    equal("listings_failed", summary["listings_failed"], len(log.failed_listings))
    _listed(summary, log, tree)


def _listed(summary: Mapping[str, object], log: Log, tree: Mapping[str, int]) -> None:
    """Check that every file of a complete listing is listed, and at most the files of a truncated one."""
    directories = [path.rpartition("/")[0] for path in tree]
    sure = sum(directory in log.served for directory in directories)
    perhaps = sum(directory in log.failed_listings for directory in directories)
    listed = summary["listed"]
    assert isinstance(listed, int)
    if not sure <= listed <= sure + perhaps:
        raise Wrong(f"listed {listed:,}: {sure:,} were shown for certain, and {perhaps:,} perhaps")
