"""The frontier starts no more readers than there are directories to read, and ends when all have been read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.pipeline.walk.frontier import Frontier
from crawler.pipeline.walk.pages import Directory


@settings(max_examples=50, deadline=None)
@given(
    most=st.integers(1, 5),
    children=st.lists(st.integers(0, 4), max_size=12),
    starts=st.integers(0, 3),
    groups=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4).map(cycle),
)
def test_each_directory_is_read_once_by_no_more_readers_than_needed(
    most: int, children: Sequence[int], starts: int, groups: Iterator[tuple[int, int]]
) -> None:
    """``children``: the number of directories in each directory, in the order in which they are read.

    ``groups``: numbers of further directories that a reader takes, and of those that it puts back.
    """

    async def walk() -> tuple[list[str], list[str], int, int]:
        read, made, left, peak = list[str](), list[str](), list(children), 0
        readers = finished = 0

        def some(count: int) -> list[Directory]:
            found = [Directory(path=str(len(made) + each), url="http://h/") for each in range(count)]
            made.extend(directory.path for directory in found)
            return found

        async def reader(frontier: Frontier) -> None:
            nonlocal peak, finished
            while (directory := await frontier.next()) is not None:
                more, back = next(groups)
                taken = [directory, *frontier.more(more, lambda other: other.path != "2")]
                assert "2" not in [other.path for other in taken[1:]]
                await asyncio.sleep(0)
                keep = max(1, len(taken) - back)
                frontier.put_back(taken[keep:])
                for each in taken[:keep]:
                    frontier.add(some(left.pop(0) if left else 0))
                    peak = max(
                        peak, len(made) - finished
                    )  # those that a reader has taken together are finished together
                    read.append(each.path)
                finished += keep
                frontier.done(keep)

        async with asyncio.TaskGroup() as group:

            def begin() -> None:
                nonlocal readers
                readers += 1
                group.create_task(reader(frontier))

            frontier = Frontier(most, begin)
            frontier.add(some(starts))
            peak = starts
        return read, made, readers, peak

    read, made, readers, peak = asyncio.run(walk())
    assert sorted(read) == sorted(made)
    assert readers <= min(most, peak)


def test_what_is_put_back_comes_next_in_the_same_order() -> None:
    frontier = Frontier(0)
    directories = [Directory(path=name, url="http://h/") for name in "abcd"]
    frontier.add(reversed(directories))
    taken = frontier.more(3, lambda _directory: True)
    assert taken == directories[:3]
    frontier.put_back(taken[1:])
    assert frontier.waiting == 3
    assert frontier.more(9, lambda directory: directory.path != "d") == directories[1:3]


async def test_readers_begin_wait_and_end() -> None:
    begun: list[int] = []
    frontier = Frontier(4, lambda: begun.append(1))
    a, b, c, d = (Directory(path=name, url="http://h/") for name in "abcd")

    async def settled(*waiting: asyncio.Task[Directory | None]) -> list[Directory | bool | None]:
        """What the readers have got; False of one that waits."""
        for _ in range(4):
            await asyncio.sleep(0)
        return [each.done() and each.result() for each in waiting]

    def reader() -> asyncio.Task[Directory | None]:
        return asyncio.create_task(frontier.next())

    first, second, gone, third = (reader() for _ in range(4))
    assert await settled(first, second, gone, third) == [False, False, False, False]
    frontier.add([a, b])
    assert len(begun) == 2
    assert await settled(first, second, third) == [b, a, False]
    frontier.add([])
    assert len(begun) == 2, "those that read are no more than those that have begun"
    gone.cancel()
    await asyncio.sleep(0)
    frontier.add([c, d])
    assert len(begun) == 4
    assert await settled(third) == [d]
    assert frontier.more(2, lambda _directory: True) == [c]
    frontier.put_back([c])
    assert frontier.more(1, lambda _directory: True) == [c]
    frontier.add([a, b])
    assert len(begun) == 4, "no more than the most"
    assert frontier.more(2, lambda _directory: True) == [b, a]
    frontier.done()
    frontier.done(4)
    last, other = reader(), reader()
    assert await settled(last, other) == [False, False], "one is being read"
    frontier.add([a])
    assert await settled(last, other) == [a, False]
    frontier.add([b])
    frontier.done(2)
    assert await settled(other) == [b], "one waited"
    late = reader()
    assert await settled(late) == [False]
    frontier.done()
    assert await settled(late, reader()) == [None, None]
