"""Arbitrary bytes never raise an exception, and a printed listing is read back."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.json.document import JsonDocument
from crawler.listings.json.formats import READERS, parse_json
from crawler.listings.page import Page
from crawler.model.values import Kind, Listing

HERE = "http://host.test/pub/"

names = st.binary(min_size=1, max_size=12).filter(lambda n: n not in {b".", b".."} and not {0, 47} & set(n))
sizes = st.integers(0, 2**50)
times = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
trees = st.lists(st.tuples(names, st.booleans(), sizes, times), min_size=1, max_size=8, unique_by=lambda row: row[0])
words = st.sampled_from(
    [
        *("name", "type", "file", "directory", "mtime", "size", "url", "is_dir", "mod_time", "bytes", "hash"),
        *("last_modified", "content_type", "subdir", "files", "meta", "api-version", "filename", "projects"),
        *("metadata", "identifier", "files_count", "paths", "kind", "Index", "uri_prefix", "href", "count"),
        *("..", "/", "./a", "http://[x", "http://h:99999/", "//h/x", "\ud800", "\udce9"),
        *("2024-01-02T03:04:05Z", "0001-01-01T00:00:00+14:00"),
    ]
)
values = st.recursive(
    words | st.integers() | st.floats() | st.booleans() | st.none() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=25,
)


def parse(body: bytes) -> Listing | None:
    return parse_json(Page(body=body, url=HERE, content_type="application/json"))


def nginx(tree: list[tuple[bytes, bool, int, datetime]]) -> bytes:
    """A tree as ngx_http_autoindex_json prints it: only quotes, backslashes and control characters are escaped."""
    rows = []
    for name, directory, size, when in tree:
        escaped = b"".join(
            b"\\" + bytes([c]) if c in b'"\\' else b"\\u%04x" % c if c < 32 else bytes([c]) for c in name
        )
        kind, tail = (b"directory", b"") if directory else (b"file", b', "size":%d' % size)
        mtime = format_datetime(when, usegmt=True).encode()
        rows.append(b'{ "name":"' + escaped + b'", "type":"' + kind + b'", "mtime":"' + mtime + b'"' + tail + b" }")
    return b"[\r\n" + b",\r\n".join(rows) + b"\r\n]"


@given(trees)
@settings(max_examples=60)
def test_a_tree_printed_like_nginx_is_read_back_exactly(tree: list[tuple[bytes, bool, int, datetime]]) -> None:
    found = parse(nginx(tree))
    assert found is not None
    assert found.family == "nginx-json"
    got = [(e.name.encode("utf-8", "surrogateescape"), e.kind is Kind.DIRECTORY, e.url) for e in found.entries]
    assert got == [(n, d, HERE + quote(n, safe="") + "/" * d) for n, d, _, _ in tree]
    for entry, (_, directory, size, when) in zip(found.entries, tree, strict=True):
        assert entry.modified is not None
        assert when in entry.modified
        assert directory or (entry.size is not None and size in entry.size)


@given(trees, st.integers(0, 999_999_999))
@settings(max_examples=60)
def test_a_tree_printed_like_caddy_is_read_back_exactly(
    tree: list[tuple[bytes, bool, int, datetime]], nanoseconds: int
) -> None:
    rows = [
        {
            "name": name.decode("utf-8", "replace") + "/" * directory,
            "size": size,
            "url": "./" + quote(name, safe="$&+,;=:@") + "/" * directory,
            "mod_time": when.strftime("%Y-%m-%dT%H:%M:%S") + f".{nanoseconds:09d}Z",
            "mode": 420,
            "is_dir": directory,
            "is_symlink": False,
        }
        for name, directory, size, when in tree
    ]
    found = parse(json.dumps(rows).encode())
    assert found is not None
    got = [(e.name.encode("utf-8", "surrogateescape"), e.kind is Kind.DIRECTORY) for e in found.entries]
    assert got == [(name, directory) for name, directory, _, _ in tree]
    for entry, (_, _, _, when) in zip(found.entries, tree, strict=True):
        assert entry.modified is not None
        assert when in entry.modified
        assert when + timedelta(microseconds=nanoseconds // 1000) in entry.modified


@given(st.binary(max_size=60).map(lambda tail: b"[{" + tail) | st.binary(max_size=60))
def test_arbitrary_bytes_never_raise(body: bytes) -> None:
    parse(body)


@given(values)
@settings(max_examples=300)
def test_any_value_of_any_shape_never_raises(value: Any) -> None:
    for reader in READERS:
        reader(JsonDocument(value=value, url=HERE, text=""))


def test_a_listing_damaged_anywhere_never_raises() -> None:
    random.seed(3)
    good = nginx(
        [(b"a\xe9", False, 5, datetime(2024, 1, 2, tzinfo=UTC)), (b"d", True, 0, datetime(2024, 1, 2, tzinfo=UTC))]
    )
    for end in range(len(good)):
        found = parse(good[:end])
        assert found is None or not found.complete
        broken = bytearray(good)
        broken[end] = random.randrange(256)
        parse(bytes(broken))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"files":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"name":"a","type":"file","mtime":"x","size":' + b"9" * 10_000 + b"}]",
        b'[{"name":"a","type":"file","size":1e999,"mtime":1e999}]',
        b'[{"name":"a","type":"file","size":NaN,"mtime":-Infinity}]',
        b"\xff\xfe[\x00]\x00",
        b"\x00\x00\x00[",
        b"/*" * 100_000,
        b"/" * 1_000_000,
    ],
)
def test_hostile_documents_are_read_in_bounded_time(body: bytes) -> None:
    parse(body)


@pytest.mark.parametrize(
    "mtime", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2024-13-01T00:00:00Z", "never", "", "2024-01-02"]
)
def test_an_invalid_time_costs_the_time_and_not_the_entry(mtime: str) -> None:
    row = {"name": "a", "size": 1, "url": "./a", "mod_time": mtime, "is_dir": False}
    found = parse(json.dumps([row]).encode())
    assert found is not None
    assert found.entries[0].modified is None
