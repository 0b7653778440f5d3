"""Hostile, malformed and foreign XML; and a printed listing is read back."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.page import Page
from crawler.listings.xml.document import root_position
from crawler.listings.xml.formats import READERS, parse_xml
from crawler.model.values import Kind, Listing

HERE = "http://host.test/pub/"

names = st.binary(min_size=1, max_size=12).filter(lambda n: n not in {b".", b".."} and not {0, 47} & set(n))
times = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
Row = tuple[bytes, bool, int, datetime]
trees = st.lists(
    st.tuples(names, st.booleans(), st.integers(0, 2**50), times), min_size=1, max_size=8, unique_by=lambda row: row[0]
)


def parse(body: str | bytes) -> Listing | None:
    raw = body if isinstance(body, bytes) else body.encode()
    return parse_xml(Page(body=raw, url=HERE, content_type="text/xml"))


def same(found: Listing | None, tree: list[Row]) -> None:
    assert found is not None
    assert found.complete
    got = [(e.name.encode("utf-8", "surrogateescape"), e.kind is Kind.DIRECTORY, e.url) for e in found.entries]
    assert got == [(n, d, HERE + quote(n, safe="") + "/" * d) for n, d, _, _ in tree]
    for entry, (_, directory, size, when) in zip(found.entries, tree, strict=True):
        assert entry.modified is not None
        assert when in entry.modified
        assert directory or (entry.size is not None and size in entry.size)


@given(trees)
@settings(max_examples=80)
def test_a_tree_printed_like_nginx_is_read_back_exactly(tree: list[Row]) -> None:
    """nginx escapes only as for HTML. The only names that XML itself changes are those with CR LF."""
    tree = [row for row in tree if b"\r\n" not in row[0] and b"\xf4" not in row[0]]
    rows = []
    for name, directory, size, when in tree:
        text = name.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
        mtime = when.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        kind, tail = (b"directory", b"") if directory else (b"file", b' size="%d"' % size)
        rows.append(b"<" + kind + b' mtime="' + mtime + b'"' + tail + b">" + text + b"</" + kind + b">\r\n")
    same(parse(b'<?xml version="1.0"?>\r\n<list>\r\n' + b"".join(rows) + b"</list>\r\n"), tree)


@given(trees)
@settings(max_examples=60)
def test_a_tree_printed_like_a_webdav_server_is_read_back_exactly(tree: list[Row]) -> None:
    rows = [
        "<response><href>/pub/</href><propstat><prop><resourcetype><collection/></resourcetype></prop></propstat></response>"
    ]
    for name, directory, size, when in tree:
        kind = (
            "<resourcetype><collection/></resourcetype>"
            if directory
            else f"<resourcetype/><getcontentlength>{size}</getcontentlength>"
        )
        time = f"<getlastmodified>{when.strftime('%a, %d %b %Y %H:%M:%S GMT')}</getlastmodified>"
        href = f"<href>/pub/{quote(name, safe='')}{'/' * directory}</href>"
        rows.append(
            f"<response>{href}<propstat><prop>{kind}{time}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    same(parse(f'<multistatus xmlns="DAV:">{"".join(rows)}</multistatus>'), tree)


keys = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3).map("/".join)


def printed_key(key: str) -> str:
    """A key as S3 prints it, with references for characters that XML forbids or parsers change."""
    return "".join(c if " " <= c < "\ufffe" else f"&#x{ord(c):x};" for c in escape(key))


@given(st.lists(keys, min_size=1, max_size=8, unique=True), st.booleans())
@settings(max_examples=80)
def test_every_key_of_a_bucket_is_an_entry_or_a_rejection(bucket: list[str], encoded: bool) -> None:
    bucket = [key.encode("utf-8", "ignore").decode().replace("\0", "0") or "k" for key in bucket]
    if encoded:
        printed = [quote(key, safe="/").replace("%20", "+") for key in bucket]
    else:
        printed = [printed_key(key) for key in bucket]
    inner = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in printed)
    found = parse(f"<ListBucketResult>{'<EncodingType>url</EncodingType>' * encoded}{inner}</ListBucketResult>")
    assert found is not None
    if not encoded and any(c >= "\U00100000" for key in bucket for c in key):
        return  # the last private-use plane replaces forbidden characters, so such names are only read if encoded
    assert len(found.entries) + len(found.rejections) == len(bucket)
    for entry in found.entries:
        key = f"{entry.folder}/{entry.name}".removeprefix("/")
        assert key in bucket
        assert entry.url == HERE + quote(key, safe="/")


@given(st.binary(max_size=80), st.sampled_from(sorted(READERS)))
def test_bytes_inside_a_root_element_never_raise(body: bytes, root: str) -> None:
    tag = root.encode()
    parse(body)
    parse(b"<" + tag + b">" + body)
    parse(b"<" + tag + b" name='x' xmlns='DAV:'>" + body + b"</" + tag + b">")


tags = st.sampled_from(
    [
        *("response", "propstat", "prop", "href", "status", "resourcetype"),
        *("Contents", "CommonPrefixes", "Key", "Prefix", "Blobs", "Blob", "BlobPrefix", "Name", "Properties"),
        *("object", "subdir", "name", "dataset", "catalogRef", "service", "serviceName", "metadata", "access"),
        *("index", "dir", "file", "updir", "directory"),
    ]
)
elements = st.recursive(
    st.sampled_from(["", "a", "/", "..", "/pub/", "true", "http://[", "HTTP/1.1 507 x", "%zz", "&#x1;"]),
    lambda inner: st.tuples(tags, st.lists(inner, max_size=3)).map(
        lambda t: f"<{t[0]} name='n' urlPath='p' mtime='m'>{''.join(t[1])}</{t[0]}>"
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted(READERS)),
    st.sampled_from(["", "DAV:", "http://www.unidata.ucar.edu/x"]),
    st.lists(elements, max_size=4),
)
@settings(max_examples=200)
def test_elements_in_any_order_never_raise(root: str, namespace: str, inner: list[str]) -> None:
    parse(
        f"<{root} name='x' xmlns='{namespace}'>{''.join(inner)}</{root}>"
        if namespace
        else f"<{root} name='x'>{''.join(inner)}</{root}>"
    )


def test_a_listing_damaged_anywhere_never_raises_and_a_truncated_one_is_not_complete() -> None:
    random.seed(5)
    row = b'<file mtime="2024-02-29T12:00:01Z" size="7">a\xe9b</file>\r\n'
    good = b'<?xml version="1.0"?>\r\n<list>\r\n' + row * 2 + b"</list>"
    for end in range(len(good)):
        found = parse(good[:end])
        assert found is None or not found.complete
        broken = bytearray(good)
        broken[end] = random.randrange(256)
        parse(bytes(broken))


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE list [<!ENTITY l0 "ha">{BOMB}]><list><file mtime="2024-02-29T12:00:01Z">&l9;</file></list>',
        '<!DOCTYPE list [<!ENTITY x SYSTEM "file:///etc/passwd">]><list><file mtime="2024">&x;</file></list>',
        '<!DOCTYPE list SYSTEM "http://127.0.0.1:1/x.dtd" [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><list></list>',
    ],
)
def test_a_document_that_declares_entities_is_not_read(body: str) -> None:
    assert parse(body) is None


def test_an_undeclared_entity_makes_the_listing_incomplete() -> None:
    found = parse('<!DOCTYPE list SYSTEM "x.dtd"><list><file mtime="2024-02-29T12:00:01Z">a&x;b</file></list>')
    assert found is None or found.entries == () or not found.complete


@pytest.mark.parametrize(
    "body",
    [
        "<list>" * 100_000,
        "<list><file mtime='2024-02-29T12:00:01Z'>" + "<a>" * 100_000,
        "<ListBucketResult " + "a='b' " * 50_000 + "/>",
        "<ListBucketResult><Contents><Key>" + "k" * 12_000_000 + "</Key></Contents></ListBucketResult>",
        "<!--" + "-" * 1_000_000,
        "<?" * 500_000,
        "<!DOCTYPE x [" + "<" * 1_000_000,
        "<multistatus xmlns='DAV:'>" + "<response><href>/pub/" + "../" * 100_000 + "</href></response></multistatus>",
    ],
)
def test_hostile_documents_are_read_in_bounded_time(body: str) -> None:
    parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<rss version='2.0'><channel><item><title>a</title><link>http://x/</link></item></channel></rss>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='a'/></entry></feed>",
        b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://x/</loc></url></urlset>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><a href='x'/></svg>",
        b"<!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'><body><a href='x'>x</a></body></html>",
        b"<multistatus><response><href>/pub/a</href></response></multistatus>",
        b"<project><modules/></project>",
        b"<Error><Code>AccessDenied</Code></Error>",
        b"\xff\xfe<\x00l\x00i\x00s\x00t\x00>\x00",
        b"listing",
    ],
)
def test_any_other_xml_is_not_a_listing(body: bytes) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<list>", "list"),
        (
            b"\xef\xbb\xbf \r\n<?xml version='1.0'?><!-- <no> --><?pi <no>?>\n<D:multistatus xmlns:D='DAV:'>",
            "multistatus",
        ),
        (b"<!DOCTYPE svn [<!ELEMENT svn (index)>]>\n<svn/>", "svn"),
        (b"<!doctype html><html>", "html"),
        (b"text <list>", None),
        (b"<!-- <list>", None),
        (b"<1a>", None),
    ],
)
def test_the_root_element_is_found_without_parsing(body: bytes, name: str | None) -> None:
    found = root_position(body)
    assert (found[0] if found else None) == name


def test_the_parser_is_loaded_by_the_first_xml_page_and_not_before() -> None:
    code = "import sys, crawler.listings.xml.formats; sys.exit('lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
