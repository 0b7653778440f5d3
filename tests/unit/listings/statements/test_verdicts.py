"""What the fields beside the rows of a JSON listing prove, whatever they are called."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.json.formats import parse_json
from crawler.listings.page import Page
from crawler.model.flaws import Claim, ClaimKind, FlawKind
from crawler.model.values import Listing
from tests.unit.listings.statements.test_topics import SPELLINGS
from tests.unit.listings.xml.reading import listing

HERE = "http://host.test/pub/"
FILES = [{"name": f"a{number}.iso", "type": "file", "mtime": "2024-01-11T10:00:00Z", "size": 12} for number in range(5)]
FOLDERS = [{"name": f"d{number}", "type": "directory", "mtime": "2024-01-11T10:00:00Z"} for number in range(2)]
ROWS = FILES + FOLDERS


def read(document: Any, url: str = HERE) -> Listing:
    found = parse_json(Page(body=json.dumps(document).encode(), url=url, content_type="application/json"))
    assert found is not None
    assert found.is_listing
    assert len(found.entries) in {len(FILES), len(ROWS)}
    return found


def beside(field: dict[str, Any], url: str = HERE) -> Listing:
    return read({"files": ROWS, **field}, url)


MORE: list[dict[str, Any]] = [
    {"has_next": True}, {"hasNext": "true"}, {"HasMore": 1}, {"more": True}, {"more": 12}, {"next": 2},
    {"next": "abc"}, {"next": {"token": "abc"}}, {"nextPageToken": "abc"}, {"next_cursor": "abc"}, {"marker": "abc"},
    {"cursor": "abc"}, {"after": "abc"}, {"continuationToken": "abc"}, {"isTruncated": True}, {"remainingEntries": 3},
    {"last": False}, {"isLastPage": False, "nextPageStart": 25}, {"done": False}, {"complete": False}, {"eof": "false"},
    {"pageInfo": {"hasNextPage": True, "endCursor": "x"}}, {"paging": {"next": "x"}}, {"no_more": False},
    {"page": 1, "totalPages": 2}, {"pages": 2}, {"page_count": "2"}, {"last_page": 3}, {"pages": {"total": 2}},
    {"pagination": {"page": 1, "pages": 2}}, {"meta": {"pagination": {"total_pages": 2}}},
    {"page": {"size": 7, "totalElements": 20, "totalPages": 3, "number": 0}},
    {"count": 20}, {"total": "20"}, {"numFiles": 20}, {"fileCount": 6}, {"folderCount": 3}, {"meta": {"total": 8}},
    {"info": {"total": 8}}, {"@odata.count": 8}, {"hits": {"total": {"value": 8}}}, {"found": 8},
    {"counts": {"files": 6}}, {"total_files": 6, "total_folders": 2}, {"limit": 7}, {"perPage": 7},
    {"next": "http://other.test/pub/?page=2"}, {"next": "/elsewhere/?page=2"}, {"next": {"href": "/pub/{?page}"}},
    {"links": [{"rel": "next", "href": "/elsewhere/2"}]}, {"max_results": "7"}, {"partial": True},
    {"skipped": 3}, {"skipped": ["x", "y"]},
    {"count": "1,234"}, {"total": 8.0}, {"complete": 0}, {"done": "0"}, {"all_loaded": False}, {"not_shown": 3},
    {"lastPage": False}, {"has_next": True, "more": False}, {"done": False, "last": True},
    {"has_more": True, "limit": 7}, {"remainingPages": 1}, {"next_page_no": 2}, {"truncated": "yes"},
    {"omitted": {"files": 3}}, {"loading": True},
]  # fmt: skip
FAILED: list[dict[str, Any]] = [
    {"error": "disk offline"}, {"error": True}, {"errors": ["x"]}, {"errors": {"a.iso": "EIO"}}, {"errorCode": 5},
    {"error": {"code": 5, "message": "EIO"}}, {"warnings": ["2 entries unreadable"]}, {"warning": "slow"},
    {"success": False}, {"ok": False}, {"success": "false"}, {"status": "error"}, {"status": "degraded"},
    {"status": "PARTIAL_FAILURE"}, {"status": 503}, {"statusCode": "500"}, {"code": 206}, {"state": "Disk offline"},
    {"status": 400}, {"status": 599}, {"status": False},
    {"success": 0}, {"ok": "0"}, {"status": "pending"}, {"status": "KO"},
    {"unreadable": 2}, {"failed": ["b.iso"]}, {"exception": "java.io.IOException"}, {"timeout": True},
    {"ocs": {"meta": {"status": "failure", "statuscode": 100}}}, {"meta": {"errors": [{"id": 5}]}}, {"timed_out": True},
    {"notFound": ["b"]}, {"ready": False}, {"num_errors": 3}, {"disk_error": "sdb"},
]  # fmt: skip
FINE: list[dict[str, Any]] = [
    {"has_next": False}, {"hasMore": "false"}, {"next": None}, {"next": ""}, {"next": {}}, {"next": []}, {"next": -1},
    {"nextPageToken": "", "cursor": ""}, {"cursor": "abc", "has_more": False}, {"last": True, "first": True},
    {"pageInfo": {"hasNextPage": False, "endCursor": "x"}}, {"continuationToken": None}, {"marker": None},
    {"page": 1, "totalPages": 1}, {"pages": 0}, {"last_page": 1, "current_page": 1, "per_page": 7, "total": 7},
    {"page": {"size": 7, "totalElements": 7, "totalPages": 1, "number": 0}}, {"limit": 8}, {"limit": 7, "next": None},
    {"limit": 7, "total": 7}, {"count": 7}, {"count": 5}, {"count": 2}, {"count": 0}, {"total": 4}, {"numFiles": 5},
    {"fileCount": 7}, {"folderCount": 2}, {"folderCount": 7}, {"total_size": 10**9}, {"size": 10**9}, {"offset": 0},
    {"error": None}, {"error": False}, {"error": ""}, {"errors": []}, {"errors": {}}, {"errorCode": 0}, {"errno": "0"},
    {"error": "none"}, {"errorMessage": "OK"}, {"error": {"code": 0, "message": ""}}, {"warnings": [""]},
    {"success": True}, {"ok": 1}, {"found": 0}, {"last": 0}, {"page_no": 3}, {"returned": 7},
    {"status": "ok"}, {"status": 200}, {"code": "x"}, {"code": 0}, {"status": "no error"},
    {"message": "2 rows"}, {"timeout": 30}, {"partial": False}, {"skipped": 0}, {"truncated": False}, {"hidden": 2},
    {"_links": {"self": {"href": "/pub/"}}}, {"links": [{"rel": "self", "href": "/pub/"}]}, {"links": {"next": None}},
    {"next_update": "2024-02-03"}, {"error_page": "/404.html"}, {"ignore_errors": True}, {"user": {"error": "x"}},
    {"quota": {"total": 10**9}}, {"server": {"status": "ok"}}, {"done": True}, {"complete": True}, {"previous": "x"},
    {"next": "abc", "has_more": False}, {"cursor": "abc", "done": True}, {"cursor": "abc", "lastPage": True},
    {"found": 7, "limit": 7}, {"limit": 0}, {"total": "many"}, {"status": True},
    {"status": "a copy of the site that failed"},
    {"taglist": [], "perms": ["read"], "readmes": ["Next: an error", ""], "acct": "*"}, {"auth": {"upload": False}},
]  # fmt: skip


@pytest.mark.parametrize("field", MORE, ids=str)
def test_a_field_that_says_that_rows_are_missing_makes_the_listing_incomplete(field: dict[str, Any]) -> None:
    found = beside(field)
    assert not found.complete
    assert [flaw.kind for flaw in found.flaws] == [FlawKind.PART]
    assert not found.next_pages


@pytest.mark.parametrize("field", FAILED, ids=str)
def test_a_field_that_says_that_something_failed_makes_the_listing_incomplete(field: dict[str, Any]) -> None:
    found = beside(field)
    assert not found.complete
    assert [flaw.kind for flaw in found.flaws] == [FlawKind.ERROR]


@pytest.mark.parametrize("field", FINE, ids=str)
def test_any_other_field_is_no_flaw(field: dict[str, Any]) -> None:
    found = beside(field)
    assert (found.complete, found.conclusive, found.flaws, found.next_pages, found.claims) == (True, True, (), (), ())


@pytest.mark.parametrize(
    ("field", "page"),
    [
        ({"next": "?page=2"}, "?page=2"),
        ({"next": "/pub/?page=2"}, "?page=2"),
        ({"next": HERE + "?page=2", "count": 20, "previous": None}, "?page=2"),
        ({"_links": {"next": {"href": "?page=2"}, "self": {"href": "/pub/"}}}, "?page=2"),
        ({"links": {"next": "?page=2", "last": "?page=9"}}, "?page=2"),
        ({"links": [{"rel": "self", "href": "?p"}, {"rel": "next", "href": "?page=2"}]}, "?page=2"),
        ({"@odata.nextLink": "?$skiptoken=x", "@odata.count": 20}, "?$skiptoken=x"),
        ({"next_page_url": "/pub/?page=2", "last_page_url": "/pub/?page=3", "last_page": 3}, "?page=2"),
        ({"paging": {"next": "?after=x", "cursors": {"after": "x"}}, "has_more": True}, "?after=x"),
        ({"next_href": "page2.json"}, "page2.json"),
        ({"next": {"@href": "page2.json"}}, "page2.json"),
        ({"truncated": True, "next": "?page=2"}, "?page=2"),
    ],
)
def test_a_link_to_the_next_page_is_followed_below_the_directory(field: dict[str, Any], page: str) -> None:
    found = beside(field)
    assert (found.complete, found.flaws, found.next_pages) == (True, (), (HERE + page,))
    assert ClaimKind.NEXT in {claim.kind for claim in found.claims}


def test_all_pages_together_have_to_meet_what_one_of_them_says() -> None:
    first = beside({"count": 20, "totalPages": 3, "limit": 7, "next": "?page=2"})
    last = beside({"count": 20, "totalPages": 3, "limit": 7, "next": None}, HERE + "?page=3")
    for found in (first, last):
        assert found.complete
        numbers = {claim.kind: claim.number for claim in found.claims if claim.number}
        assert numbers == {ClaimKind.ENTRIES: 20, ClaimKind.PAGES: 3}


def test_the_place_of_a_page_that_its_url_tells_is_not_the_way_to_another_one() -> None:
    assert beside({"marker": "a b"}, HERE + "?marker=a%20b").complete
    assert not beside({"marker": "a b"}, HERE + "?marker=a%20c").complete
    assert beside({"marker": "a b"}, HERE + "?marker=a%20b&path=c?d").complete
    assert not beside({"next_marker": "a b"}, HERE + "?marker=a%20b").complete


def test_a_message_says_why_and_a_token_is_not_shown() -> None:
    (failed,) = beside({"message": "disk\noffline", "status": "error"}).flaws
    assert failed.quote == "status: error, disk offline"
    (part,) = beside({"meta": {"next_token": "secret"}}).flaws
    assert part.quote == "meta.next_token"


@pytest.mark.parametrize(
    ("field", "url", "quotes"),
    [
        ({"error": ["", "EIO"]}, HERE, ["error: EIO"]),
        ({"error": "disk offline", "message": "disk offline"}, HERE, ["error: disk offline"]),
        ({"has_more": True}, HERE, ["has_more: True"]),
        ({"next_page_no": 2}, HERE, ["next_page_no: 2"]),
        ({"meta": {"count": 20}}, HERE, ["meta.count: 20", "meta.count: 20"]),
        ({"pages": 2}, HERE, ["pages: 2", "pages: 2"]),
        ({"limit": 7}, HERE + "?page=2", ["limit: 7"]),
        ({"count": 1}, HERE + "?page=2", ["count: 1"]),
        ({"links": {"next": "?page=3"}}, HERE + "?page=2", ["links.next"]),
    ],
)
def test_a_flaw_and_a_claim_quote_the_field(field: dict[str, Any], url: str, quotes: list[str]) -> None:
    found = beside(field, url)
    assert [*(flaw.quote for flaw in found.flaws), *(claim.quote for claim in found.claims)] == quotes


def test_a_limit_is_a_claim_where_all_pages_have_to_meet_it() -> None:
    assert beside({"limit": 7}, HERE + "?page=2").claims == (Claim(ClaimKind.LIMIT, "limit: 7", 7),)


def test_a_format_that_knows_its_further_pages_explains_the_fields() -> None:
    contents = "<IsTruncated>true</IsTruncated><KeyCount>9</KeyCount><Contents><Key>a</Key></Contents>"
    found = listing(f"<ListBucketResult>{contents}</ListBucketResult>")
    assert (len(found.next_pages), found.complete, found.flaws, found.claims) == (1, True, (), ())


def test_a_number_of_rows_may_include_those_that_are_no_entries() -> None:
    bad = {**FILES[0], "name": ".."}
    assert [read({"files": [*ROWS, bad], "count": count}).flaws for count in (6, 7, 8)] == [(), (), ()]
    assert read({"files": [*ROWS, bad], "count": 9}).flaws


@pytest.mark.parametrize("url", [HERE, HERE + "?dir=x"])
def test_documents_without_objects_state_nothing(url: str) -> None:
    assert read(FILES, url).complete


@pytest.mark.parametrize("item", [{"error": "EIO"}, {"hasMore": True}, {"type": "report", "files": 20}])
def test_an_element_of_an_array_that_is_no_row_states_something(item: dict[str, Any]) -> None:
    found = read([*FILES, item])
    assert (found.complete, [each.reason for each in found.rejections]) == (False, ["bad-name"])


BAD: list[tuple[str, list[Any]]] = [
    ("has next", [True, "true", 1]),
    ("next page token", ["abc", 7, {"x": "y"}]),
    ("is last page", [False, "false"]),
    ("is truncated", [True, "yes", 1]),
    ("total count", [8, "100"]),
    ("num files", [8, 10**6]),
    ("total pages", [2, "3"]),
    ("error", ["disk", True, ["x"], {"a": "b"}, 5]),
    ("read errors", [3, ["x"]]),
    ("not found", [["x"]]),
]
GOOD: list[tuple[str, list[Any]]] = [
    ("has next", [False, "false", 0, None]),
    ("next page token", ["", None, "null", {}, []]),
    ("is last page", [True, "true"]),
    ("is truncated", [False, "no", 0, None]),
    ("total count", [7, 5, 0, "7"]),
    ("num files", [5, 7, 0]),
    ("total pages", [1, 0, "1"]),
    ("error", ["", None, False, [], {}, 0, "none"]),
    ("read errors", [0, []]),
    ("frobnicate", ["x", 17, True, ["x"], {"total": 100}]),
    ("next frobnicate", ["x", 17, True]),
]


@given(
    st.booleans(),
    st.data(),
    st.sampled_from(SPELLINGS),
    st.lists(st.sampled_from(["meta", "pagination", "Paging", "info", "_data"]), max_size=3),
    st.dictionaries(st.sampled_from(["user", "hash", "acl", "path"]), st.sampled_from([1, "x", True, None])),
)
def test_so_it_is_in_every_spelling_and_place(
    is_bad: bool, data: st.DataObject, spelling: Callable[[list[str]], str], parents: list[str], others: dict[str, Any]
) -> None:
    words, values = data.draw(st.sampled_from(BAD if is_bad else GOOD))
    field: Any = {spelling(words.split()): data.draw(st.sampled_from(values))}
    for parent in parents:
        field = {parent: field, **others}
    assert beside(others | field).complete is not is_bad


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["next", "total", "error", "last", "links", "status", "pages", "meta"]), JSON))
def test_no_value_is_too_strange(fields: dict[str, Any]) -> None:
    beside(fields)
