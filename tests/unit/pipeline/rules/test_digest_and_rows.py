"""A directory that is kept by its digest is one in which every row would have been decided as unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.state.store import BY_ROW, REPLACING
from crawler.model.struct import replace
from crawler.model.values import GONE, UNCONFIRMED, Entry, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.compare import NANOSECONDS, Need, needs_fetch
from crawler.pipeline.rules.directory_digest import DirectoryDigestBuilder, unchanged_files
from crawler.pipeline.rules.extraneous import ListedNames, useless
from crawler.storage.state.digests.leaves import stored_files
from crawler.storage.state.records import known_cells
from tests.support.fakes import leaf_of

NOON = datetime(2025, 1, 1, 12, 0)  # noqa: DTZ001 - as most servers print it, without a zone
SECOND = int(NOON.replace(tzinfo=UTC).timestamp())
LATER = SECOND + 20 * 3600.0
SIZES = st.sampled_from([None, Span(5, 5), Span(4, 6), Span(0, 9)])
TIMES = st.sampled_from([
    None,
    Span(NOON, NOON + timedelta(seconds=59)),
    Span(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC) + timedelta(seconds=59)),
    Span(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC)),
])  # fmt: skip
RECORD_CHANGES: list[dict[str, Any]] = [
    {"row": "another"}, {"url": "http://h/f0?signature=1"}, {"url": "http://h/elsewhere"}, {"size": 6}, {"size": 12},
    {"mtime": 1}, {"version": '"v"'}, {"checked": UNCONFIRMED}, {"checked": GONE}, {"checked": BY_ROW},
    {"checked": SECOND + 30.0},
    {"checked": SECOND + 7261.0}, {"digest": REPLACING, "checked": UNCONFIRMED}, {"validators": Validators()},
    {"validators": Validators(etag='"e"')}, {"adopted": True},
]  # fmt: skip
LOCAL_CHANGES: list[dict[str, Any]] = [
    {"size": 6}, {"size": 12}, {"mtime": 1}, {"mtime": (SECOND + 1) * NANOSECONDS}, {"version": '"v"'},
    {"kind": Kind.DIRECTORY}, {"kind": Kind.SYMLINK},
]  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    return [
        Entry(
            name=f"f{number}",
            kind=Kind.FILE,
            url=f"http://h/f{number}",
            size=draw(SIZES),
            modified=draw(TIMES),
            row=draw(st.sampled_from(["one", "two"])),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


def saved(entry: Entry) -> tuple[Known, Local]:
    """The record of a file that was saved as its row shows it, and its copy."""
    mtime = SECOND * NANOSECONDS
    known = Known(
        path=entry.name,
        url=entry.url,
        row=entry.row,
        size=5,
        mtime=mtime,
        validators=Validators(last_modified="Wed, 01 Jan 2025 12:00:00 GMT"),
        digest="sha256:00",
        checked=LATER,
    )
    return known, Local(Kind.FILE, 5, mtime)


def changed(draw: st.DrawFn, value: Any, changes: list[dict[str, Any]]) -> Any:
    """``value``, in most cases as it is; None if it is gone."""
    change = draw(st.sampled_from([{}] * 12 + changes + [None]))
    return None if change is None else replace(value, **change)


def is_unchanged(listed: list[Entry], known: dict[str, Known], local: dict[str, Local], allowed: set[str]) -> bool:
    """Whether the planner would request, delete and forget nothing."""
    if any(needs_fetch(each, known.get(each.name), local.get(each.name)).need is not Need.NOTHING for each in listed):
        return False
    names = ListedNames()
    for each in listed:
        names.add("", [each])
    gone = useless(known, local, names.directories.get("", {}), frozenset())
    is_allowed = all(each.url in allowed for each in listed)
    return is_allowed and not gone and not list(names.extraneous("", local))


@settings(max_examples=150, deadline=None)
@given(listed=entries(), data=st.data())
def test_what_a_digest_keeps_the_rules_keep(listed: list[Entry], data: st.DataObject) -> None:
    """A run fetches the files, the next decides that they are current, both keep the digest; then things change."""
    records = {entry.name: saved(entry) for entry in listed}
    known, local = ({name: pair[at] for name, pair in records.items()} for at in (0, 1))
    digests = []
    for is_first in (True, False):
        builder = DirectoryDigestBuilder()
        builder.expect(len(listed), more=False)
        for each in listed:
            is_current = needs_fetch(each, known[each.name], local[each.name]).need is Need.NOTHING
            builder.add(each, None if is_first or not is_current else local[each.name].size)
        digests.append(leaf_of(builder) if builder.is_worth_it else None)
    allowed = {each.url for each in listed}
    for digest in digests:
        if digest is not None and is_unchanged(listed, known, local, allowed):
            rows = list(stored_files(known_cells(each) for each in known.values()))
            assert unchanged_files(digest, rows, local, allowed.__contains__) == rows

    now = {name: changed(data.draw, each, RECORD_CHANGES) for name, each in known.items()}
    there = {name: changed(data.draw, each, LOCAL_CHANGES) for name, each in local.items()}
    there |= {"planted": data.draw(st.sampled_from([None] * 5 + [Local(Kind.FILE, 1, 1)]))}
    known = {name: each for name, each in now.items() if each is not None}
    local = {name: each for name, each in there.items() if each is not None}
    if not data.draw(st.sampled_from([True] * 7 + [False])):
        allowed.discard("http://h/f0")
    for digest in digests:
        if digest is not None:
            rows = list(stored_files(known_cells(each) for each in known.values()))
            if unchanged_files(digest, rows, local, lambda url: url.partition("?")[0] in allowed) is not None:
                assert is_unchanged(listed, known, local, allowed)
