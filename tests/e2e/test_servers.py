"""One tree with every awkward name, size and time, behind each real server: the mirror equals the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import servers, trees
from tests.support.program import Program, Run
from tests.support.servers import Request

ROUNDED_OR_EXACT = (
    *(("nginx", zone) for zone in ("UTC", "America/New_York")),
    ("nginx-rounded", "UTC"),
    ("nginx-localtime", "Europe/Berlin"),
    ("nginx-json", "Asia/Kolkata"),
    ("nginx-xml", "UTC"),
    ("apache", "UTC"),
    ("apache", "Europe/Berlin"),
    ("apache-table", "America/New_York"),
    ("apache-xhtml", "Asia/Kolkata"),
    ("apache-icons", "UTC"),
    ("apache-old", "Europe/Berlin"),
    ("lighttpd", "UTC"),
    ("lighttpd", "Europe/Berlin"),
    ("caddy", "Asia/Kolkata"),
)
"""(server, its time zone) for servers whose listings have sizes and times."""

NAMES_ALONE = (("apache-plain", "UTC"), ("python", "UTC"))
WITHOUT_LOG = (("rclone-http", "Europe/Berlin"), ("rclone-webdav", "UTC"))
WITHOUT_DIRECTORIES = {"bucket"}
"""Servers without directories, which test_buckets.py covers."""


ASKED_TWICE = {"caddy": ["/pub/empty%20directory/"]}
"""Pages requested twice. Caddy's JSON for an empty directory is ``[]``, which proves nothing; its HTML does."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Two runs over the same unchanged tree, and their requests."""

    flavour: str
    tree: Path
    """The directory that the server lists."""
    mirror: Path
    first: Run
    second: Run
    requests: tuple[list[Request], list[Request]]
    stamps: tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]
    """Inode and modification time of each file after each run."""


def stamps(mirror: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in mirror.rglob("*") if path.is_file() and ".crawler" not in path.parts)
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="module")
def visit(
    request: pytest.FixtureRequest, serve: Serve, docroot: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    flavour, zone = request.param
    server = serve(flavour, zone=zone)
    home = tmp_path_factory.mktemp(f"visit-{flavour}")
    tree = trees.build(home / "tree", dotted=not server.flavour.hides_dotted)
    run, mirror = Program(home), home / "mirror"
    runs, received, found = [], [], []
    for _ in range(2):
        runs.append(run(server.url_of(docroot / "pub"), mirror))
        received.append(server.requests() if server.keeps_log else [])
        found.append(stamps(mirror))
        if server.keeps_log:
            server.forget()
    yield Visit(flavour, tree, mirror, runs[0], runs[1], (received[0], received[1]), (found[0], found[1]))


def behind(*pairs: tuple[str, str]) -> pytest.MarkDecorator:
    """Parametrize a test with the visits to these servers."""
    names = ["-".join(pair) for pair in pairs]
    return pytest.mark.parametrize("visit", pairs, indirect=True, ids=names, scope="module")


def bodies(requests: list[Request]) -> list[str]:
    """Paths of the files of which a body was sent."""
    return [
        request.path
        for request in requests
        if request.method == "GET"
        and request.status in {200, 206}
        and not request.path.endswith("/")
        and request.path != "/robots.txt"
    ]


@behind(*ROUNDED_OR_EXACT, *NAMES_ALONE, *WITHOUT_LOG)
def test_the_mirror_equals_the_tree(visit: Visit) -> None:
    assert visit.first.code == 0, visit.first.output
    trees.assert_same(visit.tree, visit.mirror)
    assert trees.parts(visit.mirror) == []


@behind(*ROUNDED_OR_EXACT, *NAMES_ALONE)
def test_each_directory_and_each_file_costs_one_request_and_robots_txt_one(visit: Visit) -> None:
    tree = trees.count(visit.tree)
    received = [(request.method, request.path) for request in visit.requests[0]]
    assert [path for (_, path), times in Counter(received).items() if times > 1] == ASKED_TWICE.get(visit.flavour, [])
    assert len(set(received)) == tree.directories + tree.files + 1


@behind(*ROUNDED_OR_EXACT, *NAMES_ALONE)
def test_sort_links_and_pages_above_and_beside_url_are_never_requested(visit: Visit) -> None:
    for request in visit.requests[0] + visit.requests[1]:
        assert "?" not in request.path
        assert request.path.startswith("/pub/") or request.path == "/robots.txt"
        assert request.status < 400 or request.path == "/robots.txt"


@behind(*ROUNDED_OR_EXACT)
def test_a_second_run_requests_each_directory_once_and_no_file(visit: Visit) -> None:
    assert visit.second.code == 0, visit.second.output
    assert [request.path for request in visit.requests[1] if not request.path.endswith("/")] == ["/robots.txt"]
    twice = ASKED_TWICE.get(visit.flavour, [])
    assert len(visit.requests[1]) == trees.count(visit.tree).directories + len(twice) + 1


@behind(*NAMES_ALONE)
def test_if_a_listing_shows_only_names_a_second_run_requests_each_file_but_gets_no_body(visit: Visit) -> None:
    assert visit.second.code == 0, visit.second.output
    assert bodies(visit.requests[1]) == []
    tree = trees.count(visit.tree)
    assert len(visit.requests[1]) == tree.directories + tree.files + 1


@behind(*ROUNDED_OR_EXACT, *NAMES_ALONE, *WITHOUT_LOG)
def test_a_second_run_touches_no_file(visit: Visit) -> None:
    assert visit.stamps[0] == visit.stamps[1]
    trees.assert_same(visit.tree, visit.mirror)


@behind(("nginx", "UTC"))
def test_requests_name_the_program(visit: Visit) -> None:
    assert all((request.agent or "").startswith("crawler") for request in visit.requests[0])


def test_every_flavour_is_visited() -> None:
    visited = {flavour for flavour, _ in ROUNDED_OR_EXACT + NAMES_ALONE + WITHOUT_LOG}
    assert visited | WITHOUT_DIRECTORIES == servers.FLAVOURS.keys()
