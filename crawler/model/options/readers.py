"""Readers of option values: each turns the text of one kind of option into its value, or raises ValueError.

The message of a ValueError says what was expected; ``model.options.option`` adds the name of the option and the text.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from crawler.model import limits
from crawler.model.struct import Value

LONGEST = 1_000_000 * 86400
"""Longest duration that an option accepts, in seconds; clocks and timers overflow beyond it."""
MAX_PARALLEL = 1000
"""Largest number of workers, listers and other things that run at once; more would exhaust memory."""
MAX_DEPTH = 64
"""Maximum number of requests in flight on one connection; all of them are lost if it breaks."""
MAX_NUMBER = 1_000_000
"""Largest value of a number without a limit of its own."""
SLOWEST = 0.001
"""Smallest number of requests per second, one in about 17 minutes; a run at a lower rate would hardly ever end."""
MAX_COUNT = (1 << 63) - 1
"""Largest number of files."""

_SIZE_UNITS = {"": 1, "K": limits.KIB, "M": limits.MIB, "G": limits.GIB, "T": 1024 * limits.GIB}
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?(?:/s)?"  # compiled when first used, like those below
_FREQUENCY = r"(?i)(\d+(?:\.\d+)?|\.\d+)(?:/s)?"
_TIME_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = r"(?i)(\d+(?:\.\d+)?)\s*([smhdw]?)"
_DATE = r"\d{4}-\d\d-\d\d([T ].*)?|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])([T ].*)?"
_ISO = r"[\d-]+(?:[T ][\d:.,]+(?:Z|[+-][\d:]+)?)?"
_YEAR = r"(?:19|20)\d\d"
_UNIX_TIME = r"\d{9,11}"
"""Seconds since 1970, as ``date +%s`` prints them."""
_AMBIGUOUS = "M may mean minutes or months: write 5m or 150d, for example"
_FOREIGN = r"(?i)[~$]|[A-Za-z]:[\\/]|\\\\|(?:https?|ftps?|s3|gs|az|file)://"
"""How paths begin that a shell would expand, those of Windows, and URLs."""
_BAD_MAX_DELETE = "expected a number of files or a percentage such as 25%"


def parse_size(text: str) -> int:
    """``10M`` → bytes (K M G T are powers of 1024; ``iB``, ``B`` and ``/s`` may follow). Raises ValueError."""
    match = re.fullmatch(_SIZE, text.strip())
    if not match:
        raise ValueError("expected a size such as 500, 10K, 1.5GiB")
    from fractions import Fraction

    size = int(Fraction(match[1]) * _SIZE_UNITS[match[2].upper()])
    if size >= 1 << 63:
        raise ValueError("expected a size that a file can have")
    return size


def parse_total_size(text: str) -> int:
    """A size in bytes, at least 1. Raises ValueError."""
    size = parse_size(text)
    if size < 1:
        raise ValueError("expected a size of 1 byte or more")
    return size


def parse_rate(text: str) -> int:
    """A rate in bytes per second, at least 1. Raises ValueError."""
    rate = parse_size(text)
    if rate < 1:
        raise ValueError("expected a rate of 1 byte per second or more")
    return rate


def parse_frequency(text: str) -> float:
    """A number of requests per second, at least SLOWEST; ``/s`` may follow. Raises ValueError."""
    match = re.fullmatch(_FREQUENCY, text.strip())
    if not match or not SLOWEST <= float(match[1]) <= MAX_NUMBER:
        raise ValueError(f"expected a number from {SLOWEST} to {MAX_NUMBER}, such as 20, or 0.5 for one in 2 s")
    return float(match[1])


def parse_duration(text: str) -> float:
    """``5m`` → seconds (units s m h d w, default seconds), at most LONGEST. Raises ValueError."""
    match = re.fullmatch(_DURATION, text.strip())
    if not match:
        raise ValueError("expected a time such as 30s, 5m, 2h, 7d")
    if match[2] == "M":
        raise ValueError(_AMBIGUOUS)
    seconds = float(match[1]) * _TIME_UNITS[match[2].lower()]
    if seconds > LONGEST:
        raise ValueError(f"expected a time of at most {LONGEST // 86400}d")
    return seconds


def parse_timeout(text: str) -> float:
    """A duration in seconds, above zero. Raises ValueError."""
    value = parse_duration(text)
    if not 0 < value < math.inf:
        raise ValueError("expected a time above zero")
    return value


def parse_age(text: str) -> datetime | timedelta:
    """``7d`` → a timedelta before the start of the run; an ISO date or time → an aware datetime, UTC by default.

    ``20250131`` is a date. Raises ValueError, also for a number that looks like a year or a Unix time.
    """
    bare = text.strip()
    if re.fullmatch(_DATE, bare):
        if not re.fullmatch(_ISO, bare):
            raise ValueError("expected a date such as 2025-01-31 or 2025-01-31T12:00+01:00")
        moment = datetime.fromisoformat(bare)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if re.fullmatch(_YEAR, bare):
        raise ValueError(f"a year, or seconds? write {bare}-01-01 or {bare}s")
    if re.fullmatch(_UNIX_TIME, bare):
        raise ValueError("a Unix time? expected an age such as 12h or 7d, or a date")
    try:
        return timedelta(seconds=parse_duration(text))
    except OverflowError:
        raise ValueError("expected a time within the calendar") from None
    except ValueError:
        if re.fullmatch(_DURATION, text.strip()):
            raise
        raise ValueError("expected an age such as 12h or 7d, or a date: 2025-01-31 or 2025-01-31T12:00") from None


def parse_days(text: str) -> timedelta:
    """A duration whose default unit is days. Raises ValueError."""
    if not re.fullmatch(_DURATION, text.strip()):
        raise ValueError("expected a number of days such as 30, or a time such as 12h or 4w")
    try:
        return timedelta(seconds=parse_duration(text if text[-1:].isalpha() else text + "d"))
    except OverflowError:
        raise ValueError("expected a time within the calendar") from None


def check_duration(value: timedelta) -> timedelta:
    """``value`` unchanged. Raises ValueError if ``parse_duration`` could not return it."""
    if not 0 <= value.total_seconds() <= LONGEST:
        raise ValueError(f"expected a time from 0 to {LONGEST // 86400}d")
    return value


class Auto(int):
    """0 as the value of an option that was given as ``auto``; users cannot write it as a number."""

    def __repr__(self) -> str:
        return "auto"


AUTO = Auto()


class MaxDelete(Value, frozen=True):
    """The number of files that a run may delete: ``25%`` or ``100``. Exactly one of count and percent is set."""

    count: int | None = None
    """Number of files."""
    percent: float | None = None
    """Share of the local files, 0 to 100."""
    always: int = 0
    """Number of files that may always be deleted, because a few files are a large share of a small mirror. Only the
    default sets it."""

    def __str__(self) -> str:
        return f"{self.percent:g}%" if self.percent is not None else str(self.count)


def parse_max_delete(text: str) -> MaxDelete:
    """``25%`` or ``100`` → a MaxDelete. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,19}(?:\.\d{1,19})?)(%?)", text.strip())
    if not match or (not match[2] and "." in match[1]):
        raise ValueError(_BAD_MAX_DELETE)
    return check_max_delete(MaxDelete(percent=float(match[1])) if match[2] else MaxDelete(count=int(match[1])))


def check_max_delete(value: MaxDelete) -> MaxDelete:
    """``value`` unchanged. Raises ValueError if it is out of range."""
    is_count = value.percent is None and value.count is not None and 0 <= value.count <= MAX_COUNT
    is_share = value.count is None and value.percent is not None and 0 <= value.percent <= 100
    if not (is_count or is_share) or not 0 <= value.always <= MAX_COUNT:
        raise ValueError(_BAD_MAX_DELETE)
    return value


def integer(minimum: int, maximum: int) -> Callable[[str], int]:
    """A reader of whole numbers from ``minimum`` to ``maximum``; for any other text it raises ValueError."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text.strip()) or not minimum <= int(text) <= maximum:
            most = f" to {maximum}" if maximum < MAX_COUNT else " on"
            raise ValueError(f"expected a whole number from {minimum}{most}")
        return int(text)

    return parse


def parse_processes(text: str) -> int:
    """A number of processes, or AUTO. Raises ValueError."""
    try:
        return AUTO if text == "auto" else integer(1, MAX_PARALLEL)(text)
    except ValueError:
        raise ValueError(f"expected auto, or a whole number from 1 to {MAX_PARALLEL}") from None


def parse_pipeline(text: str) -> int:
    """Parse a number of requests; 1 stands for off. Returns AUTO for auto. Raises ValueError."""
    try:
        return AUTO if text == "auto" else 1 if text == "off" else integer(1, MAX_DEPTH)(text)
    except ValueError:
        raise ValueError(f"expected auto, off, or a whole number from 1 to {MAX_DEPTH}") from None


def choice(*values: str) -> Callable[[str], str]:
    """A reader that accepts only ``values``; for any other text it raises ValueError."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError("expected one of " + ", ".join(values))
        return text

    return parse


def check_extensions(text: str) -> str:
    """A list of extensions, unchanged. Raises ValueError for text that is not such a list."""
    if "://" in text:
        raise ValueError("expected extensions such as zip,tar.gz, and then URL")
    if re.fullmatch(r"[*.]*\w+(?:/[*.]*\w+)+", text):
        raise ValueError(f"separate extensions by commas: {text.replace('/', ',')}")
    if "=" in text or "/" in text:
        raise ValueError("expected extensions such as zip,tar.gz (wget's -e robots=off is --no-robots here)")
    if not text.strip(" ,*."):
        raise ValueError("expected extensions such as zip,tar.gz; leave the option out to keep all files")
    if re.search(r"[^\s,]\s+[^\s,]|[;|:]", text):
        parts = re.split(r"[\s,;|:]+", text.strip())
        raise ValueError(f"separate extensions by commas: {','.join(parts)}")
    return text


def path_problem(path: str) -> str:
    """Why ``path`` cannot be meant or made, whatever the file system; "" if it can."""
    if "\0" in path:
        return "a path cannot contain NUL"
    try:
        longest = max(map(len, os.fsencode(path).split(b"/")))
    except UnicodeEncodeError:
        return "it has a character that no path can hold"
    is_long = longest > 255 or len(path) * 4 > limits.PATH_BYTES < len(os.fsencode(path))
    return f"a name has at most 255 bytes, and a path {limits.PATH_BYTES}" if is_long else ""


def check_path(text: str) -> str:
    """A path, unchanged. Raises ValueError if it is empty, or cannot be the path of a file."""
    if problem := path_problem(text):
        raise ValueError(problem)
    if not text:
        raise ValueError("expected a path")
    if text == "-":
        raise ValueError("expected a path, such as /dev/stdout; write ./- for a file of that name")
    if not text.startswith(("http://", "https://")) and (problem := foreign_path(text)):
        raise ValueError(problem)  # one that took URL as its value is reported as such, where URL is missed
    return text


def foreign_path(path: str) -> str:
    """Why ``path`` is no path of this machine: what a shell expands, a path of Windows, a URL; "" if it is one."""
    if not re.match(_FOREIGN, path):
        return ""
    from crawler.model.options.other_notations import foreign  # imported only for the message

    return foreign(path)


def is_stream(path: str) -> bool:
    """Whether ``path`` is standard output, a pipe or the like: in /dev, but not in its file system in memory."""
    return path.startswith("/dev/") and not path.startswith("/dev/shm/")


def check_metrics_path(text: str) -> str:
    """The path of a file for the textfile collector, unchanged. Raises ValueError if the collector would ignore it.

    Paths in /dev are accepted: they are standard output or pipes, not files for the collector.
    """
    if problem := path_problem(text) or foreign_path(text):
        raise ValueError(problem)
    if not text.endswith(".prom") and not is_stream(text):
        raise ValueError("expected a path that ends in .prom: node_exporter's textfile collector ignores other files")
    return text
