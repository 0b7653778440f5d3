"""Large files and many files: whole, and in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support import trees
from tests.support.program import Program

MIB = 1 << 20

SMALL_AND_LARGE_MAY_DIFFER_BY = 16 * MIB
"""Bytes of memory. Buffers grow with the speed of a transfer, not with the size of the file."""

PER_FILE = 2048
"""Expected bookkeeping per listed file in bytes: its entry and its record."""


@pytest.mark.parametrize("flavour", ["nginx", "apache", "lighttpd", "caddy", "python"])
def test_a_file_of_200_megabytes_arrives_whole(
    flavour: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    trees.write_large(site / "image.iso", 200 * MIB)
    run = run_crawler(serve(flavour).url_of(site), mirror)
    assert run.code == 0, run.output
    trees.assert_same(site, mirror)


@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_a_file_of_2_gigabytes_takes_no_more_memory_than_one_of_2_megabytes(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    server, peaks = serve("nginx"), []
    for size in (2 * MIB, 2048 * MIB):
        top = site / str(size)
        trees.write_large(top / "image.iso", size)
        run = run_crawler(server.url_of(top), mirror / str(size), measure=True, patience=500)
        assert run.code == 0, run.output
        trees.assert_same(top, mirror / str(size))
        peaks.append(run.peak or 0)
    assert peaks[1] - peaks[0] < SMALL_AND_LARGE_MAY_DIFFER_BY, peaks


def test_a_file_of_100_megabytes_takes_no_more_memory_than_one_of_1_megabyte(
    serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    server, peaks = serve("nginx"), []
    for size in (MIB, 100 * MIB):
        trees.write_large(site / str(size) / "image.iso", size)
        run = run_crawler(server.url_of(site / str(size)), mirror / str(size), measure=True)
        assert run.code == 0, run.output
        peaks.append(run.peak or 0)
    assert peaks[1] - peaks[0] < SMALL_AND_LARGE_MAY_DIFFER_BY, peaks


@pytest.mark.heavy
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["flat", "spread"])
def test_20000_small_files_take_no_more_memory_than_1000_but_for_the_bookkeeping(
    shape: str, serve: Serve, site: Path, run_crawler: Program, mirror: Path
) -> None:
    server, peaks = serve("nginx"), []
    for files in (1_000, 20_000):
        top = trees.build_many(site / str(files), files=files, directories=1 if shape == "flat" else files // 100)
        run = run_crawler(server.url_of(top), mirror / str(files), measure=True, patience=500)
        assert run.code == 0, run.output
        assert trees.count(mirror / str(files)).files == files
        peaks.append(run.peak or 0)
    assert peaks[1] - peaks[0] < SMALL_AND_LARGE_MAY_DIFFER_BY + 19_000 * PER_FILE, peaks
