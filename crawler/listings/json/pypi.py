"""Python package indexes: the JSON form of the simple API (PEP 691, PEP 700).

A project: ``{"meta": {"api-version"}, "name", "files": [{"filename", "url", "hashes", "size", "upload-time"}]}``.
The index: ``{"meta": …, "projects": [{"name"}]}``.
"""

from __future__ import annotations

from typing import Any

from crawler.listings.json.document import JsonDocument
from crawler.listings.values.exact_entries import Details, Rows
from crawler.listings.values.exact_urls import base_of, is_external, resolve_link
from crawler.listings.values.exact_values import exact_size, hex_digest, printed, utc_time
from crawler.model.reasons import Reason
from crawler.model.values import Kind, Listing

_ALGORITHMS = ("sha256", "sha512", "sha1", "md5")


def read_pypi(document: JsonDocument) -> Listing | None:
    """The files of a project or the projects of an index; None without ``meta.api-version``."""
    root = document.value
    if not isinstance(root, dict) or not isinstance(root.get("meta"), dict) or "api-version" not in root["meta"]:
        return None
    taken = Rows(document.url)
    files, projects = root.get("files"), root.get("projects")
    if isinstance(files, list):
        good = [_take_file(taken, item) for item in files]
    elif isinstance(projects, list):
        good = [_take_project(taken, item) for item in projects]
    else:
        return None
    return taken.listing("pypi-json") if all(good) else None


def _take_file(taken: Rows, item: Any) -> bool:
    """Add a file. False if ``item`` is not one. Its name is ``filename``: the URLs of mirrors may have another."""
    if not isinstance(item, dict):
        return False
    name, href = item.get("filename"), item.get("url")
    if not isinstance(name, str) or not isinstance(href, str):
        return False
    url = resolve_link(taken.url, href)
    if url is None:
        taken.reject(Reason.SCHEME, href)
        return True
    hashes = item.get("hashes")
    published = hashes if isinstance(hashes, dict) else {}
    digests = (hex_digest(algorithm, published.get(algorithm)) for algorithm in _ALGORITHMS)
    size, uploaded = item.get("size"), item.get("upload-time")
    details = Details(
        size=exact_size(size),
        modified=utc_time(uploaded),
        row=printed(size, uploaded),
        digest=next((digest for digest in digests if digest), None),
    )
    taken.add(name, url, details, external=is_external(url, taken.url))
    return True


def _take_project(taken: Rows, item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        return False
    taken.add_raw(base_of(taken.url), item["name"], Details(kind=Kind.DIRECTORY))
    return True
