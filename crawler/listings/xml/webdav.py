"""WebDAV: the 207 answer to ``PROPFIND`` with ``Depth: 1`` (RFC 4918 sections 9.1, 14 and 15).

One ``response`` per member and one for the collection itself, usually the first. ``href`` is encoded, as an absolute
path or a whole URL. Properties come in ``propstat`` groups by status: those that are not 2xx hold what is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.listings.values.exact_entries import Details, Rows, name_problem
from crawler.listings.values.exact_urls import bucket_of, is_external
from crawler.listings.values.exact_values import entity_tag, exact_size, http_time, printed, utc_time
from crawler.listings.xml.document import XmlDocument
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.values import Kind, Listing
from crawler.text.urls import before_query, decoded

if TYPE_CHECKING:
    from lxml import etree

_SUCCESS = re.compile(r"\S+\s+2\d\d\b").match
_CLEAN = re.compile(r"[!-~]*").fullmatch

_SIZE, _TIME, _ETAG = "{DAV:}getcontentlength", "{DAV:}getlastmodified", "{DAV:}getetag"
_WANTED = frozenset({_SIZE, _TIME, _ETAG})

Segments = tuple[str, ...]


@dataclass(slots=True)
class _Member:
    """One ``response``."""

    href: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    collection: bool | None = None
    """None when the answer does not say."""
    status: str = ""
    found: bool = False
    """Some of its properties are there."""
    missing: bool = False
    """Some are not there, or may not be read."""
    site: str = ""
    """``scheme://host`` of an href that is a whole URL."""
    raw: Segments = ()
    path: Segments = ()
    """``raw`` decoded."""

    @property
    def is_absent(self) -> bool:
        """Its status, or that of each group of its properties, is no success."""
        return not _SUCCESS(self.status) if self.status.strip() else self.missing and not self.found

    @property
    def kind(self) -> Kind:
        if self.collection is None:
            return Kind.DIRECTORY if self.href.endswith("/") else Kind.UNKNOWN
        return Kind.DIRECTORY if self.collection else Kind.FILE


def read_webdav(document: XmlDocument) -> Listing | None:
    """The members of a collection.

    The collection is found by its path. Behind a proxy that renames paths it is the response that all others lie
    below: members then keep their place under the URL that was asked. None when the URL turns out to be a file, or
    its own status says that it is not there or may not be read, which a 207 puts inside (RFC 4918 section 13).
    Without the collection's own response the listing is not complete: it may be an answer to something else. Nor is it
    with a member whose own status is no success (sections 13 and 14.28): that one is there and could not be described.
    """
    if document.root.tag != "{DAV:}multistatus":
        return None
    members = [_read(document, response) for response in document.root if response.tag == "{DAV:}response"]
    asked = _split(before_query(document.url).partition("//")[2].partition("/")[2])
    owner = next((member for member in members if member.path == asked), None) or _renamed_owner(members)
    if owner is not None and (owner.collection is False or owner.is_absent):
        return None
    taken = Rows(document.url)
    inside = owner.path if owner else asked
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
        taken.reject("other-host", member.href)
        return
    depth = len(inside)
    if member.path[:depth] != inside:
        taken.reject("above", member.href)
        return
    below = member.path[depth:]
    if not below:
        taken.reject("self", member.href)
        return
    if member.status.strip() and not _SUCCESS(member.status):
        taken.reject("failed", member.href, member.status.strip()[:80])
        return
    if any(name_problem(part) for part in below):
        taken.reject("bad-name", member.href, "an empty, dot, slash or NUL segment")
        return
    kind = member.kind
    raw = "/".join(member.raw[depth:])
    clean = raw if _CLEAN(raw) else quote(raw, safe="%!$&'()*+,;=:@/[]|~", errors="surrogateescape")
    url = f"{bucket_of(taken.url)}{clean}{'/' if kind is Kind.DIRECTORY else ''}"
    taken.add(below[-1], url, _details(member, kind), folder="/".join(below[:-1]))


def _details(member: _Member, kind: Kind) -> Details:
    size, modified = member.properties.get(_SIZE), member.properties.get(_TIME)
    return Details(
        kind=kind,
        size=exact_size(size),
        modified=http_time(modified) or utc_time(modified),
        row=printed(size, modified),
        etag=entity_tag(member.properties.get(_ETAG)),
    )
