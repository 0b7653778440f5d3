"""Reasons that the code compares. Logs, reports and the state contain these texts, so they never change."""

from __future__ import annotations

from enum import StrEnum

CLAIM = "is this run's"
"""Words after a path, and before an option, if an entry would be stored in place of an output file."""
LINK = "a symbolic link"
"""Value of ``Local.spared`` for a symbolic link."""


class Reason(StrEnum):
    """Reasons why a link, an entry or a directory is not taken, why a file is fetched, and how it ended."""

    # Links and rows of a listing: see docs/listings.md.
    SORT = "sort"
    PARENT = "parent"
    SELF = "self"
    PAGE = "page"
    BREADCRUMB = "breadcrumb"
    NAVIGATION = "navigation"
    DUPLICATE = "duplicate"
    ABOVE = "above"
    DEEP = "deep"
    QUERY = "query"
    FRAGMENT = "fragment"
    OTHER_HOST = "other-host"
    SCHEME = "scheme"
    BAD_NAME = "bad-name"
    NO_LINK = "no-link"
    CLASH = "clash"
    OTHER = "other"
    FAILED = "failed"

    # Limits on where a run may go.
    DEPTH = "depth"
    REDIRECTS = "redirects"
    DIRECTORY = "directory"
    """Not a refusal: a redirect to the same URL with a slash, so what looked like a file is a directory."""
    ROBOTS = "robots"
    ROBOTS_UNREADABLE = "robots-unreadable"
    """It is unknown what robots.txt says, so nothing may be fetched (RFC 9309 section 2.3.1.4)."""

    # Filters.
    EXCLUDE = "exclude"
    EXTENSION = "ext"
    NOT_INCLUDED = "not-included"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"
    TOO_OLD = "too-old"
    TOO_NEW = "too-new"

    # Results.
    SAME_ROW = "same row"
    INTERRUPTED_REPLACEMENT = "a run was killed while replacing this file"
    NOT_CONFIRMED = "not confirmed as the listed version"
    SAME_VERSION = "the server sent the version that is here"
    OUTDATED = "the server sent an older version than its listing shows"
    BEHIND = "the version of this upstream may be older than the one that is here"
    """The reason at one of several upstreams; the others may have the file."""
    NOT_PROVEN = "nothing proves that this upstream has the listed version"
    """The reason at one of several upstreams: there is neither a digest nor a time that agrees with the row."""
    BUDGET = "beyond --max-files or --max-total-size"
    """The next run may save the file."""
    LARGER_THAN_BUDGET = "larger than --max-total-size"
    """No run can save the file."""
    HELD_BACK = "held back, because something before it failed"
    """The file matches --last."""
    NOT_REACHED = "not reached"
    """The entry was listed before the run was cut short."""
    DRY_RUN = "only planned"
    GONE = "gone upstream"
    NAME_CLASH = "name-clash"
    FILE_IN_THE_WAY = "a file is in the way of its directory"
    """The directory of the file cannot be created."""
    DIRECTORY_IN_THE_WAY = "a directory of that name is in the way"
    """Returned by ``Destination.commit`` for a file whose name is taken by a directory; a run with --delete may then
    remove the directory and retry."""
    NOT_EMPTY = "the directory is not empty"
    """Returned by ``Destination.delete`` for a directory that contains something outside the mirror."""
    NO_DIGEST = "no digest is known"
    """The file could not be verified: it existed before the mirror did, or arrived without a digest."""
    DIGEST_NOTED = "no digest was known; it is recorded now"
    """Only the missing digest was repaired: the file still has its recorded size and time."""
    BEING_REPLACED = "a run ended while replacing it, so its version is unknown"
    """A problem that --verify finds, and --repair and the next run solve: they fetch the file."""


OPTIONS = {
    Reason.EXTENSION: "--ext",
    Reason.EXCLUDE: "--exclude",
    Reason.NOT_INCLUDED: "--include",
    Reason.TOO_SMALL: "--min-size",
    Reason.TOO_LARGE: "--max-size",
    Reason.TOO_OLD: "--newer-than",
    Reason.TOO_NEW: "--older-than",
}
"""Reason of a filter or limit → the option that sets it."""
NAVIGATION = frozenset(
    (
        Reason.SORT, Reason.PARENT, Reason.SELF, Reason.PAGE,
        Reason.BREADCRUMB, Reason.ABOVE, Reason.QUERY, Reason.FRAGMENT,
        Reason.NAVIGATION, Reason.DUPLICATE, Reason.DEEP,
    )
)  # fmt: skip
"""Reasons for rejections that occur in every listing; shown on request only."""
