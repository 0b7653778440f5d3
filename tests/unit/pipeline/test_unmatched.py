"""Which filters by name are said to match nothing, and what is proposed instead."""

from __future__ import annotations

import pytest

from crawler.model.config import Config
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Result
from crawler.pipeline.unmatched import UnmatchedFilters


def watched(config: Config, files: str, directories: str = "", outcome: Outcome = Outcome.SKIPPED) -> UnmatchedFilters:
    filters = UnmatchedFilters(config)
    for path in ("", *directories.split()):
        filters.listing_read(path, f"http://h/{path}", 1, family="x", confidence=1.0)
    for path in files.split():
        filters.finished(Result(path=path, url=f"http://h/{path}", outcome=outcome, reason=Reason.NOT_INCLUDED))
    return filters


@pytest.mark.parametrize(
    ("options", "files", "directories", "texts"),
    [
        ({"include": "*.zip"}, "a/b.zip", "a", []),
        ({"include": "*.ZIP"}, "a/b.zip", "a",
         ["no file matched --include '*.ZIP': upper and lower case differ, there is a/b.zip"]),
        ({"include": ["*.ZIP", "*.iso"]}, "b.zip c.iso", "",
         ["no file matched --include '*.ZIP': upper and lower case differ, there is b.zip"]),
        ({"include": "zip"}, "b.zip", "",
         ["no file matched --include 'zip': a pattern is for the whole name, '*zip*' for a part of it"]),
        ({"include": "*.tar"}, "b.zip", "", ["no file matched --include '*.tar'"]),
        ({"include": "re:[.]tar$"}, "b.zip", "", ["no file matched --include 're:[.]tar$'"]),
        ({"include": "releases"}, "releases/x b", "releases",
         ["no file matched --include 'releases': releases is a directory: write 'releases/**'"]),
        ({"exclude": "releases"}, "releases/x b", "releases",
         ["no file matched --exclude 'releases': releases is a directory: write 'releases/'"]),
        ({"exclude": "old*"}, "a/older/x", "a a/older",
         ["no file matched --exclude 'old*': a/older is a directory: write 'old*/'"]),
        ({"exclude": "*.tmp"}, "b.zip", "", []),
        ({"exclude": "releases/"}, "b", "releases", []),
        ({"exclude": "old*"}, "old.zip", "older", []),
        ({"ext": "zip"}, "a.ZIP", "", []),
        ({"ext": "zip,.tar,*.gz"}, "a.zip b.iso", "",
         ["no file matched --ext tar: the extensions listed are zip, iso",
          "no file matched --ext gz: the extensions listed are zip, iso"]),
        ({"ext": "zip"}, "README", "", ["no file matched --ext zip: the extensions listed are none"]),
        ({"ext": "zip"}, "", "", []),
        ({"include": "a\x1b*"}, "b", "", ["no file matched --include 'a\\x1b*'"]),
    ],
)  # fmt: skip
def test_a_filter_that_matches_nothing_is_named(
    options: dict[str, object], files: str, directories: str, texts: list[str]
) -> None:
    filters = watched(Config(**options), files, directories)  # type: ignore[arg-type]
    assert filters.texts() == texts
    assert filters.is_all_refused


def test_files_of_unchanged_directories_count_too() -> None:
    filters = watched(Config(ext=("zip", "tar")), "")
    filters.all_unchanged(
        "a", [StoredFile(name="b.zip", url="http://h/a/b.zip", row="", size=5, mtime=0, checked=0.0)], "same"
    )
    assert filters.texts() == ["no file matched --ext tar: the extensions listed are zip"]
    assert not filters.is_all_refused


def test_what_is_deleted_or_a_directory_is_no_file_and_what_fails_or_is_planned_is_wanted() -> None:
    config = Config(include="*.zip")
    for outcome in (Outcome.DELETED, Outcome.DIRECTORY):
        assert watched(config, "a.zip", outcome=outcome).texts() == [], "nothing was listed"
    for outcome in (Outcome.SAVED, Outcome.FAILED, Outcome.UNCHANGED):
        assert not watched(config, "a.txt", outcome=outcome).is_all_refused
    planned = watched(config, "")
    planned.finished(Result(path="a", url="u", outcome=Outcome.SKIPPED, reason=Reason.DRY_RUN))
    assert not planned.is_all_refused
