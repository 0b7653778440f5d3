"""The sequences of runs of a soak."""

from __future__ import annotations

import signal

from tests.e2e.soak.checks import Wrong, equal
from tests.e2e.soak.server import Plan
from tests.e2e.soak.soak import Row, Soak, Step


def whole(work: Soak, plan: Plan) -> None:
    """Complete the mirror despite all faults, then three days of changes upstream."""
    work.run(Step(name="a tenth, elsewhere", below="s0", verdicts=False))
    share = plan.files // 10
    work.run(Step(name="first", blow=signal.SIGKILL, after=share))
    work.run(Step(name="first, again", blow=signal.SIGTERM, after=2 * share))
    work.run(Step(name="first, again", blow=signal.SIGKILL, after=2 * share))
    work.run(Step(name="first, to its end"))
    work.run(Step(name="what had failed", verdicts=False))
    work.verify()
    work.advance()
    work.run(Step(name="day 1", blow=signal.SIGKILL, after=plan.directories // 2))
    work.run(Step(name="day 1, again"))
    work.run(Step(name="day 1, the rest", verdicts=False))
    work.advance()
    work.run(Step(name="day 2, --delete", delete=True))
    work.run(Step(name="the same, --ignore-errors", delete=True, ignore_errors=True))
    work.run(Step(name="day 2, the rest", delete=True, verdicts=False))
    work.advance()
    work.run(Step(name="day 3, --delete", delete=True, verdicts=False, blow=signal.SIGKILL))
    _until_nothing_is_new(work)


def brief(work: Soak, plan: Plan) -> None:
    """A kill, a run with failures and a day with deletions; with a small tree it takes seconds."""
    work.run(Step(name="first", blow=signal.SIGKILL, after=plan.files // 2))
    work.run(Step(name="first, to its end"))
    work.advance()
    work.run(Step(name="day 1, --delete --ignore-errors", delete=True, ignore_errors=True))
    _until_nothing_is_new(work)


def _until_nothing_is_new(work: Soak) -> None:
    work.run(Step(name="the rest", delete=True, verdicts=False))
    unchanged_is_cheap(work.run(Step(name="nothing new", delete=True, verdicts=False)), len(work.tree.directories))
    work.verify()


def unchanged_is_cheap(row: Row, directories: int) -> None:
    """Check that a run over an unchanged tree costs one request per directory and one per fault, but none for files."""
    equal("saved", row.summary["saved"], 0)
    equal("requests for files", row.log.files, 0)
    most = directories + row.log.listing_faults + directories // 100
    if not directories <= row.log.listings <= most:
        raise Wrong(f"{row.log.listings:,} requests for {directories:,} listings and {row.log.listing_faults:,} faults")
