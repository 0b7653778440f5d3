# ruff: noqa: E501 - pages are data
"""A tree of files, printers that list it like servers do, and a check of the listings read from them.

The printers follow the servers' sources: ``apr_strfsize`` and ``mod_autoindex`` (Apache), ``ngx_http_autoindex_html``
(nginx), ``http_list_directory_sizefmt`` (lighttpd), ``http.server`` (Python), plus a table of no particular server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from crawler.model.values import Kind, Listing

HERE = "http://host.test/pub/"
LOCAL = ZoneInfo("America/New_York")
EDGES = [0, 1, 9, 999, 1000, 1023, 1024, 1025, 1535, 1536, 9999, 10000, 10188, 10239, 10240, 99_999, 972 * 1024 + 512]
EDGES += [999_999, 1_048_575, 1_048_576, 1_572_864, 104_857_600, 1_073_741_823, 5_368_709_120, 1_649_267_441_664]


@dataclass(frozen=True)
class Node:
    name: bytes
    directory: bool
    size: int
    when: datetime

    @property
    def text(self) -> str:
        return self.name.decode("utf-8", "surrogateescape")

    @property
    def shown(self) -> str:
        return escape(self.name.decode("utf-8", "replace"))

    def href(self, *, safe: str = "", lower: bool = False) -> str:
        raw = quote(self.name, safe=safe)
        if lower:
            raw = "".join(c.lower() if i and "%" in raw[max(0, i - 2) : i] else c for i, c in enumerate(raw))
        return raw + ("/" if self.directory else "")


def apache_size(size: int) -> str:
    if size < 973:
        return f"{size}"
    order = -1
    while True:
        rest, size = size & 1023, size >> 10
        order += 1
        if size >= 973:
            continue
        if size < 9 or (size == 9 and rest < 973):
            tenth = (rest * 5 + 256) // 512
            if tenth >= 10:
                size, tenth = size + 1, 0
            return f"{size}.{tenth}{'KMGTPE'[order]}"
        return f"{size + (rest >= 512)}{'KMGTPE'[order]}"


def nginx_size(size: int) -> str:
    if size > (1 << 30) - 1:
        whole, rest = divmod(size, 1 << 30)
        return f"{whole + (rest > (1 << 29) - 1)}G"
    if size > (1 << 20) - 1:
        whole, rest = divmod(size, 1 << 20)
        return f"{whole + (rest > (1 << 19) - 1)}M"
    if size > 9999:
        whole, rest = divmod(size, 1 << 10)
        return f"{whole + (rest > (1 << 9) - 1)}K"
    return f"{size}"


def lighttpd_size(size: int) -> str:
    rest, unit = size & 1023, 0
    small, size = 0 < size < 1024, size >> 10
    while size & ~1023:
        rest, size, unit = size & 1023, size >> 10, unit + 1
    tenth = min(9, rest // 100)
    return f"{size}.{max(tenth, 1 if small else 0)}{'KMGTPE'[unit]}"


def apache_head() -> str:
    return (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>Index of /pub</title>\n </head>\n'
        " <body>\n<h1>Index of /pub</h1>\n"
    )


def sort_links(between: str) -> str:
    return between.join(
        f'<a href="?C={key};O=A">{word}</a>'
        for key, word in zip("NMSD", ("Name", "Last modified", "Size", "Description"), strict=True)
    )


def nginx(nodes: list[Node], size: Callable[[int], str] = str) -> str:
    rows = "".join(
        f'<a href="{n.href()}">{n.shown}{"/" * n.directory}</a>{" " * 9} {n.when:%d-%b-%Y %H:%M} '
        f"{'-' if n.directory else size(n.size):>19}\r\n"
        for n in nodes
    )
    return (
        "<html>\r\n<head><title>Index of /pub/</title></head>\r\n<body>\r\n<h1>Index of /pub/</h1><hr><pre>"
        f'<a href="../">../</a>\r\n{rows}</pre><hr></body>\r\n</html>\r\n'
    )


def nginx_rounded(nodes: list[Node]) -> str:
    return nginx(nodes, nginx_size)


def apache_pre(nodes: list[Node]) -> str:
    rows = "".join(
        f'<img src="/icons/x.gif" alt="[{"DIR" if n.directory else "   "}]"> <a href="{escape(n.href(safe="+=;,", lower=True))}">'
        f"{n.shown}{'/' * n.directory}</a>   {n.when.astimezone(LOCAL):%Y-%m-%d %H:%M}  {'-' if n.directory else apache_size(n.size):>4} \n"
        for n in nodes
    )
    return (
        f'{apache_head()}<pre><img src="/icons/blank.gif" alt="Icon "> {sort_links("   ")}<hr><img src="/icons/back.gif" alt="[PARENTDIR]"> '
        f'<a href="/">Parent Directory</a>                             -   \n{rows}<hr></pre>\n<address>Apache/2.4 at host</address>\n</body></html>\n'
    )


def apache_table(nodes: list[Node]) -> str:
    rows = "".join(
        f'<tr><td valign="top"><img src="/icons/x.gif" alt="[{"DIR" if n.directory else "   "}]"></td>'
        f'<td><a href="{escape(n.href(safe="+=;,", lower=True))}">{n.shown}{"/" * n.directory}</a>      </td>'
        f'<td align="right">{n.when.astimezone(LOCAL):%Y-%m-%d %H:%M}  </td>'
        f'<td align="right">{"  - " if n.directory else apache_size(n.size)}</td><td>&nbsp;</td></tr>\n'
        for n in nodes
    )
    return (
        f'{apache_head()}  <table>\n   <tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th><th>{sort_links("</th><th>")}</th></tr>\n'
        '   <tr><th colspan="5"><hr></th></tr>\n<tr><td valign="top"><img src="/icons/back.gif" alt="[PARENTDIR]"></td><td><a href="/">Parent Directory</a>'
        f'       </td><td>&nbsp;</td><td align="right">  - </td><td>&nbsp;</td></tr>\n{rows}   <tr><th colspan="5"><hr></th></tr>\n</table>\n</body></html>\n'
    )


def apache_list(nodes: list[Node]) -> str:
    rows = "".join(
        f'<li><a href="{escape(n.href(safe="+=;,", lower=True))}"> {n.shown}{"/" * n.directory}</a></li>\n'
        for n in nodes
    )
    return f'{apache_head()}<ul><li><a href="/"> Parent Directory</a></li>\n{rows}</ul>\n</body></html>\n'


def lighttpd(nodes: list[Node]) -> str:
    rows = "".join(
        f'<tr{" class=" + chr(34) + "d" + chr(34) if n.directory else ""}><td class="n"><a href="{n.href()}">{n.shown}</a>{"/" * n.directory}</td>'
        f'<td class="m">{n.when.astimezone(LOCAL):%Y-%b-%d %H:%M:%S}</td><td class="s">{"- &nbsp;" if n.directory else lighttpd_size(n.size)}</td>'
        f'<td class="t">{"Directory" if n.directory else "application/octet-stream"}</td></tr>\n'
        for n in nodes
    )
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>Index of /pub/</title>\n<style type="text/css">\na {color: blue;}\n</style>\n</head>\n<body>\n'
        '<h2>Index of /pub/</h2>\n<div class="list">\n<table summary="Directory Listing" cellpadding="0" cellspacing="0">\n<thead><tr><th class="n">Name</th>'
        '<th class="m">Last Modified</th><th class="s">Size</th><th class="t">Type</th></tr></thead>\n<tbody>\n<tr class="d"><td class="n"><a href="../">..</a>/</td>'
        f'<td class="m">&nbsp;</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>\n{rows}</tbody>\n</table>\n</div>\n<div class="foot">lighttpd</div>\n</body>\n</html>\n'
    )


def python(nodes: list[Node]) -> str:
    rows = "".join(f'<li><a href="{n.href()}">{n.shown}{"/" * n.directory}</a></li>\n' for n in nodes)
    return (
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for /pub/</title>\n</head>\n<body>\n'
        f"<h1>Directory listing for /pub/</h1>\n<hr>\n<ul>\n{rows}</ul>\n<hr>\n</body>\n</html>\n"
    )


def go(nodes: list[Node]) -> str:
    rows = "".join(f'<a href="{n.href()}">{n.shown}{"/" * n.directory}</a>\n' for n in nodes)
    return f'<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n{rows}</pre>\n'


def iis(nodes: list[Node]) -> str:
    rows = "".join(
        f'{n.when.astimezone(LOCAL):%m/%d/%Y %I:%M %p} {"&lt;dir&gt;" if n.directory else n.size:>12} <A HREF="/pub/{n.href()}">{n.shown}</A><br>'
        for n in nodes
    )
    return (
        "<html><head><title>host.test - /pub/</title></head><body><H1>host.test - /pub/</H1><hr>\r\n\r\n<pre>"
        f'<A HREF="/">[To Parent Directory]</A><br><br>{rows}</pre><hr></body></html>'
    )


def plain_table(nodes: list[Node]) -> str:
    rows = "".join(
        f"<tr><td><a href='{n.href()}'>{n.shown}</a></td><td>{'-' if n.directory else f'{n.size / 1024:.2f} KB'}</td><td>{n.when:%Y-%m-%dT%H:%M:%SZ}</td></tr>"
        for n in nodes
    )
    return (
        f"<html><h1>Files in /pub/</h1><table><tr><th>File</th><th>Size</th><th>Modified</th></tr>{rows}</table></html>"
    )


LEAN = (nginx, nginx_rounded, apache_pre, apache_table, apache_list, lighttpd, python, go)
PRINTERS = (*LEAN, iis, plain_table)

names = (
    st.binary(min_size=1, max_size=20)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20).map(str.encode)
    | st.sampled_from(
        [
            b"?C=N;O=D",
            b"Parent Directory",
            b"Name",
            b"..x",
            b"...",
            b"%2e%2e",
            b"a&amp;b",
            b"<a>",
            b"x:y",
            b"2e",
            b"12K",
        ]
    )
).filter(lambda name: not {0, 47, 92} & set(name) and name not in {b".", b".."})
sizes = st.sampled_from(EDGES) | st.integers(0, 2**45)
times = st.integers(315_600_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
nodes = st.builds(Node, name=names, directory=st.booleans(), size=sizes, when=times)
trees = st.lists(nodes, min_size=1, max_size=8, unique_by=lambda node: node.name)


def is_true_of(listing: Listing, tree: list[Node]) -> None:
    """Assert that everything a listing says about the nodes is true."""
    assert [entry.name for entry in listing.entries] == [node.text for node in tree]
    for entry, node in zip(listing.entries, tree, strict=True):
        if node.directory:
            assert entry.kind is Kind.DIRECTORY
        else:
            assert entry.kind in {Kind.FILE, Kind.UNKNOWN}
            assert entry.size is None or node.size in entry.size
        if entry.modified is not None:
            truth = node.when
            if entry.modified.low.tzinfo is None:
                local = {node.when.replace(tzinfo=None), node.when.astimezone(LOCAL).replace(tzinfo=None)}
                assert any(when in entry.modified for when in local)
            else:
                assert truth in entry.modified
