"""What the name of a file and its Content-Type say that it is."""

from __future__ import annotations

import mimetypes
import re

_HTML_NAMES = (".html", ".htm", ".xhtml", ".shtml", ".xht", ".php", ".asp", ".aspx", ".jsp", ".cgi", ".mht")
_CODED_NAMES = {
    "gzip": (".gz", ".tgz", ".svgz"),
    "compress": (".z",),
    "bzip2": (".bz2", ".tbz", ".tbz2"),
    "xz": (".xz", ".txz"),
    "zstd": (".zst",),
    "br": (".br",),
}
"""Coding → names of files that are announced with it and sent as they are, as by Apache's AddEncoding."""


def is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in {"text/html", "application/xhtml+xml"}


def may_be_html(path: str) -> bool:
    """True if a file of this name can well be served as HTML: its extension says so, or says nothing."""
    name = path.rpartition("/")[2].lower()
    if name.endswith(_HTML_NAMES):
        return True
    kind, coding = mimetypes.guess_type(name, strict=False)
    return kind is None and coding is None and not re.search(r"\.[a-z0-9]{1,5}$", name)


def is_coded_name(path: str, coding: str) -> bool:
    return path.lower().endswith(_CODED_NAMES.get(coding.removeprefix("x-"), ()))
