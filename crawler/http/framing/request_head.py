"""The header section of a request, and to which endpoint it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from multidict import CIMultiDict

from crawler.http.sockets.endpoint import Endpoint
from crawler.model.values import Validators
from crawler.text.hosts import connectable, without_zone
from crawler.text.urls import before_query, origin
from crawler.version import __version__

DEFAULT_AGENT = f"crawler/{__version__}"
TARGET = re.compile(r"/[\x21-\x7e]*")
"""The target of a request that is sent on a lane."""
FIRST_BYTE: Mapping[str, str] = {"Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
"""The headers of a request that asks something about a URL, and not for its content."""
_ACCEPT = "text/html,application/xhtml+xml;q=0.9,application/xml;q=0.9,application/json;q=0.8,*/*;q=0.5"
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since", "If-Range", "Range"})
_FIELD = re.compile(r"[^\r\n\0]*")
_PLAIN = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?")
"""A scheme with a name or an IPv4 address in its canonical form, and perhaps a port."""
_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=16)  # those of pages of which nothing is known are one value, so that they are encoded once
def page_headers(
    validators: Validators, *, html_only: bool = False, is_plain: bool = False, fresh: bool = False
) -> Mapping[str, str]:
    """The headers of a request for a listing page. ``is_plain``: without a content coding. ``fresh``: by no cache."""
    accept = "text/html" if html_only else _ACCEPT
    headers = {"Accept": accept, "Accept-Encoding": "identity" if is_plain else "gzip, deflate"} | validators.unless
    return headers | {"Cache-Control": "no-cache"} if fresh else headers


def merged(headers: Mapping[str, str], own: Mapping[str, str]) -> CIMultiDict[str]:
    """``headers``, with fields of the same name replaced by those of ``own``. Names ignore case (RFC 9110 section 5.1).

    If a name occurs several times in ``own``, all its values are sent.
    """
    fields = CIMultiDict(headers)
    for name in set(own):
        fields.popall(name, None)
    fields.extend(own)
    return fields


def unconditional(headers: Mapping[str, str]) -> Mapping[str, str]:
    """``headers`` without conditions and ranges."""
    return {name: value for name, value in headers.items() if name not in _CONDITIONS}


@lru_cache(maxsize=16)  # several steps of a batch ask about the same URL
def for_lane(url: str, proxy: str | None) -> tuple[Endpoint, str, str] | None:
    """Returns (the endpoint for ``url``, its Host header, the request target). ``proxy``: a SOCKS proxy, or None.

    Returns None if ``url`` cannot be requested on a lane. Raises ValueError.
    """
    authority = url.find("/", url.find("://") + 3)
    target = url[authority:].partition("#")[0]
    if authority < 0 or TARGET.fullmatch(target) is None:
        return None
    where = endpoint(url[:authority], proxy)
    return None if where is None else (*where, target)


@lru_cache(maxsize=256)
def endpoint(prefix: str, proxy: str | None) -> tuple[Endpoint, str] | None:
    """Returns (the endpoint for ``scheme://authority``, its Host header).

    Returns None if requests there are not sent on a lane. Raises ValueError.
    """
    if origin(f"{prefix}/") is None:
        return None
    plain = _PLAIN.fullmatch(prefix)
    if plain is not None:
        scheme, host, given = plain.groups()
        port = int(given or _PORTS[scheme])
        return Endpoint(host, port, scheme == "https", proxy), host if port == _PORTS[scheme] else f"{host}:{port}"
    from yarl import URL  # imported only if needed: most hosts have a plain name

    url = URL(connectable(prefix), encoded=True)
    host, field = url.raw_host, without_zone(prefix) or url.host_port_subcomponent
    if host is None or field is None or url.port is None:
        raise ValueError("the URL has no host")
    if host.endswith(".."):
        host = host.rstrip(".") + "."
    return Endpoint(host, url.port, url.scheme == "https", proxy), field


def request_head(method: str, target: str, fields: bytes) -> bytes:
    """The header section of a request; ``fields`` are those that ``header_fields`` returns."""
    return b"%b %b HTTP/1.1\r\n%b" % (method.encode(), target.encode(), fields)


def header_fields(host: str, agent: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The header section of a request after the request line, including the empty line. Raises ValueError."""
    given = {name.lower() for name, _ in headers}
    fields = [f"Host: {host}"] if "host" not in given else []
    fields += [f"User-Agent: {agent}"] if "user-agent" not in given else []
    fields += [f"{name}: {value}" for name, value in headers]
    if any(_FIELD.fullmatch(field) is None for field in fields):
        raise ValueError("a request header contains a line break")
    return ("\r\n".join(fields) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def redirected(headers: Mapping[str, str], url: str, target: str) -> Mapping[str, str]:
    """``headers`` of a request for ``url`` as they are sent to ``target``: another name gets no conditions and ranges.

    A validator belongs to one resource (RFC 9110 section 8.8.3). A redirect to another name may lead to another one
    each day, as from ``latest.zip`` to the newest version. One to another server with the same tree keeps the name.
    """
    if _name(url) == _name(target):
        return headers
    return unconditional(headers)


def _name(url: str) -> str:
    return before_query(url).rstrip("/").rpartition("/")[2]
