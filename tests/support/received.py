"""Has the process that stores new files receive them, from the first ones on for which that is allowed."""

from __future__ import annotations

import select
from collections.abc import Callable
from concurrent.futures import Executor

import pytest

from crawler.model import limits
from crawler.model.network.pipelining import Findings
from crawler.model.network.receiving import Arrived
from crawler.pipeline.fetch.receiving.order import FileOrder
from crawler.storage.directory.incoming import part_threads


class Orders(list[tuple[int, int]]):
    """For each order that was carried out, the number of its files, and how many of them counted."""

    process = 0
    """The number of the process."""

    @property
    def counted(self) -> int:
        return sum(count for _, count in self)


def receive_elsewhere(patch: pytest.MonkeyPatch) -> Orders:
    """The process is started for the first file already, and is waited for."""
    orders, expect, judge = Orders(), part_threads.Receiving.expect, FileOrder.judge

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

    def noting(self: FileOrder, arrived: Arrived) -> Findings:
        findings = judge(self, arrived)
        orders.append((len(self.sizes), self._proven))
        return findings

    patch.setattr(part_threads, "_MANY", 1)
    patch.setattr(limits, "BATCH_FILES", 1)
    patch.setattr(part_threads.Receiving, "expect", waiting)
    patch.setattr(FileOrder, "judge", noting)
    return orders
