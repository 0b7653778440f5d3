"""WebHDFS: responses to ``LISTSTATUS`` (from Hadoop's documentation, and Azure Data Lake)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crawler.listings import parse_listing
from crawler.model.values import Kind, Listing, Span

URL = "http://host.test:9870/webhdfs/v1/pub?op=LISTSTATUS"


def status(name: str, kind: str = "FILE", **more: object) -> dict[str, object]:
    return {
        "accessTime": 1320171722771, "blockSize": 33554432, "group": "supergroup", "length": 24930,
        "modificationTime": 1320171722771, "owner": "webuser", "pathSuffix": name, "permission": "644",
        "replication": 1, "type": kind, **more,
    }  # fmt: skip


def parse(*rows: object, url: str = URL, **outer: object) -> Listing:
    document = {"FileStatuses": {"FileStatus": list(rows), **outer}}
    return parse_listing(json.dumps(document).encode(), url, "application/json")


def test_entries_have_kind_size_and_time_and_keep_the_operation() -> None:
    listing = parse(status("a b.patch"), status("bar", "DIRECTORY", length=0), status("link", "SYMLINK"))
    assert (listing.family, listing.is_listing, listing.complete) == ("webhdfs", True, True)
    file, directory, link = listing.entries
    when = datetime(2011, 11, 1, 18, 22, 2, tzinfo=UTC)
    assert (file.name, file.kind, file.size) == ("a b.patch", Kind.FILE, Span(24930, 24930))
    assert file.modified is not None
    assert file.modified.low <= when.replace(microsecond=771000) <= file.modified.high
    assert file.url == "http://host.test:9870/webhdfs/v1/pub/a%20b.patch?op=OPEN"
    assert (directory.kind, directory.url) == (Kind.DIRECTORY, "http://host.test:9870/webhdfs/v1/pub/bar?op=LISTSTATUS")
    assert link.kind is Kind.SYMLINK


def test_an_empty_directory_is_a_listing() -> None:
    listing = parse()
    assert (listing.is_listing, listing.entries) == (True, ())


def test_a_page_with_a_continuation_token_is_not_complete() -> None:
    assert not parse(status("a"), continuationToken="a").complete
    assert parse(status("a"), continuationToken="").complete


@pytest.mark.parametrize("name", ["..", "a/b", "../../etc/passwd"])
def test_an_invalid_name_is_rejected(name: str) -> None:
    listing = parse(status(name), status("ok"))
    assert [entry.name for entry in listing.entries] == ["ok"]
    assert [rejection.reason for rejection in listing.rejections] == ["bad-name"]


def test_a_file_is_not_a_directory_and_other_shapes_are_not_read() -> None:
    assert not parse(status("")).is_listing
    assert not parse({"pathSuffix": "a"}).is_listing
    assert not parse("a").is_listing
