"""A file that a remembered page does not show is deleted only if that page, fetched and parsed again, confirms it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.model.values import Kind, Listing
from crawler.pipeline.rules.extraneous import Extraneous, Unlisted
from crawler.pipeline.save.absence import prove
from crawler.pipeline.walk.pages import Directory
from tests.support.fakes import Recorder
from tests.unit.pipeline.walk.test_walker import ROOT, Walk, listing

SUB = f"{ROOT}sub/"
UNREADABLE = "cannot be read again before deleting: the response is not a directory listing (text/html)"
CONTRADICTED = "read again before deleting, it differs from what was read before; the next run reads it anew"


def gone(path: str, *, replaced: bool = False) -> Extraneous:
    return Extraneous(path=path, kind=Kind.FILE, size=5, replaced=replaced)


class Failures(Recorder):
    """Records the listings that could not be read: (path, URL, reason)."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[tuple[str, str, str]] = []

    def listing_failed(self, path: str, url: str, reason: str) -> None:
        self.reported.append((path, url, reason))


async def proven(walk: Walk, unlisted: Unlisted, *stays: str) -> list[str]:
    """The paths that are confirmed to be gone. ``stays``: paths that would not be deleted anyway."""

    async def may_go(item: Extraneous) -> bool:
        return item.path not in stays

    await prove(unlisted, walk.walker, may_go)
    return [item.path for item in unlisted.gone]


def remembered(*paths: str, replaced: bool = False) -> Unlisted:
    """Files in the directory sub, whose page was not read in this run."""
    items = [gone(path, replaced=replaced) for path in paths]
    return Unlisted(gone=items, recalled=dict.fromkeys(paths, ("sub", SUB)))


FIRST = listing(SUB, "a", pages=(f"{SUB}?2",))
SECOND = listing(f"{SUB}?2", "c")


@pytest.mark.parametrize(
    ("pages", "replaced", "problem"),
    [
        ([listing(SUB, "a")], False, None),
        ([FIRST, SECOND], False, None),
        ([listing(SUB, "a", "b")], False, CONTRADICTED),
        ([listing(SUB, "b/")], False, CONTRADICTED),
        ([listing(SUB, "b/")], True, None),
        ([listing(SUB, "a")], True, CONTRADICTED),
        ([listing(SUB, "b")], True, CONTRADICTED),
        ([FIRST, listing(f"{SUB}?2", "b")], False, CONTRADICTED),
        ([replace(listing(SUB, "a"), mentioned=frozenset({"b"}))], False, CONTRADICTED),
        ([replace(FIRST, mentioned=frozenset({"b"})), SECOND], False, CONTRADICTED),
        ([replace(listing(SUB, "a"), conclusive=False)], False, CONTRADICTED),
        ([replace(FIRST, conclusive=False), SECOND], False, CONTRADICTED),
        ([FIRST, replace(SECOND, conclusive=False)], False, CONTRADICTED),
        ([], False, "cannot be read again before deleting: HTTP 404"),
        ([listing(SUB, is_listing=False)], False, UNREADABLE),
    ],
)
async def test_a_page_that_is_read_again_says_whether_its_file_is_gone(
    pages: list[Listing], replaced: bool, problem: str | None
) -> None:
    failures = Failures()
    walk = Walk(*pages, observer=failures)
    still = await proven(walk, remembered("sub/b", replaced=replaced))
    assert still == (["sub/b"] if problem is None else [])
    assert failures.reported == ([] if problem is None else [("sub", SUB, problem)])
    assert walk.walker.failures == len(failures.reported)


async def test_one_file_that_is_shown_again_keeps_all_of_its_directory() -> None:
    walk = Walk(listing(SUB, "b"), listing(f"{ROOT}other/"), listing(f"{ROOT}third/", "e"))
    unlisted = remembered("sub/b", "sub/c")
    for path in ("other/d", "third/e"):
        directory = path.partition("/")[0]
        unlisted.gone.append(gone(path))
        unlisted.recalled[path] = (directory, f"{ROOT}{directory}/")
    unlisted.gone.append(gone("fresh/f"))
    walk.walker.fail(Directory(path="unread", url=f"{ROOT}unread/"), "HTTP 500")
    assert await proven(walk, unlisted) == ["other/d", "fresh/f"]
    assert walk.walker.failures == 3
    assert sorted(walk.client.urls()) == [f"{ROOT}other/", SUB, f"{ROOT}third/"], "each once"


async def test_what_was_read_in_this_run_or_stays_anyway_is_not_read_again() -> None:
    walk = Walk(listing(SUB, "b"))
    unlisted = remembered("sub/b")
    unlisted.gone.insert(0, gone("sub/x"))
    assert await proven(walk, unlisted, "sub/b") == ["sub/x", "sub/b"]
    assert walk.client.urls() == []
