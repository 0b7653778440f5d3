"""Decides what to report about the filters of a run, by its facts, and whether to report it now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from crawler.model.config import Config
from crawler.model.options.names.spelling import nearest
from crawler.model.options.rules import Rule
from crawler.model.reasons import Reason
from crawler.model.struct import Value
from crawler.pipeline.filter_effects.facts import Facts, Kind, Use
from crawler.pipeline.filter_effects.proposals import Proposal, Trial, best
from crawler.pipeline.rules.filters import compiled_rule
from crawler.text.escape import printable
from crawler.text.units import render_size

_EXTENSIONS_NAMED = 5
_WILDCARD = re.compile(r"[*?\[]")
_NUMBER = re.compile(r"\d+")
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_LONGEST_IN_DAYS = 366
"""Up to this many seconds, an age may be a number of days that lacks its unit."""
_BY_NAME = (Reason.EXTENSION, Reason.NOT_INCLUDED)
_BY_AGE = frozenset({Reason.TOO_OLD, Reason.TOO_NEW})
"""Reasons that hold for a time: without a new release, --newer-than 7d refuses all files of a site."""


class Finding(Value, frozen=True):
    """A filter that decided nothing, or refused everything."""

    option: str
    """The filter as on the command line."""
    text: str
    is_mistake: bool
    """Whether this is probably a mistake, which the user has to correct; if not, the site may simply have nothing to
    keep, or to refuse, at present."""

    @property
    def key(self) -> str:
        """What later runs recognise by that this was reported; a note is no report of a mistake."""
        return self.option if self.is_mistake else f"{self.option}?"


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
    what = "directory" if use.kind is Kind.DIRECTORIES else "file"
    text = f"no {what} matched {use.option}"
    if proposal := best(use.proposals):
        is_mistake = proposal.has_matched or _leaves_nothing(use, facts)
        return Finding(use.option, f"{text}: {_proposed(proposal, use)}", is_mistake)
    if use.near:
        return Finding(use.option, f"{text}: case matters, and there is {printable(use.near)}", True)
    advice = _shut_out(use, facts) or _advice(use, facts)
    is_answered = any(sign in advice for sign in ("did you mean", "whole name", "another directory"))
    return Finding(use.option, text + advice, is_answered or _leaves_nothing(use, facts))


def _shut_out(use: Use, facts: Facts) -> str:
    """The directory whose files a filter is about, and why it was not entered; "" if there is none."""
    above = use.pattern.strip("/").rpartition("/")[0]
    if facts.is_flat and use.kind in {Kind.INCLUDE, Kind.EXCLUDE} and above and not above.startswith(("re:", "**")):
        return ": directories are not entered (--no-recursive)"
    shut = next(((path, option) for path, option in facts.shut.items() if use.is_shut_out(path)), None)
    return f": {printable(shut[0])}/ is not entered ({shut[1]})" if shut else ""


def _leaves_nothing(use: Use, facts: Facts) -> bool:
    """Whether nothing is left because of a filter that selects files."""
    is_selecting = use.kind in {Kind.EXTENSION, Kind.INCLUDE}
    return is_selecting and not facts.kept and _BY_AGE.isdisjoint(facts.refused)


def _proposed(proposal: Proposal, use: Use) -> str:
    """What is wrong with a pattern, and what to write instead, if that matches anything."""
    if not proposal.has_matched:
        return proposal.why
    why = proposal.why or _kind_of(proposal.trials[0])
    rules = [trial.written for trial in proposal.trials]
    pattern, is_as_given = printable(rules[0].pattern), use.option.startswith(f"--{_key(rules[0])}")
    if len(rules) == 1 and is_as_given and "'" not in pattern:
        return f"{why}: write '{pattern}'"
    from crawler.model.options.names.places import Place, rendered

    return f"{why}: write " + " ".join(
        rendered(_key(rule), [printable(rule.pattern)], Place.COMMAND_LINE) for rule in rules
    )


def _key(rule: Rule) -> str:
    return "include" if rule.include else "exclude"


def _kind_of(trial: Trial) -> str:
    """What the pattern of ``trial`` matches, which is not of the kind that it was written for."""
    return f"{printable(trial.file)} is a file" if trial.file else f"{printable(trial.directory)} is a directory"


def _extensions(facts: Facts) -> list[str]:
    """The extensions of the files that were listed, the most frequent ones first."""
    return [extension for extension, _ in Counter(filter(None, map(_extension, facts.names))).most_common()]


def _advice(use: Use, facts: Facts) -> str:
    """A suggestion about a filter by name that matched nothing: what it may mean, or which names there are."""
    if use.kind is Kind.DIRECTORIES:
        near = _misspelt(use.pattern.rstrip("/"), facts.directories)
        return f": did you mean {printable(near)}/?" if near else ""
    extensions = _extensions(facts)
    if use.kind is Kind.EXTENSION:
        if (plain := use.pattern.strip("{}()[]*.")) != use.pattern and plain in extensions:
            return f": did you mean {printable(plain)}?"
        near = _misspelt(use.pattern, extensions)
        some = [*map(printable, extensions[:_EXTENSIONS_NAMED]), *["..."] * (len(extensions) > _EXTENSIONS_NAMED)]
        named = ", ".join(some) or "none"
        return f": did you mean {printable(near)}?" if near else f": the extensions listed are {named}"
    if use.pattern.startswith("re:") or (use.kind is Kind.EXCLUDE and "/" in use.pattern):
        return _example(use, facts)
    name = use.pattern.rpartition("/")[2]
    if not _WILDCARD.search(name):
        if name in facts.names:
            return f": {printable(name)} is in another directory, and a pattern without / matches it in each"
        if any(name in each for each in facts.names):
            return f": a pattern must match the whole name; '*{printable(name)}*' for a part of it"
        near = _misspelt(name, facts.names)
        return f": did you mean {printable(near)}?" if near else _example(use, facts)
    stem, dot, extension = name.rpartition(".")
    is_unknown = dot and not _WILDCARD.search(extension) and extension not in extensions
    near = _misspelt(extension, extensions) if is_unknown else ""
    meant = Rule(True, f"{stem}.{near}")
    if near and any(map(compiled_rule(meant).matches, facts.names)):
        return f": did you mean {printable(meant.pattern)}?"
    return _example(use, facts)


def _misspelt(word: str, known: Iterable[str]) -> str:
    """The word of ``known`` of which ``word`` may be a misspelling; "" if none is.

    One that differs in its numbers alone is another version, not a misspelling.
    """
    plain = _NUMBER.sub("", word)
    return next((each for each in nearest(word, known) if each != word and _NUMBER.sub("", each) != plain), "")


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
    """The texts about ``found``. ``before``: the keys of what earlier runs have reported.

    A mistake is a warning the first time, so that cron mails it once, and then a note. Anything else is a note once.
    """
    new = [finding for finding in found if finding.key not in before]
    return Said(
        tuple(finding.text for finding in new if finding.is_mistake),
        tuple(finding.text for finding in found if finding.is_mistake == (finding.key in before)),
    )
