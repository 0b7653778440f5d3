"""A second run is silent, requests each directory once, and fetches or deletes only what has changed."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program
from tests.support.servers import Request, Server

SERVERS = pytest.mark.parametrize(
    ("flavour", "zone"), [("nginx", "UTC"), ("apache", "Europe/Berlin"), ("lighttpd", "UTC")]
)
"""Exact sizes and minutes; rounded sizes and minutes of a zone with summer time; rounded sizes and seconds."""

TREES = pytest.mark.parametrize(
    ("directories", "files"),
    [
        pytest.param(8, 200, id="200 files"),
        pytest.param(200, 10_000, marks=[pytest.mark.heavy, pytest.mark.timeout(300)], id="10000 files"),
    ],
)
"""The root counts as a directory."""

PATIENCE = 60.0
"""Seconds after which a server counts as stuck."""

SIZE = 1500
"""Size of a file in bytes, which listings show in full or as 1.5K."""

HALF_A_YEAR = 182 * 86_400
"""Seconds: from the summer time of a zone into its winter time."""


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests that one run sent to a server."""

    listings: list[str]
    bodies: list[str]
    """Files whose content was sent, as paths below the root."""
    others: list[str]
    """Requests for files whose content was not sent."""
    robots: int

    @classmethod
    def of(cls, server: Server, root: Path) -> Requests:
        top = f"/{root.relative_to(server.root).as_posix()}/"
        requests = [request for request in server.requests() if not is_busy(server, request)]
        counted = [request for request in requests if request.path != "/robots.txt"]
        files = [request for request in counted if not request.path.endswith("/")]
        sent = [request for request in files if request.method == "GET" and request.status in {200, 206}]
        return cls(
            listings=sorted(request.path.removeprefix(top) for request in counted if request.path.endswith("/")),
            bodies=sorted(request.path.removeprefix(top) for request in sent),
            others=sorted(request.path.removeprefix(top) for request in files if request not in sent),
            robots=len(requests) - len(counted),
        )


def is_busy(server: Server, request: Request) -> bool:
    """lighttpd 1.4.69 sometimes sends 503 for a listing while it generates others: it must be requested again."""
    return server.flavour.name == "lighttpd" and request.status == 503 and request.path.endswith("/")


def listings(root: Path) -> list[str]:
    return sorted(["", *(f"{path.name}/" for path in root.iterdir())])


def change(root: Path) -> tuple[list[str], list[str]]:
    """Change every hundredth file, add three and remove three. Returns (expected fetches, expected deletions)."""
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.bin"))
    changed, gone = paths[::100], paths[7::100][:3]
    for path in changed:
        moment = (root / path).stat().st_mtime + HALF_A_YEAR
        (root / path).write_bytes(f"{moment:{SIZE}}".encode())
        os.utime(root / path, (moment, moment))
    added = [f"{path.rpartition('/')[0]}/added.bin" for path in paths[1::67][:3]]
    for number, path in enumerate(added):  # no two of the same content, which might be requested twice
        trees.write(root / path, SIZE + number)
    for path in gone:
        (root / path).unlink()
    return sorted({*changed, *added}), gone


def wait_until_seen(server: Server, paths: Iterable[Path]) -> None:
    """Wait until lighttpd has noticed the changes to the files, and which are gone.

    It caches their status for a second (``server.stat-cache-engine``); listings are always read from the disk.
    """
    if server.flavour.name != "lighttpd":
        return
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    for path in paths:
        now = formatdate(int(path.stat().st_mtime), usegmt=True) if path.exists() else None
        served: str | None = ""
        while served != now:
            assert time.monotonic() < deadline, f"{path} is served as of {served}, not {now}"
            connection.request("HEAD", f"/{path.relative_to(server.root).as_posix()}")
            response = connection.getresponse()
            response.read()
            served = response.headers["Last-Modified"]
    connection.close()


@SERVERS
@TREES
def test_only_directories_are_requested_and_only_changes_are_fetched_or_deleted(
    flavour: str,
    zone: str,
    directories: int,
    files: int,
    serve: Serve,
    site: Path,
    run_crawler: Program,
    mirror: Path,
) -> None:
    trees.build_many(site, files=files, size=SIZE, directories=directories - 1)
    server = serve(flavour, zone=zone)
    arguments = ("--delete", server.url_of(site), mirror)
    assert run_crawler(*arguments).code == 0
    server.forget()
    second = run_crawler(*arguments)
    assert (second.code, second.output) == (0, "")
    assert Requests.of(server, site) == Requests(listings(site), bodies=[], others=[], robots=1)
    trees.assert_same(site, mirror)
    to_fetch, gone = change(site)
    wait_until_seen(server, (site / path for path in [*to_fetch, *gone]))
    server.forget()
    third = run_crawler(*arguments)
    assert (third.code, third.output) == (0, "")
    assert Requests.of(server, site) == Requests(listings(site), bodies=to_fetch, others=gone, robots=1)
    assert not any((mirror / path).exists() for path in gone)
    trees.assert_same(site, mirror)


def this_minute() -> int:
    """Start of the minute in which a test will make its runs, in seconds. Waits for the next minute if it is near.

    The first seconds of the minute have passed: Apache prints the present as the time of any file from the future.
    """
    second = time.time() % 60
    if not 3 <= second <= 50:
        time.sleep((63 - second) % 60)
    return int(time.time()) // 60 * 60


@SERVERS
def test_a_change_that_leaves_the_row_of_the_same_minute_unchanged_is_found(
    flavour: str, zone: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    server = serve(flavour, zone=zone)
    minute = this_minute()
    for second in range(3):
        # Apache and lighttpd round these sizes to the same figure; nginx prints sizes in full
        size = 20_480 if flavour == "nginx" else 20_480 + second
        (site / "young.bin").write_bytes(f"{second:{size}}".encode())
        os.utime(site / "young.bin", (minute + second, minute + second))
        trees.write(site / "old.bin", SIZE)
        wait_until_seen(server, [site / "young.bin"])
        server.forget()
        assert run_crawler(server.url_of(site), mirror).code == 0
        trees.assert_same(site, mirror)
        assert "young.bin" in Requests.of(server, site).bodies
        assert ("old.bin" in Requests.of(server, site).bodies) is (second == 0)
