"""The JSON families, each with small documents of its own shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crawler.listings.json.formats import parse_json
from crawler.listings.page import Page
from crawler.model.values import Entry, Kind, Listing, Span

HERE = "http://host.test/pub/"


def parse(document: Any, url: str = HERE, content_type: str = "application/json") -> Listing | None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_json(Page(body=body, url=url, content_type=content_type))


def listing(document: Any, url: str = HERE) -> Listing:
    found = parse(document, url)
    assert found is not None
    assert found.is_listing
    return found


def only(found: Listing) -> Entry:
    (entry,) = found.entries
    return entry


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


NGINX = b"""[\r
{ "name":"old", "type":"directory", "mtime":"Sat, 07 Jun 2025 08:09:10 GMT" },\r
{ "name":"a b.txt", "type":"file", "mtime":"Tue, 06 May 2025 07:08:09 GMT", "size":1025 }\r
]"""


def test_nginx_gives_kind_exact_size_and_time_in_utc() -> None:
    found = listing(NGINX)
    assert found.family == "nginx-json"
    assert found.complete
    directory, file = found.entries
    assert (directory.name, directory.kind, directory.url, directory.size) == (
        "old",
        Kind.DIRECTORY,
        HERE + "old/",
        None,
    )
    assert (file.name, file.kind, file.url) == ("a b.txt", Kind.FILE, HERE + "a%20b.txt")
    assert file.size == Span(1025, 1025)
    assert file.modified == Span(at(2025, 5, 6, 7, 8, 9), at(2025, 5, 6, 7, 8, 9))
    assert file.row == "1025 Tue, 06 May 2025 07:08:09 GMT"


@pytest.mark.parametrize(
    ("raw", "name", "tail"),
    [
        (b"caf\xe9", "caf\udce9", "caf%E9"),
        (b"caf\xc3\xa9", "café", "caf%C3%A9"),
        (b"100%25", "100%25", "100%2525"),
        (b"a?b#c", "a?b#c", "a%3Fb%23c"),
        (b"x+y&z;w", "x+y&z;w", "x%2By%26z%3Bw"),
        (b"a:b", "a:b", "a%3Ab"),
        (b"tab\\there", "tab\there", "tab%09here"),
        (b"raw\x01control", "raw\x01control", "raw%01control"),
        (b"\\udcc3\\udca9", "é", "%C3%A9"),
        (b"back\\\\slash", "back\\slash", "back%5Cslash"),
        (b"%2e%2e", "%2e%2e", "%252e%252e"),
        (b"...", "...", "..."),
    ],
)
def test_an_unencoded_name_is_kept_and_quoted_byte_for_byte(raw: bytes, name: str, tail: str) -> None:
    body = NGINX.replace(b"a b.txt", raw)
    file = listing(body).entries[1]
    assert (file.name, file.url) == (name, HERE + tail)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "nul\0", "\ud800"])
def test_a_name_that_cannot_be_a_segment_is_rejected_with_its_name(name: str) -> None:
    found = listing([{"name": name, "type": "file", "mtime": "Tue, 06 May 2025 07:08:09 GMT", "size": 1}])
    assert found.entries == ()
    assert [rejection.reason for rejection in found.rejections] == ["bad-name"]
    found.rejections[0].subject.encode()


def test_nginx_other_is_not_an_entry_but_is_mentioned() -> None:
    found = listing([{"name": "dead", "type": "other", "mtime": "Tue, 06 May 2025 07:08:09 GMT"}])
    assert found.entries == ()
    assert [(rejection.reason, rejection.subject) for rejection in found.rejections] == [("other", "dead")]


def test_a_name_that_is_listed_twice_is_taken_once() -> None:
    row = {"name": "a", "type": "file", "mtime": "Tue, 06 May 2025 07:08:09 GMT", "size": 1}
    found = listing([row, row])
    assert len(found.entries) == 1
    assert [rejection.reason for rejection in found.rejections] == ["duplicate"]


@pytest.mark.parametrize("body", [b"[\r\n]", b"[\r\n\r\n]"])
def test_an_empty_nginx_directory_is_recognised_by_its_line_ends(body: bytes) -> None:
    assert listing(body).entries == ()


@pytest.mark.parametrize("body", [b"[]", b"[]\n", b"null\n", b"{}", b"[ ]", b'""', b"0"])
def test_an_empty_response_proves_nothing(body: bytes) -> None:
    found = parse(body)
    is_array = body[:1] == b"["  # which may be the page after the last one
    assert (found is not None) is is_array
    assert found is None or (found.is_listing, found.entries, found.complete) == (False, (), True)


@pytest.mark.parametrize(
    "body",
    [
        b"/* callback */\r\nshow([\r\n]);",
        b"/* callback */\r\nx.y_$1(" + NGINX + b");",
        b"show(" + NGINX + b")\n",
    ],
)
def test_a_listing_inside_a_function_call_is_read(body: bytes) -> None:
    found = parse(body, content_type="application/javascript")
    assert found is not None
    assert found.family == "nginx-jsonp"
    assert found.complete


def test_a_truncated_function_call_is_not_a_listing() -> None:
    assert parse(b"show(" + NGINX, content_type="application/javascript") is None


def test_a_truncated_array_keeps_its_rows_and_is_not_complete() -> None:
    found = listing(NGINX[:120])
    assert [entry.name for entry in found.entries] == ["old"]
    assert not found.complete


def test_names_are_resolved_against_the_url_of_the_response() -> None:
    assert listing(NGINX, "http://host.test/pub?x=/y/#z").entries[0].url == "http://host.test/old/"
    assert listing(NGINX, "http://host.test").entries[0].url == "http://host.test/old/"


def caddy(url: str, **changes: Any) -> dict[str, Any]:
    row = {"name": "x", "size": 5, "url": url, "mod_time": "2025-05-06T07:08:09.785689303Z", "mode": 420}
    return {**row, "is_dir": False, "is_symlink": False, **changes}


def test_caddy_names_come_from_the_url_and_directories_have_no_size() -> None:
    found = listing([caddy("./d%C3%AFr/", is_dir=True, size=4096), caddy("./50%25.txt")])
    assert found.family == "caddy-json"
    directory, file = found.entries
    assert (directory.name, directory.kind, directory.size, directory.url) == (
        "dïr",
        Kind.DIRECTORY,
        None,
        HERE + "d%C3%AFr/",
    )
    assert (file.name, file.url, file.size) == ("50%.txt", HERE + "50%25.txt", Span(5, 5))


def test_a_fraction_of_a_second_widens_the_span_to_the_whole_second() -> None:
    modified = only(listing([caddy("./a")])).modified
    assert modified == Span(at(2025, 5, 6, 7, 8, 9), at(2025, 5, 6, 7, 8, 9, 785689))


def test_the_time_of_a_caddy_symlink_is_ignored_because_it_is_not_the_files() -> None:
    entry = only(listing([caddy("./a", is_symlink=True)]))
    assert (entry.kind, entry.modified, entry.size) == (Kind.SYMLINK, None, Span(5, 5))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("../x", "above"),
        ("./a/b", "deep"),
        ("./..", "bad-name"),
        ("./%2e%2e/", "bad-name"),
        ("./a%2Fb", "bad-name"),
        ("./", "self"),
        ("http://other.test/x", "above"),
        ("javascript:x", "scheme"),
    ],
)
def test_a_link_that_leaves_the_directory_is_rejected(url: str, reason: str) -> None:
    found = listing([caddy("./good"), caddy(url)])
    assert [entry.name for entry in found.entries] == ["good"]
    assert [rejection.reason for rejection in found.rejections] == [reason]


def test_pypi_files_on_another_host_have_their_digests() -> None:
    digest = "ab" * 32
    file = {"filename": "p-1.tar.gz", "url": "https://files.test/p-1.tar.gz#x", "hashes": {"sha256": digest.upper()}}
    file |= {"size": 7, "upload-time": "2024-01-02T03:04:05.678901Z"}
    found = listing({"meta": {"api-version": "1.1"}, "name": "p", "files": [file]}, "https://index.test/simple/p/")
    entry = only(found)
    assert found.family == "pypi-json"
    assert (entry.name, entry.url, entry.external) == ("p-1.tar.gz", "https://files.test/p-1.tar.gz", True)
    assert (entry.digest, entry.size) == (f"sha256:{digest}", Span(7, 7))
    assert entry.modified == Span(at(2024, 1, 2, 3, 4, 5), at(2024, 1, 2, 3, 4, 5, 678901))


def test_a_relative_file_of_an_index_is_not_external_and_a_wrong_digest_is_none() -> None:
    files = [{"filename": "a.whl", "url": "../../f/a.whl", "hashes": {"sha256": "short"}}]
    entry = only(listing({"meta": {"api-version": "1.0"}, "files": files}, "https://index.test/simple/p/"))
    assert (entry.url, entry.external, entry.digest) == ("https://index.test/f/a.whl", False, None)


def test_the_projects_of_an_index_are_directories_and_an_empty_project_is_a_listing() -> None:
    found = listing({"meta": {"api-version": "1.0"}, "projects": [{"name": "flask"}]}, "https://index.test/simple/")
    assert (only(found).kind, only(found).url) == (Kind.DIRECTORY, "https://index.test/simple/flask/")
    assert listing({"meta": {"api-version": "1.0"}, "files": []}).entries == ()


def archive(**changes: Any) -> dict[str, Any]:
    files = [
        {"name": "disc 1/track.mp3", "size": "12", "mtime": "1236194645", "md5": "0" * 32, "sha1": "a" * 40},
        {"name": "thing_files.xml", "md5": "1" * 32},
    ]
    return {"files": files, "files_count": 2, "metadata": {"identifier": "thing"}, "dir": "/1/items/thing", **changes}


def test_archive_org_files_keep_their_directories_and_are_fetched_from_download() -> None:
    found = listing(archive(), "https://archive.test/metadata/thing")
    track, index = found.entries
    assert (track.folder, track.name) == ("disc 1", "track.mp3")
    assert track.url == "https://archive.test/download/thing/disc%201/track.mp3"
    assert (track.size, track.digest) == (Span(12, 12), "sha1:" + "a" * 40)
    assert track.modified == Span(at(2009, 3, 4, 19, 24, 5), at(2009, 3, 4, 19, 24, 5))
    assert index.digest is None, "the digest listed for the file of digests is that of an older version"
    assert found.complete
    assert not listing(archive(files_count=3)).complete


def swift(name: str, **changes: Any) -> dict[str, Any]:
    row = {"name": name, "bytes": 14, "hash": "c" * 32, "content_type": "text/plain"}
    return {**row, "last_modified": "2014-01-15T16:41:49.390270", **changes}


def test_swift_objects_have_digests_times_in_utc_and_directories() -> None:
    found = listing([swift("a/b c.txt")], "https://swift.test/v1/acc/box?format=json&limit=5")
    entry = only(found)
    assert (entry.folder, entry.name, entry.digest) == ("a", "b c.txt", "md5:" + "c" * 32)
    assert entry.url == "https://swift.test/v1/acc/box/a/b%20c.txt"
    assert entry.modified == Span(at(2014, 1, 15, 16, 41, 49), at(2014, 1, 15, 16, 41, 50))
    assert found.next_pages == ()


def test_swift_subdirs_are_requested_by_prefix_and_markers_are_not_files() -> None:
    url = "https://swift.test/v1/acc/box?format=json&prefix=a/&delimiter=/&marker=z"
    rows = [{"subdir": "a/b/"}, swift("a/b", content_type="application/directory", bytes=0), swift("a/c")]
    found = listing(rows, url)
    directory, file = found.entries
    assert (directory.name, directory.kind) == ("b", Kind.DIRECTORY)
    assert directory.url == "https://swift.test/v1/acc/box?format=json&prefix=a/b/&delimiter=/"
    assert (file.folder, file.name) == ("", "c")


def test_swift_pages_are_requested_until_one_is_empty() -> None:
    url = "https://swift.test/v1/acc/box?format=json"
    first = listing([swift("a"), swift("b&c")], url)
    assert first.next_pages == (f"{url}&marker=b%26c",)
    assert listing(b"[]", first.next_pages[0]).next_pages == ()


def test_the_containers_of_a_swift_account_are_directories() -> None:
    entry = only(listing([{"name": "box", "count": 3, "bytes": 9}], "https://swift.test/v1/acc?limit=9"))
    assert (entry.kind, entry.url) == (Kind.DIRECTORY, "https://swift.test/v1/acc/box/")
