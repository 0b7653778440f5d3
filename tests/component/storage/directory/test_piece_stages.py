"""Pieces of a part that two threads hash and write while others are received."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.model import limits
from crawler.model.values import Job
from crawler.storage.directory.incoming.part_file import PartFile
from crawler.storage.directory.incoming.parts import PartStore
from crawler.storage.directory.incoming.piece_stages import PieceStages
from tests.contract.destination import pattern, sha256

PIECE = 1000


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PartFile]:
    monkeypatch.setattr(limits, "BULK_PIECE", PIECE)
    directory = os.open(tmp_path, os.O_RDONLY)
    with closing(made(directory)) as part:
        yield part
    os.close(directory)


def made(directory: int) -> PartFile:
    store = PartStore(directory, digests=True, flush=False)
    return store.create(Job(url="http://h/x", path="x", reason="new", row="r"))[1]


class Writes:
    """Writes of parts: each takes a moment, and the one with the number ``failing`` fails, after half of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: int | None, delay: float = 0.0) -> None:
        self._left, self._delay, self._write = failing, delay, os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        time.sleep(self._delay)
        if self._left is not None:
            self._left -= 1
            if self._left == -1:
                self._write(descriptor, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._write(descriptor, data)


def received(stages: PieceStages, body: bytes, sizes: Sequence[tuple[int, bool]]) -> None:
    """Store the beginning of ``body`` in pieces, some in stages, as a receiver does: with the memory that it gets."""
    buffer, begin = memoryview(bytearray(PIECE)), 0
    for size, is_staged in sizes:
        buffer[:size] = body[begin : begin + size]
        begin += size
        if is_staged:
            buffer = stages.put(buffer[:size]) or buffer
        else:
            stages.append(buffer[:size])


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(1, PIECE), st.booleans()), min_size=1, max_size=12),
    st.none() | st.integers(0, 11),
    st.sampled_from([0.0, 0.0005]),
)
@example([(PIECE, True)] * 12, None, 0.0005)
@example([(PIECE, True)] * 12, 5, 0.0005)
@example([(PIECE, True)] * 4, 3, 0.0)
@example([(PIECE, False), (PIECE, True), (10, True), (PIECE, False), (PIECE, True)], None, 0.0)
@example([(PIECE, False), (PIECE, True), (10, True), (PIECE, False), (PIECE, True)], 2, 0.0)
def test_what_counts_is_written_and_hashed_up_to_the_first_failure(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, bool]], failing: int | None, delay: float
) -> None:
    directory = os.open(tmp_path_factory.mktemp("parts"), os.O_RDONLY)
    stored = sizes[:failing]
    count = sum(size for size, _ in stored)
    body = pattern(PIECE * len(sizes))
    with pytest.MonkeyPatch.context() as patch, closing(made(directory)) as file:
        patch.setattr(limits, "BULK_PIECE", PIECE)
        Writes(patch, failing, delay)
        try:
            with closing(PieceStages(file)) as stages:
                received(stages, body, sizes)
            has_failed = False
        except OSError:
            has_failed = True
        assert has_failed is (stored != sizes)
        assert file.proof(flush=False) == ((count, sha256(body[:count]).removeprefix("sha256:")) if count else None)
        assert os.pread(file.fileno(), count, 0) == body[:count]
    os.close(directory)


def test_pieces_are_received_while_earlier_ones_are_written(file: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    may_write = threading.Event()
    write = os.write
    monkeypatch.setattr(os, "write", lambda *args: may_write.wait(60) and write(*args))
    with closing(PieceStages(file)) as stages:
        received(stages, pattern(3 * PIECE), [(PIECE, True)] * 3)
        found = stages.is_behind, file.written
        may_write.set()
    assert found == (True, 0)
    assert (stages.is_behind, file.written) == (False, 3 * PIECE)


def test_without_more_threads_a_piece_is_stored_at_once(file: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with closing(PieceStages(file)) as stages:
        assert stages.put(memoryview(b"abc")) is None
        assert file.proof(flush=False) == (3, sha256(b"abc").removeprefix("sha256:"))
        assert not stages.is_behind


def test_no_thread_is_left(file: PartFile) -> None:
    before = threading.active_count()
    with closing(PieceStages(file)) as stages:
        received(stages, pattern(PIECE), [(PIECE, True)])
        assert threading.active_count() == before + 2
    assert threading.active_count() == before
