"""How many requests a host gets at once: what was observed → the next limit. Who counts is ``gate``; no clock here.

Growth begins as TCP's slow start does: doubled each round for as long as throughput grows. What the host refuses
halves it (RFC 5681: half of what was in flight), once for each burst. Between the two a search by trials: the rate
before, with another limit, and before again, so that what changes by itself is not mistaken for an effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from crawler.http.pacing.sample import Sample
from crawler.model.state.host_limits import HostLimits

START = 6
"""Requests at once to a host of which nothing is known: as many as a browser opens."""
WORTH = 0.25
"""A limit is worth having if this share of what it adds in requests comes out as throughput."""
PROPORTIONAL = 0.6
"""Where fewer requests lose such a share of what they are fewer, nothing is to be found in between."""
USED = 0.75
"""Share of the limit that must have been in use, on average, for a window to say something about it."""
TROUBLE = 8
"""Two failures, and one in so many requests, are too many: single ones happen, those of an overload come together."""
ROUNDS = 3
"""A window of a trial holds so many requests for each one of the limit."""
GROW_SECONDS, MOST_SECONDS = 0.5, 2.0
"""Of a window, while the limit grows and later. Where bodies are large it ends by time: a round would take as long as
they do."""
PATIENCE, MOST = 16, 256
"""Windows until the next search: at first and at most. Doubled by each that finds nothing, and by what is refused."""
STEADY = 6
"""So many requests for each one of a limit, none of them refused, prove it: a refusal there may be by chance. …"""
RARE = 16
"""… One in so many for each one of the limit always may, …"""
CHANCES = 3
"""… and so many beside these: with more of them the host can do less than it could."""
CLEAR = 0.2
"""What is so much better or worse than it has to be needs no second look."""


REFUSED = "the host refuses more"
FAILURES = "more lead to resets and time-outs"
FASTER = "faster than with fewer"
FEWER = "as fast as with more"


class Stage(Enum):
    GROW = auto()
    HOLD = auto()
    TRIAL = auto()
    """Another limit than ``base`` is in force, …"""
    AFTER = auto()
    """… and ``base`` again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyLimit:
    """Where the search for the best limit stands."""

    limit: int
    """Requests at once, now."""
    ceiling: int
    base: int
    """The best limit known; another one is in force during a trial."""
    stage: Stage = Stage.GROW
    beyond: int | None = None
    rate: float = 0.0
    """GROW: that of ``base``, 0 if not measured. TRIAL, AFTER: that before the trial."""
    trial: int = 0
    tried: float = 0.0
    """The limit that is tried and, in AFTER, what it brought."""
    step: int = 0
    """How far down the trial goes; 0: it goes up."""
    again: bool = False
    """GROW: at the top, one round has left it in doubt whether that is worth it."""
    settling: bool = False
    """The limit has changed: requests of the old one still end, and this window says nothing."""
    waited: int = 0
    start: int = START
    """What a host of which nothing is known gets; also where growth begins when the ceiling is raised."""
    clear: int = 0
    """Requests that have ended since ``limit`` is in force."""
    proven: int = 0
    """The most requests at once that are proven to be none too many; 0 if none are, or no longer."""
    chances: int = 0
    """Refusals since then that were put down to chance, without those that are RARE enough."""
    patience: int = PATIENCE
    reason: str = ""
    """Why ``base`` is what it is; "" as long as nothing has been learnt."""

    @property
    def requests(self) -> int:
        """How many must end before the window is closed."""
        return self.limit if self.settling or self.stage is Stage.GROW else ROUNDS * self.limit

    @property
    def seconds(self) -> float:
        """After how long it is closed anyway, if bytes have arrived."""
        return GROW_SECONDS if self.settling or self.stage is Stage.GROW else MOST_SECONDS

    @property
    def learnt(self) -> HostLimits:
        return HostLimits(limit=self.base, beyond=self.beyond)


def begun(ceiling: int, known: HostLimits | None = None, start: int = START) -> ConcurrencyLimit:
    """The pace of a host, with what an earlier run has learnt. ``ceiling`` and ``start`` are at least 1."""
    limit = min(start if known is None else known.limit, ceiling)
    found = known is not None and known.beyond is not None and limit == known.limit
    if known is None or (limit < ceiling and not found):
        return ConcurrencyLimit(limit=limit, ceiling=ceiling, base=limit, start=start)
    beyond = known.beyond if found else None
    return ConcurrencyLimit(limit=limit, ceiling=ceiling, base=limit, start=start, beyond=beyond, stage=Stage.HOLD)


def with_ceiling(pace: ConcurrencyLimit, ceiling: int) -> ConcurrencyLimit:
    """Under another ceiling, at least 1: a lower one holds at once, a higher one is grown into."""
    base, stage = min(pace.base, ceiling), pace.stage
    if ceiling > pace.ceiling == pace.base:
        base, stage = max(base, min(pace.start, ceiling)), Stage.GROW
    stage = Stage.GROW if stage is Stage.GROW else Stage.HOLD
    return replace(disturbed(pace), limit=base, base=base, ceiling=ceiling, stage=stage, rate=0.0, waited=0, clear=0)


def disturbed(pace: ConcurrencyLimit) -> ConcurrencyLimit:
    """Something else than the limit decides about throughput for a moment, such as a pause."""
    return replace(pace, again=False, settling=True)


def overloaded(pace: ConcurrencyLimit, in_flight: int, reason: str, ended: int = 0) -> ConcurrencyLimit:
    """The host could not do with ``in_flight`` requests, two or more: half as many, then again up to fewer.

    ``ended``: requests since the last window.
    """
    many = max(2, min(pace.limit, in_flight))
    pace = _cleared(pace, ended)
    by_chance = many <= pace.proven and pace.chances < CHANCES
    return replace(
        disturbed(pace),
        limit=many // 2,
        base=many // 2,
        beyond=None if by_chance else many,
        stage=Stage.GROW,
        rate=0.0,
        clear=0,
        proven=pace.proven if by_chance else 0,
        chances=pace.chances + 1 if by_chance else 0,
        patience=pace.patience if by_chance else min(2 * pace.patience, MOST),
        reason=reason,
    )


def after(pace: ConcurrencyLimit, window: Sample) -> ConcurrencyLimit:
    """The pace after a window in which ``pace.limit`` was in force."""
    bad = window.troubles + window.refused
    if bad >= 2 and bad * TROUBLE >= window.requests:
        is_down = window.requests <= window.troubles
        if is_down or pace.limit == 1 or pace.settling:
            return pace
        return overloaded(pace, pace.limit, REFUSED if window.refused else FAILURES)
    if window.busy < USED * pace.limit * window.seconds:
        return pace if pace.limit == pace.base else _to(pace, pace.base, Stage.HOLD)
    if pace.settling:
        return replace(pace, settling=False)
    pace = _cleared(pace, window.requests)
    if pace.stage is Stage.GROW:
        return _grown(pace, window)
    if pace.stage is Stage.HOLD:
        return _held(pace, window)
    if pace.stage is Stage.TRIAL:
        return _tried(pace, window)
    return _judged(pace, pace.tried, (pace.rate + window.rate) / 2)


def _cleared(pace: ConcurrencyLimit, requests: int) -> ConcurrencyLimit:
    """``requests`` more have ended under the limit."""
    clear, rare = pace.clear + requests, RARE * pace.limit
    made_good = clear // rare - pace.clear // rare
    proven = pace.limit if clear >= STEADY * pace.limit else 0
    return replace(pace, clear=clear, proven=max(pace.proven, proven), chances=max(0, pace.chances - made_good))


def _to(pace: ConcurrencyLimit, limit: int, stage: Stage) -> ConcurrencyLimit:
    if limit != pace.limit:
        pace = replace(pace, limit=limit, settling=True, clear=0)
    return replace(pace, stage=stage, waited=0)


def _above(pace: ConcurrencyLimit) -> int:
    """The next limit to grow to: twice as many, or half way to what was too many; ``pace.limit`` at the top."""
    top = pace.ceiling
    if pace.beyond is None:
        return min(2 * pace.limit, top)
    return min(pace.limit + (pace.beyond - pace.limit) // 2, 2 * pace.limit, top)


def _wanted(limit: int, usual: float, base: int, worth: float = WORTH) -> float:
    """The rate from which ``limit`` requests at once are worth having, where ``base`` of them bring ``usual``."""
    return usual * (1 + worth * (limit / base - 1))


def _grown(pace: ConcurrencyLimit, window: Sample) -> ConcurrencyLimit:
    """After a round of ``limit`` requests. It may include new connections being set up, so it proves loss alone."""
    limit, rate = pace.limit, window.rate
    if not window.is_quick and rate < pace.rate * (1 - CLEAR):
        return _impatient(_to(replace(pace, beyond=limit, reason=FEWER), pace.base, Stage.HOLD))
    above = _above(pace)
    in_doubt = not window.is_quick and rate < _wanted(limit, pace.rate, pace.base)
    if above == limit and in_doubt and not pace.again:
        return replace(pace, again=True)
    known = rate if pace.beyond is None else 0.0  # below what was refused, a host is not asked whether it is worth it
    reason = FASTER if limit > pace.base else pace.reason
    settled = replace(pace, base=limit, rate=known, again=False, reason=reason)
    if above > limit:
        return replace(settled, limit=above, clear=0)
    held = _to(settled, limit, Stage.HOLD)
    return _impatient(held) if in_doubt else held


def _impatient(pace: ConcurrencyLimit) -> ConcurrencyLimit:
    """Search as soon as it is known well what ``base`` brings."""
    return replace(pace, waited=pace.patience - 1)


def _held(pace: ConcurrencyLimit, window: Sample) -> ConcurrencyLimit:
    pace = replace(pace, waited=pace.waited + 1)
    if pace.waited < pace.patience:
        return pace
    if not window.is_quick:
        return _searched(pace, window.rate, max(1, pace.base // 4))
    if pace.base >= pace.ceiling:
        return replace(pace, waited=0)
    return _searched(pace, window.rate, 0)


def _searched(pace: ConcurrencyLimit, rate: float, step: int) -> ConcurrencyLimit:
    """Begin the next trial: down by ``step``, or up if that is 0: half way to what was too many, or half as many more.

    ``rate`` is what ``base`` brings.
    """
    base, beyond = pace.base, pace.beyond
    trial = max(1, base - step)
    if trial == base:
        step = 0
        trial = min(base + max(1, (beyond - base if beyond else base) // 2), pace.ceiling)
    if trial == base:
        return _rested(pace)
    return replace(_to(pace, trial, Stage.TRIAL), rate=rate, trial=trial, step=step)


def _rested(pace: ConcurrencyLimit) -> ConcurrencyLimit:
    patience = min(2 * pace.patience, MOST)
    return replace(_to(pace, pace.base, Stage.HOLD), patience=patience, reason=pace.reason or FEWER)


def _tried(pace: ConcurrencyLimit, window: Sample) -> ConcurrencyLimit:
    trial, rate = pace.trial, window.rate
    if trial > pace.base and window.is_quick:
        return replace(_found(pace), stage=Stage.GROW, rate=0.0)
    if abs(rate / _wanted(trial, pace.rate, pace.base) - 1) > CLEAR:
        return _judged(pace, rate, pace.rate)
    return _to(replace(pace, tried=rate), pace.base, Stage.AFTER)


def _found(pace: ConcurrencyLimit) -> ConcurrencyLimit:
    """More than ``base`` are worth having."""
    beyond = pace.beyond if pace.beyond is not None and pace.beyond > pace.trial else None
    return replace(pace, base=pace.trial, beyond=beyond, patience=PATIENCE, reason=FASTER)


def _judged(pace: ConcurrencyLimit, rate: float, usual: float) -> ConcurrencyLimit:
    """What the trial has shown: it brings ``rate``, and ``base`` brings ``usual``."""
    trial, base = pace.trial, pace.base
    if rate >= _wanted(trial, usual, base):
        if trial < base:
            return _searched(replace(pace, base=trial, beyond=base, reason=FEWER), rate, pace.step)
        return _searched(_found(pace), rate, 0)
    if trial < base:
        is_linear = rate < _wanted(trial, usual, base, PROPORTIONAL)
        return _searched(pace, usual, 0 if is_linear else pace.step // 2)
    refused = replace(pace, beyond=trial)
    return _rested(refused) if trial == base + 1 else _searched(refused, usual, 0)
