"""Which filters are said to decide nothing or to refuse everything, and what is proposed instead."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.model.config import Config
from crawler.model.options.rules import Rule, check_pattern
from crawler.model.reasons import Reason
from crawler.model.state.directory_digest import StoredFile
from crawler.model.values import Outcome, Rejection, Result
from crawler.pipeline.filter_effects.findings import Finding, Said, said
from crawler.pipeline.filter_effects.proposals import Proposal, proposals
from crawler.pipeline.filter_effects.watch import FilterEffects
from crawler.pipeline.rules.filters import compiled_rule


def watched(
    config: Config, files: str, directories: str = "", outcome: Outcome = Outcome.SAVED, reason: str = ""
) -> FilterEffects:
    """The effects of a run that has seen ``files`` (``path``, or ``path=size``) and entered ``directories``."""
    effects = FilterEffects(config, "http://h/mirror/pub/")
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
        ({"include": "releases"}, "b", "a a/releases",
         ["no file matched --include 'releases': a/releases is a directory: write '**/releases/**'"]),
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
        ({"exclude": "a,b"}, "a.zip", "", ["(no file matched --exclude 'a,b')"]),
        ({"exclude": "a,b"}, "a c", "",
         ["no file matched --exclude 'a,b': a comma does not separate patterns: write --exclude 'a' --exclude 'b'"]),
        ({"include": ".*\\.zip"}, "a.zip", "",
         ["no file matched --include '.*\\.zip': a regular expression needs re: in front: "
          "write 're:.*\\.zip'"]),
        ({"include": "./sub/*.zip"}, "sub/a.zip", "sub",
         ["no file matched --include './sub/*.zip': paths are relative to URL, without ./: "
          "write 'sub/*.zip'"]),
        ({"include": "pub/sub/a.zip"}, "sub/a.zip", "sub",
         ["no file matched --include 'pub/sub/a.zip': a path is relative to URL: write 'sub/a.zip'"]),
        ({"include": "http://h/mirror/pub/a.zip"}, "a.zip", "",
         ["no file matched --include 'http://h/mirror/pub/a.zip': a path is relative to URL: write 'a.zip'"]),
        ({"exclude": "/a.*"}, "sub/a.zip", "sub",
         ["no file matched --exclude '/a.*': a slash in front means the directory at URL alone: write 'a.*'"]),
        ({"exclude": "/mirror/pub/sub/"}, "sub/a.zip", "sub",
         ["no directory matched --exclude '/mirror/pub/sub/': a path is relative to URL: write 'sub/'"]),
        ({"exclude": "/pub/sub/"}, "sub/a.zip", "sub",
         ["no directory matched --exclude '/pub/sub/': a path is relative to URL: write 'sub/'"]),
        ({"exclude": "/mirror/pub/sub"}, "sub/a.zip", "sub",
         ["no file matched --exclude '/mirror/pub/sub': a path is relative to URL: write 'sub/'"]),
        ({"exclude": "http://h/mirror/pub/sub/"}, "sub/a.zip", "sub",
         ["no directory matched --exclude 'http://h/mirror/pub/sub/': a path is relative to URL: write 'sub/'"]),
        ({"exclude": "http://other/mirror/pub/sub/"}, "sub/a.zip", "sub",
         ["(no directory matched --exclude 'http://other/mirror/pub/sub/')"]),
        ({"include": "h/mirror/pub/sub/*"}, "sub/a.zip", "sub",
         ["no file matched --include 'h/mirror/pub/sub/*': a path is relative to URL: write 'sub/*'"]),
        ({"include": "/mirror/pub/sub/**"}, "sub/a.zip", "sub",
         ["no file matched --include '/mirror/pub/sub/**': a path is relative to URL: write 'sub/**'"]),
        ({"include": "/mirror/pub/*.ZIP"}, "a.zip", "",
         ["no file matched --include '/mirror/pub/*.ZIP': did you mean *.zip?"]),
        ({"exclude": "/mirror/pub/"}, "sub/a.zip", "sub", ["(no directory matched --exclude '/mirror/pub/')"]),
        ({"exclude": "/mirror/pub/**"}, "sub/a.zip", "sub", ["(no file matched --exclude '/mirror/pub/**')"]),
        ({"exclude": "2024/*.zip"}, "sub/a.zip", "sub", ["(no file matched --exclude '2024/*.zip')"]),
        ({"exclude": "2024/*.zip"}, "a.ZIP sub/b.zip", "sub", ["(no file matched --exclude '2024/*.zip')"]),
        ({"exclude": "old/a.zip"}, "a.zip", "sub", ["(no file matched --exclude 'old/a.zip')"]),
        ({"exclude": "mirror/*.zip"}, "sub/a.zip", "sub", ["(no file matched --exclude 'mirror/*.zip')"]),
        ({"exclude": "a.zip/"}, "sub/a.zip", "sub",
         ["no directory matched --exclude 'a.zip/': sub/a.zip is a file: write 'a.zip'"]),
        ({"exclude": "re:^old$"}, "old/a.zip", "old",
         ["no file matched --exclude 're:^old$': old is a directory: write 're:^old/'"]),
        ({"include": "re:^old$"}, "old/a.zip", "old",
         ["no file matched --include 're:^old$': old is a directory: write 're:^old/.'"]),
        ({"exclude": "{old,sub}"}, "a.zip", "sub",
         ["no file matched --exclude '{old,sub}': {a,b} is not supported: write --exclude 'old' --exclude 'sub/'"]),
        ({"include": "'*.zip'"}, "a.zip", "",
         ["no file matched --include \"'*.zip'\": the quotes are part of the pattern: write '*.zip'"]),
        ({"exclude": "'/pub/sub/'"}, "a.zip", "sub",
         ["no file matched --exclude \"'/pub/sub/'\": the quotes are part of the pattern: write 'sub/'"]),
        ({"include": "'*.tar'"}, "a.zip", "",
         ["(no file matched --include \"'*.tar'\": the quotes are part of the pattern)"]),
        ({"include": "RE:zip$"}, "a.zip", "",
         ["no file matched --include 'RE:zip$': a regular expression is written re:…: write 're:zip$'"]),
        ({"include": "{{.*zip}}"}, "a.zip", "",
         ["no file matched --include '{{.*zip}}': a regular expression is written re:…: write 're:.*zip'"]),
        ({"include": "*.zip|*.txt"}, "a.zip", "",
         ["no file matched --include '*.zip|*.txt': | does not separate patterns: "
          "write --include '*.zip' --include '*.txt'"]),
        ({"exclude": "!*.zip"}, "a.zip b", "",
         ["no file matched --exclude '!*.zip': ! does not negate a pattern: write --include '*.zip'"]),
        ({"exclude": "- *.zip"}, "a.zip b", "",
         ["no file matched --exclude '- *.zip': - in front is not known here: write '*.zip'"]),
        ({"include": "sub\\*.zip"}, "sub/a.zip", "sub",
         ["no file matched --include 'sub\\*.zip': a path is written with /: write 'sub/*.zip'"]),
        ({"include": "%C3%A9*"}, "é.zip", "",
         ["no file matched --include '%C3%A9*': names are matched without percent-encoding: write 'é*'"]),
        ({"include": "a[1].zip"}, "a[1].zip", "",
         ["no file matched --include 'a[1].zip': […] is a set of characters: write 'a[[]1].zip'"]),
        ({"include": "\uff0a.zip"}, "a.zip", "",
         ["no file matched --include '\uff0a.zip': some of its characters only look like others: write '*.zip'"]),
        ({"include": " *.zip"}, "a.zip", "",
         ["no file matched --include ' *.zip': the spaces around it are part of the pattern: write '*.zip'"]),
        ({"exclude": "release-1.2/"}, "b", "release-1.3", ["(no directory matched --exclude 'release-1.2/')"]),
        ({"include": "v1.zip"}, "v2.zip", "", ["(no file matched --include 'v1.zip': there is, for example, v2.zip)"]),
        ({"include": "foo*.zpi"}, "a.zip", "",
         ["(no file matched --include 'foo*.zpi': there is, for example, a.zip)"]),
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


@pytest.mark.parametrize(
    ("options", "reason", "expected"),
    [
        ({"include": "sub/**", "no_recursive": True}, Reason.DEPTH,
         "no file matched --include 'sub/**': directories are not entered (--no-recursive)"),
        ({"include": "sub/x/*", "max_depth": 0}, Reason.DEPTH,
         "no file matched --include 'sub/x/*': sub/ is not entered (--max-depth 0)"),
        ({"include": "s*/*.zip", "exclude": "sub/"}, Reason.EXCLUDE,
         "no file matched --include 's*/*.zip': sub/ is not entered (--exclude 'sub/')"),
        ({"include": "*/*.zip", "exclude": "sub/"}, Reason.EXCLUDE,
         "no file matched --include '*/*.zip': sub/ is not entered (--exclude 'sub/')"),
        ({"include": "old/*.zip", "max_depth": 0}, Reason.DEPTH,
         "no file matched --include 'old/*.zip': there is, for example, a.zip"),
        ({"include": "**/x.tar", "no_recursive": True}, Reason.DEPTH,
         "no file matched --include '**/x.tar': there is, for example, a.zip"),
    ],
)  # fmt: skip
def test_a_filter_for_files_in_a_directory_that_is_not_entered_is_explained(
    options: dict[str, object], reason: Reason, expected: str
) -> None:
    effects = watched(Config(**options), "a.zip", "", Outcome.SKIPPED, Reason.NOT_INCLUDED)  # type: ignore[arg-type]
    subject = "sub/" if reason is Reason.EXCLUDE else "http://h/mirror/pub/sub/"
    effects.rejected("sub", Rejection(reason, subject, "sub/"))
    assert texts(effects) == [expected]
    excluding = FilterEffects(Config(exclude=["sub/*.zip", "sub/"]))
    excluding.rejected("sub", Rejection(Reason.EXCLUDE, "sub/", "sub/"))
    excluding.finished(Result(path="a.zip", url="u", outcome=Outcome.SAVED))
    assert texts(excluding) == ["(no file matched --exclude 'sub/*.zip': sub/ is not entered (--exclude 'sub/'))"]


PATTERNS = st.text("ab*./!'{},|re:", min_size=1, max_size=10).filter(lambda text: text.strip("/"))
PATHS = st.sets(st.sampled_from(["a", "b", "a.b", "ab", "b/a", "b/ab.b", "a,b", "b/b/a"]), min_size=1, max_size=4)


@settings(max_examples=40)
@given(PATTERNS, PATHS, PATHS, st.booleans())
def test_what_is_proposed_matches_something_of_the_run(
    pattern: str, files: set[str], directories: set[str], is_include: bool
) -> None:
    (proposal, *_) = [*filter(lambda each: each.has_matched, tried(pattern, files, directories, is_include)), None]
    if proposal is not None:
        rules = [compiled_rule(trial.written) for trial in proposal.trials]
        of_files = [rule for rule in rules if not rule.rule.pattern.endswith("/")]
        below = {f"{directory}/x" for directory in directories}
        assert any(rule.matches(path) for rule in of_files for path in files | below) or any(
            rule.matches_directory(path) for rule in rules if rule not in of_files for path in directories
        )


def tried(pattern: str, files: set[str], directories: set[str], is_include: bool) -> tuple[Proposal, ...]:
    """The proposals for ``pattern``, tried against these paths."""
    try:
        check_pattern(pattern)
    except ValueError:
        return ()
    found = proposals(Rule(is_include, pattern), "http://h/a/b/")
    for trial in (trial for proposal in found for trial in proposal.trials):
        for path in files:
            trial.try_file(path)
        for path in directories:
            trial.try_directory(path)
    return found


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
    assert said([finding], {finding.key} if is_known else {"--ext y", "--ext y?"}) == expected[is_mistake, is_known]


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
