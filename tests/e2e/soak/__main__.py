"""``python -m tests.e2e.soak``: many files, a server that fails 2 % of all requests, kills, three days of changes."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from crawler.model.options.readers import parse_duration
from tests.e2e.soak import program
from tests.e2e.soak.faults import Fault
from tests.e2e.soak.schedules import whole
from tests.e2e.soak.server import Plan
from tests.e2e.soak.soak import MEGABYTE, Row, Terms, soak

COLUMNS = ("listed", "saved", "unchanged", "failed", "deleted")


def main() -> int:
    options = _options()
    program.environment_is_plain()
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="crawler-soak-", dir=options.directory))
    plan = Plan(files=options.files, directories=options.directories, seed=options.seed, rate=options.rate / 100)
    print(
        f"{plan.files:,} files, {plan.directories:,} directories, {options.rate:g} % of requests fail, seed {plan.seed}"
    )
    terms = Terms(plan=plan, directory=directory, deadline=began + options.limit, say=_say, more=options.more)
    try:
        rows, problem = soak(terms, whole)
    finally:
        if not options.keep:
            shutil.rmtree(directory)
    print(table(rows))
    print(f"{time.monotonic() - began:.0f} s in all, limit {options.limit:.0f} s")
    if problem:
        print(f"WRONG: {problem}")
    return 1 if problem else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--directories", type=int, default=5_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of it: about a minute")
    parser.add_argument("--rate", type=float, default=2.0, help="percent of the requests that fail")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=parse_duration, default=3600.0, help="of all runs together, such as 20m")
    parser.add_argument("--with", dest="more", action="append", default=[], help="an option more: --with=--processes=2")
    parser.add_argument("--directory", help="where to put the mirror")
    parser.add_argument("--keep", action="store_true", help="leave the mirror where it is")
    options = parser.parse_args()
    if options.quick:
        options.files, options.directories = options.files // 10, options.directories // 10
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(rows: Sequence[Row]) -> str:
    """A table of the runs, and the number of faults of each kind."""
    head = ["run", "end", "s", "requests", "faults", *COLUMNS, "peak MB"]
    body = [
        [
            row.name,
            row.end,
            f"{row.seconds:.1f}",
            f"{row.log.requests:,}",
            f"{row.log.faults.total():,}",
            *(f"{row.summary[name]:,}" if row.summary else "" for name in COLUMNS),
            f"{row.peak / MEGABYTE:.0f}",
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    aligned = [str.ljust] * 2 + [str.rjust] * (len(head) - 2)
    lines = [
        "  ".join(align(cell, width) for align, cell, width in zip(aligned, line, widths, strict=True))
        for line in (head, *body)
    ]
    faults = sum((row.log.faults for row in rows), Counter[Fault]())
    counts = ", ".join(f"{fault} {faults[fault]:,}" for fault in Fault)
    return "\n".join([*lines, f"faults: {counts}"])


if __name__ == "__main__":
    sys.exit(main())
