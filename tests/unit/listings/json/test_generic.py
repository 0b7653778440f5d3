"""The generic JSON reader: the documents that it reads, and those that it must not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.listings.json.formats import parse_json
from crawler.listings.page import Page
from crawler.model.flaws import FlawKind
from crawler.model.values import Kind, Listing, Span

HERE = "http://host.test/pub/"


def parse(document: Any, url: str = HERE) -> Listing | None:
    return parse_json(Page(body=json.dumps(document).encode(), url=url, content_type="application/json"))


def rows_of(document: Any, url: str = HERE) -> list[tuple[str, Kind, str, int | None]]:
    found = parse(document, url)
    assert found is not None
    return [(e.name, e.kind, e.url.removeprefix(HERE), e.size.low if e.size else None) for e in found.entries]


DIR, FILE = Kind.DIRECTORY, Kind.FILE


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            [
                {"IsDir": True, "Name": "d", "Size": 4096, "URL": "./d/", "ModTime": "2024-01-02T03:04:05Z", "Mode": 1},
                {"IsDir": False, "Name": "f", "Size": 3, "URL": "./f", "ModTime": "2024-01-02T03:04:05Z", "Mode": 1},
            ],
            [("d", DIR, "d/", None), ("f", FILE, "f", 3)],
            id="caddy 1",
        ),
        pytest.param(
            {
                "href": "/pub/",
                "kind": "Index",
                "uri_prefix": "/",
                "dir_exists": True,
                "paths": [
                    {"path_type": "Dir", "name": "d", "mtime": 1700000000000, "size": 3},
                    {"path_type": "SymlinkFile", "name": "l", "mtime": 1700000000000, "size": 8},
                    {"path_type": "File", "name": "f 1", "mtime": 1700000000000, "size": 9},
                ],
            },
            [("d", DIR, "d/", None), ("l", Kind.SYMLINK, "l", 8), ("f 1", FILE, "f%201", 9)],
            id="dufs",
        ),
        pytest.param(
            {"files": [{"name": "f", "path": "pub/f", "type": "file", "size": 2, "mtime": 1700000000000}], "auth": {}},
            [("f", FILE, "f", 2)],
            id="gohttpserver",
        ),
        pytest.param(
            {
                "dirs": [{"lead": "", "href": "d/", "sz": 0, "ts": 1700000000}],
                "files": [{"lead": "", "href": "f%20g", "sz": 4, "ts": 1700000000, "ext": "g"}],
                "taglist": [],
            },
            [("d", DIR, "d/", None), ("f g", FILE, "f%20g", 4)],
            id="copyparty",
        ),
        pytest.param(
            {"files": [{"base": "f.txt", "name": "f", "relative": "/pub/f.txt", "type": "file", "size": "1 KB"}]},
            [("f.txt", FILE, "f.txt", None)],
            id="serve",
        ),
        pytest.param(
            [
                {
                    "Path": "f",
                    "Name": "f",
                    "Size": -1,
                    "MimeType": "x/y",
                    "ModTime": "2024-01-02T03:04:05Z",
                    "IsDir": True,
                }
            ],
            [("f", DIR, "f/", None)],
            id="lsjson",
        ),
        pytest.param(
            [
                {"name": "a", "size": 1, "mtime": "2024-01-02 03:04:05", "mode": "0644"},
                {"name": "b/", "size": 0, "mtime": "2024-01-02 03:04:05", "mode": "0755"},
                {"name": "..", "size": 0, "mtime": "2024-01-02 03:04:05", "mode": "0755", "type": "directory"},
            ],
            [("a", Kind.UNKNOWN, "a", 1), ("b", DIR, "b/", None)],
            id="ls without types",
        ),
    ],
)
def test_shapes_of_programs_without_a_reader_are_read(document: Any, expected: list[Any]) -> None:
    assert rows_of(document) == expected


def test_the_contents_api_gives_the_download_url_of_files_and_the_url_of_directories() -> None:
    page = "https://api.test/repos/o/r/contents/"
    common = {"path": "x", "sha": "0", "html_url": "h", "git_url": "g", "_links": {}}
    rows = [
        {"name": "src", "type": "dir", "size": 0, "url": page + "src?ref=m", "download_url": None, **common},
        {
            "name": "a b",
            "type": "file",
            "size": 5,
            "url": page + "a%20b",
            "download_url": "https://raw.test/a%20b",
            **common,
        },
        {"name": "sub", "type": "submodule", "size": 0, "url": page + "sub", "download_url": None, **common},
    ]
    found = parse(rows, page)
    assert found is not None
    directory, file = found.entries
    assert (directory.name, directory.kind, directory.url, directory.external) == (
        "src",
        DIR,
        page + "src?ref=m",
        False,
    )
    assert (file.name, file.url, file.external, file.size) == ("a b", "https://raw.test/a%20b", True, Span(5, 5))
    assert [rejection.reason for rejection in found.rejections] == ["other"]


def test_the_name_field_counts_if_the_link_is_a_query_of_the_page() -> None:
    row = {"name": "a b", "type": "file", "size": 5, "href": "?get=17"}
    assert rows_of([row]) == [("a b", FILE, "?get=17", 5)]


def test_an_empty_dufs_directory_is_a_listing() -> None:
    found = parse({"href": "/pub/", "kind": "Index", "uri_prefix": "/", "paths": []})
    assert found is not None
    assert (found.is_listing, found.family, found.entries) == (True, "dufs-json", ())


@pytest.mark.parametrize(
    "more", [{"next": "/api?page=2"}, {"nextPageToken": "x"}, {"truncated": True}, {"has_more": True}, {"total": 2}]
)
def test_a_response_that_says_that_more_follows_is_not_complete(more: dict[str, Any]) -> None:
    files = [{"name": "a", "type": "file", "size": 1}]
    whole, part = parse({"files": files}), parse({"files": files, **more})
    assert whole is not None
    assert whole.complete
    assert part is not None
    assert not part.complete


FILES = [{"name": "a", "type": "file", "size": 1}]
OTHER = [{"name": "b", "type": "file", "size": 1}]
FOLDER = [{"name": "d", "type": "directory", "size": 1}]


@pytest.mark.parametrize(
    "beside",
    [
        {"archives": OTHER}, {"archives": [None, *OTHER]}, {"more_of_them": {"archives": OTHER}}, {"sorted": FOLDER},
        {"prefixes": ["d/"]}, {"blobs": ["b"]}, {"links": [{"href": "b", "size": 1, "mtime": "2024-01-02 03:04:05"}]},
    ],
)  # fmt: skip
def test_rows_in_an_array_of_a_name_that_is_not_known_make_the_listing_incomplete(beside: dict[str, Any]) -> None:
    found = parse({"files": FILES, **beside})
    assert found is not None
    assert (found.complete, [flaw.kind for flaw in found.flaws]) == (False, [FlawKind.PART])


@pytest.mark.parametrize(
    "beside",
    [
        {"archives": []}, {"archives": FILES}, {"breadcrumbs": FOLDER}, {"parentFolder": {"rows": FOLDER}},
        {"recentlyDeleted": OTHER}, {"tags": ["b"]}, {"types": [{"name": "b", "count": 5}]}, {"prefixes": []},
        {"users": [{"name": "bob", "type": "user", "size": 1}]}, {"links": [{"rel": "self", "href": "b"}]},
    ],
)  # fmt: skip
def test_any_other_array_is_none_of_rows(beside: dict[str, Any]) -> None:
    found = parse({"files": FILES, **beside})
    assert found is not None
    assert (len(found.entries), found.complete, found.flaws) == (1, True, ())


def test_arrays_whose_names_differ_in_letter_case_have_rows_both() -> None:
    assert [row[0] for row in rows_of({"files": FILES, "Files": OTHER, "subFolders": FOLDER})] == ["a", "b", "d"]


@pytest.mark.parametrize(
    "document",
    [
        [{"id": 1, "name": "Widget", "size": 3, "price": 9}],
        [{"id": 1, "name": "Widget", "size": 3, "modified": "2024-01-02T03:04:05Z", "price": 9}],
        [{"name": "bob", "type": "user", "size": 1}],
        [{"name": "a", "type": "file", "size": 1}, {"name": "bob", "type": "user", "size": 1}],
        [{"name": "a", "type": "file"}],
        [{"type": "file", "size": 1}],
        ["a.txt", "b/"],
        [[]],
        [1],
        {"files": []},
        {"files": [], "dirs": []},
        {"items": [{"title": "News", "link": "http://x.test/", "date": "2024-01-02"}]},
        {"error": "not found", "status": 404},
        {"name": "a", "type": "file", "size": 1},
        {"paths": {"/pets": {"get": {}}}, "openapi": "3.0.0"},
        {"type": "FeatureCollection", "features": [{"type": "Feature"}]},
    ],
)
def test_any_other_api_response_is_not_a_listing(document: Any) -> None:
    found = parse(document)
    assert found is None or not found.is_listing


SHAPES_OF_JSON = {
    "nginx": (
        lambda name, size: {"name": name, "type": "file", "mtime": "Sun, 06 Nov 1994 08:49:37 GMT", "size": size},
        list,
    ),
    "caddy": (
        lambda name, size: {"name": name, "size": size, "url": f"./{name}" if isinstance(name, str) else None,
                            "mod_time": "2024-01-02T03:04:05Z",
                            "mode": 1, "is_dir": False, "is_symlink": False},
        list,
    ),
    "generic": (lambda name, size: {"name": name, "type": "file", "size": size}, list),
    "untyped": (lambda name, size: {"name": name, "mtime": "2024-01-02T03:04:05Z", "size": size}, list),
    "webhdfs": (
        lambda name, size: {"pathSuffix": name, "type": "FILE", "length": size, "modificationTime": 1700000000000},
        lambda rows: {"FileStatuses": {"FileStatus": rows}},
    ),
    "pcloud": (
        lambda name, size: {"name": name, "urlencodedname": name, "size": size, "icon": 1},
        lambda rows: {"code": "x", "dirpath": "/", "content": rows},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES_OF_JSON)
@pytest.mark.parametrize("missing", [None, 7])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_row_without_a_name_costs_only_that_row(shape: str, missing: Any, place: int) -> None:
    row, wrapped = SHAPES_OF_JSON[shape]
    rows = [row(name, 5) for name in "abc"]
    rows.insert(place, row(missing, 5))
    found = parse(wrapped(rows))
    assert found is not None
    assert [entry.name for entry in found.entries] == ["a", "b", "c"]
    assert [(each.reason, bool(each.row)) for each in found.rejections] == [("bad-name", True)]
    assert parse(wrapped([row(missing, 5)])) is None


@pytest.mark.parametrize("shape", SHAPES_OF_JSON)
def test_a_repeated_name_is_a_clash_unless_the_row_is_the_same(shape: str) -> None:
    row, wrapped = SHAPES_OF_JSON[shape]

    def reasons(size: int) -> list[tuple[str, str]]:
        found = parse(wrapped([row("a", 5), row("b", 5), row("a", size)]))
        assert found is not None
        assert [(entry.name, entry.size and entry.size.low) for entry in found.entries] == [("a", 5), ("b", 5)]
        return [(each.reason, each.row) for each in found.rejections]

    assert reasons(5) == [("duplicate", "")]
    assert reasons(6) == [("clash", "a")]
