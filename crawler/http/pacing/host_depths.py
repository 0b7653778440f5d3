"""Keeps the pipelining depth of each host, by host name: learnt in this run, or known from earlier ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from crawler.http.lane.pipeline_depth import HostDepth, recalled
from crawler.model.state.host_limits import HostLimits
from crawler.model.struct import replace

_LOG = logging.getLogger("crawler")


class Depths:
    """The depths of all hosts of a process."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostDepth] = {}
        self._known: Mapping[str, HostLimits] = {}

    def add_known(self, known: Mapping[str, HostLimits]) -> None:
        """Add what earlier runs learnt, for hosts that have not been contacted yet."""
        self._known = {**known, **self._known}

    def of(self, name: str) -> HostDepth:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = recalled(self._known.get(name))
        return host

    def change(self, name: str, host: HostDepth, reason: str) -> None:
        """Replace the state of host ``name`` by ``host``; ``reason`` is for the log."""
        before = self._hosts[name]
        self._hosts[name] = host
        if (host.depth, host.is_broken, host.most) != (before.depth, before.is_broken, before.most):
            depth = 1 if host.is_broken else min(host.depth, host.most or host.depth)
            fields = {"url": name, "depth": depth, "before": before.depth, "reason": reason}
            _LOG.info("pipeline", extra={"fields": fields})

    def added_to(self, learnt: Mapping[str, HostLimits], start: int) -> dict[str, HostLimits]:
        """``learnt`` with the depths to remember; ``start`` is the connection limit for a host without a known one."""
        found = dict(learnt)
        for name, host in self._hosts.items():
            limits = found.get(name)
            if limits is None and host.is_news:
                limits = self._known.get(name, HostLimits(limit=start, beyond=None))
            if limits is not None and (host.is_news or not host.is_broken):  # an old failure must expire in time
                found[name] = replace(limits, depth=host.learnt, per_connection=host.per_connection)
        return found
