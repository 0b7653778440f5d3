"""Builds what decides on the entries of pages. Imported with the first page that has changed: most runs find none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from crawler.model.config import Config
from crawler.model.interfaces import Destination, Permit
from crawler.model.state.store import StateStore
from crawler.model.struct import Value
from crawler.model.values import Span
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.plan.checksum_files import Checksums
from crawler.pipeline.plan.findings import Findings
from crawler.pipeline.plan.other_mirrors import Neighbours, UrlOf
from crawler.pipeline.plan.planner import Planner
from crawler.pipeline.plan.policy import Holds, Policy
from crawler.pipeline.rules.budgets import Room
from crawler.pipeline.rules.filters import Filters
from crawler.pipeline.tools import Tools
from crawler.pipeline.walk.robots_txt import RobotsTxt
from crawler.pipeline.walk.unchanged_directories import UnchangedDirectories


class Planning(Value, frozen=True):
    """What decides on the entries of pages."""

    planner: Planner
    checksums: Checksums | None
    """None if published checksum files are not consulted."""


def build_planning(
    config: Config,
    url: str,
    tools: Tools,
    state: StateStore,
    filters: Filters,
    findings: Findings,
    *,
    rules: RobotsTxt,
    permit: Permit,
    warn: Callable[[str], None],
    allowance: Allowance,
    room: Room,
    unchanged: UnchangedDirectories,
    url_of: UrlOf,
    holds: Holds,
    has_processes: bool,
) -> Planning:
    """Build the planner of a mirror of ``url``. ``has_processes``: whether files are saved by other processes."""
    destination, checksums = tools.destination, None
    if config.verify_digests:
        checksums = Checksums(tools.client, destination, state, permit, attempts=config.attempts, warn=warn)
    policy = Policy(
        rules=rules,
        allowance=allowance,
        room=room,
        last=config.last,
        check=config.check,
        checksums=checksums,
        make_directories=not config.dry_run,
        unchanged=unchanged,
        neighbours=Neighbours(destination, url_of, lambda: url),
        expect=(lambda _sizes: None) if has_processes else expectation(destination, config, url),
        holds=holds,
    )
    return Planning(Planner(destination, state, tools.observer, filters, policy, findings), checksums)


def expectation(destination: Destination, config: Config, url: str) -> Callable[[Sequence[Span[int] | None]], None]:
    """Build what tells ``destination`` the sizes of new files in a run at ``url``.

    Their bodies arrive in pieces under TLS, at a limited rate, through a proxy (as far as it is given) and in ranges.
    """
    in_bulk = url.startswith("http://") and not (config.limit_rate or config.proxy) and config.segments == 1
    return partial(destination.expect, in_bulk=in_bulk)
