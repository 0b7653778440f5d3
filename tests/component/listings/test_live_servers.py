"""Listings of real servers: every name, kind, size and time is read correctly, and nothing else is read as one."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crawler.listings import page as listing_page
from crawler.listings import parse_listing, parse_listing_pieces
from crawler.listings.html.document import read_html
from crawler.listings.html.grammar import read_by_grammar
from crawler.model.values import Kind, Listing
from tests.component.listings import shelf
from tests.component.listings.shapes import PROGRAMS, SHAPES, TREE, Shape, Zone, lay_out
from tests.conftest import SERVERS_REQUIRED
from tests.support.servers import Missing, Server

pytestmark = pytest.mark.server

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
BY_GRAMMAR = {
    "apache-list",
    "apache-fancy",
    "apache-old-date",
    "apache-wide",
    "apache-no-description",
    "apache-table",
    "apache-table-order",
    "nginx-exact",
    "nginx-rounded",
    "nginx-localtime",
    "lighttpd-utf8",
    "python",
}
"""Shapes that a grammar reads without building a tree."""
WAYS_OUT = {"..\\out.txt", "C:\\drive.txt"}


@dataclass(frozen=True)
class Page:
    """A server's response, and the directory that it lists."""

    body: bytes
    url: str
    content_type: str
    directory: Path
    fetched: datetime

    def cut(self, length: int) -> Page:
        return replace(self, body=self.body[:length])

    @cached_property
    def listing(self) -> Listing:
        return parse_listing(self.body, self.url, self.content_type)

    @cached_property
    def pieces(self) -> Listing:
        """Join the pieces."""
        *parts, last = parse_listing_pieces(self.body, self.url, self.content_type)
        assert not any(part.is_listing or part.complete for part in parts)
        return replace(last, entries=tuple(entry for part in (*parts, last) for entry in part.entries))


Fetch = Callable[[Shape, str, str], Page]


@pytest.fixture(scope="session")
def shelf_root() -> Iterator[Path]:
    """The document root of all servers of this module."""
    root = Path(tempfile.mkdtemp(prefix="crawler-shelf-"))
    root.chmod(0o755)
    shelf.build(root / TREE)
    lay_out(root)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def fetch(shelf_root: Path) -> Iterator[Fetch]:
    """Fetch a directory's page in one shape from a server in one zone. Each server is started once."""
    running: dict[tuple[str, str], Server] = {}
    pages: dict[tuple[str, str, str], Page] = {}

    def start(program: str, zone: str) -> Server:
        try:
            return Server(PROGRAMS[program], shelf_root, zone=zone)
        except Missing as missing:
            (pytest.fail if SERVERS_REQUIRED else pytest.skip)(f"{missing} is not installed")

    def give(shape: Shape, zone: str, directory: str) -> Page:
        key = shape.name, zone, directory
        if key not in pages:
            if (shape.program, zone) not in running:
                running[shape.program, zone] = start(shape.program, zone)
            pages[key] = request(running[shape.program, zone], shape, directory)
        return pages[key]

    yield give
    for server in running.values():
        server.stop()


def request(server: Server, shape: Shape, directory: str) -> Page:
    path = f"/{shape.place}/{directory}/{shape.query}"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=100)
    connection.request(shape.method, path, headers=shape.headers)
    response = connection.getresponse()
    body, kind = response.read(), response.headers.get("Content-Type", "")
    connection.close()
    assert response.status in {200, 207}, (shape.name, response.status, body)
    return Page(body, f"http://127.0.0.1:{server.port}{path}", kind, server.root / TREE / directory, datetime.now(UTC))


def named(shape: Shape) -> str:
    return shape.name


def zone_of(shape: Shape) -> str:
    """A zone for tests that do not depend on it: a different one for each shape."""
    return ZONES[SHAPES.index(shape) % len(ZONES)]


def shown(shape: Shape, directory: Path) -> dict[str, os.DirEntry[str]]:
    """Name → kind for the names that ``shape`` shows and the program accepts."""
    misspelt = {os.fsdecode(name) for name in shape.misspelt}
    refused = WAYS_OUT if shape.refuses_ways_out else set()
    return {
        name: entry
        for name, entry in shelf.entries(directory)
        if (shape.dotted or not name.startswith(".")) and name not in misspelt | refused
    }


every_shape = pytest.mark.parametrize("shape", SHAPES, ids=named)


@every_shape
@pytest.mark.parametrize("directory", ["names", "sizes", "times"])
def test_names_and_kinds_are_exactly_those_of_the_directory(fetch: Fetch, shape: Shape, directory: str) -> None:
    page = fetch(shape, zone_of(shape), directory)
    listing = page.listing
    assert (listing.is_listing, listing.complete, listing.family) == (True, True, shape.family)
    wanted = {
        name: Kind.DIRECTORY if entry.is_dir() else Kind.FILE for name, entry in shown(shape, page.directory).items()
    }
    assert {entry.name: entry.kind for entry in listing.entries} == wanted
    assert len(listing.entries) == len(wanted)
    assert not any(entry.external or entry.folder for entry in listing.entries)
    assert listing.next_pages == ()


@every_shape
def test_names_that_are_not_text_or_lead_elsewhere_are_kept_or_refused_and_never_changed(
    fetch: Fetch, shape: Shape
) -> None:
    page = fetch(shape, zone_of(shape), "odd")
    listing = page.listing
    wanted = shown(shape, page.directory)
    found = {entry.name for entry in listing.entries}
    assert listing.is_listing and listing.complete
    assert wanted.keys() <= found
    assert len(found - wanted.keys()) == len(
        shape.misspelt & {os.fsencode(name) for name in os.listdir(page.directory)}
    )
    assert not any("/" in name or "\0" in name for name in found)
    shown_ways_out = {name for name in WAYS_OUT if shape.dotted or not name.startswith(".")}
    refused = {rejection.subject for rejection in listing.rejections if rejection.reason == "bad-name"}
    assert len(refused) == (len(shown_ways_out) if shape.refuses_ways_out else 0)


@every_shape
def test_a_page_read_in_pieces_gives_the_same_entries(fetch: Fetch, shape: Shape) -> None:
    for directory in ("names", "odd", "empty"):
        page = fetch(shape, zone_of(shape), directory)
        assert page.pieces == page.listing


@every_shape
def test_pages_that_a_grammar_accepts_are_read_the_same_from_the_tree(fetch: Fetch, shape: Shape) -> None:
    for directory in ("names", "times", "empty"):
        page = fetch(shape, zone_of(shape), directory)
        fetched = listing_page.Page(body=page.body, url=page.url, content_type=page.content_type)
        fast = read_by_grammar(fetched)
        assert fast is not None or shape.name not in BY_GRAMMAR
        if fast is not None:
            slow = read_html(fetched)
            assert slow is not None
            assert (fast.entries, fast.family, fast.complete) == (slow.entries, slow.family, slow.complete)


@every_shape
def test_the_size_of_a_file_lies_in_its_span(fetch: Fetch, shape: Shape) -> None:
    for directory in ("sizes", "names", "odd"):
        page = fetch(shape, zone_of(shape), directory)
        truth = shown(shape, page.directory)
        for entry in page.listing.entries:
            if entry.name not in truth or entry.kind is Kind.DIRECTORY or not shape.sized:
                assert entry.size is None or entry.name not in truth, entry
            else:
                assert entry.size is not None, entry
                assert truth[entry.name].stat().st_size in entry.size, entry


@every_shape
def test_links_that_are_not_entries_have_their_reasons(fetch: Fetch, shape: Shape) -> None:
    listing = fetch(shape, zone_of(shape), "sizes").listing
    assert {rejection.reason for rejection in listing.rejections} == shape.rejected


@every_shape
def test_an_empty_directory_is_a_listing_without_entries(fetch: Fetch, shape: Shape) -> None:
    listing = fetch(shape, zone_of(shape), "empty").listing
    assert listing.is_listing is shape.proves_empty
    assert {entry.name for entry in listing.entries} == shape.readme
    assert listing.complete or shape.readme


@every_shape
def test_a_truncated_page_is_never_a_whole_listing_of_fewer_names(fetch: Fetch, shape: Shape) -> None:
    page = fetch(shape, zone_of(shape), "times")
    whole = {entry.name for entry in page.listing.entries}
    length = len(page.body)
    lengths = [length * part // 7 for part in range(1, 7)] + [length - lost for lost in (9, 30, 90, 300)]
    for number, kept in enumerate(lengths):
        cut = page.cut(kept)
        listing = cut.pieces if number % 3 == 0 else cut.listing  # they are compared in another test
        sure = listing.is_listing and listing.complete
        assert not sure or {entry.name for entry in listing.entries} == whole, kept


def timed() -> Iterator[object]:
    """Shapes with times, in every zone if they depend on it."""
    for shape in SHAPES:
        local = shape.zone in {Zone.SERVER, Zone.TODAY}
        for zone in ZONES if local else () if shape.zone is Zone.NONE else ("America/New_York",):
            yield pytest.param(shape, zone, id=f"{shape.name}-{zone}")


@pytest.mark.parametrize(("shape", "zone"), list(timed()))
def test_the_time_of_a_file_lies_in_its_span(fetch: Fetch, shape: Shape, zone: str) -> None:
    page = fetch(shape, zone, "times")
    today = offset_of(page.fetched, zone)
    truth = shown(shape, page.directory)
    for entry in page.listing.entries:
        printed = printed_time(shape, truth[entry.name].stat().st_mtime_ns, zone, today)
        if entry.kind is Kind.DIRECTORY and printed.year == 1970:
            # programs without a time print 1970
            assert entry.modified is None or printed in entry.modified, entry
        else:
            assert entry.modified is not None, entry
            assert printed in entry.modified, entry
            assert entry.modified.high - entry.modified.low < timedelta(minutes=1), entry


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.zone is Zone.NONE], ids=named)
def test_where_no_times_are_printed_none_are_found(fetch: Fetch, shape: Shape) -> None:
    assert all(entry.modified is None for entry in fetch(shape, "UTC", "times").listing.entries)


def printed_time(shape: Shape, mtime: int, zone: str, today: timedelta) -> datetime:
    """The time of a file to the second as ``shape`` prints it: aware, or naive in the zone of the shape."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=mtime // 1_000_000_000)
    match shape.zone:
        case Zone.AWARE:
            return moment
        case Zone.SERVER:
            return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        case Zone.TODAY:
            return (moment + today).replace(tzinfo=None)
        case _:
            return moment.replace(tzinfo=None)


def offset_of(moment: datetime, zone: str) -> timedelta:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset


def test_the_rows_of_a_directory_are_distinguished_from_its_readme(fetch: Fetch) -> None:
    for shape in (shape for shape in SHAPES if shape.readme):
        listing = fetch(shape, "UTC", "times").listing
        reasons = Counter(rejection.reason for rejection in listing.rejections if rejection.subject in shape.readme)
        assert reasons == {"navigation": 1}, shape.name


def test_the_zones_have_summer_and_winter_on_both_sides_of_the_year() -> None:
    moments = [datetime.fromtimestamp(1_704_067_200 + day * 86_400, UTC) for day in range(366)]
    offsets = {zone: {offset_of(moment, zone) for moment in moments} for zone in ZONES}
    assert [len(offsets[zone]) for zone in ZONES] == [1, 2, 2, 1]
