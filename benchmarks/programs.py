"""The programs that are compared, with the best flags of each for this work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One mirror to make."""

    url: str
    """URL of the listing; ends in a slash."""
    target: Path
    corpus: Corpus
    paths: Iterable[str]
    """All files below ``url``, for programs that cannot read listings."""
    scratch: Path
    certificate: Path | None = None
    """The certificate to be trusted, if ``url`` is one of https."""

    def trusting(self, *option: str) -> list[str]:
        """``option`` and the file with the certificate; nothing without TLS."""
        return [] if self.certificate is None else [*option, str(self.certificate)]

    @property
    def depth(self) -> int:
        """Number of directories in the path of ``url``."""
        return self.url.rstrip("/").count("/") - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program; ``command`` may write a list of URLs into ``Work.scratch``."""

    name: str
    command: Callable[[Work], list[str]]
    again: bool = True
    """Whether a second run detects unchanged files."""
    ours: bool = False
    version: tuple[str, ...] = ("--version",)
    note: str = ""
    works: tuple[str, ...] = ()
    """Names of the corpora to measure it with; empty: all."""
    skips: tuple[str, ...] = ()
    """Names of corpora for which it would need minutes."""

    @property
    def executable(self) -> str:
        return sys.executable if self.ours else self.name.split()[0]

    @property
    def is_installed(self) -> bool:
        return self.ours or shutil.which(self.executable) is not None

    def versions(self) -> str:
        """The first version number that the program prints."""
        prefix = [sys.executable, "-m", "crawler"] if self.ours else [self.executable]
        output = subprocess.run([*prefix, *self.version], capture_output=True, text=True, check=False).stdout
        found = re.search(r"\d+(?:\.\d+)+", output)
        return found[0] if found else "?"


def _crawler(*options: str, module: str = "crawler") -> Callable[[Work], list[str]]:
    def command(work: Work) -> list[str]:
        workers = str(work.corpus.workers)
        given = ["-q", "--no-robots", "-w", workers, *options]  # none of the others requests robots.txt
        given += ["--segments", str(work.corpus.segments)] if work.corpus.segments > 1 else []
        given += work.trusting("--ca-file")
        return [sys.executable, "-m", module, *given, work.url, str(work.target)]

    return command


def _wget(work: Work) -> list[str]:
    return ["wget", "-q", "-m", "-np", "-nH", f"--cut-dirs={work.depth}", "-e", "robots=off",
            *work.trusting("--ca-certificate"), "-R", "index.html*", "-P", str(work.target), work.url]  # fmt: skip


def _wget2(work: Work) -> list[str]:
    return ["wget2", "-q", "-m", "-np", "-nH", f"--cut-dirs={work.depth}", "--no-robots", "--no-hsts",
            f"--max-threads={work.corpus.workers}", *work.trusting("--ca-certificate"),
            "-P", str(work.target), work.url]  # fmt: skip


def _lftp(work: Work) -> list[str]:
    workers = work.corpus.workers
    trusted = "".join(f"set ssl:ca-file {path}; " for path in work.trusting())
    script = (
        f"{trusted}set net:connection-limit {workers}; set cmd:fail-exit true; set xfer:use-temp-file true; "
        f"mirror --parallel={workers} --use-pget-n={work.corpus.segments} {work.url} {work.target}"
    )
    return ["lftp", "-c", script]


def _rclone(work: Work) -> list[str]:
    workers = str(work.corpus.workers)
    streams = ["--multi-thread-cutoff", "1M", "--multi-thread-streams", str(work.corpus.segments)]
    return ["rclone", "sync", "--config", "", "--http-url", work.url, "--transfers", workers, "--checkers", workers,
            *work.trusting("--ca-cert"), *(streams if work.corpus.segments > 1 else []),
            ":http:", str(work.target)]  # fmt: skip


def _curl(work: Work) -> list[str]:
    listed = work.scratch / "curl.list"
    lines = (f'url="{work.url}{path}"\noutput="{work.target}/{path}"\n' for path in work.paths)
    listed.write_text("".join(lines))
    streams = 300  # the most that curl allows; they share connections
    workers = str(work.corpus.workers if work.certificate is None else streams)
    return ["curl", "-sSfZR", *work.trusting("--cacert"), "--create-dirs", "--parallel-max", workers, "-K", str(listed)]


def _aria2(work: Work) -> list[str]:
    listed = work.scratch / "aria2.list"
    listed.write_text("".join(f"{work.url}{path}\n out={path}\n" for path in work.paths))
    return ["aria2c", "-q", "--no-conf", "-R", "-d", str(work.target), "-i", str(listed),
            *work.trusting("--ca-certificate"),
            "-j", str(work.corpus.workers), "-x", str(work.corpus.segments), "-s", str(work.corpus.segments),
            "-k", "1M", "--file-allocation=none",
            "--deferred-input=true"]  # fmt: skip


PROGRAMS = (
    Program(name="crawler", command=_crawler(), ours=True),
    Program(name="wget2", command=_wget2, skips=("slow",), note="--chunk-size cannot be combined with --mirror"),
    Program(name="lftp", command=_lftp),
    Program(name="rclone", command=_rclone, version=("version",)),
    Program(
        name="wget",
        command=_wget,
        skips=("huge", "distant", "distant-4", "distant-brief", "distant-tls", "tree-distant", "slow"),
        note="one connection, so some works would take minutes",
    ),
    Program(
        name="curl",
        command=_curl,
        again=False,
        skips=("slow",),
        note="gets a ready list, because it reads no listings",
    ),
    Program(name="aria2c", command=_aria2, again=False, note="gets a ready list, because it reads no listings"),
)
_PIECES = ("slow", "large")
_PRICED = ("small", "mixed", "large")
_SHARED = ("small", "tree", "mixed", "large", "huge")
VARIANTS = (
    Program(name="crawler --fsync file", command=_crawler("--fsync", "file"), ours=True, works=_PRICED),
    Program(name="crawler --fsync none", command=_crawler("--fsync", "none"), ours=True, works=_PRICED),
    Program(name="crawler, no digests", command=_crawler(module="benchmarks.undigested"), ours=True, works=_PRICED),
    Program(name="crawler --processes 2", command=_crawler("--processes", "2"), ours=True, works=_SHARED),
    Program(name="crawler --segments 1", command=_crawler("--segments", "1"), ours=True, works=("slow",)),
    Program(name="crawler --segments 4", command=_crawler("--segments", "4"), ours=True, works=_PIECES),
)
"""Variants of crawler, to show the cost of each promise; only in the full measurement.

crawler hashes every file that it saves; "no digests" is a program of this benchmark, not an option.
"""
