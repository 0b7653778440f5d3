"""Imported by Python before the program if this directory is on PYTHONPATH: makes one file-system call fail.

As curl's torture mode does with allocations, and rsync's and SQLite's test suites with I/O: the calls inside DIR are
counted, one of them fails, and the run must neither install an incomplete file nor report success.

``TORTURE`` in the environment (or ``configure``) holds JSON: ``root`` (DIR), ``log`` (one JSON line per call), ``fail``
(number of the call that fails, from 1; 0: none), ``errno``, and ``only`` (names of calls to count; all if absent);
``kill`` is the number of a call before which the process kills itself, with ``family`` its parent first.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

CALLS = (
    *("open", "mkdir", "rename", "replace", "fsync", "fdatasync", "utime", "unlink", "remove", "rmdir", "write"),
    *("pwrite", "writev", "link", "symlink", "chmod", "fchmod", "truncate", "ftruncate", "posix_fallocate"),
    *("scandir", "listdir", "close", "copy_file_range", "sendfile"),
)
REAL = {name: getattr(os, name) for name in CALLS}
real_open = builtins.open
WRITING = set("wax+")


class Torture:
    """Counts the calls inside ``root`` and fails one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.root = ""
        self.log = -1
        self.count = self.fail = self.errno = self.kill = 0
        self.family = False
        self.only: frozenset[str] = frozenset()

    def configure(self, settings: dict[str, Any]) -> None:
        self.root = os.path.abspath(settings["root"])
        self.log = REAL["open"](settings["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.count, self.fail = 0, settings.get("fail", 0)
        self.errno = settings.get("errno", 5)
        self.kill, self.family = settings.get("kill", 0), settings.get("family", False)
        self.only = frozenset(settings.get("only", CALLS))

    def enter(self, name: str, path: str | None, inode: int | None, target: str | None = None) -> None:
        """Record the call; raises OSError if it is the one to fail."""
        if not self.root or path is None or name not in self.only:
            return
        if not any(each == self.root or each.startswith(f"{self.root}/") for each in (path, target or path)):
            return
        with self.lock:
            self.count += 1
            failing = self.count == self.fail
            line = json.dumps(
                {"n": self.count, "call": name, "path": path, "to": target, "inode": inode, "failed": failing}
            )
            REAL["write"](self.log, line.encode() + b"\n")
            if self.count == self.kill:
                for pid in (os.getppid(), os.getpid()) if self.family else (os.getpid(),):
                    os.kill(pid, signal.SIGKILL)
        if failing:
            raise OSError(self.errno, os.strerror(self.errno), path)


TORTURE = Torture()


def locate(place: Any, directory: int | None = None) -> str | None:
    """The path that a call refers to: of a descriptor, or of a name relative to one."""
    try:
        if isinstance(place, int):
            return os.readlink(f"/proc/self/fd/{place}")
        name = os.fsdecode(place)
        base = os.readlink(f"/proc/self/fd/{directory}") if directory is not None else os.getcwd()
        return os.path.normpath(os.path.join(base, name))
    except (OSError, TypeError):
        return None


def inode_of(place: Any, directory: int | None = None) -> int | None:
    try:
        return (
            os.stat(place, dir_fd=directory, follow_symlinks=False).st_ino
            if directory is not None
            else os.stat(place).st_ino
        )
    except (OSError, TypeError, ValueError):
        return None


def wrap(name: str) -> Callable[..., Any]:
    real = REAL[name]

    def call(*args: Any, **kwargs: Any) -> Any:
        place = args[0] if args else kwargs.get("path", kwargs.get("src", "."))
        directory = kwargs.get("dir_fd", kwargs.get("src_dir_fd"))
        target = None
        if name in ("rename", "replace", "link"):
            target = locate(args[1] if len(args) > 1 else kwargs["dst"], kwargs.get("dst_dir_fd"))
        path = locate(place, directory)
        if name == "close":
            return close(path, *args)
        TORTURE.enter(name, path, inode_of(place, directory), target)
        return real(*args, **kwargs)

    return call


def close(path: str | None, descriptor: int) -> None:
    """A close that fails has still closed the file (close(2)): the error reports data that was not written."""
    inode = inode_of(descriptor)
    regular = path is not None and os.path.isfile(path)
    REAL["close"](descriptor)
    if regular:
        TORTURE.enter("close", path, inode)


class TorturedFile(io.FileIO):
    """The file object that ``open`` returns for writing."""

    def write(self, data: Any) -> int:
        TORTURE.enter("write", locate(self.fileno()), inode_of(self.fileno()))
        return super().write(data)


def open_file(
    file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None, *more: Any, **rest: Any
) -> Any:
    """``open``: opening for writing inside DIR is counted, and so is each write to the result."""
    path = locate(file)
    if not WRITING & set(mode) or path is None or not path.startswith(f"{TORTURE.root}/") or not TORTURE.root:
        return real_open(file, mode, buffering, encoding, errors, *more, **rest)
    TORTURE.enter("open", path, inode_of(file))
    raw = TorturedFile(file, mode.replace("b", "").replace("t", ""), *more[1:], **rest)
    if buffering == 0:
        return raw
    size = io.DEFAULT_BUFFER_SIZE if buffering in (-1, 1) else buffering
    binary = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
    return binary if "b" in mode else io.TextIOWrapper(binary, encoding, errors)


for each in CALLS:
    setattr(os, each, wrap(each))
builtins.open = io.open = open_file
if "TORTURE" in os.environ:
    TORTURE.configure(json.loads(os.environ["TORTURE"]))
