"""Options that would silently have no effect in a mode are named, each with its reason."""

from __future__ import annotations

import re

import pytest

from crawler.model.config import option_fields
from crawler.model.options.combinations import NOT_IN_MODES, ONLY_WITH, OVERRULED, lonely, without_effect
from crawler.model.options.option import COMMAND_LINE

MODES = ["", "--config", *NOT_IN_MODES]


@pytest.mark.parametrize("mode", MODES)
def test_each_option_is_accepted_or_refused_by_name(mode: str) -> None:
    for key in option_fields():
        others = {ONLY_WITH[key]: "x"} if key in ONLY_WITH else {}
        has_file = mode == "--config"
        lines = [
            line
            for line in without_effect(mode, {key: "x", **others}, has_file=has_file)
            if f"--{key.replace('_', '-')} " in line
        ]
        is_refused = key in NOT_IN_MODES.get(mode, ())
        is_refused = is_refused or (key == "format" and mode not in {"--list", "--list-snapshots", "--config"})
        assert len(lines) == is_refused
        assert all(line.startswith(f"--{key.replace('_', '-')} ") for line in lines)
        assert mode in "".join(lines) or not lines


@pytest.mark.parametrize(
    ("mode", "given", "line"),
    [
        ("--rollback", "dry_run", "--dry-run cannot be combined with --rollback: it has no effect there"),
        ("--verify", "dry_run", "--dry-run cannot be combined with --verify: without --repair it changes nothing"),
        ("--list", "summary", "--summary cannot be combined with --list: it prints a listing and keeps no account"),
        ("--history", "rules", "--include cannot be combined with --history: it has no effect there"),
        ("--input-file", "delete", "--delete cannot be combined with --input-file: only a listing shows"),
        ("", "format", "--format has no effect without --dry-run, --list or --list-snapshots"),
        ("--input-file", "format", "--format has no effect without --dry-run with --input-file"),
    ],
)
def test_what_is_said(mode: str, given: str, line: str) -> None:
    assert next(without_effect(mode, {given: True})).startswith(line)


@pytest.mark.parametrize("mode", ["", *NOT_IN_MODES])
def test_what_is_missing_is_everything_that_would_give_the_option_its_effect(mode: str) -> None:
    for key in option_fields():
        lacks = "".join(without_effect(mode, {key: "x"})).partition(" has no effect without ")[2]
        if not lacks:
            continue
        fits = {each for each in option_fields() if each != key and not list(without_effect(mode, {key: "x", each: 1}))}
        others = set() if mode else {each for each in NOT_IN_MODES if not list(without_effect(each, {key: "x"}))}
        named = set(re.findall(r"--[a-z-]+", lacks)) - {mode}
        assert named == {f"--{each.replace('_', '-')}" for each in fits} | others, key


@pytest.mark.parametrize(("key", "other"), ONLY_WITH.items())
def test_an_option_that_needs_another_one_is_refused_without_it_where_both_are_written(key: str, other: str) -> None:
    said = f"--{key.replace('_', '-')} has no effect without --{other}"
    assert list(without_effect("", {key: "x"})) == list(lonely({key}, {other: False}, COMMAND_LINE)) == [said]
    assert list(without_effect("--config", {key: "x"}, has_file=True)) == [], "the file may have it"
    assert list(without_effect("", {key: "x", other: True})) == list(lonely({key}, {other: True}, COMMAND_LINE)) == []
    assert list(lonely({"workers"}, {}, "m")) == []
    assert list(lonely({key}, {}, "m")) == [f"m: {key} has no effect without {other}"]


@pytest.mark.parametrize(("key", "other", "why"), [(key, *value) for key, value in OVERRULED.items()])
def test_an_option_beside_one_that_overrules_it_is_refused_where_both_are_written(
    key: str, other: str, why: str
) -> None:
    both = {key: "x", other: True}
    said = f"--{key.replace('_', '-')} has no effect beside --{other.replace('_', '-')}: {why}"
    assert list(without_effect("", both)) == list(lonely(both, both, COMMAND_LINE)) == [said]
    assert list(without_effect("--config", both, has_file=True)) == [said]
    assert list(lonely(both, both, "m: mirror 1")) == [f"m: mirror 1: {key} has no effect beside {other}: {why}"]
    assert list(lonely({other}, both, "m")) == list(lonely({key}, both, "m")) == [], "a mirror may differ from defaults"
    assert list(without_effect("", both | {other: False})) == []
    for mode, refused in NOT_IN_MODES.items():
        assert (said in without_effect(mode, both)) == (key not in refused and other not in refused)


def test_the_format_of_a_plan_is_used_by_a_dry_run() -> None:
    assert not list(without_effect("", {"format": "json", "dry_run": True}))


def test_the_tables_name_options_that_exist() -> None:
    keys = {*option_fields(), "rules"}
    assert all(set(table) <= keys for table in NOT_IN_MODES.values())


ANYWHERE = {
    "lock",
    "lock_wait",
    "fsync",
    "names",
    "name_from",
    "max_duration",
    "progress",
    "log_format",
    "state",
    "format",
}
"""Options that any mode accepts: they are about DIR, or about what is printed."""
REQUESTS = {
    "allow_host", "no_robots", "workers", "processes", "cluster", "cluster_insecure", "pipeline", "backlog", "segments",
    "attempts", "connect_timeout", "read_timeout", "min_speed", "limit_rate", "requests_per_second", "header",
    "user_agent", "netrc", "cookies", "proxy", "ca_file", "client_cert", "insecure", "verify_digests",
}  # fmt: skip
FILTERS = {"ext", "min_size", "max_size", "newer_than", "older_than", "max_files", "max_total_size"}
LISTINGS = {"no_recursive", "max_depth", "trust_pages", "listers", "check", "last"}
DELETION = {"delete", "max_delete", "ignore_errors", "delete_excluded", "trash"}
ACCOUNTS = {"summary", "changes", "metrics", "log_file", "on_change", "on_failure", "on_end", "report"}
USED: dict[str, set[str]] = {
    "--input-file": ANYWHERE | REQUESTS | FILTERS | ACCOUNTS | {"trash", "snapshots", "moved", "dry_run"},
    "--list": (ANYWHERE - {"fsync"}) | REQUESTS | FILTERS | LISTINGS,
    "--verify": ANYWHERE | REQUESTS | ACCOUNTS,
    "--explain": ANYWHERE | REQUESTS | FILTERS | LISTINGS | DELETION | {"snapshots", "moved", "dry_run"},
    **dict.fromkeys(
        ("--history", "--list-snapshots", "--rollback"), ANYWHERE | REQUESTS | LISTINGS | {"moved", "report"}
    ),  # those of requests are often in a variable of a script, for all its calls
}
"""Mode → the options that have an effect in it, or do no harm. A new option is added here, or to NOT_IN_MODES."""


@pytest.mark.parametrize("mode", NOT_IN_MODES)
def test_every_mode_says_of_every_option_whether_it_is_used(mode: str) -> None:
    assert USED[mode] | NOT_IN_MODES[mode].keys() >= option_fields().keys()
    assert USED[mode] & NOT_IN_MODES[mode].keys() == set()
