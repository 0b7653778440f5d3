"""Which files another process may receive, and how many together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from crawler.model.columns.new_files import NewFiles
from crawler.model.freshness import Dating, Source
from crawler.model.limits import KIB, MIB
from crawler.model.network.pipelining import Findings, Ordered
from crawler.model.network.receiving import Arrived, Receiver, Reception, StoredPart
from crawler.model.network.shapes import HeaderShape
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Local, Result, Span, Staged
from crawler.pipeline.backlog import most_bytes
from crawler.pipeline.fetch.downloader import Downloader, Published, nothing_published
from crawler.pipeline.fetch.receiving import order as module
from crawler.pipeline.fetch.receiving.order import FileOrder, Orders, most_files
from crawler.pipeline.rules.responses.conditional_requests import UNCONDITIONAL
from crawler.pipeline.seen_responses import SeenResponses, is_fit
from tests.support.fakes import FakeClient, FakeDestination, FakeResponse, FakeSharing, Recorder, nothing_refused

KNOWN = Known(path="a", url="http://h/a", row="", size=1, mtime=1, digest=None, checked=1.0)


class Room:
    """What ``FileOrder`` needs of ``Receiver``."""

    files, size = 4, 100
    least, largest, stores = 1, 100, False


class Seeing:
    """What ``Orders`` needs of ``Downloader``."""

    def __init__(self) -> None:
        self.seen = SeenResponses()


def job(size: int, path: str = "") -> Job:
    return Job(url=f"http://h/{path or size}", path=path or str(size), reason="new", size=Span(size, size))


def order() -> FileOrder:
    orders = Orders(Seeing(), nothing_published)  # type: ignore[arg-type]
    orders.left.add("left")
    orders.seen.of = lambda _origin: lambda path: path != "of another kind"  # type: ignore[method-assign]
    return FileOrder(orders, Room(), "http://h/", "http://h/1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        None,
        replace(job(9), size=None),
        replace(job(9), size=Span(9, 10)),
        job(0),
        job(1, "of the size of the first one"),
        job(100),
        job(9, "left"),
        job(9, "of another kind"),
        replace(job(9), known=KNOWN),
        replace(job(9), copy=KNOWN),
        replace(job(9), local=Local(kind=Kind.FILE, size=1, mtime=1)),
        replace(job(9), digest="md5:" + "0" * 32),
        replace(job(9), kind=Kind.UNKNOWN),
        replace(job(9), dating=Dating.UNRELIABLE),
        replace(job(9), source=Source.ELSEWHERE),
        replace(job(9), probe=True),
        replace(job(9), fresh=True),
        replace(job(9), url="http://other/9"),
    ],
)
def test_only_new_files_of_exact_and_different_sizes_are_ordered(other: Job | None) -> None:
    made = order()
    assert made.add(job(1))
    assert made.add_first([job(2), other, job(3)]) == 1
    assert made.add_first([job(3), job(4)]) == 2, "those behind it fit"
    assert made.sizes == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("files", "seconds", "most"),
    [(64, 0.1, 64), (64, 0.01, 640), (64, 0.2, 32), (64, 9.0, 32), (0, 0.1, 32), (64, 0.0, 64 * 10**8)],
)
def test_an_order_takes_a_tenth_of_a_second_or_has_few_files(files: int, seconds: float, most: int) -> None:
    assert most_files(files, seconds) == most


@pytest.mark.parametrize(
    ("size", "seconds", "most"),
    [(MIB, 0.2, MIB), (MIB, 0.05, 4 * MIB), (MIB, 9.0, 256 * KIB), (0, 0.1, 256 * KIB), (MIB, 0.0, MIB * 2 * 10**8)],
)
def test_an_order_takes_a_fifth_of_a_second_or_is_short(size: int, seconds: float, most: int) -> None:
    assert most_bytes(size, seconds) == most


@pytest.mark.parametrize(
    ("limits_of_size", "sizes", "fit"),
    [
        ({}, [90, 10], 2),
        ({}, [90, 11], 1),
        ({"largest": 50}, [51], 0),
        ({"largest": 50}, [50, 51], 1),
        ({"largest": 50}, [50, 49], 2),
        ({"least": 10}, [9], 0),
        ({"least": 10}, [10], 1),
        ({"least": 10}, [15, 5], 2),
        ({"least": 10}, [15, 4], 1),
        ({"least": 10}, [19, 1, 10], 3),
        ({"least": 10}, [19, 1, 9], 2),
    ],
)
def test_an_order_has_files_of_the_sizes_that_are_worth_while(
    monkeypatch: pytest.MonkeyPatch, limits_of_size: dict[str, int], sizes: list[int], fit: int
) -> None:
    """A few smaller ones may be among others: it is their average that counts."""
    for name, limit in limits_of_size.items():
        monkeypatch.setattr(Room, name, limit)
    assert order().add_first(map(job, sizes)) == fit


def test_the_first_orders_have_few_files_and_later_ones_no_more_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Room, "files", 256)
    made = order()
    assert made.room == 64
    for rate, room in ((100, 100), (1000, 256)):
        made._host.room = rate
        assert FileOrder(made._orders, made._receiver, "http://h/", "http://h/1").room == room


def test_an_origin_gets_one_order_at_a_time_until_one_has_left_nothing() -> None:
    orders, room = Orders(Seeing(), nothing_published), cast("Receiver", Room())  # type: ignore[arg-type]
    host = orders.host("http://h/", room)
    host.begin()
    assert not host.takes_another
    assert orders.host("http://other/", room).takes_another
    orders.conclude("http://h/", room, [])
    assert (host.is_proven, host.is_tried, host.disappointments) == (True, False, 0)
    orders.seen._fit["http://h/"] = {"bin": True}
    host.begin()
    assert host.takes_another
    orders.conclude("http://h/", room, [job(1, "a.bin"), job(2)])
    assert (host.is_proven, host.disappointments, orders.left) == (False, 1, {"a.bin", "2"})
    assert not orders.seen.of("http://h/")("other.BIN")
    for disappointments in (2, 3, 4):
        assert host.takes_another
        host.begin()
        assert not host.takes_another
        orders.conclude("http://h/", room, [job(1)])
        assert host.disappointments == disappointments
    assert not host.takes_another


def test_the_bodies_of_an_order_have_room() -> None:
    made = order()
    assert made.add_first([job(1), job(99), job(2)]) == 2
    assert order().add_first([job(1), job(100)]) == 1


NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TIME, LATER = "Wed, 01 May 2024 12:00:00 GMT", "Wed, 01 May 2024 12:00:01 GMT"
SHAPE = HeaderShape(("Content-Type", "Content-Length", "Last-Modified"), {"Content-Type": "application/zip"})


SECONDS = 1 / 1024


class Sharing(FakeSharing):
    """Has ``arrived`` arrive for each order, ``SECONDS`` after it began."""

    def __init__(self, arrived: Arrived | None) -> None:
        super().__init__(FakeClient(lambda _: FakeResponse()), lambda _: FakeResponse())
        self.arrived, self.is_able = arrived, True
        self.seconds = 0.0
        self.done: list[object] = []

    def can_order(self, url: str, accepts: Callable[[HeaderShape], bool], files: int, *, in_depth: bool) -> bool:
        assert (url, accepts, files, in_depth) == ("http://h/1", is_fit, Room.files, not Room.stores)
        return self.is_able

    async def order(self, ordered: Ordered, reception: Reception) -> None:
        urls = [(url, headers is UNCONDITIONAL) for url, headers in ordered.requests()]
        is_fit = [ordered.accepts(SHAPE), ordered.accepts(HeaderShape(SHAPE.names[:2], SHAPE.constant))]
        self.done += [ordered.url, urls, ordered.sizes, is_fit, reception]
        self.seconds += SECONDS
        if self.arrived is not None:
            self.done.append(ordered.judge(self.arrived))


class Destination(FakeDestination):
    """Has receivers."""

    receivers: Sequence[Receiver] = ()  # type: ignore[assignment]


class Begun(Room):
    """Has room for ``bodies``."""

    bodies: object = "room"

    def begin(self) -> object:
        return self.bodies


class Observer(Recorder):
    """Notes whose requests have been sent, and the sizes of what has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Job] = []
        self.arrived: list[int] = []

    def started(self, job: Job) -> None:
        self.begun.append(job)

    def received(self, job: Job, count: int) -> None:
        self.arrived.append(count)


def arrived(count: int, **more: object) -> Arrived:
    found: dict[str, object] = {
        "bodies": [b"x" * size for size in range(1, count + 1)],
        "modified": [TIME] * count,
        "etags": [f'"{size}"' for size in range(1, count + 1)],
        "dates": [LATER] * count,
        "is_whole": count == 3,
    }
    return Arrived(**{**found, **more})  # type: ignore[arg-type]


def orders(found: Arrived | None = None, published: Published = nothing_published) -> tuple[Orders, Sharing, Begun]:
    sharing, client, destination = Sharing(found), FakeClient(lambda _: FakeResponse()), Destination()
    room = Begun()
    client.sharing, destination.receivers = sharing, [room]  # type: ignore[assignment,list-item]
    downloader = Downloader(
        client=client, destination=destination, observer=Observer(), permit=nothing_refused, attempts=1,
        is_listing=None,  # type: ignore[arg-type]
    )  # fmt: skip
    made = Orders(downloader, published)
    made.seen.note("http://h/", [job(1)], [type("Reply", (), {"shape": SHAPE, "varying": (TIME, None, None)})()])
    return made, sharing, room


def test_an_order_begins_if_it_is_possible_and_there_is_room() -> None:
    made, sharing, room = orders()
    for first, is_able, bodies in [(job(0), True, "room"), (job(1), False, "room"), (job(1), True, None)]:
        sharing.is_able, room.bodies = is_able, bodies
        assert made.begin(first) is None
        assert made.host("http://h/", cast("Receiver", room)).takes_another
    sharing.is_able, room.bodies = True, "room"
    assert made.begin(replace(job(1), url="http://other/1")) is None, "nothing has been seen of it"
    begun = made.begin(job(1))
    assert begun is not None
    assert (begun.url, begun.sizes, begun.room) == ("http://h/1", [1], 4)
    assert made.begin(job(1)) is None, "one at a time"
    made.host("http://h/", cast("Receiver", room)).withdraw()
    made.downloader.destination.receivers = ()  # type: ignore[misc]
    assert made.begin(job(1)) is None


PLAIN, ROW, OTHER = [job(1), job(2), job(3)], Span(NOON, NOON), Span(NOON + timedelta(1), NOON + timedelta(1))
ORDERED = ["http://h/1", [(f"http://h/{size}", True) for size in (1, 2, 3)], [1, 2, 3], [True, False], "room"]
NONE = Findings(is_doubtful=True)


@pytest.mark.parametrize(
    ("jobs", "found", "saved", "findings"),
    [
        (PLAIN, arrived(3), "123", Findings(agreed=3)),
        (PLAIN, arrived(2), "1", Findings(agreed=1)),
        (PLAIN, arrived(2, other_size=3), "", Findings(is_doubtful=True, is_exchanged=True)),
        (PLAIN, arrived(2, other_size=9), "", NONE),
        (PLAIN, arrived(0), "", Findings(agreed=0)),
        (PLAIN, None, "", None),
        (PLAIN, arrived(3, modified=[TIME, None, TIME]), "13", Findings(agreed=3)),
        ([*PLAIN[:2], replace(job(3), modified=ROW)], arrived(3), "123", Findings(agreed=3)),
        ([*PLAIN[:2], replace(job(3), modified=ROW)], arrived(3, modified=[LATER] * 3), "", NONE),
        ([*PLAIN[:2], replace(job(3), modified=OTHER, moment=ROW)], arrived(3), "123", Findings(agreed=3)),
        ([*PLAIN[:2], replace(job(3), moment=ROW)], arrived(3, modified=[LATER] * 3), "", NONE),
    ],
)  # fmt: skip
async def test_what_has_arrived_and_is_proven_is_saved_and_the_rest_is_put_back(
    jobs: list[Job], found: Arrived | None, saved: str, findings: Findings | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sharing, room = orders(found)
    start = time.monotonic()
    clock = type("Clock", (), {"monotonic": staticmethod(lambda: start + sharing.seconds)})
    monkeypatch.setattr(module, "time", clock)
    batch = made.begin(jobs[0])
    assert batch is not None
    assert batch.add_first(jobs[1:]) == 2
    done, left = list[Staged](), list[Job]()

    async def finish(*several: Result | Staged | NewFiles) -> None:
        assert made.downloader.connections.free == 0
        for each in several:
            assert isinstance(each, NewFiles)
            done.extend(each)

    def put_back(several: Sequence[Job]) -> None:
        assert several
        left.extend(several)

    await batch.process(finish, put_back)
    rest = [job for job in jobs if job.path not in saved]
    assert sharing.done == [*ORDERED, *([findings] if findings is not None else [])]
    assert [(item.job, item.size, item.body) for item in done] == [
        (job, int(job.path), b"x" * int(job.path)) for job in jobs if job.path in saved
    ]
    assert [item.result.known and item.result.known.validators.etag for item in done] == [f'"{n}"' for n in saved]
    assert left == rest
    host, observer = made.host("http://h/", cast("Receiver", room)), made.downloader.observer
    assert (host.is_proven, host.is_tried, host.disappointments) == (not rest, False, int(bool(rest)))
    assert made.left == {job.path for job in rest}
    assert made.seen.of("http://h/")("new") is (not rest)
    assert isinstance(observer, Observer)
    assert (observer.begun, observer.arrived) == (jobs, [int(name) for name in saved])
    assert host.room == (64 if found is None else most_files(len(found.etags), SECONDS))
    assert host.bytes == (MIB if found is None else most_bytes(sum(range(len(found.etags) + 1)), SECONDS))


async def test_files_with_published_digests_are_put_back() -> None:
    asked = list[list[Job]]()

    async def published(jobs: list[Job]) -> list[Job]:
        asked.append(jobs)
        return [*jobs]

    made, sharing, room = orders(published=published)
    batch = made.begin(job(1))
    assert batch is not None
    left = list[Job]()
    await batch.process(None, left.extend)  # type: ignore[arg-type]
    assert (left, asked, made.left, sharing.done) == ([job(1)], [[job(1)]], {"1"}, [])
    host = made.host("http://h/", cast("Receiver", room))
    assert (host.takes_another, host.disappointments) == (True, 0)


def test_files_of_series_are_ordered_at_once_and_what_one_leaves_is_no_reason_against_small_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A series that fails has requested little in vain."""
    monkeypatch.setattr(Room, "stores", True)
    orders, series, small = Orders(Seeing(), nothing_published), Room(), Room()  # type: ignore[arg-type]
    host = orders.host("http://h/", cast("Receiver", series))
    for _ in range(3):
        assert host.takes_another
        host.begin()
    for _ in range(4):
        orders.conclude("http://h/", cast("Receiver", series), [job(1)])
    assert not host.takes_another
    assert orders.host("http://h/", cast("Receiver", small)).takes_another
    assert orders.host("http://h/", cast("Receiver", series)) is host


async def test_parts_of_a_series_are_staged_and_those_that_do_not_count_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last one of a series that is not whole may be too short."""
    monkeypatch.setattr(Room, "stores", True)
    parts = [StoredPart(f"part-{size}", f"sha256:{size}") for size in (1, 2)]
    made, _, room = orders(arrived(2, bodies=(), parts=parts))
    dropped, done, left = list[StoredPart](), list[Staged](), list[Job]()
    room.bodies = type("Room", (), {"drop": staticmethod(dropped.extend)})()
    batch = made.begin(job(1))
    assert batch is not None
    assert batch.add_first(PLAIN[1:]) == 2

    async def finish(*several: Result | Staged | NewFiles) -> None:
        done.extend(each for each in several if isinstance(each, Staged))

    await batch.process(finish, left.extend)
    ((first,), known) = done, done[0].result.known
    assert (first.job, first.part, first.body, first.size, first.lacks_digest) == (PLAIN[0], "part-1", b"", 1, False)
    assert known is not None
    assert (known.digest, known.size, known.mtime, known.validators.etag) == ("sha256:1", 1, first.mtime, '"1"')
    assert first.result.digest == "sha256:1"
    assert (dropped, left) == (parts[1:], PLAIN[1:])
