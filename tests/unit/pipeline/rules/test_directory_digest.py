"""Which directories can be recognised by a digest, and when their copies are unchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.observer import Observer
from crawler.model.state.directory_digest import DirectoryDigest, RefusedEntry, StoredFile, row_digest
from crawler.model.values import UNCONFIRMED, Entry, Kind, Local, Span
from crawler.output.progress import Fanout
from crawler.output.progress.counters import Counters
from crawler.pipeline.rules import directory_digest as leaf
from crawler.pipeline.rules.compare import NANOSECONDS
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder, unchanged_files
from crawler.pipeline.rules.racy import passed_by_row, resolution_of
from crawler.pipeline.tally import Tally
from crawler.text.urls import without_query
from tests.support.fakes import leaf_of

NOON = datetime(2025, 1, 1, 12, 0)  # noqa: DTZ001 - as most servers print it, without a zone
SECOND = int(NOON.replace(tzinfo=UTC).timestamp())
MODIFIED = "Wed, 01 Jan 2025 12:00:00 GMT"
MINUTE = Span(NOON, NOON + timedelta(seconds=59))


def entry(number: int, **more: object) -> Entry:
    name = f"f{number}"
    usual: dict[str, object] = {
        "url": f"http://h/{name}",
        "size": Span(5, 5),
        "modified": MINUTE,
        "row": f"noon {number}",
    }
    return Entry(name=name, kind=Kind.FILE, **(usual | more))  # type: ignore[arg-type]


def row(number: int, **more: object) -> StoredFile:
    name = f"f{number}"
    values = (name, f"http://h/{name}", f"noon {number}", 5, SECOND * NANOSECONDS, SECOND + 10_000.0, MODIFIED)
    return replace(StoredFile(*values), **more)


def gathered(*entries: Entry) -> DirectoryDigestBuilder:
    gathering = DirectoryDigestBuilder()
    gathering.expect(len(entries), more=True)
    for each in entries:
        gathering.add(each, None)
    return gathering


THREE = leaf_of(gathered(*map(entry, range(3))))
ROWS = [row(number) for number in range(3)]
LOCAL = {each.name: Local(Kind.FILE, each.size, each.mtime) for each in ROWS}


def are_kept(
    rows: list[StoredFile] | None = None,
    local: dict[str, Local] | None = None,
    what: DirectoryDigest = THREE,
    forbidden: str = "",
) -> bool:
    found = unchanged_files(
        what, ROWS if rows is None else rows, LOCAL if local is None else local, lambda url: url != forbidden
    )
    return found is not None


def test_unchanged_files_are_recognised_in_any_order() -> None:
    assert unchanged_files(THREE, ROWS[::-1], LOCAL, lambda _: True) == ROWS[::-1]
    assert are_kept([replace(each, url=f"{each.url}?signature=1") for each in ROWS])


def test_objects_are_compared_by_their_versions_instead_of_their_times() -> None:
    rows = [replace(each, version='"v"', mtime=1) for each in ROWS]
    local = {name: replace(each, version='"v"') for name, each in LOCAL.items()}
    assert are_kept(rows, local)
    assert not are_kept([*rows[:2], replace(rows[2], version='"w"')], local)
    assert not are_kept([*rows[:2], replace(rows[2], size=6)], local)


def test_a_name_may_have_bytes_that_are_no_text() -> None:
    strange = {"name": "f\udcff", "url": "http://h/f%FF"}
    what = leaf_of(gathered(replace(entry(0), **strange)))
    assert are_kept([row(0, **strange)], {"f\udcff": LOCAL["f0"]}, what)


@pytest.mark.parametrize(
    "change",
    [
        {"row": "noon 7"},
        {"url": "http://h/elsewhere/f1"},
        {"size": 6},
        {"mtime": (SECOND + 1) * NANOSECONDS},
        {"name": "f7"},
        {"checked": SECOND + 60.0},
        {"checked": 0.0},
    ],
)
def test_a_row_of_another_version_is_not_one_of_them(change: dict[str, object]) -> None:
    assert not are_kept([ROWS[0], row(1, **change), ROWS[2]])


def test_rows_that_swapped_names_or_are_there_twice_do_not_add_up() -> None:
    assert not are_kept([row(0, row="noon 1"), row(1, row="noon 0"), ROWS[2]])
    assert not are_kept([ROWS[0], ROWS[0], ROWS[2]])
    assert not are_kept(ROWS[:2])
    assert not are_kept([*ROWS, row(3)])


@pytest.mark.parametrize("there", [Local(Kind.DIRECTORY, 5, ROWS[1].mtime), Local(Kind.FILE, 4, ROWS[1].mtime), None])
def test_the_local_files_must_be_those_that_were_saved(there: Local | None) -> None:
    local = {name: found for name, found in LOCAL.items() if name != "f1"}
    assert not are_kept(local=local | ({"f1": there} if there else {}))
    assert not are_kept(local=LOCAL | {"more": Local(Kind.FILE, 1, 1)})
    assert not are_kept(local=local | {"more": LOCAL["f1"]})


def test_a_url_that_robots_forbids_now_is_not_kept() -> None:
    assert not are_kept(forbidden="http://h/f1")


def test_a_row_proves_nothing_before_its_time_has_passed() -> None:
    again = 2 * 3600  # the hour that comes twice when summer time ends
    assert are_kept([replace(each, checked=SECOND + again + 61.0) for each in ROWS])
    assert not are_kept([*ROWS[:2], row(2, checked=SECOND + again + 60.0)])
    assert not are_kept([*ROWS[:2], row(2, checked=UNCONFIRMED)])
    for silent in (None, "garbled"):  # then it may be noon in any zone
        passed = SECOND + 60.0 + 14 * 3600
        assert are_kept([*ROWS[:2], row(2, checked=passed + 1, last_modified=silent)])
        assert not are_kept([*ROWS[:2], row(2, checked=passed, last_modified=silent)])
    aware = Span(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC))
    zoned = leaf_of(gathered(*(entry(number, modified=aware) for number in range(3))))
    assert are_kept([replace(each, checked=SECOND + 2.0) for each in ROWS], what=zoned)
    late = replace(zoned, newest=SECOND + 2.0)  # the listing's time may be later than the file's own
    assert not are_kept([replace(each, checked=SECOND + 2.0) for each in ROWS], what=late)


def test_only_a_directory_of_files_alone_has_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf, "LEAST", 3)
    monkeypatch.setattr(leaf, "SKIPPED", 2)
    three = [entry(number) for number in range(3)]
    assert gathered(*three).is_worth_it
    assert not gathered(*three[:2]).is_worth_it
    short = DirectoryDigestBuilder()
    short.expect(2, more=False)
    assert not short.is_plain, "nothing need be summed up"
    assert not gathered(*three, entry(3, modified=None)).is_worth_it
    assert not gathered(*three, entry(3, folder="sub")).is_worth_it
    with_directory = gathered(*three)
    with_directory.expect(1, more=False)
    assert not with_directory.is_worth_it
    for refused, worth in ((1, True), (2, True), (3, False)):
        filtered = gathered(*three)
        for number in range(refused):
            filtered.expect(1, more=True)
            filtered.skip(entry(10 + number), 5, "ext")
        assert filtered.is_worth_it is worth
    continued = gathered(*three)
    continued.is_plain = False
    assert not continued.is_worth_it


def test_a_tally_counts_many_at_once_as_it_counts_each() -> None:
    many, each = Tally("u", "d"), Tally("u", "d")
    many.all_unchanged("a", ROWS, "same row")
    Observer.all_unchanged(each, "a", ROWS, "same row")
    assert many.close(1.0) == each.close(1.0)
    many_shown, each_shown = Counters(lambda: 0.0), Counters(lambda: 0.0)
    many_shown.all_unchanged("", ROWS, "same row")
    Observer.all_unchanged(each_shown, "", ROWS, "same row")
    assert many_shown.totals(1.0) == each_shown.totals(1.0)


def test_an_observer_of_each_file_hears_of_each_of_many_and_others_need_not() -> None:
    received: list[str] = []

    class Listed(Observer):
        def listed(self, path: str, size: int | None) -> None:
            received.append(path)

    class Idle(Observer):
        def walked(self) -> None:
            return

    Fanout([Listed(), Idle()]).all_unchanged("a", ROWS, "same row")
    assert received == ["a/f0", "a/f1", "a/f2"]


@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from([0, 59]), st.booleans()), max_size=6))
def test_the_newest_times_are_the_latest_moments_at_which_any_row_may_end(
    times: list[tuple[int, int, bool]],
) -> None:
    epoch = datetime(1970, 1, 2)  # noqa: DTZ001 - as in NOON
    spans = []
    for hours, seconds, is_zoned in times:
        low = (epoch + timedelta(hours=6 * hours)).replace(tzinfo=UTC if is_zoned else None)
        spans.append(Span(low, low + timedelta(seconds=seconds)))
    found = gathered(*(entry(number, modified=span) for number, span in enumerate(spans)))
    for has_zone, newest in ((True, found.newest), (False, found.newest_local)):
        passed = [passed_by_row(span) for span in spans if (span.low.tzinfo is not None) is has_zone]
        assert newest == max([0.0, *passed])
    assert found.resolution == max(map(resolution_of, spans), default=0)


@pytest.mark.parametrize(
    ("listed", "copy", "expected"),
    [
        (Span(5, 5), None, 5),
        (Span(5, 5), 7, 5),
        (Span(4, 6), 4, 4),
        (Span(4, 6), 6, 6),
        (Span(4, 6), 7, None),
        (Span(4, 6), None, None),
        (None, 5, 5),
        (None, None, None),
    ],
)
def test_a_file_counts_with_the_listed_size_or_else_with_that_of_its_copy(
    listed: Span[int] | None, copy: int | None, expected: int | None
) -> None:
    builder = DirectoryDigestBuilder()
    builder.add(entry(1, size=listed), copy)
    assert (builder.is_plain, builder.files) == (expected is not None, 0 if expected is None else 1)
    if expected is not None:
        assert builder.total == gathered(entry(1, size=Span(expected, expected))).total


@pytest.mark.parametrize(("name", "url"), [("f1", "http://h/f1?signature=1"), ("f\udcff", "http://h/f%FF")])
def test_the_sum_is_the_same_for_later_versions_of_the_program(name: str, url: str) -> None:
    """Otherwise every directory would have to be read again after an upgrade."""
    text = f"{name}\0{url.partition('?')[0]}\0noon\0005".encode("utf-8", "surrogatepass")
    expected = int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
    builder = DirectoryDigestBuilder()
    builder.add(replace(entry(1, row="noon"), name=name, url=url), None)
    assert builder.total == expected


def test_nothing_is_added_once_no_digest_is_possible() -> None:
    builder = gathered(entry(1))
    builder.rule_out()
    assert builder.is_plain is False
    builder.add(entry(2), 5)
    builder.add_new([entry(3)] * 2)
    builder.skip(entry(4), 5, "ext")
    assert (builder.files, builder.total, builder.skipped) == (1, gathered(entry(1)).total, [])
    assert not builder.is_worth_it


def test_what_a_filter_refuses_is_noted_as_it_is_reported() -> None:
    builder = gathered(entry(1))
    builder.expect(1, more=False)
    builder.skip(entry(2), 7, "ext")
    assert builder.skipped == [RefusedEntry("f2", "http://h/f2", 7, "ext")]
    assert builder.is_worth_it
    builder.skip(entry(3, folder="sub"), 7, "ext")
    assert not builder.is_plain


def test_an_empty_page_has_no_digest_and_a_page_that_goes_on_may_have_one() -> None:
    builder = DirectoryDigestBuilder()
    builder.expect(0, more=True)
    assert builder.is_plain
    builder.expect(1, more=False)
    assert builder.is_plain
    assert builder.entries == 1
    empty = DirectoryDigestBuilder()
    empty.expect(0, more=False)
    assert empty.is_plain is False


TIMES = [MINUTE, Span(NOON, NOON), Span(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC)), None]
SIZES = [Span(5, 5), Span(6, 6), Span(6, 7), None]


@given(
    st.lists(
        st.tuples(st.sampled_from(TIMES[:1] * 4 + TIMES), st.sampled_from(SIZES[:1] * 4 + SIZES), st.integers(0, 9)),
        max_size=8,
    ),
    st.sampled_from(["", "", "", "sub"]),
    st.booleans(),
)
def test_new_files_are_added_together_as_one_by_one(
    rows: list[tuple[Span[datetime] | None, Span[int] | None, int]], folder: str, is_plain: bool
) -> None:
    entries = [entry(number, modified=time, size=size) for time, size, number in rows]
    entries += [entry(10, folder=folder)] if folder else []
    assert_added_alike(entries, is_plain=is_plain)


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize(
    "odd",
    [
        {},
        *({"modified": time} for time in TIMES[1:]),
        *({"size": size} for size in SIZES[1:]),
        {"modified": None, "size": Span(5, 5)},
        {"folder": "sub"},
        {"url": "http://h/pub/x?key=1"},
    ],
)
def test_one_file_that_is_not_like_those_around_it_is_added_as_if_it_were_alone(
    odd: dict[str, object], is_plain: bool
) -> None:
    entries = [entry(number, **odd if number == 2 else {}) for number in range(6)]
    assert_added_alike(entries, is_plain=is_plain)
    assert_added_alike([entry(7), *entries[2:]], is_plain=is_plain)


def assert_added_alike(entries: list[Entry], *, is_plain: bool) -> None:
    """Files that are added together are in the digest as if each had been added alone."""
    one, together = DirectoryDigestBuilder(), DirectoryDigestBuilder()
    one.is_plain = together.is_plain = is_plain
    for each in entries:
        one.add(each, None)
    marks = [*together.add_new(entries[:3]), *together.add_new(entries[3:])]
    for each, mark in zip(entries, marks, strict=True):
        assert mark is None or (each.size is not None and each.size.exact)
        size = each.size.low if each.size else 0
        assert mark in (None, row_digest(each.name, without_query(each.url), each.row, size))
    found = [
        (made.is_plain, *((made.files, made.total, made.newest, made.newest_local, made.resolution) * made.is_plain))
        for made in (one, together)
    ]
    assert found[0] == found[1]


def test_the_latest_time_counts_in_whatever_order_the_files_come() -> None:
    earlier = Span(NOON - timedelta(hours=1), NOON - timedelta(hours=1) + timedelta(seconds=59))
    for times in ((MINUTE, earlier), (earlier, MINUTE)):
        assert gathered(*(entry(n, modified=time) for n, time in enumerate(times))).newest_local == passed_by_row(
            MINUTE
        )
