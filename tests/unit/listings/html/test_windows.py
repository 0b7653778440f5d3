"""A long page is decoded in windows, and hashes are kept of its URLs; its listing is the same as when read whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.listings import parse_listing, parse_listing_pieces
from crawler.listings.page import Page
from crawler.model.values import Listing
from tests.unit.listings.printers import HERE, Node, apache_list, apache_pre, apache_table, go, lighttpd, nginx, python

PRINTERS: list[Callable[[list[Node]], str]] = [nginx, apache_pre, apache_table, apache_list, lighttpd, python, go]
CHANGES: list[Callable[[bytes, int], bytes]] = [
    lambda page, _: page,
    lambda page, at: page[:at],
    lambda page, at: page[:at] + b"\n" + page[at:],
    lambda page, at: page[:at] + b"<b>new!</b>" + page[at:],
    lambda page, at: page[:at] + b"\xe9\xff" + page[at:],
    lambda page, at: page[:at] + "ä€".encode() + page[at:],
    lambda page, at: page[:at] + page[at // 2 :],  # rows come twice
    lambda page, at: b"\xef\xbb\xbf" + page,
    lambda page, _: page + b"\r\n \n" * 50,
    lambda page, _: page.replace(b"</a>", b"\nlonger</a>"),
    lambda page, _: page.decode().encode("utf-16"),
]


def tree(names: list[bytes]) -> list[Node]:
    start = datetime(2024, 7, 1, tzinfo=UTC)
    return [Node(name, i % 4 == 3, i * 1000, start + timedelta(minutes=i)) for i, name in enumerate(names)]


def read(body: bytes, charset: str) -> tuple[Listing, list[Listing]]:
    kind = f"text/html{charset}"
    return parse_listing(body, HERE, kind), list(parse_listing_pieces(body, HERE, kind))


def entries_of(pieces: list[Listing]) -> list[tuple[str, str, object]]:
    return [(entry.url, entry.row, entry.size) for piece in pieces for entry in piece.entries]


@settings(max_examples=60, deadline=None)
@example(printer=nginx, change=CHANGES[0], at=0, window=1, charset="", longest=1 << 16)
@example(printer=apache_pre, change=CHANGES[9], at=0, window=7, charset="", longest=1 << 16)
@given(
    printer=st.sampled_from(PRINTERS),
    change=st.sampled_from(CHANGES),
    at=st.integers(0, 4000),
    window=st.integers(1, 700),
    charset=st.sampled_from(["", "; charset=utf-8", "; charset=iso-8859-1"]),
    longest=st.sampled_from([1, 100, 1 << 16]),
)
def test_a_page_is_read_in_windows_as_it_is_read_whole(
    printer: Callable[[list[Node]], str],
    change: Callable[[bytes, int], bytes],
    at: int,
    window: int,
    charset: str,
    longest: int,
) -> None:
    names = [b"file-%d" % i for i in range(60)] + [b"a b", "ä".encode(), b"x&y", b"%41", b"q?r"]
    body = change(printer(tree(names)).encode(), at)
    whole, pieces = read(body, charset)
    with pytest.MonkeyPatch.context() as patch:
        # the first window holds the head of the page, as it does if it is a megabyte long
        patch.setattr("crawler.listings.page.WINDOW", max(body.find(b'file-0"'), 0) + window)
        patch.setattr("crawler.listings.html.grammar._LONGEST_ROW", longest)
        patch.setattr("crawler.listings.html.grammar.PIECE", 4)
        patch.setattr("crawler.model.limits.EXACT_NAMES", 5)
        found, parts = read(body, charset)
    assert found == whole
    assert entries_of(parts) == entries_of(pieces)
    assert parts[-1].is_listing == whole.is_listing
    assert (parts[-1].complete, parts[-1].conclusive, parts[-1].rejections) == (
        whole.complete,
        whole.conclusive,
        whole.rejections,
    )


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("body", [b"", b"\n", b"a\n\nb\xc3\xa4\n\xff" * 9, b"\xef\xbb\xbfa\n" * 9, b"no newline" * 9])
def test_the_windows_together_are_the_text(charset: str, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(body=body, url=HERE, content_type=f"text/html; charset={charset}")
    for size in (1, 2, 5, 1000):
        monkeypatch.setattr("crawler.listings.page.WINDOW", size)
        windows = list(page.windows())
        assert "".join(windows) == page.text
        assert all(window.endswith("\n") for window in windows[:-1])


@pytest.mark.parametrize("body", [b"abc", b"ab\xc3\xa4", b"ab\xc3", b"a\xffb", b"", "€".encode() * 5])
def test_utf8_is_recognised_in_parts_as_in_one(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Page(body=body, url=HERE).charset
    for size in (1, 2, 3):
        monkeypatch.setattr("crawler.listings.page.WINDOW", size)
        assert Page(body=body, url=HERE).charset == whole
