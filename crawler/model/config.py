"""The options: one dataclass, from which the command line, the TOML keys and the documentation are made.

Every field is an option ``--like-this`` and a TOML key ``like_this``. What it means, its unit, its group in
``--help`` and how its text is read stand beside it; nothing about an option is written anywhere else.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, InitVar, dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from crawler.model import limits
from crawler.model.errors import ConfigError

_UNITS = {"": 1, "K": limits.KIB, "M": limits.MIB, "G": limits.GIB, "T": 1024 * limits.GIB}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?(?:/s)?", re.IGNORECASE)
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", re.IGNORECASE)
LONGEST = 1_000_000 * 86400
"""Seconds: what no clock or timer can take is refused as a time."""
MOST = 1000
"""Of what a run starts at once: more is a mistake, and would take the memory of the machine."""
_MANY = 1_000_000
_COUNT = (1 << 63) - 1
_LIMIT = "expected a number of files or a percentage such as 25%"
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")


def parse_size(text: str) -> int:
    """``10M`` → bytes (K M G T are powers of 1024; ``iB``, ``B`` and ``/s`` may follow). Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError("expected a size such as 500, 10K, 1.5GiB")
    size = int(Fraction(match[1]) * _UNITS[match[2].upper()])
    if size >= 1 << 63:
        raise ValueError("expected a size that a file can have")
    return size


def _total(text: str) -> int:
    size = parse_size(text)
    if size < 1:
        raise ValueError("expected a size of 1 byte or more")
    return size


def _rate(text: str) -> int:
    rate = parse_size(text)
    if rate < 1:
        raise ValueError("expected a rate of 1 byte per second or more")
    return rate


def parse_duration(text: str) -> float:
    """``5m`` → seconds (s m h d w; without a unit seconds), at most LONGEST. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError("expected a time such as 30s, 5m, 2h, 7d")
    seconds = float(match[1]) * _TIMES[match[2].lower()]
    if seconds > LONGEST:
        raise ValueError(f"expected a time of at most {LONGEST // 86400}d")
    return seconds


def parse_age(text: str) -> datetime | timedelta:
    """``7d`` → a timedelta before the run starts; an ISO date or time → an aware datetime (UTC unless it says)."""
    if _DATE.fullmatch(text.strip()):
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return timedelta(seconds=parse_duration(text))
    except OverflowError:
        raise ValueError("expected a time within the calendar") from None


@dataclass(frozen=True, slots=True)
class MaxDelete:
    """``25%`` or ``100``: how many deletions one run may make."""

    count: int | None = None
    percent: float | None = None
    always: int = 0
    """So many files may go whatever their share: small folders change by large fractions. Only the default has it."""

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.percent is not None else str(self.count)


def parse_max_delete(text: str) -> MaxDelete:
    """Raises ValueError."""
    match = re.fullmatch(r"(\d{1,19}(?:\.\d{1,19})?)(%?)", text.strip())
    if not match or (not match[2] and "." in match[1]):
        raise ValueError(_LIMIT)
    return _limit(MaxDelete(percent=float(match[1])) if match[2] else MaxDelete(count=int(match[1])))


def _limit(value: MaxDelete) -> MaxDelete:
    """``value`` itself. Raises ValueError for one that is no limit."""
    is_count = value.percent is None and value.count is not None and 0 <= value.count <= _COUNT
    is_share = value.count is None and value.percent is not None and 0 <= value.percent <= 100
    if not (is_count or is_share) or not 0 <= value.always <= _COUNT:
        raise ValueError(_LIMIT)
    return value


def _span(value: timedelta) -> timedelta:
    """``value`` itself. Raises ValueError for what ``parse_duration`` would not give."""
    if not 0 <= value.total_seconds() <= LONGEST:
        raise ValueError(f"expected a time from 0 to {LONGEST // 86400}d")
    return value


def _whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text.strip()) or not minimum <= int(text) <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    value = parse_duration(text)
    if not 0 < value < math.inf:
        raise ValueError("expected a time above zero")
    return value


def _trash(text: str) -> timedelta:
    """A number without a unit is in days. Raises ValueError."""
    try:
        return timedelta(seconds=parse_duration(text if text[-1:].isalpha() else text + "d"))
    except OverflowError:
        raise ValueError("expected a time within the calendar") from None


def _processes(text: str) -> int:
    """0 stands for auto."""
    try:
        return 0 if text in {"auto", "0"} else _whole(1, MOST)(text)
    except ValueError:
        raise ValueError(f"expected auto, or a whole number from 1 to {MOST}") from None


def _choice(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError("expected one of " + ", ".join(values))
        return text

    return parse


def parse_header(text: str) -> tuple[str, str]:
    """``Name: value`` → its two parts, without the white space around them. Raises ValueError, which quotes nothing."""
    name, colon, value = text.partition(":")
    name = name.strip(" \t")
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
        raise ValueError("expected 'Name: value' or @FILE")
    return name, value.strip(" \t")


def _header(text: str) -> str:
    if not text.startswith("@") or len(text) == 1:
        parse_header(text)
    return text


def _rule(text: str) -> str:
    if text.startswith("re:"):
        try:
            re.compile(text[3:])
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
    if not text:
        raise ValueError("expected a pattern")
    return text


def _path(text: str) -> str:
    if not text:
        raise ValueError("expected a path")
    return text


@dataclass(frozen=True, slots=True)
class Rule:
    """One --include or --exclude, in the order given."""

    include: bool
    pattern: str


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of one option beside its default."""

    group: str
    help: str
    metavar: str | None = None
    """None for a flag."""
    parse: Callable[[str], Any] = str
    takes: type | None = None
    """Values of this type are taken as they are: what ``parse`` makes, where no text or number is like it."""
    check: Callable[[Any], Any] = str
    """For a value of the type ``takes``: raises ValueError if it is out of range."""
    short: str | None = None
    multiple: bool = False
    negative: str | None = None
    """The flag that switches it off, where it has one."""
    secret: bool = False
    """Its values are not shown in messages."""
    shown: str | None = None
    """The default as people read it, where ``str(default)`` would not do."""


def _option(default: Any, group: str, help: str, metavar: str | None = None, **more: Any) -> Any:
    """A dataclass field that is an option."""
    return field(default=default, metadata={"option": Option(group, help, metavar, **more)})


WHAT, WALK, NETWORK, REQUEST = "What to keep", "Where to go", "Speed and patience", "Requests"
LOCAL, RUN, OUTPUT = "The local copy", "The run", "What is printed"
LAST = (
    "*SUMS*", "*CHECKSUM*", "*checksums*", "*.sha1", "*.sha256", "*.sha512", "*.md5", "*.asc", "*.sig", "Release",
    "InRelease", "Release.gpg", "repomd.xml", "Packages*", "Sources*", "APKINDEX*", "*.db",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All options of one mirror, checked when it is made: sizes in bytes, times in seconds.

    Each option takes what its TOML key takes: ``max_size="10M"``, ``ext="zip"``, ``max_delete="50%"``,
    ``newer_than="7d"``, ``trash=30`` (days). ``include`` and ``exclude`` become ``rules``, includes first.

    Raises ConfigError, which names the field, for a value that its option does not allow.
    """

    ext: tuple[str, ...] = _option(
        (), WHAT, "keep files with these extensions, e.g. zip,tar.gz (any case)", "LIST",
        short="-e", multiple=True, shown="all",
    )  # fmt: skip
    rules: tuple[Rule, ...] = ()
    """The --include and --exclude options in their common order."""
    include: InitVar[str | Sequence[str]] = ()
    exclude: InitVar[str | Sequence[str]] = ()
    min_size: int | None = _option(None, WHAT, "skip smaller files", "SIZE", parse=parse_size)
    max_size: int | None = _option(None, WHAT, "skip larger files", "SIZE", parse=parse_size)
    newer_than: datetime | timedelta | None = _option(
        None, WHAT, "skip files older than this: 7d or 2025-01-31", "AGE", parse=parse_age, takes=timedelta, check=_span
    )
    older_than: datetime | timedelta | None = _option(
        None, WHAT, "skip files newer than this", "AGE", parse=parse_age, takes=timedelta, check=_span
    )
    max_files: int | None = _option(None, WHAT, "stop after saving that many files", "N", parse=_whole(1, _COUNT))
    max_total_size: int | None = _option(None, WHAT, "stop before more than that is saved in all", "SIZE", parse=_total)

    no_recursive: bool = _option(False, WALK, "only the files of the page itself")
    max_depth: int | None = _option(
        None, WALK, "levels below URL", "N", parse=_whole(0, _MANY), shown=f"no limit; a safety stop at {limits.DEPTH}"
    )
    allow_host: tuple[str, ...] = _option(
        (), WALK, "also fetch files that are linked or redirected to on HOST", "HOST", multiple=True,
        shown="the host of URL, below URL",
    )  # fmt: skip
    no_robots: bool = _option(False, WALK, "do not ask for robots.txt")

    workers: int = _option(
        8, NETWORK, "transfers at once, and connections to one host, at most", "N", parse=_whole(1, MOST), short="-w"
    )
    processes: int = _option(
        1, NETWORK, "processes that fetch and save; auto: by the number of processors", "N|auto", parse=_processes
    )
    listers: int = _option(4, NETWORK, "listings fetched at once", "N", parse=_whole(1, MOST))
    backlog: int = _option(1000, NETWORK, "files planned ahead of the workers", "N", parse=_whole(1, _MANY))
    segments: int = _option(
        1, NETWORK, "connections for one large file, of those that no other transfer uses", "N", parse=_whole(1, MOST)
    )
    attempts: int = _option(5, NETWORK, "tries per file or listing, the first included", "N", parse=_whole(1, MOST))
    connect_timeout: float = _option(10.0, NETWORK, "seconds to get a connection", "TIME", parse=_seconds)
    read_timeout: float = _option(
        60.0, NETWORK, "seconds without a byte, and for all headers; no limit on the whole", "TIME", parse=_seconds
    )
    min_speed: int = _option(
        100, NETWORK, "give up and retry a transfer slower than this on average over 60 s; 0: never", "RATE",
        parse=parse_size,
    )  # fmt: skip
    limit_rate: int | None = _option(None, NETWORK, "bytes per second over all transfers, e.g. 2M", "RATE", parse=_rate)
    requests_per_second: int | None = _option(None, NETWORK, "requests per second", "N", parse=_whole(1, _MANY))

    header: tuple[str, ...] = _option(
        (), REQUEST, "send this header to the host and port of URL only; @FILE reads headers from a file", "'N: V'",
        parse=_header, multiple=True, secret=True,
    )  # fmt: skip
    user_agent: str | None = _option(None, REQUEST, "how to introduce ourselves", "TEXT", shown="crawler/VERSION")
    netrc: bool = _option(False, REQUEST, "take user and password for the host of URL from ~/.netrc or $NETRC")
    proxy: str | None = _option(None, REQUEST, "HTTP proxy", "URL", shown="from the environment")
    ca_file: str | None = _option(None, REQUEST, "trust the certificates in this PEM file", "FILE", parse=_path)
    client_cert: str | None = _option(None, REQUEST, "PEM file with our certificate and key", "FILE", parse=_path)
    insecure: bool = _option(False, REQUEST, "do not check certificates")

    delete: bool = _option(False, LOCAL, "remove local files that are gone upstream, when that is proven")
    max_delete: MaxDelete = _option(
        MaxDelete(percent=25.0, always=10), LOCAL, "refuse to delete more than that", "N|N%",
        parse=parse_max_delete, takes=MaxDelete, check=_limit, shown="25%, or 10 files where that is more",
    )  # fmt: skip
    ignore_errors: bool = _option(False, LOCAL, "delete although something failed, where the listing was complete")
    delete_excluded: bool = _option(False, LOCAL, "what the filters exclude may be deleted too")
    trash: timedelta | None = _option(
        None, LOCAL, "move deleted and replaced files to DIR/.crawler/trash, for that long", "DAYS",
        parse=_trash, takes=timedelta, check=_span, shown="off",
    )  # fmt: skip
    check: str = _option(
        "listing", LOCAL, "what decides that a file is unchanged", "listing|headers|digest",
        parse=_choice("listing", "headers", "digest"),
    )  # fmt: skip
    verify_digests: bool = _option(
        True, LOCAL, "check files against published SHA256SUMS and the like", negative="no_verify_digests"
    )
    last: tuple[str, ...] = _option(
        LAST, LOCAL, "save these after everything else", "GLOB", multiple=True, shown="checksum and index files"
    )
    fsync: str = _option(
        "batch", LOCAL, "when data is flushed: never, for many files together, or for each", "none|batch|file",
        parse=_choice("none", "batch", "file"),
    )  # fmt: skip
    moved: bool = _option(False, LOCAL, "URL takes the place of another one that DIR has been the mirror of")
    state: str | None = _option(
        None, LOCAL, "where the state lives", "PATH", parse=_path, shown="DIR/.crawler/state.sqlite3"
    )

    lock: str = _option(
        "flock", RUN, "how a second run on DIR is kept out; none: not at all", "flock|none",
        parse=_choice("flock", "none"),
    )  # fmt: skip
    lock_wait: float = _option(0.0, RUN, "wait that long for another run on DIR to end", "TIME", parse=parse_duration)
    max_duration: float | None = _option(
        None, RUN, "stop cleanly after that time; the next run goes on", "TIME", parse=_seconds
    )
    dry_run: bool = _option(False, RUN, "print the plan, with reasons and free space; change and report nothing")
    on_change: str | None = _option(
        None, RUN, "run this at the end if something changed, with the change list on its input", "COMMAND"
    )

    progress: str = _option(
        "auto", OUTPUT, "bars on a terminal, nothing under cron", "auto|bars|plain|none",
        parse=_choice("auto", "bars", "plain", "none"),
    )  # fmt: skip
    format: str = _option("text", OUTPUT, "of --list and --dry-run", "text|json", parse=_choice("text", "json"))
    log_file: str | None = _option(None, OUTPUT, "also log to this file", "FILE", parse=_path)
    log_format: str = _option("text", OUTPUT, "of the log", "text|json", parse=_choice("text", "json"))
    summary: str | None = _option(None, OUTPUT, "write a JSON summary of the run", "FILE", parse=_path)
    changes: str | None = _option(
        None, OUTPUT, "write what was added, updated, deleted, failed: JSON lines", "FILE", parse=_path
    )
    metrics: str | None = _option(
        None, OUTPUT, "write Prometheus metrics, for the textfile collector", "FILE", parse=_path
    )
    report: str | None = _option(None, OUTPUT, "write a page about the mirror and its runs: HTML", "FILE", parse=_path)

    def __post_init__(self, include: str | Sequence[str], exclude: str | Sequence[str]) -> None:
        where = type(self).__name__
        for key, item in option_fields().items():
            value = getattr(self, key)
            if value is not item.default:
                object.__setattr__(self, key, _convert(item, value, f"{where}: {key}"))
        rules = _checked_rules(self.rules, where)
        listed = _listed_rules({"include": include, "exclude": exclude}, where)
        if rules and listed:
            raise ConfigError(f"{where}: rules: give either rules, or include and exclude")
        object.__setattr__(self, "rules", rules or listed)
        _check_together({key: getattr(self, key) for key in _TOGETHER}, where)

    @classmethod
    def ensure(cls, config: Config | None) -> Config:
        """``config``, or the defaults for None. Raises ConfigError for anything else, such as a dict."""
        if config is not None and not isinstance(config, cls):
            raise ConfigError(f"config: expected a crawler.Config, not {type(config).__name__}")
        return config or cls()

    @property
    def trash_seconds(self) -> float | None:
        """How long the trash keeps a file, in seconds; None without a trash."""
        return None if self.trash is None else self.trash.total_seconds()

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], *, where: str) -> Config:
        """Check and convert TOML values or option texts. Raises ConfigError, naming ``where`` and the key.

        ``rules``, which only the command line has, win over ``include`` and ``exclude``.
        """
        parsed = parse_options(values, where)
        _check_together(parsed, where)
        return cls(**parsed)  # type: ignore[arg-type]


def parse_options(values: Mapping[str, object], where: str) -> dict[str, object]:
    """The options of a mapping, each by itself: what they mean together is not asked, as others may be added.

    Raises ConfigError, naming ``where`` and the key.
    """
    known = option_fields()
    parsed: dict[str, object] = {}
    for key, value in values.items():
        if key == "rules" and isinstance(value, tuple):
            parsed[key] = _checked_rules(value, where)
        elif key in {"include", "exclude"}:
            continue
        elif key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}")
        else:
            parsed[key] = _convert(known[key], value, _place(where, key))
    parsed.setdefault("rules", _listed_rules(values, where))
    return parsed


_TOGETHER = ("min_size", "max_size", "delete", "delete_excluded", "ignore_errors")


def _check_together(values: Mapping[str, object], where: str) -> None:
    least, most = values.get("min_size"), values.get("max_size")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        raise ConfigError(f"{_place(where, 'min_size')} is larger than the maximum")
    for key in ("delete_excluded", "ignore_errors"):
        if values.get(key) and not values.get("delete"):
            raise ConfigError(f"{_place(where, key)} has no effect without delete")


COMMAND_LINE = "command line"
"""Where options come from that are called by their flags."""


def _place(where: str, key: str) -> str:
    """What an error is about: ``--max-size``, or ``mirrors.toml: mirror 1: max_size``."""
    return "--" + key.replace("_", "-") if where == COMMAND_LINE else f"{where}: {key}"


def option_fields() -> dict[str, Field[Any]]:
    """The fields that are options, by key, in the order of the help page."""
    return {item.name: item for item in fields(Config) if "option" in item.metadata}


def option_of(item: Field[Any]) -> Option:
    """What is known of the option that ``item`` (from ``option_fields``) stands for."""
    option = item.metadata["option"]
    assert isinstance(option, Option)
    return option


def parse_rule(text: str, *, include: bool, where: str) -> Rule:
    """A --include or --exclude. Raises ConfigError."""
    try:
        return Rule(include, _rule(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r}: {error}") from None


def _checked_rules(rules: object, where: str) -> tuple[Rule, ...]:
    if not isinstance(rules, list | tuple) or not all(isinstance(rule, Rule) for rule in rules):
        raise ConfigError(f"{where}: rules: expected a sequence of Rule (include and exclude take texts)")
    return tuple(parse_rule(rule.pattern, include=rule.include, where=f"{where}: rules") for rule in rules)


def _listed_rules(values: Mapping[str, object], where: str) -> tuple[Rule, ...]:
    """``include`` and ``exclude`` as rules: two lists have no common order, so includes come first."""
    rules = []
    for key in ("include", "exclude"):
        value = values.get(key, [])
        for text in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(text, str):
                raise ConfigError(f"{where}: {key}: expected text or a list of texts")
            rules.append(parse_rule(text, include=key == "include", where=f"{where}: {key}"))
    return tuple(rules)


def _convert(item: Field[Any], value: object, where: str) -> object:
    """``value`` as the option of ``item`` takes it. What was converted before stays as it is. Raises ConfigError."""
    option = option_of(item)
    if option.metavar is None:
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: expected true or false, not {value!r}")
        return value
    texts = value if isinstance(value, list | tuple) else [value]
    if not option.multiple and len(texts) != 1:
        raise ConfigError(f"{where}: expected one value")
    converted = [_convert_one(option, text, where) for text in texts]
    return tuple(converted) if option.multiple else converted[0]


def _convert_one(option: Option, value: object, where: str) -> object:
    try:
        if option.takes is not None and isinstance(value, option.takes):
            option.check(value)
            return value
        return option.parse(_text_of(value))
    except TypeError:
        shown = "" if option.secret else f"{value!r}: "
        raise ConfigError(f"{where}: {shown}expected text or a number") from None
    except ValueError as error:
        shown = "" if option.secret else f"{str(value)!r}: "
        raise ConfigError(f"{where}: {shown}{error}") from None


def _text_of(value: object) -> str:
    """A value of TOML, or a path, as the text of an option. Raises TypeError."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else os.fsdecode(path)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # without an exponent, which no option has
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    return str(value)


def default_of(item: Field[Any]) -> object:
    """The default of an option."""
    assert item.default is not MISSING
    return item.default
