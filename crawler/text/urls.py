"""URLs and the local paths derived from them: scope, origin, safe names. Pure functions of strings.

A path is always split before it is decoded, so that ``%2F`` is not taken for a separator, and each segment is decoded
exactly once.
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
from crawler.text.patterns import pattern

STATE_DIRECTORY = ".crawler"
"""Name of the program's own directory under DIR."""
STATE_FILE = "state.sqlite3"
"""Name of the state database in that directory."""

_PORTS = {"http": 80, "https": 443}
_SEMICOLON = "\udfff"
"""Stands for ``;`` while URLs are joined: a lone surrogate, which no URL contains."""
# RFC 3986 reserved and unreserved characters, and "%" so that existing escapes stay as they are.
_KEEP = "%/:?=&~+!$,;'@()*[]|"
_AUTHORITY_END = re.compile(r"[/?#\\]")
# A segment "." or "..", with its dots or the slashes around it possibly encoded or replaced by backslashes.
_DOT_SEGMENT = pattern(r"(?:^|/|%2f|\\|%5c)(?:\.|%2e){1,2}(?=$|/|%2f|\\|%5c)", re.IGNORECASE)
INDEX_PAGE = pattern(rb"(?:index|default)\.\w+", re.IGNORECASE)
"""File names of the pages that servers send for a directory."""
INDEX_SORT = pattern(r"C=[NMSD](?:[;&]O=[AD])?(?:[;&]F=\d)?|[NMSD]=?[AD]|O=[AD]")
"""Queries that sort a listing of Apache (mod_autoindex), fancyindex or LiteSpeed, and have no other meaning."""
_FILE = pattern(r".\.(?!\d)[A-Za-z0-9]{1,5}$")
_CONTROL = pattern("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
# "..\x", "a\..\b", "C:\x": paths that lead outside on systems where the backslash is a separator.
_BACKSLASH_ESCAPE = pattern(r"(?:^|\\)\.\.(?:\\|$)|^[A-Za-z]:\\|^\\")
_DROPPED = str.maketrans("", "", "\t\r\n")

Origin = tuple[str, str, int]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError:
        return None
    return parts


def origin(url: str) -> Origin | None:
    """(scheme, host, port) in lower case with the default port written out (RFC 6454 section 4).

    None for anything that is not an absolute http or https URL.
    """
    end = _AUTHORITY_END.search(url, url.find("://") + 3)
    if end and end[0] == "\\":
        return None  # parsers disagree about the end of such an authority
    return _origin(url[: end.start()] if end else url)


def page_origin(url: str) -> Origin | None:
    """Same as ``origin``, but for ftp URLs too, which pages fetched by other programs may have."""
    if url[:6].lower() != "ftp://":
        return origin(url)
    parts = _split(url)
    if parts is None or not parts.hostname or "\\" in parts.netloc:
        return None
    return "ftp", parts.hostname, 21 if parts.port is None else parts.port


def is_same_site(first: Origin | None, second: Origin | None) -> bool:
    """True if two origins are equal, or are http and https of the same host on their default ports."""
    if first is None or second is None:
        return False
    return first == second or (first[1] == second[1] and {first[0::2], second[0::2]} == {("http", 80), ("https", 443)})


def origin_name(where: Origin | None) -> str:
    """``https://example.org:443``, without path and user; "" for None."""
    if where is None:
        return ""
    scheme, host, port = where
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def before_query(url: str) -> str:
    """``url`` without query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def without_query(url: str) -> str:
    """``url`` without its query, which may contain signatures and sessions that change."""
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

    ``urljoin`` would drop a ``;`` at the end of the path, which may belong to a file name.
    """
    base, reference = base.replace(";", _SEMICOLON), reference.replace(";", _SEMICOLON)
    return urljoin(base, reference).replace(_SEMICOLON, ";")


def stripped(href: str) -> str:
    """``href`` without white space around it, and without TAB, CR and LF, as browsers read it (WHATWG URL 4.4)."""
    return href.strip(" \t\r\n\f").translate(_DROPPED)


def resolve(base: str, href: str) -> str | None:
    """``href`` resolved against ``base`` by ``resolve_any``; None if the result is not an http or https URL."""
    target = resolve_any(base, href)
    return target if target is not None and origin(target) else None


def resolve_any(base: str, href: str) -> str | None:
    """``href`` resolved against ``base`` (RFC 3986 section 5), of any scheme, with its bytes but without its fragment.

    Characters that a request line cannot contain are percent-encoded, hosts become canonical, and an empty path before
    a query becomes "/". None if the result is not a URL, or if a browser, which reads backslashes as slashes (WHATWG
    URL section 4.4), would request it from another host.
    """
    href = stripped(href)
    try:
        target: str | None = joined(base, href).partition("#")[0]
        if target and "//" in href:  # it may name a host
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
    """``url`` with its host in canonical form and, before a query, a path; None if it has no host."""
    start = url.find("://") + 3
    found = _AUTHORITY_END.search(url, start)
    end = found.start() if found else len(url)
    authority = canonical_authority(url[start:end])
    if start < 3 or authority is None:
        return None
    slash = "/" if url[end : end + 1] == "?" else ""
    return f"{url[:start]}{authority}{slash}{url[end:]}"


def userinfo(url: str) -> tuple[str, tuple[str, str] | None]:
    """(``url`` without ``user:password@``, (user, password) or None), decoded; non-UTF-8 bytes as surrogates."""
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
    """True if an encoded path contains a ``.`` or ``..`` segment, in any encoding of the dots and slashes."""
    return _DOT_SEGMENT.search(path) is not None


def in_scope(url: str, base: str) -> bool:
    """True if ``url`` is at or below ``base`` (a URL that ends in a slash), on the same origin."""
    if not url.startswith(base):  # it may be below ``base`` in another spelling
        parts, root = _split(url), _split(base)
        if parts is None or root is None or origin(url) is None or origin(url) != origin(base):
            return False
        if not (parts.path or "/").startswith(root.path or "/"):
            return False
    elif "/." not in url and "%" not in url and "\\" not in url:
        return True  # no dot segment is possible, as for nearly every entry of a listing
    path = before_query(url)
    return not has_dot_segments(path[path.find("/", path.find("://") + 3) :])


def decoded(segment: str) -> str:
    """An encoded path segment, decoded once: as UTF-8, with other bytes as surrogates."""
    if "%" not in segment and segment.isascii():
        return segment
    return unquote_to_bytes(segment.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def segments(path: str) -> list[bytes]:
    """The decoded segments of a path, split before decoding, so that ``%2F`` is not a separator."""
    return [unquote_to_bytes(segment) for segment in path.split("/")]


def is_above(url: str, other: str) -> bool:
    """True if the directory of ``url`` contains that of ``other``, judged by their decoded paths."""
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
    """True if two URLs are equal except for percent-encoding (RFC 3986 section 6.2.2.2) and a final slash."""
    return unquote_to_bytes(first.rstrip("/")) == unquote_to_bytes(second.rstrip("/"))


def segment_problem(name: str) -> str | None:
    """The reason why ``name`` (decoded) cannot be a single segment of a path; None if it can."""
    if name in {"", ".", ".."}:
        return "is empty, . or .."
    if "/" in name or "\0" in name:
        return "contains a slash or NUL"
    return None


def file_name_problem(name: str) -> str | None:
    """The reason why ``name`` cannot be the name of a file or directory under DIR; None if it can."""
    if problem := segment_problem(name):
        return problem
    if not name.isprintable() and _CONTROL.search(name):
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
    return next((problem for name in path.split("/") if (problem := file_name_problem(name))), None)


def entry_path(directory: str, name: str) -> str | Rejection:
    """The path under DIR of the entry ``name`` (decoded) in ``directory`` (a checked path; "" is DIR), or a Rejection.

    ``name`` may contain further directories, separated by slashes, as in flat listings and URL lists.
    """
    if problem := path_problem(name):
        return Rejection(Reason.BAD_NAME, name, problem)
    path = f"{directory}/{name}" if directory else name
    if len(path) * 4 > limits.PATH_BYTES and len(path.encode("utf-8", "surrogateescape")) > limits.PATH_BYTES:
        return Rejection(Reason.BAD_NAME, name, f"makes a path longer than {limits.PATH_BYTES} bytes")
    return path


def last_name(url: str) -> str:
    """The last segment of the path, decoded once; "" for a URL that ends in a slash."""
    return decoded(urlsplit(url).path.rpartition("/")[2])


def looks_like_file(url: str) -> bool:
    """Whether the last segment of ``url`` ends like the name of a file; ``v1.2`` does not."""
    return _FILE.search(last_name(url)) is not None


def relative_path(url: str, base: str) -> str | Rejection:
    """The path under DIR of a URL at or below ``base`` (which ends in a slash), or why there is none."""
    if not in_scope(url, base):
        return Rejection(Reason.ABOVE, url, f"not below {base}")
    tail = urlsplit(url).path[len(urlsplit(base).path) :]
    segments = [decoded(segment) for segment in tail.split("/")]
    if any("/" in segment for segment in segments):
        return Rejection(Reason.BAD_NAME, url, "contains an encoded slash")
    return entry_path("", "/".join(segments))
