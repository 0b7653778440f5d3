"""``make test-random``: every property test with examples other than those of CI, and many more of them.

Also the pytest plugin for this: ``pytest -p tests.new_seeds -m hypothesis --hypothesis-seed=SEED``. Neither
examples kept from earlier runs nor ``derandomize`` are used, so that the seed alone repeats a failure.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time

import pytest
from hypothesis import settings

from tests.support.examples import change_settings

TIMES = 10
"""Factor for the number of examples of each test."""
TIMEOUT = 3_600
"""Seconds that a test may take."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --times."""
    parser.addoption("--times", type=int, default=TIMES, help="multiply the examples of each property test by this")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each property test more examples, and new ones."""
    times = config.getoption("--times")

    def change(had: settings) -> settings:
        return settings(had, max_examples=had.max_examples * times, derandomize=False, database=None)

    change_settings(items, change)


def run(seed: int, arguments: list[str]) -> int:
    """One round of all property tests. Returns the exit code of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.new_seeds", "-m", "hypothesis and not heavy"]
    command += [f"--hypothesis-seed={seed}", f"--timeout={TIMEOUT}", *arguments]
    print(f"test-random: SEED={seed}", flush=True)
    code = subprocess.run(command, check=False).returncode
    if code:
        print(f"test-random: failed; again with: make test-random SEED={seed}", flush=True)
    return code


def main() -> int:
    """Run rounds with new seeds until the time is up or a round fails; with a given seed, run one round."""
    parser = argparse.ArgumentParser(prog="make test-random", description=__doc__)
    parser.add_argument("--seed", default="", help="of a run that failed")
    parser.add_argument("--minutes", type=float, default=0, help="begin new rounds for so long")
    chosen, arguments = parser.parse_known_args()
    if chosen.seed:
        return run(int(chosen.seed), arguments)
    end = time.monotonic() + 60 * chosen.minutes
    while True:
        code = run(secrets.randbelow(1 << 32), arguments)
        if code or time.monotonic() >= end:
            return code


if __name__ == "__main__":
    sys.exit(main())
