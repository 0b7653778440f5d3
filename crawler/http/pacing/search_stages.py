"""The stages of the search for the best number of requests in flight (see ``concurrency``)."""

from __future__ import annotations

from typing import TypeAlias

from crawler.model.struct import Value


class Growing(Value, frozen=True, kw_only=True):
    """The limit is raised after each window."""

    rate: float = 0.0
    """Throughput of ``base`` in bytes per second; 0 if not measured."""
    is_doubtful: bool = False
    """True if one window at the highest limit did not show whether it is worthwhile."""
    is_first: bool = False
    """True until the first window of an unknown host is over."""


class Holding(Value, frozen=True, kw_only=True):
    """``base`` is in force until the next trial."""

    windows: int = 0
    """Windows since the last trial."""


class Trial(Value, frozen=True, kw_only=True):
    """``limit`` is in force to be compared with ``base``."""

    limit: int
    usual: float
    """Throughput of ``base`` before the trial, in bytes per second."""
    step: int
    """How far below ``base`` the limit of the trial is; 0 if it is above."""


class Recheck(Value, frozen=True, kw_only=True):
    """``base`` is in force again after a trial whose result is in doubt."""

    trial: Trial
    rate: float
    """Throughput of the trial in bytes per second."""


Stage: TypeAlias = Growing | Holding | Trial | Recheck
