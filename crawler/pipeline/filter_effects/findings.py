"""Decides what to report about the filters of a run, by its facts, and whether to report it now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from crawler.model.config import Config
from crawler.model.options.names.spelling import nearest
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.pipeline.filter_effects.facts import Facts, Kind, Use
from crawler.pipeline.filter_effects.notations import rewritten
from crawler.text.escape import printable
from crawler.text.units import render_size

_EXTENSIONS_NAMED = 5
_WILDCARD = re.compile(r"[*?\[]")
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_LONGEST_IN_DAYS = 366
"""Up to this many seconds, an age may be a number of days that lacks its unit."""
_BY_NAME = (Reason.EXTENSION, Reason.NOT_INCLUDED)
_BY_AGE = frozenset({Reason.TOO_OLD, Reason.TOO_NEW})
"""Reasons that hold for a time: without a new release, --newer-than 7d refuses all files of a site."""


class Finding(Value, frozen=True):
    """A filter that decided nothing, or refused everything."""

    option: str
    """The filter as on the command line; later runs recognise by it what was reported."""
    text: str
    is_mistake: bool
    """Whether this is probably a mistake, which the user has to correct; if not, the site may simply have nothing to
    keep, or to refuse, at present."""


class _Limit(Value, frozen=True):
    """A filter by size or age."""

    option: str
    reason: str
    beyond: str
    """A property of the refused files, such as the size of the largest; "" if unknown."""
    hint: str
    """What a small value, which may lack its unit, is likely to mean; "" for any other value."""


def findings(facts: Facts, config: Config, idle: Iterable[Use], rules: Sequence[Use]) -> list[Finding]:
    """The findings of a complete run. ``idle``: those of ``rules`` that matched nothing."""
    unused = list(idle)
    if not facts.listed and not facts.pruned:
        return []
    found = [_of_idle(use, facts) for use in unused if facts.listed or use.kind is Kind.DIRECTORIES]
    if facts.kept:
        return found + [_of_idle_limit(limit) for limit in _limits(facts, config) if limit.reason not in facts.refused]
    everything = _of_everything(facts, config, unused, rules)
    return [*found, everything] if everything else found


def _of_idle(use: Use, facts: Facts) -> Finding:
    """The finding about a filter by name that matched nothing."""
    if use.kind is Kind.DIRECTORIES:
        near = nearest(use.pattern.rstrip("/"), facts.directories)
        meant = f": did you mean {printable(near[0])}/?" if near else ""
        return Finding(use.option, f"no directory matched {use.option}{meant}", bool(near))
    text = f"no file matched {use.option}"
    instead = rewritten(use.pattern, is_include=use.kind is Kind.INCLUDE) if use.kind is not Kind.EXTENSION else None
    if instead is not None:
        from crawler.model.options.names.places import Place, rendered

        patterns = [printable(each) for each in instead.patterns]
        write = rendered(use.kind.value, patterns, Place.COMMAND_LINE)
        return Finding(use.option, f"{text}: {instead.why}: write {write}", True)
    if use.directory:
        write = f"{printable(use.pattern)}/" if use.kind is Kind.EXCLUDE else f"{printable(use.pattern)}/**"
        return Finding(use.option, f"{text}: {printable(use.directory)} is a directory: write '{write}'", True)
    if use.shorter:
        write = printable(use.shorter)
        return Finding(use.option, f"{text}: a path is relative to URL: write '{write}'", True)
    if use.near:
        return Finding(use.option, f"{text}: case matters, and there is {printable(use.near)}", True)
    advice = _advice(use, facts)
    is_answered = any(sign in advice for sign in ("did you mean", "whole name", "another directory"))
    leaves_nothing = use.kind is not Kind.EXCLUDE and not facts.kept and _BY_AGE.isdisjoint(facts.refused)
    return Finding(use.option, text + advice, is_answered or leaves_nothing)


def _advice(use: Use, facts: Facts) -> str:
    """A suggestion about a filter by name that matched nothing: what it may mean, or which names there are."""
    extensions = list(dict.fromkeys(filter(None, map(_extension, facts.names))))
    if use.kind is Kind.EXTENSION:
        if (plain := use.pattern.strip("{}*.")) != use.pattern and plain:
            return f": did you mean {printable(plain)}?"
        near = nearest(use.pattern, extensions)
        named = ", ".join(map(printable, extensions[:_EXTENSIONS_NAMED])) or "none"
        return f": did you mean {printable(near[0])}?" if near else f": the extensions listed are {named}"
    if use.pattern.startswith("re:"):
        return _example(use, facts)
    name = use.pattern.rpartition("/")[2]
    if not _WILDCARD.search(name):
        if name in facts.names:
            return f": {printable(name)} is in another directory, and a pattern without / matches it in each"
        if any(name in each for each in facts.names):
            return f": a pattern must match the whole name; '*{printable(name)}*' for a part of it"
        near = nearest(name, facts.names)
        return f": did you mean {printable(near[0])}?" if near else _example(use, facts)
    stem, dot, extension = name.rpartition(".")
    near = nearest(extension, extensions) if dot and not _WILDCARD.search(extension) else []
    if near and near[0] != extension:
        return f": did you mean {printable(f'{stem}.{near[0]}')}?"
    return _example(use, facts)


def _example(use: Use, facts: Facts) -> str:
    """An existing file, as an example for a filter that should match files."""
    first = next(iter(facts.names), "")
    return f": there is, for example, {printable(first)}" if first and use.kind is Kind.INCLUDE else ""


def _extension(name: str) -> str:
    extension = name.rpartition(".")[2]
    return extension if 0 < len(extension) < 12 and extension != name else ""


def _of_idle_limit(limit: _Limit) -> Finding:
    """The finding about a filter by size or age that refused nothing."""
    hint = limit.hint if limit.reason == Reason.TOO_NEW else ""
    return Finding(limit.option, f"{limit.option} refused no file{limit.beyond}{hint}", False)


def _of_everything(facts: Facts, config: Config, idle: Sequence[Use], rules: Sequence[Use]) -> Finding | None:
    """The finding about filters that together refused every file; None if other findings or texts explain it.

    Files may also be refused by robots.txt or because of their links.
    """
    excludes = _excludes(rules, idle)
    if not facts.listed:
        return Finding(f"{excludes}: all", f"{excludes} refused all directories, and no file is beside them", True)
    limits = {limit.reason: limit for limit in _limits(facts, config)}
    options: dict[str, str] = {Reason.EXTENSION: "--ext", Reason.NOT_INCLUDED: "--include", Reason.EXCLUDE: excludes}
    options |= {reason: limit.option for reason, limit in limits.items()}
    if not facts.refused.keys() <= options.keys() or (idle and facts.refused.keys() <= set(_BY_NAME)):
        return None
    refused = " and ".join(options[reason] for reason in facts.refused)
    files = f"all {facts.listed:,} files" if facts.listed > 1 else "the only file"
    more = "".join(limits[reason].beyond + limits[reason].hint for reason in facts.refused if reason in limits)
    may_pass = any(reason in _BY_AGE and not limits[reason].hint for reason in facts.refused)
    return Finding(f"{refused}: all", f"{refused} refused {files}{more}", not may_pass)


def _excludes(rules: Sequence[Use], idle: Sequence[Use]) -> str:
    """The exclude rules that matched something, as one text."""
    unused = {use.option for use in idle}
    used = [use.option for use in rules if use.option.startswith("--exclude") and use.option not in unused]
    return used[0] if len(used) == 1 else "--exclude"


def _limits(facts: Facts, config: Config) -> Iterator[_Limit]:
    """The filters by size and age."""
    smallest, largest = (facts.smallest, "smallest"), (facts.largest, "largest")
    sizes = ("--min-size", Reason.TOO_SMALL, config.min_size), ("--max-size", Reason.TOO_LARGE, config.max_size)
    for key, reason, bound in sizes:
        if bound is not None:
            size, which = largest if (reason in facts.refused) == (reason == Reason.TOO_SMALL) else smallest
            beyond = "" if size is None else f": the {which} has {render_size(size)}"
            hint = "; a number without a unit is bytes" if 0 < bound < 1024 else ""
            yield _Limit(f"{key} {render_size(bound)}", reason, beyond, hint)
    ages = ("--newer-than", Reason.TOO_OLD, config.newer_than), ("--older-than", Reason.TOO_NEW, config.older_than)
    for key, reason, age in ages:
        if age is not None:
            yield _Limit(f"{key} {_age(age)}", reason, "", _days_meant(age, reason, facts))


def _days_meant(age: datetime | timedelta, reason: str, facts: Facts) -> str:
    """A hint if ``age`` may be a number of days that lacks its unit, and days would change what is refused.

    Only a longer --newer-than refuses less, and only a longer --older-than refuses more.
    """
    seconds = age.total_seconds() if isinstance(age, timedelta) else 0
    is_suspect = (reason in facts.refused) == (reason == Reason.TOO_OLD)
    if not is_suspect or not 0 < seconds <= _LONGEST_IN_DAYS or seconds % 1:
        return ""
    units = "m is minutes, and a number" if seconds % 60 == 0 else "a number"
    return f": {units} without a unit is seconds; did you mean {seconds:g}d?"


def _age(age: datetime | timedelta) -> str:
    if isinstance(age, datetime):
        return age.isoformat()
    seconds = age.total_seconds()
    size, unit = next((each for each in _UNITS if seconds % each[0] == 0), (1, "s"))
    return f"{seconds / size:g}{unit}"


class Said(Value, frozen=True):
    """The texts to report after a run."""

    warnings: tuple[str, ...]
    """Warnings, which cron mails, too."""
    notes: tuple[str, ...]
    """Notes, which are printed with the summary only."""


def said(found: Sequence[Finding], before: Collection[str]) -> Said:
    """The texts about ``found``. ``before``: the options about which earlier runs have reported something.

    A mistake is a warning the first time, so that cron mails it once, and then a note. Anything else is a note once.
    """
    new = [finding for finding in found if finding.option not in before]
    return Said(
        tuple(finding.text for finding in new if finding.is_mistake),
        tuple(finding.text for finding in found if finding.is_mistake == (finding.option in before)),
    )
