"""Which files are fetched: the row, the state and the local copy compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crawler.model.interfaces import UNREAD
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.state.store import BY_ROW, REPLACING
from crawler.model.values import GONE, UNCONFIRMED, Entry, Kind, Known, Local, Span, Validators
from crawler.pipeline.rules.compare import Decision, Need, is_intact, needs_fetch
from crawler.pipeline.rules.directory_digest import is_as_saved
from tests.unit.pipeline.rules.examples import (
    ENTRY,
    EXACT,
    HOUR,
    KNOWN,
    LOCAL,
    MINUTE,
    NAIVE,
    NO_ETAG,
    NO_FILE,
    NOON,
    ROUNDED,
    SECOND,
    T,
)


@pytest.mark.parametrize(
    ("entry", "known", "local", "need", "reason"),
    [
        (ENTRY, KNOWN, LOCAL, Need.NOTHING, "same row"),
        (ENTRY, None, None, Need.FETCH, "new"),
        (ENTRY, KNOWN, None, Need.FETCH, "missing locally"),
        (ENTRY, KNOWN, Local(Kind.DIRECTORY, 4096, 0), Need.FETCH, "a directory is in its place"),
        (ENTRY, KNOWN, Local(Kind.SYMLINK, 1000, T * SECOND), Need.FETCH, "a symbolic link is in its place"),
        (ENTRY, None, Local(Kind.OTHER, 1000, T * SECOND), Need.FETCH, f"{NO_FILE} is in its place"),
        (replace(ENTRY, url="http://h/b/a"), KNOWN, LOCAL, Need.PROBE, "another URL"),
        (replace(ENTRY, url="http://h/a?token=2"), KNOWN, LOCAL, Need.NOTHING, "same row"),
        (replace(ENTRY, size=Span(1001, 1001)), KNOWN, LOCAL, Need.FETCH, "size differs"),
        (replace(ENTRY, size=ROUNDED), KNOWN, LOCAL, Need.NOTHING, "same row"),
        (replace(ENTRY, size=Span(1001, 2000)), KNOWN, LOCAL, Need.FETCH, "size differs"),
        (replace(ENTRY, row="12:01 1000"), KNOWN, LOCAL, Need.CONFIRM, "row changed"),
        (replace(ENTRY, row="12:01 1000"), NO_ETAG, LOCAL, Need.FETCH, "row changed"),
        (replace(ENTRY, modified=None), KNOWN, LOCAL, Need.CONFIRM, "the row has no time"),
        (replace(ENTRY, modified=None), NO_ETAG, LOCAL, Need.PROBE, "the row has no time"),
        (ENTRY, replace(KNOWN, checked=UNCONFIRMED), LOCAL, Need.CONFIRM, "not confirmed as the listed version"),
        (ENTRY, replace(NO_ETAG, checked=UNCONFIRMED), LOCAL, Need.PROBE, "not confirmed as the listed version"),
        (ENTRY, replace(KNOWN, checked=GONE), LOCAL, Need.CONFIRM, "not confirmed as the listed version"),
        (ENTRY, replace(NO_ETAG, checked=GONE), LOCAL, Need.PROBE, "not confirmed as the listed version"),
    ],
)
def test_what_a_listed_file_costs(
    entry: Entry, known: Known | None, local: Local | None, need: Need, reason: str
) -> None:
    assert needs_fetch(entry, known, local) == Decision(need, reason)


def test_what_is_not_there_is_not_intact() -> None:
    assert is_intact(KNOWN, LOCAL)
    assert not is_intact(KNOWN, None)
    assert not is_intact(None, LOCAL)
    assert not is_intact(None, None)


@pytest.mark.parametrize(
    ("local", "need", "reason"),
    [
        (replace(LOCAL, size=999), Need.FETCH, "size differs"),
        (replace(LOCAL, size=0), Need.FETCH, "size differs"),
        (replace(LOCAL, mtime=LOCAL.mtime + 1), Need.PROBE, "touched locally"),
        (replace(LOCAL, mtime=LOCAL.mtime + 59 * SECOND), Need.PROBE, "touched locally"),
        (replace(LOCAL, mtime=LOCAL.mtime + 60 * SECOND), Need.FETCH, "time differs"),
        (replace(LOCAL, mtime=LOCAL.mtime - SECOND), Need.FETCH, "time differs"),
        (replace(LOCAL, mtime=0), Need.FETCH, "time differs"),
        (replace(LOCAL, mtime=-SECOND), Need.FETCH, "time differs"),
    ],
    ids=["cut", "emptied", "touched by 1 ns", "within the minute", "minute after", "second before", "1970", "1969"],
)
def test_a_local_copy_that_was_touched_or_cut_is_found(local: Local, need: Need, reason: str) -> None:
    assert needs_fetch(ENTRY, KNOWN, local) == Decision(need, reason)


@pytest.mark.parametrize("exact", [EXACT, Span(NOON, NOON + timedelta(microseconds=999999))])
def test_even_an_exact_row_does_not_validate_a_copy_that_was_touched(exact: Span[datetime]) -> None:
    """The bytes may have been edited and the time restored to the second."""
    local = replace(LOCAL, mtime=LOCAL.mtime + 5)
    assert needs_fetch(replace(ENTRY, modified=exact), KNOWN, local).need is Need.PROBE


@pytest.mark.parametrize("mtime", [300_000_000_000 * SECOND, -300_000_000_000 * SECOND])
@pytest.mark.parametrize("modified", [MINUTE, NAIVE, EXACT])
def test_a_local_time_beyond_the_calendar_differs(modified: Span[datetime], mtime: int) -> None:
    decision = needs_fetch(replace(ENTRY, modified=modified), None, replace(LOCAL, mtime=mtime))
    assert decision == Decision(Need.FETCH, "time differs")


SHIFTED = {hours: replace(LOCAL, mtime=LOCAL.mtime + hours * HOUR * SECOND) for hours in (-15, -14, -5, 14, 15)}


@pytest.mark.parametrize(
    ("entry", "local", "need", "reason"),
    [
        (replace(ENTRY, modified=EXACT), LOCAL, Need.NOTHING, "same size and time"),
        (replace(ENTRY, modified=EXACT), replace(LOCAL, mtime=LOCAL.mtime + SECOND), Need.FETCH, "time differs"),
        (replace(ENTRY, modified=EXACT), replace(LOCAL, mtime=LOCAL.mtime + SECOND // 2), Need.NOTHING,
         "same size and time"),
        (replace(ENTRY, modified=Span(NOON, NOON + timedelta(seconds=1))), LOCAL, Need.PROBE,
         "not saved by this program"),
        (replace(ENTRY, modified=EXACT), replace(LOCAL, size=1), Need.FETCH, "size differs"),
        (replace(ENTRY, modified=EXACT, size=ROUNDED), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=EXACT, size=None), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=MINUTE), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=None), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=None, size=None), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=NAIVE), LOCAL, Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=NAIVE), SHIFTED[-14], Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=NAIVE), SHIFTED[-5], Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=NAIVE), SHIFTED[14], Need.PROBE, "not saved by this program"),
        (replace(ENTRY, modified=NAIVE), SHIFTED[-15], Need.FETCH, "time differs"),
        (replace(ENTRY, modified=NAIVE), SHIFTED[15], Need.FETCH, "time differs"),
        (replace(ENTRY, modified=Span(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None))), LOCAL, Need.PROBE,
         "not saved by this program"),
        (replace(ENTRY, modified=Span(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None))), SHIFTED[14], Need.PROBE,
         "not saved by this program"),
    ],
)  # fmt: skip
def test_without_state_only_an_exact_row_adopts_by_itself(entry: Entry, local: Local, need: Need, reason: str) -> None:
    assert needs_fetch(entry, None, local) == Decision(need, reason)


@pytest.mark.parametrize("check", ["headers", "digest"])
def test_the_other_checks_confirm_what_the_row_would_prove(check: str) -> None:
    decision = needs_fetch(ENTRY, KNOWN, LOCAL, check=check)
    assert decision == Decision(Need.CONFIRM, f"--check {check}")


@pytest.mark.parametrize("check", ["headers", "digest"])
@pytest.mark.parametrize("local", [None, replace(LOCAL, size=3)])
def test_no_check_confirms_what_is_not_whole(check: str, local: Local | None) -> None:
    assert needs_fetch(ENTRY, KNOWN, local, check=check).need is Need.FETCH


def test_a_row_that_is_too_young_is_confirmed() -> None:
    young = replace(KNOWN, checked=float(T + 60))
    assert needs_fetch(ENTRY, young, LOCAL) == Decision(Need.CONFIRM, "racy")
    aged = replace(KNOWN, checked=float(T + 61))
    assert needs_fetch(ENTRY, aged, LOCAL) == Decision(Need.NOTHING, "same row")


@pytest.mark.parametrize("modified", [EXACT, MINUTE, NAIVE, None])
@pytest.mark.parametrize("etag", [None, '"1"'])
@pytest.mark.parametrize("row", ["same", "another"])
@pytest.mark.parametrize("check", ["listing", "headers", "digest"])
def test_a_copy_that_a_killed_run_was_replacing_is_fetched(
    modified: Span[datetime] | None, etag: str | None, row: str, check: str
) -> None:
    """It cannot be determined whether it is the earlier version, the later one, or known to be damaged."""
    entry = replace(ENTRY, modified=modified, row=row if row == "another" else KNOWN.row)
    known = replace(KNOWN, digest=REPLACING, validators=Validators(etag=etag), checked=UNCONFIRMED)
    decision = needs_fetch(entry, known, LOCAL, check=check)
    assert decision == Decision(Need.FETCH, Reason.INTERRUPTED_REPLACEMENT, is_disproved=True)
    touched = needs_fetch(replace(entry, modified=EXACT), known, replace(LOCAL, mtime=LOCAL.mtime + 5))
    assert touched == Decision(Need.PROBE, "touched locally"), "one of ours that has its name: HEAD tells"


@pytest.mark.parametrize(
    ("entry", "local", "ends"),
    [
        (replace(ENTRY, modified=EXACT), LOCAL, Decision(Need.NOTHING, "same size and time")),
        (replace(ENTRY, modified=EXACT, row="x"), LOCAL, Decision(Need.NOTHING, "same size and time")),
        (replace(ENTRY, modified=EXACT, size=Span(1, 1)), LOCAL, Decision(Need.FETCH, "size differs")),
        (replace(ENTRY, modified=MINUTE), LOCAL, Decision(Need.PROBE, "not saved by this program")),
        (replace(ENTRY, modified=None), LOCAL, Decision(Need.PROBE, "not saved by this program")),
        (replace(ENTRY, modified=EXACT), replace(LOCAL, mtime=LOCAL.mtime + 5),
         Decision(Need.PROBE, "touched locally")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("digest", [None, "sha256:00"])
def test_a_record_of_a_copy_that_was_in_dir_before_proves_no_more_than_its_row(
    entry: Entry, local: Local, ends: Decision, digest: str | None
) -> None:
    known = replace(KNOWN, validators=Validators(), digest=digest, checked=BY_ROW)
    assert needs_fetch(entry, known, local) == ends


@pytest.mark.parametrize("local_version", ["", "a", "b"])
@pytest.mark.parametrize("known_version", ["", "a"])
@pytest.mark.parametrize("mtime", [KNOWN.mtime, KNOWN.mtime + 1, UNREAD])
@pytest.mark.parametrize("size", [KNOWN.size, KNOWN.size + 1])
def test_where_there_are_versions_they_decide_instead_of_the_time(
    local_version: str, known_version: str, mtime: int, size: int
) -> None:
    known = replace(KNOWN, version=known_version)
    local = Local(Kind.FILE, size, mtime, version=local_version)
    same = known_version == local_version if local_version else mtime == KNOWN.mtime
    assert is_intact(known, local) == (same and size == KNOWN.size)
    stored = StoredFile("a", KNOWN.url, KNOWN.row, KNOWN.size, KNOWN.mtime, KNOWN.checked, None, known_version)
    assert is_as_saved(stored, local) == is_intact(known, local)
