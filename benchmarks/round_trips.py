"""``python -m benchmarks.round_trips``: prints the round trips of runs over a distant server, and the fewest possible.

Nothing is timed: see ``distance``. A connection takes one round trip; TLS would add another one to each.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import crawler
from benchmarks.distance import DistantServer, distant_loop
from crawler.model.config import Config

DEPTH = 32
"""Maximum number of requests in flight on one connection."""


@dataclass(frozen=True, kw_only=True)
class Trips:
    """What one run cost."""

    code: int
    saved: int
    trips: int
    """Number of round trips, that of the first connection included."""
    sends: int
    """How often requests were sent, together or alone."""
    connections: int
    unused: int
    """Number of connections on which no request was sent."""
    rounds: list[int]
    """Number of requests in each round trip that had any."""


def folders(least: int, most: int) -> dict[str, bytes]:
    """110 files of ``least`` to ``most`` bytes in the root and three directories."""
    chance, places = random.Random(7), ("", "a/", "b/", "c/")
    return {f"{places[each % 4]}file-{each:03}.zip": bytes(chance.randint(least, most)) for each in range(110)}


def flat(count: int) -> dict[str, bytes]:
    """``count`` files of 2 to 6 KiB on one page."""
    chance = random.Random(7)
    return {f"file-{each:04}.bin": bytes(chance.randint(2048, 6144)) for each in range(count)}


def tree(projects: int, files: int) -> dict[str, bytes]:
    """``files`` files of 1 to 8 KiB in ``projects`` directories with 59 directories each."""
    chance, places = random.Random(7), list[str]()
    for project in range(projects):
        places.append(f"project-{project:02}/")
        places += [f"project-{project:02}/{version // 10}.{version % 10}/" for version in range(59)]
    return {
        f"{places[each % len(places)]}part-{each:04}.txt": bytes(chance.randint(1024, 8192)) for each in range(files)
    }


@dataclass(frozen=True, kw_only=True)
class Work:
    """Files to fetch, and the fewest round trips that do it."""

    make: Callable[[], dict[str, bytes]]
    workers: int
    least: tuple[int, int, int]
    """The fewest round trips of a first run, of one in which nothing changed, and of one in which all files are gone.

    One for the first connection, one for robots.txt and the first page, one for each further level of listings; files
    travel as soon as their page has arrived, ``workers`` × ``DEPTH`` at a time.
    """


WORKS: Mapping[str, Work] = {
    "one file": Work(make=lambda: {"file.bin": b"x"}, workers=8, least=(3, 2, 3)),
    "110 files in 4 directories": Work(make=partial(folders, 19_000, 21_000), workers=20, least=(4, 3, 4)),
    "110 files of one size": Work(make=partial(folders, 20_480, 20_480), workers=20, least=(4, 3, 4)),
    "300 files": Work(make=partial(flat, 300), workers=16, least=(3, 2, 3)),
    "1,000 files": Work(make=partial(flat, 1000), workers=16, least=(4, 2, 4)),
    "400 files in 300 directories": Work(make=partial(tree, 5, 400), workers=16, least=(5, 4, 5)),
    "5,000 files in 1,200 directories": Work(make=partial(tree, 20, 5000), workers=16, least=(16, 6, 16)),
}


def measure(files: Mapping[str, bytes], workers: int, *, is_busy: bool = False, **more: object) -> Iterator[Trips]:
    """Yield the cost of a first run, of one in which nothing changed, and of one in which all files are gone.

    ``is_busy``: see ``distant_loop``.
    """
    directory = tempfile.mkdtemp()
    config = Config(workers=workers, min_speed=0, fsync="none", **more)  # type: ignore[arg-type]

    async def run(server: DistantServer) -> Trips:
        server.forget()
        report = await crawler.mirror(server.url, directory, config)
        return Trips(
            code=report.exit_code,
            saved=report.saved,
            trips=server.round_trips,
            sends=server.sends,
            connections=len(server.opened),
            unused=len(server.opened) - len(server.used),
            rounds=server.rounds,
        )

    try:
        with distant_loop(is_busy=is_busy) as runner:
            server = DistantServer(files)
            runner.run(server.__aenter__())
            yield runner.run(run(server))
            yield runner.run(run(server))
            for path in Path(directory).rglob("*"):
                if path.is_file() and ".crawler" not in path.parts:
                    path.unlink()
            yield runner.run(run(server))
            runner.run(server.__aexit__())
    finally:
        shutil.rmtree(directory)


def main() -> None:
    wanted = sys.argv[1:]
    say("| work | run | least | round trips | sends | connections | unused | requests in each |")
    say("|---|---|---|---|---|---|---|---|")
    for name, work in WORKS.items():
        if wanted and not any(name.startswith(each) for each in wanted):
            continue
        runs = zip(("first", "again", "files gone"), work.least, measure(work.make(), work.workers), strict=True)
        for kind, least, cost in runs:
            rounds = ", ".join(map(str, cost.rounds[:20])) + (", …" if len(cost.rounds) > 20 else "")
            row = (name, kind, least, cost.trips, cost.sends, cost.connections, cost.unused, rounds)
            say(f"| {' | '.join(map(str, row))} |")


def say(row: str) -> None:
    sys.stdout.write(f"{row}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
