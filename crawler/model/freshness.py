"""Whether a response describes the version of a file that the listing shows, and how reliable that judgement is."""

from __future__ import annotations

from enum import StrEnum


class Dating(StrEnum):
    """Whether Last-Modified and the listing row show the same time, judged by the other files of the directory."""

    UNKNOWN = "unknown"
    """No other file of the directory has both a Last-Modified and a listed time."""
    RELIABLE = "reliable"
    """Both times agree for most files."""
    UNRELIABLE = "unreliable"
    """The times differ for most files: listings and responses of the server use different clocks."""


class Currency(StrEnum):
    """The version of a file that a response describes, compared with the listing row."""

    UNKNOWN = "unknown"
    """Nothing to compare: the row has no time, or the response has no usable Last-Modified."""
    LISTED = "listed"
    """Nothing contradicts the assumption that the response describes the listed version."""
    OLDER = "older"
    """Last-Modified is earlier than the row in every time zone: the response probably comes from a stale cache."""
    OTHER = "other"
    """Last-Modified is not the row's time in any zone, and not certainly earlier: the listing may be stale."""


class Source(StrEnum):
    """The degree of trust in a host's statements about a file, if several hosts have the same tree."""

    FIRST = "first"
    """The only host, or the first one: its listings are authoritative."""
    FALLBACK = "fallback"
    """Another host, which lists the file itself: its version must not replace a newer one from elsewhere."""
    ELSEWHERE = "elsewhere"
    """A host other than the one that lists the file: its version must be proven to be the listed one."""
