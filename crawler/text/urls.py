"""URLs and the paths they become: scope, origin, safe names. Pure functions of strings.

The raw path is always split before it is decoded, so that ``%2F`` is not taken for a separator, and a segment is
decoded exactly once.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit

from crawler.model import limits
from crawler.model.reasons import Reason
from crawler.model.values import Rejection
from crawler.text.hosts import canonical_authority

STATE_DIRECTORY = ".crawler"
"""Name of the program's own directory under DIR."""

_PORTS = {"http": 80, "https": 443}
_SEMICOLON = "\udfff"
"""Stands for ``;`` while URLs are joined: a lone surrogate, which no URL contains."""
# RFC 3986 reserved and unreserved characters, and "%" so that existing escapes stay as they are.
_KEEP = "%/:?=&~+!$,;'@()*[]|"
_AUTHORITY_END = re.compile(r"[/?#\\]")
# A segment that is "." or "..", its dots or the slashes beside it encoded or turned round.
_DOT_SEGMENT = re.compile(r"(?:^|/|%2f|\\|%5c)(?:\.|%2e){1,2}(?=$|/|%2f|\\|%5c)", re.IGNORECASE)
INDEX_PAGE = re.compile(rb"(?:index|default)\.\w+", re.IGNORECASE)
"""File names under which servers keep the page of a directory."""
INDEX_SORT = re.compile(r"C=[NMSD](?:[;&]O=[AD])?(?:[;&]F=\d)?|[NMSD]=?[AD]|O=[AD]")
"""Queries that sort a listing of Apache (mod_autoindex), fancyindex or LiteSpeed, and never mean anything else."""
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
# "..\x", "a\..\b", "C:\x": what a program on another system would take for a way out.
_BACKSLASH_ESCAPE = re.compile(r"(?:^|\\)\.\.(?:\\|$)|^[A-Za-z]:\\|^\\")

_DROPPED = str.maketrans("", "", "\t\r\n")

Origin = tuple[str, str, int]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts


def origin(url: str) -> Origin | None:
    """(scheme, host, port) in lower case with the default port written out (RFC 6454 section 4).

    None for anything that is not an absolute http or https URL.
    """
    end = _AUTHORITY_END.search(url, url.find("://") + 3)
    if end and end[0] == "\\":
        return None  # parsers disagree about where such an authority ends
    return _origin(url[: end.start()] if end else url)


def page_origin(url: str) -> Origin | None:
    """As ``origin``, for ftp URLs too: a page that another program fetched may have one."""
    if url[:6].lower() != "ftp://":
        return origin(url)
    parts = _split(url)
    if parts is None or not parts.hostname or "\\" in parts.netloc:
        return None
    return "ftp", parts.hostname, 21 if parts.port is None else parts.port


def is_same_site(first: Origin | None, second: Origin | None) -> bool:
    """True if two origins are equal, or differ in http and https on their default ports only."""
    if first is None or second is None:
        return False
    return first == second or (first[1] == second[1] and {first[0::2], second[0::2]} == {("http", 80), ("https", 443)})


def origin_name(where: Origin | None) -> str:
    """``https://example.org:443``: no path, no user; "" for None."""
    if where is None:
        return ""
    scheme, host, port = where
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def before_query(url: str) -> str:
    """``url`` without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def without_query(url: str) -> str:
    """``url`` without its query, in which signatures and sessions change."""
    return url.partition("?")[0]


@lru_cache(maxsize=4096)
def _origin(prefix: str) -> Origin | None:
    """The origin of ``scheme://authority``; cached, because the URLs of a run differ mostly in their paths."""
    parts = _split(prefix)
    if parts is None or parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if parts.port is None else parts.port


def joined(base: str, reference: str) -> str:
    """``reference`` resolved against ``base`` (RFC 3986 section 5), bytes and fragment kept. Raises ValueError.

    ``urljoin`` drops the ``;`` at the end of a path, which has no meaning there and may be the end of a file's name.
    """
    base, reference = base.replace(";", _SEMICOLON), reference.replace(";", _SEMICOLON)
    return urljoin(base, reference).replace(_SEMICOLON, ";")


def stripped(href: str) -> str:
    """``href`` without what browsers drop: white space around it, and TAB, CR and LF anywhere (WHATWG URL 4.4)."""
    return href.strip(" \t\r\n\f").translate(_DROPPED)


def resolve(base: str, href: str) -> str | None:
    """``href`` seen from ``base`` as ``resolve_any`` reads it; None if the result is not an http or https URL."""
    target = resolve_any(base, href)
    return target if target is not None and origin(target) else None


def resolve_any(base: str, href: str) -> str | None:
    """``href`` seen from ``base`` (RFC 3986 section 5), of any scheme; its bytes are kept, its fragment removed.

    Characters that a request line cannot hold are percent-encoded, a host gets its canonical spelling, and a query
    without a path is one of "/". None if the result is not a URL, or if a browser, which reads backslashes as slashes
    (WHATWG URL section 4.4), would ask another host.
    """
    href = stripped(href)
    try:
        target: str | None = joined(base, href).partition("#")[0]
        if target and "//" in href:  # it may have an authority of its own
            target = canonical_url(target)
        if target is None:
            return None
        target = quote(target, safe=_KEEP, errors="surrogateescape")
        if "\\" in href and page_origin(joined(base, href.replace("\\", "/"))) != page_origin(target):
            return None
    except ValueError:
        return None
    return target


def canonical_url(url: str) -> str | None:
    """``url`` with its host in the canonical spelling, and a path where a query follows it; None if it has no host."""
    start = url.find("://") + 3
    found = _AUTHORITY_END.search(url, start)
    end = found.start() if found else len(url)
    authority = canonical_authority(url[start:end])
    if start < 3 or authority is None:
        return None
    slash = "/" if url[end : end + 1] == "?" else ""
    return f"{url[:start]}{authority}{slash}{url[end:]}"


def userinfo(url: str) -> tuple[str, tuple[str, str] | None]:
    """``url`` without its ``user:password@`` part, and that part decoded; bytes that are not UTF-8 as surrogates."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    user = unquote_to_bytes(parts.username or "").decode("utf-8", "surrogateescape")
    password = unquote_to_bytes(parts.password or "").decode("utf-8", "surrogateescape")
    return bare, (user, password)


def directory_of(url: str) -> str:
    """``url`` up to the last slash of its path, without query."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rpartition("/")[0] + "/", query="", fragment="").geturl()


def has_dot_segments(path: str) -> bool:
    """True if a raw path contains ``.`` or ``..``, however they or the slashes beside them are encoded."""
    return _DOT_SEGMENT.search(path) is not None


def in_scope(url: str, base: str) -> bool:
    """True if ``url`` lies at or below ``base`` (a URL that ends in a slash), on the same origin."""
    if not url.startswith(base):  # spelt differently, it may still be the same place
        parts, root = _split(url), _split(base)
        if parts is None or root is None or origin(url) is None or origin(url) != origin(base):
            return False
        if not (parts.path or "/").startswith(root.path or "/"):
            return False
    elif "/." not in url and "%" not in url and "\\" not in url:
        return True  # nothing that could be a dot segment: so it is with nearly every entry of a listing
    path = before_query(url)
    return not has_dot_segments(path[path.find("/", path.find("://") + 3) :])


def decoded(segment: str) -> str:
    """A raw path segment, decoded once: UTF-8, other bytes kept as surrogates."""
    if "%" not in segment and segment.isascii():
        return segment
    return unquote_to_bytes(segment.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def segments(path: str) -> list[bytes]:
    """The segments of a path, split before they are decoded, so that ``%2F`` does not separate them."""
    return [unquote_to_bytes(segment) for segment in path.split("/")]


def is_above(url: str, other: str) -> bool:
    """Whether the directory of ``url`` contains that of ``other``, by their decoded paths."""
    above, below = _levels(url), _levels(other)
    return len(above) < len(below) and below[: len(above)] == above


def _levels(url: str) -> list[bytes]:
    """The directories of a path, including its last segment unless that is an index page."""
    levels = [segment for segment in segments(urlsplit(url).path) if segment]
    return levels[:-1] if levels and INDEX_PAGE.fullmatch(levels[-1]) else levels


def is_upgrade(source: str, target: str) -> bool:
    """True for http → https of the same host on the default ports of both."""
    first, second = origin(source), origin(target)
    return first is not None and second == ("https", first[1], 443) and first[0::2] == ("http", 80)


def is_same(first: str, second: str) -> bool:
    """True if two URLs differ in the spelling of their bytes only (RFC 3986 section 6.2.2.2), or in a final slash."""
    return unquote_to_bytes(first.rstrip("/")) == unquote_to_bytes(second.rstrip("/"))


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot be one segment of a path under DIR, or None if it can."""
    if name in {"", ".", ".."}:
        return "is empty, . or .."
    if "/" in name or "\0" in name:
        return "contains a slash or NUL"
    if _CONTROL.search(name):
        return "contains a control character"
    if "\\" in name and (os.name == "nt" or _BACKSLASH_ESCAPE.search(name)):
        return "contains a backslash"
    if name == STATE_DIRECTORY:
        return "is the name of crawler's own directory"
    if not name.isascii() or len(name) > limits.NAME_BYTES:
        try:
            length = len(name.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            return "cannot be encoded as a file name"  # a lone surrogate, which JSON can contain
        if length > limits.NAME_BYTES:
            return f"is longer than {limits.NAME_BYTES} bytes"
    return None


def path_problem(path: str) -> str | None:
    """Why ``path`` cannot be a path under DIR, or None if it can. Destinations should check it again."""
    return next((problem for name in path.split("/") if (problem := name_problem(name))), None)


def entry_path(folder: str, name: str) -> str | Rejection:
    """The path under DIR of the entry ``name`` (decoded once) in the directory ``folder`` (already checked, "" is DIR).

    ``name`` may contain further directories, separated by slashes, as in flat listings and URL lists.
    """
    for segment in name.split("/"):
        problem = name_problem(segment)
        if problem:
            return Rejection(Reason.BAD_NAME, name, problem)
    path = f"{folder}/{name}" if folder else name
    if len(path) * 4 > limits.PATH_BYTES and len(path.encode("utf-8", "surrogateescape")) > limits.PATH_BYTES:
        return Rejection(Reason.BAD_NAME, name, f"makes a path longer than {limits.PATH_BYTES} bytes")
    return path


def last_name(url: str) -> str:
    """The last segment of the raw path, decoded once; "" for a URL that ends in a slash."""
    return decoded(urlsplit(url).path.rpartition("/")[2])


def relative_path(url: str, base: str) -> str | Rejection:
    """URL → path under DIR, for a URL at or below ``base`` (which ends in a slash)."""
    if not in_scope(url, base):
        return Rejection(Reason.ABOVE, url, f"not below {base}")
    tail = urlsplit(url).path[len(urlsplit(base).path) :]
    segments = [decoded(segment) for segment in tail.split("/")]
    if any("/" in segment for segment in segments):
        return Rejection(Reason.BAD_NAME, url, "contains an encoded slash")
    return entry_path("", "/".join(segments))
