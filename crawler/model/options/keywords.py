"""The options as keyword arguments, with every type that each of them accepts, for type checkers and completion.

``Config`` converts the values; tests compare the keys and the types with its fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from os import PathLike
from typing import Any, Literal, SupportsIndex, TypeAlias, TypedDict

from crawler.model.options.readers import MaxDelete
from crawler.model.options.retention import Retention
from crawler.model.options.rules import Rule
from crawler.model.options.timetable import Timetable

Texts: TypeAlias = str | Iterable[str]
"""One text, or several."""
Number: TypeAlias = SupportsIndex | str
"""An integer (including those of NumPy), or its text."""
Size: TypeAlias = SupportsIndex | str
"""Bytes, or a text such as ``10M``; for a rate, per second."""
Time: TypeAlias = float | timedelta | str
"""Seconds, a timedelta, or a text such as ``5m``."""
Age: TypeAlias = date | datetime | timedelta | str
"""A point in time, or how long before the start of the run: ``7d``."""
File: TypeAlias = str | PathLike[str]


class _RequestOptions(TypedDict, total=False):
    """The options of every call."""

    allow_host: Texts
    no_robots: bool
    workers: Number
    attempts: Number
    connect_timeout: Time
    read_timeout: Time
    min_speed: Size
    limit_rate: Size | Timetable | None
    requests_per_second: float | Number | None
    header: Texts
    user_agent: str | None
    netrc: bool
    cookies: File | None
    proxy: str | None
    ca_file: File | None
    client_cert: File | None
    insecure: bool


class WalkOptions(_RequestOptions, total=False):
    """The options that ``walk`` accepts as keyword arguments; ``docs/configuration.md`` explains each.

    no_recursive: do not enter subdirectories
    max_depth: directory levels to enter below URL
    allow_host: also fetch files from HOST that are linked or redirected to
    no_robots: ignore robots.txt
    trust_pages: believe that the pages of each listing are all there is, whatever their links and totals say
    workers: maximum concurrent transfers, and connections per host
    listers: listings fetched concurrently
    attempts: attempts per file or listing, including the first
    connect_timeout: time limit for connecting, with TLS
    read_timeout: time limit without data, and for all headers; a whole transfer has none
    min_speed: abort and retry a transfer slower than this on average over 60 s; 0: never
    limit_rate: limit on bytes per second over all transfers: 2M, or by local time: '08:00,2M
        19:00,off'
    requests_per_second: limit on requests per second; 0.5: one in two seconds
    header: send this header to the host and port of URL only; @FILE reads headers from a file
    user_agent: User-Agent header to send
    netrc: read user and password for the host of URL from ~/.netrc or $NETRC
    cookies: send the cookies of this file, in Netscape's format, to the hosts that it names
    proxy: HTTP or SOCKS5 proxy for all requests
    ca_file: trust the certificates in this PEM file
    client_cert: PEM file with the client certificate and its key
    insecure: do not verify TLS certificates
    """

    no_recursive: bool
    max_depth: Number | None
    trust_pages: bool
    listers: Number | None


class _SaveOptions(_RequestOptions, total=False):
    """The options of every call that saves files."""

    ext: Texts
    include: Texts
    exclude: Texts
    objects: Mapping[str, str]
    rules: Sequence[Rule]
    min_size: Size | None
    max_size: Size | None
    newer_than: Age | None
    older_than: Age | None
    max_files: Number | None
    max_total_size: Size | None
    trash: timedelta | float | str | None
    snapshots: Retention | Number | timedelta | None
    verify_digests: bool
    fsync: Literal["none", "batch", "file"]
    names: Literal["posix", "windows"]
    moved: bool
    state: File | None
    lock: Literal["flock", "none"]
    lock_wait: Time
    max_duration: Time | None
    dry_run: bool
    processes: int | Literal["auto"]
    cluster: str | Any | None
    cluster_insecure: bool
    pipeline: int | Literal["auto", "off"]
    backlog: Number
    segments: Number


class Options(WalkOptions, _SaveOptions, total=False):
    """The options that ``mirror`` accepts as keyword arguments, in addition to those of WalkOptions.

    A dict of them is passed as ``**options``. ``docs/configuration.md`` explains each.

    ext: keep files with these extensions, e.g. zip,tar.gz (any case)
    include: patterns of files to keep
    exclude: patterns of files to skip, and of directories not to enter
    objects: settings of the object store that DIR names, see docs/object-stores.md
    rules: include and exclude in an order of your own, instead of both
    min_size: skip smaller files
    max_size: skip larger files
    newer_than: skip files older than this: 7d or 2025-01-31
    older_than: skip files newer than this
    max_files: stop after saving N files
    max_total_size: stop before saving more than SIZE in total
    delete: delete local files that are proven to be gone upstream
    max_delete: refuse to delete more than this
    ignore_errors: delete despite failures, where the listing was complete
    delete_excluded: also delete gone files that the filters exclude
    trash: keep deleted and replaced files in DIR/.crawler/trash for DAYS
    snapshots: publish each complete state as a snapshot; keep N, or those of the last TIME
    check: how to recognise an unchanged file
    verify_digests: check files against published digests such as SHA256SUMS
    last: save these after everything else
    fsync: when to flush data to disk: never, for many files together, or for each
    names: store names that FAT, NTFS and CIFS cannot hold under others, reversibly
    moved: accept URL although DIR is, or lies in, the mirror of another one
    state: path of the state database
    lock: how to lock DIR against a second run; none: no lock
    lock_wait: how long to wait for another run on DIR to end
    max_duration: stop cleanly after TIME; the next run continues
    dry_run: print the plan, with reasons and free space; write nothing
    fallback: another URL of the same tree, asked where URL fails
    processes: processes that fetch and save files; auto: by the number of processors
    cluster: fetch and save on many processors, or on the machines of a dask cluster
    cluster_insecure: use a --cluster without TLS that other machines can reach
    pipeline: requests in flight on one connection; auto: up to 32, for files that the listing tells apart
    backlog: files queued ahead of the workers
    segments: connections for one large file, if other transfers leave them idle
    """

    delete: bool
    max_delete: Number | MaxDelete
    ignore_errors: bool
    delete_excluded: bool
    check: Literal["listing", "headers", "digest"]
    last: Texts
    fallback: Texts


class DownloadOptions(_SaveOptions, total=False):
    """The options that ``download`` accepts as keyword arguments. ``docs/configuration.md`` explains each.

    They are those of Options, except for the ones that need a listing: no_recursive, max_depth, trust_pages, listers,
    fallback, check, last, delete, max_delete, ignore_errors, delete_excluded. One is for lists alone:

    name_from: with --input-file: name files by their URL, or as the server does
    """

    name_from: Literal["url", "header"]


class ProgramOptions(Options, DownloadOptions, total=False):
    """All fields of ``Config``, including those for what the program prints, writes and runs at the end.

    on_change: run this at the end if anything changed, with the change list on its stdin
    on_failure: run this if the exit code is not 0, with the summary on its stdin; once a day for the same failure
    on_end: run this after every end, with the summary on its stdin
    progress: progress display; auto: bars on a terminal, nothing elsewhere
    format: output format: --list, --dry-run, --list-snapshots
    log_file: also log to this file
    log_format: format of the log
    summary: write a JSON summary of the run
    changes: write the files added, updated, deleted or failed, as JSON lines
    metrics: write Prometheus metrics for the textfile collector
    report: write an HTML page about the mirror and its runs
    """

    on_change: str | None
    on_failure: str | None
    on_end: str | None
    progress: Literal["auto", "bars", "plain", "none"]
    format: Literal["text", "json"]
    log_file: File | None
    log_format: Literal["text", "json"]
    summary: File | None
    changes: File | None
    metrics: File | None
    report: File | None
