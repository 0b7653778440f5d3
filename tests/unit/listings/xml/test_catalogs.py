"""THREDDS catalogs and Subversion's index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Kind, Listing, Span
from tests.unit.listings.xml.reading import HERE, listing, parse, reasons, shape

WHEN = datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC)


THREDDS = (
    'xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
)
SERVICES = """<service name="all" serviceType="Compound" base="">
<service name="odap" serviceType="OpenDAP" base="/thredds/dodsC/"/>
<service name="http" serviceType="HTTPServer" base="/thredds/fileServer/"/></service>
<service name="latest" serviceType="Resolver" base=""/>"""
CATALOG = "http://tds.test/thredds/catalog/catalog.xml"


def catalog(inner: str) -> Listing:
    return listing(f"<?xml version='1.0'?><catalog {THREDDS}>{SERVICES}{inner}</catalog>", CATALOG)


@pytest.mark.parametrize(
    ("href", "name", "url"),
    [
        ("/thredds/catalog/all/catalog.xml", "all", "http://tds.test/thredds/catalog/all/catalog.xml"),
        ("a%20b/catalog.xml", "a b", "http://tds.test/thredds/catalog/a%20b/catalog.xml"),
        ("radars.xml", "radars", "http://tds.test/thredds/catalog/radars.xml"),
        ("http://other.test/x.xml", "x", "http://other.test/x.xml"),
    ],
)
def test_a_reference_to_a_catalog_is_a_directory(href: str, name: str, url: str) -> None:
    found = catalog(f'<dataset name="top"><catalogRef xlink:href="{href}" xlink:title="A title" name=""/></dataset>')
    assert shape(found) == [(name, Kind.DIRECTORY, url)]
    assert found.entries[0].external == ("other" in url)


def test_a_dataset_is_a_file_of_the_http_server() -> None:
    inner = """<dataset name="top"><metadata inherited="true"><serviceName>all</serviceName></metadata>
      <dataset name="A dataset" urlPath="grid/a b.nc"><dataSize units="Mbytes">1.25</dataSize>
        <date type="created">2000-01-01T00:00:00Z</date><date type="modified">2024-02-29T12:00:01Z</date></dataset>
      <dataset name="Exact" urlPath="grid/e%20.nc"><dataSize units="bytes">17</dataSize></dataset></dataset>"""
    rounded, exact = catalog(inner).entries
    assert (rounded.name, rounded.url) == ("a b.nc", "http://tds.test/thredds/fileServer/grid/a%20b.nc")
    assert rounded.size is not None
    assert 1_250_000 in rounded.size
    assert 1_310_720 in rounded.size
    assert 1_500_000 not in rounded.size
    assert rounded.modified == Span(WHEN, WHEN)
    assert rounded.row == "1.25 Mbytes 2024-02-29T12:00:01Z"
    assert (exact.name, exact.url, exact.size) == (
        "e .nc",
        "http://tds.test/thredds/fileServer/grid/e%20.nc",
        Span(17, 17),
    )


@pytest.mark.parametrize(
    "dataset",
    [
        '<dataset name="x" urlPath="x.nc" serviceName="http"/>',
        '<dataset name="x" urlPath="x.nc"><serviceName>all</serviceName></dataset>',
        '<dataset name="x" urlPath="x.nc"/>',
        '<dataset><access serviceName="odap" urlPath="y"/><access serviceName="http" urlPath="x.nc"/></dataset>',
        '<dataset name="t"><metadata inherited="true"><serviceName>http</serviceName></metadata>'
        '<dataset name="m"><dataset name="x" urlPath="x.nc"/></dataset></dataset>',
    ],
)
def test_the_service_of_a_dataset_is_found_wherever_it_is_named(dataset: str) -> None:
    assert shape(catalog(dataset)) == [("x.nc", Kind.FILE, "http://tds.test/thredds/fileServer/x.nc")]


def test_a_dataset_without_an_http_server_is_rejected() -> None:
    found = catalog('<dataset name="x" urlPath="latest.xml" serviceName="latest"/><dataset name="only a title"/>')
    assert found.entries == ()
    assert reasons(found) == ["other"]


def test_datasets_that_share_a_name_keep_their_directories() -> None:
    found = catalog(
        '<dataset name="1" urlPath="a/x.nc"/><dataset name="2" urlPath="b/x.nc"/><dataset name="3" urlPath="b/y.nc"/>'
    )
    assert [(entry.folder, entry.name) for entry in found.entries] == [("a", "x.nc"), ("b", "x.nc"), ("", "y.nc")]


def test_another_kind_of_catalog_is_not_a_listing() -> None:
    assert (
        parse('<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><uri name="a" uri="b"/></catalog>') is None
    )


SVN = """<?xml version="1.0"?>
<?xml-stylesheet type="text/xsl" href="/svnindex.xsl"?>
<!DOCTYPE svn [
  <!ELEMENT svn   (index)>
  <!ATTLIST svn version CDATA #REQUIRED>
  <!ELEMENT updir EMPTY>
]>
<svn version="1.14" href="http://subversion.apache.org/"><index rev="7" path="/pub" base="r">%s</index></svn>"""


def test_subversion_lists_names_and_hrefs() -> None:
    rows = '<updir></updir><dir name="d e" href="d%20e/"></dir><file name="a&amp;b" href="a&amp;b"></file>'
    found = listing(SVN % rows)
    assert found.family == "svn-xml"
    assert shape(found) == [("d e", Kind.DIRECTORY, HERE + "d%20e/"), ("a&b", Kind.FILE, HERE + "a&b")]
    assert reasons(found) == ["parent"]


def test_subversion_hrefs_that_lead_away_are_rejected() -> None:
    rows = (
        '<dir name="x" href="../x/"/><file name="y" href="a/y"/><file name="z" href="http://e.test/z"/><file name="n"/>'
    )
    found = listing(SVN % rows)
    assert found.entries == ()
    assert reasons(found) == ["above", "deep", "above", "scheme"]


def test_an_empty_repository_is_a_listing_and_an_empty_response_is_not() -> None:
    assert listing(SVN % "").entries == ()
    assert parse("<svn><index/></svn>") is None
    assert parse("<svn/>") is None


def test_a_service_with_the_base_of_an_http_server_serves_files_too() -> None:
    catalog = (
        '<c:catalog xmlns:c="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0">'
        '<c:service name="dap" serviceType="OPeNDAP" base="/opendap/hyrax"/>'
        '<c:service name="file" serviceType="HTTPServer" base="/opendap/hyrax"/>'
        '<c:service name="wcs" serviceType="WCS" base="/opendap/wcs"/>'
        '<c:dataset name="/a"><c:dataset name="x.nc"><c:access serviceName="dap" urlPath="/a/x.nc"/></c:dataset>'
        '<c:dataset name="y.nc"><c:access serviceName="wcs" urlPath="/a/y.nc"/></c:dataset></c:dataset></c:catalog>'
    )
    listing = parse_listing(catalog.encode(), "http://host.test/opendap/hyrax/a/catalog.xml", "application/xml")
    assert [entry.url for entry in listing.entries] == ["http://host.test/opendap/hyrax/a/x.nc"]
