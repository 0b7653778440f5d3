"""The components that all kinds of runs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.model.config import Config, option_fields
from crawler.model.struct import field
from crawler.pipeline.allowance import Allowance
from crawler.pipeline.stop import Stop
from crawler.pipeline.tally import Tally
from crawler.pipeline.tools import Tools
from crawler.pipeline.walk.robots_txt import RobotsTxt

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.model.state.store import StateStore
    from crawler.pipeline.plan.other_mirrors import UrlOf
    from crawler.pipeline.pool import WorkerPool
    from crawler.pipeline.runs.dry_run import DryRun


async def _unknown(_directory: str) -> str | None:
    return None


class Components(Tools, frozen=True, kw_only=True):
    """The components of a run, which ``app`` has built."""

    config: Config
    agent: str
    """The User-Agent header, which the groups of a robots.txt may name."""
    state: StateStore
    tally: Tally
    stop: Stop
    is_mirror: bool = False
    """Whether an earlier run found a listing with entries for DIR."""
    allowance: Allowance = field(default_factory=Allowance)
    url_of: UrlOf = _unknown
    """Looks up the URL that a directory in DIR with a state of its own mirrors, by its path."""
    unwritable: Callable[[str], str] | None = None
    """See ``DryRun``."""
    pool: WorkerPool | None = None
    """The worker processes that fetch; None if there are none."""

    @property
    def dry_run(self) -> DryRun | None:
        """Notes what would be done in a dry run; None in any other run."""
        if self.tally.plan is None:
            return None
        from crawler.pipeline.runs.dry_run import DryRun  # imported only if needed

        return DryRun(self.tally.plan, self.observer, self.unwritable)

    def robots_txt(self) -> RobotsTxt:
        """The reader of the robots.txt of all hosts of a run, which has read none yet."""
        is_new = is_first_contact(self.config, self.state)
        return RobotsTxt(self.client, self.config, self.agent, is_new=is_new)


def is_first_contact(config: Config, state: StateStore) -> bool:
    """Whether nothing is known of the host of URL and --attempts has its default value."""
    return not state.knew_files and config.attempts == option_fields()["attempts"].default
