"""The same options as command lines of this program and, for ``make peers-faults``, of its peers."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options that a test needs. Times are in seconds."""

    delete: bool = False
    max_delete: str | None = None
    ext: str | None = None
    max_depth: int | None = None
    workers: int | None = None
    limit_rate: str | None = None
    attempts: int = 3
    timeout: float = 60
    ca_file: str | None = None
    more: Sequence[str] = ()
    """Options that only this program has. A test that uses them cannot run with a peer."""


_ALWAYS = shlex.split(os.environ.get("FAULTS_OPTIONS", ""))
"""Options for all runs, such as ``--processes 2``: every test must also pass with several processes."""
_MODULE = "tests.support.misbehaving.through_store" if os.environ.get("FAULTS_INTO") else "crawler"
"""The module to run. With FAULTS_INTO, it mirrors into an object store at that URL, which is then copied to DIR."""


def crawler(wish: Options, url: str, directory: str) -> list[str]:
    options = [
        f"--attempts={wish.attempts}",
        f"--connect-timeout={wish.timeout}",
        f"--read-timeout={wish.timeout}",
        *(["--delete"] if wish.delete else []),
    ]
    for name in ("max_delete", "ext", "max_depth", "workers", "limit_rate", "ca_file"):
        value = getattr(wish, name)
        if value is not None:
            options.append(f"--{name.replace('_', '-')}={value}")
    return [sys.executable, "-m", _MODULE, *options, *_ALWAYS, *wish.more, url, directory]


def wget(wish: Options, url: str, directory: str) -> list[str]:
    _only(wish, "delete", "max_delete", "workers")
    cut = len([part for part in urlsplit(url).path.split("/") if part])
    options = ["-r", "-N", "-np", "-nH", f"--cut-dirs={cut}", "-P", directory, "-e", "robots=off", "-nv"]
    options += ["-R", "index.html*", f"--timeout={wish.timeout}", f"--tries={wish.attempts}", "--waitretry=1"]
    options += ["-l", "inf" if wish.max_depth is None else str(wish.max_depth + 1)]
    return ["wget", *options, *_wget_rest(wish), url]


def wget2(wish: Options, url: str, directory: str) -> list[str]:
    _only(wish, "delete", "max_delete", "workers")
    argv = wget(wish, url, directory)
    return ["wget2", *argv[1:-1], "--max-threads=4", url]


def _wget_rest(wish: Options) -> list[str]:
    rest = [f"--limit-rate={wish.limit_rate}"] if wish.limit_rate else []
    rest += [f"--ca-certificate={wish.ca_file}"] if wish.ca_file else []
    return [*rest, "-A", wish.ext] if wish.ext else rest


def lftp(wish: Options, url: str, directory: str) -> list[str]:
    _only(wish, "max_delete")
    settings = {
        "net:timeout": wish.timeout,
        "net:max-retries": wish.attempts,
        "net:reconnect-interval-base": 1,
        "net:limit-rate": {None: "0", "100K": "102400"}.get(wish.limit_rate, "0"),
        "ssl:verify-certificate": "yes",
    }
    if wish.ca_file:
        settings["ssl:ca-file"] = wish.ca_file
    flags = ["--delete"] if wish.delete else []
    flags += [f"--parallel={wish.workers or 4}", "--no-perms", "--depth-first"]
    flags += [f"--max-depth={wish.max_depth}"] if wish.max_depth is not None else []
    flags += [f"--include-glob=*.{wish.ext}"] if wish.ext else []
    script = "".join(f"set {name} {value}; " for name, value in settings.items())
    return ["lftp", "-c", f"{script}mirror {' '.join(flags)} {shlex.quote(url)} {shlex.quote(directory)}"]


def rclone(wish: Options, url: str, directory: str) -> list[str]:
    seconds = f"{wish.timeout}s"
    options = ["sync" if wish.delete else "copy", ":http:", directory, "--http-url", url, f"--retries={wish.attempts}"]
    options.append("--retries-sleep=1s")
    options += [f"--contimeout={seconds}", f"--timeout={seconds}", f"--low-level-retries={wish.attempts}"]
    options += [f"--max-delete={wish.max_delete}"] if wish.max_delete else []
    options += [f"--max-depth={wish.max_depth + 1}"] if wish.max_depth is not None else []
    options += [f"--transfers={wish.workers}", f"--checkers={wish.workers}"] if wish.workers else []
    options += [f"--bwlimit={wish.limit_rate}"] if wish.limit_rate else []
    options += [f"--include=*.{wish.ext}"] if wish.ext else []
    options += [f"--ca-cert={wish.ca_file}"] if wish.ca_file else []
    return ["rclone", *options]


class NotOffered(Exception):
    """The tool has no option that the test needs."""


def _only(wish: Options, *unsupported: str) -> None:
    missing = [name for name in unsupported if getattr(wish, name)]
    if missing:
        raise NotOffered(", ".join(missing))


TOOLS = {"crawler": crawler, "wget": wget, "wget2": wget2, "lftp": lftp, "rclone": rclone}

NAME = os.environ.get("FAULTS_TOOL", "crawler")
"""The tool that the tests run; ``benchmarks/peers_faults.py`` sets it."""


def is_own(name: bytes) -> bool:
    """Whether the tool under test creates this file in the mirror by itself, such as a copy of a listing."""
    return NAME.startswith("wget") and name.startswith(b"index.html")


def argv(wish: Options, url: str, directory: str) -> list[str]:
    """The command line of the tool under test. Raises NotOffered."""
    if NAME != "crawler" and wish.more:
        raise NotOffered(" ".join(wish.more))
    return TOOLS[NAME](wish, url, directory)
