"""The file of a part that a process has begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crawler.storage.directory.incoming.part_file import PartFile
from tests.contract.destination import sha256


@pytest.fixture
def part(tmp_path: Path) -> Iterator[PartFile]:
    """A new part, not created yet."""
    directory = os.open(tmp_path, os.O_RDONLY)
    with closing(PartFile("x", directory, new=True, digests=True)) as file:
        yield file
    os.close(directory)


def test_what_a_process_has_written_is_gone_on_with(part: PartFile, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"begun")
    part.adopt(5)
    part.writelines([b", ended"])
    assert (part.written, part.sha256) == (12, sha256(b"begun, ended").partition(":")[2])


def test_what_no_process_has_begun_is_created(part: PartFile, tmp_path: Path) -> None:
    part.adopt(0)
    assert part.is_untouched
    part.writelines([b"all"])
    assert (tmp_path / "x").read_bytes() == b"all"


def test_what_somebody_has_removed_is_an_error(part: PartFile) -> None:
    with pytest.raises(FileNotFoundError):
        part.adopt(5)
