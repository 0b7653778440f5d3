"""What the name of a field beside the rows says, in every spelling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.statements.key_words import words_of
from crawler.listings.statements.topics import Topic, topic_of

TOPICS: dict[Topic | None, str] = {
    Topic.NEXT: """next nextPage next_page next_url nextLink @odata.nextLink nextPageToken next-token nextMarker more
        hasMore has_more hasNext hasNextPage more_available moreItems continuationToken continue NextContinuationToken
        nextFileName nextFileId nextStart next_cursor nextRecordsUrl resumptionToken additional_items __next
        next_page_no nextSkip next_from moreFollows subsequent continueAt loadMore
        truncated isTruncated is_truncated LastEvaluatedKey""",
    Topic.CURSOR: """cursor marker after end_cursor endCursor scroll_id pageToken remainingEntries
        listMarker lastPageToken remainingPages""",
    Topic.END: """last isLast done eof complete isComplete finished no_more noMorePages end_of_list last_page_url
        allLoaded fully_listed exhaustive""",
    Topic.PART: """notShown not_listed limitReached limit_hit maxReached partial isPartial incomplete incomplete_results
        incompleteSearch
        skipped omitted loading missing limitExceeded stale""",
    Topic.TROUBLE: """error errors Error error_message errorCode errno warnings failed failures readerrors
        path_not_found exception readErrors
        timed_out unreadable unavailable servers_unavailable not_found notOk diskError fault""",
    Topic.GOOD: "success ok valid isReady exists dir_exists found",
    Topic.STATUS: "status state statusCode status_code http_status code result health",
    Topic.ROWS: """total totalCount x-total-count total_count count totalElements totalItems numFound num
        item_count recordsTotal
        totalRecords resultCount listSize entriesTotal KeyCount objects total_results total_hits items children""",
    Topic.FILES: "fileCount numFiles num_files files_count total_files totalFiles files",
    Topic.DIRECTORIES: "numDirs dir_count folderCount total_folders directories number_of_directories",
    Topic.PAGES: """totalPages total_pages pages page_count pageCount num_pages last_page lastPage numberOfPages maxPage
        maxPages""",
    Topic.LIMIT: """limit perPage per_page pageSize page_size maxKeys MaxResults max_items hits_per_page batchSize
        pageLength maxFiles max_count""",
    Topic.WHY: "message msg detail more_info reason description",
    None: """name _item @item X-Item path url self prefix size total_size totalBytes item_size page pageNumber page_num
        current_page number
        offset start previous previous_cursor previousContinuation
        prevContinuationToken prev_page startCursor first_page_url token csrfToken
        access_token session next_update nextBackup nextcloud show_more learnMore last_modified lastSync
        endpoint error_page error_log ignoreErrors retry_on_error max_errors no_errors errors_url timeout_policy
        user_exists file_size directory_size entryFileSize
        entryDirectorySize max_size page_no length all_items codec
        total_pages_url total_offset total_index entry_id_number count_per_item shown returned
        upload_limit_hint downloads views uri_prefix allow_upload created
        files_count_recursive total_downloads hidden mtime version count_views sort status_url auth""",
}  # fmt: skip
NAMED = [(name, topic) for topic, names in TOPICS.items() for name in names.split()]


@pytest.mark.parametrize(("name", "topic"), NAMED)
def test_the_words_of_a_name_say_what_it_is_about(name: str, topic: Topic | None) -> None:
    assert topic_of((name,)) is topic


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("meta.total", Topic.ROWS),
        ("pagination.pages", Topic.PAGES),
        ("pages.total", Topic.PAGES),
        ("pages.count", Topic.PAGES),
        ("page.size", Topic.LIMIT),
        ("page.totalElements", Topic.ROWS),
        ("page.totalPages", Topic.PAGES),
        ("page.number", None),
        ("links.next", Topic.NEXT),
        ("_links.prev", None),
        ("paging.cursors.after", Topic.CURSOR),
        ("response_metadata.next_cursor", Topic.NEXT),
        ("pageInfo.hasNextPage", Topic.NEXT),
        ("total.value", Topic.ROWS),
        ("total.size", None),
        ("entry.size", None),
        ("next.limit", Topic.LIMIT),
        ("ocs.meta.status", Topic.STATUS),
        ("user.next", None),
        ("server.status", Topic.STATUS),
        ("quota.total", None),
        ("sync.error", None),
        ("d.__next", None),
    ],
)
def test_the_object_that_holds_a_field_says_what_it_is_about(path: str, topic: Topic | None) -> None:
    assert topic_of(path.split(".")) is topic


SPELLINGS: list[Callable[[list[str]], str]] = [
    "_".join,
    "-".join,
    ".".join,
    lambda words: "_".join(words).upper(),
    lambda words: words[0] + "".join(word.title() for word in words[1:]),
    lambda words: "".join(word.title() for word in words),
    lambda words: "@odata." + "".join(words),
    lambda words: "".join(words),
    lambda words: "__" + "_".join(words),
]
WORDS = {
    Topic.NEXT: ["has next", "next page", "next marker", "has more", "next link", "next page token", "is truncated"],
    Topic.END: ["is last", "is complete", "no more"],
    Topic.PART: ["is partial", "incomplete results", "partial"],
    Topic.TROUBLE: ["error", "errors", "error message", "warnings", "timed out", "not found"],
    Topic.ROWS: ["total", "total count", "total items", "item count", "result count"],
    Topic.FILES: ["num files", "file count", "total files"],
    Topic.DIRECTORIES: ["num directories", "folder count"],
    Topic.PAGES: ["total pages", "page count", "num pages", "last page"],
    Topic.LIMIT: ["page size", "per page", "max results"],
}


@given(
    st.sampled_from([(topic, words.split()) for topic, all_of in WORDS.items() for words in all_of]),
    st.sampled_from(SPELLINGS),
    st.lists(st.sampled_from(["meta", "_meta", "pagination", "Paging", "info", "data", "links", "result"]), max_size=2),
)
def test_so_they_do_in_every_spelling(
    named: tuple[Topic, list[str]], spelling: Callable[[list[str]], str], parents: list[str]
) -> None:
    topic, words = named
    assert topic_of((*parents, spelling(words))) is topic


@given(st.text(max_size=80), st.lists(st.text(max_size=10), max_size=3))
def test_any_name_has_words_or_none(name: str, parents: list[str]) -> None:
    assert all(word == word.lower() and word.isalpha() for word in words_of(name))
    topic_of((*parents, name))


@given(st.text("bjkqvwxyz", min_size=2, max_size=8))
def test_a_word_that_is_not_known_says_nothing_of_rows(word: str) -> None:
    for name in (f"next_{word}", f"{word}Total", f"count_of_{word}", f"last_{word}", f"{word}_limit"):
        assert topic_of((name,)) is None
