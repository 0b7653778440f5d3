"""Listing pages rendered from names, sizes and times, in the shapes of real servers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

MINUTE = "%d-%b-%Y %H:%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a listing. ``href`` is printed as it is; ``size`` is in bytes, None for a directory."""

    href: str
    size: int | None
    mtime: float = 0.0
    text: str | None = None

    @property
    def label(self) -> str:
        return escape(self.href if self.text is None else self.text)


def nginx_href(name: str) -> str:
    """An href as ngx_http_autoindex_module prints it: unusual characters percent-encoded in upper case."""
    return quote(name, safe="/!$'()*,-.@_~=", errors="surrogateescape")


def rounded(size: int) -> str:
    """A size as Apache prints it: exact below 973 bytes, then rounded to at most three characters and a unit."""
    if size < 973:
        return str(size)
    value, units = size / 1024, iter("KMGT")
    unit = next(units)
    while value >= 973:
        value, unit = value / 1024, next(units)
    return f"{value:.1f}{unit}" if value < 9.95 else f"{round(value)}{unit}"


def nginx(title: str, rows: Iterable[Row]) -> bytes:
    """``autoindex on``: exact sizes, times in UTC truncated to the minute."""
    lines = [
        f'<a href="{escape(row.href)}">{row.label}</a>'.ljust(51)
        + f" {stamp(row)} {'-' if row.size is None else row.size:>19}"
        for row in rows
    ]
    head = f"<html>\r\n<head><title>Index of {escape(title)}</title></head>\r\n<body>\r\n"
    top = f'<h1>Index of {escape(title)}</h1><hr><pre><a href="../">../</a>\r\n'
    body = "".join(f"{line}\r\n" for line in lines)
    return (head + top + body + "</pre><hr></body>\r\n</html>\r\n").encode("utf-8", "surrogateescape")


def apache(title: str, rows: Iterable[Row]) -> bytes:
    """``FancyIndexing`` of Apache 2.4: sort links, an absolute parent, rounded sizes."""
    parent = title.rstrip("/").rpartition("/")[0] + "/"
    sorts = (("N;O=D", "Name"), ("M;O=A", "Last modified"), ("S;O=A", "Size"), ("D;O=A", "Description"))
    head = "  ".join(f'<a href="?C={key}">{label}</a>' for key, label in sorts)
    lines = [_apache_line(row) for row in rows]
    page = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n'
        f"  <title>Index of {escape(title)}</title>\n </head>\n <body>\n<h1>Index of {escape(title)}</h1>\n"
        f'<pre><img src="/icons/blank.gif" alt="Icon "> {head}<hr>'
        f'<img src="/icons/back.gif" alt="[PARENTDIR]"> <a href="{escape(parent)}">Parent Directory</a>   -   \n'
        + "\n".join(lines)
        + "\n<hr></pre>\n</body></html>\n"
    )
    return page.encode("utf-8", "surrogateescape")


def _apache_line(row: Row) -> str:
    icon, alt = ("folder", "DIR") if row.size is None else ("unknown", "   ")
    size = "-" if row.size is None else rounded(row.size)
    link = f'<img src="/icons/{icon}.gif" alt="[{alt}]"> <a href="{escape(row.href)}">{row.label}</a>'.ljust(24)
    return f"{link} {datetime.fromtimestamp(row.mtime, UTC):%Y-%m-%d %H:%M} {size:>5}  "


def python(title: str, rows: Iterable[Row]) -> bytes:
    """``python -m http.server``: names only, no sizes or times."""
    items = "".join(f'<li><a href="{escape(row.href)}">{row.label}</a></li>\n' for row in rows)
    page = (
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>Directory listing for {escape(title)}</title>\n</head>\n<body>\n"
        f"<h1>Directory listing for {escape(title)}</h1>\n<hr>\n<ul>\n{items}</ul>\n<hr>\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "surrogateescape")


def go(title: str, rows: Iterable[Row]) -> bytes:
    """``http.FileServer``: names only, with hrefs that are not escaped as HTML."""
    items = "".join(f'<a href="{unquoted(row.href)}">{row.label}</a>\n' for row in rows)
    page = f'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n{items}</pre>\n'
    return page.encode("utf-8", "surrogateescape")


def unquoted(href: str) -> str:
    """Escape a path as Go's ``url.URL.String`` does: characters that are legal in a path stay."""
    return re.sub("%(24|26|2B|2C|3A|3B|3D|40)", lambda found: chr(int(found[1], 16)), href)


def stamp(row: Row) -> str:
    return f"{datetime.fromtimestamp(row.mtime, UTC):{MINUTE}}"


SHAPES = {"nginx": nginx, "apache": apache, "python": python, "go": go}
