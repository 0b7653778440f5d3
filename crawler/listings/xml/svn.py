"""Subversion's mod_dav_svn with ``SVNIndexXSLT``.

Shape: ``<svn version><index rev path><updir/><dir name href/><file name href/></index></svn>``; no sizes, no times.
"""

from __future__ import annotations

from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of, last_segment, misplaced, resolve_link
from crawler.listings.values.kinds import kind_of
from crawler.listings.xml.document import XmlDocument, children, local
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Listing
from crawler.text.urls import decoded

_KINDS = {"dir": Kind.DIRECTORY, "file": Kind.FILE}


def read_svn(document: XmlDocument) -> Listing | None:
    """The listing; None without an ``index`` element that has a revision or a path."""
    index = next(children(document.root, "index"), None)
    if index is None or not (index.get("rev") or index.get("path")):
        return None
    taken = Rows(document.url)
    base = base_of(document.url)
    for element in index:
        kind = kind_of(local(element), _KINDS)
        if kind is None:
            taken.reject(Reason.PARENT if local(element) == "updir" else Reason.NAVIGATION, local(element))
            continue
        href = document.text(element.get("href"))
        url = resolve_link(document.url, href) if href else None
        reason = Reason.SCHEME if url is None else misplaced(url, base)
        if url is None or reason:
            taken.reject(reason or Reason.SCHEME, href)
            continue
        taken.add(decoded(last_segment(url)[0]), url, Details(kind=kind))
    return taken.listing("svn-xml", complete=document.whole)
