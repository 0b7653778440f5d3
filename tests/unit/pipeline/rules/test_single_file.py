"""Which responses to URL are a file, and which must not be taken for one."""

from __future__ import annotations

import pytest

from crawler.pipeline.rules.single_file import is_file_at_once, may_be_file, names_file
from crawler.text.arguments import default_directory

ZIP, TEXT, HTML, JSON = "application/zip", "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"


@pytest.mark.parametrize(
    ("url", "content_type", "at_once", "at_all"),
    [
        ("http://h/pub/x.zip", ZIP, True, True),
        ("http://h/pub/x.zip", "application/octet-stream", True, True),
        ("http://h/README", TEXT, True, True),
        ("http://h/x.json", JSON, False, True),
        ("http://h/x.xml", "text/xml", False, True),
        ("http://h/feed.atom", "application/atom+xml", False, True),
        ("http://h/api/files", JSON, False, False),
        ("http://h/pub", "application/xml", False, False),
        ("http://h/pub/x.zip", HTML, False, False),
        ("http://h/pub/x.zip", "Application/XHTML+xml", False, False),
        ("http://h/login", HTML, False, False),
        ("http://h/x.html", "text/html", False, False),
        ("http://h/x.zip", "", False, False),
        ("http://h/pub/", ZIP, False, False),
        ("http://h/get?file=x.zip", ZIP, False, False),
        ("http://h/.crawler", ZIP, False, False),
        ("http://h/..%2fx", ZIP, False, False),
        ("http://h", ZIP, False, False),
    ],
)
def test_a_file_is_told_from_a_page_by_url_and_type(url: str, content_type: str, at_once: bool, at_all: bool) -> None:
    assert is_file_at_once(url, content_type) == at_once
    assert may_be_file(url, content_type, is_mirror=False) == at_all
    assert not may_be_file(url, content_type, is_mirror=True), "where a listing was, nothing else is expected"
    assert not may_be_file(url, None, is_mirror=False), "no page arrived"
    assert names_file(url) or not at_all


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/pub/", "pub"), ("http://h/pub", "pub"), ("http://h/a/b/c/", "c"), ("http://h/a//", "a"),
        ("http://h/", "h"), ("http://h", "h"), ("http://files.example.org:8080/", "files.example.org"),
        ("http://h/pub/x.zip", "pub"), ("http://h/x.tar.gz", "h"), ("http://h/pub/index.html", "pub"),
        ("http://h/v1.2", "v1.2"), ("http://h/v1.2/", "v1.2"), ("http://h/a%20b/", "a b"), ("http://h/~me/", "~me"),
        ("http://h/.crawler/", "h"), ("http://h/%2e%2e/", "h"), ("http://h/a%2fb/", "h"), ("http://h/%00/", "h"),
        ("http://[::1]:80/", "::1"), ("http://h/pub/?C=N", "pub"),
    ],
)  # fmt: skip
def test_dir_is_named_by_the_last_directory_of_url_or_by_its_host(url: str, name: str) -> None:
    assert default_directory(url) == name
