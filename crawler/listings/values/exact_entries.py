"""Collects the entries and rejections of JSON and XML listings, and percent-encodes names."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from crawler.listings.values.mentioned_names import are_elsewhere, has_files, names_of, row_rejection
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.model.values import Entry, Kind, Listing, Rejection, Span
from crawler.text.urls import segment_problem

_UNSAFE = re.compile(r"[^A-Za-z0-9_.~/-]")
_SURROGATE = re.compile("[\ud800-\udfff]").search


class Details(Value, frozen=True, kw_only=True):
    """The fields of a row other than its name and URL."""

    kind: Kind = Kind.FILE
    size: Span[int] | None = None
    modified: Span[datetime] | None = None
    row: str = ""
    digest: str | None = None
    etag: str | None = None

    def differs_from(self, other: Details) -> bool:
        """True if two rows with the same URL describe different files: their kind, size or digest differ."""
        return self.kind is not other.kind or any(
            mine is not None and theirs is not None and mine != theirs
            for mine, theirs in ((self.size, other.size), (self.digest, other.digest))
        )


class Rows:
    """Collects the entries and rejections of the listing at ``url``. Each URL is an entry at most once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._entries: list[Entry] = []
        self._rejections: list[Rejection] = []
        self._seen: dict[str, Details] = {}

    @property
    def names(self) -> frozenset[str]:
        """The names of the entries added so far."""
        return frozenset(entry.name for entry in self._entries)

    def add(self, name: str, url: str, details: Details, *, directory: str = "", external: bool = False) -> None:
        """Add an entry; a rejection if the name is invalid, the kind is ``other`` or the URL is already an entry."""
        if problem := segment_problem(name):
            self.reject(Reason.BAD_NAME, shown(name), problem)
        elif details.kind is Kind.OTHER:
            self.reject(Reason.OTHER, name, "neither a file nor a directory")
        elif url in self._seen:
            self._add_again(name, url, details)
        else:
            self._seen[url] = details
            self._entries.append(
                Entry(
                    name=name,
                    kind=details.kind,
                    url=url,
                    # For a directory, servers print the size of its inode or the number of its members.
                    size=None if details.kind is Kind.DIRECTORY else details.size,
                    modified=details.modified,
                    row=details.row,
                    folder=directory,
                    digest=details.digest,
                    etag=details.etag,
                    external=external,
                )
            )

    def _add_again(self, name: str, url: str, details: Details) -> None:
        """Add a rejection for a second row with the URL of an entry: a duplicate, or a different file."""
        if details.differs_from(self._seen[url]):
            self.reject(Reason.CLASH, name)
        else:
            self.reject(Reason.DUPLICATE, url)

    def add_nameless(self) -> None:
        """Add a rejection for a row without a name: the file exists but cannot be requested."""
        self.reject(Reason.BAD_NAME, "", "has no name")

    def add_raw(self, base: str, name: str, details: Details) -> None:
        """Add an entry that has no link: its URL is ``base`` (ends in a slash) plus the percent-encoded name."""
        quoted = quote_name(name)
        if quoted is None:
            self.reject(Reason.BAD_NAME, shown(name), "is not text")
        else:
            end = "/" if details.kind is Kind.DIRECTORY else ""
            self.add(canonical(name), f"{base}{quoted}{end}", details)

    def reject(self, reason: str, subject: str, detail: str = "") -> None:
        """Add a rejection."""
        self._rejections.append(row_rejection(reason, subject, detail))

    def listing(
        self,
        family: str,
        *,
        complete: bool = True,
        confidence: float = 1.0,
        next_pages: tuple[str, ...] = (),
        flaws: tuple[Flaw, ...] = (),
    ) -> Listing:
        """The listing of everything added so far. ``complete`` is False if the end of the document is missing;
        any ``flaws`` make the listing incomplete too."""
        is_elsewhere = are_elsewhere(self._rejections) and not has_files(self._entries)
        cut = (Flaw(FlawKind.CUT),) * (not complete)
        return Listing(
            url=self.url,
            family=family,
            confidence=confidence,
            is_listing=True,
            complete=complete and not flaws,
            flaws=(*cut, *flaws, *((Flaw(FlawKind.ELSEWHERE),) * is_elsewhere)),
            entries=tuple(self._entries),
            rejections=tuple(self._rejections),
            next_pages=next_pages,
            mentioned=frozenset(names_of(self._rejections)),
            conclusive=not is_elsewhere,
        )


def quote_name(name: str) -> str | None:
    """A name, or a key with slashes, percent-encoded except for unreserved characters (RFC 3986) and slashes.

    Bytes preserved by surrogateescape are encoded as they were. None if there are other lone surrogates, which JSON can
    contain and which cannot be encoded.
    """
    try:
        return _UNSAFE.sub(_escape, name)
    except UnicodeEncodeError:
        return None


class _Escapes(dict[str, str]):
    """Character → its percent-encoding. Cached: calling ``quote`` for every name takes half of the parsing time."""

    def __missing__(self, character: str) -> str:
        escape = self[character] = quote(character, safe="", errors="surrogateescape")
        return escape


_ESCAPES = _Escapes()


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def canonical(name: str) -> str:
    """``name`` with surrogate-escaped bytes that are valid UTF-8 decoded. ``quote_name`` must accept it."""
    if _SURROGATE(name) is None:
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def shown(name: str) -> str:
    """``name`` as text that can be encoded: lone surrogates that do not stand for a byte become ``?``."""
    return name if quote_name(name) is not None else name.encode("utf-8", "replace").decode()
