"""Checks for option values that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from crawler.model.errors import ConfigError, Problems
from crawler.model.options.option import COMMAND_LINE, location_of

TOGETHER = (
    "min_size", "max_size", "newer_than", "older_than",
    "delete", "delete_excluded", "ignore_errors", "names", "processes", "snapshots", "fallback",
)  # fmt: skip
"""Keys of the options that ``check_together`` examines."""

NOT_IN_LISTS: Mapping[str, str] = {
    **dict.fromkeys(("no_recursive", "max_depth", "listers"), "a list has no directories to enter"),
    **dict.fromkeys(
        ("delete", "max_delete", "ignore_errors", "delete_excluded"), "only a listing shows what is gone upstream"
    ),
    "trust_pages": "a list has no listings",
    "fallback": "a list names the URLs of its files itself",
    "check": "each file is requested, on condition that it has changed",
    "last": "files are saved in the order of the list",
}
"""Option without a meaning for a list of URLs → why."""

_DELETION = ("delete", "max_delete", "ignore_errors", "delete_excluded", "trash")
_FILTERS = ("ext", "rules", "min_size", "max_size", "newer_than", "older_than", "max_files", "max_total_size")
_OF_MIRRORS = {"fallback": "it is for a mirror"}
_WALK = ("no_recursive", "max_depth", "listers", "trust_pages", "check", "last", "moved")
_ACCOUNTS = ("summary", "changes", "metrics", "log_file", "on_change", "on_failure", "on_end")
_WITHOUT_RUN: Mapping[str, str] = {
    **_OF_MIRRORS,
    **dict.fromkeys((*_DELETION, *_FILTERS, *_ACCOUNTS, "dry_run", "snapshots"), "it has no effect there"),
}

NOT_IN_MODES: Mapping[str, Mapping[str, str]] = {
    "--input-file": NOT_IN_LISTS,
    "--list": {
        **_OF_MIRRORS,
        **dict.fromkeys((*_DELETION, "dry_run", "snapshots", "moved", "fsync"), "it changes nothing"),
        **dict.fromkeys((*_ACCOUNTS, "report"), "it prints a listing and keeps no account"),
    },
    "--verify": {
        **_OF_MIRRORS,
        **dict.fromkeys(_FILTERS, "every file that the state knows is verified"),
        **dict.fromkeys((*_WALK, "snapshots"), "it reads no listing"),
        "dry_run": "without --repair it changes nothing, and says which files differ",
        **dict.fromkeys(_DELETION, "it deletes nothing"),
    },
    "--explain": {**_OF_MIRRORS, **dict.fromkeys((*_ACCOUNTS, "report"), "it saves nothing and keeps no account")},
    **dict.fromkeys(("--history", "--list-snapshots", "--rollback"), _WITHOUT_RUN),
}
"""Mode → option that has no effect in it → why."""


ONLY_WITH: Mapping[str, str] = {
    **dict.fromkeys(("delete_excluded", "ignore_errors", "max_delete"), "delete"),
    "cluster_insecure": "cluster",
}
"""Option → the one without which it has no effect."""


OVERRULED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("max_depth", "listers"), ("no_recursive", "only one listing is read")),
    "ca_file": ("insecure", "no certificate is checked"),
}
"""Option → the one beside which it has no effect, and why."""


def lonely(own: Collection[str], values: Mapping[str, object], where: str) -> Iterator[str]:
    """What is wrong with the options ``own``, written at one place, that lack another one among ``values``.

    For a limit such as max_delete that is written elsewhere, as for all mirrors of a file, nothing is wrong. So it is
    with an option beside which others of ``own`` have no effect.
    """
    for key, other in ONLY_WITH.items():
        if key in own and not values.get(other):
            yield f"{location_of(where, key)} has no effect without {location_of(where, other).rpartition(': ')[2]}"
    for key, (other, why) in OVERRULED.items():
        if key in own and other in own and values.get(other):
            other = location_of(where, other).rpartition(": ")[2]
            yield f"{location_of(where, key)} has no effect beside {other}: {why}"


def without_effect(mode: str, given: Mapping[str, object], *, has_file: bool = False) -> Iterator[str]:
    """Name each of the options ``given`` (by key) that would silently have no effect in ``mode``, with the reason.

    ``has_file``: the mode applies to the mirrors of a file, where the options may be that these need.
    """
    refused = NOT_IN_MODES.get(mode, {})
    accepted = {key: value for key, value in given.items() if key not in refused and key not in ONLY_WITH}
    yield from lonely(accepted, accepted, COMMAND_LINE)
    for key in given:
        option = "--include" if key == "rules" else "--" + key.replace("_", "-")
        if key in refused:
            yield f"{option} cannot be combined with {mode}: {refused[key]}"
        elif key in ONLY_WITH and not has_file and not given.get(ONLY_WITH[key]):
            yield f"{option} has no effect without --{ONLY_WITH[key]}"
        elif key == "format" and mode in _OF_TEXT:
            yield f"--format cannot be combined with {mode}: it prints text"
        elif key == "format" and mode not in {*_FORMATTED, "--config"} and not given.get("dry_run"):
            others = f"--dry-run with {mode}" if mode else f"--dry-run, {' or '.join(_FORMATTED)}"
            yield f"--format has no effect without {others}"


_FORMATTED = ("--list", "--list-snapshots")
"""The modes whose output --format is for, besides that of --dry-run."""
_OF_TEXT = frozenset({"--explain", "--history", "--rollback", "--verify"})
"""The modes that print text, whatever else is given."""
_DISORDER = ", so that no file matches both: exchange their values?"


def order_of_ages(newer: object, older: object, now: datetime | None = None) -> bool | None:
    """Whether a file can be as new as --newer-than asks and as old as --older-than does, or None if ``now`` decides.

    An age counts back from ``now``, a date does not.
    """
    if isinstance(newer, timedelta) and isinstance(older, timedelta):
        return newer >= older
    if isinstance(newer, datetime) and isinstance(older, datetime):
        return newer <= older
    if now is not None and isinstance(newer, datetime) and isinstance(older, timedelta):
        return now - newer >= older
    if now is not None and isinstance(newer, timedelta) and isinstance(older, datetime):
        return newer >= now - older
    return None


def refuse_ages(newer: object, older: object, now: datetime) -> None:
    """Raise ConfigError for an age and a date between which there is no time ``now``.

    Two ages, or two dates, contradict each other at any time, which ``check_together`` finds.
    """
    if order_of_ages(newer, older, now) is False:
        raise ConfigError(f"--newer-than is later than --older-than{_DISORDER}")


def check_together(values: Mapping[str, object], where: str) -> None:
    """Raise ConfigError, which names ``where`` and the option, if ``values`` (option by key) contradict each other."""
    problems = Problems()
    problems.add(message for _, message in contradictions(values, where))
    problems.raise_any()


def contradictions(
    values: Mapping[str, object], where: str, given: Collection[str] = ()
) -> Iterator[tuple[tuple[str, str], str]]:
    """The pairs of ``values`` (option by key) that contradict each other, each with a message.

    The message names ``where`` for a key of a file. ``given``: the keys that the command line has set instead.
    """

    def said(first: str, words: str, second: str) -> tuple[tuple[str, str], str]:
        return (first, second), f"{_named(first, where, given)} {words} {_beside(second, first, values, where, given)}"

    least, most = values.get("min_size"), values.get("max_size")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield said("min_size", "is larger than", "max_size")
    if order_of_ages(values.get("newer_than"), values.get("older_than")) is False:
        keys, message = said("newer_than", "is later than", "older_than")
        yield keys, message + _DISORDER
    for key in ("delete_excluded", "ignore_errors"):
        if values.get(key) and not values.get("delete"):
            yield said(key, "has no effect without", "delete")
    if values.get("fallback") and values.get("processes", 1) != 1:
        yield said("fallback", "cannot be combined with", "processes")
    others = [key for key, alone in (("processes", 1), ("snapshots", None)) if values.get(key, alone) != alone]
    if values.get("names") == "windows" and others:
        yield said("names", "windows cannot be combined with", others[0])


def _named(key: str, where: str, given: Collection[str]) -> str:
    """The name of an option: ``--max-size`` if it is among ``given``, else ``mirrors.toml: mirror 1: max_size``."""
    return location_of(COMMAND_LINE if key in given else where, key)


def _beside(key: str, first: str, values: Mapping[str, object], where: str, given: Collection[str]) -> str:
    """The name of the option ``key`` in a message that begins with that of ``first``."""
    if key in given or (first in given and not values.get(key)):
        return location_of(COMMAND_LINE, key)
    if first in given:
        return f"{key} of {where}" if where != COMMAND_LINE else location_of(where, key)
    return location_of(where, key).rpartition(": ")[2]
