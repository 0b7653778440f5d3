"""The frontier starts no more readers than there are directories to read, and ends when all have been read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.pipeline.walk.frontier import Frontier
from crawler.pipeline.walk.pages import Directory


@settings(max_examples=50, deadline=None)
@given(most=st.integers(1, 5), children=st.lists(st.integers(0, 4), max_size=12), starts=st.integers(0, 3))
def test_each_directory_is_read_once_by_no_more_readers_than_needed(
    most: int, children: Sequence[int], starts: int
) -> None:
    """``children``: the number of directories in each directory, in the order in which they are read."""

    async def walk() -> tuple[list[str], list[str], int, int]:
        read, made, left, peak = list[str](), list[str](), list(children), 0
        readers = 0

        def some(count: int) -> list[Directory]:
            found = [Directory(path=str(len(made) + each), url="http://h/") for each in range(count)]
            made.extend(directory.path for directory in found)
            return found

        async def reader(frontier: Frontier) -> None:
            nonlocal peak
            while (directory := await frontier.next()) is not None:
                await asyncio.sleep(0)
                frontier.add(some(left.pop(0) if left else 0))
                peak = max(peak, len(made) - len(read))
                read.append(directory.path)
                frontier.done()

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
    assert readers == min(most, peak)
