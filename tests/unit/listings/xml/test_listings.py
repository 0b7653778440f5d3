"""nginx and WebDAV in XML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Kind, Span
from tests.unit.listings.xml.reading import HERE, listing, parse, reasons, shape

WHEN = datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC)
NGINX = '<?xml version="1.0"?>\r\n<list>\r\n'


def test_nginx_gives_kind_exact_size_and_time_in_utc() -> None:
    rows = (
        '<directory mtime="2024-02-29T12:00:01Z">d</directory>\r\n<other mtime="2024-02-29T12:00:01Z">dead</other>\r\n'
    )
    found = listing(NGINX + rows + '<file mtime="2024-02-29T12:00:01Z" size="7">a b</file>\r\n</list>\r\n')
    assert found.family == "nginx-xml"
    assert shape(found) == [("d", Kind.DIRECTORY, HERE + "d/"), ("a b", Kind.FILE, HERE + "a%20b")]
    assert (found.entries[1].size, found.entries[1].modified) == (Span(7, 7), Span(WHEN, WHEN))
    assert found.entries[1].row == "7 2024-02-29T12:00:01Z"
    assert reasons(found) == ["other"]


@pytest.mark.parametrize(
    ("raw", "name", "tail"),
    [
        (b"caf\xe9", "caf\udce9", "caf%E9"),
        (b"ctl\x01\x1b", "ctl\x01\x1b", "ctl%01%1B"),
        (b"cr\r.", "cr\r.", "cr%0D."),
        (b"nl\n.", "nl\n.", "nl%0A."),
        (b"&lt;&amp;amp;&gt;", "<&amp;>", "%3C%26amp%3B%3E"),
        (b"\xef\xbf\xbf", "\uffff", "%EF%BF%BF"),
        (b"\xf4\x8f\xb0\x80", "\U0010fc00", "%F4%8F%B0%80"),
        (b" a ", " a ", "%20a%20"),
    ],
)
def test_nginx_prints_names_as_bytes_even_where_xml_forbids_them(raw: bytes, name: str, tail: str) -> None:
    row = b'<file mtime="2024-02-29T12:00:01Z" size="7">' + raw + b"</file>\r\n"
    found = listing(NGINX.encode() + row + b"</list>")
    assert shape(found) == [(name, Kind.FILE, HERE + tail)]
    assert found.complete


def test_an_empty_nginx_directory_is_recognised_by_its_first_line() -> None:
    assert listing(NGINX + "</list>\r\n").entries == ()
    assert parse("<list/>") is None
    assert parse("<?xml version='1.0' encoding='UTF-8'?>\n<list></list>") is None


@pytest.mark.parametrize(
    "inner", ["<item>a</item>", "<file>a</file>", '<file mtime="2024-02-29T12:00:01Z"><name>a</name></file>']
)
def test_a_list_of_something_else_is_not_a_listing(inner: str) -> None:
    assert parse(f"{NGINX}{inner}</list>") is None


def test_a_truncated_list_keeps_its_rows_and_is_not_complete() -> None:
    row = '<file mtime="2024-02-29T12:00:01Z" size="7">%s</file>\r\n'
    found = listing(NGINX + row % "a" + row % "b")
    assert [entry.name for entry in found.entries] == ["a", "b"]
    assert not found.complete


def response(href: str, *, directory: bool | None = False, size: int | None = 5, extra: str = "") -> str:
    kinds = {True: "<D:resourcetype><D:collection/></D:resourcetype>", False: "<D:resourcetype/>", None: ""}
    length = "" if size is None else f"<x:getcontentlength xmlns:x='DAV:'>{size}</x:getcontentlength>"
    rest = '<D:getetag>"e"</D:getetag><D:getlastmodified>Thu, 29 Feb 2024 12:00:01 GMT</D:getlastmodified>'
    properties = f"<D:prop>{kinds[directory]}{length}{rest}</D:prop>"
    good = f"<D:propstat>{properties}<D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{good}{extra}</D:response>"


def dav(*responses: str) -> str:
    return f'<?xml version="1.0"?>\n<D:multistatus xmlns:D="DAV:">{"".join(responses)}</D:multistatus>'


OWNER = response("/pub/", directory=True, size=None)


def test_webdav_members_have_size_time_and_etag_and_exclude_the_collection() -> None:
    found = listing(dav(OWNER, response("/pub/d%20e/", directory=True), response("/pub/a%c3%bc+%2520.txt")))
    assert found.family == "webdav"
    assert found.complete
    assert shape(found) == [
        ("d e", Kind.DIRECTORY, HERE + "d%20e/"),
        ("aü+%20.txt", Kind.FILE, HERE + "a%c3%bc+%2520.txt"),
    ]
    directory, file = found.entries
    assert directory.size is None
    assert (file.size, file.modified, file.etag) == (Span(5, 5), Span(WHEN, WHEN), '"e"')
    assert file.row == "5 Thu, 29 Feb 2024 12:00:01 GMT"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized", "500 Internal Server Error"])
def test_a_missing_collection_is_not_an_empty_one(status: str) -> None:
    line = f"<D:status>HTTP/1.1 {status}</D:status>"
    kind = "<D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>"
    for inside in (f"<D:propstat><D:prop/>{line}</D:propstat>", f"<D:propstat>{kind}{line}</D:propstat>", line):
        document = dav(f"<D:response><D:href>/pub/</D:href>{inside}</D:response>")
        assert not parse_listing(document.encode(), HERE, "application/xml").is_listing
    partly = (
        f"<D:propstat><D:prop/>{line}</D:propstat><D:propstat>{kind}<D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    )
    found = listing(dav(f"<D:response><D:href>/pub/</D:href>{partly}</D:response>"))
    assert (found.is_listing, found.complete, found.entries) == (True, True, ())


@pytest.mark.parametrize("url", ["http://host.test/pub/", "http://host.test/pub", "http://host.test/%70ub/?x#y"])
def test_the_collection_is_found_by_its_path_in_any_position(url: str) -> None:
    found = listing(dav(response("/pub/a"), OWNER), url)
    assert [entry.name for entry in found.entries] == ["a"]
    assert found.entries[0].url.endswith("ub/a")


def test_complete_urls_are_accepted_on_the_same_host_and_that_of_the_collection() -> None:
    inner = dav(
        response("http://backend:8080/pub/", directory=True),
        response("http://backend:8080/pub/a"),
        response("http://elsewhere/pub/b"),
        response("http://host.test:80/pub/c"),
    )
    found = listing(inner)
    assert shape(found) == [("a", Kind.FILE, HERE + "a"), ("c", Kind.FILE, HERE + "c")]
    assert reasons(found) == ["other-host"]


def test_behind_a_proxy_that_rewrites_paths_members_keep_their_place() -> None:
    found = listing(
        dav(
            response("/remote/x/", directory=True), response("/remote/x/a%20b"), response("/remote/x/d", directory=True)
        )
    )
    assert shape(found) == [("a b", Kind.FILE, HERE + "a%20b"), ("d", Kind.DIRECTORY, HERE + "d/")]
    assert found.complete


def test_the_collection_behind_a_proxy_may_be_in_any_position() -> None:
    found = listing(dav(response("/x/a"), response("/x", directory=True, size=None), response("/x/b")))
    assert [entry.url for entry in found.entries] == [HERE + "a", HERE + "b"]


def test_a_response_without_the_collection_is_not_complete() -> None:
    assert not listing(dav(response("/pub/a"))).complete
    assert not listing(dav()).complete
    assert listing(dav(OWNER)).complete


def test_members_outside_the_collection_are_rejected() -> None:
    found = listing(
        dav(OWNER, response("/other/a"), response("/pub/%2e%2e/x"), response("/pub/a%2Fb"), response("/pub/"))
    )
    assert found.entries == ()
    assert reasons(found) == ["above", "bad-name", "bad-name", "self"]


def test_members_at_any_depth_keep_their_directories() -> None:
    found = listing(dav(OWNER, response("/pub/d%20e/f/g")))
    assert [(entry.folder, entry.name) for entry in found.entries] == [("d e/f", "g")]


def test_missing_and_foreign_properties_are_ignored() -> None:
    missing = (
        "<D:propstat><D:prop><D:getcontentlength>9</D:getcontentlength><D:resourcetype><D:collection/></D:resourcetype>"
        "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"
        "<D:propstat><D:prop><n:getcontentlength xmlns:n='urn:n'>8</n:getcontentlength></D:prop></D:propstat>"
    )
    (entry,) = listing(dav(OWNER, response("/pub/a", size=None, extra=missing))).entries
    assert (entry.kind, entry.size) == (Kind.FILE, None)


def test_without_a_type_only_a_slash_shows_the_kind() -> None:
    found = listing(dav(OWNER, response("/pub/d/", directory=None), response("/pub/a", directory=None)))
    assert [entry.kind for entry in found.entries] == [Kind.DIRECTORY, Kind.UNKNOWN]


def test_a_file_is_not_a_listing_of_itself() -> None:
    assert parse(dav(response("/pub/a")), HERE + "a") is None


def test_a_server_that_ran_out_of_room_did_not_list_everything() -> None:
    short = "<D:response><D:href>/pub/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>"
    assert not listing(dav(OWNER, response("/pub/a"), short)).complete
