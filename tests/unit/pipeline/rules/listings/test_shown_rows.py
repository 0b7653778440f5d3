"""What the rows of a page are beside those of other pages, and which known rows are on none."""

from __future__ import annotations

import pytest

from crawler.model.values import Entry, Kind
from crawler.pipeline.rules.listings.shown_rows import OwnRows, ShownRows


def entries(names: str) -> list[Entry]:
    return [Entry(name=name, kind=Kind.FILE, url=f"http://h.test/{name}") for name in names]


@pytest.mark.parametrize(
    ("pages", "new", "own", "marks"),
    [
        (["ab"], 2, 2, set()),
        (["ab", "cd"], 2, 2, set()),
        (["ab", "bc"], 1, 2, {"overlaps"}),  # a row has moved
        (["ab", "c", "bcd"], 1, 3, {"overlaps"}),
        (["ab", "ba"], 0, 0, {"first again", "of first", "of before"}),
        (["ab", "a"], 0, 0, {"of first", "of before", "overlaps"}),
        (["ab", "cd", "ab"], 0, 0, {"first again", "of first"}),
        (["ab", "cd", "a"], 0, 0, {"of first", "overlaps"}),
        (["ab", "cd", "dc"], 0, 0, {"of before"}),
        (["ab", "cd", "ad"], 0, 0, {"overlaps"}),
        (["ab", "a", "a"], 0, 0, {"of first", "of before"}),
        (["ab", ""], 0, 0, {"of first", "of before"}),
        (["", ""], 0, 0, {"of first", "of before"}),
    ],
)
def test_the_rows_of_a_page_beside_those_before_it(pages: list[str], new: int, own: int, marks: set[str]) -> None:
    shown = ShownRows()
    rows = [shown.add(entries(page)) for page in pages][-1]
    found = {"first again": rows.is_first_again, "of first": rows.is_of_first, "of before": rows.is_of_before,
             "overlaps": rows.overlaps}  # fmt: skip
    assert (rows.new, rows.own.count, rows.count) == (new, own, len(pages[-1]))
    assert {mark for mark, holds in found.items() if holds} == marks


def test_the_key_is_that_of_the_rows_whatever_their_order_and_whether_they_are_new() -> None:
    shown = ShownRows()
    keys = [shown.add(entries(page)).own.key for page in ("ab", "ba", "abc", "")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert [shown.add_known(entries(page)).key for page in ("ba", "abc", "")] == keys[1:]


@pytest.mark.parametrize(
    ("steps", "is_lossy"),
    [
        ("", False),
        ("now:ab known:ab", False),
        ("now:ab known:abc", True),
        ("known:abc now:ab", True),
        ("known:abc now:ab now:c", False),  # on another page
        ("now:ab known:abc now:c", False),
        ("now:c known:ab known:c now:ab", False),
        ("now:abc known:", False),
    ],
)
def test_rows_that_were_known_and_are_on_no_page_are_missing(steps: str, is_lossy: bool) -> None:
    shown = ShownRows()
    for step in steps.split():
        kind, _, names = step.partition(":")
        (shown.add if kind == "now" else shown.add_known)(entries(names))
    assert shown.is_lossy is is_lossy


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (["ab", "cd"], False),
        (["ab", "ab", "", ""], False),  # nothing else
        (["ab", "cd", "d"], True),
        (["ab", "bc"], True),
        (["ab", "bc", "de"], True),  # on any page
    ],
)
def test_whether_known_pages_had_rows_in_common(pages: list[str], *, expected: bool) -> None:
    shown = ShownRows()
    shown.add(entries("abcde"))
    for page in pages:
        shown.add_known(entries(page))
    assert shown.had_overlaps is expected


def test_a_known_page_that_repeated_others_had_no_rows_of_its_own() -> None:
    shown = ShownRows()
    shown.add(entries("abc"))
    assert [shown.add_known(entries(page)).count for page in ("ab", "bc", "ab", "")] == [2, 2, 0, 0]


@pytest.mark.parametrize(("names", "expected"), [("", False), ("a", False), ("ca", False), ("cd", True)])
def test_rows_of_a_page_that_was_not_read_may_be_missing(names: str, *, expected: bool) -> None:
    shown = ShownRows()
    for page in ("ab", "c"):
        shown.add(entries(page))
    shown.add_unread(entries(names))
    assert shown.is_lossy is expected
    assert shown.add_known(entries("d")).count == 1, "it is no page that was compared"
    shown.add(entries("d"))
    assert not shown.is_lossy


@pytest.mark.parametrize(
    ("steps", "gone"),
    [
        ("known:ab known:cd now:cd", {"ab"}),
        ("known:ab known:cd now:cd now:a", set()),  # a row has moved
        ("now:b known:ab", set()),
        ("known:ab now:", {"ab"}),
        ("known:a now:b", {"a"}),
        ("known:ab now:ab known:cd", {"cd"}),
        ("known:ab known:ab now:c", {"ab"}),
        ("known: now:c", set()),
    ],
)
def test_whether_all_rows_of_a_known_page_are_missing(steps: str, gone: set[str]) -> None:
    shown, known = ShownRows(), dict[str, OwnRows]()
    for step in steps.split():
        kind, _, names = step.partition(":")
        if kind == "now":
            shown.add(entries(names))
        else:
            known.setdefault(names, shown.add_known(entries(names)))
    assert {names for names, own in known.items() if shown.is_gone(own.key, own.count)} == gone


@pytest.mark.parametrize(
    ("names", "is_any", "are_all"),
    [("", False, True), ("a", True, True), ("dba", True, True), ("ae", True, False), ("ef", False, False)],
)
def test_which_rows_were_known_on_any_page(names: str, *, is_any: bool, are_all: bool) -> None:
    shown = ShownRows()
    for page in ("ab", "cd"):
        shown.add_known(entries(page))
    shown.add(entries("ef"))
    assert (shown.knew(entries(names)), shown.knew_all(entries(names))) == (is_any, are_all)


@pytest.mark.parametrize(
    ("steps", "missing", "after"),
    [
        ("now:ab known:ab expect: now:cd known:cd", "", ""),
        ("now:abx known:ab expect: now:cd known:cd", "", "x"),
        ("now:xab known:ab expect:x now:cdy known:cd", "", "xy"),
        ("now:ab known:ab expect:x now:cd known:cd", "x", "x"),
        ("now:xab known:ab expect:xy now:cd known:cd", "y", "xy"),
        ("now:bc known:ab expect: now:da known:cd", "", ""),  # elsewhere
        ("now:bx known:ab expect: now:da known:cd", "c", "x"),
        ("now:ab expect: now:cd", "", ""),  # nothing was known
    ],
)
def test_rows_that_only_visits_that_were_not_complete_have_shown(steps: str, missing: str, after: str) -> None:
    shown = ShownRows()
    add = {"now": shown.add, "known": shown.add_known, "expect": shown.expect}
    for step in steps.split():
        kind, _, names = step.partition(":")
        add[kind](entries(names))
    assert shown.is_lossy == bool(missing)
    assert "".join(entry.name for entry in shown.unplaced()) == after
