"""Accounts for rows of a listing that are not entries, so that none is lost silently.

Exit code 0 means that everything that the listing shows and the filters want has been saved. A row that the user
excluded, or that no run fetches by design, is skipped; any other row is a missing file and counts as failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from crawler.model.observer import Observer
from crawler.model.reasons import Reason
from crawler.model.struct import replace
from crawler.model.values import Entry, Kind, Listing, Outcome, Rejection, Result
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.rules.scope import Scope
from crawler.text.names.places import place_of_entry
from crawler.text.patterns import pattern
from crawler.text.urls import directory_of, last_name, resolve

ENDINGS: Mapping[str, tuple[Outcome, str]] = {
    Reason.ABOVE: (Outcome.SKIPPED, "its link leads above URL"),
    Reason.OTHER_HOST: (Outcome.SKIPPED, "its link leads to another host"),
    Reason.OTHER: (Outcome.SKIPPED, "it cannot be fetched as a file"),
    Reason.SCHEME: (Outcome.FAILED, "its link is not an http or https URL"),
    Reason.QUERY: (Outcome.FAILED, "the query of its link does not tell which file is meant"),
    Reason.FRAGMENT: (Outcome.FAILED, "its link leads nowhere without a script"),
    Reason.DEEP: (Outcome.FAILED, "its link leads more than one level down and does not show the name"),
    Reason.DEPTH: (Outcome.SKIPPED, "its directory is not entered"),
    Reason.BAD_NAME: (Outcome.FAILED, "cannot be the name of a file"),
    Reason.NO_LINK: (Outcome.FAILED, "its row has no link that can be followed"),
    Reason.FAILED: (Outcome.FAILED, "the server could not describe it"),
    Reason.CLASH: (Outcome.FAILED, "another row has the same address and is something else"),
}
"""Reason of a rejection → outcome of its row, and the explanation."""
_UNKNOWN = Outcome.FAILED, "its link is not understood"
_BY_DESIGN = (Reason.OTHER_HOST, Reason.ABOVE, Reason.SCHEME, Reason.OTHER, Reason.ROBOTS)
"""Reasons for skipping wanted entries although no option of the user excludes them."""
_PROTOCOLS = pattern(
    r"\s*(?:ftps?|sftp|scp|ssh|rsync|git|svn|file|nfs|smb|afp|magnet|ed2k|ipfs|s3|gs|gopher|gemini|mailto|tel|irc)s?:",
    re.IGNORECASE,
)
"""Schemes that belong to other programs and are not followed by design."""


def _url_of(row: Rejection, page: str) -> str:
    """The URL to which the link of ``row`` on ``page`` leads; the link as written if it cannot be resolved."""
    return resolve(page, row.subject) or row.subject


def is_directory(row: Rejection) -> bool:
    """Whether the link of ``row`` ends in a slash, as links to directories do."""
    return row.subject.partition("#")[0].partition("?")[0].rstrip().endswith("/")


def ending(row: Rejection, page: str, scope: Scope) -> tuple[Outcome, str]:
    """The outcome of ``row``, and the reason. A row in scope that cannot be fetched is a missing file."""
    outcome, said = ENDINGS.get(row.reason, _UNKNOWN)
    if row.reason == Reason.BAD_NAME:
        return outcome, f"{row.subject!r} {said}: {row.detail or 'no file has such a name'}"
    if row.reason == Reason.SCHEME and _PROTOCOLS.match(row.subject):
        return Outcome.SKIPPED, row.reason
    if row.reason in {Reason.ABOVE, Reason.OTHER_HOST}:
        url = _url_of(row, page)
        refusal = scope.listing(url) if is_directory(row) else scope.file(url)
        if refusal is None:
            return Outcome.FAILED, f"{row.reason}: {said} and does not show its name"
    if outcome is Outcome.SKIPPED:
        return outcome, row.reason
    return outcome, f"{row.reason}: {said}" + (f" ({row.detail})" if row.detail else "")


def entry_of(row: Rejection, page: str, scope: Scope) -> Entry | None:
    """The file of ``row`` if --allow-host names the host that its link leads to; otherwise None."""
    url = _url_of(row, page)
    elsewhere = row.reason in {Reason.ABOVE, Reason.OTHER_HOST} and not is_directory(row)
    if not elsewhere or row.row != last_name(url) or scope.file(url) is not None:
        return None
    return Entry(name=row.row, kind=Kind.UNKNOWN, url=url, external=row.reason == Reason.OTHER_HOST)


def sorted_rows(listing: Listing, scope: Scope, *, enters: bool) -> tuple[tuple[Entry, ...], tuple[Rejection, ...]]:
    """The entries of a listing, and its rows that are not entries. ``enters``: whether directories are entered."""
    rows = [each for each in listing.rejections if each.row]
    if not rows:  # nearly always
        return tuple(listing.entries), ()
    entries, unusable = list(listing.entries), list[Rejection]()
    for row in rows:
        entry = entry_of(row, listing.url, scope)
        if entry is not None:
            entries.append(entry)
        else:
            unusable.append(replace(row, reason=Reason.DEPTH) if is_directory(row) and not enters else row)
    return tuple(entries), tuple(unusable)


def result_of(row: Rejection, directory: str, page: str, filters: Filters, scope: Scope) -> Result:
    """The Result of ``row`` in the listing of ``directory`` at ``page``: skipped by a filter, or by its reason."""
    path = place_of_entry(directory, row.row)
    last = path.rpartition("/")[2]
    refused = filters.prunes(path) if is_directory(row) else filters.rejects(path, last, None, None)
    outcome, reason = (Outcome.SKIPPED, refused.reason) if refused is not None else ending(row, page, scope)
    return Result(path=path, url=_url_of(row, page), outcome=outcome, reason=reason)


def count(
    rows: Iterable[Rejection], directory: str, page: str, filters: Filters, scope: Scope, observer: Observer
) -> None:
    """Report each of ``rows`` to ``observer`` as an entry that was listed and has its Result."""
    for row in rows:
        result = result_of(row, directory, page, filters, scope)
        observer.listed(result.path, None)
        observer.finished(result)


def lost(listing: Listing) -> list[str]:
    """Names of the rows in a listing that a run would report as failed."""
    scope = Scope(directory_of(listing.url))
    rows = [each for each in listing.rejections if each.row]
    return [row.row for row in rows if ending(row, listing.url, scope)[0] is Outcome.FAILED]


def nothing_wanted(listed: int, skipped_by: Mapping[str, int], interrupted: str | None = None) -> list[str]:
    """A warning for a run that skipped everything that was ``listed`` although the filters want some of it; or none."""
    if (
        interrupted is not None
        or not 0 < listed == sum(skipped_by.values())
        or skipped_by.keys().isdisjoint(_BY_DESIGN)
    ):
        return []
    rows = f"all {listed:,} rows of the listing are" if listed > 1 else "the only row of the listing is"
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(skipped_by.items()))
    elsewhere = skipped_by.keys() & {Reason.OTHER_HOST, Reason.ABOVE}
    advice = "; -v shows where they lead, --allow-host HOST also fetches files from there" if elsewhere else ""
    return [f"nothing to save: {rows} skipped: {reasons}{advice}"]
