"""Which filters are said to decide nothing or to refuse everything, and what is proposed instead."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.pipeline.filter_effects.findings import Finding, Said, said
from crawler.pipeline.filter_effects.watch import FilterEffects


def watched(
    config: Config, files: str, directories: str = "", outcome: Outcome = Outcome.SAVED, reason: str = ""
) -> FilterEffects:
    """The effects of a run that has seen ``files`` (``path``, or ``path=size``) and entered ``directories``."""
    effects = FilterEffects(config)
    for path in ("", *directories.split()):
        effects.listing_read(path, f"http://h/{path}", 1, family="x", confidence=1.0)
    for item in files.split():
        path, _, size = item.partition("=")
        effects.listed(path, int(size) if size else None)
        effects.finished(Result(path=path, url=f"http://h/{path}", outcome=outcome, reason=reason))
    return effects


def texts(effects: FilterEffects) -> list[str]:
    """The texts; those that are no mistake are in parentheses."""
    return [each.text if each.is_mistake else f"({each.text})" for each in effects.findings()]


@pytest.mark.parametrize(
    ("options", "files", "directories", "expected"),
    [
        ({"include": "*.zip"}, "a/b.zip", "a", []),
        ({"include": "*.ZIP"}, "a/b.zip", "a",
         ["no file matched --include '*.ZIP': case matters, and there is a/b.zip"]),
        ({"include": ["*.ZIP", "*.iso"]}, "b.zip c.iso", "",
         ["no file matched --include '*.ZIP': case matters, and there is b.zip"]),
        ({"include": "zip"}, "b.zip", "",
         ["no file matched --include 'zip': a pattern must match the whole name; '*zip*' for a part of it"]),
        ({"include": "*.tar"}, "b.zip", "", ["(no file matched --include '*.tar': there is, for example, b.zip)"]),
        ({"include": "*.zpi"}, "b.zip", "", ["no file matched --include '*.zpi': did you mean *.zip?"]),
        ({"include": "data-1.zip"}, "b.iso data1.zip", "",
         ["no file matched --include 'data-1.zip': did you mean data1.zip?"]),
        ({"include": "re:[.]tar$"}, "b.zip", "",
         ["(no file matched --include 're:[.]tar$': there is, for example, b.zip)"]),
        ({"include": "releases"}, "releases/x b", "releases",
         ["no file matched --include 'releases': releases is a directory: write 'releases/**'"]),
        ({"exclude": "releases"}, "releases/x b", "releases",
         ["no file matched --exclude 'releases': releases is a directory: write 'releases/'"]),
        ({"exclude": "old*"}, "a/older/x", "a a/older",
         ["no file matched --exclude 'old*': a/older is a directory: write 'old*/'"]),
        ({"exclude": "*.tmp"}, "b.zip", "", ["(no file matched --exclude '*.tmp')"]),
        ({"exclude": "*.ISO"}, "b.iso", "",
         ["no file matched --exclude '*.ISO': case matters, and there is b.iso"]),
        ({"exclude": "*.isos"}, "b.iso", "", ["no file matched --exclude '*.isos': did you mean *.iso?"]),
        ({"exclude": "releases/"}, "b", "releases", []),
        ({"exclude": "release/"}, "b", "releases",
         ["no directory matched --exclude 'release/': did you mean releases/?"]),
        ({"exclude": "tmp/"}, "b", "releases", ["(no directory matched --exclude 'tmp/')"]),
        ({"exclude": "old*"}, "old.zip", "older", []),
        ({"ext": "zip"}, "a.ZIP", "", []),
        ({"ext": "zip,.tar,*.gz"}, "a.zip b.iso", "",
         ["(no file matched --ext tar: the extensions listed are zip, iso)",
          "(no file matched --ext gz: the extensions listed are zip, iso)"]),
        ({"ext": "zpi"}, "a.zip b.iso", "", ["no file matched --ext zpi: did you mean zip?"]),
        ({"ext": "zip"}, "README", "", ["(no file matched --ext zip: the extensions listed are none)"]),
        ({"ext": "zip"}, "", "", []),
        ({"include": "a\x1b*"}, "b", "", ["(no file matched --include 'a\\x1b*': there is, for example, b)"]),
        ({"min_size": "1K"}, "a=2048 b=4096", "", ["(--min-size 1.0 KiB refused no file: the smallest has 2.0 KiB)"]),
        ({"max_size": "1G"}, "a=2048 b=4096", "", ["(--max-size 1.0 GiB refused no file: the largest has 4.0 KiB)"]),
        ({"max_size": "1G"}, "a b", "", ["(--max-size 1.0 GiB refused no file)"]),
        ({"newer_than": "7d", "older_than": "30"}, "a", "",
         ["(--newer-than 7d refused no file)",
          "(--older-than 30s refused no file: a number without a unit is seconds; did you mean 30d?)"]),
        ({"older_than": "366"}, "a", "",
         ["(--older-than 366s refused no file: a number without a unit is seconds; did you mean 366d?)"]),
        ({"older_than": "367"}, "a", "", ["(--older-than 367s refused no file)"]),
        ({"newer_than": "30"}, "a", "", ["(--newer-than 30s refused no file)"]),
        ({"include": "*.zip,*.tar"}, "a.zip", "",
         ["no file matched --include '*.zip,*.tar': a comma does not separate patterns: "
          "write --include '*.zip' --include '*.tar'"]),
        ({"include": "*.{zip,tar}"}, "a.zip", "",
         ["no file matched --include '*.{zip,tar}': {a,b} is not supported: "
          "write --include '*.zip' --include '*.tar'"]),
        ({"exclude": "a,b"}, "a.zip", "",
         ["no file matched --exclude 'a,b': a comma does not separate patterns: write --exclude 'a' --exclude 'b'"]),
        ({"include": ".*\\.zip"}, "a.zip", "",
         ["no file matched --include '.*\\.zip': a regular expression needs re: in front: "
          "write --include 're:.*\\.zip'"]),
        ({"include": "./sub/*.zip"}, "sub/a.zip", "sub",
         ["no file matched --include './sub/*.zip': paths are relative to URL, without ./: "
          "write --include 'sub/*.zip'"]),
        ({"include": "pub/sub/a.zip"}, "sub/a.zip", "sub",
         ["no file matched --include 'pub/sub/a.zip': a path is relative to URL: write 'sub/a.zip'"]),
        ({"include": "http://h/pub/a.zip"}, "a.zip", "",
         ["no file matched --include 'http://h/pub/a.zip': a path is relative to URL: write 'a.zip'"]),
        ({"exclude": "/a.*"}, "sub/a.zip", "sub",
         ["no file matched --exclude '/a.*': a path is relative to URL: write 'a.*'"]),
        ({"exclude": "old/**"}, "sub/a.zip", "sub", ["(no file matched --exclude 'old/**')"]),
        ({"exclude": "tmp/*"}, "sub/a.zip", "sub", ["(no file matched --exclude 'tmp/*')"]),
        ({"include": "pub/b.zip"}, "a.zip", "", ["no file matched --include 'pub/b.zip': did you mean a.zip?"]),
        ({"include": "it's*"}, "a.zip", "", ["(no file matched --include \"it's*\": there is, for example, a.zip)"]),
        ({"include": "*/a.zip"}, "a.zip", "",
         ["no file matched --include '*/a.zip': a.zip is in another directory, "
          "and a pattern without / matches it in each"]),
        ({"older_than": "300"}, "a", "",
         ["(--older-than 5m refused no file: m is minutes, and a number without a unit is seconds; "
          "did you mean 300d?)"]),
        ({"include": "*.zip,*.tar"}, "a.zip,b.tar", "", []),
        ({"ext": "{zip,tar}"}, "a.zip a.tar", "",
         ["no file matched --ext {zip: did you mean zip?", "no file matched --ext tar}: did you mean tar?"]),
        ({"newer_than": "2025-01-31"}, "a", "", ["(--newer-than 2025-01-31T00:00:00+00:00 refused no file)"]),
    ],
)  # fmt: skip
def test_a_filter_that_decided_nothing_is_named(
    options: dict[str, object], files: str, directories: str, expected: list[str]
) -> None:
    config = Config(**options)  # type: ignore[arg-type]
    assert texts(watched(config, files, directories)) == expected
    planned = watched(config, files, directories, Outcome.SKIPPED, Reason.DRY_RUN)
    assert texts(planned) == expected, "a dry run wants the same"


def test_a_filter_for_which_nothing_is_left_is_a_mistake_whatever_may_be_meant() -> None:
    for options in ({"include": "*.tar"}, {"ext": "tar"}, {"include": "re:x"}):
        refused = watched(Config(**options), "b.zip", "", Outcome.SKIPPED, Reason.NOT_INCLUDED)  # type: ignore[arg-type]
        (finding,) = refused.findings()
        assert finding.is_mistake


@pytest.mark.parametrize(
    ("options", "reason", "expected"),
    [
        ({"exclude": "*"}, Reason.EXCLUDE, ["--exclude '*' refused all 2 files"]),
        ({"exclude": ["a*", "b*"]}, Reason.EXCLUDE, ["--exclude refused all 2 files"]),
        ({"exclude": ["*", "x"]}, Reason.EXCLUDE,
         ["(no file matched --exclude 'x')", "--exclude '*' refused all 2 files"]),
        ({"min_size": "1T"}, Reason.TOO_SMALL, ["--min-size 1.0 TiB refused all 2 files: the largest has 4.0 KiB"]),
        ({"max_size": 1}, Reason.TOO_LARGE,
         ["--max-size 1 B refused all 2 files: the smallest has 2.0 KiB; a number without a unit is bytes"]),
        ({"newer_than": "7"}, Reason.TOO_OLD,
         ["--newer-than 7s refused all 2 files: a number without a unit is seconds; did you mean 7d?"]),
        ({"newer_than": "90"}, Reason.TOO_OLD,
         ["--newer-than 90s refused all 2 files: a number without a unit is seconds; did you mean 90d?"]),
        ({"older_than": "7"}, Reason.TOO_NEW, ["(--older-than 7s refused all 2 files)"]),
        ({"newer_than": "7h"}, Reason.TOO_OLD, ["(--newer-than 7h refused all 2 files)"]),
        ({"older_than": timedelta(seconds=90)}, Reason.TOO_NEW, ["(--older-than 90s refused all 2 files)"]),
        ({"newer_than": "7d", "ext": ["zip", "tar"]}, Reason.TOO_OLD,
         ["(no file matched --ext tar: the extensions listed are zip, iso)",
          "(--newer-than 7d refused all 2 files)"]),
        ({"ext": "tar"}, Reason.EXTENSION, ["no file matched --ext tar: the extensions listed are zip, iso"]),
        ({"include": "*.tar"}, Reason.NOT_INCLUDED,
         ["no file matched --include '*.tar': there is, for example, a.zip"]),
        ({"include": "*.zip", "min_size": 9000}, Reason.TOO_SMALL,
         ["--min-size 8.8 KiB refused all 2 files: the largest has 4.0 KiB"]),
        ({"ext": "zip"}, Reason.ROBOTS, []),
        ({"ext": "zip"}, Reason.OTHER_HOST, []),
    ],
)  # fmt: skip
def test_filters_that_refused_everything_are_named(
    options: dict[str, object], reason: str, expected: list[str]
) -> None:
    effects = watched(Config(**options), "a.zip=2048 b.iso=4096", "", Outcome.SKIPPED, reason)  # type: ignore[arg-type]
    assert texts(effects) == expected


def test_two_filters_that_refused_everything_together_are_named_together() -> None:
    effects = watched(Config(ext="zip", min_size="1T"), "b.iso=1", "", Outcome.SKIPPED, Reason.EXTENSION)
    effects.listed("a.zip", 2048)
    effects.finished(Result(path="a.zip", url="u", outcome=Outcome.SKIPPED, reason=Reason.TOO_SMALL))
    assert texts(effects) == ["--ext and --min-size 1.0 TiB refused all 2 files: the largest has 2.0 KiB"]
    aged = watched(Config(ext="zip", newer_than="7d"), "b.iso=1", "", Outcome.SKIPPED, Reason.EXTENSION)
    aged.finished(Result(path="a.zip", url="u", outcome=Outcome.SKIPPED, reason=Reason.TOO_OLD))
    assert texts(aged) == ["(--ext and --newer-than 7d refused all 2 files)"], "a week without a release"
    only = watched(Config(exclude="*"), "a", "", Outcome.SKIPPED, Reason.EXCLUDE)
    assert texts(only) == ["--exclude '*' refused the only file"]


def test_directories_that_are_not_entered_count() -> None:
    effects = watched(Config(exclude=["*/", "tmp/"]), "")
    effects.rejected("", Rejection(Reason.EXCLUDE, "a/", "*/"))
    assert texts(effects) == [
        "(no directory matched --exclude 'tmp/')",
        "--exclude '*/' refused all directories, and no file is beside them",
    ]
    assert texts(watched(Config(exclude="*/"), "a.zip", "")) == ["(no directory matched --exclude '*/')"]


def test_files_of_unchanged_directories_count_too() -> None:
    effects = watched(Config(ext=("zip", "tar"), min_size=1), "")
    stored = StoredFile(name="b.zip", url="http://h/a/b.zip", row="", size=5, mtime=0, checked=0.0)
    effects.all_unchanged("a", [stored], "same")
    assert texts(effects) == [
        "(no file matched --ext tar: the extensions listed are zip)",
        "(--min-size 1 B refused no file: the smallest has 5 B)",
    ]


def test_what_is_deleted_or_a_directory_is_no_file_and_what_fails_is_wanted() -> None:
    for outcome in (Outcome.DELETED, Outcome.DIRECTORY):
        assert texts(watched(Config(include="*.zip"), "a.zip", outcome=outcome)) == [], "nothing was listed"
    for outcome in (Outcome.SAVED, Outcome.FAILED, Outcome.UNCHANGED):
        assert texts(watched(Config(max_size=9), "a", outcome=outcome)) == ["(--max-size 9 B refused no file)"]


@pytest.mark.parametrize(("is_mistake", "is_known"), [*itertools.product((True, False), repeat=2)])
def test_a_mistake_is_a_warning_once_and_then_a_note_and_anything_else_a_note_once(
    is_mistake: bool, is_known: bool
) -> None:
    finding = Finding("--ext x", "text", is_mistake)
    expected = {
        (True, False): Said(("text",), ()),
        (True, True): Said((), ("text",)),
        (False, False): Said((), ("text",)),
        (False, True): Said((), ()),
    }
    assert said([finding], {"--ext x"} if is_known else {"--ext y"}) == expected[is_mistake, is_known]


NAMES = st.text("abAB.z*/?[]", min_size=1, max_size=6).filter(lambda name: name.strip("/"))


@given(st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=3), st.sampled_from(Outcome))
def test_each_filter_is_named_once_at_most_and_the_options_of_what_is_said_are_distinct(
    includes: list[str], files: list[str], directories: list[str], outcome: Outcome
) -> None:
    effects = FilterEffects(Config(exclude=includes, ext="zip", min_size=1))
    for name in directories:
        effects.rejected("", Rejection(Reason.EXCLUDE, f"{name}/", "x"))
    for name in files:
        effects.listed(name, len(name))
        effects.finished(Result(path=name, url="u", outcome=outcome, reason=Reason.EXCLUDE))
    options = [finding.option for finding in effects.findings()]
    assert len(options) == len(set(options)) or len(includes) > len(set(includes))
