"""A custom observer: which files took longest, and the time spent on each directory.

python examples/slowest.py https://files.example.org/pub/ pub
"""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import defaultdict

import crawler


class Slowest(crawler.Observer):
    """Keeps the ``count`` slowest transfers, and the seconds per directory. Like every observer, it must be quick."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.slowest: list[tuple[float, str]] = []
        self.directories: dict[str, float] = defaultdict(float)

    def finished(self, result: crawler.Result) -> None:
        if result.outcome is not crawler.Outcome.SAVED:
            return
        self.directories[result.path.rpartition("/")[0] or "/"] += result.seconds
        heapq.heappush(self.slowest, (result.seconds, result.path))
        if len(self.slowest) > self.count:
            heapq.heappop(self.slowest)


async def main(url: str, directory: str) -> int:
    watch = Slowest(5)
    report = await crawler.mirror(url, directory, observers=[watch])
    for seconds, path in sorted(watch.slowest, reverse=True):
        print(f"{seconds:8.3f} s  {path}")
    for name, seconds in sorted(watch.directories.items(), key=lambda item: -item[1]):
        print(f"{seconds:8.3f} s  in {name}")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
