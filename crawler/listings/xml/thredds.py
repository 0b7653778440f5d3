"""THREDDS catalogs (Unidata, InvCatalog 0.6 to 1.2).

A ``catalogRef`` is a directory. A ``dataset`` with a ``urlPath`` is a file if one of its services is an HTTPServer;
its URL is the base of that service plus the path ("Constructing URLs" in the client catalog specification).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import is_external, last_segment, resolve_link
from crawler.listings.values.exact_values import printed, utc_time
from crawler.listings.values.sizes import read_size
from crawler.listings.xml.document import XmlDocument, children, local
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.model.values import Kind, Listing
from crawler.text.urls import before_query, decoded, segment_problem

if TYPE_CHECKING:
    from lxml import etree

_NAMESPACE = "unidata.ucar.edu/"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SERVES_FILES = frozenset({"httpserver", "http", "netcdf"})
_CATALOG_FILES = ("catalog.xml", "catalog.html")

Services = dict[str, str | None]
"""Name of a service → base of the HTTPServer in it; None if there is none."""


class _Dataset(Value, frozen=True, kw_only=True):
    """A dataset that can be fetched."""

    path: str
    url: str
    details: Details


def read_thredds(document: XmlDocument) -> Listing | None:
    """The references and datasets of a catalog, including nested ones; None without Unidata's namespace."""
    if _NAMESPACE not in str(document.root.tag):
        return None
    taken = Rows(document.url)
    services: Services = {}
    for element in children(document.root, "service"):
        _read_services(element, services, _file_bases(document.root))
    files = []
    for element, service in _datasets(document.root):
        if local(element) == "catalogRef":
            _take_reference(taken, document.text(element.get(_HREF)))
            continue
        accesses = [(document.text(path), name) for path, name in _accesses(element, service) if path]
        if found := _file(taken, element, accesses, services):
            files.append(found)
    _take_files(taken, files)
    return taken.listing("thredds", complete=document.whole)


def _file_bases(root: etree._Element) -> set[str]:
    """The bases of all HTTPServers. Other services with the same base serve files too: Hyrax declares only OPeNDAP."""
    services = (element for element in root.iter() if local(element) == "service")
    return {e.get("base") or "" for e in services if (e.get("serviceType") or "").lower() in _SERVES_FILES} - {""}


def _read_services(element: etree._Element, services: Services, bases: set[str]) -> str | None:
    """Record a service and the services nested in it. Returns the base of the first that serves files, or None."""
    files = (element.get("serviceType") or "").lower() in _SERVES_FILES or element.get("base") in bases
    base = element.get("base") if files else None
    for inner in children(element, "service"):
        found = _read_services(inner, services, bases)
        base = base if base is not None else found
    services[element.get("name") or ""] = base
    return base


def _datasets(root: etree._Element) -> Iterator[tuple[etree._Element, str | None]]:
    """Every dataset and reference in document order, with the service that applies to it."""
    stack: list[tuple[etree._Element, str | None]] = [(root, None)]
    while stack:
        element, inherited = stack.pop()
        if local(element) == "catalogRef":
            yield element, None
            continue
        own, passed = _service(element, inherited)
        yield element, own
        inner = [child for child in element if local(child) in {"dataset", "catalogRef"}]
        stack += [(child, passed) for child in reversed(inner)]


def _service(element: etree._Element, inherited: str | None) -> tuple[str | None, str | None]:
    """The service of a dataset, and the one that its children inherit."""
    own = element.get("serviceName") or inherited
    passed = inherited
    for child in element:
        name = local(child)
        if name == "serviceName":
            own = (child.text or "").strip() or own
        elif name == "metadata":
            for inner in children(child, "serviceName"):
                own = (inner.text or "").strip() or own
                passed = own if child.get("inherited") == "true" else passed
    return own, passed


def _accesses(element: etree._Element, service: str | None) -> Iterator[tuple[str | None, str | None]]:
    """(path, service) of a dataset itself, then of each of its ``access`` elements."""
    yield element.get("urlPath"), service
    for child in children(element, "access"):
        yield child.get("urlPath"), child.get("serviceName")


def _take_reference(taken: Rows, href: str) -> None:
    url = resolve_link(taken.url, href) if href else None
    if url is None:
        taken.reject(Reason.SCHEME, href)
    elif before_query(url) == before_query(taken.url):
        taken.reject(Reason.SELF, href)
    else:
        taken.add(_catalog_name(url), url, Details(kind=Kind.DIRECTORY), external=is_external(url, taken.url))


def _catalog_name(url: str) -> str:
    """The directory name of a catalog: ``idd`` for ``…/idd/catalog.xml``, ``radars`` for ``…/radars.xml``."""
    segment, _ = last_segment(url)
    if segment in _CATALOG_FILES:
        segment, _ = last_segment(before_query(url)[: -len(segment)])
    name = decoded(segment)
    return name.removesuffix(".xml") or name


def _file(
    taken: Rows, element: etree._Element, accesses: list[tuple[str, str | None]], services: Services
) -> _Dataset | None:
    """The dataset at the first path that a service serves as a file; None if it has no path, or after a rejection."""
    for path, service in accesses:
        # If the service is undeclared or unnamed, assume the one that serves files.
        base = services[service] if service in services else next((base for base in services.values() if base), None)
        href = None if base is None else base + quote(path, safe="/%:@!$&'()*+,;=~", errors="surrogateescape")
        url = resolve_link(taken.url, href) if href is not None else None
        if url is not None:
            return _Dataset(path=path, url=url, details=_details(element))
    if accesses:
        taken.reject(Reason.OTHER, accesses[0][0], "no HTTPServer among its services")
    return None


def _details(element: etree._Element) -> Details:
    """Size and time of a dataset. ``dataSize`` is rounded, base 1000 or 1024; only a ``modified`` date counts."""
    size, units, modified = "", "", ""
    for child in element:
        if local(child) == "dataSize":
            size, units = child.text or "", child.get("units") or "bytes"
        elif local(child) == "date" and child.get("type") == "modified":
            modified = child.text or ""
    printed_size = f"{size.strip()} {units}" if size else ""
    return Details(
        size=read_size(printed_size), modified=utc_time(modified), row=printed(printed_size, modified.strip())
    )


def _take_files(taken: Rows, files: list[_Dataset]) -> None:
    """Add the datasets. Those whose names would clash keep their directories, which may differ within a catalog."""
    names = [decoded(last_segment(file.url)[0]) for file in files]
    times = Counter(names)
    for name, file in zip(names, files, strict=True):
        directories = [decoded(part) for part in file.path.strip("/").split("/")[:-1]] if times[name] > 1 else []
        directory = "" if any(segment_problem(part) for part in directories) else "/".join(directories)
        taken.add(name, file.url, file.details, directory=directory, external=is_external(file.url, taken.url))
