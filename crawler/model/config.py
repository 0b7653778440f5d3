"""The options: one dataclass that defines the command line and the TOML keys.

Each field is an option ``--like-this`` and a TOML key ``like_this``, declared with its default, help group, help text,
placeholder and reader. To change an option, change it here; tests compare the documentation with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, InitVar, dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crawler.model import limits
from crawler.model.errors import ConfigError, Problems
from crawler.model.options.cluster import parse_cluster
from crawler.model.options.combinations import TOGETHER, check_together
from crawler.model.options.given import on_one_line
from crawler.model.options.names.known import KnownNames, errors_in_keywords
from crawler.model.options.objects import check_objects
from crawler.model.options.option import convert, location_of, option
from crawler.model.options.readers import (
    AUTO,
    MAX_COUNT,
    MAX_NUMBER,
    MAX_PARALLEL,
    MaxDelete,
    check_duration,
    check_extensions,
    check_max_delete,
    check_metrics_path,
    check_path,
    choice,
    integer,
    parse_age,
    parse_days,
    parse_duration,
    parse_frequency,
    parse_max_delete,
    parse_pipeline,
    parse_processes,
    parse_size,
    parse_timeout,
    parse_total_size,
)
from crawler.model.options.request_fields import check_agent, check_header
from crawler.model.options.retention import Retention, check_retention, parse_retention
from crawler.model.options.rules import LAST, Rule, check_last, check_rules, rules_of
from crawler.model.options.timetable import Timetable, check_timetable, parse_limit_rate

if TYPE_CHECKING:
    from typing import Unpack

    from crawler.model.options.keywords import ProgramOptions

WHAT, WALK, NETWORK, REQUEST = "What to keep", "Where to go", "Speed and patience", "Requests"
LOCAL, RUN, OUTPUT = "The local copy", "The run", "What is printed"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, init=False, eq=False)
class Config(KnownNames):
    """All options of one mirror, checked at construction. Sizes are in bytes, times in seconds.

    Each field accepts what its TOML key accepts: ``max_size="10M"``, ``ext="zip"``, ``max_delete="50%"``,
    ``newer_than="7d"``, ``trash=30`` (days). ``include`` and ``exclude`` become ``rules``, includes first.

    Raises ConfigError, which names the field, for a value that its option does not allow.
    """

    # fmt: off
    ext: tuple[str, ...] = option(
        (), WHAT, "keep files with these extensions, e.g. zip,tar.gz (any case)", "LIST",
        parse=check_extensions, short="-e", multiple=True, shown="all")
    rules: tuple[Rule, ...] = ()
    """Filter rules in order of precedence; either these or ``include`` and ``exclude`` can be given."""
    include: InitVar[str | Iterable[str]] = ()
    """Patterns of files to keep, for the constructor only."""
    exclude: InitVar[str | Iterable[str]] = ()
    """Patterns of files to skip, for the constructor only."""
    min_size: int | None = option(None, WHAT, "skip smaller files", "SIZE", parse=parse_size)
    max_size: int | None = option(None, WHAT, "skip larger files", "SIZE", parse=parse_size)
    newer_than: datetime | timedelta | None = option(
        None, WHAT, "skip files older than this: 7d or 2025-01-31", "AGE",
        parse=parse_age, takes=timedelta, check=check_duration)
    older_than: datetime | timedelta | None = option(
        None, WHAT, "skip files newer than this", "AGE", parse=parse_age, takes=timedelta, check=check_duration)
    max_files: int | None = option(None, WHAT, "stop after saving N files", "N", parse=integer(1, MAX_COUNT))
    max_total_size: int | None = option(
        None, WHAT, "stop before saving more than SIZE in total", "SIZE", parse=parse_total_size)

    no_recursive: bool = option(False, WALK, "do not enter subdirectories")
    max_depth: int | None = option(
        None, WALK, "directory levels to enter below URL", "N",
        parse=integer(0, MAX_NUMBER), shown=f"no limit; a safety stop at {limits.DEPTH}")
    allow_host: tuple[str, ...] = option(
        (), WALK, "also fetch files from HOST that are linked or redirected to", "HOST",
        multiple=True, shown="the host of URL, below URL")
    no_robots: bool = option(False, WALK, "ignore robots.txt")
    trust_pages: bool = option(
        False, WALK, "believe that the pages of each listing are all there is, whatever their links and totals say")
    fallback: tuple[str, ...] = option(
        (), WALK, "another URL of the same tree, asked where URL fails", "URL", multiple=True, secret=True)

    workers: int = option(
        8, NETWORK, "maximum concurrent transfers, and connections per host", "N",
        parse=integer(1, MAX_PARALLEL), short="-w")
    processes: int = option(
        1, NETWORK, "processes that fetch and save files; auto: by the number of processors", "N|auto",
        parse=parse_processes, takes=type(AUTO))
    cluster: str | None = option(
        None, NETWORK, "fetch and save on many processors, or on the machines of a dask cluster", "local|local:N|URL",
        parse=parse_cluster)
    cluster_insecure: bool = option(False, NETWORK, "use a --cluster without TLS that other machines can reach")
    pipeline: int = option(
        AUTO, NETWORK, "requests in flight on one connection; auto: up to 32, for files that the listing tells apart",
        "N|auto|off", parse=parse_pipeline, takes=type(AUTO), shown="auto")
    listers: int | None = option(None, NETWORK, "listings fetched concurrently", "N", parse=integer(1, MAX_PARALLEL),
                                 shown="as many as useful")
    backlog: int = option(1000, NETWORK, "files queued ahead of the workers", "N", parse=integer(1, MAX_NUMBER))
    segments: int = option(
        1, NETWORK, "connections for one large file, if other transfers leave them idle", "N",
        parse=integer(1, MAX_PARALLEL))
    attempts: int = option(
        5, NETWORK, "attempts per file or listing, including the first", "N", parse=integer(1, MAX_PARALLEL))
    connect_timeout: float = option(10.0, NETWORK, "time limit for connecting, with TLS", "TIME", parse=parse_timeout)
    read_timeout: float = option(
        60.0, NETWORK, "time limit without data, and for all headers; a whole transfer has none", "TIME",
        parse=parse_timeout)
    min_speed: int = option(
        100, NETWORK, "abort and retry a transfer slower than this on average over 60 s; 0: never", "RATE",
        parse=parse_size)
    limit_rate: int | Timetable | None = option(
        None, NETWORK, "limit on bytes per second over all transfers: 2M, or by local time: '08:00,2M 19:00,off'",
        "RATE", parse=parse_limit_rate, takes=Timetable, check=check_timetable)
    requests_per_second: float | None = option(
        None, NETWORK, "limit on requests per second; 0.5: one in two seconds", "N", parse=parse_frequency)

    header: tuple[str, ...] = option(
        (), REQUEST, "send this header to the host and port of URL only; @FILE reads headers from a file", "'N: V'",
        parse=check_header, multiple=True, secret=True)
    user_agent: str | None = option(
        None, REQUEST, "User-Agent header to send", "TEXT", parse=check_agent, shown="crawler/VERSION")
    netrc: bool = option(False, REQUEST, "read user and password for the host of URL from ~/.netrc or $NETRC")
    cookies: str | None = option(
        None, REQUEST, "send the cookies of this file, in Netscape's format, to the hosts that it names", "FILE",
        parse=check_path)
    proxy: str | None = option(
        None, REQUEST, "HTTP or SOCKS5 proxy for all requests", "URL", shown="from the environment")
    ca_file: str | None = option(None, REQUEST, "trust the certificates in this PEM file", "FILE", parse=check_path)
    client_cert: str | None = option(
        None, REQUEST, "PEM file with the client certificate and its key", "FILE", parse=check_path)
    insecure: bool = option(False, REQUEST, "do not verify TLS certificates")

    delete: bool = option(False, LOCAL, "delete local files that are proven to be gone upstream")
    max_delete: MaxDelete = option(
        MaxDelete(percent=25.0, always=10), LOCAL, "refuse to delete more than this", "N|N%",
        parse=parse_max_delete, takes=MaxDelete, check=check_max_delete, shown="25%, or 10 files where that is more")
    ignore_errors: bool = option(False, LOCAL, "delete despite failures, where the listing was complete")
    delete_excluded: bool = option(False, LOCAL, "also delete gone files that the filters exclude")
    trash: timedelta | None = option(
        None, LOCAL, "keep deleted and replaced files in DIR/.crawler/trash for DAYS", "DAYS",
        parse=parse_days, takes=timedelta, check=check_duration, shown="off")
    snapshots: Retention | None = option(
        None, LOCAL, "publish each complete state as a snapshot; keep N, or those of the last TIME", "N|TIME",
        parse=parse_retention, takes=Retention, check=check_retention, shown="off")
    check: str = option(
        "listing", LOCAL, "how to recognise an unchanged file", "listing|headers|digest",
        parse=choice("listing", "headers", "digest"))
    verify_digests: bool = option(
        True, LOCAL, "check files against published digests such as SHA256SUMS", negative="no_verify_digests")
    last: tuple[str, ...] = option(LAST, LOCAL, "save these after everything else", "GLOB",
        parse=check_last, multiple=True, shown="checksum and index files")
    fsync: str = option(
        "batch", LOCAL, "when to flush data to disk: never, for many files together, or for each", "none|batch|file",
        parse=choice("none", "batch", "file"))
    names: str = option(
        "posix", LOCAL, "store names that FAT, NTFS and CIFS cannot hold under others, reversibly", "posix|windows",
        parse=choice("posix", "windows"))
    name_from: str = option(
        "url", LOCAL, "with --input-file: name files by their URL, or as the server does", "url|header",
        parse=choice("url", "header"))
    moved: bool = option(False, LOCAL, "accept URL although DIR is, or lies in, the mirror of another one")
    state: str | None = option(
        None, LOCAL, "path of the state database", "PATH", parse=check_path, shown="DIR/.crawler/state.sqlite3")

    lock: str = option(
        "flock", RUN, "how to lock DIR against a second run; none: no lock", "flock|none",
        parse=choice("flock", "none"))
    lock_wait: float = option(0.0, RUN, "how long to wait for another run on DIR to end", "TIME", parse=parse_duration)
    max_duration: float | None = option(
        None, RUN, "stop cleanly after TIME; the next run continues", "TIME", parse=parse_timeout)
    dry_run: bool = option(False, RUN, "print the plan, with reasons and free space; write nothing")
    on_change: str | None = option(
        None, RUN, "run this at the end if anything changed, with the change list on its stdin", "COMMAND")
    on_failure: str | None = option(
        None, RUN, "run this if the exit code is not 0, with the summary on its stdin; once a day for the same failure",
        "COMMAND")
    on_end: str | None = option(None, RUN, "run this after every end, with the summary on its stdin", "COMMAND")

    progress: str = option(
        "auto", OUTPUT, "progress display; auto: bars on a terminal, nothing elsewhere", "auto|bars|plain|none",
        parse=choice("auto", "bars", "plain", "none"))
    format: str = option(
        "text", OUTPUT, "output format: --list, --dry-run, --list-snapshots", "text|json", parse=choice("text", "json"))
    log_file: str | None = option(None, OUTPUT, "also log to this file", "FILE", parse=check_path)
    log_format: str = option("text", OUTPUT, "format of the log", "text|json", parse=choice("text", "json"))
    summary: str | None = option(None, OUTPUT, "write a JSON summary of the run", "FILE", parse=check_path)
    changes: str | None = option(
        None, OUTPUT, "write the files added, updated, deleted or failed, as JSON lines", "FILE", parse=check_path)
    metrics: str | None = option(
        None, OUTPUT, "write Prometheus metrics for the textfile collector", "FILE", parse=check_metrics_path)
    report: str | None = option(
        None, OUTPUT, "write an HTML page about the mirror and its runs", "FILE", parse=check_path)
    # fmt: on
    objects: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    """Settings of the object store that DIR names, in addition to environment variables; a mapping of names to text."""

    if TYPE_CHECKING:  # fields have the types of their final values; the constructor accepts more types

        def __init__(self, **options: Unpack[ProgramOptions]) -> None: ...

    def __post_init__(self, include: str | Iterable[str], exclude: str | Iterable[str]) -> None:
        with errors_in_keywords():
            self._check(include, exclude)

    def _check(self, include: str | Iterable[str], exclude: str | Iterable[str]) -> None:
        where, problems = type(self).__name__, Problems()
        for key, item in option_fields().items():
            if (value := getattr(self, key)) is not item.default:
                with problems.collecting():
                    object.__setattr__(self, key, convert(item, value, f"{where}: {key}"))
        with problems.collecting():
            rules, listed = check_rules(self.rules, where), rules_of({"include": include, "exclude": exclude}, where)
            if rules and listed:
                raise ConfigError(f"{where}: rules: give either rules, or include and exclude")
            object.__setattr__(self, "rules", rules or listed)
        with problems.collecting():
            object.__setattr__(self, "objects", check_objects(self.objects, f"{where}: objects"))
        problems.raise_any()
        check_together({key: getattr(self, key) for key in TOGETHER}, where)

    __repr__ = on_one_line

    @classmethod
    def ensure(cls, config: Config | None) -> Config:
        """``config`` itself, or a Config of defaults for None. Raises ConfigError for anything else, such as a dict."""
        if config is not None and not isinstance(config, cls):
            raise ConfigError(f"config: expected a crawler.Config, not {type(config).__name__}")
        return config or cls()

    @property
    def trash_seconds(self) -> float | None:
        """The time for which the trash keeps a file, in seconds; None without a trash."""
        return None if self.trash is None else self.trash.total_seconds()

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], *, where: str) -> Config:
        """A Config from TOML values or option texts. Raises ConfigError, which names ``where`` and the key.

        ``rules``, which only the command line has, override ``include`` and ``exclude``.
        """
        parsed = parse_options(values, where)
        check_together(parsed, where)
        return cls(**parsed, objects=check_objects(values.get("objects", {}), f"{where}: objects"))  # type: ignore[arg-type]


def parse_options(values: Mapping[str, object], where: str) -> dict[str, object]:
    """Check and convert the options of a mapping separately; combinations are checked when the Config is made.

    Raises ConfigError, which names ``where`` and the key.
    """
    known, parsed, problems = option_fields(), dict[str, object](), Problems()
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: expected a mapping, not {type(values).__name__}")
    for key, value in values.items():
        if key in {"include", "exclude", "objects"}:
            continue
        with problems.collecting():
            if key == "rules" and isinstance(value, tuple):
                parsed[key] = check_rules(value, where)
            elif key not in known:
                from crawler.model.options.names.hints import unknown_key

                raise unknown_key(where, key, value)
            else:
                parsed[key] = convert(known[key], value, location_of(where, key))
    with problems.collecting():
        parsed.setdefault("rules", rules_of(values, where))
    with problems.collecting():
        check_objects(values.get("objects", {}), f"{where}: objects")
    problems.raise_any()
    return parsed


def option_fields() -> dict[str, Field[Any]]:
    """The fields that are options, by key, in the order of the help page."""
    return {item.name: item for item in fields(Config) if "option" in item.metadata}
