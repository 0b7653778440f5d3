"""Compares DIR with a snapshot. Reads the content only of copied files whose original was touched since."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from crawler.model.values import Kind
from crawler.storage.directory.os_errors import UnusablePath
from crawler.storage.directory.tree import Tree, lstat
from crawler.storage.snapshots.builder import is_alike, is_copy, mode_of
from crawler.storage.snapshots.content import Content, Item


def comparison(content: Content, snapshot: Tree) -> Iterator[bool]:
    """Yield True for each directory of DIR that is the same in ``snapshot``, or False and stop. Raises OSError."""
    directories = [""]
    while directories:
        directory = directories.pop()
        try:
            below = _same_directory(content, snapshot, directory)
        except (FileNotFoundError, UnusablePath):
            below = None
        yield below is not None
        if below is None:
            return
        directories += below


def _same_directory(content: Content, snapshot: Tree, directory: str) -> list[str] | None:
    """The subdirectories of ``directory`` if it is the same in DIR and in the snapshot, else None."""
    items = content.items(directory)
    source, copy = content.tree.directory(directory), snapshot.directory(directory)
    ours, theirs = os.fstat(source), os.fstat(copy)
    if mode_of(ours) != mode_of(theirs):
        return None
    with os.scandir(copy) as entries:
        inodes = {os.fsencode(entry.name): entry.inode() for entry in entries}
    if inodes.keys() != {item.name for item in items}:
        return None
    below = []
    for item in items:
        is_shared = item.status.st_ino == inodes[item.name] and item.status.st_dev == theirs.st_dev
        if item.kind is Kind.DIRECTORY:
            name = item.name.decode("utf-8", "surrogateescape")
            below.append(f"{directory}/{name}" if directory else name)
        elif not is_shared and not _same(item, source, copy):
            return None
    return below


def _same(item: Item, source: int, copy: int) -> bool:
    status = lstat(item.name, copy)
    if status is None:
        return False
    if item.kind is Kind.SYMLINK and stat.S_ISLNK(status.st_mode):
        return os.readlink(item.name, dir_fd=source) == os.readlink(item.name, dir_fd=copy)
    was_touched = item.status.st_ctime_ns >= status.st_ctime_ns
    return is_copy(item, source, copy) if was_touched else is_alike(item.status, status)
