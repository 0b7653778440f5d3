"""One tree listed in every useful configuration of the real servers, each below a symbolic link to the tree.

One server process serves all shapes of its program, each below a path of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tests.support.servers import FLAVOURS, apache, lighttpd, nginx
from tests.support.servers.process import Flavour, Site

TREE = "tree"
SORTED = frozenset({"sort", "parent"})
UP = frozenset({"parent"})

HEADER = """\
<h2><a name="top">Welcome</a></h2>
<p>Read the <a href="/about/rules.html">rules</a> and see <a href="https://example.org/mirrors/">other mirrors</a>, or
write to <a href="mailto:root@example.org">us</a>. <a href="?C=M;O=D">Newest first</a>. <a href="../">Up</a>.</p>
<pre>
   ,,,    rsync -av rsync://example.org/pub/ .        2019-01-01 00:00  1.2K
  (o o)   <a href="https://example.org/art/">more of this</a>   2019-01-01 00:00  3.4M
</pre>
<ul><li><a href="#top">top</a></li><li><a href="/other/place/file.iso">file.iso</a></li></ul>
"""
README = """\
<hr><h3>README</h3>
<p>Begin with <a href="s-999.bin">the smallest</a>; nothing is promised. Last changed 2019-01-01 00:00, 12 KB.</p>
<pre>$ sha256sum -c SHA256SUMS   <a href="https://example.org/sums.txt">sums.txt</a>  2020-01-01 00:00   99K</pre>
"""
TEXT = "Plain text <b>with</b> a tag & http://example.org/\n  2019-01-01 00:00   4.5K   not a row\n"
WHOLE_HEAD = "<html><head><title>Index of somewhere</title></head><body><h1>Files</h1>\n" + HEADER


class Zone(Enum):
    """The zone in which a shape prints its times."""

    AWARE = "named on the page"
    UTC = "UTC, but it does not say so"
    SERVER = "the server's, with the daylight saving time of each moment"
    TODAY = "the server's, with the offset of the day of the request"
    NONE = "no times at all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way to print a directory."""

    name: str
    program: str
    """A key of PROGRAMS."""
    family: str
    options: str = ""
    zone: Zone = Zone.SERVER
    sized: bool = True
    rejected: frozenset[str] = SORTED
    """The reasons for rejected links in a directory without awkward names."""
    dotted: bool = True
    """Whether names that begin with a dot are shown."""
    refuses_ways_out: bool = True
    """Whether names with ``..\\`` or ``C:\\`` are rejected, as in HTML; otherwise the rules for paths decide."""
    misspelt: frozenset[bytes] = frozenset()
    """Names that the server prints in a spelling of its own."""
    readme: frozenset[str] = frozenset()
    """Names that the directory's README links to; without rows, such links look like entries."""
    proves_empty: bool = True
    path: str = ""
    """Where the tree is served; by default, under the name of the shape."""
    query: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return self.path or self.name


def _apache(name: str, options: str, family: str = "apache-pre", **more: Any) -> Shape:
    return Shape(name=f"apache-{name}", program="apache", family=family, options=options, **more)


_FANCY = "IndexOptions FancyIndexing Charset=UTF-8"
_TABLE = f"{_FANCY} HTMLTable"
_ABOUT = "HeaderName /about/header.html\nReadmeName /about/readme.html"
_LINKED = frozenset({"s-999.bin"})
_AROUND = frozenset({"sort", "parent", "above", "other-host", "scheme", "fragment", "duplicate"})
_ICONS = "DefaultIcon /icons/unknown.gif\nAddIcon /icons/folder.gif ^^DIRECTORY^^\nAddIcon (TXT,/icons/text.gif) .txt"

APACHE = (
    _apache("list", "IndexOptions -FancyIndexing", "apache-ul", zone=Zone.NONE, sized=False, rejected=UP),
    _apache("list-utf8", "IndexOptions Charset=UTF-8", "apache-ul", zone=Zone.NONE, sized=False, rejected=UP),
    _apache("fancy", _FANCY),
    _apache("fancy-no-charset", "IndexOptions FancyIndexing"),
    _apache("fancy-xhtml", f"{_FANCY} XHTML"),
    _apache("icons", f"{_FANCY} IconsAreLinks\n{_ICONS}", rejected=SORTED | {"duplicate"}),
    _apache("icon-sizes", f"{_FANCY} IconHeight=22 IconWidth=20\n{_ICONS}"),
    _apache("no-icon", f"{_FANCY} SuppressIcon"),
    _apache("no-rules", f"{_FANCY} SuppressRules"),
    _apache("old-date", f"{_FANCY} UseOldDateFormat"),
    _apache("wide", f"{_FANCY} NameWidth=* DescriptionWidth=*"),
    _apache("narrow", f"{_FANCY} NameWidth=12 DescriptionWidth=14"),
    _apache("order", f"{_FANCY} VersionSort FoldersFirst IgnoreCase"),
    _apache("no-description", f"{_FANCY} SuppressDescription"),
    _apache("no-time", f"{_FANCY} SuppressLastModified", zone=Zone.NONE),
    _apache("no-size", f"{_FANCY} SuppressSize", sized=False),
    _apache("names", f"{_FANCY} SuppressSize SuppressLastModified SuppressDescription", zone=Zone.NONE, sized=False),
    _apache("unsorted", f"{_FANCY} SuppressColumnSorting", rejected=UP),
    _apache("described", f'{_FANCY}\nAddDescription "from 2019-01-01 00:00, 1.2K" *'),
    _apache("signed", f"{_FANCY}\nServerSignature On"),
    _apache("about", f"{_FANCY}\n{_ABOUT}", rejected=_AROUND, readme=_LINKED),
    _apache("about-text", f"{_FANCY}\nHeaderName /about/header.txt\nReadmeName /about/readme.txt"),
    _apache(
        "own-head", f"{_FANCY} SuppressHTMLPreamble\nHeaderName /about/whole.html", rejected=_AROUND - {"duplicate"}
    ),
    _apache("table", _TABLE, "apache-table"),
    _apache("table-no-charset", "IndexOptions FancyIndexing HTMLTable", "apache-table"),
    _apache("table-xhtml", f"{_TABLE} XHTML NameWidth=*", "apache-table"),
    _apache(
        "table-icons", f"{_TABLE} IconsAreLinks NameWidth=20\n{_ICONS}", "apache-table", rejected=SORTED | {"duplicate"}
    ),
    _apache("table-order", f"{_TABLE} VersionSort FoldersFirst IgnoreCase UseOldDateFormat", "apache-table"),
    _apache("table-no-time", f"{_TABLE} SuppressLastModified SuppressDescription", "apache-table", zone=Zone.NONE),
    _apache("table-no-size", f"{_TABLE} SuppressSize SuppressIcon SuppressRules", "apache-table", sized=False),
    _apache(
        "table-names",
        f"{_TABLE} SuppressSize SuppressLastModified SuppressDescription SuppressIcon",
        "apache-table",
        zone=Zone.NONE,
        sized=False,
    ),
    _apache("table-unsorted", f"{_TABLE} SuppressColumnSorting\n{_ICONS}", "apache-table", rejected=UP),
    _apache("table-described", f'{_TABLE}\nAddDescription "from 2019-01-01 00:00, 1.2K" *', "apache-table"),
    _apache("table-about", f"{_TABLE}\n{_ABOUT}", "apache-table", rejected=_AROUND, readme=_LINKED),
    _apache(
        "table-own-head",
        f"{_TABLE} SuppressHTMLPreamble\nHeaderName /about/whole.html\nReadmeName /about/readme.html",
        "apache-table",
        rejected=_AROUND,
        readme=_LINKED,
    ),
    _apache("style", f'{_TABLE}\nIndexStyleSheet "/about/s.css"\nIndexHeadInsert "<base target=_top>"', "apache-table"),
)


def _nginx(name: str, options: str, family: str = "nginx-pre", zone: Zone = Zone.UTC, **more: Any) -> Shape:
    traits: dict[str, Any] = {"rejected": UP, "dotted": False} | more
    return Shape(name=f"nginx-{name}", program="nginx", family=family, options=options, zone=zone, **traits)


_NOTHING: frozenset[str] = frozenset()
_EXACT: dict[str, Any] = {"rejected": _NOTHING, "refuses_ways_out": False}
NGINX = (
    _nginx("exact", ""),
    _nginx("no-charset", "charset off;"),
    _nginx("rounded", "autoindex_exact_size off;"),
    _nginx("localtime", "autoindex_localtime on;", zone=Zone.TODAY),
    _nginx("local-rounded", "autoindex_localtime on; autoindex_exact_size off;", zone=Zone.TODAY),
    _nginx("json", "autoindex_format json;", "nginx-json", Zone.AWARE, **_EXACT),
    _nginx("json-local", "autoindex_format json; autoindex_localtime on;", "nginx-json", Zone.AWARE, **_EXACT),
    _nginx("jsonp", "autoindex_format jsonp;", "nginx-jsonp", Zone.AWARE, **_EXACT, query="?callback=show"),
    _nginx("xml", "autoindex_format xml;", "nginx-xml", Zone.AWARE, **_EXACT),
)


def _lighttpd(name: str, options: str = "", **more: Any) -> Shape:
    traits = {"rejected": UP} | more
    return Shape(name=f"lighttpd-{name}", program="lighttpd", family="lighttpd", options=options, **traits)


LIGHTTPD = (
    _lighttpd("utf8", 'dir-listing.encoding = "utf-8"'),
    _lighttpd("no-charset"),
    _lighttpd(
        "about",
        """\
dir-listing.show-header = "{about}/header.html"
dir-listing.encode-header = "disable"
dir-listing.show-readme = "{about}/readme.html"
dir-listing.encode-readme = "disable\"""",
        rejected=_AROUND,
        readme=_LINKED,
    ),
    _lighttpd(
        "about-text", 'dir-listing.show-header = "{about}/header.txt"\ndir-listing.show-readme = "{about}/readme.txt"'
    ),
    _lighttpd("style", 'dir-listing.external-css = "/about/s.css"\ndir-listing.set-footer = "files & more"'),
)

_CADDY = frozenset({"sort", "parent", "breadcrumb", "fragment"})
_CONTROLS = frozenset({b"new\nline.txt", b"tab\ttab.txt", b"carriage\rreturn.txt", b"escape\x1b[31m.txt"})
_NOT_UTF8 = frozenset({b"latin-\xe9.txt", b"cut utf-8 \xe6\x97.txt", b"folder-\xff"})


def _rclone(protocol: str) -> Shape:
    name = f"rclone-{protocol}"
    return Shape(
        name=name, program=name, family="caddy", zone=Zone.AWARE, path=TREE, rejected=_CADDY, misspelt=_CONTROLS
    )


OTHERS = (
    Shape(name="caddy", program="caddy", family="caddy", zone=Zone.AWARE, path=TREE, rejected=_CADDY | {"other-host"}),
    Shape(
        name="caddy-json",
        program="caddy",
        family="caddy-json",
        zone=Zone.AWARE,
        path=TREE,
        headers={"Accept": "application/json"},
        **_EXACT,
        proves_empty=False,
    ),
    Shape(
        name="python",
        program="python",
        family="python",
        zone=Zone.NONE,
        sized=False,
        path=TREE,
        rejected=_NOTHING,
        misspelt=_NOT_UTF8,
    ),
    _rclone("http"),
    _rclone("webdav"),
    Shape(
        name="rclone-propfind",
        program="rclone-webdav",
        family="webdav",
        misspelt=_CONTROLS,
        zone=Zone.AWARE,
        path=TREE,
        method="PROPFIND",
        headers={"Depth": "1"},
        **_EXACT,
    ),
    Shape(
        name="apache-dav",
        program="apache",
        family="webdav",
        options="Dav On",
        zone=Zone.AWARE,
        method="PROPFIND",
        headers={"Depth": "1"},
        **_EXACT,
    ),
)

SHAPES = (*APACHE, *NGINX, *LIGHTTPD, *OTHERS)


def lay_out(docroot: Path) -> None:
    """Give each shape its path, and write the files for headers and footers."""
    for shape in SHAPES:
        if not shape.path:
            (docroot / shape.name).symlink_to(TREE)
    about = docroot / "about"
    about.mkdir()
    for name, text in (("header.html", HEADER), ("readme.html", README), ("whole.html", WHOLE_HEAD)):
        (about / name).write_text(text)
    (about / "header.txt").write_text(TEXT)
    (about / "readme.txt").write_text(TEXT)


def _configure_apache(site: Site) -> list[str]:
    """Sections for the shapes. The first line closes the section that ``apache.configure`` opens."""
    modules = next(Path(place) for place in apache.MODULE_DIRECTORIES if Path(place, "mod_autoindex.so").exists())
    lines = ["</Directory>", f'DavLockDB "{site.scratch}/locks"']
    lines[1:1] = [f'LoadModule {name}_module "{modules}/mod_{name}.so"' for name in ("dav", "dav_fs")]
    sections = [
        f'<Directory "{site.root}/{shape.name}">\n{shape.options}\n' for shape in SHAPES if shape.program == "apache"
    ]
    return apache.configure(site, options="\n".join([*lines, "</Directory>\n".join(sections)]))


def _configure_nginx(site: Site) -> list[str]:
    return nginx.configure(site, options="\n".join(f"location /{s.name}/ {{ {s.options} }}" for s in NGINX))


def _configure_lighttpd(site: Site) -> list[str]:
    about = f"{site.root}/about"
    places = (f'$HTTP["url"] =~ "^/{s.name}/" {{\n{s.options.replace("{about}", about)}\n}}' for s in LIGHTTPD)
    return lighttpd.configure(site, options="\n".join(places))


def _program(name: str, program: str, configure: Callable[[Site], list[str]]) -> Flavour:
    return Flavour(name=name, program=program, configure=configure)


PROGRAMS = {
    "apache": _program("apache", "apache2", _configure_apache),
    "nginx": _program("nginx", "nginx", _configure_nginx),
    "lighttpd": _program("lighttpd", "lighttpd", _configure_lighttpd),
    **{name: FLAVOURS[name] for name in ("caddy", "python", "rclone-http", "rclone-webdav")},
}
