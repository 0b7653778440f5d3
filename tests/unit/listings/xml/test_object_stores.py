"""S3, Google Cloud Storage, Azure and Swift in XML: keys, folders, prefixes, pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.model.values import Kind, Listing, Span
from tests.unit.listings.xml import reading

BUCKET = "https://box.s3.test/"
NAMESPACES = ["http://s3.amazonaws.com/doc/2006-03-01/", "http://doc.s3.amazonaws.com/2006-03-01", ""]


def parse(body: str | bytes, url: str = BUCKET) -> Listing | None:
    return reading.parse(body, url, "application/xml")


def listing(body: str | bytes, url: str = BUCKET) -> Listing:
    return reading.listing(body, url, "application/xml")


def s3(*children: str, namespace: str = NAMESPACES[0]) -> str:
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<ListBucketResult{xmlns}>{''.join(children)}</ListBucketResult>"


def contents(key: str, size: int = 5, etag: str = "&quot;" + "ab" * 16 + "&quot;") -> str:
    time = "<LastModified>2024-02-29T12:00:01.000Z</LastModified>"
    return f"<Contents><Key>{key}</Key>{time}<ETag>{etag}</ETag><Size>{size}</Size></Contents>"


def common(prefix: str) -> str:
    return f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"


def places(found: Listing) -> list[tuple[str, str, str]]:
    return [(entry.folder, entry.name, entry.url) for entry in found.entries]


def reasons(found: Listing) -> list[tuple[str, str]]:
    return [(rejection.reason, rejection.subject) for rejection in found.rejections]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_an_object_has_exact_size_and_time_and_the_digest_in_its_etag(namespace: str) -> None:
    found = listing(s3(contents("a b.txt"), namespace=namespace))
    (entry,) = found.entries
    when = datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC)
    assert (found.family, entry.kind, entry.size) == ("s3-xml", Kind.FILE, Span(5, 5))
    assert entry.modified == Span(when, when)
    assert (entry.etag, entry.digest) == ('"' + "ab" * 16 + '"', "md5:" + "ab" * 16)
    assert entry.row == "5 2024-02-29T12:00:01.000Z"


def test_the_etag_of_a_multipart_upload_is_not_a_digest() -> None:
    (entry,) = listing(s3(contents("a", etag="&quot;" + "ab" * 16 + "-3&quot;"))).entries
    assert (entry.etag, entry.digest) == ('"' + "ab" * 16 + '-3"', None)


@pytest.mark.parametrize(
    ("key", "directory", "name", "tail"),
    [
        ("plus+ %20#?;", "", "plus+ %20#?;", "plus%2B%20%2520%23%3F%3B"),
        ("d e/f/g", "d e/f", "g", "d%20e/f/g"),
        ("日本/语", "日本", "语", "%E6%97%A5%E6%9C%AC/%E8%AF%AD"),
        ("a&amp;amp;b", "", "a&amp;b", "a%26amp%3Bb"),
        (" lead and trail ", "", " lead and trail ", "%20lead%20and%20trail%20"),
        ("<![CDATA[<x>]]>", "", "<x>", "%3Cx%3E"),
        ("ctl&#x1;", "", "ctl\x01", "ctl%01"),
        ("cr&#13;", "", "cr\r", "cr%0D"),
        ("back\\slash", "", "back\\slash", "back%5Cslash"),
    ],
)
def test_keys_become_directory_name_and_quoted_url(key: str, directory: str, name: str, tail: str) -> None:
    found = listing(s3(contents(key)))
    assert places(found) == [(directory, name, BUCKET + tail)]
    assert found.complete


def test_urls_are_relative_to_the_bucket_and_directories_to_the_prefix() -> None:
    body = s3("<Prefix>pub/x/</Prefix>", contents("pub/x/a"), contents("pub/x/b/c"))
    url = "http://127.0.0.1:9000/box?list-type=2&prefix=pub/x/"
    base = "http://127.0.0.1:9000/box/pub/x/"
    assert places(listing(body, url)) == [("", "a", base + "a"), ("b", "c", base + "b/c")]


def test_a_prefix_that_ends_inside_a_name_keeps_the_whole_name() -> None:
    body = s3("<Prefix>pub/20</Prefix>", contents("pub/2024.txt"), common("pub/2023/"))
    found = listing(body)
    assert [(entry.folder, entry.name) for entry in found.entries] == [("", "2024.txt"), ("", "2023")]


@pytest.mark.parametrize("key", ["../x", "/x", "a//b", "//a", "..", ".", "a/../b", "a/./b", "nul&#0;"])
def test_a_key_that_cannot_be_a_path_is_rejected(key: str) -> None:
    found = listing(s3(contents("good"), contents(key)))
    assert [entry.name for entry in found.entries] == ["good"]
    assert [reason for reason, _ in reasons(found)] == ["bad-name"]


def test_directory_markers_are_not_files_and_bodies_with_a_final_slash_cannot_be_kept() -> None:
    found = listing(s3("<Prefix>p/</Prefix>", contents("p/", 0), contents("p/d/", 0), contents("p/e/", 3)))
    assert found.entries == ()
    assert reasons(found) == [("self", "p/"), ("self", "p/d/"), ("bad-name", "p/e/")]


def test_keys_outside_the_prefix_and_duplicates_are_rejected() -> None:
    found = listing(s3("<Prefix>p/</Prefix>", contents("q/a"), contents("p/a"), contents("p/a"), common("q/")))
    assert [entry.name for entry in found.entries] == ["a"]
    assert reasons(found)[0] == ("above", "q/a")
    assert sorted(reason for reason, _ in reasons(found)) == ["above", "above", "duplicate"]


def test_a_common_prefix_is_a_directory_requested_by_query() -> None:
    url = BUCKET + "?list-type=2&delimiter=%2F&encoding-type=url&continuation-token=t&start-after=a"
    body = s3("<EncodingType>url</EncodingType><Delimiter>%2F</Delimiter>", common("a+b%2Bc%26/"), contents("a%2Bb"))
    file, directory = listing(body, url).entries
    assert (directory.name, directory.kind) == ("a b+c&", Kind.DIRECTORY)
    assert directory.url == BUCKET + "?list-type=2&encoding-type=url&prefix=a%20b%2Bc%26/&delimiter=/"
    assert (file.name, file.url) == ("a+b", BUCKET + "a%2Bb")


def test_a_file_and_a_directory_with_the_same_name_are_both_listed() -> None:
    found = listing(s3(contents("a"), common("a/")))
    assert [(entry.name, entry.kind) for entry in found.entries] == [("a", Kind.FILE), ("a", Kind.DIRECTORY)]


@pytest.mark.parametrize(
    ("url", "children", "following"),
    [
        (
            "?list-type=2&max-keys=2",
            "<NextContinuationToken>1+/=</NextContinuationToken>",
            "list-type=2&max-keys=2&continuation-token=1%2B/%3D",
        ),
        (
            "?list-type=2&continuation-token=old",
            "<NextContinuationToken>new</NextContinuationToken>",
            "list-type=2&continuation-token=new",
        ),
        ("?marker=old&delimiter=/", "<NextMarker>n m</NextMarker>", "delimiter=/&marker=n%20m"),
        ("", "<EncodingType>url</EncodingType><NextMarker>n%2Bm</NextMarker>", "marker=n%2Bm"),
        ("", "", "marker=z%26"),
        ("?list-type=2", "", "list-type=2&start-after=z%26"),
    ],
)
def test_a_truncated_page_names_the_next_page(url: str, children: str, following: str) -> None:
    body = s3(
        "<IsTruncated>true</IsTruncated>",
        children,
        contents("b"),
        common("d/"),
        contents("z%26" if "url<" in children else "z&amp;"),
    )
    found = listing(body, BUCKET + url)
    assert found.next_pages == (f"{BUCKET}?{following}",)
    assert found.complete


def test_the_marker_is_the_greater_of_last_key_and_last_prefix() -> None:
    body = s3("<IsTruncated>true</IsTruncated>", contents("b"), common("d/"))
    assert listing(body).next_pages == (BUCKET + "?marker=d/",)


def test_a_truncated_page_without_a_marker_is_not_complete() -> None:
    found = listing(s3("<IsTruncated>true</IsTruncated>"))
    assert (found.next_pages, found.complete) == ((), False)


def test_an_empty_bucket_is_a_listing_and_an_error_is_not() -> None:
    assert listing(s3("<Name>box</Name><IsTruncated>false</IsTruncated>")).entries == ()
    assert parse("<Error><Code>NoSuchKey</Code><Key>a</Key></Error>") is None
    assert parse("<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>") is None


CONTAINER = "https://acc.blob.test/box?restype=container&comp=list&sig=a%2Bb"


def azure(*blobs: str, after: str = "<NextMarker />", prefix: str = "") -> str:
    start = f"\ufeff<?xml version='1.0' encoding='utf-8'?><EnumerationResults><Prefix>{prefix}</Prefix>"
    return f"{start}<Blobs>{''.join(blobs)}</Blobs>{after}</EnumerationResults>"


def blob(name: str, extra: str = "", properties: str = "") -> str:
    common = "<Last-Modified>Thu, 29 Feb 2024 12:00:01 GMT</Last-Modified><Etag>0x8D</Etag>"
    inside = f"<Properties>{common}<Content-Length>5</Content-Length>{properties}</Properties>"
    return f"<Blob>{name if name.startswith('<') else f'<Name>{name}</Name>'}{extra}{inside}</Blob>"


def test_azure_blobs_and_prefixes() -> None:
    md5 = "<Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5>"
    body = azure("<BlobPrefix><Name>p/d e/</Name></BlobPrefix>", blob("p/a b", properties=md5), prefix="p/")
    found = listing(body, CONTAINER + "&prefix=p/&delimiter=/")
    directory, file = found.entries
    assert found.family == "azure-blob"
    assert (directory.name, directory.kind) == ("d e", Kind.DIRECTORY)
    assert directory.url == CONTAINER + "&prefix=p/d%20e/&delimiter=/"
    assert (file.name, file.url) == ("a b", "https://acc.blob.test/box/p/a%20b")
    assert (file.size, file.etag) == (Span(5, 5), '"0x8D"')
    assert file.digest == "md5:d41d8cd98f00b204e9800998ecf8427e"
    assert found.next_pages == ()


def test_azure_continues_at_its_marker() -> None:
    found = listing(azure(blob("a"), after="<NextMarker>2!8!x=-</NextMarker>"), CONTAINER + "&marker=old")
    assert found.next_pages == (CONTAINER + "&marker=2%218%21x%3D-",)


def test_azure_names_that_xml_cannot_represent_are_decoded() -> None:
    body = azure(blob('<Name Encoded="true">a%EF%BF%BE%25</Name>'), blob("b%25"))
    assert [entry.name for entry in listing(body, CONTAINER).entries] == ["a\ufffe%", "b%25"]


def test_azure_snapshots_deleted_blobs_and_directories_are_not_files() -> None:
    body = azure(
        blob("a", "<Snapshot>2024-02-29T12:00:01.0000000Z</Snapshot>"),
        blob("b", "<Deleted>true</Deleted>"),
        blob("c", properties="<ResourceType>directory</ResourceType>"),
        blob("d", properties="<Content-MD5>?</Content-MD5>"),
    )
    found = listing(body, CONTAINER)
    assert [(entry.name, entry.digest) for entry in found.entries] == [("d", None)]
    assert reasons(found) == [("duplicate", "a"), ("duplicate", "b"), ("self", "c")]


def test_azure_blobs_of_the_oldest_version_have_their_properties_outside() -> None:
    old = "<Name>a</Name><Url>u</Url><LastModified>Thu, 29 Feb 2024 12:00:01 GMT</LastModified><Size>7</Size>"
    (entry,) = listing(azure(f"<Blob>{old}</Blob>"), CONTAINER).entries
    assert entry.size == Span(7, 7)
    assert entry.row == "7 Thu, 29 Feb 2024 12:00:01 GMT"


def test_a_list_of_azure_containers_is_not_a_listing() -> None:
    body = "<EnumerationResults><Containers><Container><Name>a</Name></Container></Containers></EnumerationResults>"
    assert parse(body) is None


def test_swift_gives_the_same_entries_in_xml_and_json() -> None:
    thing = "<hash>" + "c" * 32 + "</hash><bytes>14</bytes><content_type>text/plain</content_type>"
    time = "<last_modified>2014-01-15T16:41:49.390270</last_modified>"
    thing = f"<object><name>a b</name>{thing}{time}</object>"
    body = f'<container name="box">{thing}<subdir name="d/"><name>d/</name></subdir></container>'
    url = "https://swift.test/v1/acc/box?format=xml&delimiter=/"
    found = listing(body, url)
    file, directory = found.entries
    assert (file.name, file.digest, file.size) == ("a b", "md5:" + "c" * 32, Span(14, 14))
    assert (directory.name, directory.url) == ("d", "https://swift.test/v1/acc/box?format=xml&prefix=d/&delimiter=/")
    assert found.next_pages == (url + "&marker=d/",)


@pytest.mark.parametrize(
    ("body", "query", "is_listing"),
    [
        ('<container name="box"/>', "?format=xml", True),
        ('<container name="box"></container>', "?marker=z", True),
        ('<container name="box"/>', "", False),
        ("<container><object><name>a</name></object></container>", "?format=xml", False),
        ('<container name="box"><rootfiles/></container>', "?format=xml", False),
    ],
)
def test_swift_is_recognised_by_its_name_and_its_children(body: str, query: str, is_listing: bool) -> None:
    assert (parse(body, "https://swift.test/v1/acc/box" + query) is not None) is is_listing
