"""What XML says beside its rows, in every format."""

from __future__ import annotations

import pytest

from crawler.model.flaws import FlawKind
from tests.unit.listings.xml.reading import HERE, listing, parse

TIME = "2024-02-29T12:00:01.000Z"
DOCUMENTS = {
    "s3": "<ListBucketResult{0}>{1}<Name>b</Name><Prefix/><Marker/><MaxKeys>2</MaxKeys>"
    "<Contents><Key>a</Key><Size>5</Size></Contents><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"
    "<IsTruncated>false</IsTruncated></ListBucketResult>",
    "azure": '<EnumerationResults ServiceEndpoint="https://b.test/" ContainerName="c"{0}>{1}<Prefix/><Marker/>'
    "<MaxResults>2</MaxResults><Blobs><Blob><Name>a</Name><Properties><Content-Length>5</Content-Length></Properties>"
    "</Blob><BlobPrefix><Name>d/</Name></BlobPrefix></Blobs><NextMarker/></EnumerationResults>",
    "webdav": '<D:multistatus xmlns:D="DAV:"{0}>{1}<D:response><D:href>/pub/</D:href><D:propstat><D:prop>'
    "<D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    "</D:response><D:response><D:href>/pub/a</D:href></D:response><D:response><D:href>/pub/d/</D:href></D:response>"
    "<D:responsedescription>Two members</D:responsedescription><D:sync-token>http://b.test/1</D:sync-token>"
    "</D:multistatus>",
    "thredds": '<catalog xmlns="http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0" name="n" version="1.2"'
    ' xmlns:x="http://www.w3.org/1999/xlink"{0}>{1}<service name="s" serviceType="HTTPServer" base="/pub/"/>'
    '<property name="error" value="x"/><dataset name="a" urlPath="a" serviceName="s"/>'
    '<catalogRef x:href="d/catalog.xml"/></catalog>',
    "svn": '<svn version="1.14" href="http://subversion.apache.org/"{0}>{1}<index rev="5" path="/pub">'
    '<file name="a" href="a"/><dir name="d" href="d/"/></index></svn>',
}
MORE = ["<hasMore>true</hasMore>", "<NextPage>2</NextPage>", "<Count>3</Count>", "<TotalPages>2</TotalPages>",
        "<Partial>1</Partial>", "<next-cursor>abc</next-cursor>", "<Skipped><Name>x</Name></Skipped>"]  # fmt: skip
FAILED = ["<Error><Code>InternalError</Code></Error>", "<error><number-of-matches-within-limits/></error>",
          "<warning>disk offline</warning>", "<Status>failed</Status>", "<success>false</success>"]  # fmt: skip
FINE = ["", "<hasMore>false</hasMore>", "<NextPage/>", "<Count>2</Count>", "<error/>", "<Errors></Errors>",
        "<Status>OK</Status>", "<Owner><ID>error</ID></Owner>", "<RequestId>next</RequestId>"]  # fmt: skip


def read(name: str, attributes: str = "", inside: str = "") -> tuple[int, bool, list[FlawKind]]:
    found = listing(DOCUMENTS[name].format(attributes, inside), HERE)
    return len(found.entries), found.complete, [flaw.kind for flaw in found.flaws]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_element_that_says_that_rows_are_missing_makes_the_listing_incomplete(name: str) -> None:
    for inside in MORE if name not in {"s3", "azure"} else MORE[:1] + MORE[2:5] + MORE[6:]:
        assert read(name, inside=inside) == (2, False, [FlawKind.PART]), inside
    assert read(name, ' count="3"') == (2, False, [FlawKind.PART])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_element_that_reports_an_error_makes_the_listing_incomplete(name: str) -> None:
    for inside in FAILED:
        assert read(name, inside=inside) == (2, False, [FlawKind.ERROR]), inside
    assert read(name, ' status="degraded"') == (2, False, [FlawKind.ERROR])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_other_element_is_no_flaw(name: str) -> None:
    for inside in FINE:
        assert read(name, inside=inside) == (2, True, []), inside


def test_swift_and_nginx_have_no_element_beside_their_rows() -> None:
    swift = "<container name='c'{}><object><name>a</name><hash/><bytes>5</bytes></object>{}</container>"
    assert listing(swift.format("", "")).complete
    assert not listing(swift.format(' truncated="true"', ""), HERE + "?limit=5").complete
    assert parse(swift.format("", "<error>x</error>")) is None
    assert parse(f"<list><file mtime='{TIME}' size='5'>a</file><error>x</error></list>") is None
    assert parse(f"<list error='x'><file mtime='{TIME}' size='5'>a</file></list>") is None


@pytest.mark.parametrize(
    ("said", "is_complete", "following"),
    [
        ("<IsTruncated>false</IsTruncated>", True, ""),
        ("<IsTruncated>false</IsTruncated><MaxKeys>1</MaxKeys><KeyCount>1</KeyCount>", True, ""),
        ("<IsTruncated>false</IsTruncated><NextMarker>a</NextMarker>", True, ""),
        ("<IsTruncated>false</IsTruncated><KeyCount>2</KeyCount>", False, ""),
        ("<IsTruncated> TRUE </IsTruncated>", True, "?marker=a"),
        ("<IsTruncated>yes</IsTruncated><NextMarker>b</NextMarker>", True, "?marker=b"),
        ("<IsTruncated>1</IsTruncated>", False, ""),
        ("<NextMarker>b</NextMarker>", True, "?marker=b"),
        ("<NextContinuationToken>t</NextContinuationToken>", True, "?continuation-token=t"),
        ("<MaxKeys>1</MaxKeys>", False, ""),
        ("<MaxKeys>2</MaxKeys>", True, ""),
    ],
)
def test_a_bucket_is_whole_if_it_says_so(said: str, is_complete: bool, following: str) -> None:
    document = (
        f"<ListBucketResult><Name>b</Name>{said}<Contents><Key>a</Key><Size>5</Size></Contents></ListBucketResult>"
    )
    found = listing(document)
    assert (found.complete, found.next_pages) == (is_complete, (HERE + following,) if following else ())


def test_an_empty_bucket_says_that_it_is_not_truncated() -> None:
    assert parse("<ListBucketResult><Name>b</Name></ListBucketResult>") is None
    assert listing("<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>").complete


def test_a_multistatus_with_the_status_507_of_its_collection_is_incomplete() -> None:
    more = "<D:response><D:href>/pub/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>"
    assert read("webdav", inside="")[1]
    found = parse(DOCUMENTS["webdav"].format("", more))  # RFC 6578 section 3.6
    assert found is None or not found.complete
    last = DOCUMENTS["webdav"].format("", "").replace("<D:responsedescription>", f"{more}<D:responsedescription>")
    assert not listing(last).complete
