"""Whether a run may delete, how much, and the message if it may not."""

from __future__ import annotations

import re
from itertools import product

import pytest

from crawler.model.config import Config
from crawler.model.flaws import Flaw, FlawKind
from crawler.model.options.readers import MaxDelete, parse_max_delete
from crawler.pipeline.rules.deletion_limit import Circumstances, doubts, excess, judge
from crawler.pipeline.rules.extraneous import Unlisted

DEFAULT = Config().max_delete


@pytest.mark.parametrize(
    ("count", "total", "limit", "refused"),
    [
        (10, 10, DEFAULT, False),
        (10, 12, DEFAULT, False),
        (11, 12, DEFAULT, True),
        (25, 100, DEFAULT, False),
        (26, 100, DEFAULT, True),
        (0, 0, DEFAULT, False),
        (250_000, 1_000_000, DEFAULT, False),
        (250_001, 1_000_000, DEFAULT, True),
        (0, 5, MaxDelete(count=0), False),
        (1, 5, MaxDelete(count=0), True),
        (3, 100, MaxDelete(count=3), False),
        (4, 100, MaxDelete(count=3), True),
        (100, 100, MaxDelete(count=1000), False),
        (100, 100, MaxDelete(percent=100.0), False),
        (50, 100, MaxDelete(percent=49.9), True),
        (1, 30, MaxDelete(percent=0.0), True),
        (0, 30, MaxDelete(percent=0.0), False),
        (3, 30, MaxDelete(percent=10.0), False),
        (4, 30, MaxDelete(percent=10.0), True),
        (3, 10, parse_max_delete("25%"), True),
    ],
)
def test_too_many_deletions_are_refused(count: int, total: int, limit: MaxDelete, refused: bool) -> None:
    text = excess(count, total, limit)
    assert (text is not None) == refused
    if text is not None:
        assert f"{count} of {total}" in text
        assert f"--max-delete {limit}" in text
        assert "\n" not in text


DOUBT = ("nothing was deleted in /x", 6)


SWITCHES = ("wanted", "gone", "interrupted", "limit_reached", "failed", "listings_failed", "ignores_errors", "too many")


JUDGEMENTS = (
    # switches in that order ("." for either), whether it deletes, the message, the exit code
    ("0.......", False, "", 0),
    ("10......", False, "", 0),
    ("111.....", False, "", 0),
    ("1101....", False, "", 0),
    ("1100100.", False, "something failed", 0),
    ("11001.0.", False, "something failed", 6),
    (".......1", False, "--max-delete", 6),
    (".......0", True, "", 0),
)


@pytest.mark.parametrize("doubted", [False, True], ids=["no doubt", "a doubtful folder"])
@pytest.mark.parametrize("switches", list(product("01", repeat=len(SWITCHES))), ids="".join)
def test_what_stands_in_the_way_of_deleting(switches: tuple[str, ...], doubted: bool) -> None:
    is_on = {name: switch == "1" for name, switch in zip(SWITCHES, switches, strict=True)}
    count = DEFAULT.always + 1 if is_on.pop("too many") else DEFAULT.always
    case = Circumstances(**is_on, doubts=(DOUBT,) * doubted, count=count, total=12, limit=DEFAULT)  # type: ignore[arg-type]
    found = judge(case)
    deletes, warnings, refusal = found.deletes, found.warnings, found.refusal
    _, expected, says, code = next(line for line in JUDGEMENTS if re.fullmatch(line[0], "".join(switches)))
    assert deletes == expected
    assert (DOUBT in warnings) == (doubted and case.wanted), "a doubt is told, and is no obstacle for other folders"
    reported = [warning for warning in warnings if warning != DOUBT] + [(refusal, 6)] * (refusal is not None)
    assert [text for text, _ in reported if not text or says not in text] == []
    assert [warned for _, warned in reported] == [code] * bool(says)


def test_what_is_not_counted_yet_is_not_too_much() -> None:
    assert judge(Circumstances(wanted=True, gone=True, limit=MaxDelete(count=0))).deletes


def test_a_user_reads_why_nothing_was_deleted() -> None:
    assert excess(4, 100, MaxDelete(count=3)) == (
        "4 of 100 local files are gone upstream: more than --max-delete 3 allows, "
        "so nothing was deleted (is the site complete? then run once with a higher --max-delete)"
    )


def test_no_percentage_allows_nothing() -> None:
    assert excess(1, 100, MaxDelete(percent=0.0, always=0)) is not None


MOVED, SCRIPTED, OTHER_HOST = Flaw(FlawKind.ELSEWHERE), Flaw(FlawKind.SCRIPT), Flaw(FlawKind.FALLBACK)


@pytest.mark.parametrize(
    ("doubted", "mentioned", "warnings"),
    [
        ({}, [], []),
        ({"a": MOVED}, [], [(f"nothing was deleted in /a: {MOVED}", 6)]),
        ({"a": OTHER_HOST}, [], [(f"nothing was deleted in /a: {OTHER_HOST}", 0)]),
        ({"a": MOVED, "b": MOVED}, [], [(f"nothing was deleted in /a (and 1 more directory): {MOVED}", 6)]),
        ({"a": MOVED, "b": SCRIPTED, "c": MOVED, "d": MOVED}, ["x"],
         [(f"nothing was deleted in /a (and 2 more directories): {MOVED}", 6),
          (f"nothing was deleted in /b: {SCRIPTED}", 6),
          ("not deleted: x: no longer listed, but a link on the page still shows the name", 0)]),
        ({}, ["x", "y"],
         [("not deleted: x and 1 more: no longer listed, but a link on the page still shows the name", 0)]),
        ({}, ["x", "y", "z"],
         [("not deleted: x and 2 more: no longer listed, but a link on the page still shows the name", 0)]),
    ],
)  # fmt: skip
def test_what_stays_in_doubt_is_reported(
    doubted: dict[str, Flaw], mentioned: list[str], warnings: list[tuple[str, int]]
) -> None:
    assert list(doubts(Unlisted(doubted=doubted, mentioned=mentioned))) == warnings


def test_a_user_reads_that_something_failed() -> None:
    case = Circumstances(wanted=True, gone=True, failed=True, limit=DEFAULT)
    text = "nothing was deleted, because something failed (--ignore-errors deletes anyway)"
    assert judge(case).warnings == ((text, 0),)


@pytest.mark.parametrize("ignores_errors", [False, True])
@pytest.mark.parametrize("failed", [False, True])
def test_listings_of_a_fallback_prove_nothing_absent(failed: bool, ignores_errors: bool) -> None:
    case = Circumstances(
        wanted=True,
        gone=True,
        doubts=(DOUBT,),
        is_fallback=True,
        failed=failed,
        ignores_errors=ignores_errors,
        limit=DEFAULT,
    )
    found = judge(case)
    assert (found.deletes, found.refusal) == (False, None)
    told = "something failed" if failed and not ignores_errors else "some listings came from a fallback"
    assert found.warnings[0] == DOUBT
    assert [(text.startswith(f"nothing was deleted, because {told}"), code) for text, code in found.warnings[1:]] == [
        (True, 0)
    ]
