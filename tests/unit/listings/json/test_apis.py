"""Responses of programs and services, with all that they print beside the rows, whole and in part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.listings.json.formats import parse_json
from crawler.listings.page import Page
from crawler.model.values import Listing

TIME = "2024-01-11T10:00:00Z"
HERE = "http://host.test/pub/"


def parse(document: Any, url: str = HERE) -> Listing:
    found = parse_json(Page(body=json.dumps(document).encode(), url=url, content_type="application/json"))
    assert found is not None
    return found


def row(name: str, kind: str = "file") -> dict[str, Any]:
    return {"name": name, "type": kind, "size": 12, "mtime": TIME}


ROWS = [row("a.iso"), row("b.iso"), row("c", "directory")]
WHOLE: dict[str, dict[str, Any]] = {
    "filebrowser": {
        "items": [
            {"path": f"/{each['name']}", "name": each["name"], "size": 12, "extension": ".iso", "modified": TIME,
             "mode": 420, "isDir": each["type"] == "directory", "isSymlink": False, "type": ""}
            for each in ROWS
        ],
        "numDirs": 1, "numFiles": 2, "sorting": {"by": "name", "asc": False}, "path": "/pub", "name": "pub",
        "size": 4096, "extension": "", "modified": TIME, "mode": 2147484141, "isDir": True, "type": "",
    },
    "box": {
        "total_count": 3, "offset": 0, "limit": 100, "order": [{"by": "type", "direction": "ASC"}],
        "entries": [{"type": each["type"].replace("directory", "folder"), "id": "1", "etag": "1", "name": each["name"],
                     "size": 12, "modified_at": TIME} for each in ROWS],
    },
    "box by markers": {"entries": ROWS, "limit": 3, "next_marker": ""},
    "jupyter": {
        "name": "pub", "path": "pub", "last_modified": TIME, "created": TIME, "content": ROWS, "format": "json",
        "mimetype": None, "size": None, "writable": True, "hash": None, "hash_algorithm": None, "type": "directory",
    },
    "dufs": {
        "href": "/pub/", "kind": "Index", "uri_prefix": "/", "allow_upload": False, "allow_delete": False,
        "allow_search": False, "allow_archive": False, "dir_exists": True, "auth": False, "user": None,
        "paths": [{"path_type": "Dir" if each["type"] == "directory" else "File", "name": each["name"], "mtime": 1,
                   "size": 3, "revisions": None} for each in ROWS],
    },
    "gohttpserver": {
        "files": ROWS,
        "auth": {"upload": False, "delete": False, "users": None, "noaccess": False, "regex": ""},
    },
    "copyparty": {
        "dirs": [{"lead": "", "href": "c/", "sz": 0, "ts": 1700000000, "ext": "---", "tags": {}}],
        "files": [{"lead": "", "href": "a.iso", "sz": 4, "ts": 1700000000, "ext": "iso", "tags": {}},
                  {"lead": "", "href": "b.iso", "sz": 4, "ts": 1700000000, "ext": "iso", "tags": {}}],
        "taglist": [], "srvinf": "host // 12.3 GiB free of 100 GiB", "acct": "*", "perms": ["read"], "lifetime": 0,
        "logues": ["", "<p>Error pages next</p>"], "readmes": ["More files follow", ""], "idx": True, "itag": False,
        "unlist": "", "frand": False, "cfg": {"sort": [["href", 1, ""]]}, "url_suf": "", "sb_lg": "", "def_hcols": [],
    },
    "pypi": {
        "meta": {"api-version": "1.4", "_last-serial": 10562871, "project-status": {"status": "archived"}},
        "name": "pub", "versions": ["1.0", "2.0"], "alternate-locations": [],
        "files": [{"filename": each["name"], "url": each["name"], "hashes": {}, "size": 12, "upload-time": TIME,
                   "yanked": False} for each in ROWS],
    },
    "webhdfs": {"FileStatuses": {"continuationToken": "", "FileStatus": [
        {"accessTime": 0, "blockSize": 0, "group": "g", "length": 3, "modificationTime": 1700000000000, "owner": "o",
         "pathSuffix": each["name"], "permission": "755", "replication": 0, "type": "FILE"} for each in ROWS]}},
    "pcloud": {"code": "XZ", "dirpath": "/", "content": [
        {"name": each["name"], "urlencodedname": each["name"], "modified": "Thu, 11 Jan 2024 10:00:00 +0000",
         "size": 5, "icon": 1} for each in ROWS]},
    "archive.org": {
        "created": 1427273784, "d1": "ia9.us.archive.org", "d2": "ia8.us.archive.org", "dir": "/7/items/pub",
        "files_count": 3, "item_size": 114030, "item_last_updated": 1427273784, "server": "ia9.us.archive.org",
        "uniq": 71, "workable_servers": ["ia9.us.archive.org"], "reviews": [{"reviewtitle": "error"}],
        "metadata": {"identifier": "pub", "title": "Errors", "pages": "320", "next": "x", "error": "x", "count": 90},
        "files": [{"name": each["name"], "source": "original", "size": "12", "mtime": "1"} for each in ROWS],
    },
    "django rest framework": {"count": 3, "next": None, "previous": None, "files": ROWS},
    "spring": {"contents": ROWS, "page": {"size": 20, "totalElements": 3, "totalPages": 1, "number": 0}},
    "spring before 3.3": {
        "content": ROWS, "totalElements": 3, "totalPages": 1, "last": True, "first": True, "size": 20, "number": 0,
        "numberOfElements": 3, "empty": False, "sort": {"sorted": False, "unsorted": True, "empty": True},
        "pageable": {"offset": 0, "pageNumber": 0, "pageSize": 3, "paged": True, "unpaged": False},
    },
    "hal": {"_links": {"self": {"href": HERE}, "curies": [{"name": "x", "href": "/{rel}"}]}, "count": 3, "files": ROWS},
    "json:api": {"files": ROWS, "links": {"self": HERE, "first": HERE, "last": HERE, "prev": None, "next": None},
                 "meta": {"total": 3}},
    "laravel": {
        "current_page": 1, "items": ROWS, "first_page_url": HERE, "from": 1, "last_page": 1, "last_page_url": HERE,
        "links": [{"url": None, "label": "Previous", "active": False}], "next_page_url": None, "path": HERE,
        "per_page": 15, "prev_page_url": None, "to": 3, "total": 3,
    },
    "odata": {"@odata.context": "$metadata#files", "@odata.count": 3, "files": ROWS},
    "nexus": {"items": ROWS, "continuationToken": None},
    "dropbox": {"entries": ROWS, "cursor": "ZtkX9_EHj3x7PMkVuFIhwKYXEpwpLwyxp9vMKomUhllil9q7eWiAu", "has_more": False},
    "google": {"kind": "drive#fileList", "incompleteSearch": False, "files": ROWS},
    "graphql": {"items": ROWS, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "endCursor": "Y3Vyc29y"}},
    "bitbucket": {"children": ROWS, "size": 3, "limit": 25, "isLastPage": True, "start": 0, "nextPageStart": None},
    "slack": {"ok": True, "files": ROWS, "response_metadata": {"next_cursor": ""}},
    "arcgis": {"total": 3, "start": 1, "num": 3, "nextStart": -1, "items": ROWS},
    "kubernetes": {"kind": "List", "metadata": {"resourceVersion": "7", "continue": ""}, "items": ROWS},
}  # fmt: skip
PART: dict[str, dict[str, Any]] = {
    "filebrowser": {"numFiles": 4},
    "box": {"total_count": 4},
    "box by markers": {"next_marker": "ZmlQZS0xLTE%3D"},
    "copyparty": {"truncated": True},
    "webhdfs": {"FileStatuses": {**WHOLE["webhdfs"]["FileStatuses"], "continuationToken": "x"}},
    "archive.org": {"servers_unavailable": True},
    "django rest framework": {"count": 4},
    "spring": {"page": {"size": 3, "totalElements": 4, "totalPages": 2, "number": 0}},
    "spring before 3.3": {"last": False},
    "hal": {"_links": {"next": {"href": "http://elsewhere.test/"}}},
    "json:api": {"meta": {"total": 4}},
    "laravel": {"last_page": 2},
    "odata": {"@odata.nextLink": "https://elsewhere.test/"},
    "nexus": {"continuationToken": "88491cd1d185dd136f143f20c4e7d50c"},
    "dropbox": {"has_more": True},
    "google": {"nextPageToken": "x"},
    "graphql": {"pageInfo": {"hasNextPage": True, "endCursor": "Y3Vyc29y"}},
    "bitbucket": {"isLastPage": False},
    "slack": {"response_metadata": {"next_cursor": "bmV4dDE="}},
    "arcgis": {"nextStart": 4},
    "kubernetes": {"metadata": {"remainingItemCount": 5}},
    "dufs": {"dir_exists": False},
}


@pytest.mark.parametrize("api", WHOLE)
def test_a_whole_response_is_complete(api: str) -> None:
    found = parse(WHOLE[api])
    assert (len(found.entries), found.complete, found.flaws, found.claims) == (3, True, (), ())
    assert not found.next_pages


@pytest.mark.parametrize("api", PART)
def test_a_response_that_says_that_there_is_more_is_not(api: str) -> None:
    found = parse(WHOLE[api] | PART[api])
    assert (len(found.entries), found.complete, len(found.flaws)) == (3, False, 1)


def test_arrays_state_nothing() -> None:
    seafile = [{"id": "1", "permission": "rw", **each} for each in ROWS]
    gitea = [{"last_commit_sha": "0", "encoding": None, "_links": {"next": "x"}, **each} for each in ROWS]
    sftpgo = [{"mode": 420, "last_modified": TIME, **each} for each in ROWS]
    for document in (seafile, gitea, sftpgo):
        assert parse(document).complete
