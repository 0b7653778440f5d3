"""Has other processes receive new files, from the first ones on for which that is allowed."""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import pytest

from crawler.model import limits
from crawler.model.network.pipelining import Findings
from crawler.model.network.receiving import Arrived
from crawler.model.values import Span
from crawler.pipeline.fetch.receiving.order import FileOrder
from crawler.storage.directory.incoming import part_threads
from crawler.storage.directory.incoming.receiving.series import SeriesReceiver


class Orders(list[tuple[int, int]]):
    """For each order that was carried out, the number of its files, and how many of them counted."""

    process = 0
    """The number of the process."""
    before = 11
    """Number of files that this program requests itself, until a host gets orders."""

    @property
    def counted(self) -> int:
        return sum(count for _, count in self)


def receive_elsewhere(patch: pytest.MonkeyPatch) -> Orders:
    """The process that stores new files is started for the first one already, and is waited for."""
    orders, expect = _noted(patch), part_threads.Receiving.expect

    def waiting(
        self: part_threads.Receiving,
        files: int,
        thread: Executor,
        starter: Callable[[], part_threads.Start],
        *,
        receives: bool,
    ) -> None:
        expect(self, files, thread, starter, receives=receives)
        receiver = self.receiver
        if receiver is not None and not receiver._process:
            select.select([receiver._connection], [], [], 20.0)
            receiver._read()
            orders.process = receiver._process

    patch.setattr(part_threads, "_MANY", 1)
    patch.setattr(limits, "BATCH_FILES", 1)
    patch.setattr(part_threads.Receiving, "expect", waiting)
    return orders


def receive_in_series(patch: pytest.MonkeyPatch) -> Orders:
    """A process that receives long bodies is started for the first page already, waited for, and gets all files."""
    orders = _noted(patch)
    orders.before = 3

    def waiting(self: part_threads.Fillers, _sizes: Sequence[Span[int] | None], parts: Callable[[], int]) -> None:
        if self._before > 0:
            self._start(parts())
            (process,) = self._fillers
            select.select([process._connection], [], [], 20.0)
            process._read()
            orders.process = process._process.number

    patch.setattr(part_threads, "_MANY", 1 << 30)
    patch.setattr(part_threads, "_PROCESSES", 1)
    patch.setattr(part_threads.Fillers, "expect", waiting)
    patch.setattr(SeriesReceiver, "least", 1)
    return orders


def _noted(patch: pytest.MonkeyPatch) -> Orders:
    orders, judge = Orders(), FileOrder.judge

    def noting(self: FileOrder, arrived: Arrived) -> Findings:
        findings = judge(self, arrived)
        orders.append((len(self.sizes), self._proven))
        return findings

    patch.setattr(FileOrder, "judge", noting)
    return orders
