"""WebDAV: the 207 response to ``PROPFIND`` with ``Depth: 1`` (RFC 4918 sections 9.1, 14 and 15).

There is one ``response`` per member and one for the collection itself, usually the first. ``href`` is an absolute path
or a complete URL, percent-encoded. Properties are grouped by status into ``propstat`` elements; a group whose status is
not 2xx names the missing ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import bucket_of, is_external
from crawler.listings.values.exact_values import entity_tag, exact_size, http_time, printed, utc_time
from crawler.listings.xml.document import XmlDocument
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.reasons import Reason
from crawler.model.struct import Struct, field
from crawler.model.values import Kind, Listing
from crawler.text.urls import before_query, decoded, segment_problem

if TYPE_CHECKING:
    from lxml import etree

_SUCCESS = re.compile(r"\S+\s+2\d\d\b").match
_CLEAN = re.compile(r"[!-~]*").fullmatch

_SIZE, _TIME, _ETAG = "{DAV:}getcontentlength", "{DAV:}getlastmodified", "{DAV:}getetag"
_WANTED = frozenset({_SIZE, _TIME, _ETAG})

Segments = tuple[str, ...]


class _Member(Struct):
    """One ``response`` element."""

    href: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    collection: bool | None = None
    """Whether the member is a collection; None if the response does not say."""
    status: str = ""
    found: bool = False
    """Whether some properties of the member are present."""
    missing: bool = False
    """Whether some properties of the member are missing or may not be read."""
    site: str = ""
    """``scheme://host`` if the href is a complete URL, else ""."""
    raw: Segments = ()
    path: Segments = ()
    """The segments of ``raw``, decoded."""

    @property
    def is_absent(self) -> bool:
        """True if the status of the member, or of every group of its properties, is not 2xx."""
        return not _SUCCESS(self.status) if self.status.strip() else self.missing and not self.found

    @property
    def kind(self) -> Kind:
        if self.collection is None:
            return Kind.DIRECTORY if self.href.endswith("/") else Kind.UNKNOWN
        return Kind.DIRECTORY if self.collection else Kind.FILE


def read_webdav(document: XmlDocument) -> Listing | None:
    """The members of a collection.

    The collection is the response whose path is that of the request. Behind a proxy that rewrites paths, it is the
    response that all others lie below; members are then placed relative to it under the requested URL. None if the
    URL turns out to be a file, or if its own status inside the 207 is not 2xx (RFC 4918 section 13). The listing is
    incomplete without a response for the collection, because it may describe something else, and if the status of a
    member is not 2xx (sections 13 and 14.28), because that member exists but could not be described.
    """
    if document.root.tag != "{DAV:}multistatus":
        return None
    members = [_read(document, response) for response in document.root if response.tag == "{DAV:}response"]
    requested = _split(before_query(document.url).partition("//")[2].partition("/")[2])
    owner = next((member for member in members if member.path == requested), None) or _renamed_owner(members)
    if owner is not None and (owner.collection is False or owner.is_absent):
        return None
    taken = Rows(document.url)
    inside = owner.path if owner else requested
    for member in members:
        if member is not owner:
            _take(taken, member, inside, owner.site if owner else "")
    cut = any(member.status.strip() and not _SUCCESS(member.status) for member in members)
    flaws = (Flaw(FlawKind.NOT_THIS),) * (owner is None) + (Flaw(FlawKind.MEMBER),) * cut
    return taken.listing("webdav", complete=document.whole, confidence=1.0 if owner else 0.6, flaws=flaws)


def _renamed_owner(members: list[_Member]) -> _Member | None:
    top = min(members, key=lambda member: len(member.path), default=None)
    if top is None or not top.collection:
        return None
    depth = len(top.path)
    below = (len(member.path) > depth and member.path[:depth] == top.path for member in members if member is not top)
    return top if all(below) else None


def _read(document: XmlDocument, response: etree._Element) -> _Member:
    member = _Member()
    for element in response:
        if element.tag == "{DAV:}propstat":
            _read_properties(member, element)
        elif element.tag == "{DAV:}href" and not member.href:
            member.href = document.text(element.text).strip()
        elif element.tag == "{DAV:}status":
            member.status = element.text or ""
    path = before_query(member.href)
    if "://" in path[:10]:
        scheme, _, rest = path.partition("://")
        host, _, path = rest.partition("/")
        member.site = f"{scheme}://{host}"
    member.raw = tuple(path.strip("/").split("/")) if path.strip("/") else ()
    member.path = tuple([decoded(segment) for segment in member.raw])
    return member


def _read_properties(member: _Member, propstat: etree._Element) -> None:
    properties = None
    for element in propstat:
        tag = element.tag
        if tag == "{DAV:}prop":
            properties = element
        elif tag == "{DAV:}status" and not _SUCCESS(element.text or ""):
            member.missing = True
            return
    member.found = True
    for found in () if properties is None else properties:
        tag = found.tag
        if tag == "{DAV:}resourcetype":
            member.collection = any(kind.tag == "{DAV:}collection" for kind in found)
        elif tag in _WANTED and found.text:
            member.properties[tag] = found.text


def _split(path: str) -> Segments:
    trimmed = path.strip("/")
    return tuple([decoded(segment) for segment in trimmed.split("/")]) if trimmed else ()


def _take(taken: Rows, member: _Member, inside: Segments, site: str) -> None:
    if member.site and member.site != site and is_external(member.site, taken.url):
        taken.reject(Reason.OTHER_HOST, member.href)
        return
    depth = len(inside)
    if member.path[:depth] != inside:
        taken.reject(Reason.ABOVE, member.href)
        return
    below = member.path[depth:]
    if not below:
        taken.reject(Reason.SELF, member.href)
        return
    if member.status.strip() and not _SUCCESS(member.status):
        taken.reject(Reason.FAILED, member.href, member.status.strip()[:80])
        return
    if any(segment_problem(part) for part in below):
        taken.reject(Reason.BAD_NAME, member.href, "an empty, dot, slash or NUL segment")
        return
    kind = member.kind
    raw = "/".join(member.raw[depth:])
    clean = raw if _CLEAN(raw) else quote(raw, safe="%!$&'()*+,;=:@/[]|~", errors="surrogateescape")
    url = f"{bucket_of(taken.url)}{clean}{'/' if kind is Kind.DIRECTORY else ''}"
    taken.add(below[-1], url, _details(member, kind), directory="/".join(below[:-1]))


def _details(member: _Member, kind: Kind) -> Details:
    size, modified = member.properties.get(_SIZE), member.properties.get(_TIME)
    return Details(
        kind=kind,
        size=exact_size(size),
        modified=http_time(modified) or utc_time(modified),
        row=printed(size, modified),
        etag=entity_tag(member.properties.get(_ETAG)),
    )
