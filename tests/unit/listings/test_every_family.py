"""Every listing format in the tables is read, printed as its program prints a directory with 0, 1, 2 or many entries.

A family without a printer here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing
from crawler.listings.html.families import FAMILIES, GENERIC
from crawler.listings.json import formats as json_formats
from crawler.listings.xml import formats as xml_formats
from crawler.model.values import Kind, Listing
from tests.unit.listings import data_pages as data
from tests.unit.listings import family_pages as pages
from tests.unit.listings import printers
from tests.unit.listings.printers import HERE, Node, is_true_of, sizes, times

HTML, JSON, XML = "text/html; charset=utf-8", "application/json", "application/xml"


@dataclass(frozen=True)
class Case:
    """A program's page for a directory."""

    key: str
    """Name in the tables: a family, or ``json`` or ``xml`` and a reader; "" if it is in none."""
    family: str
    """``Listing.family`` of the listing read from the page."""
    print: Callable[[list[Node]], str]
    kind: str = HTML
    url: str = HERE
    sized: bool = True
    dated: bool = True
    directories: bool = True
    """Whether the program lists directories; otherwise all entries are files."""
    empty: bool = True
    """Whether the page of an empty directory is recognised."""

    alone: bool = True
    """Whether a directory is recognised if it is the only entry; otherwise this requires further entries."""

    def __str__(self) -> str:
        return f"{self.family}:{self.print.__name__}"


def html(name: str, print_: Callable[[list[Node]], str], family: str = "", **traits: bool | str) -> Case:
    return Case(name, family or name, print_, **traits)  # type: ignore[arg-type]


NAMES_ONLY: dict[str, bool] = {"sized": False, "dated": False}
STORE = "http://host.test/c?prefix=pub/&delimiter=/"

CASES = (
    html("lighttpd", printers.lighttpd),
    html("caddy", pages.caddy),
    html("artifactory", pages.artifactory),
    html("twisted", pages.twisted, dated=False),
    html("tomcat", pages.tomcat),
    html("python", printers.python, **NAMES_ONLY),
    html("jetty", pages.jetty),
    html("iis", printers.iis),
    html("svn", pages.svn, **NAMES_ONLY),
    html("hfs", pages.hfs),
    html("h5ai", pages.h5ai),
    html("litespeed", pages.litespeed),
    html("thttpd", pages.thttpd, dated=False),
    html("webfs", pages.webfs),
    html("darkhttpd", pages.darkhttpd, dated=False),
    html("mini_httpd", pages.mini_httpd, alone=False),
    html("serve-index", pages.serve_index),
    html("ecstatic", pages.ecstatic),
    html("directorylister", pages.directorylister, url="http://host.test/?dir=pub", empty=False),
    html("pypi-simple", pages.pypi_simple, empty=False, directories=False, **NAMES_ONLY),
    html("swift", pages.swift),
    html("miniserve", pages.miniserve),
    html("undertow", pages.undertow),
    html("maven-central", pages.maven_central),
    html("ipfs-gateway", pages.ipfs_gateway, directories=False, **NAMES_ONLY),
    html("jenkins", pages.jenkins, empty=False),
    html("squid-ftp", pages.squid_ftp),
    html("simple-http-server", pages.simple_http_server),
    html("fancyindex", pages.fancyindex),
    html("apache", printers.apache_pre, "apache-pre"),
    html("apache", printers.apache_table, "apache-table"),
    html("apache", printers.apache_list, "apache-ul", **NAMES_ONLY),
    html("nginx-pre", printers.nginx),
    html("nginx-pre", printers.nginx_rounded),
    html("apache-like", pages.apache_like, "apache-like-pre"),
    html("go-http", printers.go, **NAMES_ONLY),
    html("generic", printers.plain_table, "generic-table"),
    html("", pages.script_calls, "script-calls", empty=False),
    Case("json nginx", "nginx-json", data.nginx_json, JSON),
    Case("json nginx", "nginx-jsonp", data.nginx_jsonp, "application/javascript"),
    Case("json caddy", "caddy-json", data.caddy_json, JSON, empty=False),
    Case("json pypi", "pypi-json", data.pypi_json, JSON, directories=False),
    Case("json archive_org", "archive-org", data.archive_org, JSON, directories=False),
    Case("json swift", "swift", data.swift_json, JSON, f"{STORE}&format=json", empty=False),
    Case("json webhdfs", "webhdfs", data.webhdfs, JSON, "http://host.test/webhdfs/v1/pub?op=LISTSTATUS"),
    Case("json pcloud", "embedded-pcloud", data.pcloud, HTML, empty=False),
    Case("json generic", "json-generic", data.gohttpserver, JSON, f"{HERE}?json=true", empty=False),
    Case("json generic", "dufs-json", data.dufs, JSON, f"{HERE}?json"),
    Case("xml list", "nginx-xml", data.nginx_xml, "text/xml"),
    Case("xml ListBucketResult", "s3-xml", data.s3, XML, f"{STORE}&list-type=2"),
    Case("xml EnumerationResults", "azure-blob", data.azure, XML, f"{STORE}&restype=container&comp=list"),
    Case("xml container", "swift", data.swift_xml, XML, f"{STORE}&format=xml"),
    Case("xml multistatus", "webdav", data.webdav, XML),
    Case("xml catalog", "thredds", data.thredds, XML, "http://host.test/thredds/catalog/pub/catalog.xml"),
    Case("xml svn", "svn-xml", data.svn_xml, "text/xml", **NAMES_ONLY),
)
TABLES = (
    {family.name for family in (*FAMILIES, GENERIC)}
    | {f"json {reader.__name__.removeprefix('read_')}" for reader in json_formats.READERS}
    | {f"xml {root}" for root in xml_formats.READERS}
)

AWKWARD = (
    *(
        "a b",
        "100%",
        "a%20b",
        "R&D",
        "a&amp;b",
        "c++",
        "no#1",
        "what?",
        "x;y=z",
        "it's",
        'say "so"',
        "<b>",
        "日本語.txt",
        "e\u0301",
    ),
    *(
        "a.tar.gz",
        "README",
        "v1.0",
        "2024-02-01",
        "12K",
        "Parent Directory",
        "Name",
        "?C=N;O=D",
        "...",
        "..x",
        ".hidden",
    ),
    *(
        "colon:b",
        "at@b",
        "~tilde",
        "[x](y){z}",
        "a,b",
        "$1",
        "back`tick",
        "a|b^c",
        "semi;",
        "-rf",
        "*",
        "index of",
        "error.log",
    ),
)
names = st.sampled_from(AWKWARD) | st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="/\\"), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."})
moments = times.filter(lambda when: when.year < 2100)
nodes = st.builds(
    Node,
    name=names.map(str.encode),
    directory=st.booleans(),
    size=sizes.filter(lambda size: size != 4096),
    when=moments,
)
trees = st.lists(nodes, min_size=1, max_size=6, unique_by=lambda node: node.name)
MANY = [
    Node(name.encode(), number % 4 == 0, number**5, datetime(2021, 3, 1, tzinfo=UTC) + timedelta(hours=37 * number))
    for number, name in enumerate([*AWKWARD, *(f"file-{number:03}.tar.gz" for number in range(100))])
]


def read(case: Case, tree: list[Node]) -> tuple[Listing, list[Node]]:
    """(listing, nodes of ``tree`` that it must contain)."""
    shown = tree if case.directories else [node for node in tree if not node.directory]
    return parse_listing(case.print(shown).encode("utf-8", "surrogateescape"), case.url, case.kind), shown


def is_read(case: Case, tree: list[Node]) -> None:
    listing, shown = read(case, tree)
    if not shown or not (case.alone or sum(node.directory for node in shown) != 1):
        return
    assert (listing.is_listing, listing.complete, listing.closed) == (True, True, True)
    assert listing.family == case.family
    by_name = sorted(
        listing.entries, key=lambda entry: entry.name
    )  # some programs print directories separately from files
    is_true_of(replace(listing, entries=tuple(by_name)), sorted(shown, key=lambda node: node.text))
    assert all(rejection.row == "" for rejection in listing.rejections), listing.rejections
    for entry in listing.entries:
        if entry.kind is not Kind.DIRECTORY:
            assert (entry.size is not None) == case.sized
            assert (entry.modified is not None) == case.dated


def test_each_family_in_the_tables_has_a_printer() -> None:
    assert {case.key for case in CASES} - {""} == TABLES


@pytest.mark.parametrize("case", CASES, ids=str)
@given(tree=trees)
@settings(max_examples=8, deadline=None)
def test_a_tree_printed_by_each_program_is_read_back(case: Case, tree: list[Node]) -> None:
    is_read(case, tree)


@pytest.mark.apart
@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_two_and_many_rows_are_read(case: Case) -> None:
    directory, file = MANY[0], MANY[15]
    for tree in ([file], [directory], [directory, file], [file, MANY[18]], MANY):
        is_read(case, tree)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_empty_directory_is_recognised_only_if_its_page_proves_it(case: Case) -> None:
    listing, _ = read(case, [])
    assert (listing.is_listing and listing.complete, listing.entries) == (case.empty, ())
    assert not any(rejection.row for rejection in listing.rejections)
