"""Finds how many requests a host may have in flight. Pure functions of the state and a sample give the next state.

``meter`` takes the samples, ``gate`` enforces the limit. The stages:

    ┌─────────┐ throughput grows: twice as many, or half way to ``beyond``
    │ Growing │◄─────────────────── a refusal, in any stage: half of what was in flight
    └────┬────┘ a clear loss, or at the top
    ┌────▼────┐
    │ Holding │◄──────────────────────┐ nothing better: ``patience`` is doubled
    └────┬────┘ after ``patience``    │
    ┌────▼────┐ clear result  ┌───────┴───────┐
    │  Trial  ├──────────────►│ judge: better?├──► the next trial, from the better limit
    └────┬────┘               └───────▲───────┘
    ┌────▼────┐                       │
    │ Recheck ├───────────────────────┘
    └─────────┘

An unknown host gets START requests at once. Only if they take longer than the first ones did, growth begins with fewer,
as TCP's slow start does. A refusal halves the limit (RFC 5681), once per burst. A trial measures ``base``, another
limit, and in doubt ``base`` again, so that a change of the host itself is not mistaken for an effect of the limit.
After each change of the limit one window is discarded (``settling``): requests of the old limit still end in it.
"""

from __future__ import annotations

from crawler.http.pacing.refusals import Refusals
from crawler.http.pacing.search_stages import Growing, Holding, Recheck, Stage, Trial
from crawler.http.pacing.window import Sample
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import Value, field, replace

START = 20
"""Initial limit for an unknown host, unless the ceiling is lower."""
CAREFUL = 6
"""Limit from which growth begins if the initial one may be too high: as many requests as browsers have in flight."""
CROWDED = 2.0
"""The initial limit may be too high if requests take this many times as long as those before it was reached."""
WORTHWHILE = 0.25
"""A higher limit is worthwhile if throughput grows by at least this share of the growth of the limit."""
PROPORTIONAL = 0.6
"""If a lower limit loses throughput by more than this share of its decrease, no limit in between is tried."""
MIN_USE = 0.75
"""Share of the limit that must have been in use on average for a sample to mean something."""
ERROR_RATIO = 8
"""At least two errors, and one in this many requests, mean overload: errors of an overload come in clusters."""
TRIAL_ROUNDS = 3
"""Requests in a window, as a multiple of the limit, except while growing."""
GROW_SECONDS, WINDOW_SECONDS = 0.5, 2.0
"""Maximum length of a window in seconds while the limit grows, and otherwise: large bodies take too long to end."""
PATIENCE, MAX_PATIENCE = 16, 256
"""Initial and maximum number of windows until the next trial; doubled if a search finds nothing, or by a refusal."""
CLEAR_MARGIN = 0.2
"""A throughput that differs by more than this from the required one needs no recheck."""

REFUSED = "the host refused more requests"
FAILURES = "more requests caused resets and timeouts"
FASTER = "faster than with fewer"
FEWER = "as fast as with more"


class ConcurrencyLimit(Value, frozen=True, kw_only=True):
    """The state of the search for the best limit of one host."""

    limit: int
    """Maximum number of requests in flight now."""
    ceiling: int
    base: int
    """The best limit known; during a trial another limit is in force."""
    beyond: int | None = None
    """The smallest limit known to be too high; None if none is."""
    stage: Stage = field(default_factory=Growing)
    settling: bool = False
    """Whether the current window is to be discarded."""
    refusals: Refusals = field(default_factory=Refusals)
    start: int = START
    """The limit of an unknown host; growth begins there when the ceiling is raised."""
    patience: int = PATIENCE
    reason: str = ""
    """Why ``base`` has its value; "" if nothing has been learnt."""

    @property
    def requests(self) -> int:
        """Number of requests that must end before the window is closed."""
        return self.limit if self._is_short else TRIAL_ROUNDS * self.limit

    @property
    def seconds(self) -> float:
        """Seconds after which the window is closed in any case, if bytes have arrived."""
        return GROW_SECONDS if self._is_short else WINDOW_SECONDS

    @property
    def _is_short(self) -> bool:
        return self.settling or isinstance(self.stage, Growing)

    @property
    def learnt(self) -> HostLimits:
        return HostLimits(limit=self.base, beyond=self.beyond)

    def ahead(self, *, free: int, idle: int, requests: int) -> int:
        """The number of connections to open before there are requests for them, if ``requests`` more will follow.

        ``free`` more connections may be used, and ``idle`` of them are open; those in use will be free by then. A host
        that is known to refuse connections, or to be no faster with more, gets none that may turn out to be useless.
        """
        expected = 0 if self.beyond is not None else requests - max(0, self.limit - free)
        return max(0, min(free, expected) - idle)


def initial(ceiling: int, known: HostLimits | None = None, start: int = START) -> ConcurrencyLimit:
    """The state of a host at the start of a run; ``known`` is what an earlier run learnt. Numbers are at least 1."""
    limit = min(start if known is None else known.limit, ceiling)
    found = known is not None and known.beyond is not None and limit == known.limit
    if known is None or (limit < ceiling and not found):
        # A worker process starts with its share, and has read no page whose time its files could be compared with.
        stage = Growing(is_first=known is None and start == START)
        return ConcurrencyLimit(limit=limit, ceiling=ceiling, base=limit, start=start, stage=stage)
    beyond = known.beyond if found else None
    return ConcurrencyLimit(limit=limit, ceiling=ceiling, base=limit, start=start, beyond=beyond, stage=Holding())


def with_ceiling(state: ConcurrencyLimit, ceiling: int) -> ConcurrencyLimit:
    """The state with another ceiling, at least 1: a lower one applies at once, a higher one is approached by growth."""
    base, stage = min(state.base, ceiling), Growing() if isinstance(state.stage, Growing) else Holding()
    if ceiling > state.ceiling == state.base:
        base, stage = max(base, min(state.start, ceiling)), Growing()
    refusals = state.refusals.at_another_limit()
    return replace(state, limit=base, base=base, ceiling=ceiling, stage=stage, settling=True, refusals=refusals)


def most_open(state: ConcurrencyLimit) -> int:
    """How many connections may be open, idle ones included: a trial of a lower limit leaves those of ``base`` open."""
    return max(state.limit, state.base)


def disturbed(state: ConcurrencyLimit) -> ConcurrencyLimit:
    """The state after something other than the limit, such as a pause, has changed throughput."""
    stage = replace(state.stage, is_doubtful=False) if isinstance(state.stage, Growing) else state.stage
    return replace(state, stage=stage, settling=True)


def lowered(state: ConcurrencyLimit, accepted: int) -> ConcurrencyLimit:
    """The state after a burst of refusals that spared only ``accepted`` requests, fewer than half of those in flight.

    If it spared none, this may have another reason than their number.
    """
    if not 1 <= accepted < state.limit:
        return state
    beyond = None if state.beyond is None else min(state.beyond, 2 * accepted + 1)
    return replace(state, limit=accepted, base=accepted, beyond=beyond, settling=True)


def overloaded(state: ConcurrencyLimit, in_flight: int, reason: str, ended: int = 0) -> ConcurrencyLimit:
    """The state after a refusal with ``in_flight`` requests, at least two: half as many, then growth to fewer.

    ``ended``: number of requests that have ended since the last sample.
    """
    many = max(2, min(state.limit, in_flight))
    refusals = state.refusals.with_ended(ended, state.limit)
    is_chance = refusals.is_chance(many)
    return replace(
        state,
        limit=many // 2,
        base=many // 2,
        beyond=None if is_chance else many,
        stage=Growing(),
        settling=True,
        refusals=refusals.refused(many),
        patience=state.patience if is_chance else min(2 * state.patience, MAX_PATIENCE),
        reason=reason,
    )


def after(state: ConcurrencyLimit, sample: Sample) -> ConcurrencyLimit:
    """The state after a window in which ``state.limit`` was in force."""
    errors = sample.troubles + sample.refused
    if errors >= 2 and errors * ERROR_RATIO >= sample.requests:
        is_down = sample.requests <= sample.troubles
        if is_down or state.limit == 1 or state.settling:
            return state
        halved = overloaded(state, state.limit, REFUSED if sample.refused else FAILURES)
        return lowered(halved, sample.requests - errors) if sample.refused and _is_first(state) else halved
    if sample.busy < MIN_USE * state.limit * sample.seconds:
        return state if state.limit == state.base else _hold(state)
    if state.settling:
        return replace(state, settling=False)
    state = replace(state, refusals=state.refusals.with_ended(sample.requests, state.limit))
    match state.stage:
        case Growing() as growing:
            return _after_growing(state, growing, sample)
        case Holding() as holding:
            return _after_holding(state, holding, sample)
        case Trial() as trial:
            return _after_trial(state, trial, sample)
        case Recheck(trial=trial, rate=rate):
            return _judge(state, trial, rate, (trial.usual + sample.rate) / 2)


def _is_first(state: ConcurrencyLimit) -> bool:
    """Whether the first window of an unknown host is not over yet."""
    return isinstance(state.stage, Growing) and state.stage.is_first


def _with_limit(state: ConcurrencyLimit, limit: int, stage: Stage) -> ConcurrencyLimit:
    if limit == state.limit:
        return replace(state, stage=stage)
    return replace(state, limit=limit, stage=stage, settling=True, refusals=state.refusals.at_another_limit())


def _hold(state: ConcurrencyLimit, *, search_soon: bool = False) -> ConcurrencyLimit:
    """Hold ``base``; ``search_soon``: only until its throughput is well known."""
    return _with_limit(state, state.base, Holding(windows=state.patience - 1 if search_soon else 0))


def _next_above(state: ConcurrencyLimit) -> int:
    """The next limit to grow to; ``state.limit`` at the top."""
    if state.beyond is None:
        return min(2 * state.limit, state.ceiling)
    return min(state.limit + (state.beyond - state.limit) // 2, 2 * state.limit, state.ceiling)


def _required(limit: int, usual: float, base: int, share: float = WORTHWHILE) -> float:
    """The throughput from which ``limit`` is worthwhile, if ``base`` has the throughput ``usual``."""
    return usual * (1 + share * (limit / base - 1))


def _after_growing(state: ConcurrencyLimit, growing: Growing, sample: Sample) -> ConcurrencyLimit:
    limit, rate = state.limit, sample.rate
    if _is_first(state) and limit > CAREFUL and not sample.is_quick and sample.slowdown > CROWDED:
        fewer = min(CAREFUL, max(1, int(2 * limit / sample.slowdown))) if sample.usual else CAREFUL
        return replace(_with_limit(state, fewer, Growing()), base=fewer)
    if not sample.is_quick and rate < growing.rate * (1 - CLEAR_MARGIN):  # less: new connections were being set up
        return _hold(replace(state, beyond=limit, reason=FEWER), search_soon=True)
    above = _next_above(state)
    is_doubtful = not sample.is_quick and rate < _required(limit, growing.rate, state.base)
    if above == limit and is_doubtful and not growing.is_doubtful:
        return replace(state, stage=replace(growing, is_doubtful=True))
    state = replace(state, base=limit, reason=FASTER if limit > state.base else state.reason)
    if above <= limit:  # below it: a higher ceiling has put ``base`` above ``beyond``
        return _hold(state, search_soon=is_doubtful)
    # Below a limit that was refused, growth continues without checking whether it is worthwhile.
    stage = Growing(rate=rate if state.beyond is None else 0.0)
    return replace(state, limit=above, stage=stage, refusals=state.refusals.at_another_limit())


def _after_holding(state: ConcurrencyLimit, holding: Holding, sample: Sample) -> ConcurrencyLimit:
    windows = holding.windows + 1
    if windows < state.patience:
        return replace(state, stage=Holding(windows=windows))
    if not sample.is_quick:
        return _search(state, sample.rate, max(1, state.base // 4))
    if state.base >= state.ceiling:
        return replace(state, stage=Holding())
    return _search(state, sample.rate, 0)


def _search(state: ConcurrencyLimit, usual: float, step: int) -> ConcurrencyLimit:
    """Begin a trial: ``step`` below ``base``, or above it if ``step`` is 0; ``usual`` is the throughput of ``base``."""
    base, beyond = state.base, state.beyond
    limit = max(1, base - step)
    if limit == base:
        step = 0
        limit = min(base + max(1, (beyond - base if beyond else base) // 2), state.ceiling)
    if limit == base:
        return _give_up_search(state)
    return _with_limit(state, limit, Trial(limit=limit, usual=usual, step=step))


def _give_up_search(state: ConcurrencyLimit) -> ConcurrencyLimit:
    patience = min(2 * state.patience, MAX_PATIENCE)
    return _hold(replace(state, patience=patience, reason=state.reason or FEWER))


def _after_trial(state: ConcurrencyLimit, trial: Trial, sample: Sample) -> ConcurrencyLimit:
    if trial.limit > state.base and sample.is_quick:
        return replace(_raise_base(state, trial), stage=Growing())
    if abs(sample.rate / _required(trial.limit, trial.usual, state.base) - 1) > CLEAR_MARGIN:
        return _judge(state, trial, sample.rate, trial.usual)
    return _with_limit(state, state.base, Recheck(trial=trial, rate=sample.rate))


def _raise_base(state: ConcurrencyLimit, trial: Trial) -> ConcurrencyLimit:
    beyond = state.beyond if state.beyond is not None and state.beyond > trial.limit else None
    return replace(state, base=trial.limit, beyond=beyond, patience=PATIENCE, reason=FASTER)


def _judge(state: ConcurrencyLimit, trial: Trial, rate: float, usual: float) -> ConcurrencyLimit:
    """The state after a trial with the throughput ``rate``, if ``base`` has the throughput ``usual``."""
    limit, base = trial.limit, state.base
    is_below = limit < base
    if rate >= _required(limit, usual, base):
        if is_below:
            return _search(replace(state, base=limit, beyond=base, reason=FEWER), rate, trial.step)
        return _search(_raise_base(state, trial), rate, 0)
    if is_below:
        is_proportional = rate < _required(limit, usual, base, PROPORTIONAL)
        return _search(state, usual, 0 if is_proportional else trial.step // 2)
    state = replace(state, beyond=limit)
    return _give_up_search(state) if limit == base + 1 else _search(state, usual, 0)
