"""Which files another process may receive, and how many together."""

from __future__ import annotations

import pytest

from crawler.model.freshness import Dating, Source
from crawler.model.struct import replace
from crawler.model.values import Job, Kind, Known, Local, Span
from crawler.pipeline.fetch.receiving.order import FileOrder, Orders, most_files

KNOWN = Known(path="a", url="http://h/a", row="", size=1, mtime=1, digest=None, checked=1.0)


class Room:
    """What ``FileOrder`` needs of ``Receiver``."""

    files, size = 4, 100


def job(size: int, path: str = "") -> Job:
    return Job(url=f"http://h/{path or size}", path=path or str(size), reason="new", size=Span(size, size))


def order() -> FileOrder:
    orders = Orders(downloader=None, published=None)  # type: ignore[arg-type]
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


def test_the_first_orders_have_few_files_and_later_ones_no_more_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Room, "files", 256)
    made = order()
    assert made.room == 64
    for rate, room in ((100, 100), (1000, 256)):
        made._host.room = rate
        assert FileOrder(made._orders, Room(), "http://h/", "http://h/1").room == room  # type: ignore[arg-type]


def test_an_origin_gets_one_order_at_a_time_until_one_has_left_nothing() -> None:
    orders = Orders(downloader=None, published=None)  # type: ignore[arg-type]
    host = orders.host("http://h/")
    host.begin()
    assert not host.takes_another
    orders.conclude("http://h/", [])
    assert (host.is_proven, host.is_tried, host.disappointments) == (True, False, 0)
    host.begin()
    assert host.takes_another
    orders.conclude("http://h/", [job(1, "a.bin"), job(2)])
    assert (host.is_proven, host.disappointments, orders.left) == (False, 1, {"a.bin", "2"})
    assert not orders.seen.of("http://h/")("other.BIN")
    for disappointments in (2, 3, 4):
        assert host.takes_another
        host.begin()
        assert not host.takes_another
        orders.conclude("http://h/", [job(1)])
        assert host.disappointments == disappointments
    assert not host.takes_another
