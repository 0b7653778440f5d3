"""Checks for option values that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.model.errors import Problems
from crawler.model.options.option import location_of

TOGETHER = (
    "min_size", "max_size", "delete", "delete_excluded", "ignore_errors", "names", "processes", "snapshots", "fallback",
)  # fmt: skip
"""Keys of the options that ``check_together`` examines."""

NOT_IN_LISTS: Mapping[str, str] = {
    **dict.fromkeys(("no_recursive", "max_depth", "listers"), "a list has no directories to enter"),
    **dict.fromkeys(
        ("delete", "max_delete", "ignore_errors", "delete_excluded"), "only a listing shows what is gone upstream"
    ),
    "fallback": "a list names the URLs of its files itself",
    "check": "each file is requested, on condition that it has changed",
    "last": "files are saved in the order of the list",
}
"""Option without a meaning for a list of URLs → why."""

_DELETION = ("delete", "max_delete", "ignore_errors", "delete_excluded", "trash")
_FILTERS = ("ext", "rules", "min_size", "max_size", "newer_than", "older_than", "max_files", "max_total_size")
_ACCOUNTS = ("summary", "changes", "metrics", "log_file", "on_change", "on_failure", "on_end")

NOT_IN_MODES: Mapping[str, Mapping[str, str]] = {
    "--input-file": NOT_IN_LISTS,
    "--list": {
        **dict.fromkeys((*_DELETION, "dry_run", "snapshots", "moved", "fsync"), "it changes nothing"),
        **dict.fromkeys((*_ACCOUNTS, "report"), "it prints a listing and keeps no account"),
    },
    "--verify": {
        "dry_run": "without --repair it changes nothing, and says which files differ",
        **dict.fromkeys(_DELETION, "it deletes nothing"),
    },
    "--explain": dict.fromkeys(_ACCOUNTS, "it saves nothing and keeps no account"),
    **dict.fromkeys(
        ("--history", "--list-snapshots", "--rollback"),
        dict.fromkeys((*_DELETION, *_FILTERS, *_ACCOUNTS, "dry_run"), "it has no effect there"),
    ),
}
"""Mode → option that has no effect in it → why."""


def without_effect(mode: str, given: Mapping[str, object]) -> Iterator[str]:
    """Name each of the options ``given`` (by key) that would silently have no effect in ``mode``, with the reason."""
    refused = NOT_IN_MODES.get(mode, {})
    for key in given:
        option = "--include" if key == "rules" else "--" + key.replace("_", "-")
        if key in refused:
            yield f"{option} cannot be combined with {mode}: {refused[key]}"
        elif key == "format" and mode not in {"--list", "--list-snapshots", "--config"} and not given.get("dry_run"):
            yield f"--format has no effect without --dry-run{f' with {mode}' if mode else ''}"


def check_together(values: Mapping[str, object], where: str) -> None:
    """Raise ConfigError, which names ``where`` and the option, if ``values`` (option by key) contradict each other."""
    problems = Problems()
    problems.add(_contradictions(values, where))
    problems.raise_any()


def _contradictions(values: Mapping[str, object], where: str) -> Iterator[str]:
    least, most = values.get("min_size"), values.get("max_size")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        maximum = location_of(where, "max_size").rpartition(": ")[2]
        yield f"{location_of(where, 'min_size')} is larger than {maximum}"
    for key in ("delete_excluded", "ignore_errors"):
        if values.get(key) and not values.get("delete"):
            other = location_of(where, "delete").rpartition(": ")[2]
            yield f"{location_of(where, key)} has no effect without {other}"
    if values.get("fallback") and values.get("processes", 1) != 1:
        other = location_of(where, "processes").rpartition(": ")[2]
        yield f"{location_of(where, 'fallback')} cannot be combined with {other}"
    others = [key for key, alone in (("processes", 1), ("snapshots", None)) if values.get(key, alone) != alone]
    if values.get("names") == "windows" and others:
        other = location_of(where, others[0]).rpartition(": ")[2]
        yield f"{location_of(where, 'names')} windows cannot be combined with {other}"
